"""A stream cut into documents the way Kubernetes does it: at lines that hold `---` and nothing but a comment."""

from typing import NamedTuple

import codecs
import re

_SEPARATOR = re.compile(rb"(?m)^---[ \t\r]*(?:#[^\n]*)?$")
_SOMETHING = re.compile(rb"(?m)^[ \t]*[^\s#%]")
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Chunk(NamedTuple):
    """One document: its bytes, and the 0-based line of the file that it starts at."""

    data: bytes
    line: int


def as_utf8(data: bytes) -> bytes:
    """Without a byte order mark, and UTF-16 recoded; what is not valid in UTF-16 stays as it is, to be refused later."""
    for mark, encoding in _UTF16:
        if data.startswith(mark):
            try:
                return data[2:].decode(encoding).encode()
            except UnicodeDecodeError:
                return data
    return data.removeprefix(codecs.BOM_UTF8)


def chunks(data: bytes) -> list[Chunk]:
    """The documents of UTF-8 `data`. What precedes the first separator counts only where it holds more than comments."""
    # Most files have no separator at all, and a search for four bytes is quicker than one for an expression.
    starts = [match.start() for match in _SEPARATOR.finditer(data)] if data.startswith(b"---") or b"\n---" in data else []
    if not starts:
        return [Chunk(data, 0)] if _SOMETHING.search(data) else []
    found = []
    line = 0
    if _SOMETHING.search(data, 0, starts[0]):
        found.append(Chunk(data[: starts[0]], 0))
    line = data.count(b"\n", 0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        found.append(Chunk(data[start:end], line))
        line += data.count(b"\n", start, end)
    return found
