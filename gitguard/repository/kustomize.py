"""Which kustomization takes which file or folder, and which files are patches."""

from collections.abc import Iterable, Mapping
from posixpath import dirname, normpath
from typing import NamedTuple

from gitguard.manifests.kustomization import ANY_KIND
from gitguard.model.files import FileFacts


class Kustomizations(NamedTuple):
    """The kustomizations of a repository by folder, and their references turned round.

    `takers` maps a file or folder to the folders of the kustomizations that take it; `patched` maps a kustomization's folder to the kinds
    that it changes.
    """

    folders: frozenset[str]
    takers: Mapping[str, tuple[str, ...]]
    patches: frozenset[str]
    used: frozenset[str]
    patched: Mapping[str, frozenset[str]]
    namespaces: Mapping[str, str]

    def governing(self, path: str) -> str | None:
        """The nearest folder at or above the file that is a kustomization: a file in it that it does not take is left out."""
        folder = dirname(path)
        while folder not in self.folders:
            if not folder:
                return None
            folder = dirname(folder)
        return folder


def kustomizations(files: Mapping[str, FileFacts]) -> Kustomizations:
    """Join all kustomizations of a repository. References that lead out of it, or to the network, are not followed."""
    folders = {dirname(path): facts.kustomization for path, facts in files.items() if facts.kustomization is not None}
    takers: dict[str, list[str]] = {}
    patches: set[str] = set()
    used: set[str] = set()
    patched: dict[str, frozenset[str]] = {}
    for folder, content in folders.items():
        for target in _local(folder, content["takes"]):
            takers.setdefault(target, []).append(folder)
        used.update(_local(folder, content["uses"]))
        kinds: set[str] = set()
        for written, *named in content["patches"]:
            for target in _local(folder, [written] if written else ()):
                patches.add(target)
                kinds.update(_kinds_of(files.get(target), named))
            if not written:
                kinds.update(named)
        if kinds:
            patched[folder] = frozenset(kinds)
    return Kustomizations(
        frozenset(folders),
        {target: tuple(sorted(set(by))) for target, by in takers.items()},
        frozenset(patches),
        frozenset(used),
        patched,
        {folder: content["namespace"] for folder, content in folders.items() if content["namespace"]},
    )


def _kinds_of(patch: FileFacts | None, named: list[str]) -> list[str]:
    """A patch file without a target changes objects of the kinds that it holds."""
    if ANY_KIND in named and patch is not None and patch.objects:
        return [facts.kind for facts in patch.objects]
    return named


def _local(folder: str, entries: Iterable[str]) -> Iterable[str]:
    for entry in entries:
        if "://" in entry or "?ref=" in entry or entry.startswith(("git@", "github.com/")):
            continue
        plain = "." not in entry.partition("/")[0] and "//" not in entry and not entry.endswith("/") and "/." not in entry
        joined = f"{folder}/{entry}" if folder else entry
        target = joined if plain else normpath(joined)
        if not target.startswith("../"):
            yield "" if target == "." else target
