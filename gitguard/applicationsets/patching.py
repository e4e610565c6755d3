"""templatePatch: a strategic merge patch of the Application, whose project stays as it is (applicationset/controllers/template/patch.go)."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from gitguard.applicationsets import fields
from gitguard.applicationsets.model import Refused, Unknowable
from gitguard.argo.golang import SPACE
from gitguard.gotemplate.values import as_unicode
from gitguard.parse.exact import read_exactly

_POINTER = "/spec/templatePatch"
_PATCH = "$patch"
_DIRECTIVES = ("$retainKeys", "$setElementOrder/", "$deleteFromPrimitiveList/")
# Whatever is in it, Go sees no fields there, and so can't merge maps or lists that are on both sides.
_OPAQUE = "valuesObject"


def patched(application: Mapping[str, Any], patch: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    """The Application with a patch in YAML or JSON. Raises Refused where Argo CD does."""
    change = _read(patch)
    if schema is not None:
        try:
            change = fields.checked(change, schema)
        except fields.WrongType as error:
            raise Refused(f"templatePatch: {error}", _POINTER) from error
    original = copy.deepcopy(dict(application))
    original.setdefault("spec", {}).setdefault("destination", {})
    project = original["spec"].get("project")
    made = _merged(original, change, ())
    spec = made.get("spec")
    if not isinstance(spec, dict):
        spec = made["spec"] = {}
    spec.pop("project", None)
    if project:
        spec["project"] = project
    return made


def _read(patch: str) -> dict[str, Any]:
    text = patch.strip(SPACE)
    if text.startswith("{"):
        try:
            value = json.loads(as_unicode(text))
        except (ValueError, RecursionError) as error:
            raise Refused("the templatePatch starts as JSON and is none", _POINTER) from error
    else:
        if as_unicode(patch) != patch:
            raise Refused("the templatePatch is no UTF-8", _POINTER)
        there, value, faults = read_exactly(patch)
        if any(fault.rule == "yaml-invalid" for fault in faults):
            raise Refused("the templatePatch can't be read as YAML", _POINTER)
        value = value if there else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("the templatePatch is no mapping", _POINTER)
    return value


def _merged(original: dict[str, Any], patch: dict[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
    if _PATCH in patch:
        if patch[_PATCH] == "replace":
            return {key: value for key, value in patch.items() if key != _PATCH}
        if patch[_PATCH] == "delete":
            return {}
        raise Refused("`$patch` must be `replace` or `delete`", _POINTER)
    if any(key.startswith(directive) for key in patch for directive in _DIRECTIVES):
        raise Unknowable("a directive of strategic merge patches other than `$patch`", "Kubernetes' strategicpatch", _POINTER)
    for key, value in patch.items():
        own = original.get(key)
        if value is None:
            original.pop(key, None)
        elif isinstance(value, dict) and isinstance(own, dict):
            _check_fields(key, at)
            original[key] = _merged(own, value, (*at, key))
        elif isinstance(value, list) and isinstance(own, list):
            _check_fields(key, at)
            original[key] = _primitives(own, value) if (*at, key) == ("metadata", "finalizers") else value
        elif isinstance(value, dict) and _PATCH in value:
            original.pop(key, None)
        else:
            original[key] = _without_directives(value if own is not None and type(own) is type(value) else _without_nulls(value))
    return original


def _check_fields(key: str, at: tuple[str, ...]) -> None:
    if _OPAQUE in at:
        raise Refused(f"`{key}` inside of `{_OPAQUE}` is there already: a templatePatch can't merge into it", _POINTER)


def _primitives(own: list[Any], added: list[Any]) -> list[Any]:
    """Both, each once: what is in the patch as early as the order of the original allows."""
    left, right = [item for item in dict.fromkeys(own) if item not in added], list(dict.fromkeys(added))
    made: list[Any] = []
    while left and right:
        first = right[0] in own and own.index(left[0]) < own.index(right[0])
        made.append(left.pop(0) if first else right.pop(0))
    return made + left + right


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _without_directives(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not (isinstance(item, dict) and _PATCH in item)}
        return {key: _without_directives(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [_without_directives(item) for item in value if not (isinstance(item, dict) and _PATCH in item)]
    return value
