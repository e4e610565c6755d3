"""Test beds for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import beds


@pytest.fixture(scope="session")
def testbed() -> Callable[..., Path]:
    """A function from the name of a folder beside this file, and a release, to its built program; skips where it can't be built, and says why."""

    def build(name: str, release: str = "") -> Path:
        try:
            return beds.build(name, release)
        except beds.CannotBuild as error:
            pytest.skip(str(error))

    return build
