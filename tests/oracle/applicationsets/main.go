// applicationsets expands ApplicationSets with Argo CD's own generators and templates: one JSON line in, one out.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/sirupsen/logrus"
	"k8s.io/klog/v2"

	"github.com/argoproj/argo-cd/v3/applicationset/controllers/template"
	"github.com/argoproj/argo-cd/v3/applicationset/generators"
	"github.com/argoproj/argo-cd/v3/applicationset/utils"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

const controlPlane = "argocd"

// line is one question: an ApplicationSet in its world, or a template with its parameters, or the files that a pattern names.
type line struct {
	ApplicationSet json.RawMessage   `json:"applicationSet"`
	Files          map[string]string `json:"files"`
	Doublestar     bool              `json:"doublestar"`
	Clusters       []cluster         `json:"clusters"`
	Projects       []string          `json:"projects"`

	Template *string        `json:"template"`
	Params   map[string]any `json:"params"`
	Options  []string       `json:"options"`

	Pattern *string `json:"pattern"`
}

type answer struct {
	Applications []v1alpha1.Application `json:"applications,omitempty"`
	Text         string                 `json:"text,omitempty"`
	Paths        []string               `json:"paths,omitempty"`
	Error        string                 `json:"error,omitempty"`
	Reason       string                 `json:"reason,omitempty"`
}

func main() {
	logrus.SetOutput(io.Discard)
	klog.SetOutput(io.Discard)
	klog.LogToStderr(false)
	trees := newTrees()
	defer trees.remove()
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for {
		text, err := in.ReadBytes('\n')
		if len(text) > 0 {
			encoder.Encode(reply(text, trees))
		}
		if err != nil {
			return
		}
	}
}

func reply(text []byte, trees *trees) (said answer) {
	defer func() {
		if problem := recover(); problem != nil {
			said = answer{Error: fmt.Sprintf("panic: %v", problem), Reason: "panic"}
		}
	}()
	var asked line
	if err := json.Unmarshal(text, &asked); err != nil {
		return answer{Error: err.Error(), Reason: "unreadable"}
	}
	switch {
	case asked.Template != nil:
		return render(&asked)
	case asked.Pattern != nil:
		found, err := trees.at(asked.Files).list(*asked.Pattern, asked.Doublestar)
		return answer{Paths: found, Error: message(err)}
	}
	return expand(&asked, trees)
}

func render(asked *line) answer {
	text, err := (&utils.Render{}).Replace(*asked.Template, asked.Params, true, asked.Options)
	return answer{Text: text, Error: message(err)}
}

func expand(asked *line, trees *trees) answer {
	var set v1alpha1.ApplicationSet
	if err := json.Unmarshal(asked.ApplicationSet, &set); err != nil {
		return answer{Error: err.Error(), Reason: "unreadable"}
	}
	known := world(asked)
	repository := &repository{tree: trees.at(asked.Files), doublestar: asked.Doublestar}
	terminal := map[string]generators.Generator{
		"List":     generators.NewListGenerator(),
		"Clusters": generators.NewClusterGenerator(known, controlPlane),
		"Git":      generators.NewGitGenerator(repository, controlPlane),
	}
	nested := with(terminal, terminal)
	top := with(terminal, nested)
	applications, reason, err := template.GenerateApplications(logrus.NewEntry(logrus.StandardLogger()), set, top, &utils.Render{}, known)
	return answer{Applications: applications, Error: message(err), Reason: string(reason)}
}

func with(terminal, children map[string]generators.Generator) map[string]generators.Generator {
	made := map[string]generators.Generator{"Matrix": generators.NewMatrixGenerator(children), "Merge": generators.NewMergeGenerator(children)}
	for name, generator := range terminal {
		made[name] = generator
	}
	return made
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
