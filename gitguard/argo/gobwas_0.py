"""Globs as github.com/gobwas/glob v0.2.3 understands them, which Argo CD up to 3.5 uses, with the mistakes of that release.

It turns a pattern into a tree of matchers and simplifies the tree on the way. Most of its mistakes come from there, and depend on which
simplification was taken: so the tree is built here as it is there.
"""

from typing import NamedTuple

from gitguard.argo.gobwas_0_matchers import (
    UNBOUNDED,
    AtLeast,
    AtMost,
    Choice,
    Contains,
    Every,
    Everything,
    Matcher,
    Nothing,
    One,
    Prefix,
    PrefixSuffix,
    Row,
    Run,
    SeparatedSuffix,
    Suffix,
    Text,
    Tree,
    Work,
)
from gitguard.argo.gobwas_0_syntax import Node, parse
from gitguard.argo.gobwas_1 import GlobError, GlobUndecided

# Simplifying takes the cube of the number of parts.
_MOST_PARTS = 256
_SPECIAL = frozenset("*?[]{}\\,\0\ufffd")


def problem(pattern: str) -> str:
    """Why the pattern does not compile; "" where it does."""
    try:
        parse(pattern)
    except GlobError as error:
        return str(error)
    return ""


def plan(pattern: str, separators: str) -> Matcher | None:
    """How to match the pattern; None where it stands for itself. GlobError where it does not compile."""
    if pattern and not _SPECIAL.intersection(pattern):
        return None
    return _compiled(parse(pattern), separators)


def takes(matcher: Matcher, text: str) -> bool:
    """Does the whole text match?"""
    return matcher.match(text.encode("utf-8", "surrogatepass"), Work())


def _compiled(node: Node, separators: str) -> Matcher:
    kind = node.kind
    if kind == "choice":
        smaller = _factored(node.children)
        return _compiled(smaller, separators) if smaller else Choice([_simplified(_compiled(child, separators)) for child in node.children])
    if kind == "pattern":
        if not node.children:
            return Nothing()
        if len(node.children) > _MOST_PARTS:
            raise GlobUndecided(f"a glob of more than {_MOST_PARTS} parts is not matched as Argo CD before 3.6 would")
        parts = [_simplified(_compiled(child, separators)) for child in node.children]
        return _simplified(_joined(_glued_parts(parts)))
    if kind == "run":
        return _simplified(Run(separators))
    if kind == "everything":
        return Everything()
    if kind == "single":
        return One(separators, negated=True, single=True)
    if kind == "nothing":
        return Nothing()
    if kind == "class":
        return _simplified(One(node.text, negated=node.negated))
    if kind == "range":
        return One(node.text, negated=node.negated, to=node.to)
    return Text(node.text.encode("utf-8", "surrogatepass"))


def _simplified(matcher: Matcher) -> Matcher:
    if isinstance(matcher, Run):
        return matcher if matcher.separators else Everything()
    if isinstance(matcher, Choice):
        return matcher.matchers[0] if len(matcher.matchers) == 1 else matcher
    if isinstance(matcher, One):
        literal = not matcher.negated and not matcher.single and not matcher.to and len(matcher.members) == 1
        return Text(matcher.members.encode("utf-8", "surrogatepass")) if literal else matcher
    if isinstance(matcher, Tree):
        matcher.left = _simplified(matcher.left) if matcher.left else None
        matcher.right = _simplified(matcher.right) if matcher.right else None
        if isinstance(matcher.value, Text):
            return _around(matcher, matcher.value.text, matcher.left, matcher.right)
    return matcher


def _around(tree: Tree, text: bytes, left: Matcher | None, right: Matcher | None) -> Matcher:
    """A literal with something before or after it that can be said in one matcher."""
    match left, right:
        case None, None:
            return Text(text)
        case Everything(), Everything():
            return Contains(text, negated=False)
        case Everything(), None:
            return Suffix(text)
        case None, Everything():
            return Prefix(text)
        case None, Suffix(suffix=suffix):
            return PrefixSuffix(text, suffix)
        case Prefix(prefix=prefix, separators=""), None:
            return PrefixSuffix(prefix, text)
        case Run(separators=separators), None:
            return SeparatedSuffix(text, separators)
        case None, Run(separators=separators):
            return Prefix(text, separators)
    return tree


def _joined(parts: list[Matcher]) -> Matcher:
    """One matcher for parts in a row: a tree around the last of the longest part of fixed length."""
    if len(parts) == 1:
        return parts[0]
    glued = _glued(parts)
    if glued:
        return glued
    middle, longest = -1, -1
    for number, part in enumerate(parts):
        if part.length != UNBOUNDED and part.length >= longest:
            middle, longest = number, part.length
    if middle < 0:
        return Tree(parts[0], None, _joined(parts[1:]))
    left, right = parts[:middle], parts[middle + 1 :]
    return Tree(parts[middle], _joined(left) if left else None, _joined(right) if right else None)


def _glued_parts(parts: list[Matcher]) -> list[Matcher]:
    """The parts with the best run of them made one matcher, again and again."""
    best: tuple[int, int, Matcher] | None = None
    for start in range(len(parts)):
        # Of the runs that begin here only the longest can be the best.
        end = max(_reach_of_every(parts, start), _reach_of_row(parts, start))
        glued = _glued(parts[start:end])
        if glued is None:
            continue
        longer = best is not None and UNBOUNDED < best[2].length < glued.length
        if best is None or longer or best[1] - best[0] < end - start:
            best = (start, end, glued)
    if best is None:
        return parts
    start, end, glued = best
    return _glued_parts([*parts[:start], glued, *parts[end:]])


def _glued(parts: list[Matcher]) -> Matcher | None:
    if len(parts) < 2:
        return None
    if _reach_of_every(parts, 0) == len(parts):
        return _every(parts)
    return Row(parts) if _reach_of_row(parts, 0) == len(parts) else None


def _reach_of_row(parts: list[Matcher], start: int) -> int:
    """Where the run of parts of fixed length ends that begins at `start`."""
    return next((end for end in range(start, len(parts)) if parts[end].length == UNBOUNDED), len(parts))


def _reach_of_every(parts: list[Matcher], start: int) -> int:
    """Where the run of parts ends that only count characters and exclude the same ones."""
    excluded = _excluded(parts[start])
    if excluded is None:
        return start
    return next((end for end in range(start, len(parts)) if _excluded(parts[end]) != excluded), len(parts))


def _excluded(part: Matcher) -> str | None:
    """The characters that a part excludes; None where it is of another kind."""
    if isinstance(part, Everything):
        return ""
    if isinstance(part, Run):
        return part.separators
    return part.members if isinstance(part, One) and part.negated and not part.to else None


def _every(parts: list[Matcher]) -> Matcher:
    excluded = _excluded(parts[0]) or ""
    least = sum(1 for part in parts if isinstance(part, One))
    open_ended = least < len(parts)
    if not least:
        return Everything() if isinstance(parts[0], Everything) else Run(excluded)
    if open_ended and not excluded:
        return AtLeast(least)
    made: list[Matcher] = [AtLeast(least)]
    if not open_ended:
        made.append(AtMost(least))
    if excluded:
        # All the characters as one text: several are excluded only where they stand together.
        made.append(Contains(excluded.encode("utf-8", "surrogatepass"), negated=True))
    return Every(made)


class _Common(NamedTuple):
    left: int
    right: int


def _factored(alternatives: tuple[Node, ...]) -> Node | None:
    """Alternatives with their common beginnings and ends taken out; None where there are none."""
    if len(alternatives) < 2 or any(node.kind != "pattern" for node in alternatives):
        return None
    left, right = _common([node.children for node in alternatives])
    if not left and not right:
        return None
    first = alternatives[0].children
    rest: dict[Node, None] = {}
    for node in alternatives:
        inside = node.children[left : len(node.children) - right]
        rest[Node("pattern", children=inside) if inside else Node("nothing")] = None
    made = [Node("pattern", children=first[:left])] if left else []
    if len(rest) > 1:
        made.append(Node("choice", children=tuple(rest)))
    elif next(iter(rest)).kind != "nothing":
        made.append(next(iter(rest)))
    if right:
        made.append(Node("pattern", children=first[len(first) - right :]))
    return Node("pattern", children=tuple(made))


def _common(sequences: list[tuple[Node, ...]]) -> _Common:
    """How many nodes at the beginning and at the end all sequences share, as far as the shortest reaches."""
    shortest = min(sequences, key=len)
    size = len(shortest)
    left = right = 0
    ended_left = ended_right = False
    for i in range(size):
        j = size - 1 - i
        if left + right >= size or (ended_left and ended_right):
            break
        for other in sequences:
            if other is not shortest:
                ended_left = ended_left or shortest[i] != other[i]
                ended_right = ended_right or (not ended_left and j <= i) or shortest[j] != other[j + len(other) - size]
        left += not ended_left
        right += not ended_right
    return _Common(left, right)
