"""A CustomResourceDefinition's structural schema as a strict JSON Schema: what the API server drops in silence is an error here.

Source of the rules: Kubernetes' documentation of CustomResourceDefinitions ("Specifying a structural schema", "Field pruning").
"""

from collections.abc import Mapping
from typing import Any

_KEPT = (
    "enum",
    "maximum",
    "minimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "maxProperties",
    "minProperties",
)
_VALUE_CHECKS = ("allOf", "anyOf", "oneOf")
_EMBEDDED = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
_PRESERVE = "x-kubernetes-preserve-unknown-fields"


def strict(schema: Mapping[str, Any], *, patterns: bool = True) -> dict[str, Any]:
    """One level and all below it. Without `patterns`, regular expressions are left out (their dialects differ)."""
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string", "null"]}
    made: dict[str, Any] = {key: schema[key] for key in _KEPT if key in schema and (patterns or key != "pattern")}
    if "enum" in made and None not in made["enum"]:
        made["enum"] = [*made["enum"], None]
    if isinstance(schema.get("type"), str):
        # A null is dropped before validation where the field is not nullable: it is never an error by its type.
        made["type"] = [schema["type"], "null"]
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        limit = bound[len("exclusive") :].lower()
        if schema.get(bound) is True and limit in made:
            made[bound] = made.pop(limit)
    if isinstance(schema.get("items"), Mapping):
        made["items"] = strict(schema["items"], patterns=patterns)
    made |= _fields(schema, patterns)
    for combination in _VALUE_CHECKS:
        if isinstance(schema.get(combination), list):
            made[combination] = [_values(part, patterns) for part in schema[combination]]
    if isinstance(schema.get("not"), Mapping):
        made["not"] = _values(schema["not"], patterns)
    return made


def kept_whole(schema: Any) -> Any:
    """The schema of a CRD with `preserveUnknownFields`: at no level are fields dropped that it does not name."""
    if isinstance(schema, list):
        return [kept_whole(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {key: kept_whole(part) for key, part in schema.items()}
    return {**made, _PRESERVE: True} if schema.get("type") == "object" else made


def _fields(schema: Mapping[str, Any], patterns: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    properties = schema.get("properties")
    fields = properties if isinstance(properties, Mapping) else {}
    if fields:
        made["properties"] = {name: strict(field, patterns=patterns) for name, field in fields.items()}
    required = [name for name in schema.get("required") or () if "default" not in fields.get(name, {})]
    if required:
        made["required"] = required
    extra = schema.get("additionalProperties")
    if isinstance(extra, Mapping):
        made["additionalProperties"] = strict(extra, patterns=patterns)
    elif schema.get("x-kubernetes-embedded-resource"):
        made["properties"] = _EMBEDDED | made.get("properties", {})
    if extra is None and schema.get("type") == "object" and not schema.get(_PRESERVE):
        made["additionalProperties"] = False
    return made


def _values(schema: Mapping[str, Any], patterns: bool) -> dict[str, Any]:
    """Below anyOf and the like a structural schema only judges values: no field becomes unknown there."""
    made: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            made[key] = {name: _values(field, patterns) for name, field in value.items()}
        elif key in ("items", "not", "additionalProperties") and isinstance(value, Mapping):
            made[key] = _values(value, patterns)
        elif key in _VALUE_CHECKS:
            made[key] = [_values(part, patterns) for part in value]
        elif key in (*_KEPT, "required", "type") and (patterns or key != "pattern"):
            made[key] = value
    return made


def with_metadata(made: dict[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A strict schema with the fields that every object has."""
    always = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": dict(metadata)}
    return {**made, "type": "object", "properties": {**made.get("properties", {}), **always}}
