"""What the tests of commands share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitguard.edges.embedded import Embedded, embedded
from tests.commands.world import World
from tests.conftest import Repository


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
