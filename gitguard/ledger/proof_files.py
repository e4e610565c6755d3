"""One entry that can be verified by itself: a file in the format of C2SP tlog-proof, which holds the entry, its proof and the checkpoint."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gitguard.ledger.entries import decoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.hashes import SIZE, leaf_hash
from gitguard.ledger.notes import Checkpoint, Verifier, checkpoint, from_base64, note, to_base64
from gitguard.ledger.proofs import root_from_inclusion

_HEADER = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MOST_HASHES = 64


class Proof(NamedTuple):
    """An entry, its number in the log, the hashes that lead to the root, lowest first, and the signed checkpoint."""

    entry: bytes
    number: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes


def written(proof: Proof) -> bytes:
    """The file; the entry is what the format calls extra data."""
    lines = [_HEADER, f"extra {to_base64(proof.entry)}", f"index {proof.number}", *map(to_base64, proof.hashes), "", ""]
    return "\n".join(lines).encode() + proof.checkpoint


def parsed(data: bytes, where: str) -> Proof:
    """The parts of such a file; LedgerError where it is none."""
    head, divided, signed = data.partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    if lines[0] != _HEADER or not divided:
        raise LedgerError(f"no proof: {_HEADER} and a checkpoint are expected", where)
    extra = next((line.removeprefix("extra ") for line in lines[1:2] if line.startswith("extra ")), None)
    rest = lines[1:] if extra is None else lines[2:]
    if extra is None:
        raise LedgerError("it holds no entry, so that it does not verify on its own", where)
    index = _INDEX.fullmatch(rest[0]) if rest else None
    if index is None:
        raise LedgerError("no proof: the index of the entry is expected", where)
    hashes = tuple(from_base64(line, where) for line in rest[1:])
    if len(hashes) > _MOST_HASHES or any(len(one) != SIZE for one in hashes):
        raise LedgerError("no proof: hashes of 32 bytes are expected", where)
    return Proof(from_base64(extra, where), int(index.group(1)), hashes, signed)


def wrong_with(proof: Proof, trusted: Sequence[Verifier], where: str) -> tuple[Checkpoint | None, str]:
    """The checkpoint that the proof leads to, and what is wrong with it, "" where the entry is in the log that one of the keys signed."""
    try:
        signed = note(proof.checkpoint, where)
        head = checkpoint(signed.text, where)
    except LedgerError as error:
        return None, error.what
    if not any(signed.signed_by(key) and key.name == head.origin for key in trusted):
        return head, f"its checkpoint is not one of this log that {', '.join(map(str, trusted))} signed"
    root = root_from_inclusion(leaf_hash(proof.entry), proof.number, head.size, proof.hashes)
    if root != head.root:
        return head, f"the entry is not entry {proof.number} of the log that the checkpoint tells of: it, its index or its proof was changed"
    try:
        decoded(proof.entry)
    except LedgerError as error:
        return head, f"the entry is in the log, and can't be read: {error.what}"
    return head, ""
