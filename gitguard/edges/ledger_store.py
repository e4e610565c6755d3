"""What a ledger asks of the place that it lies in."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Conflict(Exception):
    """Another writer was there first; nothing was written that counts."""


class LedgerBusy(Exception):
    """Another process is writing to the ledger."""


class LedgerUnwritable(OSError):
    """What an act needs of the ledger could not be made durable; the message names the ledger, why, and what to do.

    `acted` says whether the act was done all the same: its intent is in the ledger then, and its outcome is not. Whoever gets this has to raise
    the alert elsewhere, for the ledger can't hold it.
    """

    def __init__(self, where: str, why: BaseException, acted: bool) -> None:
        what = getattr(why, "strerror", None) or str(why)
        done = "the act was done, and its outcome is not in the ledger" if acted else "nothing was done"
        file = getattr(why, "filename", None)
        super().__init__(
            getattr(why, "errno", None),
            f"{file or where}: the ledger can't be written ({what}): {done}; make room or repair the disk, and the writer goes on from there",
        )
        self.where = where
        self.acted = acted

    def __str__(self) -> str:
        return str(self.strerror)


class Store(Protocol):
    """A place for the files of a ledger, by their paths. Whatever a method has returned from is durable."""

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none; OSError where it can't be read."""

    def put(self, path: str, data: bytes) -> None:
        """Write a file that no checkpoint tells of; OSError where that fails."""

    def commit(self, files: Sequence[tuple[str, bytes]], checkpoint: bytes, previous: bytes | None) -> None:
        """Write files, and then replace the checkpoint `previous` (None: there is none); Conflict where it is not that one any more."""

    def remove(self, paths: Sequence[str]) -> None:
        """Take away files that are not needed any more, as far as that can be done."""

    def writing(self) -> AbstractContextManager[None]:
        """While it lasts, no other writer is let in; LedgerBusy where there is one."""
