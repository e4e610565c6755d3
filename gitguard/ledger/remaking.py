"""A tree made anew from its leaves, to be compared with what is stored. Shares no code with what writes trees, so that they are two witnesses."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from gitguard.ledger.tiles import HEIGHT, WIDTH, Tile

HASH = 32
EMPTY = sha256(b"").digest()


class Tree:
    """A tree that is made anew, of one tile of leaves after the other. `tell` is told each tile: its level, its number, its hashes."""

    def __init__(self, tell: Callable[[int, int, list[bytes]], None]) -> None:
        self._tell = tell
        self._size = 0
        self._rows: list[list[bytes]] = [[]]

    def add(self, leaves: list[bytes]) -> None:
        """The hashes of the leaves of one tile; only the last one may be partial."""
        self._size += len(leaves)
        self._rows[0] = leaves
        level = 0
        while len(full := self._rows[level]) == WIDTH:
            self._rows[level] = []
            self._tell(level, (self._size >> HEIGHT * (level + 1)) - 1, full)
            level += 1
            if level == len(self._rows):
                self._rows.append([])
            self._rows[level].append(_root(full))

    def end(self) -> None:
        """Tell the partial tiles."""
        for level, row in enumerate(self._rows):
            if row:
                self._tell(level, self._size >> HEIGHT * (level + 1), row)

    def root(self, leaves: Sequence[bytes] = ()) -> bytes:
        """The root of the tree; or, with the leaves of a tile that is not added yet, of the tree that it would be."""
        below = leaves
        for row in self._rows:
            whole = [*row, *below]
            below = [_root(whole)] if whole else []
        return below[0] if below else EMPTY


def _root(row: Sequence[bytes]) -> bytes:
    while len(row) > 1:
        pairs = [sha256(b"\x01" + row[index] + row[index + 1]).digest() for index in range(0, len(row) - 1, 2)]
        row = [*pairs, row[-1]] if len(row) & 1 else pairs
    return row[0]


class Different(NamedTuple):
    """A tile that holds other hashes than those that belong there."""

    tile: Tile
    stored: list[bytes]
    made: list[bytes]

    def places(self) -> list[int]:
        """Where they differ."""
        return [place for place, (was, now) in enumerate(zip(self.stored, self.made, strict=True)) if was != now]


def hashes_in(tile: bytes) -> list[bytes]:
    """The hashes that a tile holds."""
    return [tile[start : start + HASH] for start in range(0, len(tile), HASH)]
