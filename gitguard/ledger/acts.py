"""Acts that were announced and have no outcome: what a writer that died may have done, and somebody has to judge again."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.tiles import WIDTH, bundle_path, unpacked

_MOST_LISTED = 1000


class Acts:
    """The acts that are open at one size of the log, by their ids: the number of the announcement, and the announcement."""

    def __init__(self, opened: Mapping[str, tuple[int, Mapping[str, Any]]]) -> None:
        self._open = dict(opened)

    def copy(self) -> "Acts":
        """The same, to go on from."""
        return Acts(self._open)

    def announcements(self) -> tuple[Mapping[str, Any], ...]:
        """The intents, in their order."""
        return tuple(entry for _, entry in sorted(self._open.values(), key=lambda one: one[0]))

    def told(self, number: int, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """The entry as it goes into the log at that number; LedgerError where it is no part of the story that the log tells so far.

        A heartbeat lists the numbers of the intents that are open, so that nobody has to look for them before it.
        """
        kind = entry.get("kind")
        act = str(entry.get("id" if kind == "intent" else "intent"))
        if kind == "intent":
            if act in self._open:
                raise LedgerError(f"the act {act} is announced already, and has no outcome yet")
            self._open[act] = (number, entry)
        elif kind == "outcome" and self._open.pop(act, None) is None:
            raise LedgerError(f"an outcome of the act {act}, which is not announced or has one already")
        elif kind == "heartbeat":
            listed = sorted(one for one, _ in self._open.values())
            known = {name: part for name, part in entry.items() if name != "unfinished"}
            return {**known, "unfinished": listed} if len(listed) <= _MOST_LISTED else known
        return entry


def unfinished(size: int, read: Callable[[str], bytes]) -> Acts:
    """The open acts of a log, read from its end back to the last heartbeat that lists them; LedgerError where the log can't be read."""
    found: dict[str, tuple[int, Mapping[str, Any]]] = {}
    known: set[str] = set()

    def tell(number: int, entry: Mapping[str, Any]) -> None:
        act = str(entry.get("id" if entry["kind"] == "intent" else "intent"))
        if act not in known and entry["kind"] == "intent":
            found[act] = (number, entry)
        known.add(act)

    for number, entry in _backwards(size, read):
        listed = entry.get("unfinished")
        if entry["kind"] != "heartbeat":
            tell(number, entry)
        elif isinstance(listed, list):
            for one, data in _at(listed, size, read):
                tell(one, data)
            break
    return Acts(found)


def last_beat(size: int, read: Callable[[str], bytes]) -> Mapping[str, Any] | None:
    """The last heartbeat of a log, None where it has none; LedgerError where the log can't be read."""
    return next((entry for _, entry in _backwards(size, read) if entry["kind"] == "heartbeat"), None)


def newest(kind: str, size: int, most: int, read: Callable[[str], bytes]) -> Iterator[Mapping[str, Any]]:
    """The entries of a kind among the last so many of a log, the newest first; LedgerError where the log can't be read."""
    for _, entry in _backwards(size, read, (kind,), max(0, size - most)):
        yield entry


def _backwards(
    size: int, read: Callable[[str], bytes], kinds: Sequence[str] = ("intent", "outcome", "heartbeat"), first: int = 0
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The entries of these kinds, down to the bundle of the one with the number `first`, the last one first."""
    telling = [f'"kind":"{kind}"'.encode() for kind in kinds]
    for index in range((size - 1) // WIDTH, first // WIDTH - 1, -1):
        path = bundle_path(index, min(WIDTH, size - index * WIDTH))
        data = read(path)
        # Entries are canonical JSON, so that a kind is always written like this; most bundles have none of these.
        if not any(kind in data for kind in telling):
            continue
        held = unpacked(data, path)
        for position in range(len(held) - 1, -1, -1):
            if any(kind in held[position] for kind in telling):
                entry = _entry(held[position])
                if entry.get("kind") in kinds:
                    yield index * WIDTH + position, entry


def _at(numbers: Sequence[Any], size: int, read: Callable[[str], bytes]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The intents at those numbers."""
    for number in numbers:
        if isinstance(number, int) and 0 <= number < size:
            index = number // WIDTH
            path = bundle_path(index, min(WIDTH, size - index * WIDTH))
            entry = _entry(unpacked(read(path), path)[number % WIDTH])
            if entry.get("kind") == "intent":
                yield number, entry


def _entry(data: bytes) -> Mapping[str, Any]:
    try:
        entry = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return entry if isinstance(entry, dict) else {}
