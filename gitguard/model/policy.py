"""What git says of changes that bypass it: who may make which, what is excepted for a while, and how far reverting may go by itself."""

from typing import NamedTuple

from gitguard.model.drift import Actor, Change, ObjectKey


class Allow(NamedTuple):
    """A change that is none of git's business.

    `kind` is `Kind` or `group/Kind`, a glob. `path` is a JSON pointer, a `*` for any one step; what lies below is meant, too, and "" is the
    whole object. `writer` is the user name by which the API server knows the writer, a glob, or `group:` and a group's; "" is anybody.
    """

    kind: str = "*"
    path: str = ""
    writer: str = ""


class Exemption(NamedTuple):
    """A change that is let be until a time, by whoever is `by` (as `Allow.writer`), with the reason and the ticket of it.

    `object` is a glob of KIND/NAME or KIND/NAMESPACE/NAME, `*` for everything: breaking the glass. `paths` are as in `Allow`, none for all.
    `until` is RFC 3339 or the last day on which it holds.
    """

    object: str
    reason: str
    until: str
    ticket: str = ""
    paths: tuple[str, ...] = ()
    by: str = ""


class Followed(NamedTuple):
    """Another repository that Applications deploy from."""

    url: str
    ref: str = "main"


class Policy(NamedTuple):
    """The configuration's `reconcile`, as git has it at the commit that counts.

    `appliers` are the users that bring git's word to the cluster, beside Argo CD; globs, as `Allow.writer`. `grace` is how many seconds they have
    for Argo CD's own objects. `cap` is how many reverts a minute are made unasked, None for any number; `confirm` is the id that the alert named
    when it was reached. `unmanaged` are globs of KIND/NAMESPACE/NAME: objects like this that git does not declare are drift, and deleted.
    """

    allow: tuple[Allow, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    appliers: tuple[str, ...] = ()
    grace: float = 60.0
    cap: int | None = 60
    confirm: str = ""
    unmanaged: tuple[str, ...] = ()
    repositories: tuple[Followed, ...] = ()


class Subject(NamedTuple):
    """An object that is not as git has it: each change with who made it. `unseen` are the paths of those that came while nobody looked."""

    key: ObjectKey
    changes: tuple[tuple[Change, Actor], ...]
    unseen: frozenset[str] = frozenset()


class Decision(NamedTuple):
    """What is done about some changes of one object, and why.

    `what`: revert, hold (nothing is done before somebody decides), log, excepted, or observed.
    """

    what: str
    reason: str
    changes: tuple[tuple[Change, Actor], ...]
