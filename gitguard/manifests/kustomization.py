"""The part of a kustomization that says which files it takes and which kinds it changes; literals of secret generators stay out."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TAKEN = ("resources", "bases", "components", "crds", "generators", "transformers", "validators", "configurations")
_KIND = re.compile(r"(?m)^\s*\"?kind\"?:\s*['\"]?([A-Za-z0-9]+)")
ANY_KIND = "*"


def kustomization(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Shape: {"takes": [path…], "patches": [[path or "", kind…]…], "uses": [path…], "namespace": str}; paths as written.

    A patch names the kinds it can change; "*" stands for any kind, and for the kinds of the patch file itself where it has a path.
    """
    takes = [entry for field in _TAKEN for entry in _texts(value.get(field)) if "\n" not in entry]
    namespace = value.get("namespace")
    return {
        "takes": takes,
        "patches": [list(patch) for patch in _patches(value)],
        "uses": list(_used(value)),
        "namespace": namespace if isinstance(namespace, str) else "",
    }


def _patches(value: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for written in _texts(value.get("patchesStrategicMerge")):
        yield ("", *_kinds(written)) if "\n" in written else (written, ANY_KIND)
    for patch in (patch for field in ("patches", "patchesJson6902") for patch in _mappings(value.get(field))):
        path, inline, target = _text(patch.get("path")), _text(patch.get("patch")), patch.get("target")
        if isinstance(target, dict):
            yield (path, _text(target.get("kind")) or ANY_KIND)
        else:
            yield (path, *(_kinds(inline) if inline else (ANY_KIND,)))
    for replacement in _mappings(value.get("replacements")):
        for target in _mappings(replacement.get("targets")):
            select = target.get("select")
            yield ("", (_text(select.get("kind")) if isinstance(select, dict) else "") or ANY_KIND)
    if value.get("transformers"):
        yield ("", ANY_KIND)


def _used(value: Mapping[str, Any]) -> Iterator[str]:
    """Files that are input to the kustomization without being manifests: values files, configuration, replacement files."""
    for chart in _mappings(value.get("helmCharts")):
        yield from _texts([chart.get("valuesFile")])
        yield from _texts(chart.get("additionalValuesFiles"))
    for replacement in _mappings(value.get("replacements")):
        yield from _texts([replacement.get("path")])
    yield from _texts(value.get("configurations"))
    for generator in (generator for field in ("configMapGenerator", "secretGenerator") for generator in _mappings(value.get(field))):
        for written in _texts(generator.get("files")) + _texts(generator.get("envs")):
            yield written.rpartition("=")[2]


def _kinds(text: str) -> tuple[str, ...]:
    return tuple(sorted(set(_KIND.findall(text)))) or (ANY_KIND,)


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
