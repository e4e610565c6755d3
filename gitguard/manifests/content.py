"""The part of an object that rules read. Everything else, and every value that could be a secret, stays out of memory and caches."""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Any

ARGO_GROUP = "argoproj.io/"
LABEL_OF_SECRETS = "argocd.argoproj.io/secret-type"
# Argo CD's ConfigMap, and what of it decides about AppProjects and renderings.
SETTINGS = "argocd-cm"
_SETTINGS = ("globalProjects", "cluster.inClusterEnabled", "kustomize.buildOptions")
# The fields of Argo CD's secrets that it compares; all others may be credentials and are never looked at.
_SECRET_FIELDS = {"cluster": ("name", "server", "project", "namespaces"), "repository": ("url", "project")}
_PASSWORD_IN_URL = re.compile(r"://[^/@]*:[^/]*@")
_SOURCE_FIELDS = ("repoURL", "path", "chart", "targetRevision", "ref", "name", "directory")
_TOOLS = ("helm", "kustomize", "plugin")
_PRESENT = "(present)"
_ROLE_FIELDS = ("name", "policies", "groups")
TEMPLATE_TOKEN = re.compile(r"\{\{-?\s*\.?([A-Za-z0-9_.\-]+)\s*-?\}\}")


def relevant(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the rules need of one object, or None where they need nothing."""
    api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
    if isinstance(api_version, str) and api_version.startswith(ARGO_GROUP):
        if kind == "Application":
            return {"metadata": _metadata(manifest), "spec": _application(_mapping(manifest, "spec"))}
        if kind == "ApplicationSet":
            return {"metadata": _metadata(manifest), "spec": _application_set(_mapping(manifest, "spec"))}
        if kind == "AppProject":
            return {"metadata": _metadata(manifest), "spec": _project(_mapping(manifest, "spec"))}
    if kind == "Secret":
        return _secret(manifest)
    if kind == "ConfigMap" and _mapping(manifest, "metadata").get("name") == SETTINGS:
        data = _mapping(manifest, "data")
        return {"settings": {key: data[key] for key in _SETTINGS if isinstance(data.get(key), str)}}
    if kind == "CustomResourceDefinition":
        spec = _mapping(manifest, "spec")
        return {"defines": {"group": spec.get("group"), "kind": _mapping(spec, "names").get("kind"), "scope": spec.get("scope")}}
    return None


def values_objects(values: Mapping[str, Any]) -> list[tuple[str, str, str, Mapping[str, Any]]]:
    """Applications and AppProjects that the values of an argocd-apps chart (or the older argo-cd chart) declare.

    Each is (pointer, kind, name, content). The chart takes a map from name to object (2.x) or a list (1.x), at the top level or below
    a subchart's name; `server.additionalApplications` and `server.additionalProjects` are the argo-cd chart's older place.
    """
    found: list[tuple[str, str, str, Mapping[str, Any]]] = []
    server = _mapping(values, "server")
    places = [("", values, "applications", "projects"), ("/server", server, "additionalApplications", "additionalProjects")]
    places += [
        (f"/{_escaped(key)}", values[key], "applications", "projects") for key in ("argocd-apps", "argo-apps") if isinstance(values.get(key), dict)
    ]
    for prefix, holder, applications, projects in places:
        for kind, field in (("Application", applications), ("AppProject", projects)):
            for pointer, name, item in _named(holder.get(field), f"{prefix}/{field}"):
                content = _from_values(kind, item)
                if content is not None:
                    found.append((pointer, kind, name, content))
    return found


def _from_values(kind: str, item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    marks = ("destination", "source", "sources") if kind == "Application" else ("destinations", "sourceRepos")
    if not any(mark in item for mark in marks):
        return None
    spec = _application(item) if kind == "Application" else _project(item)
    return {"metadata": {"namespace": item.get("namespace")}, "spec": spec}


def _named(holder: Any, prefix: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    if isinstance(holder, dict):
        return [(f"{prefix}/{_escaped(name)}", name, item) for name, item in holder.items() if isinstance(item, dict)]
    if isinstance(holder, list):
        return [(f"{prefix}/{n}", str(item.get("name", "")), item) for n, item in enumerate(holder) if isinstance(item, dict)]
    return []


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _mapping(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def _metadata(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = _mapping(manifest, "metadata")
    return {key: metadata[key] for key in ("name", "namespace", "generateName", "labels", "finalizers") if key in metadata}


def _project(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    roles = spec.get("roles")
    if not isinstance(roles, list):
        return spec
    # JWT tokens hold ids and times, no secrets, but nothing reads them.
    return {
        **spec,
        "roles": [{key: value for key, value in role.items() if key in _ROLE_FIELDS} if isinstance(role, dict) else role for role in roles],
    }


def _application(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: spec[key] for key in ("project", "destination", "sourceHydrator", "syncPolicy") if key in spec}
    if "source" in spec:
        kept["source"] = _source(spec["source"])
    if "sources" in spec:
        kept["sources"] = [_source(source) for source in spec["sources"]] if isinstance(spec["sources"], list) else spec["sources"]
    return kept


def _source(source: Any) -> Any:
    if not isinstance(source, dict):
        return source
    kept: dict[str, Any] = {key: source[key] for key in _SOURCE_FIELDS if key in source}
    for tool in _TOOLS:
        if source.get(tool):
            kept[tool] = {"set": _PRESENT}
    helm = source.get("helm")
    if isinstance(helm, dict) and isinstance(kept.get("helm"), dict):
        kept["helm"] |= {key: helm[key] for key in ("valueFiles", "fileParameters") if key in helm}
    return kept


def _application_set(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    template = _mapping(spec, "template")
    made = _application(_mapping(template, "spec"))
    paths = [source["path"] for source in [made.get("source"), *(made.get("sources") or ())] if isinstance(source, dict) and "path" in source]
    tokens = frozenset(token for path in paths if isinstance(path, str) for token in TEMPLATE_TOKEN.findall(path))
    kept: dict[str, Any] = {
        "generators": _generators(spec, tokens),
        "template": {"metadata": _metadata(template), "spec": made},
    }
    if "syncPolicy" in spec:
        kept["syncPolicy"] = spec["syncPolicy"]
    patch = spec.get("templatePatch")
    if isinstance(patch, str):
        kept["templatePatch"] = [word for word in ("project", "source", "destination", "metadata") if word in patch]
    return kept


def _generators(holder: Mapping[str, Any], tokens: frozenset[str]) -> list[Mapping[str, Any]]:
    generators = holder.get("generators")
    return [_generator(item, tokens) for item in generators if isinstance(item, dict)] if isinstance(generators, list) else []


def _generator(generator: Mapping[str, Any], tokens: frozenset[str]) -> Mapping[str, Any]:
    """Of a generator's own values only those that a source path is made of are kept: others may be anything."""
    kept: dict[str, Any] = {}
    for name, body in generator.items():
        if not isinstance(body, dict):
            continue
        inner: dict[str, Any] = {}
        if name == "git":
            inner = {key: body[key] for key in ("repoURL", "directories") if key in body}
        if name == "list" and isinstance(body.get("elements"), list):
            elements = [element for element in body["elements"] if isinstance(element, dict)]
            inner["elements"] = [{key: element[key] for key in tokens if isinstance(element.get(key), str)} for element in elements]
        values = _mapping(body, "values")
        if values:
            named = {f"values.{key}": value for key, value in values.items() if isinstance(value, str)}
            inner["elements"] = [*inner.get("elements", ()), {key: value for key, value in named.items() if key in tokens}]
        if "generators" in body:
            inner["generators"] = _generators(body, tokens)
        override = _mapping(_mapping(body, "template"), "spec")
        if override:
            inner["template"] = _application(override)
        kept[name] = inner
    return kept


def _secret(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    labels = _mapping(_mapping(manifest, "metadata"), "labels")
    kind = labels.get(LABEL_OF_SECRETS)
    if not isinstance(kind, str) or kind not in _SECRET_FIELDS:
        return None
    plain, encoded = _mapping(manifest, "stringData"), _mapping(manifest, "data")
    found = {field: plain.get(field, _decoded(encoded.get(field))) for field in _SECRET_FIELDS[kind]}
    said = {kind: {field: text for field, text in found.items() if isinstance(text, str) and not _PASSWORD_IN_URL.search(text)}}
    # Annotations are left out: kubectl keeps the whole Secret in one of them.
    return said | ({"labels": {key: text for key, text in labels.items() if isinstance(text, str)}} if kind == "cluster" else {})


def _decoded(value: Any) -> str | None:
    try:
        return b64decode(value, validate=True).decode() if isinstance(value, str) else None
    except ValueError:
        return None
