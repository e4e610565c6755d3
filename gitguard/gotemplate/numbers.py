"""Sprig's numbers: everything becomes an int64 or a float64 first (github.com/spf13/cast 1.7.1)."""

import math
import re
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.unquote import whole
from gitguard.gotemplate.values import MOST_NODES, Int64, Ints

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_DECIMAL_ZEROS = re.compile(r"([-+]?[0-9]*)\.0+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")


def to_int(value: Any) -> int:
    """cast.ToInt; what is no number is 0."""
    if isinstance(value, str):
        zeros = _DECIMAL_ZEROS.fullmatch(value)
        number = whole(zeros.group(1) if zeros else value)
        return number if number is not None and _LOWEST <= number <= _HIGHEST else 0
    if isinstance(value, float):
        if not math.isfinite(value) or not _LOWEST <= value <= _HIGHEST:
            raise Undecided("a float beyond int64")
        return int(value)
    return int(value) if isinstance(value, int) else 0


def to_int64(value: Any) -> Int64:
    """cast.ToInt64."""
    return Int64(to_int(value))


def to_float(value: Any) -> float:
    """cast.ToFloat64."""
    if isinstance(value, str):
        if "_" in value or value.strip("+-").lower() in ("inf", "infinity", "nan") or "x" in value.lower():
            raise Undecided("such a number in a text")
        return float(value) if _FLOAT.fullmatch(value) else 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def wrapped(value: int) -> Int64:
    """Within 64 bits, as Go's arithmetic goes around."""
    return Int64((value - _LOWEST) % 2**64 + _LOWEST)


def add(*values: Any) -> Int64:
    """The sum."""
    return wrapped(sum(map(to_int, values)))


def subtract(left: Any, right: Any) -> Int64:
    """The difference."""
    return wrapped(to_int(left) - to_int(right))


def multiply(*values: Any) -> Int64:
    """The product."""
    made = 1
    for value in values:
        made = wrapped(made * to_int(value))
    return Int64(made)


def divide(left: Any, right: Any) -> Int64:
    """Towards zero."""
    divisor = _divisor(right)
    quotient = abs(to_int(left)) // abs(divisor)
    return wrapped(quotient if (to_int(left) < 0) == (divisor < 0) else -quotient)


def modulo(left: Any, right: Any) -> Int64:
    """With the sign of the left side."""
    rest = abs(to_int(left)) % abs(_divisor(right))
    return Int64(-rest if to_int(left) < 0 else rest)


def _divisor(value: Any) -> int:
    divisor = to_int(value)
    if divisor == 0:
        raise TemplateError("integer divide by zero")
    return divisor


def until(count: int) -> Ints:
    """0 to count, without it."""
    return until_step(0, count, -1 if count < 0 else 1)


def until_step(start: int, stop: int, step: int) -> Ints:
    """start to stop, without it."""
    if (stop < start and step >= 0) or (stop >= start and step <= 0):
        return Ints()
    numbers = range(start, stop, step)
    if len(numbers) > MOST_NODES:
        raise Undecided("a template makes more than is looked at")
    return Ints(numbers)


def seq(*values: int) -> str:
    """The numbers of the shell command of that name."""
    if not values or len(values) > 3:
        return ""
    if len(values) == 3:
        start, step, end = values
        if end < start and step > 0:
            return ""
        beyond = -1 if end < start else 1
    else:
        start, end = (1, values[0]) if len(values) == 1 else values
        step = beyond = -1 if end < start else 1
    return " ".join(map(str, until_step(start, end + beyond, step)))


def rounded(value: Any, places: int, *on: float) -> float:
    """sprig's round: up from a fraction of one half, or of the given one."""
    if abs(places) > 300:
        raise Undecided("a round to that many places")
    power = math.pow(10, places)
    digit = power * to_float(value)
    if not math.isfinite(digit):
        raise Undecided("a round of that number")
    fraction = math.modf(digit)[0]
    return (math.ceil(digit) if fraction >= (on[0] if on else 0.5) else math.floor(digit)) / power
