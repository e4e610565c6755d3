"""The schemas of one pair of versions, compiled when first needed: a microsecond for an object that fits."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitguard.schema import messages
from gitguard.schema.structural import kept_whole, strict, with_metadata
from gitguard.schema.versions import nearest

Load = Callable[[str], bytes | None]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_ARGO = "argoproj.io/v1alpha1"
_ARGO_KINDS = ("Application", "AppProject", "ApplicationSet")
_FIRST_CRDS = "apiextensions.k8s.io/v1beta1"
_DROPPED = "The API server drops it in silence"
_REFUSED = "The API server drops it, or refuses the object when asked to be strict"


class SchemaViolation(NamedTuple):
    """`rule` is "manifest-invalid" or "unknown-field"; `pointer` names the field, or for a missing one its parent; `fix` may be ""."""

    rule: str
    pointer: str
    message: str
    fix: str


class Schemas:
    """Schemas for Kubernetes and Argo CD of the versions nearest to those asked for ("" for the newest).

    `load` reads packaged data by name and gives None where there is none. Nothing is read before the first question.
    """

    def __init__(self, kubernetes: str, argocd: str, load: Load) -> None:
        self._asked = (kubernetes, argocd)
        self._load = load
        self._crds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        self._checkers: dict[tuple[str, str], _Checker | None] = {}
        self._definitions: Mapping[str, Any] | None = None
        self._kinds: dict[tuple[str, str], str] = {}
        self._kubernetes = ""
        self._versions: Mapping[str, Any] | None = None
        self._lifecycle: Mapping[str, Mapping[str, list[str]]] | None = None

    def with_crds(self, crds: Iterable[Mapping[str, Any]]) -> "Schemas":
        """The same schemas and, beside them, those of CustomResourceDefinitions; what was read and compiled is shared."""
        made = Schemas(*self._asked, self._load)
        made._crds = _by_kind(crds)
        made._definitions, made._kinds, made._versions, made._lifecycle = self._definitions, self._kinds, self._versions, self._lifecycle
        made._checkers = {key: checker for key, checker in self._checkers.items() if checker is not None}
        return made

    def index(self) -> Mapping[str, Any]:
        """Which versions there is data for."""
        if self._versions is None:
            self._versions = json.loads(self._load("index.json") or b"{}")
        return self._versions

    @property
    def kubernetes(self) -> str:
        """The version of Kubernetes that is judged by."""
        if not self._kubernetes:
            self._kubernetes = nearest(self._asked[0], self.index()["kubernetes"])
        return self._kubernetes

    @property
    def lifecycle(self) -> Mapping[str, Mapping[str, list[str]]]:
        """apiVersion to kind to [introduced, deprecated, removed, replacement]."""
        if self._lifecycle is None:
            self._lifecycle = json.loads(self._load("kubernetes-lifecycle.json") or b"{}")
        return self._lifecycle

    def is_custom(self, api_version: str, kind: str) -> bool:
        """Is the kind judged by one of the CRDs given?"""
        return (api_version, kind) in self._crds and (api_version, kind) not in self._kinds

    def serves(self, api_version: str, kind: str) -> bool:
        """Is it a kind of this version of Kubernetes itself?"""
        self._read_definitions()
        return (api_version, kind) in self._kinds

    def is_built_in(self, api_version: str, kind: str) -> bool:
        """Is it a kind of this version of Kubernetes, or one of Argo CD's own?"""
        return (api_version == _ARGO and kind in _ARGO_KINDS) or self.serves(api_version, kind)

    def violations(self, manifest: Mapping[str, Any]) -> tuple[SchemaViolation, ...] | None:
        """What is wrong with an object, each mistake once; None where there is no schema for its kind."""
        api_version, kind = manifest.get("apiVersion"), manifest.get("kind")
        wrong = [name for name in ("apiVersion", "kind") if not isinstance(manifest.get(name), str)]
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return tuple(SchemaViolation("manifest-invalid", f"/{name}", f"`{name}` must be text", "") for name in wrong)
        key = (api_version, kind)
        if key not in self._checkers:
            self._checkers[key] = self._checker(api_version, kind)
        checker = self._checkers[key]
        return None if checker is None else checker.violations(manifest)

    def _checker(self, api_version: str, kind: str) -> "_Checker | None":
        if self.serves(api_version, kind):
            name = self._kinds[api_version, kind]
            return _Checker.of([{"$ref": f"#/$defs/{name}", "$defs": self._needed(name)}], _REFUSED)
        metadata = {"$ref": f"#/$defs/{_METADATA}"}
        if api_version == _ARGO and kind in _ARGO_KINDS:
            versions = self.index()["argocd"]
            file = versions[nearest(self._asked[1], versions)][kind]
            schema = json.loads(self._load(f"argocd/{file}") or b"{}")
            shared = schema.pop("$defs", {})
            return _Checker.of([{**with_metadata(schema, metadata), "$defs": {**shared, **self._needed(_METADATA)}}], _DROPPED)
        found = [
            {**with_metadata(made, metadata), "$defs": self._needed(_METADATA)}
            for structural in self._crds.get((api_version, kind), ())
            for made in _strict(structural)
        ]
        return _Checker.of(found, _DROPPED) if found else None

    def _read_definitions(self) -> None:
        if self._definitions is None:
            data = self._load(f"kubernetes/{self.kubernetes}/_definitions.json")
            self._definitions = json.loads(data)["$defs"] if data else {}
            for name, definition in self._definitions.items():
                for gvk in definition.get("x-kubernetes-group-version-kind", ()):
                    api_version = f"{gvk['group']}/{gvk['version']}" if gvk["group"] else gvk["version"]
                    self._kinds.setdefault((api_version, gvk["kind"]), name)

    def _needed(self, name: str) -> dict[str, Any]:
        """The definitions that one needs, itself included: compiling them all takes fifteen times as long."""
        self._read_definitions()
        definitions = self._definitions or {}
        found: dict[str, Any] = {}
        pending = [name]
        while pending:
            wanted = pending.pop()
            if wanted not in found and wanted in definitions:
                found[wanted] = definitions[wanted]
                pending.extend(_references(definitions[wanted]))
        return found


def _references(schema: Any) -> Iterator[str]:
    pending = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                yield reference.rpartition("/")[2]
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)


def _by_kind(crds: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    """The structural schemas of every served kind; several where CRDs of one kind differ (an environment each)."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for crd in crds:
        spec = crd.get("spec")
        if not isinstance(spec, dict) or not isinstance(spec.get("names"), dict) or not isinstance(spec.get("versions"), list):
            continue
        # What the first version of the API did unless told otherwise, and what a CRD of those days may still say.
        keeps = spec.get("preserveUnknownFields", crd.get("apiVersion") == _FIRST_CRDS) is True
        for version in spec["versions"]:
            schema = version.get("schema") if isinstance(version, dict) else None
            structural = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
            if isinstance(structural, dict) and structural.get("properties"):
                known = found.setdefault((f"{spec.get('group')}/{version.get('name')}", str(spec["names"].get("kind"))), [])
                structural = kept_whole(structural) if keeps else structural
                if structural not in known:
                    known.append(structural)
    return found


def _strict(structural: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The strict schema, or none where the CRD's is broken: such a CRD judges nothing."""
    try:
        yield strict(structural)
    except (AttributeError, TypeError, KeyError, RecursionError):
        return


class _Checker(NamedTuple):
    """The compiled schemas of one kind; an object fits when it fits one of them."""

    validators: tuple[tuple[Any, Mapping[str, Any]], ...]
    dropped: str

    @staticmethod
    def of(schemas: Iterable[dict[str, Any]], dropped: str) -> "_Checker | None":
        compiled = tuple((validator, schema) for schema in schemas if (validator := _compiled(schema)) is not None)
        return _Checker(compiled, dropped) if compiled else None

    def violations(self, manifest: Mapping[str, Any]) -> tuple[SchemaViolation, ...]:
        if any(validator.is_valid(manifest) for validator, _ in self.validators):
            return ()
        answers = [tuple(_explained(validator, schema, manifest, self.dropped)) for validator, schema in self.validators]
        return min(answers, key=len)


def _compiled(schema: dict[str, Any]) -> Any:
    from jsonschema_rs import Draft202012Validator

    try:
        return Draft202012Validator({**schema, "$schema": _DIALECT})
    except ValueError:
        # Go's regular expressions and ours differ in dialect: without them the rest of the schema still judges.
        try:
            return Draft202012Validator(_without_patterns({**schema, "$schema": _DIALECT}))
        except ValueError:
            return None


def _without_patterns(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_patterns(value) for key, value in node.items() if not (key == "pattern" and isinstance(value, str))}
    return [_without_patterns(item) for item in node] if isinstance(node, list) else node


def _explained(validator: Any, schema: Mapping[str, Any], manifest: Mapping[str, Any], dropped: str) -> Iterator[SchemaViolation]:
    seen: set[tuple[str, str]] = set()
    for error in validator.iter_errors(manifest):
        for violation in _violations(error, schema, manifest, dropped):
            if (violation.pointer, violation.message) not in seen:
                seen.add((violation.pointer, violation.message))
                yield violation


def _violations(error: Any, schema: Mapping[str, Any], manifest: Mapping[str, Any], dropped: str) -> Iterator[SchemaViolation]:
    path, place = list(error.instance_path), messages.pointer(error.instance_path)
    keyword, details = str(error.schema_path[-1]) if error.schema_path else "", error.kind.as_dict()
    if "unexpected" in details:
        allowed = _at(schema, error.schema_path[:-1]).get("properties", {})
        for name in details["unexpected"]:
            message, fix = messages.unknown(str(name), path, allowed, dropped)
            yield SchemaViolation("unknown-field", place + messages.pointer([name]), message, fix)
    elif "types" in details:
        yield SchemaViolation("manifest-invalid", place, messages.wrong_type(path, details["types"], error.instance), "")
    elif "property" in details:
        name = str(details["property"]).strip('"')
        yield SchemaViolation("manifest-invalid", place, f"{messages.field([*path, name])} is required", f"add `{name}`")
    elif "options" in details:
        message, fix = messages.one_of(path, details["options"], error.instance)
        yield SchemaViolation("manifest-invalid", place, message, fix)
    elif "context" in details:
        yield _alternatives(error, path, schema, manifest)
    else:
        yield SchemaViolation("manifest-invalid", place, messages.limit(path, keyword, details), "")


def _alternatives(error: Any, path: list[Any], schema: Mapping[str, Any], manifest: Mapping[str, Any]) -> SchemaViolation:
    """Of several alternatives that all fail: the types that would do, else what jsonschema holds for the best match."""
    branches = [inner for branch in error.kind.as_dict()["context"] for inner in branch]
    kinds = [inner.kind.as_dict().get("types") if list(inner.instance_path) == path else None for inner in branches]
    if kinds and all(kinds):
        wanted = dict.fromkeys(kind for types in kinds for kind in types or ())
        return SchemaViolation("manifest-invalid", messages.pointer(path), messages.wrong_type(path, wanted, error.instance), "")
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    found = best_match(other for other in Draft202012Validator(schema).iter_errors(manifest) if list(other.absolute_path)[: len(path)] == path)
    where = list(found.absolute_path) if found is not None else path
    message = f"{messages.field(where)} fits none of the forms that it may have"
    if found is not None and found.validator == "type":
        types = [found.validator_value] if isinstance(found.validator_value, str) else found.validator_value
        message = messages.wrong_type(where, types, found.instance)
    elif found is not None and found.validator == "required" and isinstance(found.instance, dict):
        missing = next((name for name in found.validator_value if name not in found.instance), "")
        message = f"{messages.field([*where, missing])} is required"
    elif found is not None and found.validator == "enum":
        message, _ = messages.one_of(where, found.validator_value, found.instance)
    return SchemaViolation("manifest-invalid", messages.pointer(where), message, "")


def _at(schema: Mapping[str, Any], path: Iterable[Any]) -> Mapping[str, Any]:
    node: Any = schema
    for step in path:
        if isinstance(node, dict) and step not in node and isinstance(node.get("$ref"), str):
            node = schema.get("$defs", {}).get(node["$ref"].rpartition("/")[2], {})
        node = node[step] if isinstance(node, dict) and step in node else node[int(step)] if isinstance(node, list) else {}
    return node if isinstance(node, dict) else {}
