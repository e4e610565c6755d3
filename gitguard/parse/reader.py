"""Files to documents. A fast parser reads what has no surprises; whatever it and Kubernetes could read differently is read exactly."""

import json as jsonlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from gitguard.parse.chunks import Chunk, as_utf8, chunks
from gitguard.parse.exact import Fault, read_exactly


class Document(NamedTuple):
    """The `number`-th document of a file (from 0, as Kubernetes splits it): JSON's values, all keys text."""

    number: int
    value: Any


class Problem(NamedTuple):
    """`rule` is "yaml-invalid" (the document can't be read) or "duplicate-key" (it can, with the last value); line and column from 1."""

    rule: str
    message: str
    line: int
    column: int
    document: int


class Reading(NamedTuple):
    """What a file holds and what is wrong with it; empty documents are counted and left out."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


# Everything that the fast parser may read differently from Kubernetes, or that only the exact reader can explain. A false alarm costs time
# only. Scalars are looked for where a key or a value can start: after an indicator, or at the start of a line.
_START = r"(?:^[ \t]*|[:\-?\[,\{][ \t]+|[\[\{,])"
_END = r"[ \t]*(?:[:,\]\}]|$|\r|[ \t]#)"
_WORDS = r"(?:[yYnN]|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|=)" + _END
_KEYS = r"(?:[-+]?[.0-9][0-9.eE+\-]*|[tT]rue|TRUE|[fF]alse|FALSE|[nN]ull|NULL|~)[ \t]*:(?:[ \t\r]|$)"
_NUMBERS = (
    r"[-+]?(?:0[0-9_][0-9_.eE+\-]*|0[xXoObB][0-9a-fA-F_]+|[0-9][0-9.]*_[0-9_.eE+\-]*|[0-9]{19,}|[0-9][0-9.]*[eE][-+]?[0-9]{3,}"
    r"|\.?(?:inf|Inf|INF|nan|NaN|NAN|infinity|Infinity))" + _END
)
_INDICATORS = r"&[0-9A-Za-z_\-]|\*[0-9A-Za-z_\-]|!\S|\?[ \t\r\n]"
_ANYWHERE = r"<<[ \t]*:|[:\-?\[,\{][ \t]+!\s|^%|^\.\.\.|^---[ \t]+[^\s#]|"
_ANYWHERE += r"^ *\t|[:\-?][ ]*\t|\r[^\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|[\x{feff}\x{85}\x{2028}\x{2029}]"
_SURPRISES = f"(?m){_START}(?:{_WORDS}|{_KEYS}|{_NUMBERS}|{_INDICATORS})|{_ANYWHERE}"


@lru_cache(maxsize=1)
def _surprising() -> Callable[[str], bool]:
    """Is there a surprise in a text? Asked of the schema library's regular expressions: linear time, and seventy times as fast as `re`."""
    from jsonschema_rs import RegexOptions, validator_for

    check: Callable[[str], bool] = validator_for({"pattern": _SURPRISES}, pattern_options=RegexOptions()).is_valid
    return check


def read(data: bytes, *, json: bool = False) -> Reading:
    """The documents of a file. Bad input gives problems, never an exception; a broken document does not lose the others."""
    text = as_utf8(data)
    if json:
        value = _json(text)
        if value is not None:
            return Reading((Document(0, value),), ())
    whole = _fast(text)
    if whole is not None:
        return whole
    documents = chunks(text)
    return _exact(documents)


def _json(data: bytes) -> Any:
    """The value of a JSON file, or None where it is to be read as YAML (which JSON is), to find out what is wrong with it."""
    try:
        return jsonlib.loads(data, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _fast(data: bytes) -> Reading | None:
    values = _quickly(data)
    if values is None or (len(values) != 1 and len(values) != len(chunks(data))):
        return None
    return Reading(tuple(Document(number, value) for number, value in enumerate(values) if value is not None), ())


def _quickly(data: bytes) -> list[Any] | None:
    """The documents as the fast parser reads them; None where it is not to be trusted, or refuses (the exact reader explains why)."""
    try:
        text = data.decode()
        if _surprising()(text):
            return None
        import ryaml

        values: list[Any] | None = ryaml.loads_all(text)
        return values or []
    except Exception:
        # Without the fast parser, which not every platform has, the exact one reads everything.
        return None


def _exact(documents: list[Chunk]) -> Reading:
    found: list[Document] = []
    problems: list[Problem] = []
    for number, chunk in enumerate(documents):
        # One surprising document does not slow down its neighbours.
        values = _quickly(chunk.data) if len(documents) > 1 else None
        there, value, faults = (True, values[0], []) if values is not None and len(values) == 1 else _decoded(chunk)
        if there and value is not None:
            found.append(Document(number, value))
        problems += [_problem(fault, chunk, number) for fault in faults]
    return Reading(tuple(found), tuple(problems))


def _decoded(chunk: Chunk) -> tuple[bool, Any, list[Fault]]:
    try:
        text = chunk.data.decode()
    except UnicodeDecodeError as error:
        before = chunk.data[: error.start].decode("utf-8", "replace")
        fault = Fault("yaml-invalid", "bytes that are no UTF-8: save the file as UTF-8", before.count("\n"), len(before) - before.rfind("\n") - 1)
        return False, None, [fault]
    return read_exactly(text)


def _problem(fault: Fault, chunk: Chunk, index: int) -> Problem:
    # A duplicate key names the line of the first one, which the exact reader knows within the document only.
    message = (
        re.sub(r"\{(\d+)\}$", lambda match: str(int(match.group(1)) + chunk.line + 1), fault.message)
        if fault.rule == "duplicate-key"
        else fault.message
    )
    return Problem(fault.rule, message, chunk.line + fault.line + 1, fault.column + 1, index)
