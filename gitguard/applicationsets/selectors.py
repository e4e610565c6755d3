"""The `selector` of a generator: label selectors over flattened parameters, whose values may be anything (applicationset/utils/selector.go)."""

from collections.abc import Callable, Mapping
from typing import Any

from gitguard.applicationsets.model import Refused
from gitguard.applicationsets.shapes import items, mapping, text, text_list, texts
from gitguard.argo.labels import Requirement, SelectorError, selects
from gitguard.argo.labels import selector as checked
from gitguard.gotemplate.formatting import plain
from gitguard.gotemplate.values import MapList, Strings


def requirements(selector: Any, pointer: str) -> tuple[dict[str, str], list[Requirement]]:
    """matchLabels and matchExpressions."""
    found = mapping(selector, pointer)
    labels = texts(found.get("matchLabels"), f"{pointer}/matchLabels")
    made = []
    for number, item in enumerate(items(found.get("matchExpressions"), f"{pointer}/matchExpressions")):
        at = f"{pointer}/matchExpressions/{number}"
        body = mapping(item, at)
        made.append(Requirement(text(body, "key", at), text(body, "operator", at), tuple(text_list(body.get("values"), f"{at}/values"))))
    return labels, made


def parameter_filter(selector: Any, pointer: str) -> Callable[[Mapping[str, Any]], bool]:
    """Does a set of parameters pass? Raises Refused where the selector is invalid."""
    labels, expressions = requirements(selector, pointer)
    conditions = (*(Requirement(key, "In", (value,)) for key, value in labels.items()), *expressions)
    try:
        # Keys and operators are checked as labels are; values are not: they may be URLs.
        checked({}, [condition._replace(values=("",) if condition.values else ()) for condition in conditions])
    except SelectorError as error:
        raise Refused(f"invalid selector: {error}", pointer) from error
    return lambda parameters: selects(conditions, flattened(parameters))


def flattened(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as labels: keys joined by points, values as text. Typed lists stay one text; empty lists and maps vanish."""
    made: dict[str, str] = {}
    pending: list[tuple[str, Any]] = list(parameters.items())
    while pending:
        key, value = pending.pop()
        if isinstance(value, dict):
            pending += [(f"{key}.{name}", item) for name, item in value.items()]
        elif isinstance(value, list) and not isinstance(value, Strings | MapList):
            pending += [(f"{key}.{number}", item) for number, item in enumerate(value)]
        else:
            made[key] = plain(value)
    return made
