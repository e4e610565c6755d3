"""The config repository as the watch follows it: a bare clone of its own, kept fresh, of one branch (or tag) of a path or a URL.

Nothing of the repository is run, nobody is asked for anything, and a fetch that fails leaves what was known before as it was.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gitguard.edges import git
from gitguard.model.errors import RepositoryError

SECONDS = 120.0
_TRACKED, _FETCHED = "refs/gitguard/tracked", "refs/gitguard/fetched"
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "protocol.version=2")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\-][^\x00-\x20\x7f~^:?*\[\\]*")
_REMOTE = re.compile(r"(?:https?|ssh|file)://|[^/:]+@[^/:]+:|[^/:]+:(?!:)")
_TRANSPORT = re.compile(r"\w+::")
_CREDENTIALS = re.compile(r"(https?://)[^/@\s]*@|(://[^/@:\s]*):[^/@\s]*@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST = 300


class Checkout:
    """A bare clone in `folder` of the branch or tag `ref` of `repository`: a path, or a URL of https, http, ssh or file.

    With `verify` a commit counts only where `git verify-commit` accepts its signature, by the keys that the user's own git trusts.
    `seconds` bounds each refresh. Everything that fails raises RepositoryError.
    """

    def __init__(
        self, repository: str, ref: str, folder: Path, environment: Mapping[str, str], *, verify: bool = False, seconds: float = SECONDS
    ) -> None:
        if not _REF.fullmatch(ref) or ".." in ref:
            raise RepositoryError(f"`{_shown(ref)}` is no name of a branch or tag", "--ref names the branch that Argo CD deploys, main for instance")
        self.url = _location(repository)
        self.ref = ref
        self.folder = folder
        self.verify = verify
        self._local = repository if not _is_remote(repository) else ""
        self._seconds = seconds
        kept = {key: value for key, value in git.unattended(environment).items() if key != "SSH_ASKPASS"}
        self._environment = {
            **kept, "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
            "GIT_SSH_COMMAND": environment.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        }  # fmt: skip
        self._prepared = False
        self._repository: git.GitRepository | None = None

    def refresh(self) -> str:
        """The newest commit of the ref, fetched whole. Where that fails, what was fetched before stays as it was."""
        if not self._prepared:
            self._prepare()
        # Forced: a history that was rewritten is git's word too, and whatever was on the old one alone is no longer.
        self._git(
            "fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--", self.url, f"{self.ref}:{_FETCHED}"
        )
        commit = self._git("rev-parse", "--verify", "--quiet", f"{_FETCHED}^{{commit}}").strip()
        if self.verify:
            self._verified(commit)
        self._git("update-ref", _TRACKED, commit)
        return commit

    def contains(self, commit: str) -> bool:
        """Is it, named by its whole id, on the history of the commit that was fetched last?"""
        if not _COMMIT.fullmatch(commit) or not (self.folder / "HEAD").is_file():
            return False
        return self._run("merge-base", "--is-ancestor", commit, _TRACKED).returncode == 0

    def precedes(self, older: str, newer: str) -> bool:
        """Does the history of `newer` have `older`, which is another commit? Both are whole ids."""
        if not (_COMMIT.fullmatch(older) and _COMMIT.fullmatch(newer)) or older == newer:
            return False
        return self._run("merge-base", "--is-ancestor", older, newer).returncode == 0

    def after(self, commit: str, most: int = 50) -> tuple[str, ...]:
        """The commits of the tracked history that `commit` does not have, newest first, merged branches as one; none where it is not on it."""
        if not self.contains(commit):
            return ()
        return tuple(self._git("rev-list", "--first-parent", f"--max-count={most}", _TRACKED, f"^{commit}").split())

    @property
    def repository(self) -> git.GitRepository:
        """Where its commits are read from. Its URLs are the given one and those of the local repository's own remotes."""
        if self._repository is None:
            self._repository = git.find(self.folder, self._environment, named=True)
        return self._repository

    def _prepare(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise RepositoryError(f"{self.folder}: {error.strerror}", "the clone needs a folder that can be written") from error
        self._git("init", "--quiet", "--bare", ".")
        # The folder may have been another repository's, or that one may have got other remotes.
        self._run("config", "--unset-all", "remote.known.url")
        for url in self._urls():
            self._git("config", "--add", "remote.known.url", url)
        self._prepared = True

    def _urls(self) -> list[str]:
        """The names by which Applications may call it, without the credentials that may be in them."""
        known = [self.url]
        if self._local:
            known += [f"file://{self.url}", *git.find(Path(self.url), self._environment, named=True).urls()]
        return list(dict.fromkeys(_bare(url) for url in known))

    def _verified(self, commit: str) -> None:
        done = self._run("verify-commit", commit)
        if done.returncode:
            raise RepositoryError(
                f"commit {commit[:12]} of {_shown(self.url)} has no signature that can be trusted: {_said(done.stderr) or 'it is not signed'}",
                "`git verify-commit` has to accept it: sign it, or give git its signer's key (the keyring, or gpg.ssh.allowedSignersFile)",
            )

    def _git(self, *arguments: str) -> str:
        done = self._run(*arguments)
        if done.returncode:
            said = _said(done.stderr) or "git failed without a word"
            raise RepositoryError(
                f"{_shown(self.url)} can't be read at {self.ref}: {said}",
                "see that it is there, and that git may read it unasked",
            )
        return done.stdout.decode("utf-8", "replace")

    def _run(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Run git there. At the end of its time it ends with everything that it started: ssh, and helpers for HTTP."""
        command = ["git", *_SAFE, *arguments]
        try:
            process = subprocess.Popen(
                command, cwd=self.folder, env=self._environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise RepositoryError(f"git can't be run in {self.folder}: {error.strerror}", "install git") from error
        with process:
            try:
                output, errors = process.communicate(timeout=self._seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                raise RepositoryError(
                    f"{_shown(self.url)} did not answer within {self._seconds:g} seconds", "see whether it can be reached from here"
                ) from None
            except BaseException:
                _end(process)
                raise
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _is_remote(repository: str) -> bool:
    return bool(_REMOTE.match(repository)) and not Path(repository).exists()


def _location(repository: str) -> str:
    """What git fetches from: a URL as it is, a path as an absolute one."""
    if _TRANSPORT.match(repository) or (repository.startswith("-") and not Path(repository).exists()):
        raise RepositoryError(
            f"{_shown(repository)}: git is not asked for such a repository", "--repo is a path, or a URL of https, http, ssh or file"
        )
    if _is_remote(repository):
        return repository
    path = Path(repository).resolve()
    if not path.is_dir():
        raise RepositoryError(f"{_shown(repository)}: there is no such folder", "--repo is the path of a git repository, or its URL")
    return str(path)


def _bare(url: str) -> str:
    return _CREDENTIALS.sub(lambda match: match.group(1) or f"{match.group(2)}@", url)


def _shown(text: str) -> str:
    return _CONTROL.sub(" ", _bare(text))[:_LONGEST]


def _said(errors: bytes) -> str:
    """What git said, in one line, without credentials."""
    lines = [line.removeprefix("fatal: ").removeprefix("error: ").strip() for line in errors.decode("utf-8", "replace").splitlines()]
    return _shown("; ".join(line for line in lines if line and not line.startswith("hint:")))
