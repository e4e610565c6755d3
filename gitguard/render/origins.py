"""Which file each object of a build comes from, told by kind and name alone, where these can't mislead.

Asked for origins, kustomize keeps a record of each step that each object goes through: a build of many bases takes five times as long. Where
nothing on the way can rename an object, and one file alone holds an object of its kind and name, that is its file. Anything else is left to
kustomize: None, here, is "ask it".
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from posixpath import join
from typing import Any, NamedTuple

from gitguard.model.rendering import Origin
from gitguard.parse import read
from gitguard.render.plans import KustomizePlan
from gitguard.render.remote_bases import is_remote
from gitguard.render.source import KUSTOMIZATIONS, mapping, mappings, text, texts
from gitguard.render.tree import Tree, within

# What a kustomization may say without renaming objects, copying between them, or taking them from anything but its resources and generators.
_PLAIN = frozenset(
    (
        *("apiVersion", "kind", "metadata", "resources", "bases", "components", "sortOptions"),
        *("namespace", "labels", "commonLabels", "commonAnnotations", "images", "imageTags", "replicas"),
        *("patches", "patchesStrategicMerge", "patchesJson6902", "configMapGenerator", "secretGenerator", "generatorOptions"),
    )
)
_GENERATED = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}
_HASH = re.compile(r"-[a-z0-9]{10}")
# Kustomize's own annotations steer a build; an origin that a file has already would pass for ours.
_STEERING = b"config.kubernetes.io/"
# A change of these makes another object of it.
_IDENTITY = ("/apiVersion", "/kind", "/metadata/name", "/metadata/generateName")
_WHOLE = ("", "/", "/metadata")

Identity = tuple[str, str]


class Materials(NamedTuple):
    """What a build is made of: files with objects, files with patches and the texts of other patches, and of generated objects their kind, their
    name and the kustomization that has them. `moved`: some of it is put into a namespace, which renames Namespaces."""

    files: frozenset[str]
    patches: frozenset[str]
    inline: frozenset[str]
    generated: frozenset[tuple[str, str, str]]
    moved: bool


def materials(plan: KustomizePlan, tree: Tree) -> Materials | None:
    """Those of a build; None where kustomize has to tell the origins itself."""
    if plan.copies or plan.rewritten or plan.inflation or any(path in tree.links for path in plan.files):
        return None
    files: set[str] = set()
    patches: set[str] = set()
    inline: set[str] = set()
    generated: set[tuple[str, str, str]] = set()
    moved = False
    seen = {plan.folder}
    pending = [plan.folder]
    while pending:
        folder = pending.pop()
        value = _value(folder, plan, tree)
        if value is None or not value.keys() <= _PLAIN:
            return None
        moved = moved or bool(value.get("namespace"))
        for entry in (*texts(value.get("resources")), *texts(value.get("bases")), *texts(value.get("components"))):
            path = "" if "\n" in entry or is_remote(entry) else within(folder, entry)
            if tree.is_file(path):
                files.add(path)
            elif path and tree.is_folder(path):
                pending += [path] if path not in seen else []
                seen.add(path)
            else:
                return None
        made = _generated(folder, value, tree)
        changing = _patches(folder, value, tree)
        if made is None or changing is None:
            return None
        generated |= made
        patches |= changing[0]
        inline |= changing[1]
    return Materials(frozenset(files), frozenset(patches), frozenset(inline), frozenset(generated), moved)


def _value(folder: str, plan: KustomizePlan, tree: Tree) -> Mapping[str, Any] | None:
    """The kustomization of a folder, as planning has read it; None where there is not one alone."""
    if folder == plan.folder and plan.content:
        return mapping(json.loads(plan.content))
    found = tree.parsed.get(folder, [])
    return found[0] if len(found) == 1 else None


def _generated(folder: str, value: Mapping[str, Any], tree: Tree) -> set[tuple[str, str, str]] | None:
    """(kind, name, kustomization) of what is generated, which comes of what it is merged with where it is merged."""
    file = next((path for path in (join(folder, name) for name in KUSTOMIZATIONS) if tree.is_file(path)), "")
    made = set()
    for field, kind in _GENERATED.items():
        for one in mappings(value.get(field)):
            if one.get("behavior", "create") != "create":
                return None
            made.add((kind, text(one.get("name")), file))
    return made


def _patches(folder: str, value: Mapping[str, Any], tree: Tree) -> tuple[set[str], set[str]] | None:
    """(files, texts) of the patches; None where one may rename what it patches."""
    entries = [*mappings(value.get("patches")), *mappings(value.get("patchesJson6902"))]
    if any(entry.get("options") for entry in entries):
        return None
    files = {within(folder, text(entry.get("path"))) for entry in entries if text(entry.get("path"))}
    inline = {text(entry.get("patch")) for entry in entries if text(entry.get("patch"))}
    for entry in texts(value.get("patchesStrategicMerge")):
        path = "" if "\n" in entry or is_remote(entry) else within(folder, entry)
        (files if tree.is_file(path) else inline).add(path if tree.is_file(path) else entry)
    return files, inline


def may_rename(patch: bytes) -> bool:
    """Can a patch, as it is written, make another object of the one that it patches? A merge keeps kind and name, unless it says otherwise."""
    reading = read(patch)
    if _STEERING in patch or any(problem.rule == "yaml-invalid" for problem in reading.problems):
        return True
    steps = [step for document in reading.documents if isinstance(document.value, list) for step in document.value]
    return not all(isinstance(step, dict) and isinstance(step.get("path"), str) and _keeps(step["path"]) for step in steps)


def _keeps(path: str) -> bool:
    return path not in _WHOLE and not any(path == field or path.startswith(f"{field}/") for field in _IDENTITY)


def identities(content: bytes) -> frozenset[Identity] | None:
    """(kind, name) of the objects of a file; None where one has not both, is a list, or the file is not to be trusted with it."""
    reading = read(content)
    if _STEERING in content or any(problem.rule == "yaml-invalid" for problem in reading.problems):
        return None
    found = [_identity(document.value) for document in reading.documents if document.value is not None]
    return frozenset(one for one in found if one is not None) if None not in found else None


def _identity(manifest: Any) -> Identity | None:
    kind, name = (text(manifest.get("kind")), text(mapping(manifest.get("metadata")).get("name"))) if isinstance(manifest, dict) else ("", "")
    return (kind, name) if kind and name and "items" not in manifest else None


def origins(
    manifests: Sequence[Mapping[str, Any]], made_of: Materials, identities_of: Callable[[str], frozenset[Identity] | None]
) -> list[tuple[Origin, Mapping[str, Any]]] | None:
    """The objects of a build with their files; None where one of them can't be told. `identities_of` says what a file holds."""
    holding: dict[Identity, set[str]] = {}
    for path in made_of.files:
        held = identities_of(path)
        if held is None:
            return None
        for one in held:
            holding.setdefault(one, set()).add(path)
    if made_of.moved:
        spaces = {path for (kind, _), paths in holding.items() if kind == "Namespace" for path in paths}
        if sum(1 for kind, _ in holding if kind == "Namespace") > 1 or len(spaces) > 1:
            return None
    else:
        spaces = set()
    found = []
    for manifest in manifests:
        identity = _identity(manifest)
        if identity is None:
            return None
        possible = spaces if spaces and identity[0] == "Namespace" else {*holding.get(identity, ()), *_generators(identity, made_of.generated)}
        if len(possible) != 1:
            return None
        found.append((Origin(*possible), manifest))
    return found


def _generators(identity: Identity, generated: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """The kustomizations that may generate it: the name may have a hash of the content behind it."""
    kind, name = identity
    for made, start, file in generated:
        if made == kind and name.startswith(start) and (len(name) == len(start) or _HASH.fullmatch(name, len(start))):
            yield file
