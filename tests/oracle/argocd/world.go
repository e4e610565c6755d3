//go:build !older

package main

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/tools/cache"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	applisters "github.com/argoproj/argo-cd/v3/pkg/client/listers/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	"github.com/argoproj/argo-cd/v3/util/db"
	"github.com/argoproj/argo-cd/v3/util/settings"
)

const (
	controlPlane = "argocd"
	attempts     = 100
)

// world is what a control plane knows besides the AppProject: secrets, argocd-cm, the other AppProjects.
type world struct {
	Clusters     []map[string]string
	Repositories []map[string]string
	Settings     map[string]string
	Projects     []v1alpha1.AppProject
}

type worldAsk struct {
	Effective   string
	Cluster     *v1alpha1.ApplicationDestination
	Permissions *v1alpha1.ApplicationSpec
}

func (w *world) answer(asks []json.RawMessage) (answers []any) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	objects := []runtime.Object{
		&corev1.ConfigMap{ObjectMeta: meta("argocd-cm", "app.kubernetes.io/part-of", "argocd"), Data: w.Settings},
		&corev1.Secret{ObjectMeta: meta("argocd-secret", "app.kubernetes.io/part-of", "argocd"), Data: map[string][]byte{"server.secretkey": []byte("unused")}},
	}
	objects = append(objects, secrets("cluster", w.Clusters)...)
	objects = append(objects, secrets("repository", w.Repositories)...)
	clientset, manager := w.serve(ctx, objects)
	database := db.NewDB(controlPlane, manager, clientset)
	indexer := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for i := range w.Projects {
		w.Projects[i].Namespace = controlPlane
		indexer.Add(&w.Projects[i])
	}
	lister := applisters.NewAppProjectLister(indexer)
	for _, text := range asks {
		var asked worldAsk
		if err := json.Unmarshal(text, &asked); err != nil {
			answers = append(answers, fmt.Sprintf("unreadable: %s", err))
			continue
		}
		answers = append(answers, answerInWorld(ctx, &asked, lister, manager, database))
	}
	return answers
}

// serve starts a fake API server with the objects. Under load its first lists may come out empty, and stay so: then it is started anew.
func (w *world) serve(ctx context.Context, objects []runtime.Object) (*fake.Clientset, *settings.SettingsManager) {
	for range attempts {
		clientset := fake.NewClientset(objects...)
		manager := settings.NewSettingsManager(ctx, clientset, controlPlane)
		if w.isServed(manager) {
			return clientset, manager
		}
	}
	panic("the fake API server does not list its objects")
}

func (w *world) isServed(manager *settings.SettingsManager) bool {
	if _, err := manager.IsInClusterEnabled(); err != nil {
		return false
	}
	informer, err := manager.GetClusterInformer()
	if err != nil {
		return false
	}
	clusters, err := informer.ListClusters()
	if err != nil || len(clusters) != len(w.Clusters) {
		return false
	}
	lister, err := manager.GetSecretsLister()
	if err != nil {
		return false
	}
	listed, err := lister.List(labels.Everything())
	// One secret more: Argo CD's own.
	return err == nil && len(listed) == len(w.Repositories)+1
}

func answerInWorld(ctx context.Context, asked *worldAsk, lister applisters.AppProjectLister, manager *settings.SettingsManager, database db.ArgoDB) any {
	switch {
	case asked.Effective != "":
		project, err := argo.GetAppProjectByName(ctx, asked.Effective, lister, controlPlane, manager, database)
		if err != nil {
			return err.Error()
		}
		// JSON leaves an empty list out, and here it means something else than an absent one.
		return map[string]any{"spec": project.Spec, "everyKind": project.Spec.NamespaceResourceWhitelist == nil}
	case asked.Cluster != nil:
		cluster, err := argo.GetDestinationCluster(ctx, *asked.Cluster, database)
		if err != nil {
			return err.Error()
		}
		return map[string]string{"server": cluster.Server, "name": cluster.Name}
	case asked.Permissions != nil:
		project, err := argo.GetAppProjectByName(ctx, asked.Permissions.GetProject(), lister, controlPlane, manager, database)
		if err != nil {
			return err.Error()
		}
		conditions, err := argo.ValidatePermissions(ctx, asked.Permissions, project, database)
		if err != nil {
			return err.Error()
		}
		messages := []string{}
		for _, condition := range conditions {
			messages = append(messages, condition.Message)
		}
		return messages
	}
	return "unknown question"
}

func secrets(kind string, data []map[string]string) (made []runtime.Object) {
	for number, fields := range data {
		secret := &corev1.Secret{ObjectMeta: meta(fmt.Sprintf("%s-%d", kind, number), "argocd.argoproj.io/secret-type", kind), Data: map[string][]byte{}}
		for key, value := range fields {
			secret.Data[key] = []byte(value)
		}
		made = append(made, secret)
	}
	return made
}

func meta(name string, label string, value string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: controlPlane, Labels: map[string]string{label: value}}
}
