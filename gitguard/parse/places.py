"""Lines and columns of fields, found by parsing again, for what is reported only."""

import re
from collections.abc import Iterable, Iterator, Sequence

from gitguard.parse.chunks import Chunk, as_utf8, chunks
from gitguard.parse.exact import pointers

_TEMPLATE = b"{{"
# Lines that are neither empty nor a comment, a separator or a template's own.
_WRITTEN = re.compile(r"(?!---) *(?:- *)*[^\s#{]")


def locate(data: bytes, wanted: Iterable[tuple[int, str]]) -> dict[tuple[int, str], tuple[int, int]]:
    """(document, JSON pointer) to (line, column), 1-based: of the key in a mapping, of the item in a list.

    A pointer that does not exist gives its nearest existing ancestor, "" the document's first node. A negative number is no document's: it is
    a line (-1 is the first) of a template, in whose document the field is.
    """
    asked = sorted(set(wanted))
    documents = chunks(as_utf8(data))
    places = {(number, pointer): _in_part(documents, -number, pointer) for number, pointer in asked if number < 0}
    for number in sorted({document for document, _ in asked if document >= 0}):
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


def fields_at(data: bytes, wanted: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[str, ...]]:
    """(document, line), 1-based, to the JSON pointers of the fields that begin on that line, without those that lie in one of them."""
    documents = chunks(as_utf8(data))
    found: dict[tuple[int, int], list[str]] = {one: [] for one in wanted}
    for number in {number for number, _ in found if number < len(documents)}:
        chunk = documents[number]
        for pointer, line, _ in pointers(chunk.data.decode("utf-8", "replace")):
            here = found.get((number, chunk.line + line + 1))
            # What lies in a field comes right behind it.
            if here is not None and not (here and f"{pointer}/".startswith(f"{here[-1]}/")):
                here.append(pointer)
    return {place: tuple(here) for place, here in found.items()}


def _in_template(documents: Sequence[Chunk], number: int, pointer: str) -> tuple[int, int]:
    """Where a text that is no YAML yet most likely sets the field: in the document, of those of the file, that has most of its keys."""
    others = [chunk for other, chunk in enumerate(documents) if other != number]
    return max((_followed(chunk, pointer) for chunk in (documents[number], *others)), key=lambda place: place[0])[1]


def _in_part(documents: Sequence[Chunk], line: int, pointer: str) -> tuple[int, int]:
    """Where the document of a template that holds this line writes the field, or what it is in; else that line.

    That a field is not written in its `spec` or `metadata` says nothing: the line is as good a place.
    """
    chunk = max((one for one in documents if one.line < line), key=lambda one: one.line, default=None)
    matched, place = _followed(chunk, pointer) if chunk else (0, (line, 1))
    return place if matched > 1 or matched == pointer.count("/") > 0 else (line, 1)


def _followed(chunk: Chunk, pointer: str) -> tuple[int, tuple[int, int]]:
    """How many of the pointer's keys are written one in the other, and where the last of them is.

    A key counts that is written only once: of several, in the items of a list or in the branches of a template, any could be meant.
    """
    lines = chunk.data.decode("utf-8", "replace").split("\n")
    block = [number for number, line in enumerate(lines) if _WRITTEN.match(line)]
    matched, line = 0, 0
    for key in (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:] if not part.isdigit()):
        written = re.compile(rf"[ -]*[\"']?{re.escape(key)}[\"']?\s*:")
        column = min((_column(lines[number]) for number in block), default=0)
        found = [number for number in block if _column(lines[number]) == column and written.match(lines[number])]
        if len(found) != 1:
            break
        matched, line = matched + 1, found[0]
        block = list(_inside(lines, line))
    return matched, (chunk.line + line + 1, _column(lines[line]) + 1 if matched else 1)


def _inside(lines: Sequence[str], start: int) -> Iterator[int]:
    """The lines of what the key of that line holds, as far as they are written out."""
    column = _column(lines[start])
    for number in range(start + 1, len(lines)):
        if _WRITTEN.match(lines[number]):
            text = lines[number].lstrip(" ")
            indent = len(lines[number]) - len(text)
            if indent < column or (indent == column and not text.startswith("- ")):
                return
            yield number


def _column(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


def _ancestry(pointer: str) -> Iterable[str]:
    """The pointer itself, then its parents, up to ""."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""
