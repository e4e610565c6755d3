"""Entries: what happened, as one canonical JSON object each (RFC 8785), so that the same entry has the same bytes for everybody.

What an entry holds is described by schemas/ledger-entry.schema.json.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.tiles import LARGEST_ENTRY

VERSION = 1
KINDS = ("drift", "intent", "outcome", "alert", "exception", "ack", "heartbeat", "key")
_LARGEST_INTEGER = 2**53 - 1
_FIRST_EXPONENT = 1e21
_TOO_LARGE = "it holds too large a number; write it as text"
_MOST_LEVELS = 64
# Shorter integers are exact in every reader, and written alike.
_SAFE_DIGITS = 16
# From here on UTF-16, by which RFC 8785 sorts keys, takes two units, and sorts otherwise than Python does.
_FIRST_PAIR = "\U00010000"


def encoded(entry: Mapping[str, Any]) -> bytes:
    """The canonical bytes of an entry; LedgerError where it is no JSON that everybody reads alike, or too large for the log."""
    data = _written_as_usual(entry)
    if data is None:
        problem = _problem(entry)
        if problem:
            raise LedgerError(f"an entry that can't be written: {problem}")
        data = canonical(entry)
    if len(data) > LARGEST_ENTRY:
        raise LedgerError(f"an entry of {len(data)} bytes; at most {LARGEST_ENTRY} fit, and what is larger belongs into evidence")
    return data


def decoded(data: bytes, where: str = "") -> Mapping[str, Any]:
    """The entry in these bytes; LedgerError where they are not the canonical JSON of one object."""
    try:
        text = data.decode()
        value, _ = _usual.raw_decode(text)
        same = _is_written_as_usual(value, text)
        if not same:
            value = _exact.decode(text)
            same = _problem(value) == "" and canonical(value) == data
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"no JSON: {error}", where) from error
    if not isinstance(value, dict):
        raise LedgerError("no JSON object", where)
    if not same:
        raise LedgerError("no canonical JSON (RFC 8785)", where)
    return value


def canonical(value: Any) -> bytes:
    """RFC 8785. Raises ValueError for what JSON can't say."""
    import rfc8785

    data: bytes = rfc8785.dumps(value)
    return data


# Python's own writer is ten times as fast. What it writes compactly with sorted keys is canonical, but for numbers and for keys that only RFC 8785
# knows to write and to sort.
class _Unusual:
    """A number that Python may write otherwise than RFC 8785 does; the encoder refuses it."""

    def __init__(self, digits: str) -> None:
        pass


def _integer(digits: str) -> int | _Unusual:
    return int(digits) if len(digits) < _SAFE_DIGITS else _Unusual(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return made


_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
_exact = json.JSONDecoder(object_pairs_hook=_object)
# Keys that occur twice need no look: they are not written again.
_usual = json.JSONDecoder(parse_float=_Unusual, parse_int=_integer)


def _is_written_as_usual(value: Any, text: str) -> bool:
    try:
        return (text.isascii() or max(text) < _FIRST_PAIR) and _encoder.encode(value) == text
    except TypeError:
        return False


def _written_as_usual(value: Any) -> bytes | None:
    """The canonical bytes, None where that takes RFC 8785 to know, or where it is no JSON."""
    try:
        text = _encoder.encode(value)
        read, _ = _usual.raw_decode(text)
        plain = read == value and text.count("{") + text.count("[") <= _MOST_LEVELS and (text.isascii() or max(text) < _FIRST_PAIR)
        return text.encode() if plain else None
    except (TypeError, ValueError, RecursionError):
        return None


def _problem(value: Any, depth: int = 0) -> str:
    """Why a value is no JSON that everybody reads alike, "" where it is."""
    if depth > _MOST_LEVELS:
        return f"it is nested more than {_MOST_LEVELS} deep"
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return "" if abs(value) <= _LARGEST_INTEGER else _TOO_LARGE
    if isinstance(value, float):
        if value - value != 0:
            return f"{value} is no number in JSON"
        # RFC 8785 writes it without exponent, so that it would be read as an integer that is not exact everywhere.
        return _TOO_LARGE if _LARGEST_INTEGER < abs(value) < _FIRST_EXPONENT else ""
    if isinstance(value, str):
        return "" if not re.search(r"[\ud800-\udfff]", value) else "it holds half a character"
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) for name in value):
            return "a key is no text"
        return next((said for name, part in value.items() if (said := _problem(name) or _problem(part, depth + 1))), "")
    if isinstance(value, list | tuple):
        return next((said for part in value if (said := _problem(part, depth + 1))), "")
    return f"{type(value).__name__} is not in JSON"
