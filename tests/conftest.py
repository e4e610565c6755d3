"""What the tests share: real git repositories in temporary folders, the real command, the corpora where they are present."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.oracle import beds

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.com",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.com",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "error",
}


class Result(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        return json.loads(self.out)

    def rules(self) -> list[str]:
        return [finding["rule"] for finding in self.report["findings"]]


class Repository:
    """A git repository in a temporary folder, and gitguard run in it as a user runs it."""

    def __init__(self, path: Path, home: Path) -> None:
        self.path = path
        self.environment = {**ENVIRONMENT, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.path, env=self.environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def write(self, files: Mapping[str, str | bytes]) -> "Repository":
        """Write files and stage them."""
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        return self

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> str:
        self.write(files or {})
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD").strip()

    def gitguard(self, *arguments: str, cwd: Path | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "gitguard", *arguments], cwd=cwd or self.path, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert "Traceback" not in done.stderr + done.stdout
        return Result(done.returncode, done.stdout, done.stderr)

    def check(self, *arguments: str) -> Result:
        """`gitguard check --format json`."""
        return self.gitguard("check", "--format", "json", *arguments)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path / "config", tmp_path / "home")


@pytest.fixture
def new_repository(tmp_path: Path) -> Callable[[str], Repository]:
    """A function that makes further repositories by name."""
    return lambda name: Repository(tmp_path / name, tmp_path / "home")


@pytest.fixture(scope="session")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The real repositories, cloned at tag `head`, by name; tests that need them are skipped where they are absent."""
    if not CORPORA.is_dir():
        pytest.skip(f"the corpora are not beside the checkout ({CORPORA.name})")
    folder = tmp_path_factory.mktemp("corpora")
    cloned = {}
    for bundle in sorted(CORPORA.glob("*.bundle")):
        target = folder / bundle.stem
        subprocess.run(["git", "clone", "-q", str(bundle), str(target)], check=True, capture_output=True)
        subprocess.run(["git", "checkout", "-q", "head"], cwd=target, check=True, capture_output=True)
        cloned[bundle.stem] = target
    return cloned


@pytest.fixture(scope="session")
def testbed() -> Callable[..., Path]:
    """A function from the name of a folder in tests/oracle, and a release, to its built program; skips where it can't be built, and says why."""

    def build(name: str, release: str = "") -> Path:
        try:
            return beds.build(name, release)
        except beds.CannotBuild as error:
            pytest.skip(str(error))

    return build


@pytest.fixture(scope="session")
def helm_binary() -> Path:
    """The `helm` of a package, where it is to be had for this machine."""
    try:
        return beds.helm()
    except beds.CannotBuild as error:
        pytest.skip(str(error))


@pytest.fixture
def serve() -> Iterator[Callable[[AbstractContextManager[Any]], Any]]:
    """Enters a server of tests/serving.py until the test ends: `serve(files({"a": "b"}))`."""
    with ExitStack() as stack:
        yield stack.enter_context
