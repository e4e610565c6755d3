"""Every whole ApplicationSet of the corpora, expanded by Argo CD's code and by gitguard; the clusters are made up."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitguard.applicationsets import expand
from gitguard.parse import read
from tests.conftest import CORPORA
from tests.oracle import expansion

pytestmark = [pytest.mark.testbed, pytest.mark.corpus]

BUNDLES = sorted(CORPORA.glob("*.bundle")) if CORPORA.is_dir() else []
# What the selectors and templates there ask for.
LABELS = {
    "appstudio.redhat.com/member-cluster": "true",
    "appstudio.redhat.com/internal-member-cluster": "true",
    "appstudio.redhat.com/public-member-cluster": "true",
}
ANNOTATIONS = {
    "uc_repo_git_url": "https://git.example.com/a.git",
    "uc_repo_ref": "main",
    "uc_deploy_git_url": "https://git.example.com/b.git",
    "uc_deploy_ref": "main",
}
CLUSTERS = [{"name": name, "server": f"https://{name}.example", "labels": LABELS, "annotations": ANNOTATIONS} for name in ("one", "Two_2")]


def sets_of(folder: Path, names: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in names:
        content = (folder / name).read_bytes() if name.endswith((".yaml", ".yml")) and (folder / name).is_file() else b""
        if b"ApplicationSet" in content:
            values = [document.value for document in read(content).documents]
            found += [
                value
                for value in values
                if isinstance(value, dict) and value.get("kind") == "ApplicationSet" and "generators" in value.get("spec", {})
            ]
    return found


@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda bundle: bundle.stem)
def test_sets_become_what_argocd_makes_of_them(testbed: Callable[[str], Path], tmp_path: Path, bundle: Path) -> None:
    subprocess.run(
        ["git", "clone", "-q", "-b", "head", "-c", "advice.detachedHead=false", str(bundle), str(tmp_path / "clone")], check=True, capture_output=True
    )
    folder = tmp_path / "clone"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=folder, check=True, capture_output=True, text=True).stdout.split("\0")[:-1]
    # Links are no files to a git generator of directories, and only such ones are there.
    files = {name: "" for name in names if not (folder / name).is_symlink()}
    questions = []
    for manifest in sets_of(folder, names):
        manifest["metadata"].setdefault("namespace", "argocd")
        project = manifest["spec"].get("template", {}).get("spec", {}).get("project", "")
        line = {"applicationSet": manifest, "files": files, "doublestar": False, "clusters": CLUSTERS, "projects": [project] if project else []}
        if not expand(manifest, expansion.context(line)).unknown:
            questions.append(line)
    if questions:
        outcome = expansion.compare(testbed("applicationsets"), questions, expansion.expanded, expansion.same_applications)
        assert not outcome.disagreements, "\n".join(str(found)[-2000:] for found in outcome.disagreements[:2])
