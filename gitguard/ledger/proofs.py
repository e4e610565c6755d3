"""Proofs that an entry is in a tree, and that one tree is the beginning of another (RFC 6962, sections 2.1.1 and 2.1.2)."""

from collections.abc import Callable, Sequence

from gitguard.ledger.hashes import node_hash, tree_hash
from gitguard.ledger.tiles import HEIGHT, WIDTH, Tile, hashes_of

Read = Callable[[str], bytes]


def inclusion(index: int, size: int, read: Read) -> list[bytes]:
    """The hashes that lead from entry `index` to the root of the tree of `size`, lowest first; `read` gives the files of tiles."""
    hashes = _Hashes(size, read)
    return hashes.path(index, 0, size)


def consistency(first: int, size: int, read: Read) -> list[bytes]:
    """The hashes that show that the tree of `first` entries is the beginning of that of `size`."""
    hashes = _Hashes(size, read)
    return hashes.consistent(first, 0, size, whole=True) if 0 < first < size else []


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root to which the proof leads from a leaf's hash, None where it has not the length that it must have."""
    if not 0 <= index < size:
        return None
    node, last = index, size - 1
    found = leaf
    for hash_ in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_hash(hash_, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, hash_)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def is_consistent(first: int, first_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Does the proof show that the first tree is the beginning of the second?"""
    if first == size:
        return first_root == root and not proof
    if first == 0:
        return not proof
    if not 0 < first < size:
        return False
    hashes = list(proof)
    if first & (first - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        return False
    node, last = first - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for hash_ in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(hash_, old), node_hash(hash_, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, hash_)
        node, last = node >> 1, last >> 1
    return last == 0 and old == first_root and new == root


class _Hashes:
    """Hashes of subtrees of one tree, from its tiles."""

    def __init__(self, size: int, read: Read) -> None:
        self.size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self.path(index, start, middle), self.subtree(middle, end)]
        return [*self.path(index, middle, end), self.subtree(start, middle)]

    def consistent(self, first: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        """RFC 6962's SUBPROOF(first, D[start:end], whole)."""
        if first == end - start:
            return [] if whole else [self.subtree(start, end)]
        split = _split(end - start)
        if first <= split:
            return [*self.consistent(first, start, start + split, whole=whole), self.subtree(start + split, end)]
        return [*self.consistent(first - split, start + split, end, whole=False), self.subtree(start, start + split)]

    def subtree(self, start: int, end: int) -> bytes:
        """The root over the entries from `start` to `end`; `start` is a multiple of the power of two that spans them."""
        count = end - start
        height = (count - 1).bit_length()
        level = height // HEIGHT
        unit = 1 << (HEIGHT * level)
        if count % unit and level:
            split = _split(count)
            return node_hash(self.subtree(start, start + split), self.subtree(start + split, end))
        first, last = start // unit, end // unit
        hashes: list[bytes] = []
        while first < last:
            tile = self._tile(level, first // WIDTH)
            taken = tile[first % WIDTH : first % WIDTH + last - first]
            hashes += taken
            first += len(taken)
        return tree_hash(hashes)

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            width = min(WIDTH, (self.size >> (HEIGHT * level)) - index * WIDTH)
            path = Tile(level, index, width).path
            self._tiles[level, index] = hashes_of(self._read(path), path)
        return self._tiles[level, index]


def _split(count: int) -> int:
    """The largest power of two below."""
    return 1 << ((count - 1).bit_length() - 1)
