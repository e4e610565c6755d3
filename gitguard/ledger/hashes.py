"""Hashes of a Merkle tree (RFC 6962, section 2.1)."""

from collections.abc import Sequence
from hashlib import sha256

SIZE = 32
EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """The root over hashes of leaves, or of complete subtrees of one height of which only the last may be incomplete."""
    if not hashes:
        return EMPTY
    row = list(hashes)
    # Pairing row by row is the same as splitting at the largest power of two: an odd one out moves up as it is.
    while len(row) > 1:
        paired = [node_hash(row[index], row[index + 1]) for index in range(0, len(row) - 1, 2)]
        row = paired + row[len(row) & ~1 :]
    return row[0]
