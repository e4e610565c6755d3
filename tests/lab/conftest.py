"""The lab: a real control plane for a module's tests, made of programs that are built once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, argocd, serve_kinds
from tests.lab.controlplane import ControlPlane, controlplane, let_people_in
from tests.oracle import beds


@pytest.fixture(scope="module")
def plane(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A kube-apiserver with its etcd, and the namespaces shop and argocd."""
    with controlplane(testbed("controlplane"), tmp_path_factory.mktemp("plane")) as made:
        let_people_in(made)
        yield made


@pytest.fixture(scope="module")
def argo(plane: ControlPlane, testbed: Callable[..., Path], helm_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ArgoCD]:
    """Argo CD on that control plane."""
    with argocd(testbed("controllers"), helm_binary, argo_crds(), plane, tmp_path_factory.mktemp("argocd")) as made:
        yield made


@pytest.fixture(scope="module")
def kinds(plane: ControlPlane) -> ControlPlane:
    """That control plane, with Argo CD's kinds and nobody who acts on them."""
    serve_kinds(plane, argo_crds())
    return plane


def argo_crds() -> Path:
    """The folder of Argo CD's own CRDs."""
    return beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"


@pytest.fixture
def config(tmp_path: Path) -> Repository:
    """A config repository that Argo CD reads."""
    return Repository(tmp_path / "config", tmp_path / "home")
