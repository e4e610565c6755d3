"""What has another name now: something that is gone, and something of the same kind that is new, with nearly the same content."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, TypeVar

# Of all fields of both, how many have to be the same.
_ALIKE = 0.75
# Beyond that comparing each with each takes long, for a word that is only a help: things of one kind, and fields of one.
_MOST = 30
_MOST_FIELDS = 1_000
T = TypeVar("T")


def renamed(gone: Sequence[T], new: Sequence[T], name: Callable[[T], str], content: Callable[[T], Any], *, exact: bool = False) -> Mapping[int, T]:
    """By its place in `gone`, what each has become: the likest first, each new one once. Nearly the same counts, the old name
    in it read as the new one; with `exact` only the same."""
    if len(gone) > _MOST or len(new) > _MOST:
        return {}
    new_fields = [_fields(content(one)) for one in new]
    pairs = []
    for number, one in enumerate(gone):
        old_content = content(one)
        size = _fields(old_content).total()
        for other, candidate in enumerate(new):
            if 2 * min(size, new_fields[other].total()) < _ALIKE * (size + new_fields[other].total()) or size > _MOST_FIELDS:
                continue
            same = _alike(_fields(old_content if exact else _with_name(old_content, name(one), name(candidate))), new_fields[other])
            if same >= (1 if exact else _ALIKE):
                pairs.append((-same, -SequenceMatcher(None, name(one), name(candidate)).ratio(), number, other))
    found: dict[int, T] = {}
    taken: set[int] = set()
    for _, _, number, other in sorted(pairs):
        if number not in found and other not in taken:
            found[number] = new[other]
            taken.add(other)
    return found


def _alike(one: Counter[tuple[str, str]], other: Counter[tuple[str, str]]) -> float:
    """The share of fields that both have, 0 where there is nothing to compare."""
    every = one.total() + other.total()
    return 2 * (one & other).total() / every if every else 0


def _with_name(value: Any, old: str, new: str) -> Any:
    """The value with a name, where it stands by itself, replaced in all texts."""
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])")

    def replaced(inner: Any) -> Any:
        if isinstance(inner, Mapping):
            return {key: replaced(one) for key, one in inner.items()}
        if isinstance(inner, list | tuple):
            return [replaced(one) for one in inner]
        return whole.sub(lambda _: new, inner) if isinstance(inner, str) else inner

    return replaced(value)


def _fields(value: Any) -> Counter[tuple[str, str]]:
    return Counter(_leaves(value, ""))


def _leaves(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{at}/{key}")
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner, f"{at}/-")
    else:
        yield at, str(value)
