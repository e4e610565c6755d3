"""Globs as github.com/gobwas/glob v1.0.0 understands them, which Argo CD uses since 3.6.

Patterns come from repositories that may be hostile: the time is bounded by pattern times text, whatever they hold.
"""

import re
from typing import NamedTuple

_SPECIAL = frozenset("*?[{\\")
_BEYOND_STARS = frozenset("?[{\\")
_STARS = re.compile(r"\*+")
# Steps of a pattern times characters of a text; some ten seconds. No API server stores an object that comes near.
_MOST_WORK = 100_000_000


class GlobError(ValueError):
    """The pattern does not compile; Argo CD then treats it as matching nothing."""


class GlobUndecided(ValueError):
    """Whether the pattern matches can't be said: it would take too long. The message says why."""


class GlobCrash(GlobUndecided):
    """Argo CD itself crashes on the pattern and the text."""


class One(NamedTuple):
    """Exactly one character: any of `members` (or none of them), or a range."""

    members: frozenset[str]
    negated: bool = False
    low: str = ""
    high: str = ""

    def takes(self, character: str) -> bool:
        """Is it one of these?"""
        inside = self.low <= character <= self.high if self.low else character in self.members
        return inside != self.negated


class Any(NamedTuple):
    """Any number of characters that are no separators."""

    separators: frozenset[str]


class Choice(NamedTuple):
    """One of several sequences."""

    alternatives: tuple["Sequence", ...]


# A string is itself.
Step = str | One | Any | Choice
Sequence = tuple[Step, ...]


class Parsed(NamedTuple):
    """A pattern as steps; `size` is how many there are, inside choices too."""

    steps: Sequence
    size: int

    def takes(self, text: str) -> bool:
        """Does the whole text match?"""
        if self.size * len(text) > _MOST_WORK:
            raise GlobUndecided(f"a glob of {self.size} parts on a text of {len(text)} characters takes too long to match")
        return len(text) in _ends(self.steps, text, {0})


def steps(pattern: str, separators: str) -> Sequence:
    """The pattern as steps; GlobError where it does not compile."""
    return _parsed(pattern, separators).steps


def problem(pattern: str) -> str:
    """Why the pattern does not compile; "" where it does."""
    if not _BEYOND_STARS.intersection(pattern):
        return ""
    try:
        _parsed(pattern, "")
    except GlobError as error:
        return str(error)
    return ""


def plan(pattern: str, separators: str) -> "Stars | Parsed | None":
    """How to match the pattern: as it stands (None), as literals between stars, or step by step. GlobError where it does not compile."""
    if not _SPECIAL.intersection(pattern):
        return None
    if not _BEYOND_STARS.intersection(pattern):
        crossing = {len(star) > 1 or not separators for star in _STARS.findall(pattern)}
        if len(crossing) == 1:
            first, *literals = _STARS.split(pattern)
            return Stars(first, tuple(literals[:-1]), literals[-1], "" if crossing == {True} else separators)
    return _parsed(pattern, separators)


class Stars(NamedTuple):
    """A pattern of nothing but literals and stars of one kind; `barred` are the characters that they don't cross.

    Each literal takes its first fit. That is enough: where a star may not cross a separator, a literal with one in it fits in one place only,
    and one without leaves the next star the same part of the path, or more of it.
    """

    first: str
    literals: tuple[str, ...]
    last: str
    barred: str

    def takes(self, text: str) -> bool:
        """Does the whole text match?"""
        first, last = self.first, self.last
        position, end = len(first), len(text) - len(last)
        if position > end or not text.startswith(first) or not text.endswith(last):
            return False
        for literal in self.literals:
            found = text.find(literal, position, end)
            if found < 0 or self._bars(text, position, found):
                return False
            position = found + len(literal)
        return not self._bars(text, position, end)

    def _bars(self, text: str, start: int, end: int) -> bool:
        return any(text.find(separator, start, end) >= 0 for separator in self.barred) if self.barred else False


def _ends(steps: Sequence, text: str, positions: set[int]) -> set[int]:
    """Where in the text the steps may end that begin at one of the positions. All are followed at once, so nothing is tried twice."""
    for step in steps:
        if isinstance(step, str):
            positions = {position + len(step) for position in positions if text.startswith(step, position)}
        elif isinstance(step, One):
            positions = {position + 1 for position in positions if position < len(text) and step.takes(text[position])}
        elif isinstance(step, Any):
            positions = _reached(step.separators, text, positions)
        else:
            positions = set().union(*(_ends(alternative, text, positions) for alternative in step.alternatives))
        if not positions:
            break
    return positions


def _reached(separators: frozenset[str], text: str, positions: set[int]) -> set[int]:
    reached: set[int] = set()
    end = -1
    for position in sorted(positions):
        if position > end:
            end = min((found for found in (text.find(separator, position) for separator in separators) if found >= 0), default=len(text))
            reached.update(range(position, end + 1))
    return reached


def _parsed(pattern: str, separators: str) -> Parsed:
    parser = _Parser(pattern, frozenset(separators))
    return Parsed(parser.sequence(nested=0), parser.size)


_DEEPEST = 200


class _Parser:
    """A recursive descent over the pattern."""

    def __init__(self, pattern: str, separators: frozenset[str]) -> None:
        self.pattern = pattern
        self.separators = separators
        self.position = 0
        self.size = 0

    def sequence(self, nested: int) -> Sequence:
        """Read up to the end, or to the `,` or `}` that ends an alternative."""
        if nested > _DEEPEST:
            raise GlobUndecided(f"a glob whose braces are nested more than {_DEEPEST} deep is not matched")
        steps: list[Step] = []
        literal: list[str] = []
        while self.position < len(self.pattern):
            character = self.pattern[self.position]
            if nested and character in ",}":
                break
            self.position += 1
            if character in "*?[{":
                self._flush(literal, steps)
                steps.append(self._special(character, nested))
                self.size += 1
            else:
                if character == "\\":
                    if self.position == len(self.pattern):
                        raise GlobError("a `\\` at the end escapes nothing")
                    character = self.pattern[self.position]
                    self.position += 1
                literal.append(character)
        else:
            if nested:
                raise GlobError("a `{` is not closed")
        self._flush(literal, steps)
        return tuple(steps)

    def _flush(self, literal: list[str], steps: list[Step]) -> None:
        if literal:
            steps.append("".join(literal))
            self.size += 1
            literal.clear()

    def _special(self, character: str, nested: int) -> Step:
        if character == "?":
            return One(self.separators, negated=True)
        if character == "[":
            return self._class()
        if character == "*":
            start = self.position
            while self.pattern.startswith("*", self.position):
                self.position += 1
            return Any(frozenset() if self.position > start else self.separators)
        alternatives = []
        while True:
            alternatives.append(self.sequence(nested + 1))
            self.position += 1
            if self.pattern[self.position - 1] == "}":
                return Choice(tuple(alternatives))

    def _class(self) -> One:
        pattern = self.pattern
        negated = pattern.startswith("!", self.position)
        self.position += negated
        start = self.position
        if pattern.startswith("-", start + 1):
            # A range is exactly two ends and nothing else, both taken as they are.
            if not pattern.startswith("]", start + 3) or pattern[start + 2] < pattern[start]:
                raise GlobError("a range in `[…]` must be exactly `[a-z]`")
            self.position = start + 4
            return One(frozenset(), negated, pattern[start], pattern[start + 2])
        members: set[str] = set()
        while not pattern.startswith("]", self.position):
            self.position += pattern.startswith("\\", self.position)
            if self.position >= len(pattern):
                raise GlobError("a `[` is not closed")
            members.add(pattern[self.position])
            self.position += 1
        if not members:
            raise GlobError("`[]` is empty")
        self.position += 1
        return One(frozenset(members), negated)
