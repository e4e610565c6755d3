"""The embedded API server's objects: one counter of versions for all of them, as etcd has it, and for each kind what happened, in order."""

import json
import threading
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from gitguard.edges.embedded_kinds import Kind
from gitguard.edges.embedded_refusals import expired

# How much of what happened to a kind is remembered at most; lists and watches from before that have expired.
_REMEMBERED = 50_000


class Version(NamedTuple):
    """An object at a revision; `rest` is its JSON without apiVersion and kind, made once."""

    value: Mapping[str, Any]
    revision: int
    rest: bytes

    @classmethod
    def of(cls, value: Mapping[str, Any], revision: int) -> "Version":
        """A value, at a revision that it already names."""
        body = {name: part for name, part in value.items() if name not in ("apiVersion", "kind")}
        return cls(value, revision, json.dumps(body, separators=(",", ":")).encode()[1:])

    def moved(self, revision: int) -> "Version":
        """The same object at another revision."""
        return Version.of({**self.value, "metadata": {**self.value["metadata"], "resourceVersion": str(revision)}}, revision)

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        labels: Mapping[str, str] = self.value["metadata"].get("labels") or {}
        return labels


class Happening(NamedTuple):
    """`before` became `after` at a revision; None: it was not there, or is there no more."""

    revision: int
    key: str
    before: Version | None
    after: Version | None


class Outcome(NamedTuple):
    """What an object becomes, and what is answered; `is_gone`: it is deleted."""

    value: Mapping[str, Any]
    is_gone: bool = False


class Page(NamedTuple):
    """Some objects of a kind as of a revision; `last` is the key of the last one where there are `remaining` more, else ""."""

    versions: tuple[Version, ...]
    revision: int
    last: str
    remaining: int


class _Collection:
    def __init__(self, lock: threading.Lock, compacted: int) -> None:
        self.held: dict[str, Version] = {}
        self.keys: list[str] = []
        self.log: list[Happening] = []
        # Nobody may begin before that revision any more. Who has begun goes on, until what they have not seen is dropped.
        self.compacted = compacted
        self.dropped = 0
        self.changed = threading.Condition(lock)

    def begin(self, revision: int) -> None:
        if revision < self.compacted:
            raise expired(revision, self.compacted)

    def since(self, revision: int) -> list[Happening]:
        if revision < self.dropped:
            raise expired(revision, self.dropped)
        return self.log[bisect_right(self.log, revision, key=attrgetter("revision")) :]

    def add(self, happening: Happening) -> None:
        self.log.append(happening)
        if len(self.log) > _REMEMBERED:
            self.dropped = self.log[_REMEMBERED // 2].revision
            self.compacted = max(self.compacted, self.dropped)
            del self.log[: _REMEMBERED // 2 + 1]
        self.changed.notify_all()


class Store:
    """All objects, for any number of threads. Values that it is given, and gives, are never changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._revision = 1
        self._compacted = 0
        self._collections: dict[str, _Collection] = {}

    def get(self, kind: Kind, key: str) -> Version | None:
        """An object as it is."""
        with self._lock:
            return self._of(kind).held.get(key)

    def change(self, kind: Kind, key: str, decide: Callable[[Mapping[str, Any] | None], Outcome], *, dry_run: bool = False) -> Version:
        """Make of what is there what `decide` says, with nothing in between; the very value that it was given is no change.

        Whatever `decide` raises is passed on.
        """
        with self._lock:
            collection = self._of(kind)
            before = collection.held.get(key)
            value, is_gone = decide(before.value if before else None)
            if before is not None and value is before.value and not is_gone:
                return before
            found = before.revision if before else 0
            if dry_run:
                return Version.of(value, found)
            self._revision += 1
            made = Version.of(value, found)
            after = None if is_gone else made.moved(self._revision)
            self._happened(collection, Happening(self._revision, key, before, after))
            return after or made

    def page(self, kind: Kind, prefix: str, selected: Callable[[Version], bool], limit: int, after: str = "", revision: int = 0) -> Page:
        """At most `limit` objects (0: all) whose keys start with `prefix` and come behind `after`, as of a revision (0: now), ordered by key.

        Raises Refused where that revision is forgotten.
        """
        with self._lock:
            collection = self._of(kind)
            collection.begin(revision or self._revision)
            # What has changed since then, as it was then.
            then: dict[str, Version | None] = {}
            for happening in collection.since(revision) if revision else ():
                then.setdefault(happening.key, happening.before)
            keys = _between(collection.keys, prefix, after)
            if then:
                old = {key for key, version in then.items() if version and key.startswith(prefix) and key > after}
                keys = sorted({*(key for key in keys if key not in then), *old})
            found: list[tuple[str, Version]] = []
            for number, key in enumerate(keys):
                version = then[key] if key in then else collection.held[key]
                if version is None or not selected(version):
                    continue
                if limit and len(found) == limit:
                    return Page(tuple(version for _, version in found), revision or self._revision, found[-1][0], len(keys) - number)
                found.append((key, version))
            return Page(tuple(version for _, version in found), revision or self._revision, "", 0)

    def begin(self, kind: Kind, revision: int) -> None:
        """May a watch begin at a revision? Raises Refused where that is forgotten."""
        with self._lock:
            self._of(kind).begin(revision)

    def wait(self, kind: Kind, revision: int, seconds: float) -> tuple[list[Happening], int]:
        """What happened to a kind after a revision, waited for that long, and the newest revision of all. Raises Refused where it is forgotten."""
        with self._lock:
            collection = self._of(kind)
            if not collection.since(revision):
                collection.changed.wait(seconds)
            return collection.since(revision), self._revision

    def wake(self) -> None:
        """Let nobody wait longer."""
        with self._lock:
            for collection in self._collections.values():
                collection.changed.notify_all()

    def compact(self) -> None:
        """Forget all versions but the newest; watches that are open go on."""
        with self._lock:
            self._compacted = self._revision
            for collection in self._collections.values():
                collection.compacted = self._revision

    def _of(self, kind: Kind) -> _Collection:
        name = kind.qualified(kind.plural)
        if name not in self._collections:
            self._collections[name] = _Collection(self._lock, self._compacted)
        return self._collections[name]

    def _happened(self, collection: _Collection, happening: Happening) -> None:
        if happening.after is None:
            del collection.held[happening.key]
            del collection.keys[bisect_left(collection.keys, happening.key)]
        else:
            if happening.before is None:
                insort(collection.keys, happening.key)
            collection.held[happening.key] = happening.after
        collection.add(happening)


def _between(keys: list[str], prefix: str, after: str) -> list[str]:
    """The keys that start with a prefix and come behind another one."""
    start = max(bisect_left(keys, prefix), bisect_right(keys, after) if after else 0)
    # No key has a character behind this one.
    return keys[start : bisect_left(keys, f"{prefix}\U0010ffff")]


def lines(
    store: Store, kind: Kind, prefix: str, selected: Callable[[Version], bool], revision: int, *, pause: float, bookmarks: bool
) -> Iterator[bytes]:
    """What a watch says: an event a line, from a revision on (0: all that is there, first); and b"" whenever nothing happened for a `pause`.

    Raises Refused where the revision is forgotten.
    """
    if not revision:
        now = store.page(kind, prefix, selected, 0)
        yield from (_line(kind, "ADDED", version) for version in now.versions)
        revision = now.revision
    else:
        store.begin(kind, revision)
    told = revision
    while True:
        happenings, newest = store.wait(kind, revision, pause)
        # What happened meanwhile elsewhere is no version of this kind, and may be told as its newest.
        revision = newest
        said = [line for line in (_told(kind, one, selected) for one in happenings if one.key.startswith(prefix)) if line]
        yield from said
        if said:
            told = revision
        elif bookmarks and not happenings and revision > told:
            told = revision
            yield _bookmark(kind, revision)
        else:
            yield b""


def _told(kind: Kind, happening: Happening, selected: Callable[[Version], bool]) -> bytes:
    """An object that comes to be selected is new, and one that ceases to be is deleted, for those who see only what is selected."""
    before = happening.before if happening.before and selected(happening.before) else None
    if happening.after and selected(happening.after):
        return _line(kind, "MODIFIED" if before else "ADDED", happening.after)
    # What is deleted is told as it was last seen, at the version of its end.
    return _line(kind, "DELETED", before.moved(happening.revision)) if before else b""


def _line(kind: Kind, what: str, version: Version) -> bytes:
    return b'{"type":"%s","object":%s%s}\n' % (what.encode(), kind.head, version.rest)


def _bookmark(kind: Kind, revision: int) -> bytes:
    return b'{"type":"BOOKMARK","object":%s"metadata":{"resourceVersion":"%d"}}}\n' % (kind.head, revision)
