"""The server-side hook in a real bare repository, against real pushes, and against attempts to get past it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.test_ci import PROJECT, app
from tests.conftest import ROOT, Repository

HOOK = ROOT / "hooks" / "pre-receive"


class Server:
    """A bare repository with the hook, and a clone that somebody pushes from."""

    def __init__(self, folder: Path, clone: Repository) -> None:
        self.path, self.clone = folder / "server.git", clone
        clone.git("init", "-q", "--bare", "-b", "main", str(self.path))
        shutil.copy(HOOK, self.path / "hooks" / "pre-receive")
        command = folder / "gitguard"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitguard "$@"\n')
        command.chmod(0o755)
        self.git("config", "gitguard.command", str(command))
        clone.git("remote", "add", "origin", str(self.path))
        clone.commit({"project.yaml": PROJECT, "good.yaml": app("good", "a")})
        assert self.push("main") == ""

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(self.path), *arguments], env=self.clone.environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    def push(self, *arguments: str) -> str:
        """What the server says where it refuses, "" where it takes the push."""
        done = subprocess.run(
            ["git", "push", "-q", "origin", *arguments], cwd=self.clone.path, env=self.clone.environment, capture_output=True, text=True, timeout=120
        )
        assert "Traceback" not in done.stderr
        return done.stderr if done.returncode else ""

    @property
    def tip(self) -> str:
        return self.git("rev-parse", "refs/heads/main")


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Server:
    return Server(tmp_path, repository)


def test_a_good_change_is_taken(server: Server) -> None:
    commit = server.clone.commit({"more.yaml": app("more", "a")})
    assert server.push("main") == ""
    assert server.tip == commit


def test_a_bad_change_is_refused_and_says_why(server: Server) -> None:
    before = server.tip
    server.clone.commit({"bad.yaml": app("bad", "b")})
    said = server.push("main")
    assert "error[destination-not-permitted]" in said
    assert "gitguard: refs/heads/main: the change was not found good" in said
    assert server.tip == before


def _forced(server: Server) -> tuple[str, ...]:
    server.clone.commit({"fine.yaml": app("fine", "a")})
    assert server.push("main") == ""
    server.clone.git("reset", "-q", "--hard", "HEAD~1")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return "--force", "main"


def _other_history(server: Server) -> tuple[str, ...]:
    server.clone.git("checkout", "-q", "--orphan", "other")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return "--force", "other:main"


def _deleted(server: Server) -> tuple[str, ...]:
    server.git("config", "receive.denyDeleteCurrent", "ignore")
    return "--delete", "main"


def _merged(server: Server) -> tuple[str, ...]:
    server.clone.git("checkout", "-q", "-b", "side", "HEAD~0")
    server.clone.commit({"side.yaml": app("side", "a")})
    server.clone.git("checkout", "-q", "main")
    server.clone.git("merge", "-q", "--no-ff", "--no-commit", "side")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return ("main",)


def _renamed(server: Server) -> tuple[str, ...]:
    server.clone.git("mv", "project.yaml", "project.txt")
    server.clone.commit({"other.yaml": PROJECT.replace("name: team", "name: other")})
    return ("main",)


def _configured(server: Server) -> tuple[str, ...]:
    server.clone.commit({"bad.yaml": app("bad", "b"), ".gitguard.yaml": "ignore: [{path: '*', reason: mine}]\n"})
    return ("main",)


def _two_at_once(server: Server) -> tuple[str, ...]:
    server.clone.git("branch", "fine")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return "fine", "main"


def _tagged_like_the_branch(server: Server) -> tuple[str, ...]:
    server.clone.git("tag", "main", "HEAD")
    assert server.push("refs/tags/main") == ""
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return ("refs/heads/main",)


def _replaced(server: Server) -> tuple[str, ...]:
    good = server.clone.git("rev-parse", "HEAD").strip()
    bad = server.clone.commit({"bad.yaml": app("bad", "b")})
    server.clone.git("replace", bad, good)
    assert server.push("refs/replace/*:refs/replace/*") == ""
    server.clone.git("replace", "-d", bad)
    return ("main",)


def _unreadable(server: Server) -> tuple[str, ...]:
    (server.clone.path / "link.yaml").symlink_to("/etc/passwd")
    server.clone.commit()
    return ("main",)


@pytest.mark.parametrize(
    "attempt", [_forced, _other_history, _deleted, _merged, _renamed, _configured, _two_at_once, _tagged_like_the_branch, _replaced, _unreadable]
)
def test_there_is_no_way_past_it(server: Server, attempt: Callable[[Server], tuple[str, ...]]) -> None:
    arguments = attempt(server)
    before, branches = server.tip, server.git("for-each-ref", "refs/heads")
    assert "gitguard: refs/heads/main: " in server.push(*arguments)
    assert server.tip == before
    assert server.git("for-each-ref", "refs/heads") == branches


def test_other_branches_and_tags_are_free(server: Server) -> None:
    server.clone.git("checkout", "-q", "-b", "work")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    server.clone.git("tag", "v1")
    assert server.push("work", "v1") == ""
    assert server.push("--delete", "work") == ""


def test_the_first_push_of_a_protected_branch_is_judged_whole(server: Server) -> None:
    server.git("config", "--add", "gitguard.branch", "refs/heads/main")
    server.git("config", "--add", "gitguard.branch", "refs/heads/prod")
    server.clone.git("checkout", "-q", "-b", "prod")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    assert "its first commit was not found good" in server.push("prod")
    server.clone.commit({"bad.yaml": app("bad", "a")})
    assert server.push("prod") == ""


def test_without_gitguard_nothing_is_taken(server: Server) -> None:
    server.git("config", "gitguard.command", "/nowhere/gitguard")
    server.clone.commit({"more.yaml": app("more", "a")})
    assert "the change was not found good" in server.push("main")


def test_names_of_branches_are_not_run(server: Server, tmp_path: Path) -> None:
    name = "refs/heads/$(touch${IFS}pwned);`touch${IFS}pwned`"
    server.clone.commit({"more.yaml": app("more", "a")})
    assert server.push(f"HEAD:{name}") == ""
    assert not list(tmp_path.rglob("pwned"))
