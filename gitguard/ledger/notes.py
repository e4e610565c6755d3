"""Signed notes (C2SP signed-note) with Ed25519, and the checkpoints that they carry (C2SP tlog-checkpoint)."""

import base64
import binascii
import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.hashes import SIZE

_ED25519 = b"\x01"
_COSIGNATURE = b"\x04"
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]+")
_SIGNATURE = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)")
_LARGEST = 1 << 20


class Verifier(NamedTuple):
    """A public key with its name, as the verifier key `name+hash+base64` tells it. `kind` is 1 for Ed25519, 4 for a witness's cosignature."""

    name: str
    key: bytes
    kind: bytes = _ED25519

    @property
    def hash(self) -> bytes:
        """The four bytes by which a note says who signed it."""
        return sha256(f"{self.name}\n".encode() + self.kind + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.hash.hex()}+{to_base64(self.kind + self.key)}"


class Signer(NamedTuple):
    """A private key with its name; `seed` has 32 bytes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        # Imported late, here and below: whoever only reads notes does not wait for it.
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def __repr__(self) -> str:
        """Without the key: it may end up in a message."""
        return f"Signer({self.name!r})"

    def encoded(self) -> str:
        """The key as Go's note package reads and writes it; it is secret."""
        return f"PRIVATE+KEY+{self.name}+{self.verifier.hash.hex()}+{to_base64(_ED25519 + self.seed)}"

    def signature(self, text: bytes) -> bytes:
        """The bare signature of a text."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)


class Signature(NamedTuple):
    """A line below a note: the name and hash of the key that it says it is of, and the signature."""

    name: str
    hash: bytes
    value: bytes


class Note(NamedTuple):
    """A text, with its last newline, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, verifier: Verifier) -> bool:
        """Is there a valid signature of that key?"""
        return any(_is_valid(verifier, self.text, one) for one in self.signatures if (one.name, one.hash) == (verifier.name, verifier.hash))


class Checkpoint(NamedTuple):
    """The head of a log: its name, the number of its entries, and the root hash over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{to_base64(self.root)}\n"


def verifier(written: str) -> Verifier:
    """A verifier key; LedgerError where it is none."""
    parts = written.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):
        raise LedgerError("no verifier key: name+hash+base64 is expected")
    key = from_base64(parts[2])
    if len(key) != 33 or key[:1] not in (_ED25519, _COSIGNATURE):
        raise LedgerError("no verifier key of Ed25519")
    found = Verifier(parts[0], key[1:], key[:1])
    if found.hash.hex() != parts[1]:
        raise LedgerError("the hash in the verifier key is not that of its name and key")
    return found


def signer(written: str) -> Signer:
    """A private key; LedgerError, which does not repeat it, where it is none."""
    parts = written.strip().split("+", 4)
    if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"] or not _NAME.fullmatch(parts[2]):
        raise LedgerError("no private key: PRIVATE+KEY+name+hash+base64 is expected")
    key = from_base64(parts[4])
    if len(key) != 33 or key[:1] != _ED25519:
        raise LedgerError("no private key of Ed25519")
    found = Signer(parts[2], key[1:])
    if found.verifier.hash.hex() != parts[3]:
        raise LedgerError("the hash in the private key is not that of its name and key")
    return found


def is_name(name: str) -> bool:
    """Can it be the name of a key and of a log?"""
    return _NAME.fullmatch(name) is not None


def signed(text: str, signers: Iterable[Signer]) -> bytes:
    """The note with a signature of each."""
    lines = [f"\u2014 {one.name} {to_base64(one.verifier.hash + one.signature(text.encode()))}\n" for one in signers]
    return f"{text}\n{''.join(lines)}".encode()


def note(data: bytes, where: str = "") -> Note:
    """The parts of a signed note; LedgerError where it is none. No signature is verified here."""
    if len(data) > _LARGEST:
        raise LedgerError("too large for a note", where)
    try:
        written = data.decode()
    except UnicodeDecodeError as error:
        raise LedgerError("no note: it is not UTF-8", where) from error
    if re.search(r"[\x00-\x09\x0b-\x1f\x7f]", written):
        raise LedgerError("no note: it holds control characters", where)
    text, divided, below = written.rpartition("\n\n")
    if not divided or not below.endswith("\n"):
        raise LedgerError("no note: there are no signatures below a blank line", where)
    signatures = []
    for line in below[:-1].split("\n"):
        found = _SIGNATURE.fullmatch(line)
        value = from_base64(found.group(2), where) if found else b""
        if found is None or len(value) < 5:
            raise LedgerError("no note: a line below it is no signature", where)
        signatures.append(Signature(found.group(1), value[:4], value[4:]))
    return Note(f"{text}\n", tuple(signatures))


def checkpoint(text: str, where: str = "") -> Checkpoint:
    """The checkpoint in a note's text; LedgerError where it is none."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or "" in lines or not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1]):
        raise LedgerError("no checkpoint: a name, a size and a hash are expected", where)
    root = from_base64(lines[2], where)
    if len(root) != SIZE:
        raise LedgerError("no checkpoint: the root hash has no 32 bytes", where)
    return Checkpoint(lines[0], int(lines[1]), root)


def _is_valid(verifier: Verifier, text: str, signature: Signature) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    message = text.encode()
    value = signature.value
    if verifier.kind == _COSIGNATURE:
        # A witness signs the time at which it saw the checkpoint, too (C2SP tlog-cosignature).
        message = f"cosignature/v1\ntime {int.from_bytes(value[:8], 'big')}\n".encode() + message
        value = value[8:]
    try:
        Ed25519PublicKey.from_public_bytes(verifier.key).verify(value, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def to_base64(data: bytes) -> str:
    """Base64 as notes and proofs have it."""
    return base64.b64encode(data).decode()


def from_base64(written: str, where: str = "") -> bytes:
    """What is written in base64; LedgerError where it is none, or not written as everybody writes it: no byte of it may be changed unseen."""
    try:
        data = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError) as error:
        raise LedgerError("no base64", where) from error
    if to_base64(data) != written:
        raise LedgerError("no canonical base64", where)
    return data
