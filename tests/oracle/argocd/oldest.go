//go:build oldest

package main

import "github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

type scopedClusters = func(string) ([]*v1alpha1.Cluster, error)

func (p *project) permitsDestination(wanted *v1alpha1.ApplicationDestination, scoped scopedClusters) (bool, error) {
	return p.IsDestinationPermitted(*wanted, scoped)
}
