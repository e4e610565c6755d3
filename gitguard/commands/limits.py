"""What keeps putting back from becoming a storm: a cap on how much is done unasked, and pauses for whoever writes without end."""

from collections import deque
from collections.abc import Collection

from gitguard.commands.open_drift import Open, Standing, Told
from gitguard.commands.recording import Record, incident
from gitguard.edges import clock
from gitguard.model.drift import Drift, ObjectKey
from gitguard.model.policy import Policy
from gitguard.reconciler.desired import shown
from gitguard.reconciler.fights import Heat

_MINUTE = 60.0


class Limits:
    """Remembers what was put back lately."""

    def __init__(self, standing: Standing, record: Record, told: Told) -> None:
        self._standing, self._record, self._told = standing, record, told
        self._reverts: deque[float] = deque()
        self._capped, self._capped_at = "", 0
        self._confirmed: set[ObjectKey] = set()
        self._heat: dict[ObjectKey, Heat] = {}
        self._fighting: dict[ObjectKey, str] = {}

    def hold(self, one: Open, policy: Policy, open_: Collection[ObjectKey]) -> str:
        """Why nothing is put back at present, "" where nothing speaks against it. A confirmation is for everything that waits, which is `open_`."""
        if self._standing.silence:
            return f"git's word can't be had: {self._standing.silence}"
        cap, now = policy.cap, clock.monotonic()
        while self._reverts and self._reverts[0] < now - _MINUTE:
            self._reverts.popleft()
        if self._capped and cap is not None and cap > self._capped_at:
            self._capped = ""
        if self._capped and policy.confirm == self._capped:
            self._capped = ""
            self._reverts.clear()
            self._confirmed = set(open_)
        if cap is None or one.key in self._confirmed:
            return ""
        if not self._capped and len(self._reverts) < cap:
            return ""
        self._cap(one, cap)
        return f"more than {cap} reverts a minute wait for `reconcile.confirm: {self._capped}` in git"

    def until(self, one: Open, found: Drift) -> float:
        """Until when an object is left alone that somebody writes again each time; 0 where nobody does."""
        heat = self._heat.get(one.key, Heat())
        if not heat.is_fight:
            return 0.0
        if one.key not in self._fighting:
            self._fighting[one.key] = found.actor.name
            reason = f"{shown(one.key)} is written again each time that it is put back, by {found.actor.name}: it is put back less and less often"
            self._record.alert(reason, "high", found.id, one.key, found.api_version)
            self._told.alerted("fight", reason)
        return heat.at + heat.pause

    def is_fought(self, key: ObjectKey, writer: str) -> bool:
        """Is it the writer of whom it was said that they write to the object without end?"""
        return self._fighting.get(key) == writer

    def reverted(self, key: ObjectKey, now: float) -> None:
        """One more was put back."""
        self._reverts.append(now)
        self._confirmed.discard(key)
        self._heat[key] = self._heat.get(key, Heat()).after_revert(now)
        if not self._heat[key].is_fight:
            self._fighting.pop(key, None)

    def _cap(self, one: Open, cap: int) -> None:
        if self._capped:
            return
        self._capped, self._capped_at = incident(self._standing.name, one.key, one.uid, one.version, (), "cap")[:12], cap
        reason = f"{cap} reverts within a minute: the rest waits until git says `reconcile.confirm: {self._capped}`, or has a higher `reconcile.cap`"
        self._record.alert(reason, "high")
        self._told.alerted("cap", reason)
