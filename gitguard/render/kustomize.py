"""Kustomizations: what a build reads, found before anything is started, and what can't or must not be built.

A kustomization names every file that it reads, so the files are known from content alone. Only those are put where the build can see them.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import join, relpath
from typing import Any

from gitguard.model.rendering import Reads, Remote
from gitguard.parse import read
from gitguard.render import kustomize_charts
from gitguard.render.edit import edited
from gitguard.render.kustomize_charts import Inflated
from gitguard.render.mounts import BASE, FILE, key, shown
from gitguard.render.outcomes import Needs, Refused
from gitguard.render.plans import Cluster, Inflation, KustomizePlan
from gitguard.render.remote_bases import base, is_file, is_remote
from gitguard.render.source import KUSTOMIZATIONS, mapping, mappings, text, texts
from gitguard.render.tree import Named, Tree, within

_FOLDERS = ("bases", "components")
_EITHER = ("resources", "generators", "transformers", "validators")
_CONFIGURED = ("generators", "transformers", "validators")
_FILES = ("crds", "configurations")
_SWITCH = "originAnnotations"
_OTHERS = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements", "configMapGenerator", "secretGenerator", "openapi")
_EDITED = ("namePrefix", "nameSuffix", "namespace", "images", "imageTags", "replicas", "labels", "commonLabels", "commonAnnotations", "buildMetadata")
_FIELDS = {field.lower(): field for field in (*_FOLDERS, *_EITHER, *_FILES, *_OTHERS, *_EDITED, *kustomize_charts.FIELDS, "kind")}
# What copies all annotations of an object would copy the one that tells its origin.
_ANNOTATIONS = re.compile(rb"(?:\bfrom[\"']?\s*:\s*[\"']?/metadata(?:/annotations)?|\bmetadata(?:\.annotations)?)[\"']?\s*(?:[,}\]\n\r#]|$)")
_HELM_ENABLED = re.compile(r"--enable[-_]helm(?:=true|\s|$)")
_UNRESTRICTED = re.compile(r"--load[-_]restrictor[= ]+(?:LoadRestrictionsNone|none)\b")
_MOST_FILES = 20_000


class _Closure:
    """Everything that a build reaches from one kustomization. Without `inflating`, kustomize fails before it looks for charts."""

    def __init__(self, tree: Tree, inflating: bool) -> None:
        self.tree = tree
        self.inflating = inflating
        self.files: set[str] = set()
        self.absent: set[str] = set()
        self.folders: set[str] = set()
        self.whole: set[str] = set()
        self.rewritten: dict[str, Mapping[str, Any]] = {}
        self.copies: dict[str, str] = {}
        self.inflates = False

    def visit(self, folder: str) -> None:
        """A kustomization's folder, and all that it names, without recursion."""
        pending = [folder]
        while pending:
            folder = pending.pop()
            if folder in self.folders:
                continue
            self.folders.add(folder)
            # Many builds share their bases: what one folder names is found out once.
            known = folder, self.inflating
            named = self.tree.named[known] = self.tree.named.get(known) or _Naming(folder, self.tree).named(self.inflating)
            self.files |= named.files
            self.absent |= named.absent
            self.whole |= named.whole
            self.rewritten |= dict(named.rewritten)
            self.copies |= dict(named.copies)
            self.inflates = self.inflates or named.inflates
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
        self.whole: set[str] = set()
        self.copies: dict[str, str] = {}

    def named(self, inflating: bool) -> Named:
        for name in KUSTOMIZATIONS:
            self._file(join(self.folder, name))
        folders: list[str] = []
        rewritten: dict[str, Mapping[str, Any]] = {}
        charts: list[Inflated] = []
        for value in kustomizations(self.folder, self.tree):
            local: dict[str, str] = {}
            folders += self._named(value, local)
            if local:
                rewritten[_file_of(self.folder, self.tree)] = _replaced(value, local)
            charts += kustomize_charts.inflated(self.folder, value, self.tree) if inflating else ()
        for chart in charts:
            self._inflate(chart)
        found = frozenset(self.files), frozenset(self.absent), tuple(folders), frozenset(self.whole)
        return Named(*found, tuple(rewritten.items()), tuple(self.copies.items()), bool(charts))

    def _file(self, path: str) -> None:
        resolved = self.tree.resolve(path)
        if self.tree.is_file(resolved):
            # The link on the way is needed too: kustomize judges by where it leads.
            self.files.update((resolved, *_links(path, self.tree)))
        else:
            self.absent.add(path)

    def _named(self, value: Mapping[str, Any], local: dict[str, str]) -> Iterator[str]:
        """The folders that it names; `local` gets what is written instead of what is on the network."""
        needs = Needs()
        for entry in _entries(value):
            if not is_remote(entry):
                yield from self._entry(entry)
                continue
            with needs.one():
                local[entry], folders = self._remote(entry)
                yield from folders
        for written in _inputs(value):
            if not is_remote(written) or self.tree.is_file(join(self.folder, written)):
                self._file(within(self.folder, written))
                continue
            with needs.one():
                local[written] = self._downloaded(written)
        needs.raise_all()
        if any(value.get(field) for field in _CONFIGURED):
            # The configuration of a transformer may name files of its own.
            self.whole.add(self.folder)
            for path in self.tree.below(self.folder):
                self._file(path)

    def _entry(self, entry: str) -> Iterator[str]:
        path = within(self.folder, entry)
        resolved = self.tree.resolve(path)
        if self.tree.is_folder(resolved) and not self.tree.is_file(resolved):
            self.files.update(_links(path, self.tree))
            yield resolved
        else:
            self._file(path)

    def _remote(self, entry: str) -> tuple[str, tuple[str, ...]]:
        """An entry from the network as it is to be written instead, and the kustomization's folder where it is one."""
        if is_file(entry):
            return self._downloaded(entry), ()
        remote, inside = base(entry)
        root = self.tree.mounted(remote, f"{_place(self.folder)} takes {shown(entry)}", BASE)
        found = self.tree.resolve(within(root, inside))
        if not self.tree.is_folder(found):
            raise Refused(f"{_place(self.folder)} takes {shown(entry)}, and that repository has no folder {inside}")
        return relpath(found, self.folder or "."), (found,)

    def _downloaded(self, url: str) -> str:
        """The name of a file that was downloaded, beside the kustomization: files from elsewhere are refused."""
        remote = Remote("file", url)
        found = join(self.tree.mounted(remote, f"{_place(self.folder)} reads {shown(url)}", BASE), FILE)
        self.files.add(found)
        name = f".{key(remote)}.yaml"
        self.copies[join(self.folder, name)] = found
        return name

    def _inflate(self, chart: Inflated) -> None:
        self.whole.add(chart.wanted)
        for path in (*self.tree.below(chart.found), *chart.values):
            self._file(path)
        if chart.found != chart.wanted:
            self.copies[chart.wanted] = chart.found


def plan(source: Mapping[str, Any], folder: str, tree: Tree, cluster: Cluster, variables: Mapping[str, str]) -> KustomizePlan:
    """How to build the kustomization in `folder` with the Application's own options; raises Refused or Needed."""
    options = mapping(source.get("kustomize"))
    file = _file_of(folder, tree)
    found = kustomizations(folder, tree)
    value = found[0] if len(found) == 1 else None
    changed = edited(value, options, folder, tree, variables) if options else value
    allowed = None if cluster.build_options is None else _HELM_ENABLED.search(cluster.build_options) is not None
    closure = _Closure(tree, allowed is not False)
    if changed is not value and changed is not None:
        tree = closure.tree = _Edited(tree, file, json.dumps(changed).encode())
    closure.visit(folder)
    changed = closure.rewritten.pop(file, changed)
    content = json.dumps(changed) if changed is not None and changed is not value else ""
    # Through a link, the switch would end up in a file that others may take, too.
    annotating = _annotating(changed) if changed is not None and file not in tree.links else ""
    options_known = cluster.build_options is not None
    return KustomizePlan(
        folder,
        file,
        content,
        annotating,
        _UNRESTRICTED.search(cluster.build_options or "") is not None if options_known else None,
        tuple(sorted(closure.files)),
        Reads(tuple(sorted(closure.files | closure.absent)), tuple(sorted(closure.whole))),
        tuple(sorted((path, json.dumps(value)) for path, value in closure.rewritten.items())),
        tuple(sorted(closure.copies.items())),
        _inflation(options, cluster, allowed is not None) if closure.inflates else None,
    )


def _inflation(options: Mapping[str, Any], cluster: Cluster, known: bool) -> Inflation:
    versions = tuple(texts(options.get("apiVersions"))) or cluster.api_versions
    return Inflation(known, text(options.get("kubeVersion")) or cluster.kube_version, versions)


def _file_of(folder: str, tree: Tree) -> str:
    """The kustomization's own file, "" where there is none."""
    return next((path for path in (join(folder, name) for name in KUSTOMIZATIONS) if tree.is_file(tree.resolve(path))), "")


def _replaced(value: Any, texts_: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(part, texts_) for name, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, texts_) for part in value]
    return texts_.get(value, value) if isinstance(value, str) else value


class _Edited(Tree):
    """The tree with one file changed."""

    def __init__(self, tree: Tree, path: str, content: bytes) -> None:
        self.__dict__.update(tree.__dict__)
        self.read = lambda wanted: content if wanted == path else tree.read(wanted)
        changed = path.rpartition("/")[0]
        self.parsed = {folder: found for folder, found in tree.parsed.items() if folder != changed}
        self.named = {known: found for known, found in tree.named.items() if known[0] != changed}


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
