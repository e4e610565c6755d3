"""An Application's kustomize options, applied to its kustomization as Argo CD does with `kustomize edit` (util/kustomize/kustomize.go).

The file that comes out is written for the build only, so it is kept as a value: order and comments don't matter to kustomize. (One thing gets
lost: `kustomize edit` moves an indented comment in front of the field below it, where it can end up inside of a text that the field above ends with.)
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from posixpath import join
from typing import Any

from gitguard.parse import read
from gitguard.render.components import components
from gitguard.render.outcomes import Refused
from gitguard.render.source import KUSTOMIZATIONS, filled, mapping, mappings, text, texts
from gitguard.render.tree import Tree

_Step = Callable[[dict[str, Any]], None]
_KEPT = "*"
_RENAMED = (("bases", "resources"), ("imageTags", "images"))
_TEXTS = ("namePrefix", "nameSuffix", "namespace")
_PAIRS = ("commonLabels", "commonAnnotations")
_LISTS = ("resources", "bases", "components")
# The fields of what lies in lists, by the type that kustomize decodes.
_RECORDS: Mapping[str, Mapping[str, type]] = {
    "images": dict.fromkeys(("name", "newName", "tagSuffix", "newTag", "digest"), str),
    "imageTags": dict.fromkeys(("name", "newName", "tagSuffix", "newTag", "digest"), str),
    "replicas": {"name": str, "count": int},
    "labels": {"pairs": dict, "includeSelectors": bool, "includeTemplates": bool, "includeVolumeClaimTemplates": bool, "fields": list},
}
_TARGET = ("group", "version", "kind", "name", "namespace", "annotationSelector", "labelSelector")


def edited(
    value: Mapping[str, Any] | None, options: Mapping[str, Any], folder: str, tree: Tree, variables: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The kustomization after all edits; `value` itself where there are none, Refused where `kustomize edit` would fail.

    `value` is None where the folder has no kustomization, or several.
    """
    steps = dict(_steps(options, folder, tree, variables))
    if not steps:
        return value
    if value is None:
        raise Refused(f"{folder or '.'}: the Application has kustomize options, and there is not exactly one kustomization file to edit")
    made = deepcopy(dict(value))
    if not value or next(iter(steps)) == "patches":
        _read_again(made, folder, tree, next(iter(steps)))
    for step in steps.values():
        step(made)
    return made


def _steps(options: Mapping[str, Any], folder: str, tree: Tree, variables: Mapping[str, str]) -> Iterator[tuple[str, _Step]]:
    """The edits in Argo CD's order."""
    for field in ("namePrefix", "nameSuffix"):
        if text(options.get(field)):
            yield field, _setting(field, text(options[field]))
    if texts(options.get("images")):
        images = [filled(image, variables) for image in texts(options["images"])]
        yield "images", _edit(lambda made: _set_images(made, images))
    if mappings(options.get("replicas")):
        replicas = mappings(options["replicas"])
        yield "replicas", _edit(lambda made: _set_replicas(made, replicas))
    labels = _strings(options.get("commonLabels"))
    if labels:
        pairs = {key: filled(label, variables) for key, label in labels.items()}
        yield "commonLabels", _edit(lambda made: _add_labels(made, pairs, options))
    annotations = _strings(options.get("commonAnnotations"))
    if annotations:
        substituted = options.get("commonAnnotationsEnvsubst") is True
        notes = {key: filled(note, variables) if substituted else note for key, note in annotations.items()}
        force = options.get("forceCommonAnnotations") is True
        yield "commonAnnotations", _edit(lambda made: _add(made.setdefault("commonAnnotations", {}), _parsed(notes), force, "annotation"))
    if text(options.get("namespace")):
        yield "namespace", _setting("namespace", text(options["namespace"]))
    if mappings(options.get("patches")):
        patches = [_patch(patch) for patch in mappings(options["patches"])]
        yield "patches", lambda made: _add_patches(made, patches)
    if texts(options.get("components")):
        yield "components", _edit(lambda made: _add_components(made, components(options, folder, tree)))


def _read_again(made: dict[str, Any], folder: str, tree: Tree, first: str) -> None:
    """Look at the file itself where its value does not tell all: it may say nothing because it can't be read, and Argo CD minds the case."""
    path = next(path for path in (tree.resolve(join(folder, name)) for name in KUSTOMIZATIONS) if tree.is_file(path))
    reading = read(tree.read(path))
    problem = next((problem.message for problem in reading.problems if problem.rule == "yaml-invalid"), "")
    said = reading.documents[0].value if reading.documents else None
    if not isinstance(said, dict) and (said is not None or first == "patches"):
        problem = problem or "it is no mapping"
    if problem:
        raise Refused(f"{path}: invalid Kustomization: {problem}")
    if first == "patches" and "patches" in made and "patches" not in mapping(said):
        made["Patches"] = made.pop("patches")


def _edit(change: _Step) -> _Step:
    """One call of `kustomize edit`: the file read, changed and written."""

    def step(made: dict[str, Any]) -> None:
        _decode(made)
        change(made)
        for label in made.get("labels", ()):
            if not label.get("pairs"):
                label.pop("pairs", None)

    return step


def _decode(made: dict[str, Any]) -> None:
    """Read what edits may change as kustomize does: what is null is not there, what has another type is refused, old names are mended."""
    for field in [field for field, said in made.items() if said is None]:
        del made[field]
    for field in _TEXTS:
        _checked(field, made.get(field, ""), str)
    for field in _PAIRS:
        if field in made:
            made[field] = _decoded_pairs(field, made[field])
    for field in _LISTS:
        if field in made:
            made[field] = [_checked(field, "" if entry is None else entry, str) for entry in _checked(field, made[field], list)]
    for field, types in _RECORDS.items():
        if field in made:
            made[field] = [_decoded_record(field, entry, types) for entry in _checked(field, made[field], list)]
    for old, new in _RENAMED:
        if old in made:
            made[new] = [*made.get(new, ()), *made.pop(old)]


def _decoded_record(field: str, entry: Any, types: Mapping[str, type]) -> dict[str, Any]:
    names = {name.lower(): name for name in types}
    made: dict[str, Any] = {}
    for key, said in _checked(field, {} if entry is None else entry, dict).items():
        name = names.get(key.lower())
        if name is None:
            raise Refused(f"invalid Kustomization: {field}: unknown field `{key}`")
        if said is not None:
            made[name] = _decoded_pairs(field, said) if types[name] is dict else _checked(f"{field}.{name}", said, types[name])
    return made


def _decoded_pairs(field: str, said: Any) -> dict[str, str]:
    return {key: _checked(f"{field}.{key}", "" if value is None else value, str) for key, value in _checked(field, said, dict).items()}


def _checked(field: str, said: Any, wanted: type) -> Any:
    if isinstance(said, float) and wanted is int and said.is_integer():
        return int(said)
    if not isinstance(said, wanted) or (wanted is int and isinstance(said, bool)):
        raise Refused(f"invalid Kustomization: {field} can't be a {type(said).__name__}")
    return said


def _setting(field: str, value: str) -> _Step:
    def change(made: dict[str, Any]) -> None:
        made[field] = value

    return _edit(change)


def _set_images(made: dict[str, Any], written: Iterable[str]) -> None:
    wanted: dict[str, Mapping[str, str]] = {image["name"]: image for image in map(_image, written)}
    for image in made.get("images", ()):
        name = image.get("name", "")
        wanted[name] = _replaced(wanted.get(name, image), image)
    made["images"] = [{key: value for key, value in _replaced(wanted[name], {}).items() if value} for name in sorted(wanted)]


def _image(written: str) -> dict[str, str]:
    """`name=new`, `name=new:tag`, `name:tag` and each of these with `@digest`, or with a digest instead of a tag."""
    _refuse_flag(written)
    name, overwrite, value = written.partition("=")
    new, tag, digest = _reference(value if overwrite else written)
    if new == written:
        raise Refused(f"kustomize.images: `{written}` is no image: write name=new:tag, name:tag or name@digest")
    named = {"name": name, "newName": new} if overwrite and name else {"name": new, "newName": ""}
    return named | {"newTag": tag, "digest": digest}


def _reference(written: str) -> tuple[str, str, str]:
    """Name, tag and digest; colons before the first slash are a port's."""
    slash = max(written.find("/"), 0)
    at, colon = written.find("@", slash), written.find(":", slash)
    if colon < 0 or 0 <= at < colon:
        name, _, digest = written.partition("@") if at < 0 else (written[:at], "@", written[at + 1 :])
        return name, "", digest
    end = at if at >= 0 else len(written)
    return written[:colon], written[colon + 1 : end], written[end + 1 :]


def _replaced(image: Mapping[str, str], own: Mapping[str, str]) -> Mapping[str, str]:
    """The image with each `*` replaced by what the kustomization has; a suffix of its tag gets lost on the way."""
    if _KEPT not in (image.get("newName"), image.get("newTag"), image.get("digest")):
        return image
    kept = {key: own.get(key, "") if image.get(key) == _KEPT else image.get(key, "") for key in ("newName", "newTag", "digest")}
    return {"name": image.get("name", ""), **kept}


def _set_replicas(made: dict[str, Any], replicas: Iterable[Mapping[str, Any]]) -> None:
    wanted: dict[str, Any] = {}
    for entry in replicas:
        name = text(entry.get("name"))
        _refuse_flag(name)
        if "=" in name:
            raise Refused("invalid format of replica, use the following format: <name>=<count>")
        wanted[name] = {"name": name, "count": _count(entry.get("count"))}
    for entry in made.get("replicas", ()):
        wanted.setdefault(entry.get("name", ""), entry)
    made["replicas"] = [wanted[name] for name in sorted(wanted)]


def _count(said: Any) -> int:
    if isinstance(said, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", said):
        return int(said)
    if isinstance(said, bool) or not isinstance(said, int):
        raise Refused(f"expected integer value for count. Received: {said}")
    return said


def _add_labels(made: dict[str, Any], labels: Mapping[str, str], options: Mapping[str, Any]) -> None:
    force, plain = options.get("forceCommonLabels") is True, options.get("labelWithoutSelector") is True
    templates = options.get("labelIncludeTemplates") is True
    if templates and not plain:
        raise Refused("--without-selector flag must be specified for --include-templates to work")
    pairs = _parsed(labels)
    if not plain:
        _add(made.setdefault("commonLabels", {}), pairs, force, "label")
        return
    held = made.setdefault("labels", [])
    settings = (False, templates)
    entry = next((one for one in held if (one.get("includeSelectors", False), one.get("includeTemplates", False)) == settings), None)
    if entry is None:
        entry = {"pairs": {}, "includeTemplates": templates}
        held.append(entry)
    if "pairs" not in entry:
        raise Refused("an entry of `labels` has no pairs: `kustomize edit add label` panics")
    _add(entry["pairs"], pairs, force, "label")


def _parsed(pairs: Mapping[str, str]) -> dict[str, str]:
    """Labels or annotations as they arrive after a command line."""
    made = {}
    for written, said in pairs.items():
        _refuse_flag(written)
        key, _, value = f"{written}:{said}".partition(":")
        if not key:
            raise Refused(f"invalid label or annotation: ':{value}' (need k:v pair where v may be quoted)")
        made[key] = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return made


def _add(held: dict[str, Any], pairs: Mapping[str, str], force: bool, what: str) -> None:
    for key, value in pairs.items():
        if key in held and not force:
            raise Refused(f"{what} {key} already in kustomization file: set force{'CommonLabels' if what == 'label' else 'CommonAnnotations'}")
        held[key] = value


def _patch(patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch with the fields that an Application can have: others never arrive."""
    made: dict[str, Any] = {key: text(patch[key]) for key in ("path", "patch") if text(patch.get(key))}
    if isinstance(patch.get("target"), dict):
        made["target"] = {key: text(patch["target"][key]) for key in _TARGET if text(patch["target"].get(key))}
    if mapping(patch.get("options")):
        made["options"] = patch["options"]
    return made


def _add_patches(made: dict[str, Any], patches: list[dict[str, Any]]) -> None:
    """No `kustomize edit` does this: Argo CD changes the file by itself, and reads nothing but this field."""
    present = made.get("patches", [])
    if not isinstance(present, list):
        raise Refused(f"expected 'patches' field in kustomization.yaml to be a list, but got {type(present).__name__}")
    made["patches"] = [*present, *patches]
    if "Patches" in made:
        made["patches"] = _overlaid(made.pop("Patches"), patches)


def _overlaid(odd: Any, patches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What kustomize reads from a file with `Patches` and `patches`: Go decodes the second list over the entries of the first."""
    under = [*_checked("Patches", odd, list), *({} for _ in patches)]
    return [_over(_checked("Patches", old, dict), new) for old, new in zip(under, patches, strict=False)]


def _over(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {**old, **{key: _over(mapping(old.get(key)), said) if isinstance(said, dict) else said for key, said in new.items()}}


def _add_components(made: dict[str, Any], found: Iterable[str]) -> None:
    held = made.setdefault("components", [])
    for entry in found:
        _refuse_flag(entry)
        if entry not in held and entry not in KUSTOMIZATIONS:
            held.append(entry)


def _refuse_flag(argument: str) -> None:
    if argument.startswith("-"):
        raise Refused(f"`kustomize edit` takes `{argument}` for an option, and has no such option")


def _strings(value: Any) -> dict[str, str]:
    return {key: entry for key, entry in value.items() if isinstance(key, str) and isinstance(entry, str)} if isinstance(value, dict) else {}
