"""What the tests of commands share."""

import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitguard.edges.embedded import Embedded, embedded
from tests.commands.world import CONTROLLER, World
from tests.conftest import Repository

# With controllers.
BUSY = {
    "alice": ("alice", ()),
    "bob": ("bob", ()),
    "gitguard": ("system:serviceaccount:gitguard:gitguard", ()),
    CONTROLLER: (f"system:serviceaccount:argocd:{CONTROLLER}", ()),
    "keda": ("system:serviceaccount:keda:keda-operator", ()),
    "elected": ("system:serviceaccount:shop:elected", ()),
    "deployment-controller": ("system:serviceaccount:kube-system:deployment-controller", ()),
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Embedded]:
    """An API server of the test's own."""
    folder = tmp_path / "api"
    folder.mkdir()
    with embedded(folder) as made:
        yield made


@pytest.fixture
def world(api: Embedded, repository: Repository, tmp_path: Path) -> World:
    """Nothing is deployed in it yet."""
    return World(api, repository, tmp_path)


@pytest.fixture
def busy(repository: Repository, tmp_path: Path) -> Iterator[World]:
    """A world with controllers; nothing is deployed in it yet."""
    folder = tmp_path / "busy"
    folder.mkdir()
    with embedded(folder, BUSY) as made:
        yield World(made, repository, tmp_path)


@pytest.fixture
def builds(repository: Repository, tmp_path: Path) -> Callable[[], list[str]]:
    """A function that tells which kustomizations were built since it was last asked: a kustomize that notes them, and is the real one."""
    kubectl = Path(sysconfig.get_path("scripts")) / "kubectl"
    log = tmp_path / "builds"
    tool = tmp_path / "bin" / "kustomize"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nshift\nfor last; do :; done\necho "$last" >> {log}\nexec {kubectl} kustomize "$@"\n')
    tool.chmod(0o755)
    repository.environment["PATH"] = f"{tool.parent}:{repository.environment['PATH']}"

    def built() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return sorted(line.rpartition("/")[2] for line in lines)

    return built
