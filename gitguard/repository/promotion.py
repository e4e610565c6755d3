"""Which versions a file puts in place: images, tags, revisions and chart versions, each by its field."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from gitguard.model.change import Change
from gitguard.model.configuration import Environment
from gitguard.model.repository import Application, Deployed, Repository
from gitguard.parse import read
from gitguard.repository.environments import belongs
from gitguard.repository.gate import escaped

# What names a version of a program or of a configuration; every other setting may differ between environments.
_VERSIONS = frozenset({"image", "tag", "newTag", "digest", "newName", "targetRevision", "revision", "version", "ref"})


# A remote base or component of a kustomization: where it is, and the revision.
_REMOTE = re.compile(r"([^?]+)\?(?:.*&)?ref=([^&]+).*")


def counterpart(path: str, environment: Environment, earlier: Environment) -> str:
    """The path in the earlier environment that a path of this one corresponds to, by its place below the folder; "" where there is none. What a `*`
    stands for in one folder's glob it stands for in the other's, too."""
    for number, folder in enumerate(environment.paths):
        parts = folder.rstrip("/").split("*")
        found = re.fullmatch("(.*?)".join(re.escape(part) for part in parts) + "(/.*)?", path, re.DOTALL)
        others = [other.rstrip("/").split("*") for other in earlier.paths]
        alike = [other for other in others if len(other) == len(parts)]
        if found and alike:
            other = others[number] if number < len(others) and others[number] in alike else alike[0]
            fillings = (*(one or "" for one in found.groups()), "")
            return "".join(part + filling for part, filling in zip(other, fillings, strict=False))
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


def unseen_images(change: Change, environment: Environment, earlier: Environment, brought: Set[str]) -> Iterator[tuple[Application, str | None]]:
    """Images that Applications of an environment will run by way of files outside of its folder, and that no Application of the earlier one ran:
    with the first Application of each. None instead of an image where what the earlier environment ran is not known. `brought` are the versions that
    the environment's own files bring, which are looked for by themselves."""
    was, now = (_images(side, environment) for side in (change.before, change.after))
    new = {
        image: by
        for image, by in now.items()
        if image not in was and not any(image == one or image.endswith((f":{one}", f"@{one}")) for one in brought)
    }
    if not new:
        return
    known = _images(change.before, earlier)
    is_known = all(result.objects or result.tool == "" for one in _deployed(change.before, earlier) for result in one.sources)
    for image, by in new.items():
        if image not in known:
            yield by, image if is_known else None


def _images(repository: Repository, environment: Environment) -> Mapping[str, Application]:
    made = ((one.application, item.manifest) for one in _deployed(repository, environment) for result in one.sources for item in result.objects)
    return {value: application for application, manifest in made for field, value in _versions("", manifest) if field.endswith("/image")}


def _deployed(repository: Repository, environment: Environment) -> Iterator[Deployed]:
    return (one for one in repository.deployed if belongs(one.application, environment, repository))


def versions(content: bytes) -> Mapping[str, str] | None:
    """The versions that a file names, by field; None where it can't be read. Entries of a list that have a name are told apart by it."""
    reading = read(content)
    if any(problem.rule == "yaml-invalid" for problem in reading.problems):
        return None
    return {field: value for document in reading.documents for field, value in _versions(_identity(document.value, document.number), document.value)}


def _versions(at: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            field = f"{at}/{escaped(key)}"
            if key in _VERSIONS and isinstance(inner, str | int | float) and not isinstance(inner, bool):
                yield field, str(inner)
            else:
                yield from _versions(field, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            remote = _REMOTE.fullmatch(inner) if isinstance(inner, str) else None
            if remote:
                yield f"{at}/{escaped(remote[1])}", remote[2]
            name = inner.get("name") if isinstance(inner, dict) else None
            yield from _versions(f"{at}/{name if isinstance(name, str) else number}", inner)


def _identity(value: Any, number: int) -> str:
    kind = value.get("kind") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else str(number)
