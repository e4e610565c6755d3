"""Kustomizations: what a build reads, found before anything is started, and what can't or must not be built.

A kustomization names every file that it reads, so the files are known from content alone. Only those are put where the build can see them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import join
from typing import Any

from gitguard.model.rendering import Reads
from gitguard.parse import read
from gitguard.render.edit import edited
from gitguard.render.outcomes import Needed, Refused
from gitguard.render.plans import Cluster, KustomizePlan
from gitguard.render.source import KUSTOMIZATIONS, mapping, mappings, text, texts
from gitguard.render.tree import Named, Tree, within

_REMOTE = re.compile(r"(?i)^(?:git::)?(?:[a-z][a-z0-9+.\-]*://|gh:|(?:www\.)?github\.com[:/]|[^/@\s]+@[^/:\s]+[:/])")
_FOLDERS = ("bases", "components")
_EITHER = ("resources", "generators", "transformers", "validators")
_CONFIGURED = ("generators", "transformers", "validators")
_FILES = ("crds", "configurations")
_SWITCH = "originAnnotations"
_OTHERS = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configMapGenerator", "secretGenerator", "openapi")
_EDITED = ("namePrefix", "nameSuffix", "namespace", "images", "imageTags", "replicas", "labels", "commonLabels", "commonAnnotations", "buildMetadata")
_HELM = ("helmCharts", "helmChartInflationGenerator")
_FIELDS = {field.lower(): field for field in (*_FOLDERS, *_EITHER, *_FILES, *_OTHERS, *_EDITED, *_HELM, "kind")}
# What copies all annotations of an object would copy the one that tells its origin.
_ANNOTATIONS = re.compile(rb"(?:\bfrom[\"']?\s*:\s*[\"']?/metadata(?:/annotations)?|\bmetadata(?:\.annotations)?)[\"']?\s*(?:[,}\]\n\r#]|$)")
_UNRESTRICTED = re.compile(r"--load[-_]restrictor[= ]+(?:LoadRestrictionsNone|none)\b")
_MOST_FILES = 20_000


class _Closure:
    """Everything that a build reaches from one kustomization."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.files: set[str] = set()
        self.absent: set[str] = set()
        self.folders: set[str] = set()
        self.whole: set[str] = set()

    def visit(self, folder: str) -> None:
        """A kustomization's folder, and all that it names, without recursion."""
        pending = [folder]
        while pending:
            folder = pending.pop()
            if folder in self.folders:
                continue
            self.folders.add(folder)
            # Many builds share their bases: what one folder names is found out once.
            named = self.tree.named[folder] = self.tree.named.get(folder) or _Naming(folder, self.tree).named()
            self.files |= named.files
            self.absent |= named.absent
            self.whole |= {folder} if named.whole else set()
            pending += named.folders
            if len(self.files) > _MOST_FILES:
                raise Refused(f"the kustomization reads more than {_MOST_FILES} files")


class _Naming:
    """What the kustomization of one folder names, while it is gone through."""

    def __init__(self, folder: str, tree: Tree) -> None:
        self.folder = folder
        self.tree = tree
        self.files: set[str] = set()
        self.absent: set[str] = set()
        self.whole = False

    def named(self) -> Named:
        for name in KUSTOMIZATIONS:
            self._file(join(self.folder, name))
        folders = [found for value in kustomizations(self.folder, self.tree) for found in self._named(value)]
        return Named(frozenset(self.files), frozenset(self.absent), tuple(folders), self.whole)

    def _file(self, path: str) -> None:
        resolved = self.tree.resolve(path)
        if self.tree.is_file(resolved):
            # The link on the way is needed too: kustomize judges by where it leads.
            self.files.update((resolved, *_links(path, self.tree)))
        else:
            self.absent.add(path)

    def _named(self, value: Mapping[str, Any]) -> Iterator[str]:
        if any(value.get(field) for field in _HELM):
            raise Needed(
                f"the kustomization in {self.folder or '.'} inflates a Helm chart, which takes `--enable-helm` and a download",
                "the chart rendered into the repository, or an Application of its own for it",
            )
        for entry in _entries(value):
            yield from self._entry(entry)
        for written in _inputs(value):
            if not _REMOTE.match(written) or self.tree.is_file(join(self.folder, written)):
                self._file(within(self.folder, written))
            else:
                raise Needed(f"{_place(self.folder)} reads {_shown(written)}", "network access: copy the file into the repository")
        if any(value.get(field) for field in _CONFIGURED):
            # The configuration of a transformer may name files of its own.
            self.whole = True
            for path in self.tree.below(self.folder):
                self._file(path)

    def _entry(self, entry: str) -> Iterator[str]:
        if _REMOTE.match(entry):
            raise Needed(f"{_place(self.folder)} takes {_shown(entry)}", "network access: vendor what it refers to into the repository")
        path = within(self.folder, entry)
        resolved = self.tree.resolve(path)
        if self.tree.is_folder(resolved) and not self.tree.is_file(resolved):
            self.files.update(_links(path, self.tree))
            yield resolved
        else:
            self._file(path)


def plan(source: Mapping[str, Any], folder: str, tree: Tree, cluster: Cluster, variables: Mapping[str, str]) -> KustomizePlan:
    """How to build the kustomization in `folder` with the Application's own options; raises Refused or Needed."""
    options = mapping(source.get("kustomize"))
    file = next((path for path in (join(folder, name) for name in KUSTOMIZATIONS) if tree.is_file(tree.resolve(path))), "")
    found = kustomizations(folder, tree)
    value = found[0] if len(found) == 1 else None
    changed = edited(value, options, folder, tree, variables) if options else value
    closure = _Closure(tree)
    if changed is not value and changed is not None:
        tree = closure.tree = _Edited(tree, file, json.dumps(changed).encode())
    closure.visit(folder)
    content = json.dumps(changed) if changed is not None and changed is not value else ""
    # Through a link, the switch would end up in a file that others may take, too.
    annotating = _annotating(changed) if changed is not None and file not in tree.links else ""
    reads = Reads(tuple(sorted(closure.files | closure.absent)), tuple(sorted(closure.whole)))
    unrestricted = None if cluster.build_options is None else _UNRESTRICTED.search(cluster.build_options) is not None
    return KustomizePlan(folder, file, content, annotating, unrestricted, tuple(sorted(closure.files)), reads)


class _Edited(Tree):
    """The tree with one file changed."""

    def __init__(self, tree: Tree, path: str, content: bytes) -> None:
        self.__dict__.update(tree.__dict__)
        self.read = lambda wanted: content if wanted == path else tree.read(wanted)
        changed = path.rpartition("/")[0]
        self.parsed = {folder: found for folder, found in tree.parsed.items() if folder != changed}
        self.named = {folder: found for folder, found in tree.named.items() if folder != changed}


def kustomizations(folder: str, tree: Tree) -> list[Mapping[str, Any]]:
    """What the kustomization files of a folder say; those that can't be read are left to kustomize to complain about."""
    if folder not in tree.parsed:
        paths = [tree.resolve(join(folder, name)) for name in KUSTOMIZATIONS]
        tree.parsed[folder] = [_parsed(tree.read(path)) for path in paths if tree.is_file(path)]
    return tree.parsed[folder]


def _parsed(content: bytes) -> Mapping[str, Any]:
    reading = read(content)
    broken = any(problem.rule == "yaml-invalid" for problem in reading.problems)
    value = reading.documents[0].value if reading.documents and not broken else None
    # Kustomize reads its fields in whatever case they are written.
    return {_FIELDS.get(str(key).lower(), str(key)): said for key, said in value.items()} if isinstance(value, dict) else {}


def _entries(value: Mapping[str, Any]) -> Iterator[str]:
    """What may be a file, a folder or a repository; inline YAML is neither."""
    for field in (*_EITHER, *_FOLDERS):
        yield from (entry for entry in texts(value.get(field)) if entry and "\n" not in entry)


def _inputs(value: Mapping[str, Any]) -> Iterable[str]:
    """Files that the kustomization reads by name."""
    for field in _FILES:
        yield from texts(value.get(field))
    yield from (entry for entry in texts(value.get("patchesStrategicMerge")) if "\n" not in entry)
    for field in ("patches", "patchesJson6902", "replacements"):
        yield from (text(entry.get("path")) for entry in mappings(value.get(field)) if text(entry.get("path")))
    for field in ("configMapGenerator", "secretGenerator"):
        for generator in mappings(value.get(field)):
            yield from (entry.partition("=")[2] or entry for entry in texts(generator.get("files")))
            yield from (*texts(generator.get("envs")), *([text(generator.get("env"))] if text(generator.get("env")) else ()))
    if text(mapping(value.get("openapi")).get("path")):
        yield text(mapping(value.get("openapi")).get("path"))


def _annotating(value: Mapping[str, Any]) -> str:
    """The kustomization with the switch that makes a build tell where its objects come from.

    "" where the repository throws it itself, and where the switch alone would make something of an empty kustomization, which is an error.
    """
    metadata = texts(value.get("buildMetadata"))
    if _SWITCH in metadata or value.get("kind") == "Component" or not value.keys() - {"apiVersion", "kind"}:
        return ""
    return json.dumps({**value, "buildMetadata": [*metadata, _SWITCH]})


def copies_annotations(content: bytes) -> bool:
    """Does a file of a build copy all annotations of an object? Then the build is not asked for origins."""
    return _ANNOTATIONS.search(content) is not None


def _links(path: str, tree: Tree) -> Iterator[str]:
    """The symbolic links on the way of a path."""
    steps = 0
    while tree.links and steps < 40:
        parts = path.split("/")
        link = next((part for part in ("/".join(parts[:end]) for end in range(1, len(parts) + 1)) if part in tree.links), None)
        if link is None:
            return
        yield link
        path = within(link.rpartition("/")[0], join(tree.links[link], path[len(link) + 1 :]).rstrip("/"))
        steps += 1


def _place(folder: str) -> str:
    return f"the kustomization in {folder or '.'}"


def _shown(url: str) -> str:
    """A URL without the credentials that may be in it."""
    return re.sub(r"://[^/@]*@", "://", url)[:200]
