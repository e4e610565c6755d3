"""A ledger that a command looks into: which one, its head, and its entries by what they are about."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.edges import cache as caching
from gitguard.edges.ledger_index import Index, Query, entries
from gitguard.edges.ledger_places import store
from gitguard.edges.ledger_store import Store
from gitguard.ledger.entries import decoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Checkpoint, checkpoint, note
from gitguard.ledger.tiles import CHECKPOINT, WIDTH
from gitguard.model.errors import GitguardError, UsageError

_VERIFY = "gitguard audit verify says what is wrong"


class Ledger(NamedTuple):
    """Which ledger, and in what surroundings. `place` is a folder or s3://BUCKET/PREFIX."""

    place: str
    environment: Mapping[str, str]

    @property
    def store(self) -> Store:
        """Where its files are."""
        return store(self.place, self.environment)


class UnusableLedger(GitguardError):
    """The ledger, or a file that belongs to it, can't be used: nothing is known of what is in it."""


class Opened:
    """A ledger that is looked into: its head, as it says it is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.store = ledger.store
        self._index: Index | None = None
        try:
            signed = self.store.read(CHECKPOINT)
            if signed is None:
                raise LedgerError("there is no checkpoint: this is no ledger, or it has no entries yet", ledger.place)
            self.signed = signed
            self.head: Checkpoint = checkpoint(note(signed, CHECKPOINT).text, CHECKPOINT)
        except (LedgerError, OSError) as error:
            raise UnusableLedger(str(error), "--ledger names the folder or s3://BUCKET/PREFIX that reconcile writes to") from error

    def __enter__(self) -> "Opened":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._index is not None:
            self._index.close()
        if isinstance(error, OSError):
            raise UnusableLedger(str(error), "what could not be read says nothing about the rest") from error

    @property
    def index(self) -> Index:
        """Which of its entries are about what."""
        if self._index is None:
            folder = caching.directory(self._ledger.environment)
            try:
                self._index = Index(self.store, self.head, folder / "ledgers" if folder else None)
            except LedgerError as error:
                raise UnusableLedger(str(error), _VERIFY) from error
        return self._index

    def read(self, path: str) -> bytes:
        """A file of the log, which has to be there."""
        data = self.store.read(path)
        if data is None:
            raise UnusableLedger(f"{self._ledger.place}/{path} is missing", _VERIFY)
        return data

    def raw(self, first: int) -> Iterator[tuple[int, bytes]]:
        """(index, bytes) of the entries from `first` on; UsageError where there is no such entry."""
        if not 0 <= first < self.head.size:
            raise UsageError(f"there is no entry {first}", f"the ledger has {self.head.size} entries, from 0 on")
        try:
            yield from entries(self.store, self.head.size, first)
        except LedgerError as error:
            raise UnusableLedger(str(error), _VERIFY) from error

    def found(self, number: int | None, query: Query, most: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(index, entry) of the newest that match, at most so many, in their order; or of the one with that number."""
        if number is not None:
            return self.at([number])
        if query == Query():
            return self.at(range(max(0, self.head.size - most), self.head.size))
        return self.at(self.index.numbers(query, most))

    def at(self, numbers: Sequence[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(index, entry) of these, which are sorted; each bundle is read once."""
        for group in _groups(numbers):
            wanted = iter(group)
            following = next(wanted)
            for one, data in self.raw(following):
                if one == following:
                    try:
                        yield one, decoded(data, f"entry {one}")
                    except LedgerError as error:
                        raise UnusableLedger(str(error), _VERIFY) from error
                    if (following := next(wanted, -1)) < 0:
                        break


def _groups(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """The same, parted where bundles lie between that nobody needs."""
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] // WIDTH > numbers[end - 1] // WIDTH + 1:
            yield numbers[start:end]
            start = end
