"""A tree that grows: which tiles and bundles come of new entries, and the root over all. Needs the right edge of the tree only."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.hashes import EMPTY, leaf_hash, tree_hash
from gitguard.ledger.tiles import LARGEST_ENTRY, WIDTH, Tile, bundle_path, hashes_of, packed, unpacked


class Edge(NamedTuple):
    """The right edge of a tree of `size` entries: the entries of its last, partial bundle, and the hashes of each level's last, partial tile."""

    size: int = 0
    entries: tuple[bytes, ...] = ()
    levels: tuple[tuple[bytes, ...], ...] = ()

    @property
    def root(self) -> bytes:
        """The root hash of the tree."""
        below: tuple[bytes, ...] = ()
        for hashes in self.levels:
            row = (*hashes, *below)
            below = (tree_hash(row),) if row else ()
        return below[0] if below else EMPTY


class Grown(NamedTuple):
    """The new edge, and the files to be written before a checkpoint may tell of it, in order."""

    edge: Edge
    files: tuple[tuple[str, bytes], ...]


def grown(edge: Edge, entries: Sequence[bytes]) -> Grown:
    """Append entries. LedgerError where one is empty or too large for a bundle."""
    for entry in entries:
        if not 0 < len(entry) <= LARGEST_ENTRY:
            raise LedgerError(f"an entry has {len(entry)} bytes; 1 to {LARGEST_ENTRY} fit")
    files = list(_bundles(edge, entries))
    levels: list[tuple[bytes, ...]] = []
    fresh = [leaf_hash(entry) for entry in entries]
    first = edge.size
    level = 0
    while fresh or level < len(edge.levels):
        held = edge.levels[level] if level < len(edge.levels) else ()
        row = [*held, *fresh]
        start = first - len(held)
        changed = bool(fresh)
        fresh = []
        for position in range(0, len(row) - len(row) % WIDTH, WIDTH):
            full = row[position : position + WIDTH]
            files.append((Tile(level, (start + position) // WIDTH, WIDTH).path, b"".join(full)))
            fresh.append(tree_hash(full))
        left = tuple(row[len(row) - len(row) % WIDTH :])
        if left and changed:
            files.append((Tile(level, (start + len(row)) // WIDTH, len(left)).path, b"".join(left)))
        levels.append(left)
        first = start // WIDTH
        level += 1
    size = edge.size + len(entries)
    whole = (*edge.entries, *entries)
    return Grown(Edge(size, whole[len(whole) - size % WIDTH :], tuple(levels)), tuple(files))


def _bundles(edge: Edge, entries: Sequence[bytes]) -> list[tuple[str, bytes]]:
    whole = (*edge.entries, *entries)
    start = edge.size - len(edge.entries)
    parts = [(start + position, whole[position : position + WIDTH]) for position in range(0, len(whole), WIDTH)]
    return [(bundle_path(first // WIDTH, len(part)), packed(part)) for first, part in parts] if entries else []


def edge_of(size: int, read: Callable[[str], bytes]) -> Edge:
    """The right edge of a stored tree; LedgerError where a file of it does not hold what it must."""
    levels: list[tuple[bytes, ...]] = []
    count = size
    while count:
        width = count % WIDTH
        path = Tile(len(levels), count // WIDTH, width).path
        hashes = hashes_of(read(path), path) if width else []
        _expect(width, len(hashes), path)
        levels.append(tuple(hashes))
        count //= WIDTH
    width = size % WIDTH
    path = bundle_path(size // WIDTH, width)
    entries = unpacked(read(path), path) if width else []
    _expect(width, len(entries), path)
    if [leaf_hash(entry) for entry in entries] != list(levels[0] if levels else ()):
        raise LedgerError("the entries are not those whose hashes the tile beside it holds", path)
    return Edge(size, tuple(entries), tuple(levels))


def _expect(wanted: int, found: int, where: str) -> None:
    if found != wanted:
        raise LedgerError(f"it holds {found}, and {wanted} belong there", where)
