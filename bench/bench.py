"""gitguard against kubeconform on a real repository: ratios of whole processes, run in turn, so that a slow machine is slow for both.

kubeconform renders nothing, so `check` is told not to either; bench/render.py measures that.

Run: make bench (or: python bench/bench.py [REPOSITORY]). Without a repository it clones the performance corpus from ../shared/corpora.
"""

import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import kubeconform

ROOT = Path(__file__).resolve().parent.parent
CORPUS = "redhat-appstudio+infra-deployments"
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
RUNS = 9
GOALS = {"cold check / kubeconform": 0.8, "warm check / kubeconform": 0.3, "hook, one file": 0.300, "hook, nothing relevant": 0.150}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gitguard-bench-") as name:
        folder = Path(name)
        repository, config = prepare(folder, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
        peer = [str(tool()), "-strict", "-ignore-missing-schemas", "-n", str(os.cpu_count()), "-summary"]
        kubeconform.write(folder / "schemas", "1.37")
        peer += ["-schema-location", f"{folder}/schemas/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", "."]
        check = [sys.executable, "-m", "gitguard", "check", "--render", "never", *config]
        hook = [sys.executable, "-m", "gitguard", "hook", *config]
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
        # An installed package has its modules compiled: measured are not the compiler's milliseconds.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def timed(command: list[str], before: Callable[[], None] = lambda: None) -> float:
            before()
            started = time.perf_counter()
            subprocess.run(command, cwd=repository, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            return time.perf_counter() - started

        def forget() -> None:
            shutil.rmtree(folder / "cache", ignore_errors=True)

        timed(check), timed(peer)
        cold, warm, theirs = [], [], []
        for _ in range(RUNS):
            theirs.append(timed(peer))
            cold.append(timed(check, forget))
            warm.append(timed(check))
        nothing = [timed(hook) for _ in range(RUNS)]
        stage_one_file(repository)
        timed(hook)
        one = [timed(hook) for _ in range(RUNS)]
        print(f"{'':28}{'median':>9}{'min':>9}{'max':>9}{'goal':>9}")
        for title, values in (("kubeconform 0.8.0, s", theirs), ("cold check, s", cold), ("warm check, s", warm)):
            print(row(title, values))
        pairs = {"cold check / kubeconform": cold, "warm check / kubeconform": warm}
        for title, values in pairs.items():
            print(row(title, [ours / peers for ours, peers in zip(values, theirs, strict=True)], GOALS[title]))
        print(row("hook, one file, s", one, GOALS["hook, one file"]))
        print(row("hook, nothing relevant, s", nothing, GOALS["hook, nothing relevant"]))
        print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB (goal: under 400)")


def row(title: str, values: list[float], goal: float | None = None) -> str:
    return f"{title:28}{statistics.median(values):9.3f}{min(values):9.3f}{max(values):9.3f}{goal if goal is not None else '':>9}"


def prepare(folder: Path, given: Path | None) -> tuple[Path, list[str]]:
    """A clone to work in, and the options that tell gitguard its URL."""
    target = folder / "repository"
    bundle = ROOT.parent / "shared" / "corpora" / f"{CORPUS}.bundle"
    if given is None and not bundle.exists():
        sys.exit("the performance corpus is not beside the checkout: name a repository")
    subprocess.run(["git", "clone", "-q", str(given or bundle), str(target)], check=True, capture_output=True)
    if given is None:
        subprocess.run(["git", "checkout", "-q", "head"], cwd=target, check=True, capture_output=True)
        return target, ["--config", str(bundle.parent / "configs" / f"{CORPUS}.yaml")]
    return target, []


def stage_one_file(repository: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "*deployment.yaml"], cwd=repository, capture_output=True, text=True, check=True).stdout.split()
    file = repository / listed[len(listed) // 2]
    file.write_text(file.read_text() + "# one more line\n")
    subprocess.run(["git", "add", str(file)], cwd=repository, check=True)


def tool() -> Path:
    """kubeconform, built once with Go and kept in the user's cache."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitguard-testbeds" / "kubeconform-0.8.0"
    program = folder / "kubeconform"
    if not program.exists():
        go = Path(sysconfig.get_path("scripts")) / "go"
        environment = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
        subprocess.run([str(go) if go.exists() else "go", "install", KUBECONFORM], env=environment, check=True)
    return program


if __name__ == "__main__":
    main()
