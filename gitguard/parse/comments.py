"""Comments as YAML's own scanner tells them from text: a `#` in quotes or in a block scalar is none."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Set
from typing import Any, NamedTuple

from gitguard.parse.chunks import Chunk, as_utf8, chunks, preamble

# Where the scanner counts a new line.
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_COMMENT = re.compile(r"#[^\r\n\x85\u2028\u2029]*")
# What may stand behind the indicator of a block scalar, whose text begins on the next line.
_HEADER = re.compile(r"[|>][-+0-9]*[ \t]+(#[^\r\n\x85\u2028\u2029]*)")


class Comment(NamedTuple):
    """A comment with its `#`, its line (1-based) and the document it belongs to.

    `covers` is the line (1-based) that it stands on, or directly above, with nothing but comments between; 0 where that is the first line of the
    document, or where it stands anywhere above that; -1 where it stands above nothing.
    """

    text: str
    line: int
    document: int
    covers: int


def comments(data: bytes, mark: bytes) -> list[Comment]:
    """The comments that hold `mark`, in the documents of a file; of a document that is broken those before the break."""
    text = as_utf8(data)
    if mark not in text:
        return []
    found = [Comment(one.text, one.line, 0, 0) for one in _in_chunk(Chunk(preamble(text), 0), 0)]
    for number, chunk in enumerate(chunks(text)):
        if mark in chunk.data:
            found += _in_chunk(chunk, number)
    wanted = mark.decode()
    return [one for one in found if wanted in one.text]


def _in_chunk(chunk: Chunk, document: int) -> Iterator[Comment]:
    text = chunk.data.decode("utf-8", "replace")
    starts = [0, *(match.end() for match in _BREAK.finditer(text))]
    written, places = _scanned(text)
    held = {bisect_right(starts, place) for start, end in written for place in (start, max(start, end - 1))}
    first = min(held, default=0)
    placed = [(bisect_right(starts, place), comment) for place, comment in places]
    below = _lines_below({line for line, _ in placed}, held)
    for line, comment in placed:
        covers = below[line]
        if first and (line <= first or covers == first):
            yield Comment(comment, chunk.line + line, document, 0)
        else:
            yield Comment(comment, chunk.line + line, document, chunk.line + covers if covers and first else -1)


def _lines_below(commented: Set[int], held: Set[int]) -> dict[int, int]:
    """For each line with a comment the line that holds something: itself, or the one below, with only comments between; 0 for none."""
    below: dict[int, int] = {}
    for line in sorted(commented, reverse=True):
        below[line] = line if line in held else line + 1 if line + 1 in held else below.get(line + 1, 0)
    return below


def _scanned(text: str) -> tuple[list[tuple[int, int]], list[tuple[int, str]]]:
    """(where something is written, where which comments are), as offsets, as far as the text can be scanned."""
    import yaml

    written: list[tuple[int, int]] = []
    found: list[tuple[int, str]] = []
    position = 0
    try:
        for token in yaml.scan(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            start, end = token.start_mark.index, token.end_mark.index
            found += _between(text, position, start)
            if end > start and not isinstance(token, yaml.DocumentStartToken | yaml.DirectiveToken):
                written.append((start, end))
                found += _behind_header(token, text)
            position = max(position, end)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        found += _between(text, position, mark.index if mark is not None else position)
    else:
        found += _between(text, position, len(text))
    return written, found


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    return ((match.start(), match.group()) for match in _COMMENT.finditer(text, start, end))


def _behind_header(token: Any, text: str) -> Iterator[tuple[int, str]]:
    header = _HEADER.match(text, token.start_mark.index) if getattr(token, "style", None) in ("|", ">") else None
    if header:
        yield header.start(1), header.group(1)
