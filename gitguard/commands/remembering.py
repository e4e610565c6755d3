"""What was read or rendered once, remembered, and forgotten when there is too much of it."""

from collections import OrderedDict
from typing import Any

from gitguard.model.desired import Desired

_SPARE_OBJECTS = 5_000


class Results:
    """What Applications deploy: all that the last question was about, and about as much of what came before it.

    Not every version that an Application ever had: each may be of thousands of objects.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[str, Desired] = OrderedDict()
        self._most_asked = 0

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __getitem__(self, key: str) -> Desired:
        return self._held[key]

    def keep(self, key: str, made: Desired) -> None:
        """Remember one."""
        self._held[key] = made

    def forget(self, used: set[str]) -> None:
        """Forget the oldest that are too many; `used` are those of the question."""
        for key in used:
            self._held.move_to_end(key)
        self._most_asked = max(self._most_asked, sum(_weight(self._held[key]) for key in used))
        held = sum(map(_weight, self._held.values()))
        while held > 2 * self._most_asked + _SPARE_OBJECTS:
            held -= _weight(self._held.popitem(last=False)[1])


def _weight(made: Desired) -> int:
    """How many objects it holds, and one for itself."""
    return 1 + len(made.objects)


def remember(memory: "OrderedDict[Any, Any]", key: Any, value: Any, most: int) -> None:
    """Keep it, and forget the oldest where that makes too many."""
    memory[key] = value
    while len(memory) > most:
        memory.popitem(last=False)
