"""What Go's standard library does with text where Python's does something else."""

import re

# unicode.IsSpace; Python's str.strip also takes U+001C to U+001F.
SPACE = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_SPACES = re.compile(f"[{re.escape(SPACE)}]+")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_LARGEST = 2**63 - 1


def lower(text: str) -> str:
    """strings.ToLower: rune by rune, where Python's str.lower may turn one character into several."""
    if text.isascii():
        return text.lower()
    return "".join(_lower(character) for character in text)


def _lower(character: str) -> str:
    lowered = character.lower()
    return lowered if len(lowered) == 1 else "i" if character == "\u0130" else character


def fields(text: str) -> list[str]:
    """strings.Fields: the parts between runs of white space."""
    return [part for part in _SPACES.split(text) if part]


def atoi(text: str) -> int | None:
    """strconv.Atoi: ASCII digits with an optional sign, within 64 bits; None for anything else."""
    if not _INTEGER.fullmatch(text):
        return None
    # Longer than any 64-bit number: not even worth the conversion, whose time grows with the square of the length.
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > len(str(_LARGEST)):
        return None
    number = int(text)
    return number if -_LARGEST - 1 <= number <= _LARGEST else None


def rune(text: bytes, position: int) -> tuple[str, int]:
    """utf8.DecodeRune: the character at a position and its width; what is no character is U+FFFD, one byte wide."""
    first = text[position]
    width = 1 if first < 0x80 else 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
    try:
        return text[position : position + width].decode() or "\ufffd", width or 1
    except UnicodeDecodeError:
        return "\ufffd", 1
