package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/git"
	"github.com/argoproj/argo-cd/v3/util/glob"
	"github.com/argoproj/argo-cd/v3/util/rbac"
)

type project struct{ v1alpha1.AppProject }

type cluster struct{ Server, Name string }

type question struct {
	Source      *v1alpha1.ApplicationSource
	Destination *v1alpha1.ApplicationDestination
	Scoped      []cluster
	Resource    *struct {
		Group, Kind, Name string
		Namespaced        bool
	}
	AppNamespace *string
	Validate     bool
	Policy       bool
	Sync         *struct {
		At          time.Time
		Manual      bool
		Started     *time.Time
		Application v1alpha1.Application
	}
	Glob *struct{ Pattern, Text, Separators string }
	URL  *string
	Same []string
	more
}

func readProject(text json.RawMessage) (*project, error) {
	read := &project{}
	if text == nil {
		return read, nil
	}
	return read, json.Unmarshal(text, &read.AppProject)
}

func (p *project) answer(t *testing.T, text json.RawMessage) any {
	var asked question
	if err := json.Unmarshal(text, &asked); err != nil {
		return fmt.Sprintf("unreadable: %s", err)
	}
	switch {
	case asked.Source != nil:
		return p.IsSourcePermitted(*asked.Source)
	case asked.Destination != nil:
		return verdict(p.permitsDestination(asked.Destination, func(string) ([]*v1alpha1.Cluster, error) {
			var scoped []*v1alpha1.Cluster
			for _, own := range asked.Scoped {
				scoped = append(scoped, &v1alpha1.Cluster{Server: own.Server, Name: own.Name})
			}
			return scoped, nil
		}))
	case asked.Resource != nil:
		return p.permitsKind(schema.GroupKind{Group: asked.Resource.Group, Kind: asked.Resource.Kind}, asked.Resource.Name, asked.Resource.Namespaced)
	case asked.AppNamespace != nil:
		application := &v1alpha1.Application{}
		application.Namespace = *asked.AppNamespace
		return p.IsAppNamespacePermitted(application, "argocd")
	case asked.Validate:
		copied := p.DeepCopy()
		if err := copied.ValidateProject(); err != nil {
			return err.Error()
		}
		if err := rbac.ValidatePolicy(copied.ProjectPoliciesString()); err != nil {
			return "policy syntax error: " + err.Error()
		}
		return ""
	case asked.Policy:
		return rbac.ValidatePolicy(p.ProjectPoliciesString()) == nil
	case asked.Sync != nil:
		return p.canSync(t, &asked)
	case asked.Glob != nil:
		return glob.Match(asked.Glob.Pattern, asked.Glob.Text, []rune(asked.Glob.Separators)...)
	case asked.URL != nil:
		return git.NormalizeGitURL(*asked.URL)
	case asked.Same != nil:
		return git.SameURL(asked.Same[0], asked.Same[1])
	}
	return p.answerMore(&asked)
}

func (p *project) canSync(t *testing.T, asked *question) (result any) {
	synctest.Test(t, func(*testing.T) {
		defer func() {
			if problem := recover(); problem != nil {
				result = fmt.Sprintf("panic: %v", problem)
			}
		}()
		time.Sleep(time.Until(asked.Sync.At))
		windows := p.Spec.SyncWindows.Matches(&asked.Sync.Application)
		result = verdict(p.windowsPermit(windows, asked.Sync.Manual, asked.Sync.Started))
	})
	return result
}

func verdict(permitted bool, err error) any {
	if err != nil {
		return err.Error()
	}
	return permitted
}
