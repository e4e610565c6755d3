"""What a ledger asks of the place that it lies in."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol


class Conflict(Exception):
    """Another writer was there first; nothing was written that counts."""


class LedgerBusy(Exception):
    """Another process is writing to the ledger."""


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
