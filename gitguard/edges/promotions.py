"""What git knows of the way from one environment to the next: earlier versions of a file, commits that a branch does not have."""

from collections.abc import Iterable, Sequence

from gitguard.edges.git import GitRepository
from gitguard.model.files import REGULAR, Entry

# A file that was changed more often than this since is compared with the newest of its versions.
_MOST_VERSIONS = 200


def versions(git: GitRepository, commit: str, path: str) -> tuple[bytes, ...] | None:
    """The contents that a file has had up to a commit, the newest first; None where it never was there."""
    options = ("--format=", "--raw", "-z", "--abbrev=64", "--no-renames", "-m", "--no-ext-diff", f"-n{_MOST_VERSIONS}")
    listed = git.ask("--literal-pathspecs", "log", *options, "--end-of-options", commit, "--", path).decode("utf-8", "replace")
    blobs = []
    for description in listed.split("\0"):
        if description.startswith(":"):
            _, mode, _, blob, _ = description[1:].split(" ")
            if mode in REGULAR and blob not in blobs:
                blobs.append(blob)
    found = tuple(content for _, content in git.read([Entry(path, REGULAR[0], blob, stored=True) for blob in blobs]) if isinstance(content, bytes))
    return found or None


def missing(git: GitRepository, base: str, head: str, branches: Sequence[str]) -> tuple[str, ...] | None:
    """The commits of a change that none of these branches (globs) has, the newest first; None where no such branch is here. A merge that nothing
    was added to by hand is not counted."""
    patterns = [f"refs/{place}/{branch}" for branch in branches for place in ("heads", "remotes/origin")]
    tips = git.ask("for-each-ref", "--format=%(objectname)", *patterns).decode().split()
    if not tips:
        return None
    rows = git.ask("rev-list", "--parents", head, f"^{base}", *(f"^{tip}" for tip in tips)).decode().splitlines()
    return tuple(commit for commit, *parents in (row.split() for row in rows) if len(parents) != 2 or not _is_plain_merge(git, commit, parents))


def _is_plain_merge(git: GitRepository, commit: str, parents: Iterable[str]) -> bool:
    merged = git.ask("merge-tree", "--write-tree", *parents, allow=(0, 1, 129)).decode().split()
    return bool(merged) and merged[0] == git.ask("rev-parse", f"{commit}^{{tree}}").decode().strip()
