"""An index of a ledger, for queries: SQLite in the cache, made anew from the log whenever it is not the log's. The log is the truth."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.edges.ledger_store import Store
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Checkpoint
from gitguard.ledger.proofs import consistency, is_consistent
from gitguard.ledger.tiles import WIDTH, bundle_path, bundles_of, unpacked

_TABLES = """
CREATE TABLE IF NOT EXISTS head (size INTEGER NOT NULL, root BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS objects (id INTEGER PRIMARY KEY, kind TEXT, namespace TEXT, name TEXT);
CREATE INDEX IF NOT EXISTS by_name ON objects (name, kind, namespace);
CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, time TEXT, kind TEXT, object INTEGER, actor TEXT, incident TEXT, act TEXT);
CREATE INDEX IF NOT EXISTS by_time ON entries (time);
CREATE INDEX IF NOT EXISTS by_kind ON entries (kind, time);
CREATE INDEX IF NOT EXISTS by_object ON entries (object, time) WHERE object IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_actor ON entries (actor, time) WHERE actor IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_incident ON entries (incident) WHERE incident IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_act ON entries (act, kind) WHERE act IS NOT NULL;
"""
_VERSION = 3


class Query(NamedTuple):
    """What is asked for; "" for anything. `object` is NAME, KIND/NAME or KIND/NAMESPACE/NAME; times are as entries have them."""

    kind: str = ""
    object: str = ""
    actor: str = ""
    incident: str = ""
    since: str = ""
    until: str = ""


class Index:
    """Which entries are about what, up to the log's head."""

    def __init__(self, store: Store, head: Checkpoint, folder: Path | None) -> None:
        """`folder` is where indices are kept, None for one in memory. LedgerError where the log can't be read."""
        self._store = store
        self._head = head
        name = sha256(f"{_VERSION} {head.origin} {store}".encode()).hexdigest()[:24]
        self._connection = _opened(folder / f"{name}.sqlite3" if folder else None)
        self._update()

    def numbers(self, query: Query, most: int) -> list[int]:
        """The newest entries that match, at most so many, in their order."""
        where, values = _conditions(query)
        order = "time" if query.since or query.until else "number"
        statement = f"SELECT number FROM entries WHERE {where} ORDER BY {order} DESC LIMIT ?"  # noqa: S608
        return sorted(number for (number,) in self._connection.execute(statement, (*values, most)))

    def stories(self, query: Query) -> list[int]:
        """Every entry of the incidents that a drift which matches belongs to, whatever their own time and actor, in their order."""
        where, values = _conditions(query._replace(kind="drift"))
        statement = f"""WITH asked AS (SELECT DISTINCT incident FROM entries WHERE incident IS NOT NULL AND {where})
            SELECT number FROM entries WHERE incident IN asked
            UNION SELECT ended.number FROM entries AS announced JOIN entries AS ended ON ended.act = announced.act
            WHERE announced.kind = 'intent' AND announced.incident IN asked AND ended.kind = 'outcome'
            ORDER BY number"""  # noqa: S608
        return [number for (number,) in self._connection.execute(statement, values)]

    def unfinished(self) -> list[int]:
        """The announcements of acts whose outcome was never written."""
        statement = """SELECT number FROM entries AS announced WHERE kind = 'intent' AND NOT EXISTS
            (SELECT 1 FROM entries WHERE act = announced.act AND kind = 'outcome' AND number > announced.number) ORDER BY number"""
        return [number for (number,) in self._connection.execute(statement)]

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()

    def _update(self) -> None:
        size, root = self._connection.execute("SELECT size, root FROM head").fetchone() or (0, b"")
        if size and not self._continues(size, root):
            self._connection.executescript("DELETE FROM head; DELETE FROM entries; DELETE FROM objects;")
            size = 0
        if size == self._head.size:
            return
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)", self._rows(size))
            self._connection.execute("DELETE FROM head")
            self._connection.execute("INSERT INTO head VALUES (?, ?)", (self._head.size, self._head.root))

    def _continues(self, size: int, root: bytes) -> bool:
        """Is the log the one that was indexed, grown?"""
        if size > self._head.size:
            return False
        return is_consistent(size, root, self._head.size, self._head.root, consistency(size, self._head.size, self._read))

    def _rows(self, first: int) -> Iterator[tuple[Any, ...]]:
        known = {identity: number for number, *identity_ in self._connection.execute("SELECT * FROM objects") for identity in [tuple(identity_)]}
        for number, data in entries(self._store, self._head.size, first):
            try:
                entry = json.loads(data)
            except ValueError:
                entry = {}
            time, kind, identity, actor, incident, act = _row(entry if isinstance(entry, dict) else {})
            if identity is not None and identity not in known:
                known[identity] = len(known)
                self._connection.execute("INSERT INTO objects VALUES (?, ?, ?, ?)", (known[identity], *identity))
            yield number, time, kind, None if identity is None else known[identity], actor, incident, act

    def _read(self, path: str) -> bytes:
        data = self._store.read(path)
        if data is None:
            raise LedgerError("it is missing", path)
        return data


def entries(store: Store, size: int, first: int = 0) -> Iterator[tuple[int, bytes]]:
    """(index, bytes) of the entries of a log, from `first` on; LedgerError where one is missing."""
    for index, width in bundles_of(size, first):
        path = bundle_path(index, width)
        data = store.read(path)
        held = unpacked(data, path) if data is not None else []
        if len(held) != width:
            raise LedgerError("it is missing, or does not hold what it must: `gitguard audit verify` says what is wrong", path)
        for position, entry in enumerate(held):
            if index * WIDTH + position >= first:
                yield index * WIDTH + position, entry


def _row(entry: Mapping[str, Any]) -> tuple[str | None, str | None, tuple[str, ...] | None, str | None, str | None, str | None]:
    """Time, kind, (kind, namespace, name) of the object, actor, incident and act of an entry."""
    about, actor = entry.get("object"), entry.get("actor")
    identity = tuple(str(about.get(key, "")) for key in ("kind", "namespace", "name")) if isinstance(about, Mapping) else None
    incident = entry.get("id") if entry.get("kind") == "drift" else entry.get("incident")
    by = actor.get("name") if isinstance(actor, Mapping) else entry.get("by")
    act = {"intent": entry.get("id"), "outcome": entry.get("intent")}.get(str(entry.get("kind")))
    return _moment(_text(entry.get("time"))), _text(entry.get("kind")), identity, _text(by), _text(incident), _text(act)


def _conditions(query: Query) -> tuple[str, list[str]]:
    conditions, values = ["1"], []
    asked: tuple[tuple[str, str | None], ...] = (
        ("kind = ?", query.kind),
        ("actor = ?", query.actor),
        ("incident = ?", query.incident),
        ("time >= ?", _moment(query.since)),
        ("time < ?", _moment(query.until)),
    )
    for condition, wanted in asked:
        if wanted:
            conditions.append(condition)
            values.append(wanted)
    if query.object:
        kind, _, rest = query.object.rpartition("/")[0].partition("/")
        named = {"name": query.object.rpartition("/")[2], "kind": kind, "namespace": rest}
        given = {column: wanted for column, wanted in named.items() if wanted}
        chosen = " AND ".join(f"{column} = ?" for column in given)
        conditions.append(f"object IN (SELECT id FROM objects WHERE {chosen})")  # noqa: S608
        values += given.values()
    return " AND ".join(conditions), values


def _moment(time: str | None) -> str | None:
    """What times are ordered by: with its Z, a second would come after its own fractions."""
    return time and time.removesuffix("Z")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _opened(file: Path | None) -> sqlite3.Connection:
    if file is not None:
        with suppress(OSError, sqlite3.Error):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                return _prepared(sqlite3.connect(file, timeout=5))
            except sqlite3.DatabaseError:
                file.unlink()
                return _prepared(sqlite3.connect(file, timeout=5))
    return _prepared(sqlite3.connect(":memory:"))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_TABLES)
    return connection
