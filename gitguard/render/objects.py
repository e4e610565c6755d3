"""What a tool wrote, to objects: lists taken apart, origins found and taken out, secrets masked; and as a destination gets them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import join, normpath
from typing import Any

from gitguard.model.rendering import Origin, RenderedObject
from gitguard.parse import read
from gitguard.render.masking import masked
from gitguard.render.outcomes import Refused

_ANNOTATION = "config.kubernetes.io/origin"
_PATH = re.compile(r"(?m)^(?:path|configuredIn): (?:'([^'\n]*)'|\"([^\"\n]*)\"|(.*))$")
_SOURCE = re.compile(rb"# Source: ([^\n]+)")
_TEST_HOOKS = frozenset({"test", "test-success", "test-failure"})
_Found = Iterable[tuple[Origin, Mapping[str, Any]]]


def of_kustomize(output: bytes, folder: str, annotated: bool) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    """The objects of a build; with `annotated`, each tells its origin by an annotation that is taken out."""
    for manifest in _documents(output):
        yield _from_annotation(manifest, folder) if annotated else (Origin(), manifest)


def of_helm(output: bytes, folder: str, dependencies: Mapping[str, str], skip_tests: bool = False) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    """The objects of `helm template`, each below a comment that names its template.

    `dependencies` are the subcharts that lie elsewhere in the repository: name to folder.
    """
    origin = Origin()
    for chunk in re.split(rb"(?m)^---[ \t]*$\n?", output):
        named = _SOURCE.search(chunk)
        if named:
            origin = Origin(_template(named.group(1).decode("utf-8", "replace").strip(), folder, dependencies))
        for manifest in _documents(chunk):
            if not (skip_tests and _is_test(manifest)):
                yield origin, manifest


def flattened(found: _Found) -> Iterator[tuple[Origin, Mapping[str, Any]]]:
    """Lists taken apart, as Argo CD does with whatever has `items`."""
    for origin, manifest in found:
        items = manifest.get("items")
        if isinstance(items, list):
            for item in items:
                if not isinstance(item, dict):
                    raise Refused("resource list item has unexpected type")
                yield origin, item
        elif not ("items" in manifest and items is None and "spec" not in manifest and "status" not in manifest):
            yield origin, manifest


def rendered(found: _Found, *, plain: bool = False) -> tuple[RenderedObject, ...]:
    """The objects, lists taken apart, each as its tool wrote it. `plain` leaves the values of Secrets in."""
    return tuple(_object(origin, manifest, plain) for origin, manifest in flattened(found))


def _object(origin: Origin, manifest: Mapping[str, Any], plain: bool) -> RenderedObject:
    metadata = manifest.get("metadata") if isinstance(manifest.get("metadata"), dict) else None
    namespace, name = (_text((metadata or {}).get(field)) for field in ("namespace", "name"))
    name = name or _text((metadata or {}).get("generateName"))
    without = masked(manifest)
    shown = manifest if plain else without
    return RenderedObject(_text(manifest.get("apiVersion")), _text(manifest.get("kind")), namespace, name, origin, shown, without != manifest)


def deployed(made: Sequence[RenderedObject], target: str, scopes: Mapping[tuple[str, str], bool]) -> tuple[RenderedObject, ...]:
    """The objects as Argo CD compares them with the cluster: namespaced ones without a namespace get the destination's (`target`),
    cluster-scoped ones none. `scopes` says of (group, kind) whether it is namespaced; of a kind that is not in it nothing is changed."""
    known = {**scopes, **defined} if (defined := dict(_defined(item.manifest for item in made))) else scopes
    return tuple(_in_namespace(item, target, known.get((item.api_version.rpartition("/")[0], item.kind))) for item in made)


def _in_namespace(item: RenderedObject, target: str, namespaced: bool | None) -> RenderedObject:
    wanted = target if namespaced and not item.namespace else "" if namespaced is False else item.namespace
    if wanted == item.namespace:
        return item
    metadata = item.manifest.get("metadata") if isinstance(item.manifest.get("metadata"), dict) else {}
    changed = {key: value for key, value in (metadata or {}).items() if key != "namespace"} | ({"namespace": wanted} if wanted else {})
    return item._replace(namespace=wanted, manifest={**item.manifest, "metadata": changed})


def _defined(manifests: Iterable[Mapping[str, Any]]) -> Iterator[tuple[tuple[str, str], bool]]:
    for manifest in manifests:
        if manifest.get("kind") == "CustomResourceDefinition" and isinstance(manifest.get("spec"), dict):
            spec = manifest["spec"]
            names = spec.get("names")
            if isinstance(names, dict) and spec.get("scope") in ("Namespaced", "Cluster"):
                yield (_text(spec.get("group")), _text(names.get("kind"))), spec["scope"] == "Namespaced"


def _documents(output: bytes) -> Iterator[Mapping[str, Any]]:
    reading = read(output)
    broken = next((problem for problem in reading.problems if problem.rule == "yaml-invalid"), None)
    if broken is not None:
        raise Refused(f"failed to unmarshal manifest: {broken.message} (line {broken.line} of the output)")
    for document in reading.documents:
        if not isinstance(document.value, dict) or not _text(document.value.get("kind")):
            raise Refused("failed to unmarshal manifest: Object 'Kind' is missing")
        yield document.value


def _from_annotation(manifest: Mapping[str, Any], folder: str) -> tuple[Origin, Mapping[str, Any]]:
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(metadata, dict) or not isinstance(annotations, dict) or _ANNOTATION not in annotations:
        return Origin(), manifest
    left = {key: value for key, value in annotations.items() if key != _ANNOTATION}
    kept = {key: value for key, value in metadata.items() if key != "annotations"} | ({"annotations": left} if left else {})
    said = _PATH.search(_text(annotations[_ANNOTATION]))
    path = normpath(join(folder, next((part for part in said.groups() if part), ""))) if said else ""
    return Origin(path), {**manifest, "metadata": kept}


def _template(named: str, folder: str, dependencies: Mapping[str, str]) -> str:
    """`chart/charts/sub/templates/x.yaml` to the file: the first part is the chart's name, whatever its folder is called."""
    _, _, inside = named.partition("/")
    parts = inside.split("/")
    if len(parts) > 2 and parts[0] == "charts" and parts[1] in dependencies:
        return join(dependencies[parts[1]], *parts[2:])
    return join(folder, inside)


def _is_test(manifest: Mapping[str, Any]) -> bool:
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    hooks = _text(annotations.get("helm.sh/hook")) if isinstance(annotations, dict) else ""
    return bool(_TEST_HOOKS.intersection(hook.strip() for hook in hooks.split(",")))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
