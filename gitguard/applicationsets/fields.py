"""The fields that an Application has, by its schema: Argo CD drops others in silence, and can't read values of another type."""

from collections.abc import Mapping
from typing import Any, NamedTuple

# The schema says nothing of what all objects have.
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_TEXT = {"type": "string"}
_METADATA = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "namespace": _TEXT,
        "generateName": _TEXT,
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "finalizers": {"type": "array", "items": _TEXT},
    },
}


class WrongType(ValueError):
    """A value that does not fit its field."""


class _Walk(NamedTuple):
    """`root` is where references of the schema lead; `strict`: a wrong type is an error."""

    root: Mapping[str, Any]
    strict: bool

    def expect(self, fits: bool, value: Any, at: str) -> None:
        if self.strict and not fits:
            raise WrongType(f"`{at}` has the wrong type: {type(value).__name__}")


def checked(application: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A part of an Application without unknown fields; directives, which start with `$`, stay. Raises WrongType."""
    made: dict[str, Any] = _walk(dict(application), schema, _Walk(schema, strict=True), "")
    if isinstance(made.get("metadata"), dict):
        made["metadata"] = _walk(made["metadata"], _METADATA, _Walk(schema, strict=True), "/metadata")
    return made


def known(template: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A template of Applications without the fields that none has."""
    made: dict[str, Any] = _walk(dict(template), schema, _Walk(schema, strict=False), "")
    return made


def _walk(value: Any, schema: Mapping[str, Any], walk: _Walk, at: str) -> Any:
    schema = _resolved(schema, walk.root)
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if value is None or not types:
        return value
    if isinstance(value, dict):
        walk.expect("object" in types, value, at)
        return _walk_fields(value, schema, walk, at)
    if isinstance(value, list):
        walk.expect("array" in types, value, at)
        return [_walk(item, schema.get("items", {}), walk, f"{at}/{number}") for number, item in enumerate(value)]
    if isinstance(value, str):
        walk.expect("string" in types, value, at)
    elif isinstance(value, bool):
        walk.expect("boolean" in types, value, at)
    else:
        whole = isinstance(value, int) or float(value).is_integer()
        walk.expect("number" in types or ("integer" in types and whole), value, at)
    return value


def _walk_fields(value: dict[str, Any], schema: Mapping[str, Any], walk: _Walk, at: str) -> dict[str, Any]:
    fields, rest = schema.get("properties"), schema.get("additionalProperties")
    if not fields and not isinstance(rest, Mapping):
        return value
    made: dict[str, Any] = {}
    for key, item in value.items():
        if key.startswith("$"):
            made[key] = item
        elif fields and key in fields:
            made[key] = _walk(item, fields[key], walk, f"{at}/{key}")
        elif isinstance(rest, Mapping):
            made[key] = _walk(item, rest, walk, f"{at}/{key}")
        elif not fields or rest is not False:
            made[key] = item
    return made


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return schema
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part, {}) if isinstance(found, Mapping) else {}
    return found if isinstance(found, Mapping) else {}
