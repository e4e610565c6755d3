"""A throw-away folder with a git repository in it, for showing and trying things; nothing outlives it."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_IDENTITY = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
_MOMENT, _ENDED_WITHIN = 0.01, 20.0
_SYSTEM = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR", "PYTHONPATH")


class Sandbox:
    """A git repository of its own, under none of the user's git configuration."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.root = folder / "config-repository"
        own = {name: "Demo" if name.endswith("NAME") else "demo@example.com" for name in _IDENTITY}
        home = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), "GIT_CONFIG_NOSYSTEM": "1"}
        self._environment = {key: environment[key] for key in _SYSTEM if key in environment} | own | home
        self.root.mkdir()

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the repository's root."""
        for name, content in files.items():
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")

    def install_hook(self) -> None:
        """Make `gitguard hook` of this installation the repository's pre-commit hook."""
        hook = self.root / ".git" / "hooks" / "pre-commit"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitguard hook\n', encoding="utf-8")
        hook.chmod(0o755)

    def git(self, *arguments: str) -> tuple[int, str]:
        """Run git there: its exit code and everything it and its hooks printed."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return done.returncode, done.stdout

    def gitguard(self, *arguments: str) -> tuple[int, str]:
        """Run this installation's gitguard beside the repository: its exit code and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "gitguard", *arguments], cwd=self.root.parent, env=self._environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    @contextmanager
    def beside(self, *arguments: str) -> Iterator["Beside"]:
        """Run gitguard there while the `with` lasts; it is ended as systems end it."""
        log = self.root.parent / f"{arguments[0]}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "gitguard", *arguments], cwd=self.root.parent, env=self._environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            yield Beside(process, log)
        finally:
            process.terminate()
            try:
                process.wait(_ENDED_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Beside:
    """A command that runs, with what it prints in a file."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def is_running(self) -> bool:
        """Has it not ended yet?"""
        return self._process.poll() is None

    def said(self) -> str:
        """What it has printed so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def pause(self) -> None:
        """Give it a moment."""
        time.sleep(_MOMENT)


@contextmanager
def sandbox(environment: Mapping[str, str]) -> Iterator[Sandbox]:
    """A sandbox that is gone afterwards, however it ends."""
    with tempfile.TemporaryDirectory(prefix="gitguard-demo-") as folder:
        made = Sandbox(Path(folder), environment)
        made.git("init", "-q", "-b", "main")
        yield made
