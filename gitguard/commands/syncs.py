"""Which revision of git each Application's objects are meant by: the one that Argo CD synced, if git's own automation or a sync forward did that."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitguard.model.desired import Synced
from gitguard.reconciler.desired import synced
from gitguard.reconciler.operations import Operation, operation

_WHOLE = (40, 64)


class Astray(NamedTuple):
    """An Application that somebody had synced to what is not git's word: at which version of it that was ordered, and what it was."""

    application: str
    version: str
    ordered: Operation
    action: str
    reason: str


class Moved(NamedTuple):
    """An Application says at a version of it that it was synced to other revisions than before; whoever wrote that."""

    application: str
    version: str
    revisions: Synced
    at: float


class Syncs:
    """Follows the Applications of a cluster. `precedes` (older, newer) and `contains` tell of git's history."""

    def __init__(self, precedes: Callable[[str, str], bool], contains: Callable[[str], bool]) -> None:
        self._precedes = precedes
        self._contains = contains
        self.accepted: dict[str, Synced] = {}
        self.moved: dict[str, Moved] = {}
        """What Applications say of themselves, and what is not accepted before it is known who wrote it."""
        self._live: dict[str, Mapping[str, Any]] = {}
        self._ordered: dict[str, tuple[tuple[object, ...], str]] = {}
        self._refused: dict[str, Synced] = {}
        self._told: dict[str, tuple[object, ...]] = {}

    def take(self, name: str, application: Mapping[str, Any], now: float, *, is_first: bool = False) -> Astray | None:
        """An Application as it is at a time (seconds of any clock); whether that is astray, once for each sync.

        `is_first`: there is nothing to compare it with, and it is believed.
        """
        version = str((application.get("metadata") or {}).get("resourceVersion") or "")
        before, self._live[name] = self._live.get(name), application
        done = operation(application)
        astray = None
        if done is not None:
            identity = (done.revisions, done.local, done.back, done.automated)
            # While it runs, the order stays there, and Argo CD's controller writes to the object.
            if done.is_running and not done.started and (before is None or before.get("operation") != application["operation"]):
                self._ordered[name] = identity, version
            astray = self._astray(name, done, version)
        told = (done.started, done.revisions, done.local) if done else ()
        if astray is None:
            self._follow(name, synced(application), version, now, is_first=is_first)
            self._told.pop(name, None)
            return None
        # What it says of itself meanwhile is of that sync; whoever writes to it next did not make it say so.
        if (said := synced(application)) != self.accepted.get(name):
            self._refused[name] = said
        if done is None or done.is_running or self._told.get(name) == told:
            return None
        self._told[name] = told
        return astray

    def again(self, name: str) -> None:
        """What was told of it could not be answered: tell it once more."""
        self._told.pop(name, None)

    def accept(self, name: str) -> None:
        """It was Argo CD, or nobody can say who."""
        moved = self.moved.pop(name)
        self.accepted[name] = moved.revisions

    def refuse(self, name: str) -> None:
        """It was somebody else: what was synced before counts, as long as it says this."""
        self._refused[name] = self.moved.pop(name).revisions

    def _follow(self, name: str, said: Synced, version: str, now: float, *, is_first: bool) -> None:
        known = self.accepted.get(name)
        if said == known:
            self._refused.pop(name, None)
        if not said.revisions or said == known or said == self._refused.get(name):
            self.moved.pop(name, None)
        elif is_first:
            self.accepted[name] = said
        elif name not in self.moved or self.moved[name].revisions != said:
            self.moved[name] = Moved(name, version, said, now)

    def is_running(self, name: str) -> str:
        """Since when a sync runs, RFC 3339; "now" where it waits to be begun, "" where none does."""
        application = self._live.get(name)
        done = operation(application) if application is not None else None
        return (done.started or "now") if done is not None and done.is_running else ""

    def is_going(self, name: str) -> bool:
        """Is it being deleted, and what it deploys maybe with it?"""
        return bool((self._live.get(name, {}).get("metadata") or {}).get("deletionTimestamp"))

    def live(self, name: str) -> Mapping[str, Any] | None:
        """The Application as it was seen last."""
        return self._live.get(name)

    def gone(self, name: str) -> None:
        """It was deleted; what was synced counts until it is there again."""
        self._live.pop(name, None)

    def _astray(self, name: str, done: Operation, version: str) -> Astray | None:
        if done.automated or done.partial:
            return None
        identity = (done.revisions, done.local, done.back, done.automated)
        ordered, at = self._ordered.get(name, (identity, version))
        where = at if ordered == identity else version
        if done.local:
            return Astray(name, where, done, "sync", "a sync of manifests that are in no git repository")
        accepted = self.accepted.get(name)
        if accepted is None or not done.revisions or len(done.revisions) != len(accepted.revisions):
            return None
        for asked, good in zip(done.revisions, accepted.revisions, strict=True):
            if len(asked) == len(good) and len(good) in _WHOLE and asked != good and (self._precedes(asked, good) or not self._contains(asked)):
                what = "a rollback" if done.back else "a sync"
                return Astray(name, where, done, "rollback" if done.back else "sync", f"{what} to {asked[:12]}, and git is at {good[:12]}")
        return None
