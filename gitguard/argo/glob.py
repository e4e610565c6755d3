"""Globs as github.com/gobwas/glob v1.0.0 understands them, which Argo CD 3.6 uses for everything but kinds.

Matched by simulating the pattern's automaton: patterns come from repositories that may be hostile, and the time is bounded by
pattern times text whatever they hold.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_SPECIAL = frozenset("*?[{\\")
_BEYOND_STARS = frozenset("?[{\\")
_STARS = re.compile(r"\*+")
# States of a pattern times characters of a text; some ten seconds. No API server stores an object that comes near.
_MOST_WORK = 100_000_000


class GlobError(ValueError):
    """The pattern does not compile; Argo CD then treats it as matching nothing."""


class GlobTooCostly(ValueError):
    """The pattern is so long, and the text too, that matching them is not tried."""


class _One(NamedTuple):
    """Exactly one character: any of `members` (or none of them), or a range."""

    members: frozenset[str]
    negated: bool = False
    low: str = ""
    high: str = ""

    def takes(self, character: str) -> bool:
        inside = self.low <= character <= self.high if self.low else character in self.members
        return inside != self.negated


class _Run(NamedTuple):
    """Any number of characters that are no separators."""

    separators: frozenset[str]


# An automaton is a tuple of states; each state is (step or None, next states). The last state accepts.
_State = tuple[_One | _Run | None, tuple[int, ...]]


def compiles(pattern: str) -> str:
    """Why the pattern does not compile; "" where it does."""
    if not _BEYOND_STARS.intersection(pattern):
        return ""
    try:
        _automaton(pattern, "")
    except GlobError as error:
        return str(error)
    return ""


@lru_cache(maxsize=65536)
def match(pattern: str, text: str, separators: str = "") -> bool:
    """Does the whole text match? A pattern that does not compile matches nothing."""
    plan = _plan(pattern, separators)
    if plan is None:
        return pattern == text
    if isinstance(plan, _Stars):
        return plan.takes(text)
    if len(plan) * len(text) > _MOST_WORK:
        raise GlobTooCostly(f"a glob of {len(pattern)} characters on a text of {len(text)} takes too long to match")
    return _run(plan, text)


@lru_cache(maxsize=16384)
def _plan(pattern: str, separators: str) -> "_Stars | tuple[_State, ...] | None":
    """How to match the pattern: as it stands (None), literals between stars, or an automaton; an empty one where it does not compile."""
    if not _SPECIAL.intersection(pattern):
        return None
    if not _BEYOND_STARS.intersection(pattern):
        crossing = {len(star) > 1 or not separators for star in _STARS.findall(pattern)}
        if len(crossing) == 1:
            first, *literals = _STARS.split(pattern)
            return _Stars(first, tuple(literals[:-1]), literals[-1], "" if crossing == {True} else separators)
    try:
        return _automaton(pattern, separators)
    except GlobError:
        return ()


class _Stars(NamedTuple):
    """A pattern of nothing but literals and stars of one kind; `barred` are the characters that they don't cross.

    Each literal takes its first fit. That is enough: where a star may not cross a separator, a literal with one in it fits in one place only,
    and one without leaves the next star the same part of the path, or more of it.
    """

    first: str
    literals: tuple[str, ...]
    last: str
    barred: str

    def takes(self, text: str) -> bool:
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


def _run(states: tuple[_State, ...], text: str) -> bool:
    """Simulate the automaton."""
    current = _closure(states, {0}) if states else set()
    for character in text:
        following: set[int] = set()
        for state in current:
            step, targets = states[state]
            if isinstance(step, _Run):
                if character not in step.separators:
                    following.add(state)
            elif step is not None and step.takes(character):
                following.update(targets)
        if not following:
            return False
        current = _closure(states, following)
    return len(states) - 1 in current


def _closure(states: tuple[_State, ...], start: set[int]) -> set[int]:
    pending, reached = list(start), set(start)
    while pending:
        step, targets = states[pending.pop()]
        if step is None or isinstance(step, _Run):
            for target in targets:
                if target not in reached:
                    reached.add(target)
                    pending.append(target)
    return reached


@lru_cache(maxsize=4096)
def _automaton(pattern: str, separators: str) -> tuple[_State, ...]:
    builder = _Builder(pattern, frozenset(separators))
    end = builder.sequence(builder.new(), nested=0)
    if builder.position < len(pattern):
        raise GlobError(f"unexpected `{pattern[builder.position]}`")
    final = builder.new()
    builder.edges[end].append(final)
    return tuple((step, tuple(edges)) for step, edges in zip(builder.steps, builder.edges, strict=True))


_DEEPEST = 50


class _Builder:
    """A recursive descent over the pattern that writes states as it goes."""

    def __init__(self, pattern: str, separators: frozenset[str]) -> None:
        self.pattern = pattern
        self.separators = separators
        self.position = 0
        self.steps: list[_One | _Run | None] = []
        self.edges: list[list[int]] = []

    def new(self, step: _One | _Run | None = None) -> int:
        self.steps.append(step)
        self.edges.append([])
        return len(self.steps) - 1

    def after(self, state: int, step: _One | _Run) -> int:
        """Append a step behind `state`; the new end."""
        taking, end = self.new(step), self.new()
        self.edges[state].append(taking)
        self.edges[taking].append(end)
        return end

    def sequence(self, state: int, nested: int) -> int:
        """Read up to the end, or to the `,` or `}` that ends an alternative."""
        if nested > _DEEPEST:
            raise GlobError("braces are nested too deeply")
        while self.position < len(self.pattern):
            character = self.pattern[self.position]
            if nested and character in ",}":
                return state
            self.position += 1
            if character == "*":
                state = self._stars(state)
            elif character == "?":
                state = self.after(state, _One(self.separators, negated=True))
            elif character == "[":
                state = self.after(state, self._class())
            elif character == "{":
                state = self._alternatives(state, nested)
            else:
                if character == "\\":
                    if self.position == len(self.pattern):
                        raise GlobError("a `\\` at the end escapes nothing")
                    character = self.pattern[self.position]
                    self.position += 1
                state = self.after(state, _One(frozenset(character)))
        if nested:
            raise GlobError("a `{` is not closed")
        return state

    def _stars(self, state: int) -> int:
        count = 1
        while self.pattern.startswith("*", self.position):
            count += 1
            self.position += 1
        return self.after(state, _Run(frozenset() if count > 1 else self.separators))

    def _alternatives(self, state: int, nested: int) -> int:
        ends = []
        while True:
            start = self.new()
            self.edges[state].append(start)
            ends.append(self.sequence(start, nested + 1))
            closing = self.pattern[self.position]
            self.position += 1
            if closing == "}":
                break
        joined = self.new()
        for end in ends:
            self.edges[end].append(joined)
        return joined

    def _class(self) -> _One:
        pattern = self.pattern
        negated = pattern.startswith("!", self.position)
        self.position += negated
        start = self.position
        if pattern.startswith("-", start + 1):
            # A range is exactly two ends and nothing else, both taken as they are.
            if not pattern.startswith("]", start + 3) or pattern[start + 2] < pattern[start]:
                raise GlobError("a range in `[…]` must be exactly `[a-z]`")
            self.position = start + 4
            return _One(frozenset(), negated, pattern[start], pattern[start + 2])
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
        return _One(frozenset(members), negated)


def permits(pattern: str, text: str, separators: str = "") -> bool:
    """Argo CD's `globMatch` with negation: `!` turns the rest round (so that a `!` glob that does not compile matches), `*` is anything."""
    return matcher(pattern, separators)(text)


@lru_cache(maxsize=65536)
def matcher(pattern: str, separators: str = "") -> Callable[[str], bool]:
    """`permits` for one pattern, made once for many texts."""
    if pattern.startswith("!"):
        return lambda text: not match(pattern[1:], text, separators)
    if pattern == "*":
        return lambda text: True
    plan = _plan(pattern, separators)
    if plan is None:
        return lambda text: text == pattern
    return plan.takes if isinstance(plan, _Stars) else lambda text: match(pattern, text, separators)
