"""Is a log what its checkpoint says? Reads the files by their formats alone and shares no code with what writes them, but for names of files.

What is wrong is named, with where: an auditor has to be able to say what happened.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from gitguard.ledger.chronicle import Chronicle, Remark
from gitguard.ledger.entries import decoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Checkpoint, Note, Verifier, checkpoint, note, verifier
from gitguard.ledger.remaking import EMPTY, HASH, Different, Tree, hashes_in
from gitguard.ledger.tiles import CHECKPOINT, WIDTH, Tile, bundle_path, evidence_path

Read = Callable[[str], bytes | None]
Judge = Callable[[Mapping[str, Any]], str]
_MOST_PROBLEMS = 100
_LOOKS = 5
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Problem(NamedTuple):
    """What is wrong: `what` is modified, truncated, forked, reordered, unannounced, invalid, or unknown where it could not be looked at.

    `where` is the file or the entry.
    """

    what: str
    where: str
    message: str


class Verdict(NamedTuple):
    """What was found; `checkpoint` is None where there was none to be read."""

    checkpoint: Checkpoint | None
    problems: tuple[Problem, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Was all looked at, and nothing wrong with it?"""
        return self.checkpoint is not None and not self.problems


class Anchor(NamedTuple):
    """A checkpoint that somebody remembered, and where it is from."""

    data: bytes
    where: str


_MISSING = Problem("truncated", "", "it is missing")


def verified(read: Read, trusted: Verifier, anchors: Sequence[Anchor] = (), judge: Judge = lambda entry: "") -> Verdict:
    """Verify a whole log. `read` gives the files of the log, None for one that is not there; OSError means that it could not be looked at.

    `trusted` is the key that the log began with, or any later one; `judge` says what is wrong with the shape of an entry, "" for nothing.
    """
    for _ in range(_LOOKS):
        data = _file(read, CHECKPOINT, Problem("unknown", CHECKPOINT, "there is none: this is no ledger, or its head was taken away"))
        if isinstance(data, Problem):
            return Verdict(None, (data,))
        try:
            head = _head(data, CHECKPOINT)
        except LedgerError as error:
            return Verdict(None, (Problem("modified", CHECKPOINT, error.what),))
        # Who writes takes away the partial files when larger ones stand for them: they are read first, and again if the log grew meanwhile.
        partial = {path: _file(read, path, _MISSING) for path in _partial(head.says.size)}
        if _MISSING not in partial.values() or _file(read, CHECKPOINT, _MISSING) == data:
            return _looked_at(_holding(partial, read), head, trusted, anchors, judge)
    return Verdict(None, (Problem("unknown", CHECKPOINT, "the log grows faster than it can be read: verify a copy of it"),))


def handover(old: Verifier, new: Verifier) -> str:
    """What both keys sign when one hands over to the other."""
    return f"gitguard ledger key handover\n{old}\n{new}\n"


def evidence_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """The digests of the evidence that an entry names, `sha256:…`."""
    actor = entry.get("actor")
    for holder in (entry, actor if isinstance(actor, Mapping) else {}):
        named = holder.get("evidence")
        yield from (one for one in (named if isinstance(named, list) else ()) if isinstance(one, str) and _DIGEST.fullmatch(one))


class _Head(NamedTuple):
    """A checkpoint, the note that it is in, and where that is from."""

    where: str
    note: Note
    says: Checkpoint


def _looked_at(read: Read, head: _Head, trusted: Verifier, anchors: Sequence[Anchor], judge: Judge) -> Verdict:
    problems = _Problems()
    remembered = [*_remembered(anchors, problems)]
    log = _Log(read, head.says, judge, {one.says.size for one in remembered})
    log.walk()
    keys = _chain(trusted, log.handovers)
    problems.add(*_signed(head, trusted, keys, log))
    for old in remembered:
        problems.add(*_anchored(old, head.says, keys, log.roots))
    return Verdict(head.says, (*log.problems, *problems), tuple(log.chronicle.remarks()))


def _partial(size: int) -> Iterator[str]:
    """The files of a tree that are partial."""
    if size % WIDTH:
        yield bundle_path(size // WIDTH, size % WIDTH)
    level = 0
    while size:
        if size % WIDTH:
            yield Tile(level, size // WIDTH, size % WIDTH).path
        level, size = level + 1, size // WIDTH


class _Problems:
    """The first of them, and how many more there are."""

    def __init__(self) -> None:
        self._kept: list[Problem] = []
        self._more = 0

    def add(self, *problems: Problem) -> None:
        free = _MOST_PROBLEMS - len(self._kept)
        self._kept += problems[:free]
        self._more += len(problems[free:])

    def __iter__(self) -> Iterator[Problem]:
        yield from self._kept
        if self._more:
            yield self._kept[-1]._replace(message=f"and {self._more} more problems")


def _file(read: Read, path: str, missing: Problem) -> bytes | Problem:
    try:
        data = read(path)
    except OSError as error:
        return Problem("unknown", path, f"it can't be read: {error.strerror or error}")
    return missing if data is None else data


def _holding(held: Mapping[str, bytes | Problem], read: Read) -> Read:
    def reading(path: str) -> bytes | None:
        found = held.get(path)
        return found if isinstance(found, bytes) else read(path)

    return reading


def _head(data: bytes, where: str) -> _Head:
    found = note(data, where)
    return _Head(where, found, checkpoint(found.text, where))


def _remembered(anchors: Iterable[Anchor], problems: _Problems) -> Iterator[_Head]:
    for anchor in anchors:
        try:
            yield _head(anchor.data, anchor.where)
        except LedgerError as error:
            problems.add(Problem("unknown", anchor.where, f"no checkpoint to compare with: {error.what}"))


def _chain(trusted: Verifier, handovers: Sequence[tuple[Verifier, Verifier]]) -> list[Verifier]:
    """The keys of the log, one to the next: those before the trusted one, which it vouched for when it took over, and those after it."""
    keys = [trusted]
    for old, new in handovers:
        if old == keys[-1]:
            keys.append(new)
    for old, new in reversed(handovers):
        if new == keys[0]:
            keys.insert(0, old)
    return keys


def _signed(head: _Head, trusted: Verifier, keys: Sequence[Verifier], log: "_Log") -> Iterator[Problem]:
    """Is it the checkpoint of this log, signed by the key that the trusted one handed over to last?"""
    signers = [key for key in keys if any((one.name, one.hash) == (key.name, key.hash) for one in head.note.signatures)]
    if not all(head.note.signed_by(key) for key in signers):
        yield Problem("modified", head.where, "its signature is not valid: the checkpoint was changed, or signed by somebody else")
    elif keys[-1] in signers:
        if head.says.origin != trusted.name:
            yield Problem("modified", head.where, f"it is the checkpoint of another log, {head.says.origin}, and not of {trusted.name}")
    elif signers:
        yield Problem("modified", head.where, f"it is signed by {signers[-1]} alone, a key that had handed over to {keys[-1]}")
    else:
        names = ", ".join(one.name for one in head.note.signatures)
        message = f"it is not signed by {keys[-1]}, but by {names}: another key, or the checkpoint of another log"
        # In what can't be read there may be the entry by which the trusted key handed over to the one that signed.
        yield Problem("modified" if log.is_whole else "unknown", head.where, message)


def _anchored(old: _Head, head: Checkpoint, keys: Sequence[Verifier], roots: Mapping[int, bytes]) -> Iterator[Problem]:
    """Does the log continue the one that is remembered?"""
    size = old.says.size
    if old.says.origin != head.origin:
        yield Problem("unknown", old.where, f"it is of another log, {old.says.origin}, and this is {head.origin}")
    elif not any(old.note.signed_by(key) for key in keys):
        yield Problem("unknown", old.where, "it is not signed by a key of this log, so that it proves nothing")
    elif size > head.size:
        yield Problem("truncated", CHECKPOINT, f"the log has {head.size} entries, and had {size} when {old.where} was remembered")
    elif size not in roots:
        yield Problem("unknown", old.where, f"the log can't be read up to its entry {size}")
    elif roots[size] != old.says.root:
        yield Problem("forked", old.where, f"the first {size} entries are not those that it remembers: the log was rewritten")


class _Log:
    """One walk over the entries: hashes made anew, tiles compared, the story of the entries followed.

    Afterwards `roots` holds the root hashes that the log had at the sizes asked for, and `is_whole` says whether every entry could be read.
    """

    def __init__(self, read: Read, head: Checkpoint, judge: Judge, sizes: Iterable[int]) -> None:
        self.problems = _Problems()
        self.chronicle = Chronicle()
        self.handovers: list[tuple[Verifier, Verifier]] = []
        self.roots = {0: EMPTY}
        self.is_whole = False
        self._read = read
        self._head = head
        self._judge = judge
        self._sizes: dict[int, list[int]] = {}
        for size in sizes:
            self._sizes.setdefault((size - 1) // WIDTH, []).append(size)
        self._different: list[Different] = []

    def walk(self) -> None:
        tree = Tree(self._compare)
        for first in range(0, self._head.size, WIDTH):
            path = bundle_path(first // WIDTH, self._width(first))
            entries = self._bundle(path, self._width(first))
            if entries is None:
                return
            leaves = [sha256(b"\x00" + data).digest() for data in entries]
            for size in self._sizes.get(first // WIDTH, ()):
                self.roots[size] = tree.root(leaves[: size - first])
            for number, data in enumerate(entries, first):
                self._tell(number, data, path)
            tree.add(leaves)
        tree.end()
        self.is_whole = True
        self._conclude(tree.root())

    def _width(self, first: int) -> int:
        return min(WIDTH, self._head.size - first)

    def _wrong(self, what: str, where: str, message: str) -> None:
        self.problems.add(Problem(what, where, message))

    def _file(self, path: str) -> bytes | None:
        message = f"it is missing: the checkpoint tells of {self._head.size} entries"
        data = _file(self._read, path, _MISSING._replace(where=path, message=message))
        if isinstance(data, Problem):
            self.problems.add(data)
            return None
        return data

    def _bundle(self, path: str, width: int) -> list[bytes] | None:
        data = self._file(path)
        if data is None:
            return None
        entries: list[bytes] = []
        position, end = 0, len(data)
        while position + 2 <= end and len(entries) < width:
            start = position + 2
            position = start + (data[position] << 8 | data[position + 1])
            entries.append(data[start:position])
        if position != end or len(entries) != width:
            self._wrong("modified", path, f"it does not hold {width} whole entries")
            return None
        return entries

    def _tell(self, number: int, data: bytes, path: str) -> None:
        try:
            entry = decoded(data)
        except LedgerError as error:
            self._wrong("invalid", f"entry {number} in {path}", error.what)
            return
        if said := self._judge(entry):
            self._wrong("invalid", f"entry {number} in {path}", said)
        if said := self.chronicle.tell(number, entry):
            self._wrong("unannounced", f"entry {number} in {path}", said)
        if entry.get("kind") == "key":
            self._hand_over(entry, f"entry {number} in {path}")
        for digest in evidence_of(entry) if b'"evidence"' in data else ():
            self._look_at_evidence(number, digest)

    def _look_at_evidence(self, number: int, digest: str) -> None:
        """Is it what the entry says it is? It may be gone: then it was erased, which the log does not forbid, and does not hide."""
        path = evidence_path(digest)
        data = _file(self._read, path, _MISSING)
        if data is _MISSING:
            self.chronicle.remark("evidence", number, f"{path}, which it names, is not there: it was erased, or never kept")
        elif isinstance(data, Problem):
            self.problems.add(data)
        elif sha256(data).hexdigest() != digest.removeprefix("sha256:"):
            self._wrong("modified", path, f"it is not the evidence that entry {number} names")

    def _hand_over(self, entry: Mapping[str, Any], where: str) -> None:
        try:
            old, new = verifier(str(entry.get("old"))), verifier(str(entry.get("new")))
            statement = note(str(entry.get("note")).encode())
        except LedgerError as error:
            self._wrong("invalid", where, f"a key that can't be read: {error.what}")
            return
        if statement.text == handover(old, new) and statement.signed_by(old) and statement.signed_by(new):
            self.handovers.append((old, new))
        else:
            self._wrong("modified", where, "the handing over of the key is not signed by both keys")

    def _compare(self, level: int, number: int, hashes: list[bytes]) -> None:
        tile = Tile(level, number, len(hashes))
        stored = self._file(tile.path)
        if stored is None or stored == b"".join(hashes):
            return
        if len(stored) != len(hashes) * HASH:
            self._wrong("modified", tile.path, f"it has {len(stored)} bytes, and {len(hashes) * HASH} belong there")
        elif len(self._different) < _MOST_PROBLEMS:
            self._different.append(Different(tile, hashes_in(stored), hashes))

    def _conclude(self, root: bytes) -> None:
        """Say what was changed: the tiles where the entries lead to the root that is signed, the entries where the tiles do."""
        if root == self._head.root:
            self._tiles_changed(self._different, "the entries are those that the checkpoint tells of")
            return
        root_of_tiles, upper = self._from_tiles()
        below = [one for one in self._different if one.tile.level == 0]
        if root_of_tiles == self._head.root:
            self._entries_changed(below, "the entry was changed")
            self._tiles_changed(upper, "the tiles below it are those that the checkpoint tells of")
            return
        self._entries_changed(below, "the entry was changed, or the tile was")
        if not below:
            self._tiles_changed(self._different, "it was changed, or what is below it was")
        self._wrong("modified", CHECKPOINT, f"its root hash is not that of the {self._head.size} entries that are stored")

    def _from_tiles(self) -> tuple[bytes, list[Different]]:
        """The root of what the tiles say that the leaves are, b"" where that can't be known; and the tiles above that do not fit to it."""
        upper: list[Different] = []

        def compare(level: int, number: int, hashes: list[bytes]) -> None:
            stored = self._stored(Tile(level, number, len(hashes)))
            if level and stored and stored != hashes:
                upper.append(Different(Tile(level, number, len(hashes)), stored, hashes))

        tree = Tree(compare)
        for first in range(0, self._head.size, WIDTH):
            leaves = self._stored(Tile(0, first // WIDTH, self._width(first)))
            if leaves is None:
                return b"", []
            tree.add(leaves)
        tree.end()
        return tree.root(), upper

    def _stored(self, tile: Tile) -> list[bytes] | None:
        """The hashes of a tile, None where it does not hold as many as it must."""
        data = _file(self._read, tile.path, _MISSING)
        return hashes_in(data) if isinstance(data, bytes) and len(data) == tile.width * HASH else None

    def _tiles_changed(self, tiles: Iterable[Different], why: str) -> None:
        for one in tiles:
            place, *more = one.places()
            beside = f" and {len(more)} more are" if more else " is"
            self._wrong("modified", one.tile.path, f"the tile was changed: its hash {place}{beside} not that of what is below; {why}")

    def _entries_changed(self, tiles: Iterable[Different], why: str) -> None:
        """Entries that only changed places are told as such."""
        for one in tiles:
            first = one.tile.number * WIDTH
            places = {digest: place for place, digest in enumerate(one.stored)}
            where = f"in {bundle_path(one.tile.number, one.tile.width)}"
            for place in one.places():
                before = places.get(one.made[place])
                if before is None:
                    self._wrong("modified", f"entry {first + place} {where}", f"{why}: its hash is not the one in {one.tile.path}")
                else:
                    self._wrong("reordered", f"entry {first + place} {where}", f"it was entry {first + before} when it was written ({one.tile.path})")
