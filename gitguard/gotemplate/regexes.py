"""Go's regular expressions (RE2), as far as they mean the same elsewhere; the rest is undecided. The time is bounded."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gitguard.gotemplate.errors import TemplateError, Undecided
from gitguard.gotemplate.values import NilStrings, Strings, spend

# What one expression may take on one text, and how many steps it counts for.
_SECONDS = 0.1
_STEPS = 1000
_LONGEST = 500
_PIECE = re.compile(
    r"""(?P<escape>\\(?:x[0-9a-fA-F]{2}|p[LN]|p\{[A-Z][a-z]?\}|.))
    |(?P<group>\((?:\?(?:P?<[A-Za-z_]\w*>|:|i\)|i:|s\)|s:|m\)))?)
    |(?P<class>\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\\[])*\])
    |(?P<quantifier>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)
    |(?P<character>.)""",
    re.DOTALL | re.VERBOSE,
)
_SAFE_ESCAPES = frozenset("dDwWsSbBAztnrfv")
_SPACE = "[\\t\\n\\f\\r ]"
_POSIX = re.compile(r"\[:\^?([a-z]+):\]")
_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "upper": "A-Z",
    "space": "\\t\\n\\v\\f\\r ",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def compiled(expression: str) -> Any:
    """A compiled expression. Raises TemplateError where Go can't compile it, Undecided where it may mean something else."""
    made = _compiled(expression)
    if isinstance(made, Exception):
        raise made
    return made


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Any:
    if len(expression) > _LONGEST:
        return Undecided("a long regular expression")
    # Imported late: few templates have regular expressions.
    import regex

    try:
        translated, flags = _translated(expression)
        return regex.compile(translated, regex.ASCII | flags)
    except (Undecided, TemplateError) as error:
        return error
    except (regex.error, OverflowError):
        return TemplateError(f"the regular expression `{expression}` does not compile")


def _translated(expression: str) -> tuple[str, int]:
    import regex

    flags = 0
    pieces: list[str] = []
    before = "start"
    for found in _PIECE.finditer(expression):
        kind, text = found.lastgroup or "", found.group()
        if kind == "group" and text in ("(?i)", "(?s)", "(?m)"):
            if any(not piece.startswith("(?") for piece in pieces):
                raise Undecided(f"`{text}` in the middle of a regular expression")
            flags |= {"i": regex.IGNORECASE, "s": regex.DOTALL, "m": regex.MULTILINE}[text[2]]
            continue
        if kind == "quantifier":
            if before == "quantifier":
                raise TemplateError("invalid nested repetition operator")
            if before in ("start", "(") or any(int(number) > 1000 for number in re.findall(r"\d+", text)):
                raise TemplateError("missing argument to repetition operator, or too much repetition")
        pieces.append(_piece(kind, text, bool(flags & regex.MULTILINE)))
        before = "(" if kind == "group" or text == "|" else kind
    return "".join(pieces), flags


def _piece(kind: str, text: str, many_lines: bool) -> str:
    if kind == "escape":
        return _escape(text)
    if kind == "class":
        return _class(text)
    if kind == "group":
        if "P<" in text or text in ("(", "(?:", "(?i:", "(?s:"):
            return text
        return text.replace("(?<", "(?P<")
    if kind == "character":
        if text in "[\\":
            raise TemplateError("missing closing ]")
        if text == "$" and not many_lines:
            return "\\Z"
        if text in "#&~{}":
            return "\\" + text
    return text


def _escape(text: str) -> str:
    character = text[1:2]
    if not character:
        raise TemplateError("trailing backslash")
    if character in "pPCQEGZuUkK" or (character == "x" and len(text) < 4):
        raise Undecided(f"`{text}` in a regular expression")
    if character == "z":
        return "\\Z"
    if character == "s":
        return _SPACE
    if character == "S":
        return "[^" + _SPACE[1:]
    if character.isdigit() or (character.isalpha() and character not in _SAFE_ESCAPES and character != "x" and character != "a"):
        raise TemplateError(f"invalid escape sequence `{text}`")
    return text


def _class(text: str) -> str:
    def named(found: "re.Match[str]") -> str:
        if found.group(1) not in _CLASSES or found.group().startswith("[:^"):
            raise Undecided(f"`{found.group()}` in a regular expression")
        return _CLASSES[found.group(1)]

    inside = _POSIX.sub(named, text[1:-1])
    if re.search(r"\\[pPSDWsxQuU]|\\[0-9]|[&~|-]{2}|\[", inside):
        if re.fullmatch(r"(?:(?!\\[pPSDWxQuU]|\\[0-9]|[&~|-]{2}|\[).)*", inside, re.DOTALL):
            inside = inside.replace("\\s", "\\t\\n\\f\\r ")
        else:
            raise Undecided("such a class in a regular expression")
    return f"[{inside}]"


def searched(expression: str, text: str) -> bool:
    """Is there a match anywhere?"""
    return next(found(expression, text), None) is not None


def found(expression: str, text: str) -> Iterator[Any]:
    """All matches; an empty one right after another is none."""
    pattern = compiled(expression)
    spend(_STEPS)
    position, last = 0, -1
    while position <= len(text):
        try:
            match = pattern.search(text, position, timeout=_SECONDS)
        except TimeoutError as error:
            raise Undecided("a regular expression that takes long") from error
        if match is None:
            return
        if match.end() > match.start() or match.start() != last:
            yield match
        last = match.end()
        position = match.end() if match.end() > match.start() else match.end() + 1


def replaced(expression: str, text: str, replacement: str, *, literal: bool) -> str:
    """ReplaceAllString, or ReplaceAllLiteralString."""
    made: list[str] = []
    position = 0
    for match in found(expression, text):
        made += [text[position : match.start()], replacement if literal else _expanded(replacement, match)]
        position = match.end()
    return "".join([*made, text[position:]])


def _expanded(template: str, match: Any) -> str:
    def group(reference: "re.Match[str]") -> str:
        name = reference.group(1) or reference.group(2)
        if name is None:
            return "$"
        if name.isdecimal():
            return match.group(int(name)) or "" if int(name) <= match.re.groups else ""
        return match.group(name) or "" if name in match.re.groupindex else ""

    return _REFERENCE.sub(group, template)


def split(expression: str, text: str, count: int) -> Strings:
    """Regexp.Split."""
    compiled(expression)
    if count == 0:
        return NilStrings()
    if expression and not text:
        return Strings([""])
    made = Strings()
    start = end = 0
    for match in found(expression, text):
        if count > 0 and len(made) == count - 1:
            break
        end = match.start()
        if match.end():
            made.append(text[start:end])
        start = match.end()
    if end != len(text):
        made.append(text[start:])
    return made
