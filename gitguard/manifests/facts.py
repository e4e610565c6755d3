"""From bytes to facts: parse, recognise, judge by schema and by version of Kubernetes."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gitguard.manifests.content import relevant, values_objects
from gitguard.manifests.kustomization import kustomization
from gitguard.manifests.suppressions import suppressions
from gitguard.model.files import FileFacts, ObjectFacts, Violation
from gitguard.parse import Document, Problem, locate, read
from gitguard.schema import Schemas, aging

TEMPLATE_MARK = re.compile(r"\{\{|\{%|<%|<#|\$\{|\[#|@@[A-Z_]+@@")
_TEMPLATE_LINE = re.compile(rb"(?m)^(?![ \t]*#).*(\{\{|\{%|<%|<#|\$\{|</#)")
_DECLARED = re.compile(rb"(?m)^\s*kind:\s*['\"]?(AppProject|ApplicationSet|Application)\b")
_CREDENTIALS_IN_URL = re.compile(rb"://[^/\s@:]*:[^/\s@]+@")
_KUSTOMIZE = ("kustomize.config.k8s.io/", "builtin")

TEMPLATE = "template: filled in before it is applied"
NOT_A_MANIFEST = "no apiVersion and kind"


def facts(data: bytes, flavour: str, schemas: Schemas) -> FileFacts:
    """The facts of a file that is to be read as `flavour` ("yaml", "json", "kustomization" or "template")."""
    cacheable = _CREDENTIALS_IN_URL.search(data) is None
    if flavour == "template":
        kinds = {match.decode() for match in _DECLARED.findall(data)}
        return FileFacts(declares=tuple(sorted(kinds)), suppressions=suppressions(data, template=True), cacheable=cacheable)
    reading = read(data, json=flavour == "json")
    broken = [problem for problem in reading.problems if problem.rule == "yaml-invalid"]
    if broken and flavour == "json" and b"apiVersion" not in data:
        return FileFacts(skipped=(NOT_A_MANIFEST,), cacheable=cacheable)
    if broken and _TEMPLATE_LINE.search(data):
        kinds = {match.decode() for match in _DECLARED.findall(data)}
        told = suppressions(data, template=True)
        return FileFacts(skipped=(TEMPLATE,), declares=tuple(sorted(kinds)), suppressions=told, cacheable=cacheable)
    collected = _Collected()
    for document in reading.documents:
        if flavour == "kustomization" and isinstance(document.value, dict):
            # kustomize knows the file by its name: apiVersion and kind may be left out.
            collected.kustomization = kustomization(document.value)
            collected.skipped.append("kustomization")
        else:
            _collect(collected, document, schemas)
    if not reading.documents and not broken:
        collected.skipped.append("empty")
    found = [_violation(problem) for problem in reading.problems if problem.rule == "yaml-invalid" or problem.document in collected.documents]
    return FileFacts(
        objects=tuple(collected.objects),
        violations=tuple(found + _located(data, collected.violations)),
        skipped=tuple(collected.skipped),
        kustomization=collected.kustomization,
        custom_resources=tuple(collected.custom_resources),
        suppressions=suppressions(data, template=False),
        cacheable=cacheable,
    )


class _Collected:
    """What the documents of one file amount to, while they are gone through."""

    def __init__(self) -> None:
        self.objects: list[ObjectFacts] = []
        self.violations: list[Violation] = []
        self.skipped: list[str] = []
        self.kustomization: Mapping[str, Any] | None = None
        self.custom_resources: list[str] = []
        self.documents: set[int] = set()


def _collect(collected: _Collected, document: Document, schemas: Schemas) -> None:
    value = document.value
    reason = _not_a_manifest(value)
    if reason == "kustomization":
        collected.kustomization = kustomization(value)
    if reason:
        collected.skipped.append(reason)
        if reason == NOT_A_MANIFEST and isinstance(value, dict):
            for pointer, kind, name, content in values_objects(value):
                namespace = _text(content["metadata"].get("namespace"))
                made = ObjectFacts(document.number, pointer, "argoproj.io/v1alpha1", kind, namespace, name, "builtin", content, in_values=True)
                collected.objects.append(made)
        return
    collected.documents.add(document.number)
    for prefix, manifest in _flattened(value, ""):
        made, violations = _judged(document.number, prefix, manifest, schemas)
        collected.objects.append(made)
        collected.violations.extend(violations)
        if made.kind == "CustomResourceDefinition":
            collected.custom_resources.extend(defined(manifest))


def _not_a_manifest(value: Any) -> str:
    if not isinstance(value, dict):
        return "empty document" if value is None else "a list or a text, not a manifest"
    sops = value.get("sops")
    if isinstance(sops, dict) and ("mac" in sops or "lastmodified" in sops):
        return "encrypted with SOPS"
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(api_version, str) and api_version.startswith(_KUSTOMIZE):
        return "kustomization" if kind in ("Kustomization", "Component") else "kustomize transformer"
    if kind in ("Kustomization", "Component") and api_version is None:
        return "kustomization"
    if "apiVersion" in value and "kind" in value:
        return ""
    if "panels" in value and ("templating" in value or "schemaVersion" in value):
        return "Grafana dashboard"
    return NOT_A_MANIFEST


def _flattened(value: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    items = value.get("items")
    if isinstance(items, list) and _text(value.get("kind")).endswith("List"):
        for number, item in enumerate(items):
            if isinstance(item, dict):
                yield from _flattened(item, f"{prefix}/items/{number}")
    else:
        yield prefix, value


def _judged(document: int, prefix: str, manifest: Mapping[str, Any], schemas: Schemas) -> tuple[ObjectFacts, list[Violation]]:
    api_version, kind = _text(manifest.get("apiVersion")), _text(manifest.get("kind"))
    found = manifest.get("metadata")
    metadata = found if isinstance(found, dict) else {}
    made = ObjectFacts(
        document,
        prefix,
        api_version,
        kind,
        _text(metadata.get("namespace")),
        _text(metadata.get("name") or metadata.get("generateName")),
        "",
        relevant(manifest),
    )
    violations = [Violation(rule, prefix + "/apiVersion", message, fix, 0, 0, document) for rule, message, fix in aging(schemas, api_version, kind)]
    judged = schemas.violations(manifest)
    if judged is None:
        return (made._replace(schema="removed") if violations else made), violations
    templated = False
    for violation in judged:
        if _is_templated(manifest, violation.pointer):
            templated = True
        else:
            violations.append(Violation(violation.rule, prefix + violation.pointer, violation.message, violation.fix, 0, 0, document))
    schema = "templated" if templated and not violations else "custom" if schemas.is_custom(api_version, kind) else "builtin"
    return made._replace(schema=schema), violations


def _is_templated(manifest: Mapping[str, Any], pointer: str) -> bool:
    """Is the field filled in by a template engine before anyone applies it?"""
    value: Any = manifest
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if TEMPLATE_MARK.search(key):
            return True
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return False
    return isinstance(value, str) and TEMPLATE_MARK.search(value) is not None


def defined(manifest: Mapping[str, Any]) -> Iterator[str]:
    """The kinds that a CustomResourceDefinition defines, each as "group/version/Kind"."""
    spec = manifest.get("spec")
    if isinstance(spec, dict) and isinstance(spec.get("names"), dict) and isinstance(spec.get("versions"), list):
        for version in spec["versions"]:
            if isinstance(version, dict):
                yield f"{spec.get('group')}/{version.get('name')}/{spec['names'].get('kind')}"


def _violation(problem: Problem) -> Violation:
    return Violation(problem.rule, "", problem.message, "", problem.line, problem.column, problem.document)


def _located(data: bytes, violations: list[Violation]) -> list[Violation]:
    if not violations:
        return []
    places = locate(data, [(violation.document, violation.pointer) for violation in violations])
    return [
        violation._replace(line=places[violation.document, violation.pointer][0], column=places[violation.document, violation.pointer][1])
        for violation in violations
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
