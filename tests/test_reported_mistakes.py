"""Mistakes that users of Argo CD reported as found too late, each as small as it can be told; the ids name where."""

import pytest

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, HERE, crd, deploying, manifest, source, told

CERTIFICATE = manifest("Certificate", "web", api="cert-manager.io/v1")
ROLE = manifest("ClusterRole", "web", api="rbac.authorization.k8s.io/v1")
OPEN = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
MISTAKES = {
    # A kind that nobody has added to the list yet, seen at the sync only.
    "openshift/release#79875": (
        {"deploy/kustomization.yaml": "resources: [role.yaml]\n", "deploy/role.yaml": ROLE},
        [("cluster-resource-not-permitted", "ClusterRole web", "argocd/web")],
    ),
    # The same from a chart, in a template that the values switch on.
    "argo-cd#24752": (
        {
            "deploy/Chart.yaml": CHART,
            "deploy/templates/role.yaml": "{{- if .Values.rbac }}\n" + ROLE + "{{- end }}\n",
            "deploy/values.yaml": "rbac: false\n",
            "deploy/values-prod.yaml": "rbac: true\n",
            "app.yaml": deploying(source=source(helm={"valueFiles": ["values-prod.yaml"]})),
        },
        [("cluster-resource-not-permitted", "ClusterRole web", "argocd/web")],
    ),
    # The namespace that Argo CD itself would make is a cluster-scoped object, too.
    "argo-cd#22869": (
        {"deploy/a.yaml": manifest(), "app.yaml": deploying(syncPolicy={"syncOptions": ["CreateNamespace=true"]})},
        [("namespace-creation-not-permitted", "Application web", "argocd/web")],
    ),
    # An object with a namespace of its own does not follow the Application's destination.
    "argo-cd#4737": (
        {"deploy/a.yaml": manifest(namespace="kube-system")},
        [("resource-namespace-not-permitted", "ConfigMap web", "argocd/web")],
    ),
    # Values that another source lends, and that are not there.
    "argo-cd#21527": (
        {
            "deploy/Chart.yaml": CHART,
            "deploy/templates/a.yaml": manifest(),
            "app.yaml": deploying(
                sources=[source(helm={"valueFiles": ["$values/prod.yaml"]}), {"repoURL": HERE, "targetRevision": "main", "ref": "values"}]
            ),
        },
        [("render-failed", "Application web", "argocd/web")],
    ),
    # A list that permits nothing is not one that is not there.
    "argo-cd#2969": (
        {"deploy/a.yaml": manifest(), "project.yaml": project(namespaceResourceWhitelist=[])},
        [("namespaced-resource-not-permitted", "ConfigMap web", "argocd/web")],
    ),
    # One Application that can't be rendered keeps nobody from seeing what is wrong with another.
    "kubechecks#483": (
        {
            "deploy/a.yaml": ROLE,
            "broken/kustomization.yaml": "resources: [missing.yaml]\n",
            "broken.yaml": deploying("broken", name="broken"),
        },
        [("cluster-resource-not-permitted", "ClusterRole web", "argocd/web"), ("render-failed", "Application broken", "argocd/broken")],
    ),
    # A custom resource whose definition is in the repository, and which is cluster-scoped by it.
    "argo-cd#11129": (
        {"deploy/a.yaml": CERTIFICATE, "crd.yaml": crd("Certificate", "Cluster", group="cert-manager.io")},
        [("cluster-resource-not-permitted", "Certificate web", "argocd/web")],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_that_users_reported_is_found_before_the_merge(repository, mistake: str) -> None:
    files, expected = MISTAKES[mistake]
    result = repository.write({**BASE, "app.yaml": deploying(), **files}).check()
    assert sorted(told(result.report)) == expected
