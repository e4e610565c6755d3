//go:build !older

package main

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/argoproj/argo-cd/v3/util/sourceintegrity"
)

// Questions that only newer releases can answer.
type more struct {
	Account *struct {
		Server      string
		Application v1alpha1.Application
	}
	Integrity v1alpha1.ApplicationSources
}

func (p *project) answerMore(asked *question) any {
	switch {
	case asked.Account != nil:
		account, err := settings.DeriveServiceAccountToImpersonate(&p.AppProject, &asked.Account.Application, &v1alpha1.Cluster{Server: asked.Account.Server})
		if err != nil {
			return map[string]string{"error": err.Error()}
		}
		return account
	case asked.Integrity != nil:
		return sourceintegrity.HasCriteria(p.EffectiveSourceIntegrity(), asked.Integrity...)
	}
	return "unknown question"
}

func (p *project) permitsKind(kind schema.GroupKind, name string, namespaced bool) bool {
	return p.IsGroupKindNamePermitted(kind, name, namespaced)
}

func (p *project) windowsPermit(windows *v1alpha1.SyncWindows, manual bool, started *time.Time) (bool, error) {
	return windows.CanSync(manual, started)
}
