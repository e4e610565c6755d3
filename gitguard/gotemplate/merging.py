"""Maps merged as dario.cat/mergo 1.0.2 merges map[string]interface {}: sprig's `merge`, and the matrix and merge generators."""

from typing import Any

from gitguard.gotemplate.errors import TemplateError
from gitguard.gotemplate.values import StringMap


def merge(into: dict[str, Any], other: dict[str, Any], *, overwrite: bool) -> None:
    """Merge in place; maps inside are merged in place too, so what shares them changes with it."""
    if into is other:
        return
    for key, theirs in other.items():
        own = into.get(key)
        if theirs is None:
            if overwrite:
                _put(into, key, other)
            continue
        if isinstance(theirs, dict) and isinstance(own, dict):
            merge(own, theirs, overwrite=overwrite)
            if own:
                continue
        if overwrite or not own:
            _put(into, key, other)


def _put(into: dict[str, Any], key: str, other: dict[str, Any]) -> None:
    if isinstance(into, StringMap) and not isinstance(other, StringMap):
        # Go panics, even where the value happens to be a text.
        raise TemplateError("a map of texts can't take the values of a map of anything")
    into[key] = other[key]
