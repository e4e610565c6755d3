// argocd answers questions about AppProjects with Argo CD's own functions: one JSON line in, one out.
//
// A line is {"project": AppProject, "asks": [...]} or {"world": World, "asks": [...]}; the answer is a list as long as "asks". Sync windows look
// at the clock, so the questions run in a bubble of testing/synctest, whose clock is set by sleeping.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/sirupsen/logrus"
)

type line struct {
	Project json.RawMessage   `json:"project"`
	World   *world            `json:"world"`
	Asks    []json.RawMessage `json:"asks"`
}

func main() {
	if len(os.Args) > 1 {
		tables(os.Args[1:])
		return
	}
	logrus.SetOutput(io.Discard)
	testing.Init()
	flag.CommandLine.Parse(nil)
	answers := os.Stdout
	// The testing package has its say on os.Stdout when it ends.
	os.Stdout, _ = os.Open(os.DevNull)
	all := func(string, string) (bool, error) { return true, nil }
	oracle := func(t *testing.T) { answerAll(t, os.Stdin, answers) }
	testing.Main(all, []testing.InternalTest{{Name: "oracle", F: oracle}}, nil, nil)
}

// Worlds wait for informers, so many are answered at once; the answers keep the order of the questions.
const worldsAtOnce = 64

func answerAll(t *testing.T, questions io.Reader, answers io.Writer) {
	pending := make(chan chan []any, worldsAtOnce)
	done := make(chan bool)
	go func() {
		out := bufio.NewWriterSize(answers, 1<<20)
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for next := range pending {
			encoder.Encode(<-next)
			if len(pending) == 0 {
				out.Flush()
			}
		}
		out.Flush()
		close(done)
	}()
	in := bufio.NewReaderSize(questions, 1<<20)
	for {
		text, err := in.ReadBytes('\n')
		if len(text) > 0 {
			answered := make(chan []any, 1)
			pending <- answered
			ask(t, text, answered)
		}
		if err != nil {
			break
		}
	}
	close(pending)
	<-done
}

func ask(t *testing.T, text []byte, answered chan<- []any) {
	var asked line
	if err := json.Unmarshal(text, &asked); err != nil {
		answered <- []any{fmt.Sprintf("unreadable: %s", err)}
	} else if asked.World != nil {
		go func() { answered <- asked.World.answer(asked.Asks) }()
	} else {
		answered <- answer(t, &asked)
	}
}

func answer(t *testing.T, asked *line) (answers []any) {
	project, err := readProject(asked.Project)
	for _, question := range asked.Asks {
		if err != nil {
			answers = append(answers, fmt.Sprintf("unreadable: %s", err))
		} else {
			answers = append(answers, answerOne(t, project, question))
		}
	}
	return answers
}

func answerOne(t *testing.T, project *project, question json.RawMessage) (result any) {
	defer func() {
		if problem := recover(); problem != nil {
			result = fmt.Sprintf("panic: %v", problem)
		}
	}()
	return project.answer(t, question)
}
