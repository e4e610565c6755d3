// kustomizing deploys kustomizations with Argo CD's own code, which runs the `kustomize` that is its only argument: one JSON line in, one out.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/sirupsen/logrus"
	"sigs.k8s.io/kustomize/api/types"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/git"
	"github.com/argoproj/argo-cd/v3/util/kustomize"
)

const atOnce = 4

// line is one question: a folder of a repository, and the options of an Application; without options it is only built.
type line struct {
	Root      string                               `json:"root"`
	Folder    string                               `json:"folder"`
	Options   *v1alpha1.ApplicationSourceKustomize `json:"options"`
	Variables map[string]string                    `json:"variables"`
}

// answer has the objects, and the kustomization that they were built from as kustomize understands it.
type answer struct {
	Objects       []map[string]any     `json:"objects"`
	Kustomization *types.Kustomization `json:"kustomization"`
	Unreadable    string               `json:"unreadable"`
	Error         string               `json:"error"`
}

func main() {
	logrus.SetOutput(io.Discard)
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	var answers []*answer
	var working sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for {
		text, err := in.ReadBytes('\n')
		if len(text) > 0 {
			said := &answer{}
			answers = append(answers, said)
			working.Add(1)
			slots <- struct{}{}
			go func() {
				defer func() { <-slots; working.Done() }()
				reply(text, said)
			}()
		}
		if err != nil {
			break
		}
	}
	working.Wait()
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for _, said := range answers {
		encoder.Encode(said)
	}
}

func reply(text []byte, said *answer) {
	var asked line
	if err := json.Unmarshal(text, &asked); err != nil {
		said.Error = "unreadable: " + err.Error()
		return
	}
	path := filepath.Join(asked.Root, asked.Folder)
	var environment v1alpha1.Env
	for name, value := range asked.Variables {
		environment = append(environment, &v1alpha1.EnvEntry{Name: name, Value: value})
	}
	app := kustomize.NewKustomizeApp(asked.Root, path, git.NopCreds{}, "", os.Args[1], "", "")
	objects, _, _, err := app.Build(asked.Options, nil, &environment, nil)
	if err != nil {
		said.Error = err.Error()
	}
	for _, object := range objects {
		said.Objects = append(said.Objects, object.Object)
	}
	said.read(path)
}

func (said *answer) read(path string) {
	for _, name := range kustomize.KustomizationNames {
		content, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			continue
		}
		read := &types.Kustomization{}
		if err := read.Unmarshal(content); err != nil {
			said.Unreadable = err.Error()
			return
		}
		read.FixKustomization()
		said.Kustomization = read
		return
	}
}
