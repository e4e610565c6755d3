"""Where checkpoints are remembered outside of the ledger, so that whoever can write to it can neither shorten nor rewrite it unseen."""

import os
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gitguard.edges.git import unattended
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Checkpoint, Verifier, checkpoint, note
from gitguard.ledger.proofs import is_consistent
from gitguard.ledger.witnessing import cosigned, request

_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
_IDENTITY = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "gitguard"), ("EMAIL", "gitguard@localhost"))}
_ATTEMPTS = 5
_SECONDS = 60
_LARGEST = 1 << 20
_FINE, _CONFLICT = 200, 409
_LONGEST_SIZE = 20


Prove = Callable[[int], Sequence[bytes]]


def publish(head: bytes, prove: Prove, repository: str, branch: str, environment: Mapping[str, str]) -> str:
    """Add the checkpoint to a branch of a git repository (a path or URL), by a commit on top of what is there; the answer is that commit.

    Never forces: a branch that moved meanwhile is fetched again. LedgerError where the branch remembers what this checkpoint does not continue
    (`prove` gives the proof of consistency from a size on), or where git fails.
    """
    current = checkpoint(note(head).text)
    path = f"checkpoints/{current.size:012d}"
    with tempfile.TemporaryDirectory(prefix="gitguard-anchor-") as name:
        clone = _Clone(Path(name), repository, branch, environment)
        for _ in range(_ATTEMPTS):
            parent = clone.fetched()
            latest = clone.show("checkpoint") if parent else None
            if latest is not None:
                _continues(current, checkpoint(note(latest, branch).text, branch), prove, f"the branch {branch} of {repository}")
            if latest == head:
                return parent
            commit = clone.committed({"checkpoint": head, path: head}, f"Checkpoint of {current.size} entries of {current.origin}", parent)
            if clone.pushed(commit):
                return commit
    raise LedgerError(f"the branch {branch} moved at every attempt to add the checkpoint", repository)


def _continues(current: Checkpoint, latest: Checkpoint, prove: Prove, where: str) -> None:
    if latest.origin != current.origin:
        raise LedgerError(f"it remembers another log, {latest.origin}", where)
    if latest.size > current.size:
        raise LedgerError(f"it remembers {latest.size} entries, and the ledger has {current.size}: it was truncated", where)
    if not is_consistent(latest.size, latest.root, current.size, current.root, prove(latest.size)):
        raise LedgerError(f"the first {latest.size} entries are not those that it remembers: the ledger was rewritten", where)


class _Clone:
    """A bare repository for one commit."""

    def __init__(self, folder: Path, repository: str, branch: str, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._repository = os.path.abspath(repository) if Path(repository).exists() else repository  # noqa: PTH100
        self._branch = branch
        self._environment = {**_IDENTITY, **unattended(environment)}
        self._git("init", "--quiet", "--bare", ".")

    def fetched(self) -> str:
        """The commit that the branch is at, "" where there is none."""
        if not self._git("ls-remote", "--", self._repository, f"refs/heads/{self._branch}"):
            return ""
        self._git("fetch", "--quiet", "--depth=1", "--force", "--", self._repository, f"refs/heads/{self._branch}:refs/heads/there")
        return self._git("rev-parse", "refs/heads/there").decode().strip()

    def show(self, path: str) -> bytes | None:
        """A file of the branch."""
        listed = self._git("ls-tree", "refs/heads/there", "--", path)
        return self._git("cat-file", "blob", f"refs/heads/there:{path}") if listed else None

    def committed(self, files: Mapping[str, bytes], message: str, parent: str) -> str:
        """A commit that adds these files to what the branch has."""
        self._environment["GIT_INDEX_FILE"] = str(self._folder / "index.new")
        (self._folder / "index.new").unlink(missing_ok=True)
        if parent:
            self._git("read-tree", parent)
        for path, content in files.items():
            blob = self._git("hash-object", "-w", "--stdin", stdin=content).decode().strip()
            self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}")
        tree = self._git("write-tree").decode().strip()
        return self._git("commit-tree", tree, *(("-p", parent) if parent else ()), "-m", message).decode().strip()

    def pushed(self, commit: str) -> bool:
        """Did the branch take it? It does not where somebody was there first."""
        done = self._run("push", "--quiet", "--", self._repository, f"{commit}:refs/heads/{self._branch}")
        said = done.stderr.decode("utf-8", "replace")
        if done.returncode and not any(mark in said for mark in ("non-fast-forward", "fetch first", "stale info", "cannot lock ref")):
            raise LedgerError(f"the checkpoint can't be pushed: {_first(said)}", self._branch)
        return done.returncode == 0

    def _git(self, *arguments: str, stdin: bytes = b"") -> bytes:
        done = self._run(*arguments, stdin=stdin)
        if done.returncode:
            raise LedgerError(f"git {arguments[0]}: {_first(done.stderr.decode('utf-8', 'replace'))}", self._branch)
        return done.stdout

    def _run(self, *arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        command: Sequence[str] = ["git", *_SAFE, *arguments]
        try:
            return subprocess.run(command, cwd=self._folder, env=self._environment, input=stdin, capture_output=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise LedgerError(f"git {arguments[0]} did not end within {_SECONDS} seconds", self._branch) from error


def countersigned(head: bytes, prove: Prove, url: str, witness: Verifier) -> bytes:
    """The checkpoint with the cosignature of a witness (C2SP tlog-witness), which is shown that the log continues what it saw last.

    LedgerError where the witness refuses, answers nonsense, or can't be reached.
    """
    if not url.lower().startswith(("https://", "http://")):
        raise LedgerError("witnesses are asked by https or http", url)
    status, answer = _asked(url, request(0, [], head))
    if status == _CONFLICT and answer.strip().isdigit() and len(answer) < _LONGEST_SIZE:
        # It tells which size it saw last.
        last = int(answer)
        if last > checkpoint(note(head).text).size:
            raise LedgerError(f"the witness saw {last} entries, and the ledger has fewer: it was truncated", url)
        status, answer = _asked(url, request(last, prove(last), head))
    if status != _FINE:
        raise LedgerError(f"the witness refuses the checkpoint: {status} {answer[:200].decode('utf-8', 'replace').strip()}", url)
    return cosigned(head, answer, witness, url)


def _asked(url: str, body: bytes) -> tuple[int, bytes]:
    asked = urllib.request.Request(f"{url.rstrip('/')}/add-checkpoint", body, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read(_LARGEST)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(_LARGEST)
    except OSError as error:
        raise LedgerError(f"the witness can't be reached: {getattr(error, 'reason', '') or error}", url) from error


def _first(said: str) -> str:
    lines = [line.strip().removeprefix("fatal: ").removeprefix("error: ") for line in said.splitlines() if line.strip()]
    return lines[0][:300] if lines else "it failed without a word"
