"""Git as the only source of files: the work tree, the index or a commit; tracked files only, and nothing that git would run.

It speaks git's plumbing directly: a library of git's costs more to import than a whole hook run may take.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from gitguard.model.errors import RepositoryError
from gitguard.model.files import REGULAR, SUBMODULE, SYMLINK, Entry

# fsmonitor and hooks are programs that a repository's own configuration could name; lazy fetches would be a surprise on the network.
_SAFE = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.quotePath=false")
# Replacements and grafts show another history than the one that was pushed.
_AS_STORED = {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": os.devnull}
_SAFE_ENVIRONMENT = {**_AS_STORED, "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_QUARANTINE = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_SHALLOW_FILE")
_BOUND_TO_A_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", *_QUARANTINE)


class Staged(NamedTuple):
    """One path that differs between HEAD and the index; `before` or `after` is None where the path is added or deleted."""

    path: str
    before: Entry | None
    after: Entry | None


class GitRepository:
    """A repository found on this machine. `root` is its work tree, or the git directory of a bare repository;
    `below` the part of it that was asked for."""

    def __init__(self, root: Path, environment: Mapping[str, str], *, bare: bool = False, below: str = "") -> None:
        self.root = root
        self.bare = bare
        self.below = below
        self._environment = environment

    def work_tree(self) -> tuple[Entry, ...]:
        """Every tracked file as it lies in the work tree; files deleted there are gone, sparse ones come from the index."""
        if self.bare:
            raise RepositoryError(
                f"{self.root} is a bare repository: it has no work tree to judge", "name a commit: gitguard check --commit REF PATH"
            )
        listed = self.ask("ls-files", "-z", "-s", "-t", "--cached", "--deleted", "--modified")
        entries: dict[str, Entry] = {}
        changed: set[str] = set()
        removed: set[str] = set()
        for tag, mode, blob, path in _listed(listed):
            if tag == "R":
                removed.add(path)
            elif tag == "C":
                changed.add(path)
            else:
                entries[path] = Entry(path, mode, blob, stored=tag == "S")
        return tuple(
            Entry(path, _mode_on_disk(self.root / path, entry.mode), "") if path in changed else entry
            for path, entry in entries.items()
            if path not in removed
        )

    def index(self) -> tuple[Entry, ...]:
        """Every file as the index holds it: what the next commit would contain."""
        listed = self.ask("ls-files", "-z", "-s", "-t", "--cached")
        rows = list(_listed(listed))
        if any(tag == "M" for tag, *_ in rows):
            raise RepositoryError("the index has unmerged files", "resolve the conflicts and `git add` the files, then try again")
        return tuple(Entry(path, mode, blob, stored=True) for _, mode, blob, path in rows)

    def staged(self) -> tuple[Staged, ...]:
        """What the index changes against HEAD, deletions and renames (as delete and add) included."""
        try:
            listed = self._changed_since("HEAD")
        except RepositoryError:
            if self._has_head():
                raise
            listed = self._changed_since(_EMPTY_TREE)
        fields = [part.decode("utf-8", "surrogateescape") for part in listed.split(b"\0")]
        changes = []
        for description, path in zip(fields[0::2], fields[1::2], strict=False):
            mode, new_mode, blob, new_blob, _status = description[1:].split(" ")
            before = Entry(path, mode, blob, stored=True) if set(blob) != {"0"} else None
            after = Entry(path, new_mode, new_blob, stored=True) if set(new_blob) != {"0"} else None
            changes.append(Staged(path, before, after))
        return tuple(changes)

    def commit(self, revision: str) -> tuple[Entry, ...]:
        """Every file of a commit, named as git names revisions."""
        missing = RepositoryError(f"there is no commit `{revision}` in {self.root}", "see `git log` for the commits there are")
        if not revision or revision.startswith("-"):
            raise missing
        try:
            listed = self.ask("ls-tree", "-r", "-z", "--full-tree", f"{revision}^{{commit}}")
        except RepositoryError as error:
            raise missing from error
        rows = (row.partition("\t") for row in listed.decode("utf-8", "surrogateescape").split("\0") if row)
        described = ((description.split(" "), path) for description, _, path in rows)
        return tuple(Entry(path, mode, blob, stored=True) for (mode, _, blob), path in described)

    def urls(self) -> tuple[str, ...]:
        """The URLs of the remotes."""
        listed = self.ask("config", "-z", "--get-regexp", r"^remote\..*\.url$", allow=(0, 1))
        return tuple(row.decode("utf-8", "replace").partition("\n")[2] for row in listed.split(b"\0") if row)

    def read(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | OSError]]:
        """The content of each entry, in order; an OSError in its place where it can't be read."""
        stored = [entry for entry in entries if entry.stored]
        blobs = self._blobs(stored) if stored else iter(())
        root = str(self.root)
        for entry in entries:
            yield entry, next(blobs) if entry.stored else _content(f"{root}/{entry.path}", entry.mode)

    def _blobs(self, entries: Iterable[Entry]) -> Iterator[bytes | OSError]:
        request = "".join(f"{entry.blob}\n" for entry in entries).encode()
        answer = self.ask("cat-file", "--batch", stdin=request)
        position = 0
        while position < len(answer):
            end = answer.index(b"\n", position)
            head = answer[position:end].split(b" ")
            position = end + 1
            if len(head) != 3:
                yield OSError("git does not have its content (a partial or damaged clone)")
                continue
            size = int(head[2])
            yield answer[position : position + size]
            position += size + 1

    def _changed_since(self, tree: str) -> bytes:
        return self.ask("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-ext-diff", "--abbrev=64", tree)

    def _has_head(self) -> bool:
        return bool(self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}", allow=(0, 1)))

    def ask(self, *arguments: str, stdin: bytes | None = None, allow: Sequence[int] = (0,)) -> bytes:
        """What git says; RepositoryError where it ends with another exit code than those allowed."""
        return _run(self.root, self._environment, arguments, stdin, allow)


_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def unbound(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment without what git tells its hooks of the repository that they are in: for git in another one."""
    return {key: value for key, value in environment.items() if key not in _BOUND_TO_A_REPOSITORY}


def unattended(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for git in a repository of gitguard's own, which may fetch: with the user's credentials, but nobody is asked for any."""
    kept = {key: value for key, value in unbound(environment).items() if key not in ("GIT_CONFIG", "GIT_NO_LAZY_FETCH")}
    return {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def find(path: Path, environment: Mapping[str, str], *, named: bool) -> GitRepository:
    """The repository around `path`. A path that the user `named` is looked at by itself, whatever repository a surrounding hook is in."""
    if not path.exists():
        raise RepositoryError(f"{path}: there is no such file or directory", "name a directory inside a git repository")
    start = path if path.is_dir() else path.parent
    kept = dict(unbound(environment) if named else environment)
    kept |= _SAFE_ENVIRONMENT
    # Outside of a work tree git answers the first two questions and fails at the third.
    answer = _run(start, kept, ("rev-parse", "--is-bare-repository", "--is-inside-work-tree", "--show-toplevel"), None, (0, 128))
    bare, _, rest = answer.decode("utf-8", "surrogateescape").partition("\n")
    inside, _, shown = rest.partition("\n")
    if inside != "true":
        directory = _run(start, kept, ("rev-parse", "--absolute-git-dir"), None, (0,)).decode("utf-8", "surrogateescape")
        return GitRepository(Path(directory.removesuffix("\n")), kept, bare=True)
    root = Path(shown.removesuffix("\n"))
    resolved = path.resolve()
    below = "" if resolved == root.resolve() else resolved.relative_to(root.resolve()).as_posix()
    return GitRepository(root, kept, bare=bare == "true", below=below if named else "")


def _run(directory: Path, environment: Mapping[str, str], arguments: Sequence[str], stdin: bytes | None, allow: Sequence[int]) -> bytes:
    try:
        done = subprocess.run(["git", *_SAFE, *arguments], cwd=directory, env=dict(environment), input=stdin, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise RepositoryError("git is not on PATH, and gitguard reads files through git only", "install git") from error
    if done.returncode not in allow:
        raise _explained(directory, done.stderr.decode("utf-8", "replace"))
    return done.stdout


def _explained(directory: Path, said: str) -> RepositoryError:
    first = said.strip().splitlines()[0].removeprefix("fatal: ") if said.strip() else "git failed without a word"
    if "not a git repository" in said:
        return RepositoryError(f"{directory} is not inside a git repository", "gitguard judges tracked files only: `git init` and `git add` them")
    if "dubious ownership" in said:
        return RepositoryError(f"git refuses {directory}: it belongs to another user", "git config --global --add safe.directory <path>")
    return RepositoryError(f"git can't read {directory}: {first}", "run `git status` there to see more")


def _listed(answer: bytes) -> Iterator[tuple[str, str, str, str]]:
    for row in answer.decode("utf-8", "surrogateescape").split("\0"):
        if row:
            description, _, path = row.partition("\t")
            tag, mode, blob, _stage = description.split(" ")
            yield tag, mode, blob, path


def _mode_on_disk(path: Path, mode: str) -> str:
    if mode == SUBMODULE:
        return mode
    return SYMLINK if path.is_symlink() else REGULAR[0]


def _content(path: str, mode: str) -> bytes | OSError:
    """A file's bytes, or where a symbolic link leads, as git stores it."""
    try:
        if mode == SYMLINK:
            return os.fsencode(Path(path).readlink())
        # A path that turned into a link since git looked must not lead out of the repository.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            return file.readall()
    except OSError as error:
        return error
