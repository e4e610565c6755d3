"""Regular expressions of sourceNamespaces: Argo CD's engine, dlclark/regexp2, speaks .NET's dialect and searches anywhere in the text.

What both that dialect and the `regex` library read alike is judged; the rest is not guessed at. Time is bounded: an expression that backtracks
without end is given up.
"""

import re
from functools import lru_cache
from typing import Any

_LONGEST = 4096
_LARGEST_COUNT = 1000
_SECONDS = 0.25
# One piece of an expression: an escape, the opening of a group, a class, a quantifier with its laziness, or one character.
_PIECE = re.compile(
    r"""(?P<escape>\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.))
    |(?P<group>\((?:\?(?::|=|!|<=|<!|>|<[A-Za-z]\w*>|i\)|i:|[^)]?))?)
    |(?P<class>\[\^?\]?(?:\\.|[^\]\\])*\])
    |(?P<quantifier>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)
    |(?P<braces>\{,)
    |(?P<character>.)""",
    re.DOTALL | re.VERBOSE,
)
_GROUPS = ("(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>", "(?i:")
_CLASS_ESCAPES = frozenset("dDwWsS")
_ESCAPES = frozenset("dDwWsSbBtnrfvA")
_CLASS_PIECE = re.compile(r"\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL)


class _Unlike(Exception):
    """The two dialects may read this differently."""


def search(expression: str, text: str) -> bool | None:
    """Is there a match anywhere? An expression that Argo CD can't compile matches nothing; None: it can't be judged here."""
    compiled = _compiled(expression)
    if compiled is None or isinstance(compiled, bool):
        return compiled
    try:
        return compiled.search(text, timeout=_SECONDS) is not None
    except TimeoutError:
        return None


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Any:
    """A compiled expression, False for an invalid one, None for one that is not understood."""
    if len(expression) > _LONGEST:
        return None
    try:
        translated = _translated(expression)
    except _Unlike:
        return None
    if translated is None:
        return False
    # Imported late: few repositories have such an entry.
    import regex

    try:
        return regex.compile(translated)
    except (regex.error, OverflowError):
        return False


def _translated(expression: str) -> str | None:
    """The expression for the library; None where both dialects refuse it for how its pieces follow each other, _Unlike where they may differ."""
    reading = _Reading()
    pieces = []
    for piece in _PIECE.finditer(expression):
        kind, text = piece.lastgroup or "", piece.group()
        if kind == "quantifier":
            if not reading.quantify(text):
                return None
        elif not reading.add(kind, text, piece.start()):
            return None
        # `{,2}` are four characters in .NET, and a quantifier elsewhere.
        pieces.append("\\{," if kind == "braces" else text)
    if reading.open or (reading.references > reading.groups and not reading.special):
        return None
    if reading.early or (reading.references and reading.special):
        raise _Unlike
    return "".join(pieces)


class _Reading:
    """What was read so far."""

    def __init__(self) -> None:
        self.quantifiable = "nothing"
        self.open: list[int] = []
        self.groups = 0
        self.closed: set[int] = set()
        # The highest group that is referred to, and whether one was before it was closed.
        self.references = 0
        self.early = False
        self.special = False

    def quantify(self, text: str) -> bool:
        if self.quantifiable == "anchor":
            raise _Unlike
        if any(int(number) > _LARGEST_COUNT for number in re.findall(r"[0-9]+", text)):
            raise _Unlike
        if self.quantifiable != "atom":
            return False
        self.quantifiable = "quantified"
        return True

    def add(self, kind: str, text: str, position: int) -> bool:
        if kind == "escape":
            self._escape(text)
        elif kind == "group":
            self._open(text, position)
        elif kind == "class":
            _check_class(text)
            self.quantifiable = "atom"
        elif kind != "braces" and text in "[\\":
            return False
        elif text == ")":
            return self._close()
        elif text == "|":
            self.quantifiable = "nothing"
        elif text in "^$":
            self.quantifiable = "anchor"
        else:
            self.quantifiable = "atom"
        return True

    def _escape(self, text: str) -> None:
        character = text[1]
        if character.isdigit():
            self.early = self.early or int(character) not in self.closed
            self.references = max(self.references, int(character))
        elif (character.isalnum() and character not in _ESCAPES and len(text) == 2) or not character.isascii():
            raise _Unlike
        self.quantifiable = "anchor" if character in "bBA" else "atom"

    def _open(self, text: str, position: int) -> None:
        if text == "(?i)":
            if position:
                raise _Unlike
            return
        named = re.fullmatch(r"\(\?<[A-Za-z]\w*>", text) is not None
        if text not in _GROUPS and not named:
            raise _Unlike
        # Captures inside look-behind, and names among numbers, are counted and filled differently.
        self.special = self.special or named or text.startswith("(?<")
        self.groups += text == "("
        self.open.append(self.groups if text == "(" else -1 if text in _GROUPS[2:6] else 0)
        self.quantifiable = "nothing"

    def _close(self) -> bool:
        if not self.open:
            return False
        group = self.open.pop()
        if group > 0:
            self.closed.add(group)
        self.quantifiable = "anchor" if group < 0 else "atom"
        return True


def _check_class(text: str) -> None:
    inside = text[1:-1].removeprefix("^")
    pieces = _CLASS_PIECE.findall(inside)
    for number, piece in enumerate(pieces):
        beside_hyphen = "-" in (pieces[number - 1] if number else "", pieces[number + 1] if number + 1 < len(pieces) else "")
        doubled = piece in "&|~-" and number + 1 < len(pieces) and pieces[number + 1] == piece
        if piece == "[" or doubled or (piece.startswith("\\") and piece[1] in _CLASS_ESCAPES and beside_hyphen):
            raise _Unlike
        if piece.startswith("\\") and len(piece) == 2 and piece[1].isalnum() and piece[1] not in _CLASS_ESCAPES | frozenset("tnrfv"):
            raise _Unlike
