"""An Application's kustomize options, applied to its kustomization as Argo CD does with `kustomize edit` (util/kustomize/kustomize.go).

The file that comes out is written for the build only, so it is kept as a value: order and comments don't matter to kustomize.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from posixpath import join
from typing import Any

from gitguard.argo.filepath import match as matches
from gitguard.render.outcomes import Refused
from gitguard.render.remote_bases import is_remote
from gitguard.render.source import KUSTOMIZATIONS, filled, mapping, mappings, text, texts
from gitguard.render.tree import Tree, within

_TAGGED = re.compile(r"(?s)^(.*):([a-zA-Z0-9._-]*|\*)$")
_KEPT = "*"


def edited(
    value: Mapping[str, Any] | None, options: Mapping[str, Any], folder: str, tree: Tree, variables: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The kustomization after all edits; `value` itself where there are none, Refused where `kustomize edit` would fail.

    `value` is None where the folder has no kustomization, or several.
    """
    steps = list(_steps(options, folder, tree, variables))
    if not steps:
        return value
    if value is None:
        raise Refused(f"{folder or '.'}: the Application has kustomize options, and there is not exactly one kustomization file to edit")
    made = _fixed(deepcopy(dict(value)))
    for step in steps:
        step(made)
    return made


def _steps(options: Mapping[str, Any], folder: str, tree: Tree, variables: Mapping[str, str]) -> Iterable[Callable[[dict[str, Any]], None]]:
    """The edits in Argo CD's order."""
    for field in ("namePrefix", "nameSuffix"):
        if text(options.get(field)):
            yield _setting(field, text(options[field]))
    if texts(options.get("images")):
        images = [filled(image, variables) for image in texts(options["images"])]
        yield lambda made: _set_images(made, images)
    if mappings(options.get("replicas")):
        replicas = mappings(options["replicas"])
        yield lambda made: _set_replicas(made, replicas)
    labels = _strings(options.get("commonLabels"))
    if labels:
        pairs = {key: filled(label, variables) for key, label in labels.items()}
        yield lambda made: _add_labels(made, pairs, options)
    annotations = _strings(options.get("commonAnnotations"))
    if annotations:
        substituted = options.get("commonAnnotationsEnvsubst") is True
        notes = {key: filled(note, variables) if substituted else note for key, note in annotations.items()}
        force = options.get("forceCommonAnnotations") is True
        yield lambda made: _add(_held(made, "commonAnnotations"), _split(notes), force, "annotation")
    if text(options.get("namespace")):
        yield _setting("namespace", text(options["namespace"]))
    if mappings(options.get("patches")):
        patches = mappings(options["patches"])
        yield lambda made: _add_patches(made, patches)
    if texts(options.get("components")):
        components = _components(options, folder, tree)
        yield lambda made: _add_components(made, components)


def _fixed(made: dict[str, Any]) -> dict[str, Any]:
    """What `kustomize edit` mends while it reads: fields under their old names."""
    for old, new in (("bases", "resources"), ("imageTags", "images")):
        if old in made:
            made[new] = [*(made.get(new) or ()), *(made.pop(old) or ())]
    return made


def _setting(field: str, value: str) -> Callable[[dict[str, Any]], None]:
    def step(made: dict[str, Any]) -> None:
        made[field] = value

    return step


def _set_images(made: dict[str, Any], written: Iterable[str]) -> None:
    wanted = {image["name"]: image for image in map(_image, written)}
    for image in mappings(made.get("images")):
        name = text(image.get("name"))
        own = wanted.get(name)
        wanted[name] = {key: image.get(key, "") if value == _KEPT else value for key, value in own.items()} if own else dict(image)
    made["images"] = [{key: value for key, value in wanted[name].items() if value and (key == "name" or value != _KEPT)} for name in sorted(wanted)]


def _image(written: str) -> dict[str, str]:
    """`name=new:tag`, `name=new@digest`, `name=new`, `name:tag` or `name@digest`."""
    parts = written.split("=")
    overwrite = len(parts) == 2
    name, tag, digest = _reference(parts[1] if overwrite else written, overwrite)
    made = {"name": parts[0], "newName": name} if overwrite else {"name": name}
    return made | {"newTag": tag, "digest": digest}


def _reference(written: str, bare: bool) -> tuple[str, str, str]:
    if "@" in written:
        name, digest = written.split("@")[:2]
        return name, "", digest
    tagged = _TAGGED.match(written)
    if tagged:
        return tagged.group(1), tagged.group(2), ""
    if written and bare:
        return written, "", ""
    raise Refused(f"kustomize.images: `{written}` is no image: write name=new:tag, name:tag or name@digest")


def _set_replicas(made: dict[str, Any], replicas: Iterable[Mapping[str, Any]]) -> None:
    wanted: dict[str, Any] = {text(entry.get("name")): entry for entry in mappings(made.get("replicas"))}
    for entry in replicas:
        name, count = text(entry.get("name")), entry.get("count")
        if isinstance(count, str) and re.fullmatch(r"[+-]?\d+", count):
            count = int(count)
        if not isinstance(count, int) or isinstance(count, bool):
            raise Refused(f"expected integer value for count. Received: {count}")
        if "=" in name:
            raise Refused("invalid format of replica, use the following format: <name>=<count>")
        wanted[name] = {"name": name, "count": count}
    made["replicas"] = [wanted[name] for name in sorted(wanted)]


def _add_labels(made: dict[str, Any], labels: Mapping[str, str], options: Mapping[str, Any]) -> None:
    force, plain = options.get("forceCommonLabels") is True, options.get("labelWithoutSelector") is True
    templates = options.get("labelIncludeTemplates") is True
    if not plain:
        if templates:
            raise Refused("--without-selector flag must be specified for --include-templates to work")
        _add(_held(made, "commonLabels"), _split(labels), force, "label")
        return
    made["labels"] = [*mappings(made.get("labels")), {"pairs": _split(labels), **({"includeTemplates": True} if templates else {})}]


def _split(pairs: Mapping[str, str]) -> dict[str, str]:
    """Labels as they arrive after a command line: a single one is split at its commas."""
    arguments = [f"{key}:{value}" for key, value in pairs.items()]
    if len(arguments) == 1:
        arguments = arguments[0].split(",")
    made = {}
    for argument in arguments:
        key, _, value = argument.partition(":")
        if not key:
            raise Refused(f"invalid label or annotation: '{argument}' (need k:v pair where v may be quoted)")
        made[key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return made


def _add(held: dict[str, Any], pairs: Mapping[str, str], force: bool, what: str) -> None:
    for key, value in pairs.items():
        if key in held and not force:
            raise Refused(f"{what} {key} already in kustomization file: set force{'CommonLabels' if what == 'label' else 'CommonAnnotations'}")
        held[key] = value


def _add_patches(made: dict[str, Any], patches: list[Mapping[str, Any]]) -> None:
    present = made.get("patches")
    if present is not None and not isinstance(present, list):
        raise Refused(f"expected 'patches' field in kustomization.yaml to be a list, but got {type(present).__name__}")
    made["patches"] = [*(present or ()), *patches]


def _components(options: Mapping[str, Any], folder: str, tree: Tree) -> list[str]:
    wanted = texts(options["components"])
    if options.get("ignoreMissingComponents") is True:
        # Argo CD 3.6 stops at the first component that it finds.
        return next(([entry] for entry in wanted if _is_component(entry, folder, tree)), [])
    found: list[str] = []
    for entry in wanted:
        matching = [entry] if is_remote(entry) or _exists(entry, folder, tree) else _expanded(entry, folder, tree)
        if not matching:
            raise Refused(f"kustomize.components: {entry} has no match")
        found += matching
    return found


def _is_component(entry: str, folder: str, tree: Tree) -> bool:
    try:
        path = tree.resolve(within(folder, entry))
        return any(tree.is_file(tree.resolve(join(path, name))) for name in KUSTOMIZATIONS)
    except Refused:
        return False


def _exists(entry: str, folder: str, tree: Tree) -> bool:
    path = tree.resolve(within(folder, entry))
    return tree.is_folder(path) or tree.is_file(path)


def _expanded(entry: str, folder: str, tree: Tree) -> list[str]:
    """`kustomize edit add component` takes globs, which cross no slash."""
    if not any(mark in entry for mark in "*?["):
        return []
    prefix = f"{folder}/" if folder else ""
    return [one.removeprefix(prefix) for one in tree.folders_below(folder) if matches(entry, one.removeprefix(prefix))]


def _add_components(made: dict[str, Any], components: Iterable[str]) -> None:
    held = [*texts(made.get("components"))]
    held += [entry for entry in components if entry not in held]
    made["components"] = held


def _held(made: dict[str, Any], field: str) -> dict[str, Any]:
    made[field] = dict(mapping(made.get(field)))
    held: dict[str, Any] = made[field]
    return held


def _strings(value: Any) -> dict[str, str]:
    return {key: entry for key, entry in value.items() if isinstance(key, str) and isinstance(entry, str)} if isinstance(value, dict) else {}
