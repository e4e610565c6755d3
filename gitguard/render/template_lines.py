"""Which document of a template made an object, as far as the template's text tells: nothing is guessed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitguard.model.rendering import RenderedObject

_SEPARATOR = re.compile(r"---(?:[ \t].*)?")
# What an action starts with that writes nothing itself.
_SILENT = re.compile(r"/\*|(?:if|else|end|range|with|define|block|break|continue)\b|\$\w*\s*(?:,\s*\$\w+\s*)?:?=")
_KEY = re.compile(r"( *)(apiVersion|kind|metadata):(?:[ \t]+(.*))?")
_NAMED = re.compile(r"( *)(?:name|generateName):(?:[ \t]+(.*))?")
_IN_FLOW = re.compile(r"[{,]\s*(?:name|generateName):\s*((?:\{\{.*?\}\}|[^,{}])*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*(?:#.*)?""")
_LONGEST = 1_000

# The text of a scalar, cut where a template fills something in.
_Cut = tuple[str, ...]
_ANYTHING: _Cut = ("", "")


class _Part(NamedTuple):
    """One document of a template: the line (1-based) of its `kind:`, 0 where there is no one such line, and what its kind and name can be."""

    line: int
    kinds: tuple[_Cut, ...]
    names: tuple[_Cut, ...]

    def can_make(self, kind: str, name: str) -> bool:
        """Can the object be its?"""
        return any(_fits(one, kind) for one in self.kinds) and any(_fits(one, name) for one in self.names)

    def says(self, kind: str, name: str) -> bool:
        """Does it say so in so many words?"""
        return self.kinds == ((kind,),) and self.names == ((name,),)


def placed(objects: Iterable[RenderedObject], templates: Mapping[str, str]) -> tuple[RenderedObject, ...]:
    """The objects, each with the line of its `kind:` in the template that it comes from, where it is one of `templates` and the line can be told."""
    parts = {path: list(_parts(text)) for path, text in templates.items()}
    return tuple(one._replace(origin=one.origin._replace(line=_line(parts.get(one.origin.path, ()), one))) for one in objects)


def _line(parts: Iterable[_Part], item: RenderedObject) -> int:
    possible = [part for part in parts if part.can_make(item.kind, item.name)]
    found = [part for part in possible if part.says(item.kind, item.name)] or possible
    return found[0].line if len(found) == 1 else 0


def _parts(text: str) -> Iterator[_Part]:
    lines = _without_comments(text).split("\n")
    ends = [number for number, line in enumerate(lines) if _SEPARATOR.fullmatch(line.rstrip())]
    for start, end in zip([-1, *ends], [*ends, len(lines)], strict=True):
        yield from _part([line.rstrip() for line in lines[start + 1 : end]], start + 2)


def _part(lines: Sequence[str], first: int) -> Iterator[_Part]:
    """The document of these lines, the first of which has that number; none where nothing can come of them."""
    keys = [(number, found) for number, line in enumerate(lines) if (found := _KEY.fullmatch(line))]
    column = min((len(found[1]) for _, found in keys), default=0)
    own = [(number, found) for number, found in keys if len(found[1]) == column]
    kinds = [(number, _cut(found[3] or "")) for number, found in own if found[2] == "kind"]
    if kinds:
        names = tuple(name for number, found in own if found[2] == "metadata" for name in _names(found[3] or "", lines[number + 1 :], column))
        line = first + kinds[0][0] if len(kinds) == 1 else 0
        yield _Part(line, tuple(kind for _, kind in kinds), names or (_ANYTHING,))
    elif any(not _SILENT.match(action) for _, _, action in _actions("\n".join(lines))):
        yield _Part(0, (_ANYTHING,), (_ANYTHING,))


def _names(beside: str, below: Iterable[str], column: int) -> Iterator[_Cut]:
    """The names that a `metadata:` gives, of which this stands beside it and that below."""
    if beside.startswith("{") and not beside.startswith("{{"):
        yield from (_cut(found) for found in _IN_FLOW.findall(beside[:_LONGEST])[:1])
        return
    inner: int | None = None
    for line in below:
        text = line.lstrip(" ")
        if not text or text.startswith(("#", "{{")):
            continue
        indent = len(line) - len(text)
        if indent <= column:
            return
        inner = indent if inner is None else inner
        named = _NAMED.fullmatch(line)
        if named and indent == inner:
            yield _cut(named[2] or "")


def _cut(written: str) -> _Cut:
    text = written.strip()
    quoted = _QUOTED.fullmatch(text)
    text = quoted[2] if quoted else re.split(r"\s#", text)[0].rstrip()
    actions = list(_actions(text))
    conditional = any(_SILENT.match(action) for _, _, action in actions)
    if not text or len(text) > _LONGEST or conditional or text.count("{{") != len(actions) or text[0] in "&*!|>" or "\\" in text:
        return _ANYTHING
    pieces, position = [""], 0
    for start, end, _ in actions:
        before = text[position:start]
        pieces[-1] += before.rstrip() if text.startswith("{{-", start) else before
        pieces.append("")
        position = end
        if text.endswith("-}}", 0, end):
            position += len(text[end:]) - len(text[end:].lstrip())
    pieces[-1] += text[position:]
    return tuple(pieces)


def _fits(cut: _Cut, text: str) -> bool:
    """Can the text be what was cut, with anything in between? In one pass, however many cuts a repository makes."""
    if len(cut) == 1:
        return text == cut[0]
    first, *between, last = cut
    position, end = len(first), len(text) - len(last)
    if position > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in between:
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _without_comments(text: str) -> str:
    """The text with the lines of its comments left empty: they may hold anything."""
    kept, position = [], 0
    for start, end, action in _actions(text):
        if action.startswith("/*"):
            kept += [text[position:start], "\n" * text.count("\n", start, end)]
            position = end
    return "".join(kept) + text[position:]


def _actions(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each action starts and ends, and what it holds."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        inside = start + 3 if text.startswith("-", start + 2) else start + 2
        ahead = text[inside : inside + _LONGEST]
        body = inside + len(ahead) - len(ahead.lstrip())
        comment = text.find("*/", body) if text.startswith("/*", body) else body
        close = text.find("}}", comment) if comment >= 0 else -1
        if close < 0:
            return
        yield start, close + 2, text[body:close]
        position = close + 2
