"""How github.com/gobwas/glob v0.2.3 reads a pattern: what it takes for an error and what it overlooks."""

from typing import NamedTuple

from gitguard.argo.gobwas_1 import GlobError, GlobUndecided

_DEEPEST = 200
# The library's mark for the end of the pattern, which a pattern may hold itself.
_END = "\0"
_UNREADABLE = "\ufffd"


class Node(NamedTuple):
    """A part of a pattern: text, run, everything, single, class, range, pattern, choice, nothing.

    `text` is the literal, the members of a class or the low end of a range; `to` the high end.
    """

    kind: str
    text: str = ""
    negated: bool = False
    to: str = ""
    children: tuple["Node", ...] = ()


def parse(pattern: str) -> Node:
    """The pattern as a tree. A brace that is not closed is closed by the end, a last backslash is dropped; GlobError for what it refuses."""
    return _Reader(pattern).sequence(0)


class _Reader:
    """A recursive descent that reads as the library's lexer does."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.ended = False

    def _peek(self) -> str:
        character = self.pattern[self.position] if self.position < len(self.pattern) else _END
        if character == _UNREADABLE:
            raise GlobError("it is no UTF-8")
        return character

    def _read(self) -> str:
        character = self._peek()
        self.position = min(self.position + 1, len(self.pattern))
        return character

    def sequence(self, nested: int) -> Node:
        """Up to the end, or to the `,` or `}` that ends an alternative, which is left where it is."""
        if nested > _DEEPEST:
            raise GlobUndecided(f"a glob whose braces are nested more than {_DEEPEST} deep is not matched")
        children: list[Node] = []
        while not self.ended:
            character = self._peek()
            if nested and character in ",}":
                break
            if character == _END:
                self.ended = True
            elif character == "{":
                self.position += 1
                children.append(self._choice(nested))
            elif character == "[":
                self.position += 1
                children.append(self._class())
            elif character == "?":
                self.position += 1
                children.append(Node("single"))
            elif character == "*":
                self.position += 1
                doubled = self._peek() == "*"
                self.position += doubled
                children.append(Node("everything" if doubled else "run"))
            else:
                text = self._text("?*[{},"[: 6 if nested else 4])
                children += [Node("text", text)] if text else []
        return Node("pattern", children=tuple(children))

    def _choice(self, nested: int) -> Node:
        alternatives = [self.sequence(nested + 1)]
        while not self.ended and self._read() == ",":
            alternatives.append(self.sequence(nested + 1))
        return Node("choice", children=tuple(alternatives))

    def _text(self, breakers: str) -> str:
        text, escaped = "", False
        while True:
            character = self._peek()
            if not escaped and character in breakers and character != _END:
                return text
            self._read()
            if character == _END:
                # One inside of the pattern is passed over.
                return text
            if character == "\\" and not escaped:
                escaped = True
            else:
                text, escaped = text + character, False

    def _class(self) -> Node:
        negated = self._peek() == "!"
        self.position += negated
        first = self._read()
        if first == _END:
            raise GlobError("a `[` is not closed")
        if self._peek() == "-":
            self.position += 1
            last = self._read()
            if last == _END:
                raise GlobError("a `[` is not closed")
            if last < first:
                raise GlobError("a range in `[…]` is the wrong way round")
            self._close()
            return Node("range", first, negated, last)
        self.position -= 1
        members = self._text("]")
        self._close()
        if not members:
            raise GlobError("`[]` is empty")
        return Node("class", members, negated)

    def _close(self) -> None:
        if self._read() != "]":
            raise GlobError("a range in `[…]` must be exactly `[a-z]`, and every `[` closed")
