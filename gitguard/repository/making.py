"""Argo CD's objects that no file holds as they are applied: made by an ApplicationSet, a chart or a kustomization."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitguard.argo.applications import application_spec
from gitguard.argo.projects import project
from gitguard.argo.upkeep import of_set, upkeep
from gitguard.manifests.content import relevant
from gitguard.model.argo import Upkeep
from gitguard.model.files import ObjectFacts
from gitguard.model.finding import Skipped
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, DeclaredProject, Deployed, Reach, Repository
from gitguard.parse import read
from gitguard.repository.assemble import overridden, unknown_parts

_GROUP = "argoproj.io/"
ELSEWHERE = "deployed from another repository, or a chart from elsewhere"


def is_argo(item: RenderedObject, kind: str) -> bool:
    """Is it an object of Argo CD of that kind?"""
    return item.kind == kind and item.api_version.startswith(_GROUP)


def generated(of: Application, manifest: Mapping[str, Any]) -> Application:
    """One Application that an ApplicationSet makes; its places are those of the set's template."""
    spec = application_spec(_mapping(manifest.get("spec")))
    name = _text(_mapping(manifest.get("metadata")).get("name"))
    return of._replace(spec=spec, unknown=frozenset(), generated=name, upkeep=of_set(upkeep(manifest), of.facts.content or {}))


def application(item: RenderedObject, by: Application | None, reach: Reach, repository: Repository) -> Application:
    """An Application, or the template of an ApplicationSet, that `by` makes; it lives in Argo CD's namespace unless it says another."""
    facts, path = _facts(item, repository, by)
    content = facts.content or {}
    is_set = item.kind == "ApplicationSet"
    spec = application_spec(
        _mapping(_mapping(_mapping(content.get("spec")).get("template")).get("spec")) if is_set else _mapping(content.get("spec"))
    )
    unknown = unknown_parts(spec) | overridden(content["spec"]) if is_set else unknown_parts(spec)
    own = of_set(Upkeep(), item.manifest) if is_set else upkeep(item.manifest)
    return Application(path, facts, spec, reach, item.namespace, frozenset(unknown), by=by.key if by else "", upkeep=own)


def declared_project(item: RenderedObject, by: Application | None, reach: Reach, repository: Repository) -> DeclaredProject:
    """An AppProject that `by` makes."""
    facts, path = _facts(item, repository, by)
    own = project(item.manifest)
    return DeclaredProject(path, facts, own, reach, item.namespace, own)


def _facts(item: RenderedObject, repository: Repository, by: Application | None) -> tuple[ObjectFacts, str]:
    """The facts of a made object, and the file that stands for it: the one that it comes from, else that of what made it."""
    source = document(item, repository)
    path = item.origin.path or (by.path if by else "")
    prefix = source.prefix if source else ""
    number = source.document if source else max(item.origin.document, 0)
    facts = ObjectFacts(number, prefix, item.api_version, item.kind, item.namespace, item.name, "builtin", relevant(item.manifest))
    return facts, path


def document(item: RenderedObject, repository: Repository) -> ObjectFacts | None:
    """The object of the file that a made object comes from: by its document, else by kind and name, which a kustomization may lengthen."""
    held = repository.files.get(item.origin.path)
    listed = [one for one in held.objects if one.kind == item.kind] if held else []
    if item.origin.document >= 0:
        listed = [one for one in listed if one.document == item.origin.document]
    return next((one for one in listed if one.name == item.name), None) or next((one for one in listed if one.name and one.name in item.name), None)


def whole(content: bytes, item: Application) -> Mapping[str, Any] | None:
    """The manifest in its file, in the namespace that kustomizations give it, made of values where a chart makes it."""
    for one in read(content).documents:
        if one.number == item.facts.document:
            value: Any = one.value
            for step in item.facts.prefix.split("/")[1:]:
                value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
            metadata = {} if item.facts.in_values else value.get("metadata") or {}
            spec = value if item.facts.in_values else value.get("spec")
            return {"kind": item.facts.kind, "metadata": {**metadata, "name": item.facts.name, "namespace": item.namespace}, "spec": spec}
    return None


def creates_namespace(manifest: Mapping[str, Any]) -> str:
    """When Argo CD itself makes the destination's namespace: "new", "always" or ""; see Deployed."""
    spec = manifest.get("spec")
    policy = spec.get("syncPolicy") if isinstance(spec, Mapping) else None
    options = policy.get("syncOptions") if isinstance(policy, Mapping) else None
    if not isinstance(policy, Mapping) or not isinstance(options, list) or "CreateNamespace=true" not in options:
        return ""
    return "always" if policy.get("managedNamespaceMetadata") is not None else "new"


def made_elsewhere(deployed: Iterable[Deployed]) -> Iterator[Skipped]:
    """The files of Applications whose objects are no part of the repository."""
    outside = (one for one in deployed if any(result.undetermined is not None and result.undetermined.elsewhere for result in one.sources))
    yield from (Skipped(path, ELSEWHERE) for path in dict.fromkeys(one.application.path for one in outside))


def defined_kinds(deployed: Iterable[Deployed]) -> dict[tuple[str, str], bool]:
    """The kinds that rendered CRDs define."""
    scopes = {}
    for item in (one for app in deployed for result in app.sources for one in result.objects if one.kind == "CustomResourceDefinition"):
        spec = item.manifest.get("spec")
        names = spec.get("names") if isinstance(spec, Mapping) else None
        if isinstance(spec, Mapping) and isinstance(names, Mapping) and spec.get("scope") in ("Namespaced", "Cluster"):
            scopes[str(spec.get("group")), str(names.get("kind"))] = spec["scope"] == "Namespaced"
    return scopes


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
