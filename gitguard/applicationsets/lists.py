"""The list generator (applicationset/generators/list.go)."""

from typing import Any

from gitguard.applicationsets.model import Refused
from gitguard.applicationsets.rendering import Language
from gitguard.applicationsets.shapes import items, text
from gitguard.gotemplate import TemplateError, from_json
from gitguard.gotemplate.encoding import from_yaml
from gitguard.gotemplate.values import NilMap


def from_list(body: dict[str, Any], pointer: str, language: Language) -> list[dict[str, Any]]:
    """One set of parameters an element; outside of Go templates their values must be texts, but for those of elementsYaml."""
    made: list[dict[str, Any]] = []
    for number, element in enumerate(items(body.get("elements"), f"{pointer}/elements")):
        at = f"{pointer}/elements/{number}"
        if element is not None and not isinstance(element, dict):
            raise Refused("an element must be a mapping", at)
        made.append(_parameters(element, language, at))
    written = text(body, "elementsYaml", pointer)
    if written:
        made += _from_yaml(written, f"{pointer}/elementsYaml")
    return made


def _parameters(element: dict[str, Any] | None, language: Language, pointer: str) -> dict[str, Any]:
    # Go leaves a nil map where there is nothing, into which nothing can be merged.
    if language.go:
        return NilMap() if element is None else dict(from_json(element))
    return _flat(element, pointer) if element else NilMap()


def _flat(element: dict[str, Any], pointer: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in element.items():
        if key != "values":
            made[key] = _text(value, f"{pointer}/{key}")
            continue
        if not isinstance(value, dict):
            raise Refused("`values` must be a mapping", f"{pointer}/values")
        for name, item in value.items():
            made[f"values.{name}"] = _text(item, f"{pointer}/values/{name}")
    return made


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise Refused("must be text, where goTemplate is not true", pointer)
    return value


def _from_yaml(written: str, pointer: str) -> list[dict[str, Any]]:
    try:
        elements = from_yaml(written, list)
    except TemplateError as error:
        raise Refused(f"elementsYaml can't be read: {error}", pointer) from error
    for element in elements:
        if element is not None and not isinstance(element, dict):
            raise Refused("every element of elementsYaml must be a mapping", pointer)
    return [NilMap() if element is None else element for element in elements]
