"""The ledger as what writes it sees it: entries in, durable when the call returns, and readers that verify without this code."""

import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.edges.ledger_store import Conflict, LedgerBusy, LedgerUnwritable, Store
from gitguard.ledger.acts import Acts, last_beat, newest, unfinished
from gitguard.ledger.entries import VERSION, decoded, encoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.growth import Edge, edge_of, grown
from gitguard.ledger.notes import Checkpoint, Signer, checkpoint, note, signed, signer
from gitguard.ledger.tiles import CHECKPOINT, HEIGHT, WIDTH, Tile, bundle_path, evidence_path
from gitguard.ledger.verification import handover

# The verifier key, for whoever reads the ledger; whoever can write there can replace it.
OWN_KEY = "key.pub"
_OF_ACTS = ("intent", "outcome", "heartbeat")
_REDACTION_BYTES = 32


def now() -> str:
    """The time as entries write it: UTC, RFC 3339, with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Commit(NamedTuple):
    """What a commit makes of the log: `given` is what the caller asked for."""

    given: tuple[Mapping[str, Any], ...]
    files: tuple[tuple[str, bytes], ...]
    edge: Edge
    head: bytes
    key: Signer
    acts: Acts | None


class Writer:
    """Appends to one ledger while it is open, from any thread of the process that opened it. Made by `writing`.

    Its state is that of the last checkpoint that became durable. After an error nothing is half there, and the next call tries anew: where the
    checkpoint was replaced all the same, all of that commit is made durable first, and the same entries, given again, are not written twice.
    After a Conflict another writer has gone on from there, and the ledger has to be opened again.
    """

    def __init__(self, store: Store, key: Signer, judge: Callable[[Mapping[str, Any]], str], clock: Callable[[], str]) -> None:
        self._store = store
        self._key = key
        self._judge = judge
        self._clock = clock
        self._lock = threading.RLock()
        self._owner = os.getpid()
        self._doubtful: _Commit | None = None
        self._landed: _Commit | None = None
        self._acts: Acts | None = None
        self._head = store.read(CHECKPOINT)
        self._edge = self._opened()
        # A writer that died just after it filled a tile left the partial ones before it.
        self._store.remove(list(_outgrown(self._edge.size)))

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._edge.size

    @property
    def head(self) -> bytes:
        """The last durable checkpoint, signed."""
        return self._head or b""

    def append(self, entries: Sequence[Mapping[str, Any]]) -> range:
        """Make entries durable, all or none; the answer are their indices. Their version and time are added where they lack.

        Raises LedgerError for an entry that the schema refuses, or that is no part of the story: an outcome without an open intent. Conflict
        where another writer was first, OSError where the log can't be written: they are not known to be in it then, and may be given again.
        """
        with self._using():
            landed, self._landed = self._landed, None
            if landed is not None and landed.given == tuple(entries):
                return range(landed.edge.size - len(entries), landed.edge.size)
            acts = self._known_acts().copy() if any(entry.get("kind") in _OF_ACTS for entry in entries) else self._acts
            data = [self._encoded(entry, number, acts) for number, entry in enumerate(entries, self.size)]
            self._commit(data, entries, [self._key], acts)
            return range(self.size - len(entries), self.size)

    def perform(self, intent: Mapping[str, Any], act: Callable[[], Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = ()) -> Mapping[str, Any]:
        """Announce an act, do it, and write how it ended; the answer is that outcome.

        `before` are entries that the announcement is never without: they become durable with it. `act` gives the outcome's `result`, and what
        else is known of it. LedgerUnwritable where the announcement can't be made durable, and nothing was done, or where the outcome can't, and
        it was. Where `act` itself fails, or its outcome is not one that a ledger has, the outcome is "unknown", with the reason, and the error is
        raised on.
        """
        announced = {**intent, "kind": "intent"}
        self._surely([*before, announced], acted=False)
        known = {"kind": "outcome", "intent": announced["id"], "incident": announced["incident"], "object": announced["object"]}
        try:
            ended = {**act(), **known}
            self._judged(self._whole(ended))
        except BaseException as error:
            self._give_up({**known, "result": "unknown", "reason": f"{type(error).__name__} while it was done"}, error)
            raise
        self._surely([ended], acted=True)
        return ended

    def unfinished(self) -> tuple[Mapping[str, Any], ...]:
        """The intents without an outcome, in their order: acts that a writer died over, or whose outcome could not be written.

        What came of them is not known. Whoever opens a ledger judges their objects again, from fresh state, and appends an outcome for each:
        "reverted" where the act is seen to be done, "superseded" where it is not needed any more, "unknown" where that can't be said.
        """
        with self._using():
            return self._known_acts().announcements()

    def last_beat(self) -> Mapping[str, Any] | None:
        """The last heartbeat, None where there is none."""
        with self._using():
            return last_beat(self.size, self._read)

    def newest(self, kind: str, most: int) -> Iterator[Mapping[str, Any]]:
        """The entries of a kind among the last so many, the newest first."""
        with self._using():
            size = self.size
        yield from newest(kind, size, most, self._read)

    def hand_over(self, new: Signer) -> None:
        """Let another key sign from now on: an entry and the checkpoint over it are signed by both."""
        if new.name != self._key.name:
            raise LedgerError(f"the new key is named {new.name}, and the log is {self._key.name}")
        with self._using():
            if self._key == new:
                return
            both = [self._key, new]
            statement = signed(handover(self._key.verifier, new.verifier), both).decode()
            entry = {"kind": "key", "old": str(self._key.verifier), "new": str(new.verifier), "note": statement}
            self._commit([self._encoded(entry, self.size, None)], [entry], both, self._acts)

    def keep(self, data: bytes) -> str:
        """Keep evidence, by its content; the answer is what entries call it, `sha256:…`. It must hold no secret."""
        digest = f"sha256:{sha256(data).hexdigest()}"
        with self._using():
            # Also where it is there already: whoever put it may have died before it was durable.
            self._store.put(evidence_path(digest), data)
        return digest

    def close(self) -> None:
        """Write no more: another writer may be let in."""
        self._owner = 0

    @contextmanager
    def _using(self) -> Iterator[None]:
        """One thread at a time, of the process that holds the ledger's lock; what the last error left open is settled before."""
        with self._lock:
            if self._owner != os.getpid():
                raise LedgerBusy(f"{self._store}: this writer is closed, or another process has opened it")
            self._settle()
            yield

    def _settle(self) -> None:
        """Find out whether the commit that failed last is in the log, and if so, finish it."""
        doubtful = self._doubtful
        if doubtful is not None and self._store.read(CHECKPOINT) == doubtful.head:
            # It is seen, and may be lost yet. To sync it again would prove nothing, so all of it is written anew.
            self._store.commit(doubtful.files, doubtful.head, doubtful.head)
            self._adopt(doubtful)
            self._landed = doubtful
        self._doubtful = None

    def _surely(self, entries: Sequence[Mapping[str, Any]], acted: bool) -> None:
        try:
            self.append(entries)
        except (OSError, Conflict, LedgerBusy) as error:
            raise LedgerUnwritable(str(self._store), error, acted) from error

    def _give_up(self, outcome: Mapping[str, Any], error: BaseException) -> None:
        """Write that it is not known how an act ended that failed with an error."""
        try:
            self._surely([outcome], acted=True)
        except LedgerUnwritable as lost:
            if isinstance(error, Exception):
                raise
            # Somebody wants the process to end, and that goes first.
            error.add_note(str(lost))

    def _known_acts(self) -> Acts:
        if self._acts is None:
            self._acts = unfinished(self.size, self._read)
        return self._acts

    def _encoded(self, entry: Mapping[str, Any], number: int, acts: Acts | None) -> bytes:
        whole = self._whole(entry)
        return self._judged(whole if acts is None else acts.told(number, whole))

    def _whole(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"version": VERSION, "time": self._clock(), **entry}

    def _judged(self, whole: Mapping[str, Any]) -> bytes:
        said = self._judge(whole)
        if said:
            raise LedgerError(f"an entry that its schema refuses: {said}")
        return encoded(whole)

    def _commit(self, data: Sequence[bytes], given: Sequence[Mapping[str, Any]], keys: Sequence[Signer], acts: Acts | None) -> None:
        made = grown(self._edge, data)
        head = signed(Checkpoint(self._key.name, made.edge.size, made.edge.root).text(), keys)
        commit = _Commit(tuple(given), made.files, made.edge, head, keys[-1], acts)
        # Until all is done: an error, or a signal at any time, leaves it open whether the checkpoint was replaced.
        self._doubtful = commit
        self._store.commit(commit.files, head, self._head)
        self._adopt(commit)
        self._doubtful = None

    def _adopt(self, commit: _Commit) -> None:
        stale = _partial(self._edge)
        self._edge, self._head, self._key, self._acts = commit.edge, commit.head, commit.key, commit.acts
        self._store.remove([path for path in stale if path not in _partial(commit.edge)])

    def _opened(self) -> Edge:
        if self._head is None:
            return Edge()
        head = note(self._head, CHECKPOINT)
        last = checkpoint(head.text, CHECKPOINT)
        if last.origin != self._key.name:
            raise LedgerError(f"it is the ledger {last.origin}, and the key is that of {self._key.name}", str(self._store))
        if not head.signed_by(self._key.verifier):
            raise LedgerError("it is not signed by the key that is to go on with it", f"{self._store}/{CHECKPOINT}")
        edge = self._edge_of(last)
        handed_over = _successor(edge, self._key)
        if handed_over:
            raise LedgerError(f"its key was handed over to {handed_over}, which alone may go on with it", f"{self._store}/{CHECKPOINT}")
        if edge.root != last.root:
            raise LedgerError(
                "its root hash is not that of what is stored: `gitguard audit verify` says what is wrong", f"{self._store}/{CHECKPOINT}"
            )
        return edge

    def _edge_of(self, last: Checkpoint) -> Edge:
        try:
            return edge_of(last.size, self._read)
        except LedgerError as error:
            # Whoever has gone on from this checkpoint has taken files away that only it tells of.
            if self._store.read(CHECKPOINT) != self._head:
                raise Conflict(f"{self._store}: somebody else writes to the ledger") from error
            raise

    def _read(self, path: str) -> bytes:
        data = self._store.read(path)
        if data is None:
            raise LedgerError("it is missing", f"{self._store}/{path}")
        return data


@contextmanager
def writing(store: Store, key: Signer, judge: Callable[[Mapping[str, Any]], str], clock: Callable[[], str] = now) -> Iterator[Writer]:
    """Open a ledger for writing, or begin one.

    LedgerBusy or Conflict where another process writes, LedgerError where it is damaged or of another key.
    """
    with store.writing():
        writer = Writer(store, key, judge, clock)
        try:
            yield writer
        finally:
            writer.close()


def _successor(edge: Edge, key: Signer) -> str:
    """The key that this one has just handed over to, "" for none: whoever did that died before the new one was in its place."""
    last = decoded(edge.entries[-1]) if edge.entries else {}
    return str(last["new"]) if last.get("kind") == "key" and last.get("old") == str(key.verifier) else ""


def _outgrown(size: int) -> Iterator[str]:
    """The widest partial files that may be left of the last full ones."""
    if size >= WIDTH:
        yield bundle_path((size >> HEIGHT) - 1, WIDTH - 1)
    level = 0
    while size := size >> HEIGHT:
        yield Tile(level, size - 1, WIDTH - 1).path
        level += 1


def _partial(edge: Edge) -> list[str]:
    """The partial files of a tree's right edge."""
    paths = [Tile(level, edge.size >> (HEIGHT * (level + 1)), len(hashes)).path for level, hashes in enumerate(edge.levels) if hashes]
    return [*paths, bundle_path(edge.size >> HEIGHT, len(edge.entries))] if edge.entries else paths


def new_key(name: str) -> Signer:
    """A fresh key."""
    return Signer(name, secrets.token_bytes(32))


def read_key(file: Path) -> Signer:
    """The private key in a file; LedgerError where it is none or others may read it."""
    try:
        return signer(_secret(file))
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"the private key can't be read: {getattr(error, 'strerror', '') or error}", str(file)) from error


def write_key(file: Path, key: Signer) -> None:
    """Keep a private key durably in a file of its own, that nobody else may read; LedgerError where there is one already."""
    try:
        _write_secret(file, key.encoded())
    except FileExistsError as error:
        raise LedgerError("there is a key already, and keys are not overwritten", str(file)) from error


def begun(store: Store, private_file: Path, name: str) -> str:
    """Make sure that there is a ledger to write to, with a key; the verifier key where it was made now, "" where there was one.

    LedgerError where it has entries and the private key is not there, or where that can't be used; LedgerBusy where another process writes.
    """
    if private_file.exists():
        return ""
    with store.writing():
        if store.read(CHECKPOINT) is not None:
            raise LedgerError("its private key is not there, and only that may go on with it", str(private_file))
        made = new_key(name)
        write_key(private_file, made)
        redaction_key(private_file)
        store.put(OWN_KEY, f"{made.verifier}\n".encode())
    return str(made.verifier)


def rotated(file: Path, store: Store, judge: Callable[[Mapping[str, Any]], str]) -> Signer:
    """Hand over to a fresh key, and put its private half into the place of the old one's, which is kept beside it; the answer is the new one.

    Where that was begun before, and the ledger has the handing over already, it is finished instead.
    """
    old = read_key(file)
    fresh = file.with_name(f"{file.name}.new")
    begun = read_key(fresh) if fresh.exists() else None
    with store.writing():
        head = store.read(CHECKPOINT)
        if begun is not None and begun != old and head is not None and note(head, CHECKPOINT).signed_by(begun.verifier):
            new = begun
        else:
            new = new_key(old.name)
            fresh.unlink(missing_ok=True)
            write_key(fresh, new)
            Writer(store, old, judge, now).hand_over(new)
        _replace(file, fresh, file.with_name(f"{file.name}.{old.verifier.hash.hex()}"))
    return new


def _replace(file: Path, fresh: Path, kept: Path) -> None:
    """Put a file into the place of another, which is kept under a name of its own; at no time is there none."""
    from gitguard.edges.ledger_files import sync

    with suppress(FileExistsError):
        kept.hardlink_to(file)
    fresh.rename(file)
    sync(file.parent)


def redaction_key(private_file: Path) -> bytes:
    """The secret under which hashes stand for values that must not be in the log; made when it is first asked for.

    It lies beside the private key, in a file that ends in `.redaction`, and never in the ledger: whoever has it can try values out. It outlives the
    keys that sign, so that a value has one hash in the whole log. LedgerError where it can't be read or made, or others may read it.
    """
    file = private_file.with_name(f"{private_file.name}.redaction")
    try:
        if not file.exists():
            # Another process may do the same: its secret is as good.
            with suppress(FileExistsError):
                _write_secret(file, secrets.token_hex(_REDACTION_BYTES))
        made = bytes.fromhex(_secret(file))
    except (OSError, ValueError) as error:
        raise LedgerError(f"the key of the redaction can't be used: {getattr(error, 'strerror', '') or error}", str(file)) from error
    if len(made) != _REDACTION_BYTES:
        raise LedgerError(f"the key of the redaction has {len(made)} bytes, and {_REDACTION_BYTES} belong there", str(file))
    return made


def _secret(file: Path) -> str:
    if os.name == "posix" and file.stat().st_mode & 0o077:
        raise LedgerError("others may read it, and it is secret: chmod 600", str(file))
    return file.read_text(encoding="ascii")


def _write_secret(file: Path, text: str) -> None:
    """A durable file that is either whole or not there; FileExistsError where there is one."""
    from gitguard.edges.ledger_files import sync

    fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(text + "\n")
            opened.flush()
            os.fsync(descriptor)
        # Not renamed: that would replace the one that somebody else made meanwhile.
        file.hardlink_to(fresh)
    finally:
        fresh.unlink(missing_ok=True)
    sync(file.parent)
