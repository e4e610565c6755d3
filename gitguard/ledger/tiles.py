"""Where the hashes and the entries of a tree lie (C2SP tlog-tiles): tiles of 256 hashes, bundles of 256 entries, the last ones partial."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.hashes import SIZE

WIDTH = 256
HEIGHT = 8
LARGEST_ENTRY = 65_535
CHECKPOINT = "checkpoint"


class Tile(NamedTuple):
    """One tile: `width` hashes, the tile `number` of its `level`; a level is eight heights of the tree."""

    level: int
    number: int
    width: int

    @property
    def path(self) -> str:
        """Its file, relative to the ledger."""
        return f"tile/{self.level}/{_numbered(self.number, self.width)}"


def bundle_path(index: int, width: int) -> str:
    """The file of a bundle of entries."""
    return f"tile/entries/{_numbered(index, width)}"


class Partial(NamedTuple):
    """A file that is not full yet: the file that it will be, and how much it holds."""

    whole: str
    width: int

    @property
    def folder(self) -> str:
        """Where its narrower and wider ones lie."""
        return f"{self.whole}.p"


def partial(path: str) -> Partial | None:
    """What the name of a file of the tree says, None where it is not that of a partial one."""
    whole, divided, width = path.rpartition(".p/")
    return Partial(whole, int(width)) if divided and width.isdecimal() else None


def beginning(path: str, data: bytes, width: int) -> bytes:
    """What the file of the tree held when it was so wide: nothing in it changes, it only grows."""
    if not path.startswith("tile/entries/"):
        return data[: width * SIZE]
    try:
        return packed(unpacked(data, path)[:width])
    except LedgerError:
        # Damaged: whoever asked for it is to see that.
        return data


def evidence_path(digest: str) -> str:
    """The file of evidence, which entries call `sha256:…` by its content."""
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree, from the leaves up."""
    level, count = 0, size
    while count:
        for index in range(count // WIDTH):
            yield Tile(level, index, WIDTH)
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)
        level, count = level + 1, count // WIDTH


def bundles_of(size: int, first: int = 0) -> Iterator[tuple[int, int]]:
    """(index, width) of every bundle of a tree, from the one that holds entry `first` on."""
    for index in range(first // WIDTH, (size + WIDTH - 1) // WIDTH):
        yield index, min(WIDTH, size - index * WIDTH)


def packed(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle holds them: each below its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpacked(bundle: bytes, where: str) -> list[bytes]:
    """The entries of a bundle; LedgerError where its lengths do not add up."""
    entries: list[bytes] = []
    position, end = 0, len(bundle)
    while position < end:
        length = int.from_bytes(bundle[position : position + 2], "big")
        start = position + 2
        position = start + length
        if position > end or start > end:
            raise LedgerError(f"the bundle breaks off within its entry {len(entries)}", where)
        entries.append(bundle[start:position])
    return entries


def hashes_of(tile: bytes, where: str) -> list[bytes]:
    """The hashes of a tile."""
    if len(tile) % SIZE or not tile or len(tile) > WIDTH * SIZE:
        raise LedgerError(f"{len(tile)} bytes are no tile of hashes of {SIZE} bytes", where)
    return [tile[start : start + SIZE] for start in range(0, len(tile), SIZE)]


def _numbered(index: int, width: int) -> str:
    """`x001/x234/067`, and `.p/5` where it is partial."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == WIDTH else f"{path}.p/{width}"
