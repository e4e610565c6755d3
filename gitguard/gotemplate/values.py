"""Go's values as Python holds them, and what Go says of them: type, kind, truth, size.

A nil interface is None, `int` is Go's int, `float` float64, `str` string (bytes that are no UTF-8 are lone surrogates), `list` []interface {},
`dict` map[string]interface {}; everything else has a class here. `NOTHING` is reflect's zero Value: what a missing key gives.
"""

import enum
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from gitguard.gotemplate.errors import Undecided

# What one value may unfold to: nodes, and characters.
MOST_NODES = 50_000
MOST_CHARACTERS = 1_000_000


_SURROGATES = re.compile(r"[\ud800-\udfff]")


class _Nothing(enum.Enum):
    NOTHING = "<no value>"


NOTHING = _Nothing.NOTHING


class Hidden:
    """A value that is there and not known: everything that would look at it is undecided."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __bool__(self) -> bool:
        raise Undecided(self.reason)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and other.reason == self.reason

    def __hash__(self) -> int:
        return hash(self.reason)

    def __deepcopy__(self, memo: Any) -> "Hidden":
        return self


class Int64(int):
    """Go's int64, which is not its int."""


class Byte(int):
    """Go's uint8: what indexing a text gives."""


class StringMap(dict[str, str]):
    """map[string]string: a missing key is an empty text."""


class Strings(list[str]):
    """[]string."""


class Ints(list[int]):
    """[]int."""


class Lists(list[list[Any]]):
    """[][]interface {}."""


class MapList(list[dict[str, Any]]):
    """[]map[string]interface {}."""


class AnyOrderMaps(MapList):
    """Maps in an order that changes from run to run; all of them together are known."""


class NilMap(dict[str, Any]):
    """A nil map[string]interface {}."""


class NilList(list[Any]):
    """A nil []interface {}."""


class NilStrings(Strings):
    """A nil []string."""


class AnyOrder(Strings):
    """The keys of a map, in an order that Go changes from run to run."""


class AnyOrderList(list[Any]):
    """The values of a map, in an order that Go changes from run to run."""


def _refuse_hidden(value: Any) -> None:
    if isinstance(value, Hidden):
        raise Undecided(value.reason)


def from_json(value: Any) -> Any:
    """A value as encoding/json reads it into an interface: every number is a float64."""
    if isinstance(value, dict):
        return {key: from_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def kind_of(value: Any) -> str:
    """reflect's kind: "map", "slice", "string", "bool", "int", "int64", "uint8", "float64", "invalid"."""
    _refuse_hidden(value)
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "slice"
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return {Int64: "int64", Byte: "uint8"}.get(type(value), "int")
    return "float64" if isinstance(value, float) else "invalid"


def type_of(value: Any) -> str:
    """The type as `%T` writes it."""
    _refuse_hidden(value)
    if isinstance(value, StringMap):
        return "map[string]string"
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, list):
        if isinstance(value, Strings):
            return "[]string"
        return {Ints: "[]int", Lists: "[][]interface {}", MapList: "[]map[string]interface {}", AnyOrderMaps: "[]map[string]interface {}"}.get(
            type(value), "[]interface {}"
        )
    return "<nil>" if value is None or value is NOTHING else kind_of(value)


def truth(value: Any) -> bool:
    """Is it not the zero value of its type?"""
    return value is not NOTHING and bool(value)


def element_zero(value: dict[str, Any]) -> Any:
    """What a map gives for a key that it has not, where it gives its zero value."""
    return "" if isinstance(value, StringMap) else None


def as_bytes(text: str) -> bytes:
    """A text's bytes; a surrogate that stands for no byte is no character."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return as_unicode(text).encode()


def as_unicode(text: str) -> str:
    """The text as JSON has it: what is no UTF-8 is U+FFFD."""
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def as_text(data: bytes) -> str:
    """Bytes as text."""
    return data.decode("utf-8", "surrogateescape")


def sorted_keys(value: Iterable[str]) -> list[str]:
    """Keys in the order of their bytes."""
    return sorted(value, key=as_bytes)


class Meter:
    """What the template that runs now may still do, and which maps it changed (their ids)."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.changed: set[int] = set()


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(steps: int) -> Iterator[Meter]:
    """Limits the work inside."""
    meter = Meter(steps)
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


def spend(steps: int) -> None:
    """Count work. Raises Undecided where too much was done."""
    meter = _METER.get()
    if meter is None:
        return
    meter.left -= steps
    if meter.left < 0:
        raise Undecided("a template that takes so many steps")


def note_change(value: Any, *, deeply: bool = False) -> None:
    """A map is about to be changed, and with `deeply` perhaps those inside."""
    meter = _METER.get()
    if meter is not None:
        meter.changed.update([id(value)] if not deeply else map(id, maps_in(value)))


def maps_in(value: Any) -> Iterator[dict[str, Any]]:
    """The map and all maps inside."""
    pending, seen = [value], set()
    while pending:
        item = pending.pop()
        if id(item) in seen or not isinstance(item, dict | list):
            continue
        seen.add(id(item))
        if isinstance(item, dict):
            yield item
        pending.extend(item.values() if isinstance(item, dict) else item)


def size_of(value: Any) -> int:
    """How many parts a value has, not counting theirs."""
    return len(value) if isinstance(value, str | list | dict) else 0


def check_size(value: Any) -> None:
    """Raises Undecided where writing the value out would take too long, or never end: it may hold itself."""
    nodes = characters = 0
    pending = [value]
    while pending:
        item = pending.pop()
        nodes += 1
        _refuse_hidden(item)
        if isinstance(item, str):
            characters += len(item)
        elif isinstance(item, dict):
            pending.extend(item.values())
            characters += sum(map(len, item))
        elif isinstance(item, list):
            pending.extend(item)
        if nodes + len(pending) > MOST_NODES or characters > MOST_CHARACTERS:
            raise Undecided("a template makes more than is looked at")
    spend(nodes // 20 + characters // 2000)


def checked(text: str, *, room: int = 0) -> str:
    """The text, where it is no longer than a template may make it."""
    if len(text) + room > MOST_CHARACTERS:
        raise Undecided("a template makes more than is looked at")
    return text
