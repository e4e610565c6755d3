// yamlread answers, for each path on stdin, how Kubernetes reads the file: one JSON line with the documents, or the error of each.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	k8syaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

type document struct {
	Value  json.RawMessage `json:"value,omitempty"`
	Error  string          `json:"error,omitempty"`
	Strict string          `json:"strict,omitempty"`
}

func read(path string) []document {
	data, err := os.ReadFile(path)
	if err != nil {
		return []document{{Error: err.Error()}}
	}
	var found []document
	reader := k8syaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for {
		chunk, err := reader.Read()
		if err == io.EOF {
			return found
		}
		if err != nil {
			return append(found, document{Error: err.Error()})
		}
		var answer document
		if value, err := yaml.YAMLToJSON(chunk); err != nil {
			answer.Error = err.Error()
		} else {
			answer.Value = value
			if _, err := yaml.YAMLToJSONStrict(chunk); err != nil {
				answer.Strict = err.Error()
			}
		}
		found = append(found, answer)
	}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for in.Scan() {
		line, err := json.Marshal(read(in.Text()))
		if err != nil {
			line = []byte(fmt.Sprintf(`[{"error":%q}]`, err.Error()))
		}
		out.Write(line)
		out.WriteByte('\n')
	}
}
