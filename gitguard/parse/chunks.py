"""A stream cut into documents the way Kubernetes does it: at lines that hold `---` and nothing but a comment."""

import codecs
import re
from typing import NamedTuple

# Starting with plain text, so that the search for it is quick; the very first line is looked at by itself.
_SEPARATOR = re.compile(rb"\n---[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
_AT_THE_START = re.compile(rb"---[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)")
_SOMETHING = re.compile(rb"(?m)^[ \t]*[^\s#%]")
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Chunk(NamedTuple):
    """One document: its bytes, and the 0-based line of the file that it starts at."""

    data: bytes
    line: int


def as_utf8(data: bytes) -> bytes:
    """Without a byte order mark, UTF-16 recoded, the last line ended; what is not valid in UTF-16 stays as it is, to be refused later."""
    for mark, encoding in _UTF16:
        if data.startswith(mark):
            try:
                return as_utf8(data[2:].decode(encoding).encode())
            except UnicodeDecodeError:
                return data
    plain = data.removeprefix(codecs.BOM_UTF8)
    # Kubernetes reads by lines and ends each of them, the last one too: it matters to a block scalar.
    return plain if plain.endswith(b"\n") else plain + b"\n"


def chunks(data: bytes) -> list[Chunk]:
    """The documents of UTF-8 `data`. What precedes the first separator counts only where it holds more than comments."""
    starts = [0] if _AT_THE_START.match(data) else []
    starts += [match.start() + 1 for match in _SEPARATOR.finditer(data)]
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


def preamble(data: bytes) -> bytes:
    """The comments of UTF-8 `data` that stand before the first separator, where they are all that stands there: they belong to no document."""
    first = _SEPARATOR.search(data)
    if first is None or _AT_THE_START.match(data) or _SOMETHING.search(data, 0, first.start() + 1):
        return b""
    return data[: first.start() + 1]
