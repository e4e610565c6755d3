"""Test beds for the tests of this folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.oracle import beds


@pytest.fixture(scope="session")
def testbed() -> Callable[[str], Path]:
    """A function from the name of a folder beside this file to its built program; skips where it can't be built, and says why."""

    def build(name: str) -> Path:
        try:
            return beds.build(name)
        except beds.CannotBuild as error:
            pytest.skip(str(error))

    return build
