"""How a function of a template is called: the types that Go checks its arguments against."""

from collections.abc import Callable
from typing import Any, NamedTuple

from gitguard.gotemplate.errors import TemplateError
from gitguard.gotemplate.nodes import Bool, Nil, Number, Operand, Text
from gitguard.gotemplate.values import NOTHING, NilMap, StringMap, type_of

# One letter a type: s string, i int, b bool, f float64, m map[string]interface {}, a interface {}, v reflect.Value (anything at all).
NAMES = {"s": "string", "i": "int", "b": "bool", "f": "float64", "m": "map[string]interface {}", "a": "interface {}", "v": "reflect.Value"}
# Literals that fit a type; `a` and `v` take every one.
_LITERALS = {"s": Text, "b": Bool, "i": Number, "f": Number}


class Signature(NamedTuple):
    """`parameters` are letters, `rest` is the letter of what may be repeated at the end, "" where nothing may."""

    parameters: str
    rest: str
    function: Callable[..., Any]


def signature(letters: str, function: Callable[..., Any]) -> Signature:
    """`letters` as "sia*": the last type may come any number of times."""
    return Signature(letters[:-2], letters[-2], function) if letters.endswith("*") else Signature(letters, "", function)


def letter(of: Signature, number: int) -> str:
    """The type of the argument of that number."""
    return of.parameters[number] if number < len(of.parameters) else of.rest


def check_count(name: str, of: Signature, count: int) -> None:
    """Raises TemplateError where the number of arguments is wrong."""
    if count < len(of.parameters) or (count > len(of.parameters) and not of.rest):
        raise TemplateError(f"wrong number of args for {name}: want {'at least ' if of.rest else ''}{len(of.parameters)} got {count}")


def validated(value: Any, wanted: str) -> Any:
    """A value that was computed, as an argument of that type."""
    if wanted in "av":
        return None if value is NOTHING else value
    if value is NOTHING and wanted == "m":
        return NilMap()
    given = type_of(value)
    fits = {
        "s": type(value) is str,
        "i": type(value) is int,
        "b": isinstance(value, bool),
        "f": isinstance(value, float),
        "m": isinstance(value, dict) and not isinstance(value, StringMap),
    }
    if not fits[wanted]:
        raise TemplateError(f"wrong type for value; expected {NAMES[wanted]}; got {given}")
    return value


def literal(operand: Operand, wanted: str) -> Any:
    """A literal as an argument of that type."""
    if isinstance(operand, Nil):
        if wanted in "amv":
            return NilMap() if wanted == "m" else None
        raise TemplateError(f"cannot assign nil to {NAMES[wanted]}")
    if wanted not in "av" and not isinstance(operand, _LITERALS.get(wanted, Nil)):
        raise TemplateError(f"expected {NAMES[wanted]}")
    if isinstance(operand, Number):
        if wanted == "i":
            if operand.integer is None:
                raise TemplateError("expected integer")
            return operand.integer
        return operand.number if wanted == "f" or operand.is_float else operand.integer
    assert isinstance(operand, Bool | Text)  # noqa: S101
    return operand.value
