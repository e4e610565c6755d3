"""Go's quoted texts and numbers (strconv of Go 1.27)."""

import re

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.nodes import Number
from gitguard.gotemplate.values import as_bytes, as_text

_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))|[^\\]+", re.DOTALL)
_UNDERSCORES = re.compile(r"[-+]?(?:0[xXoObB]?_?)?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*")
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


def unquote(literal: str) -> str:
    """The text of a literal in double quotes or backquotes. Bytes that are no UTF-8 become lone surrogates."""
    if literal.startswith("`"):
        return literal[1:-1].replace("\r", "")
    return _unescaped(literal[1:-1], '"')


def _unescaped(text: str, quote: str) -> str:
    made = bytearray()
    for piece in _ESCAPE.finditer(text):
        byte, short, long, octal, simple = piece.groups()
        if byte or octal:
            number = int(byte, 16) if byte else int(octal, 8)
            if number > 255:
                raise TemplateError("invalid syntax of a quoted text")
            made.append(number)
        elif short or long:
            made += _rune(int(short or long, 16))
        elif simple is not None:
            if simple not in _SIMPLE and simple != quote:
                raise TemplateError("invalid syntax of a quoted text")
            made += _SIMPLE.get(simple, simple).encode()
        else:
            made += as_bytes(piece.group())
    return as_text(bytes(made))


def _rune(number: int) -> bytes:
    if number > 0x10FFFF or 0xD800 <= number < 0xE000:
        raise TemplateError("invalid syntax of a quoted text")
    return chr(number).encode()


def number(text: str, kind: str) -> Number:
    """A number's values; `kind` is "number" or "char"."""
    if kind == "char":
        character = _unescaped(text[1:-1], "'")
        if len(character) != 1:
            raise TemplateError(f"malformed character constant: {text}")
        return Number(text, ord(character), float(ord(character)), False)
    if text.endswith("i"):
        raise Undecided("complex numbers in a template")
    integer = whole(text)
    if integer is not None:
        if not _LOWEST <= integer <= _HIGHEST:
            raise TemplateError(f"{text} overflows int")
        return Number(text, integer, float(integer), False)
    if not any(mark in text for mark in ".eEpP"):
        raise TemplateError(f"illegal number syntax: {text}")
    if "_" in text or "x" in text.lower():
        raise Undecided(f"the number {text} in a template")
    if not _FLOAT.fullmatch(text):
        raise TemplateError(f"illegal number syntax: {text}")
    value = float(text)
    inside = value.is_integer() and _LOWEST <= value <= _HIGHEST
    return Number(text, int(value) if inside else None, value, True)


def whole(text: str) -> int | None:
    """strconv.ParseInt with base 0, of any size; None where the text is no whole number."""
    if "_" in text:
        if not _UNDERSCORES.fullmatch(text):
            return None
        text = text.replace("_", "")
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-")
    base = 8 if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit() else 0
    return int(digits, base) * (-1 if text.startswith("-") else 1)
