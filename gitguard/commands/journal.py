"""What is written down though nothing is done about it: once for each incident, and later where the ledger can't be written now."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from gitguard.commands.open_drift import Open, Standing, Told
from gitguard.commands.recording import Record
from gitguard.model.drift import Drift

_MOST = 100_000


class Journal:
    """Writes to the ledger, and tells metrics and logs; `found` counts incidents."""

    def __init__(self, standing: Standing, record: Record, told: Told) -> None:
        self._standing, self._record, self._told = standing, record, told
        self._logged: dict[str, None] = {}
        self._waiting: deque[tuple[Drift, Mapping[str, Any] | None]] = deque(maxlen=_MOST)
        self.found = 0

    def is_known(self, incident: str) -> bool:
        """Was it told already?"""
        return incident in self._logged

    def remember(self, incident: str) -> None:
        """It is told."""
        self._logged[incident] = None
        while len(self._logged) > _MOST:
            del self._logged[next(iter(self._logged))]

    def log(self, found: Drift, live: Mapping[str, Any] | None = None) -> None:
        """Something that happened, and that nothing is to be done about, with the object as it was; once for each incident."""
        if self.is_known(found.id):
            return
        self.remember(found.id)
        self._waiting.append((found, live))
        if not self._standing.broken:
            self.flush()

    def flush(self) -> None:
        """Write what happened while the ledger could not be written."""
        while self._waiting:
            found, live = self._waiting[0]
            self._record.drift(found, live)
            self._waiting.popleft()
            self.counted(found, is_new=True)

    def decided(self, one: Open, found: Drift) -> None:
        """What was decided of an open drift, where that is not known yet."""
        if one.logged.get(found.id) != found.decision and not self._standing.broken:
            self._record.drift(found, one.live)
            self.settled(one, found)

    def settled(self, one: Open, found: Drift) -> None:
        """The ledger has what was decided of an open drift."""
        if one.logged.get(found.id) != found.decision:
            self.counted(found, is_new=found.id not in one.logged)
            one.logged[found.id] = found.decision

    def written(self, found: Drift, live: Mapping[str, Any], *, is_new: bool) -> None:
        """Write what was decided of something that is no open drift."""
        self._record.drift(found, live)
        self.counted(found, is_new=is_new)

    def counted(self, found: Drift, *, is_new: bool) -> None:
        """Count it, and tell of it."""
        self.found += is_new
        self._told.drifted(found)
