"""Go's time.ParseDuration: `1h30m`, `-1.5h`, `0` (time/format.go of Go 1.27)."""

import re

HOUR = 3_600_000_000_000
_UNITS = {"ns": 1, "us": 1_000, "µs": 1_000, "μs": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": HOUR}
_PART = re.compile(r"([0-9]*)(\.?)([0-9]*)([^.0-9]*)", re.DOTALL)
_LIMIT = 2**63
_FRACTION_LIMIT = (2**63 - 1) // 10


class DurationError(ValueError):
    """Go does not parse it."""


def parse_duration(text: str) -> int:
    """Nanoseconds; they may be zero or negative. DurationError says what is wrong."""
    negative = text.startswith("-")
    rest = text[1:] if text.startswith(("-", "+")) else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError("it is empty")
    total, position = 0, 0
    while position < len(rest):
        match = _PART.match(rest, position)
        if match is None or not (match.group(1) or match.group(3)):
            raise DurationError("a number is missing")
        total += _part(match.group(1), match.group(3), match.group(4))
        position = match.end()
        if total > _LIMIT:
            raise DurationError("it is too long")
    if negative:
        return -total
    if total == _LIMIT:
        raise DurationError("it is too long")
    return total


def _part(whole: str, fraction: str, name: str) -> int:
    unit = _UNITS.get(name)
    if not name:
        raise DurationError("a unit is missing: h, m, s, ms, us or ns")
    if unit is None:
        raise DurationError("unknown unit: Go has h, m, s, ms, us and ns, and no days")
    digits = whole.lstrip("0")
    if len(digits) > len(str(_LIMIT)) or int(digits or 0) > _LIMIT // unit:
        raise DurationError("it is too long")
    amount = int(digits or 0) * unit
    value, scale = _fraction(fraction)
    if value:
        # A float, as in Go, so that the last nanosecond is the same.
        amount += int(float(value) * (float(unit) / scale))
    if amount > _LIMIT:
        raise DurationError("it is too long")
    return amount


def _fraction(digits: str) -> tuple[int, float]:
    """The digits behind the point as far as they fit into 63 bits, and their scale."""
    value, scale = 0, 1.0
    for digit in digits:
        if value > _FRACTION_LIMIT or value * 10 + int(digit) > _LIMIT:
            break
        value = value * 10 + int(digit)
        scale *= 10
    return value, scale
