"""Audit events from a log file that is written to, rotated and truncated while it is read."""

import io
import os
from collections import deque
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import NamedTuple

from gitguard.edges import clock
from gitguard.edges.audit_stream import CHUNK, LONGEST_LINE, PAUSE, Deliver, Intake, Lines, Parse, Tell, events

_HEAD = 512
_REMEMBERED = 64
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")


class Position(NamedTuple):
    """How far a file has been read: `inode` and `offset` (bytes), and `head`, a digest of the first bytes before it, for an inode may be used again.
    `at` is when that was."""

    inode: int
    offset: int
    head: str
    at: str


class FileSource:
    """An audit log that grows, as `tail -F` reads it: across rotation by renaming, truncation, and times when there is no file.

    It begins at the beginning of the file, or where a `position` says: then with the file that was read, whatever it is called now, as long as it
    lies beside it uncompressed, and those that came after it. Any log of lines is read so: `parse` makes of a line what is delivered.
    """

    def __init__(
        self, path: Path, position: Position | None = None, longest: int = LONGEST_LINE, pause: float = PAUSE, parse: Parse = events
    ) -> None:
        self.position = position
        """How far it has been read, at any time."""
        self._path = path
        self._longest = longest
        self._pause = pause
        self._parse = parse
        self._file: io.FileIO | None = None
        self._offset = 0
        self._head = b""
        self._last: os.stat_result | None = None
        self._done: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._is_gone = False
        self._status = (0, 0)
        self._looked = 0.0

    def run(self, deliver: Deliver, tell: Tell, stop: Event) -> None:
        """Read and wait for more until `stop` is set."""
        intake = Intake(deliver, tell, self._longest, self._parse)
        try:
            self._resume(intake)
            while not stop.is_set():
                if not (self._open_next(intake) if self._file is None else self._read(self._file, intake)):
                    stop.wait(self._pause)
        finally:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _read(self, file: io.FileIO, intake: Intake) -> bool:
        """Take what has come; False where there is nothing more for now."""
        if self._is_quiet(file):
            return False
        self._check(file, intake)
        if data := file.read(CHUNK):
            self._took(data, file, intake)
            return True
        if not self._is_superseded(file):
            intake.complete_at = clock.now()
            self._looked = clock.monotonic()
            return False
        # Who wrote to it may have done so until the new one was there.
        while data := file.read(CHUNK):
            self._took(data, file, intake)
        intake.finish()
        self._last = os.fstat(file.fileno())
        self._done.append((self._last.st_ino, self._last.st_mtime_ns))
        file.close()
        self._file = None
        return True

    def _is_quiet(self, file: io.FileIO) -> bool:
        """Is it as it was at a look a moment ago? Most looks find that, and are to cost next to nothing."""
        status = os.fstat(file.fileno())
        before, self._status = self._status, (status.st_size, status.st_mtime_ns)
        return status.st_size == self._offset and before == self._status and clock.monotonic() < self._looked + PAUSE

    def _took(self, data: bytes, file: io.FileIO, intake: Intake) -> None:
        self._head += data[: _HEAD - len(self._head)] if len(self._head) < _HEAD else b""
        self._offset += len(data)
        intake.take(data)
        self._say_position(file, intake)

    def _say_position(self, file: io.FileIO, intake: Intake) -> None:
        offset = self._offset - intake.lines.pending
        self.position = Position(os.fstat(file.fileno()).st_ino, offset, _digest(self._head[:offset]), clock.now())

    def _open_next(self, intake: Intake) -> bool:
        path, inode = self._next()
        try:
            file = io.FileIO(path)
        except OSError as error:
            if inode and isinstance(error, FileNotFoundError):
                # It was renamed a moment ago, and is to be looked for under its new name.
                return True
            if not self._is_gone:
                self._is_gone = True
                intake.open_gap(f"{path} can't be read: {error.strerror}")
            return False
        if inode and os.fstat(file.fileno()).st_ino != inode:
            # The same, and there is another one already.
            file.close()
            return True
        if self._is_gone:
            self._is_gone = False
            intake.gap(f"{path} was not there")
        self._begin(file, 0, intake)
        return True

    def _begin(self, file: io.FileIO, offset: int, intake: Intake) -> None:
        self._file = file
        self._offset = file.seek(offset)
        self._head = os.pread(file.fileno(), min(_HEAD, offset), 0)
        self._say_position(file, intake)

    def _next(self) -> tuple[Path, int]:
        """The file after the last one, with its inode where it must be that one."""
        inode, _ = self._current()
        rotated = self._rotated(self._last, inode) if self._last is not None else []
        return rotated[0] if rotated else (self._path, inode)

    def _check(self, file: io.FileIO, intake: Intake) -> None:
        """Begin anew where the file was emptied, or emptied and filled again."""
        size = os.fstat(file.fileno()).st_size
        if size >= self._offset and os.pread(file.fileno(), len(self._head), 0) == self._head:
            return
        intake.lines = Lines(self._longest)
        intake.gap(f"{self._path} was truncated: what was written just before is not known")
        self._begin(file, 0, intake)

    def _is_superseded(self, file: io.FileIO) -> bool:
        """Is another file written to instead? A new one that is empty is not yet, and the old one maybe still is."""
        old = os.fstat(file.fileno())
        inode, size = self._current()
        return inode != old.st_ino and (size > 0 or bool(self._rotated(old, inode)))

    def _current(self) -> tuple[int, int]:
        """Inode and size of the file by its name, zeros where there is none."""
        with suppress(OSError):
            status = self._path.stat()
            return status.st_ino, status.st_size
        return 0, 0

    def _rotated(self, old: os.stat_result, current: int) -> list[tuple[Path, int]]:
        """Logs beside it that were written to after an old one, with their inodes; the oldest first."""
        found = []
        for path in self._siblings():
            with suppress(OSError):
                status = path.stat()
                is_later = status.st_mtime_ns >= old.st_mtime_ns and (status.st_ino, status.st_mtime_ns) not in self._done
                if is_later and status.st_ino not in (old.st_ino, current):
                    found.append((status.st_mtime_ns, path, status.st_ino))
        return [(path, inode) for _, path, inode in sorted(found)]

    def _siblings(self) -> list[Path]:
        """What a rotated log is called: `audit-TIME.log` by the API server, `audit.log.1` or `audit.log-DATE` by logrotate."""
        with suppress(OSError):
            beside = [path for path in self._path.parent.iterdir() if path.name.startswith(self._path.stem) and path.name != self._path.name]
            return [path for path in beside if path.suffix not in _COMPRESSED]
        return []

    def _resume(self, intake: Intake) -> None:
        """Open the file that was being read, where there is one."""
        was = self.position
        if was is None:
            return
        intake.complete_at = was.at
        for path in (self._path, *self._siblings()):
            with suppress(OSError):
                status = path.stat()
                if status.st_ino == was.inode and status.st_size >= was.offset and _digest(_beginning(path, was.offset)) == was.head:
                    self._begin(io.FileIO(path), was.offset, intake)
                    return
        intake.gap("the log that was being read is not there any more")


def _beginning(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        return file.read(min(_HEAD, offset))


def _digest(head: bytes) -> str:
    return sha256(head).hexdigest()
