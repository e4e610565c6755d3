"""A memory of what happened that does not grow without end."""

import heapq
from typing import NamedTuple


class Bounds(NamedTuple):
    """How much is remembered: everything of the last `seconds`, and of older things as many as make `newest` in all; never more than `most`.

    Times are of what is remembered, never a clock's: the newest thing is what the age of others is measured from.
    """

    newest: int = 20_000
    seconds: float = 3600.0
    most: int = 200_000


class Memory:
    """Which things are remembered, by an id each. In whatever order the same things come, the same are kept."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._ids: set[bytes] = set()
        self._heap: list[tuple[float, bytes]] = []
        self._latest = float("-inf")
        self.lost = 0
        """How many were forgotten before their time, because there were more than `most`."""

    def __contains__(self, thing: bytes) -> bool:
        return thing in self._ids

    def add(self, thing: bytes, time: float) -> list[bytes]:
        """Remember a thing of a time, in seconds; the ids of those that are forgotten for it, maybe its own."""
        self._ids.add(thing)
        heapq.heappush(self._heap, (time, thing))
        self._latest = max(self._latest, time)
        forgotten = []
        while self._is_too_much():
            oldest, gone = heapq.heappop(self._heap)
            self.lost += oldest >= self._latest - self._bounds.seconds
            self._ids.discard(gone)
            forgotten.append(gone)
        return forgotten

    def _is_too_much(self) -> bool:
        if len(self._heap) > self._bounds.most:
            return True
        return len(self._heap) > self._bounds.newest and self._heap[0][0] < self._latest - self._bounds.seconds
