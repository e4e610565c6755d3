"""Go templates' eq and lt."""

from collections.abc import Sequence
from typing import Any

from gitguard.gotemplate.errors import TemplateError
from gitguard.gotemplate.values import NOTHING, as_bytes, kind_of, type_of

_BASIC = {"bool": "bool", "int": "int", "int64": "int", "uint8": "int", "float64": "float", "string": "string"}


def equal(first: Any, others: Sequence[Any]) -> bool:
    """Is the first equal to one of the others? Different kinds of values can't be compared; nil can with anything."""
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_equal(_concrete(first), _concrete(other)) for other in others)


def _concrete(value: Any) -> Any:
    return None if value is NOTHING else value


def _equal(left: Any, right: Any) -> bool:
    own, theirs = _BASIC.get(kind_of(left)), _BASIC.get(kind_of(right))
    if own != theirs:
        if left is not None and right is not None:
            raise TemplateError(f"incompatible types for comparison: {type_of(left)} and {type_of(right)}")
        return False
    if own is not None:
        return bool(left == right)
    if left is None or right is None:
        return left is None and right is None
    raise TemplateError(f"non-comparable type {type_of(right)}")


def less(left: Any, right: Any) -> bool:
    """Numbers of one kind, or texts by their bytes."""
    own, theirs = _BASIC.get(kind_of(left)), _BASIC.get(kind_of(right))
    if own is None or theirs is None:
        raise TemplateError("invalid type for comparison")
    if own != theirs:
        raise TemplateError(f"incompatible types for comparison: {type_of(left)} and {type_of(right)}")
    if own == "bool":
        raise TemplateError("invalid type for comparison")
    if own == "string":
        return bool(as_bytes(left) < as_bytes(right))
    return bool(left < right)
