"""Lines and columns of fields, found by parsing again, for what is reported only."""

import re
from collections.abc import Iterable, Sequence

from gitguard.parse.chunks import Chunk, as_utf8, chunks
from gitguard.parse.exact import pointers

_TEMPLATE = b"{{"


def locate(data: bytes, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, int]]:
    """(document, JSON pointer) to (line, column), 1-based: of the key in a mapping, of the item in a list.

    A pointer that does not exist gives its nearest existing ancestor, "" the document's first node.
    """
    asked = sorted(set(wanted))
    documents = chunks(as_utf8(data))
    places: dict[tuple[int, str], tuple[int, int]] = {}
    for number in sorted({document for document, _ in asked}):
        fields = [pointer for document, pointer in asked if document == number]
        if number >= len(documents):
            places |= {(number, pointer): (1, 1) for pointer in fields}
            continue
        chunk = documents[number]
        needed = {ancestor for pointer in fields for ancestor in _ancestry(pointer)}
        found: dict[str, tuple[int, int]] = {"": (chunk.line + 1, 1)}
        for pointer, line, column in pointers(chunk.data.decode("utf-8", "replace")):
            if pointer in needed:
                found[pointer] = (chunk.line + line + 1, column + 1)
        for pointer in fields:
            nearest = next(ancestor for ancestor in _ancestry(pointer) if ancestor in found)
            places[number, pointer] = (
                found[nearest] if nearest == pointer or _TEMPLATE not in chunk.data else _in_template(documents, number, pointer)
            )
    return places


def _in_template(documents: Sequence[Chunk], number: int, pointer: str) -> tuple[int, int]:
    """Where a text that is no YAML yet most likely sets the field: in the document, of those of the file, that has most of its keys."""
    others = [chunk for other, chunk in enumerate(documents) if other != number]
    return max((_followed(chunk, pointer) for chunk in (documents[number], *others)), key=lambda place: place[0])[1]


def _followed(chunk: Chunk, pointer: str) -> tuple[int, tuple[int, int]]:
    """How many of the pointer's keys are written one below the other, and where the last of them is."""
    lines = chunk.data.decode("utf-8", "replace").split("\n")
    matched, line, column = 0, 0, 0
    for key in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:] if not part.isdigit()):
        written = re.compile(rf"\s*(?:- )?[\"']?{re.escape(key)}[\"']?\s*:")
        found = next((number for number in range(line, len(lines)) if written.match(lines[number])), None)
        if found is None:
            break
        matched, line, column = matched + 1, found, len(lines[found]) - len(lines[found].lstrip(" -"))
    return matched, (chunk.line + line + 1, column + 1)


def _ancestry(pointer: str) -> Iterable[str]:
    """The pointer itself, then its parents, up to ""."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""
