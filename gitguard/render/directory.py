"""Plain directories: which files Argo CD reads, and what it makes of each (repository.go: findManifests)."""

from collections.abc import Iterator, Mapping
from json import JSONDecodeError, JSONDecoder
from typing import Any

from gitguard.argo.glob import match
from gitguard.model.rendering import Reads
from gitguard.parse import read
from gitguard.render.outcomes import Needed, Refused
from gitguard.render.plans import DirectoryPlan
from gitguard.render.source import mapping, overrides, text
from gitguard.render.tree import Tree

_SUFFIXES = (".yaml", ".yml", ".json", ".jsonnet")
_SKIP = b"+argocd:skip-file-rendering"
# What Argo CD reads of one directory at most, unless it is told otherwise.
MOST_BYTES = 10_000_000
LIMIT = "Argo CD's limit, reposerver.max.combined.directory.manifests.size, which is 10M unless it is raised"
_LOOKS_LIKE_A_MANIFEST = (b"apiVersion:", b"kind:", b"metadata:")


def plan(source: Mapping[str, Any], folder: str, tree: Tree) -> DirectoryPlan:
    """The files of a directory source, in order, links as what they lead to; Needed where one of them is jsonnet."""
    options = mapping(source.get("directory"))
    recurse = options.get("recurse") is True
    files = tuple(_selected(options, folder, recurse, tree))
    jsonnet = [path for path in files if path.endswith(".jsonnet")]
    if jsonnet:
        raise Needed(f"{jsonnet[0]} is jsonnet, which gitguard does not evaluate", "plain manifests in its place")
    return DirectoryPlan(folder, files, Reads((*overrides(folder, ""), *files), (folder,)))


def counted(content: bytes) -> int:
    """What a file adds to the size that Argo CD limits."""
    return 0 if _SKIP in content else len(content)


def _selected(options: Mapping[str, Any], folder: str, recurse: bool, tree: Tree) -> Iterator[str]:
    include, exclude = text(options.get("include")), text(options.get("exclude"))
    for path in tree.below(folder) if recurse else tree.inside(folder):
        relative = path[len(folder) + 1 :] if folder else path
        if not options.get("disableExtensionFilter") and not path.endswith(_SUFFIXES):
            continue
        if (exclude and match(exclude, relative)) or (include and not match(include, relative)):
            continue
        resolved = tree.resolve(path)
        if tree.is_file(resolved):
            yield resolved


def manifests(path: str, content: bytes) -> list[tuple[int, Mapping[str, Any]]]:
    """(document, manifest) of one file; Refused where Argo CD refuses it.

    A file that asks to be skipped, and a YAML file in which nothing looks like a manifest, are passed over in silence, as Argo CD does.
    """
    if _SKIP in content:
        return []
    return _of_json(path, content) if path.endswith(".json") else _of_yaml(path, content)


def _of_json(path: str, content: bytes) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        decoded = content.decode("utf-8-sig").lstrip()
        value, end = JSONDecoder().raw_decode(decoded)
    except (JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{path}: Failed to unmarshal: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("kind"), str) or not value["kind"]:
        raise Refused(f"{path}: Failed to unmarshal: Object 'Kind' is missing")
    if decoded[end:].strip():
        raise Refused(f"{path}: Found multiple objects. Only single objects are allowed in JSON files.")
    return [(0, value)]


def _of_yaml(path: str, content: bytes) -> list[tuple[int, Mapping[str, Any]]]:
    reading = read(content)
    broken = min((problem.document for problem in reading.problems if problem.rule == "yaml-invalid"), default=None)
    found: list[tuple[int, Mapping[str, Any]]] = []
    reason = next((problem.message for problem in reading.problems if problem.rule == "yaml-invalid"), "")
    for document in reading.documents:
        if broken is not None and document.number > broken:
            break
        if not isinstance(document.value, dict) or not isinstance(document.value.get("kind"), str) or not document.value["kind"]:
            broken, reason = document.number, "Object 'Kind' is missing"
            break
        found.append((document.number, document.value))
    if broken is not None:
        if found or all(mark in content for mark in _LOOKS_LIKE_A_MANIFEST):
            raise Refused(f"{path}: Failed to unmarshal: {reason}")
        return []
    return found
