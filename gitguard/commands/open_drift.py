"""An object that is not as git has it, as long as it is not; and what all that settle it share."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from gitguard.edges import clock
from gitguard.edges.cluster import Resource
from gitguard.model.desired import Wanted
from gitguard.model.drift import Change, Drift, ObjectKey
from gitguard.reconciler.tracking import Since, tracked

_Object = Mapping[str, Any]


class Told(Protocol):
    """Whoever is told what happens: metrics and logs."""

    def drifted(self, found: Drift) -> None:
        """Something was found, and decided."""

    def acted(self, found: Drift, act: str, result: str, seconds: float) -> None:
        """Something was done."""

    def alerted(self, what: str, reason: str) -> None:
        """Somebody has to look."""

    def returned(self, key: ObjectKey) -> None:
        """An object is as git has it again."""

    def audited(self) -> None:
        """An audit event came."""

    def missed(self, why: str) -> None:
        """There is a gap in what is told."""

    def restarted(self, kind: str, why: str) -> None:
        """A watch broke off."""


class Standing:
    """What one watch may do at present: `name` is its cluster's, `enforce` says whether git's word is put back at all.

    `silence` is why git's word can't be had, and `broken` why the ledger can't be written, "" where that is well; nothing is put back else.
    """

    def __init__(self, name: str, *, enforce: bool) -> None:
        self.name = name
        self.enforce = enforce
        self.silence = ""
        self.broken = ""


class Open:
    """One object that is not as git has it.

    `live` is the object as it was compared, None where it is gone, `answer` what the API server made of git's word, None where it would not say.
    `since` tells when each of the `changes` came up. `due` is when there is something to do, by the monotonic clock, None for nothing before
    something happens, and not before `retry_at`. `logged` is what was decided, by incident.
    """

    def __init__(self, resource: Resource, wanted: Wanted, found: float) -> None:
        self.resource = resource
        self.wanted = wanted
        self.live: _Object | None = None
        self.uid = ""
        self.version = ""
        self.answer: _Object | None = None
        self.changes: tuple[Change, ...] = ()
        self.since: dict[str, Since] = {}
        self.found = found
        self.detected_at = clock.now()
        self.due: float | None = found
        self.retry_at = 0.0
        self.failures = 0
        self.logged: dict[str, str] = {}

    @property
    def key(self) -> ObjectKey:
        """Which object."""
        return self.wanted.key

    def track(self, changes: Sequence[Change], version: str, *, is_certain: bool, after: str) -> None:
        """What differs at a version."""
        self.since = tracked(self.since, changes, version, is_certain=is_certain, after=after)

    def renew(self, wanted: Wanted, live: _Object | None, answer: _Object | None, changes: tuple[Change, ...], version: str, uid: str) -> None:
        """How it is now."""
        if self.changes and {(one.path, repr(one.live)) for one in changes} != {(one.path, repr(one.live)) for one in self.changes}:
            self.found, self.detected_at = clock.monotonic(), clock.now()
        self.wanted, self.live, self.answer, self.changes, self.version, self.uid = wanted, live, answer, changes, version, uid
