"""Git's history: where a change branched off, what it touches, and who made its commits."""

from collections.abc import Iterator

from gitguard.edges.git import GitRepository
from gitguard.model.change import ChangedPath, Commit, Signature
from gitguard.model.errors import RepositoryError
from gitguard.model.files import Entry

_GONE = "000000"
_VERDICTS = {"G": "good", "U": "unvouched", "B": "bad", "X": "unknown", "Y": "unknown", "R": "bad", "E": "unknown", "N": ""}
_DEEPER = "fetch all of it: `git fetch --unshallow`, with actions/checkout `fetch-depth: 0`, with GitLab `GIT_DEPTH: 0`"
# Each file that is gone is compared with each new one, where no two are equal: a larger limit takes minutes for a rewritten repository.
_RENAMES = "-l1000"
_FORMAT = "%H%x00%P%x00%ae%x00%ce%x00%G?%x00%GS%x00%GF"


class History:
    """Asks git about the commits of one repository; nothing of a repository's own configuration is run."""

    def __init__(self, git: GitRepository) -> None:
        self._git = git

    def commit(self, revision: str) -> str:
        """The id of a commit that is named as git names revisions. Raises RepositoryError where there is none, or none is fetched."""
        if revision and not revision.startswith("-"):
            found = (
                self._git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", allow=(0, 1, 128)).decode().strip()
            )
            if found:
                return found
        advice = _DEEPER if self._is_shallow() else "fetch it first: `git fetch origin BRANCH`, and name it origin/BRANCH, or by its id"
        raise RepositoryError(f"there is no commit `{revision}` here", advice)

    def merge_bases(self, base: str, head: str) -> tuple[str, ...]:
        """Where two commits, by their ids, parted: the one that git takes first, and others where branches were merged crosswise. Raises
        RepositoryError where that is not known."""
        found = self._git.ask("merge-base", "--all", base, head, allow=(0, 1)).decode().split()
        if found:
            return tuple(found)
        if self._is_shallow():
            raise RepositoryError(f"this clone is shallow: it does not reach back to where {head[:12]} and {base[:12]} parted", _DEEPER)
        raise RepositoryError(f"{head[:12]} and {base[:12]} have no commit in common: what changes between them can't be told", "name another --base")

    def between(self, before: str, after: str) -> tuple[ChangedPath, ...]:
        """The paths that differ between two commits, by path; a file that was renamed, and is more than half the same, once."""
        options = ("-r", "-z", "--raw", "--no-ext-diff", "--no-textconv", "--abbrev=64", "-M50%", _RENAMES)
        fields = iter(self._git.ask("diff-tree", *options, before, after).decode("utf-8", "surrogateescape").split("\0"))
        return tuple(sorted(_changed(fields), key=lambda one: one.path))

    def commits(self, base: str, head: str) -> tuple[Commit, ...]:
        """The commits that `head` has and `base` has not, the newest first."""
        listed = self._git.ask("log", "-z", f"--format=tformat:{_FORMAT}%x00", "--end-of-options", f"{base}..{head}").decode("utf-8", "replace")
        fields = listed.split("\0")
        rows = [fields[start : start + 7] for start in range(0, len(fields) - 7, 8)]
        return tuple(_commit(*row) for row in rows)

    def _is_shallow(self) -> bool:
        return self._git.ask("rev-parse", "--is-shallow-repository").strip() == b"true"


def _commit(identity: str, parents: str, author: str, committer: str, verdict: str, signer: str, key: str) -> Commit:
    return Commit(identity, tuple(parents.split()), author, committer, Signature(_VERDICTS.get(verdict, "unknown"), signer, key))


def _changed(fields: Iterator[str]) -> Iterator[ChangedPath]:
    for description in fields:
        if not description:
            return
        mode, new_mode, blob, new_blob, status = description[1:].split(" ")
        path = next(fields)
        new_path = next(fields) if status[0] in "RC" else path
        before = Entry(path, mode, blob, stored=True) if mode != _GONE and status[0] != "C" else None
        after = Entry(new_path, new_mode, new_blob, stored=True) if new_mode != _GONE else None
        yield ChangedPath(before, after)
