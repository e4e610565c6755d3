"""The matrix and merge generators (applicationset/generators/matrix.go and merge.go)."""

import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from gitguard.applicationsets.model import Refused, Unknowable
from gitguard.applicationsets.rendering import Language
from gitguard.applicationsets.shapes import items, text_list
from gitguard.gotemplate import Hidden, TemplateError
from gitguard.gotemplate.encoding import to_json
from gitguard.gotemplate.formatting import plain
from gitguard.gotemplate.merging import merge as deep_merge
from gitguard.gotemplate.values import NilMap, as_unicode

# More is a mistake, or an attack; no control plane has as many Applications.
MOST_SETS = 20_000

Parameters = dict[str, Any]
# (a child, its pointer, the parameters to fill in) to its sets of parameters.
Ask = Callable[[Any, str, Mapping[str, Any]], list[Parameters]]


def matrix(body: dict[str, Any], pointer: str, language: Language, ask: Ask) -> list[Parameters]:
    """Every set of the first child with every set of the second, into which it is filled in."""
    at = f"{pointer}/generators"
    children = items(body.get("generators"), at)
    if len(children) != 2:
        raise Refused(f"a matrix has exactly two generators, not {len(children)}", at)
    first = ask(children[0], f"{at}/0", {})
    same = "{{" not in json.dumps(children[1], ensure_ascii=False)
    kept = ask(children[1], f"{at}/1", first[0]) if same and first else []
    made: list[Parameters] = []
    for outer in first:
        inner = copy.deepcopy(kept) if same else ask(children[1], f"{at}/1", outer)
        if len(made) + len(inner) > MOST_SETS:
            raise Unknowable(f"a matrix of more than {MOST_SETS} sets of parameters", "smaller generators", pointer)
        made += [_combined(outer, one, language, pointer) for one in inner]
    return made


def _combined(outer: Parameters, inner: Parameters, language: Language, pointer: str) -> Parameters:
    if language.go:
        made: Parameters = {}
        _merge(made, inner, pointer)
        _merge(made, outer, pointer)
        return made
    texts = {key: _written(value) for key, value in outer.items()}
    for key, value in inner.items():
        written = _written(value)
        if texts.setdefault(key, written) != written:
            raise Refused(f"both generators give `{key}`, with different values: `{texts[key]}` and `{written}`", pointer)
    return texts


def _written(value: Any) -> Any:
    return value if isinstance(value, Hidden) else plain(value)


def _merge(into: Parameters, other: Parameters, pointer: str) -> None:
    try:
        deep_merge(into, other, overwrite=True)
    except TemplateError as error:
        raise Refused(f"the parameters can't be merged: {error}", pointer) from error


def merge(body: dict[str, Any], pointer: str, language: Language, ask: Ask) -> list[Parameters]:
    """The sets of the first child, overridden by those of the others with the same merge keys."""
    at = f"{pointer}/generators"
    children = items(body.get("generators"), at)
    if len(children) < 2:
        raise Refused(f"a merge has two generators or more, not {len(children)}", at)
    keys = text_list(body.get("mergeKeys"), f"{pointer}/mergeKeys")
    found = [ask(child, f"{at}/{number}", {}) for number, child in enumerate(children)]
    base = _by_keys(keys, found[0], pointer)
    for number, sets in enumerate(found[1:], 1):
        for key, override in _by_keys(keys, sets, f"{at}/{number}").items():
            if key not in base:
                continue
            if language.go:
                _merge(base[key], override, pointer)
            elif override and isinstance(base[key], NilMap):
                raise Refused("an element without any field is overridden, at which Argo CD's controller panics", pointer)
            else:
                base[key].update(override)
    return list(base.values())


def _by_keys(keys: list[str], sets: list[Parameters], pointer: str) -> dict[str | tuple[str, ...], Parameters]:
    if not keys:
        raise Refused("a merge needs at least one merge key", pointer)
    made: dict[str | tuple[str, ...], Parameters] = {}
    for one in sets:
        # A key is a name at the top only: no path into a map.
        values = {name: one.get(name) for name in keys}
        texts = [value for value in values.values() if type(value) is str]
        # Argo CD compares their JSON; of texts, which they mostly are, these compare alike.
        key = tuple(map(as_unicode, texts)) if len(texts) == len(values) else to_json(values)
        if key in made:
            raise Refused(f"the parameters are not unique by the merge keys: {to_json(values)}", pointer)
        made[key] = one
    return made
