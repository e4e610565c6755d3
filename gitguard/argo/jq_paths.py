"""The jq path expressions that name fields to ignore, as far as they are plain paths: keys, indexes, `[]`, and `select(.a.b == "c")`.

Others are jq programs; what they name can't be told here.
"""

import json
import re

from gitguard.model.desired import Every, Fields, Step

_KEY = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)")
_QUOTED = re.compile(r'\.?\["((?:[^"\\]|\\.)*)"\]|\."((?:[^"\\]|\\.)*)"')
_INDEX = re.compile(r"\.?\[(-?\d+)\]")
_EACH = re.compile(r"\.?\[\]")
_STEP = r'(?:\.[A-Za-z_][A-Za-z0-9_]*|\.?\["(?:[^"\\]|\\.)*"\]|\."(?:[^"\\]|\\.)*")'
_VALUE = r'"(?:[^"\\]|\\.)*"|-?\d+|true|false'
_SELECT = re.compile(rf"\s*\|\s*select\(\s*({_STEP}+)\s*==\s*({_VALUE})\s*\)")
_PIPE = re.compile(r"\s*\|\s*(?=\.)")
_LONGEST = 1000


def path(expression: str) -> Fields | None:
    """The fields that the expression names, None where it is more than a path, or longer than anybody would write one."""
    text = expression.strip()
    if len(text) > _LONGEST:
        return None
    steps: list[Step] = []
    position: int | None = 0
    try:
        while position is not None and position < len(text):
            position = _next(text, position, steps)
    except ValueError:
        # A string with something computed inside is one for jq only.
        return None
    return Fields(expression, tuple(steps)) if steps and position is not None else None


def _next(text: str, position: int, steps: list[Step]) -> int | None:
    """Read one step; where it ends, None where it is none."""
    for pattern in (_SELECT, _PIPE, _KEY, _QUOTED, _INDEX, _EACH):
        match = pattern.match(text, position)
        if match is None:
            continue
        if pattern is _SELECT:
            # What is selected are entries: without a list before it, the expression is a condition on the object itself.
            if not steps or steps[-1] != Every():
                return None
            keys = _keys(match.group(1))
            if keys is None:
                return None
            steps[-1] = Every(keys, json.loads(match.group(2)))
        elif pattern is _INDEX:
            steps.append(int(match.group(1)))
        elif pattern is _EACH:
            steps.append(Every())
        elif pattern is not _PIPE:
            steps.append(_unquoted(match.group(match.lastindex or 1), quoted=pattern is _QUOTED))
        end = match.end()
        return end + 1 if text[end : end + 1] == "?" else end
    return None


def _keys(text: str) -> tuple[str, ...] | None:
    inner = path(text)
    keys = inner.steps if inner else ()
    return tuple(str(key) for key in keys) if keys and all(isinstance(key, str) for key in keys) else None


def _unquoted(text: str, *, quoted: bool) -> str:
    return str(json.loads(f'"{text}"')) if quoted else text
