"""What was found out about a blob, remembered outside the repository. Losing it costs time, never a verdict."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

_TABLE = "CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
_LARGEST = 256 * 1024 * 1024


class Cache:
    """A map from keys to texts in one SQLite file. Every failure of the file (full, read-only, damaged) reads as "not there"."""

    def __init__(self, file: Path | None) -> None:
        self._connection = _open(file) if file else None

    def get(self, keys: Iterable[str]) -> Mapping[str, str]:
        """The texts that are there."""
        if self._connection is None:
            return {}
        wanted = json.dumps(list(keys))
        try:
            return dict(self._connection.execute("SELECT key, value FROM facts WHERE key IN (SELECT value FROM json_each(?))", (wanted,)))
        except sqlite3.Error:
            return {}

    def holds(self, keys: Iterable[str]) -> frozenset[str]:
        """Which of the keys are there."""
        if self._connection is None:
            return frozenset()
        wanted = json.dumps(list(keys))
        try:
            found = self._connection.execute("SELECT key FROM facts WHERE key IN (SELECT value FROM json_each(?))", (wanted,))
            return frozenset(key for (key,) in found)
        except sqlite3.Error:
            return frozenset()

    def put(self, texts: Mapping[str, str]) -> None:
        """Remember these texts; what another process writes at the same moment is not lost."""
        if self._connection is None or not texts:
            return
        with suppress(sqlite3.Error), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", texts.items())

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()


def _open(file: Path) -> sqlite3.Connection | None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if file.exists() and file.stat().st_size > _LARGEST:
            file.unlink()
        return _connect(file)
    except sqlite3.DatabaseError:
        with suppress(OSError, sqlite3.Error):
            file.unlink()
            return _connect(file)
    except OSError:
        pass
    return None


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=2)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(_TABLE)
    return connection


def directory(environment: Mapping[str, str]) -> Path | None:
    """Where caches belong on this machine: $XDG_CACHE_HOME/gitguard, or ~/.cache/gitguard; None where there is no home."""
    base = environment.get("XDG_CACHE_HOME") or (f"{environment['HOME']}/.cache" if environment.get("HOME") else "")
    return Path(base) / "gitguard" if base else None


@cache
def stamp(package: Path) -> str:
    """Changes whenever the code that makes facts does: sizes and times of the package's modules, looked at once a process."""
    stats = sorted((str(file.relative_to(package)), file.stat()) for file in package.rglob("*.py"))
    return sha256(repr([(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]).encode()).hexdigest()[:16]
