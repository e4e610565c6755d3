"""Which texts some globs tell apart: for every combination of "matches" that a text can have, one text that has it.

Whatever is decided by globs alone is the same for all texts of a combination, so asking about one of each is asking about every text there is.
Each glob is followed as a set of what may still come (its derivatives), all of them at once, over the characters that they name and one more.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from gitguard.argo.gobwas_1 import Any, Choice, GlobError, GlobUndecided, One, Step, steps

_MOST = 20_000
_MOST_CASES = 200_000
# What a text has where the globs do not care: letters that read as a name, before anything that they mention.
_FRESH = "xyzabcdefghijklmnopqrstuvw0123456789~\u00e9\u4e00"
_Rest = tuple[Step, ...]
_State = frozenset[_Rest]


class Pattern(NamedTuple):
    """A glob as steps; one that does not compile has none, and matches nothing."""

    steps: _Rest | None


def glob(pattern: str, separators: str = "") -> Pattern:
    """A glob of Argo CD's, as its newest library reads it."""
    try:
        return Pattern(steps(pattern, separators))
    except GlobError:
        return Pattern(None)


def classes(patterns: Sequence[Pattern]) -> tuple[str, ...]:
    """A shortest text for each combination, and the empty text. GlobUndecided where there are too many to look at."""
    alphabet = _alphabet(patterns)
    start = tuple(_closed(frozenset([pattern.steps])) if pattern.steps is not None else frozenset() for pattern in patterns)
    # The empty text is one of its own: what is empty is often not asked about at all.
    seen, found = {start}, {(True, _matches(start)): ""}
    pending = deque([(start, "")])
    while pending:
        state, text = pending.popleft()
        for character in alphabet:
            following = tuple(_after(one, character) if one else one for one in state)
            found.setdefault((False, _matches(following)), text + character)
            if following in seen:
                continue
            seen.add(following)
            if len(seen) > _MOST:
                raise GlobUndecided("these globs tell more texts apart than can be looked at")
            if any(following):
                pending.append((following, text + character))
    return tuple(found.values())


def texts(patterns: Iterable[str], separators: str = "") -> tuple[str, ...]:
    """`classes` of globs as they are written, each looked at once."""
    return classes([glob(pattern, separators) for pattern in dict.fromkeys(patterns)])


def plain(pattern: str) -> str:
    """A text that a glob matches, mostly, and that reads well."""
    return pattern.removeprefix("!").replace("**", "x/y").replace("*", "x").replace("?", "x")


def _matches(state: Sequence[_State]) -> tuple[bool, ...]:
    return tuple(() in one for one in state)


@lru_cache(maxsize=65536)
def _after(state: _State, character: str) -> _State:
    return _closed(frozenset(rest for one in state if one for rest in _step(one, character)))


def _step(rest: _Rest, character: str) -> Iterator[_Rest]:
    first, others = rest[0], rest[1:]
    if isinstance(first, str):
        if first[0] == character:
            yield ((first[1:], *others) if len(first) > 1 else others)
    elif isinstance(first, One):
        if first.takes(character):
            yield others
    elif isinstance(first, Any) and character not in first.separators:
        yield rest


def cases(*parts: Sequence[str], most: int = _MOST_CASES) -> Iterator[tuple[str, ...]]:
    """Each combination of one text of each part; GlobUndecided, at once, where there are more than can be asked about."""
    number = prod(map(len, parts))
    if number > most:
        raise GlobUndecided(f"its entries tell {number:,} cases apart, more than can be asked about")
    return product(*parts)


def _closed(state: _State) -> _State:
    """With everything that can be had without a character: stars that take nothing, and the alternatives of choices in their place."""
    made: set[_Rest] = set()
    pending = list(state)
    while pending:
        rest = pending.pop()
        if rest in made:
            continue
        made.add(rest)
        if rest and isinstance(rest[0], Any):
            pending.append(rest[1:])
        elif rest and isinstance(rest[0], Choice):
            made.discard(rest)
            pending += [(*alternative, *rest[1:]) for alternative in rest[0].alternatives]
    return frozenset(made)


def _alphabet(patterns: Sequence[Pattern]) -> tuple[str, ...]:
    """A character that none names, then all that they name, with the neighbours of ranges."""
    named: dict[str, None] = {}
    for pattern in patterns:
        named |= dict.fromkeys(_named(pattern.steps or ()))
    fresh = next(character for character in (*_FRESH, *map(chr, range(0x4E01, 0x9FFF))) if character not in named)
    return (fresh, *named)


def _named(rest: _Rest) -> Iterator[str]:
    for step in rest:
        if isinstance(step, str):
            yield from step
        elif isinstance(step, One):
            yield from sorted(step.members)
            if step.low:
                yield from (step.low, step.high)
                yield from (
                    chr(code) for code in (ord(step.low) - 1, ord(step.high) + 1, (ord(step.low) + ord(step.high)) // 2) if 0x20 <= code < 0x110000
                )
        elif isinstance(step, Any):
            yield from sorted(step.separators)
        else:
            for alternative in step.alternatives:
                yield from _named(alternative)
