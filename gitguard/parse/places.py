"""Lines and columns of fields, found by parsing again, for what is reported only."""

from collections.abc import Iterable

from gitguard.parse.chunks import as_utf8, chunks
from gitguard.parse.exact import pointers


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
            places[number, pointer] = next(found[ancestor] for ancestor in _ancestry(pointer) if ancestor in found)
    return places


def _ancestry(pointer: str) -> Iterable[str]:
    """The pointer itself, then its parents, up to ""."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield ""
