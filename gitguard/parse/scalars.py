"""What a scalar means: the resolution rules of the go-yaml that Kubernetes reads with (YAML 1.1 with its own exceptions)."""

import base64
import binascii
import re
from typing import Any

_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NULL = ("", "~", "null", "Null", "NULL")
_WORDS: dict[str, Any] = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False) | dict.fromkeys(_NULL)
_NOT_FINITE = (".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF")
_INTEGER = re.compile(r"[-+]?(?:0[bB][01]+|0[oO][0-7]+|0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


class ScalarError(ValueError):
    """The scalar can't be what its tag says, or JSON has no such value."""


def resolve(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar; `tag` is the explicit one, `plain` says that it stands without quotes."""
    if tag in (None, ""):
        return _plain(text) if plain else text
    if tag == "!" or tag is None:
        return text
    kind = tag.removeprefix(_TAG) if tag.startswith(_TAG) else ""
    if kind == "binary":
        return _binary(text)
    if kind not in ("int", "float", "bool", "null", "timestamp"):
        return text
    value = _plain(text)
    if kind == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = {"int": int, "float": float, "bool": bool, "null": type(None), "timestamp": str}[kind]
    if type(value) is not expected:
        raise ScalarError(f"the tag `!!{kind}` does not fit this value")
    return value


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text in _NOT_FINITE:
        raise ScalarError("JSON, and so Kubernetes, has no infinite numbers and no NaN: quote it if it is text")
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if first == ".":
        return float(text) if _FLOAT.fullmatch(text) else text
    bare = text.replace("_", "")
    if _INTEGER.fullmatch(bare):
        number = _integer(bare)
        if _LOWEST <= number <= _HIGHEST:
            return number
    return _float(bare, text)


def _integer(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1] in "01234567":
        return sign * int(digits, 8)
    return sign * int(digits, 0)


def _float(bare: str, text: str) -> Any:
    if not _FLOAT.fullmatch(bare):
        return text
    value = float(bare)
    # Go refuses what a float64 can't hold, and the text stays text.
    return text if value in (float("inf"), float("-inf")) else value


def _binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise ScalarError("`!!binary` is not base64") from error


def key(value: Any) -> str:
    """A mapping's key as Kubernetes turns it into JSON's text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    raise ScalarError("a key must be text" if value is None else "a list or mapping can't be a key")
