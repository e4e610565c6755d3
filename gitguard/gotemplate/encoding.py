"""JSON as encoding/json writes it, and YAML as sigs.k8s.io/yaml does (with its copy of yaml.v2)."""

import json
import re
from collections.abc import Iterator
from functools import cmp_to_key
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.formatting import float_text
from gitguard.gotemplate.values import NilList, NilMap, NilStrings, as_unicode, check_size, from_json, sorted_keys
from gitguard.parse.exact import read_exactly
from gitguard.parse.scalars import ScalarError, resolve

_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_WIDTH = 80
# What yaml.v2 reads as a number of base 60, and so never writes without quotes.
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
# Not those that yaml.v2 can print, told the other way round: their class would take milliseconds to compile.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


def to_json(value: Any, *, html: bool = True, indent: int | None = None) -> str:
    """JSON in one line, or over many; `html`: with `<`, `>` and `&` escaped."""
    check_size(value)
    return _json(value, html, indent, "\n")


def _json(value: Any, html: bool, indent: int | None, line: str) -> str:
    if _is_null(value):
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _json_text(value, html)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _json_number(value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    deeper = line + " " * (indent or 0)
    colon, comma, start = (":", ",", "") if indent is None else (": ", "," + deeper, deeper)
    if isinstance(value, dict):
        items = [f"{_json_text(key, html)}{colon}{_json(value[key], html, indent, deeper)}" for key in sorted_keys(value)]
    else:
        items = [_json(item, html, indent, deeper) for item in value]
    if not items:
        return opening + closing
    return opening + start + comma.join(items) + (line if indent is not None else "") + closing


def _json_text(text: str, html: bool) -> str:
    made = json.dumps(as_unicode(text), ensure_ascii=False)
    for character, escape in _HTML.items():
        if html or character > "\xff":
            made = made.replace(character, escape)
    return made


def _json_number(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        raise TemplateError("json: unsupported value")
    text = float_text(value, least=-6, most=21)
    return re.sub(r"e-0(\d)$", r"e-\1", text)


def from_json_text(text: str) -> Any:
    """The value of a JSON text. Raises TemplateError where it is none."""
    try:
        return from_json(json.loads(as_unicode(text), parse_constant=_no_constant, parse_int=_finite, parse_float=_finite))
    except (ValueError, RecursionError) as error:
        raise TemplateError("invalid JSON") from error


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(text)
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def from_yaml(text: str, kind: type) -> Any:
    """The value of a YAML text that has to be a `dict` or a `list`. Raises TemplateError where Argo CD does."""
    if as_unicode(text) != text:
        raise TemplateError("invalid UTF-8")
    there, value, faults = read_exactly(text)
    if any(fault.rule == "yaml-invalid" for fault in faults):
        raise TemplateError("invalid YAML")
    if not there or value is None:
        return {} if kind is dict else NilList()
    if not isinstance(value, kind):
        raise TemplateError("the YAML is no mapping" if kind is dict else "the YAML is no list")
    return from_json(value)


def to_yaml(value: Any) -> str:
    """YAML in block style, as sigs.k8s.io/yaml writes it, without the last line break."""
    check_size(value)
    return "\n".join(_block(value, 0)).removesuffix("\n") if _is_block(value) else _scalar(value, 2, 0)


def _is_null(value: Any) -> bool:
    return value is None or isinstance(value, NilList | NilStrings) or (isinstance(value, NilMap) and not value)


def _is_block(value: Any) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _block(value: Any, indent: int) -> Iterator[str]:
    """Lines of a collection that is not empty."""
    pad = " " * indent
    if isinstance(value, dict):
        for key in sorted(value, key=cmp_to_key(_compare_keys)):
            name = _key(key)
            item = value[key]
            if _is_block(item):
                yield f"{pad}{name}:"
                yield from _block(item, indent + 2 if isinstance(item, dict) else indent)
            else:
                yield f"{pad}{name}: {_scalar(item, indent + 2, indent + len(name) + 2)}"
        return
    for item in value:
        if _is_block(item):
            lines = _block(item, indent + 2)
            yield f"{pad}- {next(lines).lstrip(' ')}"
            yield from lines
        else:
            yield f"{pad}- {_scalar(item, indent + 2, indent + 2)}"


def _scalar(value: Any, indent: int, column: int) -> str:
    if _is_null(value):
        return "null"
    if isinstance(value, dict | list):
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        # Over JSON, where whole numbers lose their point.
        text = _json_number(value)
        return text if "e" not in text and "." not in text and abs(value) < 2**63 else float_text(value)
    return _text(value, indent, column)


def _key(text: str) -> str:
    if "\n" in text or len(text) > 120:
        raise Undecided("toYaml of such a key")
    return _text(text, 0, 0)


def _text(text: str, indent: int, column: int) -> str:
    if "\n" in text:
        return _literal(text, indent)
    if "\t" in text and len(text) + column <= _WIDTH and not _UNPRINTABLE.search(text):
        return _double(text)
    if _UNPRINTABLE.search(text) or "\x85" in text or "\ufeff" in text or "\u2028" in text or "\u2029" in text:
        raise Undecided("toYaml of a text with unprintable characters")
    if not _stays_text(text):
        return f'"{text}"' if "\\" not in text and '"' not in text else _double(text)
    if _plain_allowed(text):
        return _folded(text, indent, column)
    if len(text) + column > _WIDTH:
        raise Undecided("toYaml of a long quoted text")
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


def _stays_text(text: str) -> bool:
    """Does a plain scalar read back as the same text?"""
    if _BASE_60.fullmatch(text) or _TIMESTAMP.fullmatch(text):
        return False
    try:
        return isinstance(resolve(text, None, plain=True), str)
    except ScalarError:
        return False


def _plain_allowed(text: str) -> bool:
    if text[0] in "#,[]{}&*!|>'\"%@`" or text.startswith(("---", "...")) or text != text.strip(" \t") or "\t" in text:
        return False
    if text[0] in "?:-" and (len(text) == 1 or text[1] == " "):
        return False
    return ": " not in text and not text.endswith(":") and " #" not in text


def _folded(text: str, indent: int, column: int) -> str:
    """A plain scalar: a single space after column 80 becomes a line break."""
    if column + len(text) <= _WIDTH:
        return text
    made: list[str] = []
    spaces = False
    for number, character in enumerate(text):
        if character == " " and not spaces and column > _WIDTH and text[number + 1 : number + 2] != " ":
            made.append("\n" + " " * indent)
            column, spaces = indent, True
            continue
        made.append(character)
        column += 1
        spaces = character == " "
    return "".join(made)


def _literal(text: str, indent: int) -> str:
    if _UNPRINTABLE.search(text) or "\x85" in text or " \n" in text or text.endswith(" ") or "\t" in text or "\r" in text:
        raise Undecided("toYaml of such a text of many lines")
    hint = "2" if text[0] in " \n" else ""
    body = text.rstrip("\n")
    chomp = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") or text == "\n" else ""
    if chomp == "+" or not body:
        raise Undecided("toYaml of a text that ends in empty lines")
    pad = " " * (indent or 2)
    return f"|{hint}{chomp}\n" + "\n".join(pad + line if line else "" for line in body.split("\n"))


def _compare_keys(left: str, right: str) -> int:
    """yaml.v2's order of keys: letters after everything else, runs of digits by their number."""
    for position, (one, other) in enumerate(zip(left, right, strict=False)):
        if one == other:
            continue
        letters = one.isalpha(), other.isalpha()
        if all(letters):
            return -1 if one < other else 1
        if any(letters):
            return -1 if letters[1] else 1
        return _compare_digits(left, right, position)
    return len(left) - len(right)


def _compare_digits(left: str, right: str, position: int) -> int:
    start = 0
    if "0" in (left[position], right[position]):
        before = position - 1
        while before >= 0 and left[before].isdecimal():
            if left[before] != "0":
                start = 1
                break
            before -= 1
    one, end = _digits(left, position, start)
    other, other_end = _digits(right, position, start)
    if one != other:
        return one - other
    return end - other_end or (-1 if left[position] < right[position] else 1)


def _digits(text: str, position: int, value: int) -> tuple[int, int]:
    while position < len(text) and text[position].isdecimal():
        value = value * 10 + ord(text[position]) - ord("0")
        position += 1
    return value, position
