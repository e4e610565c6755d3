"""Sprig's lists and maps."""

import copy
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.formatting import plain
from gitguard.gotemplate.merging import merge as deep_merge
from gitguard.gotemplate.numbers import to_int
from gitguard.gotemplate.values import (
    AnyOrder,
    AnyOrderList,
    Byte,
    Lists,
    NilList,
    NilMap,
    StringMap,
    Strings,
    as_bytes,
    check_size,
    element_zero,
    kind_of,
    note_change,
    type_of,
)


def a_list(value: Any, what: str) -> list[Any]:
    """The value, where it is a list; sprig panics on anything else."""
    if not isinstance(value, list):
        raise TemplateError(f"Cannot {what} type {type_of(value)}")
    return value


def strings(value: Any) -> Strings:
    """Each item as text, nil ones left out; what is no list is one item."""
    if isinstance(value, list):
        return Strings(plain(item) for item in value if item is not None)
    return Strings([] if value is None else [plain(value)])


def deep_equal(left: Any, right: Any) -> bool:
    """reflect.DeepEqual."""
    check_size(left)
    check_size(right)
    return _equal(left, right)


def _equal(left: Any, right: Any) -> bool:
    if type_of(left) != type_of(right) or isinstance(left, NilList) != isinstance(right, NilList):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return bool(left == right)


def has(needle: Any, haystack: Any) -> bool:
    """Is it one of the items?"""
    return haystack is not None and any(deep_equal(needle, item) for item in a_list(haystack, "find has on"))


def uniq(value: Any) -> list[Any]:
    """Each item once."""
    made: list[Any] = []
    for item in a_list(value, "find uniq on"):
        if not any(deep_equal(item, known) for known in made):
            made.append(item)
    return made


def without(value: Any, *others: Any) -> list[Any]:
    """The items that are none of the others."""
    return [item for item in a_list(value, "find without on") if not any(deep_equal(item, other) for other in others)]


def rest(value: Any) -> list[Any]:
    """All but the first."""
    items = a_list(value, "find rest on")
    return list(items[1:]) if items else NilList()


def initial(value: Any) -> list[Any]:
    """All but the last."""
    items = a_list(value, "find initial on")
    return list(items[:-1]) if items else NilList()


def cut(value: Any, *indices: Any) -> Any:
    """sprig's slice, which hides Go's: of lists only."""
    items = a_list(value, "slice")
    if not items:
        return None
    start, end = to_int(indices[0]) if indices else 0, to_int(indices[1]) if len(indices) > 1 else len(items)
    if end > len(items):
        raise Undecided("a slice beyond the end of a list, which Go may have room for")
    if not 0 <= start <= end:
        raise TemplateError("slice bounds out of range")
    return type(items)(items[start:end])


def concat(*values: Any) -> list[Any]:
    """All items of all lists."""
    made = [item for value in values for item in a_list(value, "concat")]
    check_size(made)
    return made or NilList()


def chunk(size: int, value: Any) -> Lists:
    """Lists of that many items."""
    items = a_list(value, "chunk")
    if size <= 0 or not items:
        raise Undecided("a chunk of no size")
    return Lists(list(items[start : start + size]) for start in range(0, len(items), size))


def sort_alpha(value: Any) -> Strings:
    """As texts, in the order of their bytes."""
    return Strings(sorted(strings(value), key=as_bytes)) if isinstance(value, list) else Strings([plain(value)])


def dictionary(*values: Any) -> dict[str, Any]:
    """Keys and values, alternating."""
    return {plain(values[number]): values[number + 1] if number + 1 < len(values) else "" for number in range(0, len(values), 2)}


def dig(*values: Any) -> Any:
    """A value deep inside maps, or the default."""
    if len(values) < 3:
        raise TemplateError("dig needs at least three arguments")
    *keys, default, at = values
    for number, key in enumerate(keys):
        if not isinstance(at, dict) or isinstance(at, StringMap) or not isinstance(key, str):
            raise TemplateError(f"dig: {kind_of(at)} is no map[string]interface {{}}, or a key no text")
        if key not in at:
            return default
        if number == len(keys) - 1:
            return at[key]
        at = at[key]
    return default


def put(where: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Set a key, in place."""
    if isinstance(where, NilMap) and not where:
        raise TemplateError("assignment to entry in nil map")
    note_change(where)
    where[key] = value
    return where


def drop(where: dict[str, Any], key: str) -> dict[str, Any]:
    """Remove a key, in place."""
    note_change(where)
    where.pop(key, None)
    return where


def keys(*maps: dict[str, Any]) -> Strings:
    """All keys."""
    made = [key for one in maps for key in one]
    return AnyOrder(made) if any(len(one) > 1 for one in maps) else Strings(made)


def values(of: dict[str, Any]) -> list[Any]:
    """All values."""
    return AnyOrderList(of.values()) if len(of) > 1 else list(of.values())


def merged(into: dict[str, Any], *others: dict[str, Any], overwrite: bool) -> dict[str, Any]:
    """In place, deeply."""
    note_change(into, deeply=True)
    for other in others:
        check_size([into, other])
        deep_merge(into, other, overwrite=overwrite)
    return into


def deep_copy(value: Any) -> Any:
    """A copy of everything inside."""
    if value is None:
        raise Undecided("deepCopy of nil")
    check_size(value)
    return copy.deepcopy(value)


def index(item: Any, *indices: Any) -> Any:
    """Go's index: into maps, lists and texts."""
    if item is None:
        raise TemplateError("index of untyped nil")
    for key in indices:
        if item is None:
            raise TemplateError("index of nil pointer")
        if isinstance(item, dict):
            if not isinstance(key, str):
                raise TemplateError(f"value has type {type_of(key)}; should be string")
            item = item.get(key, element_zero(item))
        elif isinstance(item, list | str):
            text = isinstance(item, str)
            within = as_bytes(item) if isinstance(item, str) else item
            if isinstance(key, bool) or not isinstance(key, int):
                raise TemplateError(f"cannot index slice/array with type {type_of(key)}")
            if not 0 <= key < len(within):
                raise TemplateError(f"index out of range: {key}")
            item = Byte(within[key]) if text else within[key]
        else:
            raise TemplateError(f"can't index item of type {type_of(item)}")
    return item


def length(item: Any) -> int:
    """Go's len."""
    if not isinstance(item, str | list | dict):
        raise TemplateError(f"len of type {type_of(item)}")
    return len(as_bytes(item)) if isinstance(item, str) else len(item)
