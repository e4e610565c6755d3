"""Go's fmt: `%v`, Sprint and Sprintf (Go 1.27), and strconv's ways of writing numbers and quoted texts."""

import re
from collections.abc import Sequence
from typing import Any

from gitguard.gotemplate.errors import Undecided
from gitguard.gotemplate.values import MOST_CHARACTERS, NOTHING, as_bytes, check_size, checked, kind_of, sorted_keys, type_of

_VERB = re.compile(r"%([-+# 0]*)(\*|[0-9]+)?(?:(\.)(\*|[0-9]*))?([^\n])?", re.DOTALL)
_ESCAPES = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", '"': '\\"', "\\": "\\\\"}
_VERBS = {"string": "vsqxX", "bool": "vt", "int": "vdxXobcqU", "int64": "vdxXobcqU", "uint8": "vdxXobcqU", "float64": "vfFeEgG"}


def plain(value: Any) -> str:
    """`%v`."""
    check_size(value)
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{_plain(value[key])}' for key in sorted_keys(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_plain, value))}]"
    return "<nil>"


def float_text(value: float, *, least: int = -4, most: int = 6) -> str:
    """The shortest text that reads back the same; with an exponent outside of 10 to the power of `least` and `most`."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    digits, exponent = _shortest(value)
    sign = "-" if str(value).startswith("-") else ""
    if exponent < least or exponent >= most:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    return sign + _positional(digits, exponent)


def _shortest(value: float) -> tuple[str, int]:
    """The significant digits, and the power of ten of the first."""
    mantissa, _, power = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0", 0
    leading = len(whole + fraction) - len(digits)
    exponent = len(whole) - leading - 1 + int(power or 0)
    return digits.rstrip("0") or "0", exponent


def _positional(digits: str, exponent: int) -> str:
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    padded = digits.ljust(exponent + 1, "0")
    whole, fraction = padded[: exponent + 1], padded[exponent + 1 :]
    return f"{whole}.{fraction}" if fraction else whole


def quoted(text: str) -> str:
    """strconv.Quote."""
    return f'"{"".join(map(_quoted_character, text))}"'


def _quoted_character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable():
        return character
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sprint(values: Sequence[Any]) -> str:
    """fmt.Sprint: a space between two operands of which none is a text."""
    made = ""
    for number, value in enumerate(values):
        if number and not isinstance(value, str) and not isinstance(values[number - 1], str):
            made += " "
        made = checked(made + plain(value))
    return made


def sprintln(values: Sequence[Any]) -> str:
    """fmt.Sprintln."""
    return checked(" ".join(map(plain, values)) + "\n")


def sprintf(template: str, values: Sequence[Any]) -> str:
    """fmt.Sprintf; what is not known here (`%[1]d`, `%#v`, …) is undecided."""
    made: list[str] = []
    size = position = taken = 0
    while position < len(template):
        found = _VERB.search(template, position)
        if found is None:
            made.append(template[position:])
            break
        made.append(template[position : found.start()])
        position = found.end()
        text, taken = _directive(found, values, taken)
        size += len(text)
        if size > MOST_CHARACTERS:
            raise Undecided("a template makes more than is looked at")
        made.append(text)
    if taken < len(values):
        extra = ", ".join("<nil>" if value is None else f"{type_of(value)}={plain(value)}" for value in values[taken:])
        made.append(f"%!(EXTRA {extra})")
    return checked("".join(made))


def _directive(found: "re.Match[str]", values: Sequence[Any], taken: int) -> tuple[str, int]:
    flags, width, dot, precision, verb = found.groups()
    if verb is None:
        return "%!(NOVERB)", taken
    if verb == "[" or "*" in (width, precision) or (width and len(width) > 5) or (precision and len(precision) > 5):
        raise Undecided(f"the directive `{found.group()}` of printf")
    if verb == "%":
        return "%", taken
    if taken >= len(values):
        return f"%!{verb}(MISSING)", taken
    value = values[taken]
    check_size(value)
    room = int(width or 0)
    if room > MOST_CHARACTERS:
        raise Undecided("a template makes more than is looked at")
    limit = int(precision or 0) if dot else None
    return _formatted(flags, room, limit, verb, value), taken + 1


def _formatted(flags: str, width: int, precision: int | None, verb: str, value: Any, *, inside: bool = False) -> str:
    if "#" in flags or verb == "p" or (" " in flags and verb in "xX"):
        raise Undecided(f"the directive `%{flags}{verb}` of printf")
    if verb == "T":
        return _padded(type_of(value), flags.replace("0", ""), width)
    if value is None or value is NOTHING:
        if inside:
            return "<nil>"
        return _padded("<nil>", flags.replace("0", ""), width) if verb == "v" else f"%!{verb}(<nil>)"
    kind = kind_of(value)
    if isinstance(value, dict):
        pair = [(_formatted(flags, width, precision, verb, item, inside=True) for item in (key, value[key])) for key in sorted_keys(value)]
        return f"map[{' '.join(map(':'.join, pair))}]"
    if isinstance(value, list):
        return f"[{' '.join(_formatted(flags, width, precision, verb, item, inside=True) for item in value)}]"
    if kind == "float64" and verb in "xXb":
        raise Undecided(f"`%{verb}` of a float in printf")
    if verb not in _VERBS[kind]:
        return f"%!{verb}({type_of(value)}={_formatted(flags, width, precision, 'v', value)})"
    text = _scalar(flags, precision, verb, value)
    return _padded(text, flags if precision is None or not isinstance(value, int) else flags.replace("0", ""), width)


def _scalar(flags: str, precision: int | None, verb: str, value: Any) -> str:
    if isinstance(value, str):
        text = value if precision is None else value[:precision]
        if verb in "xX":
            text = as_bytes(text).hex()
            return text.upper() if verb == "X" else text
        return quoted(text) if verb == "q" else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _integer(flags, precision, verb, int(value))
    return _float(flags, precision, verb, value)


def _integer(flags: str, precision: int | None, verb: str, value: int) -> str:
    if verb in "cqU":
        raise Undecided(f"`%{verb}` of a number in printf")
    text = format(abs(value), {"v": "d"}.get(verb, verb)).rjust(precision or 0, "0") if value or precision != 0 else ""
    return ("-" if value < 0 else "+" if "+" in flags else " " if " " in flags else "") + text


def _float(flags: str, precision: int | None, verb: str, value: float) -> str:
    sign = "+" if "+" in flags and value >= 0 else " " if " " in flags and value >= 0 else ""
    if verb in "vgG":
        if precision is not None or verb == "G":
            raise Undecided(f"`%{verb}` of a float with a precision in printf")
        return sign + float_text(value)
    if value != value or value in (float("inf"), float("-inf")):
        return float_text(value)
    if (precision or 0) > 100:
        raise Undecided("a long precision in printf")
    return sign + format(value, f".{6 if precision is None else precision}{verb}")


def _padded(text: str, flags: str, width: int) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" not in flags:
        return text.rjust(width)
    sign = text[:1] if text[:1] in ("+", "-", " ") and len(text) > 1 and text[1:2].isdigit() else ""
    return sign + text[len(sign) :].rjust(width - len(sign), "0")
