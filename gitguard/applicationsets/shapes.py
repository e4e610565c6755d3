"""Fields of a manifest with the types that they must have; anything else can't be read by Argo CD at all."""

from collections.abc import Mapping
from typing import Any

from gitguard.applicationsets.model import Refused
from gitguard.applicationsets.rendering import escaped


def mapping(value: Any, pointer: str) -> dict[str, Any]:
    """A mapping; absent is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused("a mapping is expected here", pointer)
    return value


def items(value: Any, pointer: str) -> list[Any]:
    """A list; absent is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Refused("a list is expected here", pointer)
    return value


def text(of: Mapping[str, Any], key: str, pointer: str) -> str:
    """A text field; absent is empty."""
    value = of.get(key)
    if value is not None and not isinstance(value, str):
        raise Refused("a text is expected here", f"{pointer}/{escaped(key)}")
    return value or ""


def flag(of: Mapping[str, Any], key: str, pointer: str) -> bool:
    """A boolean field; absent is false."""
    value = of.get(key)
    if value is not None and not isinstance(value, bool):
        raise Refused("true or false is expected here", f"{pointer}/{escaped(key)}")
    return bool(value)


def texts(value: Any, pointer: str) -> dict[str, str]:
    """A mapping of texts."""
    found = mapping(value, pointer)
    return {key: text(found, key, pointer) for key in found}


def text_list(value: Any, pointer: str) -> list[str]:
    """A list of texts."""
    for number, item in enumerate(items(value, pointer)):
        if not isinstance(item, str):
            raise Refused("a text is expected here", f"{pointer}/{number}")
    return items(value, pointer)
