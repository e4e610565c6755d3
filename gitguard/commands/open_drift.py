"""An object that is not as git has it, as long as it is not; and what all that settle it share."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from gitguard.commands.recording import incident
from gitguard.edges import clock
from gitguard.edges.cluster import Resource
from gitguard.model.desired import Wanted
from gitguard.model.drift import Actor, Change, Drift, ObjectKey
from gitguard.model.policy import Decision
from gitguard.reconciler.decide import is_proven
from gitguard.reconciler.severity import severity
from gitguard.reconciler.tracking import Since, number, tracked

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
    something happens, and not before `retry_at`. `logged` is what was decided, by incident, and `decided` of which changes, as they were then. `by`
    are their writers, as far as they were known for certain: the evidence is not remembered for ever.
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
        self.decided: dict[str, Since] = {}
        self.by: dict[str, tuple[Since, Actor]] = {}

    @property
    def key(self) -> ObjectKey:
        """Which object."""
        return self.wanted.key

    @property
    def unseen(self) -> frozenset[str]:
        """The paths of what came while nobody looked."""
        return frozenset(path for path, since in self.since.items() if not since.is_certain)

    def seen(self, changes: tuple[Change, ...], version: str, *, is_certain: bool, after: str) -> "Open | None":
        """What differs at a version from now on; the changes that are gone, or are others now, and of which nothing was decided, as it was."""
        before, self.since = self.since, tracked(self.since, changes, version, is_certain=is_certain, after=after)
        return self._undecided({path: since for path, since in before.items() if self.since.get(path) != since})

    def left(self) -> "Open | None":
        """The changes of which nothing was decided yet, as it is, where it is not looked at any more."""
        return self._undecided(self.since)

    def renew(self, wanted: Wanted, live: _Object | None, answer: _Object | None, changes: tuple[Change, ...], version: str, uid: str) -> None:
        """How it is now."""
        if self.changes and {(one.path, repr(one.live)) for one in changes} != {(one.path, repr(one.live)) for one in self.changes}:
            self.found, self.detected_at = clock.monotonic(), clock.now()
        self.wanted, self.live, self.answer, self.changes, self.version, self.uid = wanted, live, answer, changes, version, uid

    def decide(self, changes: Iterable[tuple[Change, Actor]]) -> None:
        """It is decided, and told where it has to be, what is done about these changes of these writers."""
        for change, actor in changes:
            if (since := self.since.get(change.path)) is not None:
                self.decided[change.path] = since
                if is_proven(actor):
                    self.by[change.path] = since, actor

    def settled(self) -> None:
        """Everything that differs is decided elsewhere."""
        self.decided = dict(self.since)

    def aside(self, wanted: Wanted) -> "Open":
        """As it is, to be followed beside this one, which decides what differs now."""
        made = self._same(wanted, self.changes, self.since)
        made.settled()
        return made

    def after(self, before: "Open") -> "Open":
        """It goes on from what was let be: what differs as it did then is still those writers'."""
        self.since, self.decided, self.by = before.since, before.decided, before.by
        return self

    def drift(self, decision: Decision, cluster: str) -> Drift:
        """What the ledger is told of some of the changes, in the cluster of that name."""
        changes = tuple(change for change, _ in decision.changes)
        actor = max((actor for _, actor in decision.changes), key=lambda actor: (is_proven(actor), actor.at))
        action = "delete" if self.live is None else "update"
        # What is written anew is another incident, though what it is together with is as it was.
        newest = max((number(self.since[change.path].version) for change in changes if change.path in self.since), default=0)
        how = "" if self.live is None or self.answer is not None else " (compared by structure: the API server may not be asked here)"
        what = decision.reason if decision.what == "log" else ""
        return Drift(
            id=incident(cluster, self.key, self.uid, str(newest or self.version), changes, what),
            key=self.key, api_version=self.resource.api_version, uid=self.uid, version=self.version, action=action,
            severity=severity(self.key, changes, action), actor=actor, changes=changes, changed_at=actor.at, detected_at=self.detected_at,
            decision=decision.what, reason=decision.reason + how, commit=self.wanted.commit, origin=self.wanted.origin,
        )  # fmt: skip

    def _undecided(self, some: Mapping[str, Since]) -> "Open | None":
        """Those of these changes that somebody wrote and of which nothing was decided, with the object as it is."""
        since = {path: one for path, one in some.items() if one.version and self.decided.get(path) != one}
        if not since:
            return None
        return self._same(self.wanted, [change for change in self.changes if change.path in since], since)

    def _same(self, wanted: Wanted, changes: Iterable[Change], since: Mapping[str, Since]) -> "Open":
        made = Open(self.resource, wanted, self.found)
        made.live, made.answer, made.version, made.uid, made.detected_at = self.live, self.answer, self.version, self.uid, self.detected_at
        made.changes, made.since = tuple(changes), dict(since)
        return made
