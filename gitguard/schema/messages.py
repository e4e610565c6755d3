"""A failed schema as sentences for people. Values are never quoted: they may be secrets."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

_NAMES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping",
    "array": "a list",
    "null": "empty",
}
_SHOWN = 12


def pointer(path: Iterable[Any]) -> str:
    """A JSON pointer from a path of keys and indices."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)


def field(path: Sequence[Any]) -> str:
    """The field as people write it: `spec.containers[0].image`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return f"`{text.lstrip('.')}`" if text else "the object"


def wrong_type(path: Sequence[Any], types: Iterable[str], value: Any) -> str:
    """ "`spec.replicas` must be an integer, and is text"."""
    wanted = [_NAMES.get(kind, kind) for kind in types if kind != "null"] or ["empty"]
    hint = ": take the quotes away" if isinstance(value, str) and set(types) & {"integer", "number", "boolean"} and _is_number_or_word(value) else ""
    hint = ": put it in quotes" if "string" in types and isinstance(value, bool | int | float) else hint
    return f"{field(path)} must be {' or '.join(wanted)}, and is {type_name(value)}{hint}"


def type_name(value: Any) -> str:
    """What kind of value it is, in words."""
    if isinstance(value, bool):
        return "true or false"
    if value is None:
        return "empty"
    for kinds, name in (((str,), "text"), ((int, float), "a number"), ((list,), "a list"), ((dict,), "a mapping")):
        if isinstance(value, kinds):
            return name
    return "something else"


def _is_number_or_word(value: str) -> bool:
    return value in ("true", "false") or value.lstrip("-").replace(".", "", 1).isdigit()


def unknown(name: str, path: Sequence[Any], allowed: Iterable[str], dropped: str) -> tuple[str, str]:
    """(message, fix) for a field that does not exist at `path`; `dropped` says what the API server does with it."""
    names = sorted(allowed)
    where = f" in {field(path)}" if path else ""
    near = get_close_matches(name, names, n=1, cutoff=0.7)
    if not near:
        near = [other for other in names if other.lower() == name.lower()]
    if near:
        return f"unknown field `{name}`{where}: did you mean `{near[0]}`? {dropped}", f"rename it to `{near[0]}`"
    listed = f" (there are {', '.join(f'`{other}`' for other in names)})" if 0 < len(names) <= _SHOWN else ""
    return f"unknown field `{name}`{where}{listed}; {dropped[0].lower()}{dropped[1:]}", ""


def one_of(path: Sequence[Any], options: Sequence[Any], value: Any) -> tuple[str, str]:
    """(message, fix) for a value that is not among those that are allowed."""
    texts = [str(option) for option in options if option is not None]
    shown = ", ".join(f"`{text}`" for text in texts[:_SHOWN]) + (" …" if len(texts) > _SHOWN else "")
    near = get_close_matches(value, texts, n=1, cutoff=0.6) if isinstance(value, str) else []
    return f"{field(path)} must be one of {shown}", f"did you mean `{near[0]}`?" if near else ""


def limit(path: Sequence[Any], keyword: str, details: Mapping[str, Any]) -> str:
    """A sentence for the keywords that bound a value."""
    bound = next((value for name, value in details.items() if name in ("limit", "multiple_of", "pattern", "format")), "")
    sentences = {
        "minimum": f"must be at least {bound}",
        "maximum": f"must be at most {bound}",
        "exclusiveMinimum": f"must be more than {bound}",
        "exclusiveMaximum": f"must be less than {bound}",
        "minLength": f"must have at least {bound} characters",
        "maxLength": f"must have at most {bound} characters",
        "minItems": f"must have at least {bound} items",
        "maxItems": f"must have at most {bound} items",
        "minProperties": f"must have at least {bound} fields",
        "maxProperties": f"must have at most {bound} fields",
        "uniqueItems": "must not have the same item twice",
        "pattern": f"does not match the pattern {bound}",
        "format": f"must be a {bound}",
        "multipleOf": f"must be a multiple of {bound}",
    }
    return f"{field(path)} {sentences.get(keyword, f'does not fit its schema ({keyword})')}"
