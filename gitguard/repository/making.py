"""Argo CD's objects that no file holds as they are applied: made by an ApplicationSet, a chart or a kustomization."""

from collections.abc import Mapping
from typing import Any

from gitguard.argo.applications import application_spec
from gitguard.argo.projects import project
from gitguard.manifests.content import relevant
from gitguard.model.files import ObjectFacts
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, DeclaredProject, Reach, Repository
from gitguard.repository.assemble import overridden, unknown_parts

_GROUP = "argoproj.io/"


def is_argo(item: RenderedObject, kind: str) -> bool:
    """Is it an object of Argo CD of that kind?"""
    return item.kind == kind and item.api_version.startswith(_GROUP)


def generated(of: Application, manifest: Mapping[str, Any]) -> Application:
    """One Application that an ApplicationSet makes; its places are those of the set's template."""
    spec = application_spec(_mapping(manifest.get("spec")))
    return of._replace(spec=spec, unknown=frozenset(), generated=_text(_mapping(manifest.get("metadata")).get("name")))


def application(item: RenderedObject, by: Application | None, reach: Reach, repository: Repository) -> Application:
    """An Application, or the template of an ApplicationSet, that `by` makes; it lives in Argo CD's namespace unless it says another."""
    facts, path = _facts(item, repository, by)
    content = facts.content or {}
    is_set = item.kind == "ApplicationSet"
    spec = application_spec(
        _mapping(_mapping(_mapping(content.get("spec")).get("template")).get("spec")) if is_set else _mapping(content.get("spec"))
    )
    unknown = unknown_parts(spec) | overridden(content["spec"]) if is_set else unknown_parts(spec)
    return Application(path, facts, spec, reach, item.namespace, frozenset(unknown), by=by.key if by else "")


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


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
