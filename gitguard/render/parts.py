"""An Application's manifest to the sources that make its objects."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from gitguard.render.plans import Part


def parts(manifest: Mapping[str, Any], is_here: Callable[[str], bool], argo_namespace: str = "argocd") -> tuple[Part, ...]:
    """One part a source; sources that only lend files to others (`ref` without path and chart) make none.

    `is_here` tells whether a repoURL is the repository that is judged. A hydrated Application is rendered from its dry source.
    """
    metadata, spec = _mapping(manifest.get("metadata")), _mapping(manifest.get("spec"))
    listed = list(_sources(spec))
    multi = isinstance(spec.get("sources"), list) and bool(spec["sources"]) and not spec.get("sourceHydrator")
    refs = {_text(source.get("ref")): source for _, source in listed if source.get("ref")} if multi else {}
    common = Part(
        _text(metadata.get("name")),
        _text(metadata.get("namespace")) or argo_namespace,
        _text(spec.get("project")) or "default",
        _text(_mapping(spec.get("destination")).get("namespace")),
        "",
        {},
        multi,
        MappingProxyType(refs),
    )
    return tuple(
        common._replace(pointer=pointer, source=source, here=frozenset(_here(source, refs, is_here)))
        for pointer, source in listed
        if not (multi and not source.get("path") and not source.get("chart"))
    )


def _sources(spec: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    hydrator, sources = spec.get("sourceHydrator"), spec.get("sources")
    if isinstance(hydrator, Mapping):
        yield "/spec/sourceHydrator/drySource", _mapping(hydrator.get("drySource"))
    elif isinstance(sources, list) and sources:
        for number, source in enumerate(sources):
            yield f"/spec/sources/{number}", _mapping(source)
    else:
        yield "/spec/source", _mapping(spec.get("source"))


def _here(source: Mapping[str, Any], refs: Mapping[str, Mapping[str, Any]], is_here: Callable[[str], bool]) -> Iterable[str]:
    if not source.get("chart") and is_here(_text(source.get("repoURL"))):
        yield ""
    for name, referred in refs.items():
        if not referred.get("chart") and is_here(_text(referred.get("repoURL"))):
            yield name


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
