"""Rendering all kustomizations of a real repository, and all charts of another: wall time against the tools' own, and what a second run costs.

Run: make bench (or: python bench/render.py). Without the corpora in ../shared/corpora there is nothing to measure.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from gitguard.commands.cluster import cluster
from gitguard.commands.deploying import Deployments
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.edges import cache as caching
from gitguard.edges import git, tools
from gitguard.edges.renderer import Renderer
from gitguard.edges.sources import Sources
from gitguard.render.plans import Part

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
KUSTOMIZATIONS = "redhat-appstudio+infra-deployments"
CHARTS = "lsst-sqre+phalanx"
GOAL = 1.3
# Of how many kustomizations the tool is measured on one.
SAMPLE = 6


def main() -> None:
    if not CORPORA.is_dir():
        sys.exit("the corpora are not beside the checkout: nothing to measure")
    with tempfile.TemporaryDirectory(prefix="gitguard-bench-") as name:
        folder = Path(name)
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
        kustomizations(clone(folder, KUSTOMIZATIONS), environment)
        charts(clone(folder, CHARTS), environment)


def clone(folder: Path, name: str) -> Path:
    subprocess.run(["git", "clone", "-q", str(CORPORA / f"{name}.bundle"), str(folder / name)], check=True, capture_output=True)
    subprocess.run(["git", "checkout", "-q", "head"], cwd=folder / name, check=True, capture_output=True)
    return folder / name


def kustomizations(repository: Path, environment: dict[str, str]) -> None:
    """Every kustomization of the repository, whoever deploys it, beside one process each of the tool alone."""
    listed = subprocess.run(["git", "ls-files", "*kustomization.yaml"], cwd=repository, capture_output=True, text=True, check=True).stdout.split("\n")
    folders = sorted({file.rpartition("/")[0] for file in listed if file})
    found = git.find(repository, environment, named=True)
    entries = found.work_tree()
    cache = open_cache(True, environment)
    reader = Reader(found, configuration(found, CORPORA / "configs" / f"{repository.name}.yaml", entries, cache), cache)
    parsed = reader.repository(entries)
    parts = [Part("", "", "", "", "", {"path": one, "kustomize": {"version": "own"}}) for one in folders]

    def run() -> tuple[float, list[str]]:
        started = time.perf_counter()
        place = caching.directory(environment)
        renderer = Renderer(Sources(found), caching.Cache(place / "renders.sqlite3" if place else None), tools.find(environment), place)
        results = renderer.render(entries, parts, cluster(reader, parsed), parsed.scopes)
        taken = time.perf_counter() - started
        return taken, [folder for folder, one in zip(folders, results, strict=True) if not one.failure and not one.undetermined]

    first, good = run()
    second, _ = run()
    tool = tools.find(environment).kustomize
    assert tool is not None, tools.INSTALL
    before, started = os.times(), time.perf_counter()
    sample = good[::SAMPLE]
    for one in sample:
        subprocess.run([*tool.command, one], cwd=repository, capture_output=True, check=True)
    after = os.times()
    alone = (after.children_user + after.children_system - before.children_user - before.children_system) * len(good) / len(sample)
    wall = (time.perf_counter() - started) * len(good) / len(sample)
    cores = os.cpu_count() or 1
    print(f"{len(folders)} kustomizations, {len(good)} rendered: first run {first:.1f} s, again {second:.2f} s (goal: under 2 s)")
    print(f"  the tool alone on those, every {SAMPLE}th one extrapolated: {alone:.1f} s of CPU time, {wall:.1f} s one after the other")
    print(f"  first run / (CPU time / {cores} cores): {first / (alone / cores):.2f} (goal: {GOAL})")


def charts(repository: Path, environment: dict[str, str]) -> None:
    """The Applications that one chart makes, and what they deploy."""
    found = git.find(repository, environment, named=True)
    entries = found.work_tree()
    cache = open_cache(True, environment)
    reader = Reader(found, configuration(found, CORPORA / "configs" / f"{repository.name}.yaml", entries, cache), cache)
    parsed = reader.repository(entries)
    for title in ("first run", "again"):
        started = time.perf_counter()
        deployed = Deployments(reader, entries, parsed, environment).repository_deployed().deployed
        sources = [source for one in deployed for source in one.sources]
        objects = sum(len(source.objects) for source in sources)
        unknown = sum(1 for source in sources if source.undetermined)
        seconds = time.perf_counter() - started
        print(f"{len(deployed)} Applications of charts, {objects} objects, {unknown} undetermined: {title} {seconds:.2f} s")


if __name__ == "__main__":
    main()
