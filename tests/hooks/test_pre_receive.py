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
    assert "gitguard: refs/heads/main: the push was not found good" in said
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


def _second_of_two(server: Server) -> tuple[str, ...]:
    """What reads the hook's own input swallows the branches that come after."""
    for name in ("main", "earlier"):
        server.git("config", "--add", "gitguard.branch", name)
    server.clone.git("branch", "earlier")
    assert server.push("earlier") == ""
    command = Path(server.git("config", "gitguard.command"))
    command.write_text(command.read_text().replace("#!/bin/sh\n", "#!/bin/sh\ncat >/dev/null\n"))
    server.clone.git("checkout", "-q", "earlier")
    server.clone.commit({"fine.yaml": app("fine", "a")})
    server.clone.git("checkout", "-q", "main")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return "earlier", "main"


def _by_another_name(server: Server) -> tuple[str, ...]:
    server.git("symbolic-ref", "refs/heads/master", "refs/heads/main")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    return ("main:master",)


def _graft(server: Server) -> str:
    """The server is told that the first commit on main comes after the newest: a forced push to it is none by that."""
    good = server.clone.git("rev-parse", "HEAD").strip()
    server.clone.commit({"more.yaml": app("more", "a")})
    assert server.push("main") == ""
    tip = server.clone.git("rev-parse", "HEAD").strip()
    server.clone.git("reset", "-q", "--hard", good)
    forced = server.clone.commit({"other.yaml": app("other", "a")})
    server.clone.git("checkout", "-q", "-b", "replacing", tip)
    replacing = server.clone.git("commit-tree", "-p", tip, "-m", "replacing", f"{forced}^{{tree}}").strip()
    server.clone.git("checkout", "-q", "main")
    return f"{replacing}:refs/replace/{forced}"


def _forced_past_a_replacement(server: Server) -> tuple[str, ...]:
    assert server.push(_graft(server)) == ""
    return "--force", "main"


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
    "attempt",
    [
        _forced, _forced_past_a_replacement, _other_history, _deleted, _merged, _renamed, _configured,
        _two_at_once, _second_of_two, _by_another_name, _replaced, _unreadable,
    ],
)  # fmt: skip
def test_there_is_no_way_past_it(server: Server, attempt: Callable[[Server], tuple[str, ...]]) -> None:
    arguments = attempt(server)
    before, branches = server.tip, server.git("for-each-ref", "refs/heads")
    assert "gitguard: refs/heads/main: " in server.push(*arguments)
    assert server.tip == before
    assert server.git("for-each-ref", "refs/heads") == branches


@pytest.mark.parametrize("name", ["refs/tags/main", "refs/remotes/main", "refs/tags/heads/main", "refs/heads/HEAD", "refs/tags/HEAD"])
def test_nothing_takes_the_name_of_a_protected_branch(server: Server, name: str) -> None:
    """Argo CD takes the first reference whose short name is the target revision, in no order."""
    assert "it can be taken for a protected branch" in server.push(f"HEAD:{name}")
    assert name not in server.git("for-each-ref")
    # What was there before the hook can be taken away, and not be moved.
    server.git("update-ref", name, server.tip)
    server.clone.commit({"bad.yaml": app("bad", "b")})
    assert "it can be taken for a protected branch" in server.push("--force", f"HEAD:{name}")
    assert server.push("--delete", name) == ""


@pytest.mark.parametrize("together", [True, False])
def test_a_new_protected_branch_takes_no_name_that_is_taken(server: Server, together: bool) -> None:
    for name in ("main", "release/*"):
        server.git("config", "--add", "gitguard.branch", name)
    pushed = ("HEAD:refs/tags/release/1", "HEAD:refs/heads/release/1")
    if not together:
        assert server.push(pushed[0]) == ""
    assert "refs/heads/release/1: something else has this name" in server.push(*pushed)
    assert "refs/heads/release/1" not in server.git("for-each-ref")


def test_other_branches_and_tags_are_free(server: Server) -> None:
    server.clone.git("checkout", "-q", "-b", "work")
    server.clone.commit({"bad.yaml": app("bad", "b")})
    server.clone.git("tag", "v1")
    assert server.push("work", "v1") == ""
    assert server.push("--delete", "work") == ""


@pytest.mark.parametrize("names", [("refs/heads/main", "refs/heads/prod"), ("main", "prod"), ("main", "p*d")])
def test_the_first_push_of_a_protected_branch_is_judged_whole(server: Server, names: tuple[str, ...]) -> None:
    """By the configuration that is in force at HEAD, and not by what it brings itself."""
    for name in names:
        server.git("config", "--add", "gitguard.branch", name)
    # The server has a file that the pattern matches, too.
    server.git("branch", "pod", "main")
    server.clone.git("checkout", "-q", "-b", "prod")
    server.clone.commit({"bad.yaml": app("bad", "b"), ".gitguard.yaml": "ignore: [{path: '*', reason: mine}]\n"})
    said = server.push("prod")
    assert "error[destination-not-permitted]" in said
    assert "refs/heads/prod: the push was not found good" in said
    server.clone.git("rm", "-q", ".gitguard.yaml")
    server.clone.commit({"bad.yaml": app("bad", "a")})
    assert server.push("prod") == ""


def test_the_first_push_of_a_protected_branch_is_judged_with_what_was_bad_before(server: Server) -> None:
    server.clone.commit({"bad.yaml": app("bad", "b")})
    server.git("fetch", "-q", str(server.clone.path), "main:main")
    for name in ("main", "prod"):
        server.git("config", "--add", "gitguard.branch", name)
    assert "refs/heads/prod: the push was not found good" in server.push("main:prod")


def test_protected_tags_are_judged_and_do_not_move(server: Server) -> None:
    for name in ("main", "refs/tags/v*"):
        server.git("config", "--add", "gitguard.branch", name)
    server.clone.git("tag", "-a", "-m", "first", "v1")
    assert server.push("v1") == ""
    server.clone.commit({"bad.yaml": app("bad", "b")})
    server.clone.git("tag", "v2")
    assert "refs/tags/v2: the push was not found good" in server.push("v2")
    server.clone.git("tag", "-f", "-a", "-m", "moved", "v1")
    assert "refs/tags/v1: " in server.push("--force", "v1")
    assert server.push("--delete", "v1").count("refs/tags/v1: a protected branch is not deleted") == 1
    assert "it can be taken for" in server.push("HEAD:refs/heads/v1")


def test_what_takes_too_long_is_refused(server: Server) -> None:
    command = Path(server.git("config", "gitguard.command"))
    command.write_text("#!/bin/sh\nsleep 60\n")
    server.git("config", "gitguard.timeout", "0.2")
    server.clone.commit({"more.yaml": app("more", "a")})
    assert "refs/heads/main: not judged within 0.2 seconds" in server.push("main")


def test_who_pushes_is_who_may_change_an_environment(server: Server) -> None:
    """By the name that the server tells; the branch is told, too, though the commits are named by their ids."""
    rule = "environments:\n  prod: {branches: [main], authors: [alice]}\n"
    server.clone.commit({".gitguard.yaml": rule})
    assert server.push("main") == ""
    server.clone.commit({"more.yaml": app("more", "a")})
    server.clone.environment["GL_USERNAME"] = "mallory"
    assert "environment-access" in server.push("main")
    server.clone.environment["GL_USERNAME"] = "alice"
    assert server.push("main") == ""


def test_nothing_that_is_pushed_is_run(server: Server, tmp_path: Path) -> None:
    """Neither as a hook or a filter, nor as a module that Python would find where it runs."""
    run = f"touch {tmp_path / 'pwned'}"
    module = f"import os\nos.system('{run}')\n"
    server.clone.commit({"hooks/pre-receive": f"#!/bin/sh\n{run}\n", "gitguard.py": module, "yaml.py": module, "more.yaml": app("more", "a")})
    assert server.push("main") == ""
    server.git("config", "filter.run.smudge", run)
    server.git("config", "diff.run.textconv", run)
    server.clone.commit({".gitattributes": "* filter=run diff=run\n", "more.yaml": app("less", "a")})
    assert "gate-weakened" in server.push("main")
    assert not (tmp_path / "pwned").exists()


def test_without_gitguard_nothing_is_taken(server: Server) -> None:
    server.git("config", "gitguard.command", "/nowhere/gitguard")
    server.clone.commit({"more.yaml": app("more", "a")})
    assert "refs/heads/main: the push could not be judged" in server.push("main")


def test_names_of_branches_are_not_run(server: Server, tmp_path: Path) -> None:
    name = "refs/heads/$(touch${IFS}pwned);`touch${IFS}pwned`"
    server.clone.commit({"more.yaml": app("more", "a")})
    assert server.push(f"HEAD:{name}") == ""
    assert not list(tmp_path.rglob("pwned"))
