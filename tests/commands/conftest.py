"""What the tests of commands share."""

from collections.abc import Iterator
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
