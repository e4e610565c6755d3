"""Real mistakes of real repositories: reported at the commit that made them, gone at the one that mended them."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CORPORA, ROOT

MISTAKES = json.loads((CORPORA / "mistakes.json").read_text()) if CORPORA.is_dir() else []
# At the bad commit the Application's file lies in a folder whose kustomization leaves it out: nothing applies it, and dead files are not
# judged as deployed.
DEAD = {
    ("rackerlabs+understack", "dexidp", "3513bd882"),
    ("rackerlabs+understack", "metallb", "766274d96"),
    ("rackerlabs+understack", "openstack-admin-client", "162c233bd"),
    ("theepicsaxguy+homelab", "kubechecks", "e6ba18341"),
    ("theepicsaxguy+homelab", "longhorn", "9d6af64e7"),
}
JUDGED = ["project-not-found", "source-not-permitted", "destination-not-permitted"]
pytestmark = pytest.mark.corpus


@cache
def report(repository: Path, tag: str) -> Any:
    config = CORPORA / "configs" / f"{repository.name}.yaml"
    command = [sys.executable, "-m", "gitguard", "check", "--format", "json", "--no-cache", "--config", str(config), "--commit", tag, str(repository)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def found(repository: Path, tag: str, mistake: dict[str, str]) -> list[Any]:
    return [
        finding
        for finding in report(repository, tag)["findings"]
        if (finding["rule"], finding["object"]["kind"], finding["object"]["name"]) == (mistake["rule"], mistake["kind"], mistake["name"])
    ]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake['repo'].partition('+')[2]}-{mistake['name']}-{mistake['bad']}")
def test_a_mistake_is_found_where_it_was_made_and_gone_where_it_was_mended(corpora: dict[str, Path], mistake: dict[str, str]) -> None:
    repository = corpora[mistake["repo"]]
    if (mistake["repo"], mistake["name"], mistake["bad"]) in DEAD:
        assert found(repository, mistake["bad"], mistake) == []
    else:
        (finding,) = found(repository, mistake["bad"], mistake)
        assert finding["line"] > 1
    assert found(repository, mistake["good"], mistake) == []


@pytest.mark.parametrize("name", ["GiganticMinecraft+seichi_infra", "lsst-sqre+phalanx", "rackerlabs+understack", "theepicsaxguy+homelab"])
def test_no_false_alarm_at_the_newest_tree(corpora: dict[str, Path], name: str) -> None:
    assert [finding for finding in report(corpora[name], "head")["findings"] if finding["rule"] in JUDGED] == []


def test_the_counts_add_up(corpora: dict[str, Path]) -> None:
    for repository in corpora.values():
        made = report(repository, "head")
        summary = made["summary"]
        for name in ("undetermined", "skipped", "suppressed"):
            assert summary[name] == len(made[name])
        assert summary["error"] + summary["warning"] + summary["note"] == len(made["findings"])
        objects = sum(1 for skip in made["skipped"] if "object" in skip)
        assert summary["manifests"] == summary["judged"] + objects
