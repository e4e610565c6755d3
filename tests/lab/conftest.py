"""The lab: a real control plane for a module's tests, made of programs that are built once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, argocd
from tests.lab.controlplane import ControlPlane, controlplane, wait_for
from tests.oracle import beds


@pytest.fixture(scope="module")
def plane(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A kube-apiserver with its etcd, and the namespaces shop and argocd."""
    with controlplane(testbed("controlplane"), tmp_path_factory.mktemp("plane")) as made:
        furnished(made)
        yield made


def furnished(plane: ControlPlane) -> None:
    """Make the namespaces, and let people do everything, as many clusters do."""
    plane.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "argocd")))
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "humans"}]
    api = "rbac.authorization.k8s.io/v1"
    plane.apply({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "humans"}, "roleRef": role, "subjects": subjects})
    wait_for(
        lambda: "yes" in plane.kubectl("auth", "can-i", "delete", "secrets", "--as=alice", "--as-group=humans"),
        plane.apiserver,
        "the people's role",
    )


@pytest.fixture(scope="module")
def argo(plane: ControlPlane, testbed: Callable[..., Path], helm_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCD]:
    """Argo CD on that control plane."""
    crds = beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"
    with argocd(testbed("controllers"), helm_binary, crds, plane, tmp_path_factory.mktemp("argocd")) as made:
        yield made


@pytest.fixture
def config(tmp_path: Path) -> Repository:
    """A config repository that Argo CD reads."""
    return Repository(tmp_path / "config", tmp_path / "home")
