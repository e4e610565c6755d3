"""Go's filepath.Match, with which Argo CD compares groups, kinds and names of objects (path/filepath/match.go of Go 1.27).

Bytes, not characters, as there: a `*` may stop inside a character. Every chunk between stars takes its first fit and is never tried again, so
the time is bounded whatever the pattern holds.
"""

from functools import lru_cache
from typing import NamedTuple

from gitguard.argo.golang import rune

_SLASH = ord("/")
_SPECIAL = frozenset("*?[\\")
_ANY = -1


class BadPattern(ValueError):
    """The pattern is malformed; Argo CD then treats it as matching nothing."""


class _Class(NamedTuple):
    """`[a-z_]`: ranges of characters, or everything but them."""

    ranges: tuple[tuple[str, str], ...]
    negated: bool

    def takes(self, character: str) -> bool:
        return any(low <= character <= high for low, high in self.ranges) != self.negated


# A byte, any character but a slash, or a class.
_Operator = int | _Class


class _Chunk(NamedTuple):
    """What lies between two stars; `star`: a star comes before it."""

    star: bool
    operators: tuple[_Operator, ...]


def malformed(pattern: str) -> str:
    """Why the pattern is malformed; "" where it is not."""
    try:
        _compiled(pattern)
    except BadPattern as error:
        return str(error)
    return ""


@lru_cache(maxsize=65536)
def match(pattern: str, name: str) -> bool:
    """Does the whole name match? A malformed pattern matches nothing."""
    if not _SPECIAL.intersection(pattern):
        return pattern == name
    if pattern == "*":
        return "/" not in name
    try:
        chunks = _compiled(pattern)
    except BadPattern:
        return False
    text, position = name.encode("utf-8", "surrogatepass"), 0
    for number, chunk in enumerate(chunks):
        if chunk.star and not chunk.operators:
            return _SLASH not in text[position:]
        last = number == len(chunks) - 1
        end = _fit(chunk.operators, text, position)
        if end is None or (last and end < len(text)):
            end = _skip(chunk.operators, text, position, last=last) if chunk.star else None
        if end is None:
            return False
        position = end
    return position == len(text)


def _skip(operators: tuple[_Operator, ...], text: bytes, position: int, *, last: bool) -> int | None:
    """Where the first fit of a chunk that follows a star ends."""
    while position < len(text) and text[position] != _SLASH:
        position += 1
        end = _fit(operators, text, position)
        if end is not None and not (last and end < len(text)):
            return end
    return None


def _fit(operators: tuple[_Operator, ...], text: bytes, position: int) -> int | None:
    """Where the chunk ends when it fits here; None where it does not."""
    for operator in operators:
        if position >= len(text):
            return None
        if operator == _ANY:
            if text[position] == _SLASH:
                return None
            position += rune(text, position)[1]
        elif isinstance(operator, _Class):
            character, width = rune(text, position)
            if not operator.takes(character):
                return None
            position += width
        elif operator != text[position]:
            return None
        else:
            position += 1
    return position


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> tuple[_Chunk, ...]:
    text = pattern.encode("utf-8", "surrogatepass")
    chunks: list[_Chunk] = []
    operators: list[_Operator] = []
    star, position = False, 0
    while position < len(text):
        byte = text[position : position + 1]
        position += 1
        if byte == b"*":
            if operators or star:
                chunks.append(_Chunk(star, tuple(operators)))
                operators = []
            star = True
            while text.startswith(b"*", position):
                position += 1
        elif byte == b"?":
            operators.append(_ANY)
        elif byte == b"[":
            made, position = _class(text, position)
            operators.append(made)
        else:
            if byte == b"\\":
                if position == len(text):
                    raise BadPattern("a `\\` at the end escapes nothing")
                byte = text[position : position + 1]
                position += 1
            operators.append(byte[0])
    chunks.append(_Chunk(star, tuple(operators)))
    return tuple(chunks)


def _class(text: bytes, position: int) -> tuple[_Class, int]:
    """A class, and where it ends."""
    negated = text.startswith(b"^", position)
    position += negated
    ranges: list[tuple[str, str]] = []
    while not (ranges and text.startswith(b"]", position)):
        low, position = _member(text, position)
        high = low
        if text.startswith(b"-", position):
            high, position = _member(text, position + 1)
        ranges.append((low, high))
    return _Class(tuple(ranges), negated), position + 1


def _member(text: bytes, position: int) -> tuple[str, int]:
    if text[position : position + 1] in (b"-", b"]"):
        raise BadPattern("a `-` or `]` in `[…]` has to be escaped, and `[]` is empty")
    position += text.startswith(b"\\", position)
    if position >= len(text):
        raise BadPattern("a `[` is not closed")
    character, width = rune(text, position)
    if character == "\ufffd" and width == 1:
        raise BadPattern("it is no UTF-8")
    if position + width >= len(text):
        raise BadPattern("a `[` is not closed")
    return character, position + width
