"""A change to a repository: what was there before and is there after, the paths between, and who made it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gitguard.model.files import Entry
from gitguard.model.finding import ObjectRef, Site
from gitguard.model.repository import Repository


class ChangedPath(NamedTuple):
    """One path that differs. `before` or `after` is None where it is added or deleted; of a file that was renamed both are there, by their paths."""

    before: Entry | None
    after: Entry | None

    @property
    def path(self) -> str:
        """Where it is now, or was last."""
        return self.after.path if self.after is not None else self.before.path if self.before is not None else ""

    @property
    def paths(self) -> frozenset[str]:
        """The paths that it has touched: two of a rename."""
        return frozenset(entry.path for entry in (self.before, self.after) if entry is not None)


class Signature(NamedTuple):
    """What git says of a commit's signature. `verdict`: good, bad, unknown (of a key that is not known, or has expired) or "" for none; unvouched
    where the key has made it, and nothing tells whose key that is: `signer` is then what the key says of itself."""

    verdict: str = ""
    signer: str = ""
    key: str = ""


class Commit(NamedTuple):
    """A commit of the change; people by their addresses, `parents` by id."""

    id: str
    parents: tuple[str, ...]
    author: str
    committer: str
    signature: Signature = Signature()


class Occasion(NamedTuple):
    """What the CI system says of the change, as far as it does. `base` is the branch that it goes to, `head` the one that it comes from, both without
    refs/heads/; `author` has opened it, `approvers` have approved it: None where nobody tells."""

    base: str = ""
    head: str = ""
    author: str = ""
    approvers: frozenset[str] | None = None


class Promotion(NamedTuple):
    """What reaches an environment that comes after another one.

    `files` are its changed files: before, after, and the versions that the other environment has had of its counterpart, None where it never had
    one. `commits` are those, by id, that the other environment's branches do not have, None where that is not known; () where it has no branches.
    """

    files: Mapping[str, tuple[bytes | None, bytes, tuple[bytes, ...] | None]] = MappingProxyType({})
    commits: tuple[str, ...] | None = ()


class SuppressionChange(NamedTuple):
    """A suppression in a comment that accepts more than before: its place, the object it stands in, and how."""

    site: Site
    object: ObjectRef
    message: str


class Change(NamedTuple):
    """What is judged. `before` and `after` are judged by the same configuration; `gate` has the contents, before and after, of the changed files that
    decide how, and whether, gitguard is run, and with a GitHub workflow those of all others: None where there is none. `promotions` are by the names
    of environments. `paths` are in the order of their names, `commits` the newest first. `suppressions` are the comments that accept
    more than before."""

    before: Repository
    after: Repository
    paths: tuple[ChangedPath, ...] = ()
    commits: tuple[Commit, ...] = ()
    occasion: Occasion = Occasion()
    gate: Mapping[str, tuple[bytes | None, bytes | None]] = MappingProxyType({})
    promotions: Mapping[str, Promotion] = MappingProxyType({})
    suppressions: tuple[SuppressionChange, ...] = ()

    @property
    def renamed(self) -> Mapping[str, str]:
        """Where files are now that were elsewhere before."""
        moved = ((one.before, one.after) for one in self.paths)
        return {before.path: after.path for before, after in moved if before is not None and after is not None and before.path != after.path}
