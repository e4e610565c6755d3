"""Which versions a file puts in place: images, tags, revisions and chart versions, each by its field."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitguard.model.configuration import Environment
from gitguard.parse import read

# What names a version of a program or of a configuration; every other setting may differ between environments.
_VERSIONS = frozenset({"image", "tag", "newTag", "digest", "newName", "targetRevision", "revision", "version", "ref"})
_WILD = frozenset("*?[")


def counterpart(path: str, environment: Environment, earlier: Environment) -> str:
    """The path in the earlier environment that a path of this one corresponds to, by its place below the folder; "" where there is none."""
    for number, prefix in enumerate(environment.paths):
        folder = prefix.rstrip("/")
        if _WILD.intersection(prefix) or not (path == folder or path.startswith(f"{folder}/")):
            continue
        plain = [other.rstrip("/") for other in earlier.paths if not _WILD.intersection(other)]
        if plain:
            return plain[min(number, len(plain) - 1)] + path.removeprefix(folder)
    return ""


def introduced(before: bytes | None, after: bytes, earlier: Iterable[bytes]) -> Mapping[str, str] | None:
    """The versions, by field, that `after` has, and neither `before` nor any of the earlier environment's files had. None where a file can't be
    read."""
    now = versions(after)
    was = versions(before) if before is not None else {}
    known = [versions(content) for content in earlier]
    if now is None:
        return None
    new = {field: value for field, value in now.items() if (was or {}).get(field) != value}
    return {field: value for field, value in new.items() if not any((one or {}).get(field) == value for one in known)}


def versions(content: bytes) -> Mapping[str, str] | None:
    """The versions that a file names, by field; None where it can't be read. Entries of a list that have a name are told apart by it."""
    reading = read(content)
    if any(problem.rule == "yaml-invalid" for problem in reading.problems):
        return None
    return {field: value for document in reading.documents for field, value in _versions(_identity(document.value, document.number), document.value)}


def _versions(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            field = f"{at}/{key}"
            if key in _VERSIONS and isinstance(inner, str | int | float) and not isinstance(inner, bool):
                yield field, str(inner)
            else:
                yield from _versions(field, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            name = inner.get("name") if isinstance(inner, dict) else None
            yield from _versions(f"{at}/{name if isinstance(name, str) else number}", inner)


def _identity(value: Any, number: int) -> str:
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else str(number)
