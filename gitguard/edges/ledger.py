"""The ledger as what writes it sees it: entries in, durable when the call returns, and readers that verify without this code."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gitguard.edges.ledger_store import Conflict, Store
from gitguard.ledger.entries import VERSION, encoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.growth import Edge, edge_of, grown
from gitguard.ledger.notes import Checkpoint, Signer, checkpoint, note, signed, signer
from gitguard.ledger.tiles import CHECKPOINT, HEIGHT, Tile, bundle_path
from gitguard.ledger.verification import handover

_BATCH = 65_536


def now() -> str:
    """The time as entries write it: UTC, RFC 3339, with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Writer:
    """Appends to one ledger while it is open. Made by `writing`.

    Its state is that of the last checkpoint that became durable: after an error nothing is half there, and the next append tries anew.
    After a Conflict another writer has gone on from there, and the ledger has to be opened again.
    """

    def __init__(self, store: Store, key: Signer, judge: Callable[[Mapping[str, Any]], str], clock: Callable[[], str]) -> None:
        self._store = store
        self._key = key
        self._judge = judge
        self._clock = clock
        self._head = store.read(CHECKPOINT)
        self._edge = self._opened()

    @property
    def size(self) -> int:
        """How many entries are durable."""
        return self._edge.size

    @property
    def head(self) -> bytes:
        """The last durable checkpoint, signed."""
        return self._head or b""

    def append(self, entries: Sequence[Mapping[str, Any]]) -> range:
        """Make entries durable, all or none of a batch of 65,536; the answer are their indices. Their version and time are added where they lack.

        Raises LedgerError for an entry that the schema refuses, Conflict where another writer was first, OSError where the log can't be written:
        then none of them is in it. Where only the answer of a store was lost they may be, and the next append is a Conflict.
        """
        first = self.size
        written = [self._encoded(entry) for entry in entries]
        for start in range(0, len(written), _BATCH):
            self._commit(written[start : start + _BATCH], [self._key])
        return range(first, self.size)

    def perform(self, intent: Mapping[str, Any], act: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Announce an act, do it, and write how it ended; the answer is that outcome.

        `act` gives the outcome's `result`, and what else is known of it. Where the announcement can't be made durable, OSError or Conflict is
        raised and nothing was done. Where `act` itself fails, the outcome is "unknown", with the reason, and its error is raised on.
        """
        announced = {"kind": "intent", **intent}
        self.append([announced])
        ended: dict[str, Any] = {"kind": "outcome", "intent": announced["id"], "incident": announced["incident"], "object": announced["object"]}
        try:
            ended |= act()
        except BaseException as error:
            ended |= {"result": "unknown", "reason": f"{type(error).__name__} while it was done"}
            raise
        finally:
            if "result" in ended:
                self.append([ended])
        return ended

    def hand_over(self, new: Signer) -> None:
        """Let another key sign from now on: an entry and the checkpoint over it are signed by both."""
        if new.name != self._key.name:
            raise LedgerError(f"the new key is named {new.name}, and the log is {self._key.name}")
        both = [self._key, new]
        statement = signed(handover(self._key.verifier, new.verifier), both).decode()
        entry = {"kind": "key", "old": str(self._key.verifier), "new": str(new.verifier), "note": statement}
        self._commit([self._encoded(entry)], both)
        self._key = new

    def keep(self, data: bytes) -> str:
        """Keep evidence, by its content; the answer is what entries call it, `sha256:…`. It must hold no secret."""
        from gitguard.edges.ledger_files import blob_path

        path = blob_path(data)
        if self._store.read(path) is None:
            self._store.put(path, data)
        return f"sha256:{path.rpartition('/')[2]}"

    def _encoded(self, entry: Mapping[str, Any]) -> bytes:
        whole = {"version": VERSION, "time": self._clock(), **entry}
        said = self._judge(whole)
        if said:
            raise LedgerError(f"an entry that its schema refuses: {said}")
        return encoded(whole)

    def _commit(self, entries: Sequence[bytes], keys: Sequence[Signer]) -> None:
        made = grown(self._edge, entries)
        head = signed(Checkpoint(self._key.name, made.edge.size, made.edge.root).text(), keys)
        self._store.commit(made.files, head, self._head)
        stale = _partial(self._edge)
        self._edge, self._head = made.edge, head
        self._store.remove([path for path in stale if path not in _partial(made.edge)])

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
        yield Writer(store, key, judge, clock)


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
        if os.name == "posix" and file.stat().st_mode & 0o077:
            raise LedgerError("others may read this private key: chmod 600", str(file))
        return signer(file.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(f"the private key can't be read: {getattr(error, 'strerror', '') or error}", str(file)) from error


def write_key(file: Path, key: Signer) -> None:
    """Keep a private key in a file of its own, that nobody else may read; LedgerError where there is one already."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise LedgerError("there is a key already, and keys are not overwritten", str(file)) from error
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write(key.encoded() + "\n")
        opened.flush()
        os.fsync(descriptor)
