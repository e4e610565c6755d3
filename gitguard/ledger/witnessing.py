"""What is said to a witness and back (C2SP tlog-witness): a checkpoint with the proof that it continues the last one, and a cosignature."""

import base64
from collections.abc import Sequence

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Verifier, note


def request(last: int, proof: Sequence[bytes], head: bytes) -> bytes:
    """The body of add-checkpoint: the size that the witness knows, the proof of consistency from there, the signed checkpoint."""
    lines = [f"old {last}", *(base64.b64encode(one).decode() for one in proof), "", ""]
    return "\n".join(lines).encode() + head


def cosigned(head: bytes, answer: bytes, witness: Verifier, where: str) -> bytes:
    """The checkpoint with the signature lines of the answer; LedgerError where none of them is a valid one of the witness."""
    made = head + answer
    if not note(made, where).signed_by(witness):
        raise LedgerError("what the witness answers is no valid cosignature of its key", where)
    return made
