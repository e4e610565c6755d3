package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/git"
)

type cluster struct {
	Name        string            `json:"name"`
	Server      string            `json:"server"`
	Project     *string           `json:"project"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

var (
	scheme = runtime.NewScheme()
	worlds = map[string]client.Client{}
)

func init() {
	clientgoscheme.AddToScheme(scheme)
	v1alpha1.AddToScheme(scheme)
}

// world is a control plane with the clusters and AppProjects of a question; one is made for all questions that share it.
func world(asked *line) client.Client {
	key, _ := json.Marshal([]any{asked.Clusters, asked.Projects})
	if made, there := worlds[string(key)]; there {
		return made
	}
	builder := fake.NewClientBuilder().WithScheme(scheme)
	for number, given := range asked.Clusters {
		labels := map[string]string{"argocd.argoproj.io/secret-type": "cluster"}
		for key, value := range given.Labels {
			labels[key] = value
		}
		data := map[string][]byte{"name": []byte(given.Name), "server": []byte(given.Server)}
		if given.Project != nil {
			data["project"] = []byte(*given.Project)
		}
		about := metav1.ObjectMeta{Name: fmt.Sprintf("cluster-%d", number), Namespace: controlPlane, Labels: labels, Annotations: given.Annotations}
		builder = builder.WithObjects(&corev1.Secret{ObjectMeta: about, Data: data})
	}
	for _, name := range asked.Projects {
		builder = builder.WithObjects(&v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: controlPlane}})
	}
	worlds[string(key)] = builder.Build()
	return worlds[string(key)]
}

// trees are file trees on disk, each a git repository, kept for all questions that share one.
type trees struct {
	root string
	made map[string]*tree
}

type tree struct {
	root   string
	client git.Client
	found  map[string][]string
}

func newTrees() *trees {
	root, err := os.MkdirTemp("", "applicationsets-")
	if err != nil {
		panic(err)
	}
	return &trees{root: root, made: map[string]*tree{}}
}

func (t *trees) remove() {
	os.RemoveAll(t.root)
}

func (t *trees) at(files map[string]string) *tree {
	text, _ := json.Marshal(files)
	key := fmt.Sprintf("%x", sha256.Sum256(text))[:16]
	if made, there := t.made[key]; there {
		return made
	}
	root := filepath.Join(t.root, key)
	os.MkdirAll(root, 0o755)
	for name, content := range files {
		file := filepath.Join(root, name)
		os.MkdirAll(filepath.Dir(file), 0o755)
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			panic(err)
		}
	}
	for _, arguments := range [][]string{{"init", "-q"}, {"add", "-A"}} {
		command := exec.Command("git", arguments...)
		command.Dir = root
		if out, err := command.CombinedOutput(); err != nil {
			panic(string(out))
		}
	}
	gitClient, err := git.NewClientExt("https://git.example.com/here.git", root, git.NopCreds{}, true, false, "", "")
	if err != nil {
		panic(err)
	}
	t.made[key] = &tree{root: root, client: gitClient, found: map[string][]string{}}
	return t.made[key]
}

func (t *tree) list(pattern string, doublestar bool) ([]string, error) {
	key := fmt.Sprintf("%t %s", doublestar, pattern)
	if found, there := t.found[key]; there {
		return found, nil
	}
	asked := pattern
	if asked == "" {
		asked = "."
	}
	found, err := t.client.LsFiles(context.Background(), asked, doublestar)
	if err == nil {
		t.found[key] = found
	}
	return found, err
}

// repository answers as the repository server does, from a tree on disk.
type repository struct {
	tree       *tree
	doublestar bool
}

func (r *repository) GetFiles(_ context.Context, _, _, _, pattern string, _ bool, _ *v1alpha1.SourceIntegrity) (map[string][]byte, error) {
	found, err := r.tree.list(pattern, r.doublestar)
	if err != nil {
		return nil, err
	}
	contents := map[string][]byte{}
	for _, name := range found {
		content, err := os.ReadFile(filepath.Join(r.tree.root, name))
		if err != nil {
			return nil, err
		}
		contents[name] = content
	}
	return contents, nil
}

func (r *repository) GetDirectories(_ context.Context, _, _, _ string, _ bool, _ *v1alpha1.SourceIntegrity) ([]string, error) {
	var found []string
	err := filepath.WalkDir(r.tree.root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir() || path == r.tree.root:
			return err
		case strings.HasPrefix(entry.Name(), "."):
			return filepath.SkipDir
		}
		name, err := filepath.Rel(r.tree.root, path)
		found = append(found, name)
		return err
	})
	slices.Sort(found)
	return found, err
}

func (r *repository) GetOciFiles(context.Context, string, string, string, string, bool) (map[string][]byte, error) {
	return nil, fmt.Errorf("no OCI here")
}

func (r *repository) GetOciDirectories(context.Context, string, string, string, bool) ([]string, error) {
	return nil, fmt.Errorf("no OCI here")
}
