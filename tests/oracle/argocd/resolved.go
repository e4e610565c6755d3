//go:build !oldest

package main

import "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"

type scopedClusters = func(string) ([]*v1alpha1.Cluster, error)

// Since 3.0 a project is asked about the cluster that a destination was resolved to.
func (p *project) permitsDestination(wanted *v1alpha1.ApplicationDestination, scoped scopedClusters) (bool, error) {
	return p.IsDestinationPermitted(&v1alpha1.Cluster{Server: wanted.Server, Name: wanted.Name}, wanted.Namespace, scoped)
}
