"""`gitguard ci` on changes of a real repository, with the cache of the base alone: seconds, processor time, and as ratios to `check` on the base.

Run: make bench (or: python bench/ci.py). Without the corpus in ../shared/corpora there is nothing to measure.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
CORPUS = "redhat-appstudio+infra-deployments"
RUNS = 5
GOAL = 2.0
# The corpus has no AppProject: this one permits all, and every Application of the corpus names it.
PROJECT = """apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{server: "*", namespace: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
"""


class Edit(NamedTuple):
    """One change of one file: the first match of `pattern` becomes `by`."""

    title: str
    path: str
    pattern: str
    by: str


EDITS = (
    Edit("an Application", "components/pipeline-service-rd/rings/ring-0/base/postgres-app.yaml", "namespace: tekton-results", "namespace: results"),
    Edit("the app of apps", "argo-cd-apps/app-of-app-sets/base/all-application-sets.yaml", "prune: true", "prune: false"),
    Edit("an ApplicationSet, of six overlays", "argo-cd-apps/base/member/infra-deployments/release/release.yaml", "limit: 50", "limit: 49"),
    Edit("an overlay of ApplicationSets", "argo-cd-apps/overlays/development/dev-application-sync-wave-kueue.yaml", '"-1"', '"-3"'),
    Edit("an AppProject", "appproject.yaml", r"sourceRepos: \[.*\]", 'sourceRepos: ["https://github.com/*/*"]'),
    Edit("a kustomize base", "components/cluster-secret-store/base/appsre-vault-secret-store.yml", r"(?s)\Z", "# one more line\n"),
)


def main() -> None:
    if not (CORPORA / f"{CORPUS}.bundle").exists():
        sys.exit("the corpus is not beside the checkout: nothing to measure")
    with tempfile.TemporaryDirectory(prefix="gitguard-bench-") as name:
        folder = Path(name)
        repository = clone(folder)
        config = ["--config", str(CORPORA / "configs" / f"{CORPUS}.yaml"), "--format", "json"]
        base, warm = folder / "base", folder / "cache"
        first, _, _ = timed(repository, ["check", *config], base)
        print(f"check on the base, nothing in the cache: {first:.1f} s")
        print(f"{'warm cache, the change is not in it':38}{'seconds':>9}{'CPU':>9}{'/ check':>9}{'goal':>7}  of both sides")
        for edit in EDITS:
            commit(repository, edit)
            rows, anew = [], ""
            for _ in range(RUNS):
                alone, _, _ = timed(repository, ["check", "--commit", "base", *config], base)
                shutil.rmtree(warm, ignore_errors=True)
                shutil.copytree(base, warm)
                wall, cpu, report = timed(repository, ["ci", "--base", "base", *config], warm)
                rows.append((wall, cpu, wall / alone))
                anew = next(remark.rpartition(": ")[2] for remark in report["remarks"] if "judged whole" in remark)
            wall, cpu, ratio = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"{edit.title:38}{wall:9.2f}{cpu:9.2f}{ratio:9.2f}{'met' if wall < GOAL else 'MISSED':>7}  {anew}")
        print(f"goal: each under {GOAL:g} s")


def clone(folder: Path) -> Path:
    """The corpus, with an AppProject, at the branch `base`."""
    target = folder / CORPUS
    subprocess.run(["git", "clone", "-q", str(CORPORA / f"{CORPUS}.bundle"), str(target)], check=True, capture_output=True)
    git(target, "checkout", "-q", "-b", "base", "head")
    (target / "appproject.yaml").write_text(PROJECT)
    git(target, "add", "--all")
    git(target, "commit", "-q", "-m", "an AppProject")
    return target


def commit(repository: Path, edit: Edit) -> None:
    """Make the edit, on the base, the commit that is judged."""
    git(repository, "checkout", "-q", "-B", "change", "base")
    file = repository / edit.path
    content, found = re.subn(edit.pattern, edit.by, file.read_text(), count=1)
    assert found, f"{edit.path} has nothing like {edit.pattern}"
    file.write_text(content)
    git(repository, "commit", "-q", "-a", "-m", edit.title)


def git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)


def timed(repository: Path, arguments: list[str], cache: Path) -> tuple[float, float, dict[str, list[str]]]:
    """Wall and processor seconds of gitguard and all that it starts, and its report."""
    # An installed package has its modules compiled: measured are not the compiler's milliseconds.
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "gitguard", *arguments], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 3):
        sys.exit(done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, json.loads(done.stdout)


if __name__ == "__main__":
    main()
