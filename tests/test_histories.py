"""`gitguard ci` on the histories of real repositories: a mistake is new in the change that made it, and fixed by the one that mended it.

The histories are samples: where the first commit is the mistake, or the mended tree does not follow on the broken one, that step is made.
"""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CORPORA, ENVIRONMENT
from tests.test_mistakes import DEAD, MISTAKES

pytestmark = pytest.mark.corpus


def git(repository: Path, *arguments: str) -> str:
    environment = {**ENVIRONMENT, "GIT_AUTHOR_DATE": "@1 +0000", "GIT_COMMITTER_DATE": "@1 +0000"}
    return subprocess.run(["git", *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=True).stdout.strip()


@cache
def judged(repository: Path, base: str, head: str) -> Any:
    """The change from one commit's tree to another's."""
    change = head if git(repository, "log", "-1", "--format=%P", head) == git(repository, "rev-parse", base) else ""
    change = change or git(repository, "commit-tree", f"{head}^{{tree}}", "-p", base, "-m", "step")
    config = CORPORA / "configs" / f"{repository.name}.yaml"
    command = [sys.executable, "-m", "gitguard", "ci", "--format", "json", "--config", str(config), "--base", base, "--head", change]
    environment = {**os.environ, **ENVIRONMENT, "XDG_CACHE_HOME": str(repository.parent / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=repository, env=environment)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def told(findings: list[Any], mistake: dict[str, str]) -> list[Any]:
    wanted = (mistake["rule"], mistake["kind"], mistake["name"])
    return [finding for finding in findings if (finding["rule"], finding["object"]["kind"], finding["object"]["name"]) == wanted]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake['repo'].partition('+')[2]}-{mistake['name']}-{mistake['bad']}")
def test_a_mistake_is_new_where_it_was_made_and_fixed_where_it_was_mended(corpora: dict[str, Path], mistake: dict[str, str]) -> None:
    repository, bad, good = corpora[mistake["repo"]], mistake["bad"], mistake["good"]
    is_dead = (mistake["repo"], mistake["name"], bad) in DEAD
    parent = git(repository, "log", "-1", "--format=%P", bad)
    made = told(judged(repository, parent or good, bad)["findings"], mistake)
    assert [finding["status"] for finding in made] == ([] if is_dead else ["new"])
    mended = judged(repository, bad, good)
    assert told(mended["findings"], mistake) == []
    assert len(told(mended["fixed"], mistake)) == (0 if is_dead else 1)
