"""A ledger in a local folder: every file is written aside, made durable, and then renamed; one process at a time may write.

After an error nothing is synced again as if it were fine: the kernel tells of lost data once. What was not durable is written anew.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path, PurePosixPath

from gitguard.edges.ledger_store import Conflict, LedgerBusy
from gitguard.ledger.tiles import CHECKPOINT, Partial, beginning, partial

_LOCK = ".lock"
# One folder for all that is being written, so that what a writer left when it died is found without a walk through the log.
_STAGING = ".new"


class LocalStore:
    """The files of a ledger below one folder, which is one file system; `str` of it is for messages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[Path] = set()
        self._names = count()

    def __str__(self) -> str:
        return str(self.folder)

    def read(self, path: str) -> bytes | None:
        """The content of a file of the ledger, None where there is none; OSError where it can't be read."""
        held = self._read(path)
        narrow = partial(path)
        while held is None and narrow is not None:
            # A reader holds a checkpoint for a while, and the writer goes on: a wider file begins with what the narrow one held.
            wider = self._wider(narrow)
            if wider is None:
                return None
            held = self._read(wider)
            held = None if held is None else beginning(wider, held, narrow.width)
        return held

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
        """Take away files that a later one stands for, and all that are narrower, which a writer left when it died. What can't be removed stays."""
        for path in paths:
            file = self.folder / _checked(path)
            with suppress(OSError):
                _discard(_until(file, partial(path)))
                file.parent.rmdir()
                self._made.discard(file.parent)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While it lasts, no other process writes; LedgerBusy where one does. What a writer left unfinished is swept away."""
        import fcntl

        self._make(self.folder)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES):
                    raise
                raise LedgerBusy(f"{self}: another process writes to this ledger") from error
            self._sweep()
            yield
        finally:
            os.close(descriptor)

    def _read(self, path: str) -> bytes | None:
        try:
            return (self.folder / _checked(path)).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _wider(self, narrow: Partial) -> str | None:
        """The whole file where there is one, or the widest partial one."""
        if (self.folder / narrow.whole).is_file():
            return narrow.whole
        with suppress(FileNotFoundError, NotADirectoryError):
            widths = [int(one.name) for one in (self.folder / narrow.folder).iterdir() if one.name.isdecimal()]
            if max(widths, default=0) > narrow.width:
                return f"{narrow.folder}/{max(widths)}"
        return None

    def _write(self, files: Sequence[tuple[str, bytes]]) -> None:
        """All of them: written, made durable, renamed, and the renaming made durable."""
        targets = [self.folder / _checked(path) for path, _ in files]
        folders = list(dict.fromkeys(target.parent for target in targets))
        for folder in (self.folder / _STAGING, *folders):
            self._make(folder)
        staged: list[Path] = []
        with ExitStack() as opened:
            # Opened before anything is renamed: when descriptors are short, that must show while nothing has changed.
            descriptors = [opened.enter_context(_folder(folder)) for folder in folders]
            try:
                for _, data in files:
                    self._stage(data, staged)
                for fresh, target in zip(staged, targets, strict=True):
                    fresh.rename(target)
            except BaseException:
                _discard(staged)
                raise
            for descriptor in descriptors:
                os.fsync(descriptor)

    def _stage(self, data: bytes, staged: list[Path]) -> None:
        """A durable file of its own with that content; never one that was there before, whose pages may be lost already."""
        fresh = self.folder / _STAGING / f"{os.getpid()}.{next(self._names)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        staged.append(fresh)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _make(self, folder: Path) -> None:
        """The folder, durable with all its parents up to the ledger's, and with those above that it had to make.

        One that is there already is not trusted to be durable: who made it may have died before.
        """
        if folder in self._made:
            return
        inside = folder != self.folder and self.folder in folder.parents
        if inside or not folder.parent.is_dir():
            self._make(folder.parent)
        fresh = not folder.is_dir()
        if fresh:
            folder.mkdir(mode=0o700, exist_ok=True)
        try:
            sync(folder.parent)
        except OSError as error:
            if fresh:
                # Made anew at the next attempt: a second sync of the same entry would say nothing.
                with suppress(OSError):
                    folder.rmdir()
            # Who made the ledger's folder may have been allowed more than we are.
            if fresh or inside or error.errno not in (errno.EACCES, errno.EPERM):
                raise
        self._made.add(folder)

    def _sweep(self) -> None:
        with suppress(FileNotFoundError):
            _discard(list((self.folder / _STAGING).iterdir()))


def _until(file: Path, narrow: Partial | None) -> list[Path]:
    """A file, or a partial one with all that are not wider."""
    if narrow is None:
        return [file]
    return [one for one in file.parent.iterdir() if one.name.isdecimal() and int(one.name) <= narrow.width]


def sync(folder: Path) -> None:
    """Make durable what a folder has in it."""
    with _folder(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def _folder(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _discard(files: Sequence[Path]) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink()


def _checked(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(path)
    return path
