"""A ledger in a local folder: every file is written under another name, made durable, and then renamed; one process at a time may write."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path, PurePosixPath

from gitguard.edges.ledger_store import Conflict, LedgerBusy
from gitguard.ledger.tiles import CHECKPOINT

_LOCK = ".lock"
_FRESH = ".new"


class LocalStore:
    """The files of a ledger below one folder; `str` of it is for messages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[Path] = set()

    def __str__(self) -> str:
        return str(self.folder)

    def read(self, path: str) -> bytes | None:
        """The content of a file of the ledger, None where there is none; OSError where it can't be read."""
        try:
            return (self.folder / _checked(path)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, path: str, data: bytes) -> None:
        """Make a file durable that no checkpoint tells of: evidence, or what belongs to the ledger but is not in the log."""
        self._write([(path, data)])

    def commit(self, files: Sequence[tuple[str, bytes]], checkpoint: bytes, previous: bytes | None) -> None:
        """Make files durable, and then the checkpoint that tells of them; Conflict where it is not `previous` that would be replaced."""
        if self.read(CHECKPOINT) != previous:
            raise Conflict(f"{self}: somebody else has written to the ledger")
        self._write(files)
        self._write([(CHECKPOINT, checkpoint)])

    def remove(self, paths: Sequence[str]) -> None:
        """Take away files that a later one stands for; what can't be removed stays."""
        for path in paths:
            with suppress(OSError):
                (self.folder / _checked(path)).unlink()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While it lasts, no other process writes; LedgerBusy where one does."""
        import fcntl

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                raise LedgerBusy(f"{self}: another process writes to this ledger") from error
            yield
        finally:
            os.close(descriptor)

    def _write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """All of them: written, made durable, renamed, and the renaming made durable."""
        pending = []
        for path, data in files:
            target = self.folder / _checked(path)
            self._make(target.parent)
            fresh = target.with_name(f"{target.name}{_FRESH}")
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            pending.append((fresh, target))
        for fresh, target in pending:
            fresh.rename(target)
        for folder in dict.fromkeys(target.parent for _, target in pending):
            _sync(folder)

    def _make(self, folder: Path) -> None:
        """The folder, durable with all its parents."""
        if folder in self._made:
            return
        if not folder.is_dir():
            self._make(folder.parent)
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            _sync(folder.parent)
        self._made.add(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checked(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(path)
    return path


def blob_path(data: bytes) -> str:
    """Where evidence lies: by its content."""
    return f"blobs/sha256/{sha256(data).hexdigest()}"
