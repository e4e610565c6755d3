"""An Application's kustomize components, found as Argo CD and `kustomize edit add component` find them: by globs that cross no slash."""

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename, join, normpath
from posixpath import split as parted
from typing import Any

from gitguard.argo.filepath import malformed
from gitguard.argo.filepath import match as matches
from gitguard.render.outcomes import Refused
from gitguard.render.remote_bases import is_remote
from gitguard.render.source import KUSTOMIZATIONS, texts
from gitguard.render.tree import Tree, within

_MAGIC = re.compile(r"[*?\[\\]")


def components(options: Mapping[str, Any], folder: str, tree: Tree) -> list[str]:
    """What the options add, as it is written into the kustomization; Refused where something is not there."""
    wanted = texts(options.get("components"))
    if options.get("ignoreMissingComponents") is True:
        # Argo CD 3.6 stops at the first component that it finds.
        wanted = next(([entry] for entry in wanted if _is_component(entry, folder, tree)), [])
    return [found for entry in wanted for found in _found(entry, folder, tree)]


def _is_component(entry: str, folder: str, tree: Tree) -> bool:
    try:
        path = tree.resolve(within(folder, entry))
        return any(tree.is_file(tree.resolve(join(path, name))) for name in KUSTOMIZATIONS)
    except Refused:
        return False


def _found(entry: str, folder: str, tree: Tree) -> list[str]:
    if malformed(entry):
        raise Refused(f"kustomize.components: {entry}: syntax error in pattern")
    found = [one for one in _glob(entry, folder, tree) if basename(entry).startswith(".") or not basename(one).startswith(".")]
    if not found and not is_remote(entry) and not _is_there(entry, folder, tree):
        raise Refused(f"kustomize.components: {entry} has no match")
    return found or [entry]


def _is_there(entry: str, folder: str, tree: Tree) -> bool:
    """What no glob finds may still be a folder whose name looks like one; a folder that holds the kustomization's would go in a circle."""
    path = tree.resolve(within(folder, entry))
    return entry != "" and tree.is_folder(path) and not f"{folder}/".startswith(f"{path}/" if path else "")


def _glob(pattern: str, folder: str, tree: Tree) -> Iterable[str]:
    """Go's filepath.Glob: the path as written where there is nothing to match, else a cleaned one for each that does."""
    if not _MAGIC.search(pattern):
        return [pattern] if pattern and _exists(pattern, folder, tree) else []
    above, last = parted(pattern)
    parents = _glob(above or ".", folder, tree) if _MAGIC.search(above) else [above or "."]
    return [normpath(join(parent, name)) for parent in parents for name in _names(parent, folder, tree) if matches(last, name)]


def _exists(path: str, folder: str, tree: Tree) -> bool:
    resolved = tree.resolve(within(folder, path))
    return tree.is_folder(resolved) or tree.is_file(resolved)


def _names(parent: str, folder: str, tree: Tree) -> Iterator[str]:
    """What lies in a folder, by name."""
    path = tree.resolve(within(folder, parent))
    skip = len(path) + 1 if path else 0
    yield from sorted({below[skip:].partition("/")[0] for below in tree.below(path)})
