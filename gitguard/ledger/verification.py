"""Is a log what its checkpoint says? Reads the files by their formats alone and shares no code with what writes them, but for names of files.

What is wrong is named, with where: an auditor has to be able to say what happened.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from gitguard.ledger.chronicle import Chronicle, Remark
from gitguard.ledger.entries import decoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Checkpoint, Note, Verifier, checkpoint, note, verifier
from gitguard.ledger.tiles import CHECKPOINT, WIDTH, bundle_path

Read = Callable[[str], bytes | None]
Judge = Callable[[Mapping[str, Any]], str]
_MOST_PROBLEMS = 100


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


def verified(read: Read, trusted: Verifier, anchors: Sequence[Anchor] = (), judge: Judge = lambda entry: "") -> Verdict:
    """Verify a whole log. `read` gives the files of the log, None for one that is not there; OSError means that it could not be looked at.

    `trusted` is the key that the log began with, or any later one; `judge` says what is wrong with the shape of an entry, "" for nothing.
    """
    try:
        data = read(CHECKPOINT)
    except OSError as error:
        return Verdict(None, (Problem("unknown", CHECKPOINT, f"it can't be read: {error.strerror or error}"),))
    if data is None:
        return Verdict(None, (Problem("unknown", CHECKPOINT, "there is none: this is no ledger, or its head was taken away"),))
    try:
        head = note(data, CHECKPOINT)
        claimed = checkpoint(head.text, CHECKPOINT)
    except LedgerError as error:
        return Verdict(None, (Problem("modified", CHECKPOINT, error.what),))
    found = _Log(read, claimed, judge)
    problems = [*found.walk(), *_signed(head, claimed, trusted, found), *_anchored(anchors, claimed, trusted, found)]
    return Verdict(claimed, tuple(_distinct(problems)), tuple(found.chronicle.remarks()))


def _distinct(problems: Sequence[Problem]) -> Iterator[Problem]:
    shown = list(dict.fromkeys(problems))
    yield from shown[:_MOST_PROBLEMS]
    if len(shown) > _MOST_PROBLEMS:
        yield Problem("modified", "", f"and {len(shown) - _MOST_PROBLEMS} more")


def _signed(head: Note, claimed: Checkpoint, trusted: Verifier, found: "_Log") -> Iterator[Problem]:
    """Is the checkpoint signed by the trusted key, or by one that it handed over to?"""
    keys = [trusted, *found.successors(trusted)]
    if any(head.signed_by(one) for one in keys):
        return
    names = ", ".join(one.name for one in head.signatures)
    if any((one.name, one.hash) == (key.name, key.hash) for one in head.signatures for key in keys):
        yield Problem("modified", CHECKPOINT, "its signature is not valid: the checkpoint was changed, or signed by somebody else")
    else:
        yield Problem("modified", CHECKPOINT, f"it is not signed by {keys[-1]}, but by {names}: another key, or the checkpoint of another log")


def _anchored(anchors: Sequence[Anchor], claimed: Checkpoint, trusted: Verifier, found: "_Log") -> Iterator[Problem]:
    for anchor in anchors:
        try:
            remembered = note(anchor.data, anchor.where)
            old = checkpoint(remembered.text, anchor.where)
        except LedgerError as error:
            yield Problem("unknown", anchor.where, f"no checkpoint to compare with: {error.what}")
            continue
        if old.origin != claimed.origin:
            yield Problem("unknown", anchor.where, f"it is of another log, {old.origin}, and this is {claimed.origin}")
        elif not any(remembered.signed_by(one) for one in (trusted, *found.successors(trusted))):
            yield Problem("unknown", anchor.where, "it is not signed by a key of this log, so that it proves nothing")
        elif old.size > claimed.size:
            yield Problem("truncated", CHECKPOINT, f"the log has {claimed.size} entries, and had {old.size} when {anchor.where} was remembered")
        elif found.root_at(old.size) is None:
            yield Problem("unknown", anchor.where, f"the log can't be read up to its entry {old.size}")
        elif found.root_at(old.size) != old.root:
            yield Problem("forked", anchor.where, f"the first {old.size} entries are not those that it remembers: the log was rewritten")


class _Range:
    """The hashes of the complete subtrees that a growing tree consists of, the largest first; a row of bits of the size."""

    def __init__(self) -> None:
        self.size = 0
        self.stack: list[bytes] = []

    def add(self, digest: bytes) -> None:
        size = self.size
        stack = self.stack
        while size & 1:
            digest = sha256(b"\x01" + stack.pop() + digest).digest()
            size >>= 1
        stack.append(digest)
        self.size += 1

    def root(self) -> bytes:
        if not self.stack:
            return sha256(b"").digest()
        digest = self.stack[-1]
        for left in reversed(self.stack[:-1]):
            digest = sha256(b"\x01" + left + digest).digest()
        return digest


class _Level:
    """One level of tiles, made anew from what is below, and compared with what is stored."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.row: list[bytes] = []
        self.index = 0


class _Log:
    """One walk over the entries: hashes made anew, tiles compared, the story of the entries followed."""

    def __init__(self, read: Read, claimed: Checkpoint, judge: Judge) -> None:
        self.read = read
        self.claimed = claimed
        self.judge = judge
        self.chronicle = Chronicle()
        self.keys: list[tuple[Verifier, Verifier]] = []
        self._range = _Range()
        self._roots: dict[int, bytes] = {}
        self._levels: list[_Level] = []
        self._ended = False

    def root_at(self, size: int) -> bytes | None:
        if size == 0:
            return sha256(b"").digest()
        if size == self.claimed.size and not self._ended:
            return self._range.root()
        return self._roots.get(size) or self._walked_to(size)

    def _walked_to(self, size: int) -> bytes | None:
        """The root over the first entries, read again: anchors are few."""
        digests = _Range()
        for index in range((size + WIDTH - 1) // WIDTH):
            entries = self._bundle(index)
            if isinstance(entries, Problem) or len(entries) < min(WIDTH, size - index * WIDTH):
                return None
            for entry in entries[: size - index * WIDTH]:
                digests.add(sha256(b"\x00" + entry).digest())
        self._roots[size] = digests.root()
        return self._roots[size]

    def successors(self, trusted: Verifier) -> list[Verifier]:
        """The keys that the trusted one handed over to, one to the next."""
        found = [trusted]
        for old, new in self.keys:
            if str(old) == str(found[-1]):
                found.append(new)
        return found[1:]

    def walk(self) -> Iterator[Problem]:
        for index in range((self.claimed.size + WIDTH - 1) // WIDTH):
            entries = self._bundle(index)
            if isinstance(entries, Problem):
                yield entries
                self._ended = True
                return
            yield from self._judged(index, entries)
        yield from self._finished()

    def _bundle(self, index: int) -> list[bytes] | Problem:
        width = min(WIDTH, self.claimed.size - index * WIDTH)
        path = bundle_path(index, width)
        try:
            data = self.read(path)
        except OSError as error:
            return Problem("unknown", path, f"it can't be read: {error.strerror or error}")
        if data is None:
            return Problem("truncated", path, f"it is missing: the checkpoint tells of {self.claimed.size} entries")
        entries: list[bytes] = []
        position, end = 0, len(data)
        while position + 2 <= end and len(entries) <= width:
            start = position + 2
            position = start + (data[position] << 8 | data[position + 1])
            if position > end:
                break
            entries.append(data[start:position])
        if position != end or len(entries) != width:
            return Problem("modified", path, f"it does not hold {width} whole entries")
        return entries

    def _judged(self, index: int, entries: Sequence[bytes]) -> Iterator[Problem]:
        path = bundle_path(index, len(entries))
        digests = []
        for position, data in enumerate(entries):
            number = index * WIDTH + position
            digest = sha256(b"\x00" + data).digest()
            digests.append(digest)
            self._range.add(digest)
            yield from self._told(number, data, path)
        yield from self._hashed(0, digests)

    def _told(self, number: int, data: bytes, path: str) -> Iterator[Problem]:
        where = f"entry {number} in {path}"
        try:
            entry = decoded(data)
        except LedgerError as error:
            yield Problem("invalid", where, error.what)
            return
        said = self.judge(entry)
        if said:
            yield Problem("invalid", where, said)
        wrong = self.chronicle.tell(number, entry)
        if wrong:
            yield Problem("unannounced", where, wrong)
        if entry.get("kind") == "key":
            yield from self._handed_over(entry, where)

    def _handed_over(self, entry: Mapping[str, Any], where: str) -> Iterator[Problem]:
        try:
            old, new = verifier(str(entry.get("old"))), verifier(str(entry.get("new")))
            signed = note(str(entry.get("note")).encode())
        except LedgerError as error:
            yield Problem("invalid", where, f"a key that can't be read: {error.what}")
            return
        if signed.text != handover(old, new) or not (signed.signed_by(old) and signed.signed_by(new)):
            yield Problem("modified", where, "the handing over of the key is not signed by both keys")
        else:
            self.keys.append((old, new))

    def _hashed(self, number: int, digests: Sequence[bytes]) -> Iterator[Problem]:
        """Add hashes to a level of tiles; whole tiles are compared and handed up."""
        while len(self._levels) <= number:
            self._levels.append(_Level(len(self._levels)))
        level = self._levels[number]
        level.row += digests
        while len(level.row) >= WIDTH:
            full, level.row = level.row[:WIDTH], level.row[WIDTH:]
            yield from self._compared(level, full)
            level.index += 1
            digest = _Range()
            for one in full:
                digest.add(one)
            yield from self._hashed(number + 1, [digest.root()])

    def _finished(self) -> Iterator[Problem]:
        for level in self._levels:
            if level.row:
                yield from self._compared(level, level.row)
        if self._range.root() != self.claimed.root:
            yield Problem("modified", CHECKPOINT, f"its root hash is not that of the {self.claimed.size} entries that are stored")

    def _compared(self, level: _Level, expected: Sequence[bytes]) -> Iterator[Problem]:
        path = f"tile/{level.number}/" + bundle_path(level.index, len(expected)).removeprefix("tile/entries/")
        try:
            stored = self.read(path)
        except OSError as error:
            yield Problem("unknown", path, f"it can't be read: {error.strerror or error}")
            return
        if stored is None:
            yield Problem("truncated", path, "it is missing")
            return
        if stored == b"".join(expected):
            return
        if len(stored) != len(expected) * 32:
            yield Problem("modified", path, f"it has {len(stored)} bytes, and {len(expected) * 32} belong there")
            return
        yield from _differences(level, path, [stored[at : at + 32] for at in range(0, len(stored), 32)], expected)


def handover(old: Verifier, new: Verifier) -> str:
    """What both keys sign when one hands over to the other."""
    return f"gitguard ledger key handover\n{old}\n{new}\n"


def _differences(level: _Level, path: str, stored: Sequence[bytes], expected: Sequence[bytes]) -> Iterator[Problem]:
    """Which hashes differ; entries that only changed places are told as such."""
    places = {digest: position for position, digest in enumerate(stored)}
    for position, (was, now) in enumerate(zip(stored, expected, strict=True)):
        if was == now:
            continue
        number = level.index * WIDTH + position
        if level.number:
            yield Problem("modified", path, f"its hash {position} is not that of what is below it")
        elif now in places:
            yield Problem("reordered", f"entry {number}", f"it was entry {level.index * WIDTH + places[now]} when it was written ({path})")
        else:
            yield Problem("modified", f"entry {number}", f"its hash is not the one in {path}: the entry was changed, or the tile was")
