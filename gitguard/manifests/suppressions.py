"""The suppressions in a file's comments: `# gitguard: ignore[rule, rule] reason until=YYYY-MM-DD`."""

import codecs
import re
from collections.abc import Iterator
from datetime import date

from gitguard.model.finding import shortened
from gitguard.model.suppression import Suppression
from gitguard.parse import comments

MARK = b"gitguard:"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# At the start of a comment, or of a further one behind it, as where another tool's comes first.
_OURS = re.compile(r"(?:^|\s)#+[ \t]*gitguard:[ \t]*(.*)")
_IGNORE = re.compile(r"ignore[ \t]*\[([^\]]*)\](.*)")
_UNTIL = re.compile(r"(?:^|(?<=\s))until=(\S*)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# In a template only whole lines can be told from text.
_IN_TEMPLATE = re.compile(rb"[ \t]*#[ \t]*gitguard:[ \t]*ignore")
_LONGEST_NAME = 253
_MOST_RULES = 100

_FORM = "write `# gitguard: ignore[rule] reason`"
_IN_A_TEMPLATE = "comments of templates are not read, since what they stand beside is known only once the template is filled in"
_ABOVE_NOTHING = "it stands above nothing: put it at the end of a line, directly above one, or above the first key of the document"


def suppressions(data: bytes, *, template: bool) -> tuple[Suppression, ...]:
    """All of a file's, in the order of their lines, and what looks like one. In a text that is still a template there can be none."""
    if MARK not in data and not data.startswith(_UTF16):
        return ()
    if template:
        lines = (number for number, line in enumerate(data.split(b"\n"), 1) if _IN_TEMPLATE.match(line))
        return tuple(Suppression(line, 0, -1, (), "", problem=_IN_A_TEMPLATE) for line in lines)
    return tuple(_found(data))


def is_day(text: str) -> bool:
    """Is it a day of the calendar, as YYYY-MM-DD?"""
    try:
        return bool(_DAY.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False


def _found(data: bytes) -> Iterator[Suppression]:
    for comment in comments(data, MARK):
        ours = _OURS.search(comment.text)
        if ours is None:
            continue
        read = _IGNORE.fullmatch(ours.group(1).strip())
        rules = tuple(name.strip() for name in read.group(1).split(",")) if read else ()
        told = read.group(2) if read else ""
        days = _UNTIL.findall(told)
        reason = shortened(" ".join(_UNTIL.sub(" ", told).split()))
        until = days[0] if days else ""
        problem = _problem(ours.group(1), rules, reason, days) or (_ABOVE_NOTHING if comment.covers < 0 else "")
        if problem:
            yield Suppression(comment.line, comment.document, -1, (), "", problem=problem)
        else:
            yield Suppression(comment.line, comment.document, comment.covers, rules, reason, until)


def _problem(text: str, rules: tuple[str, ...], reason: str, days: list[str]) -> str:
    """What is wrong with what stands behind `gitguard:`, "" for nothing."""
    if not rules:
        return (
            f"`ignore` names its rules in brackets: {_FORM}" if text.startswith("ignore") else f"`ignore[…]` is all that a comment can say: {_FORM}"
        )
    if not all(rules):
        return f"a rule is missing between the brackets: {_FORM}"
    if any(len(name) > _LONGEST_NAME for name in rules) or len(rules) > _MOST_RULES:
        return f"no rule has such a name, or there are not so many: {_FORM}"
    if not reason:
        return f"it has no reason: {_FORM}"
    if len(days) > 1:
        return "it names several days: `until=` is the last day on which it holds"
    if days and not is_day(days[0]):
        return f"`until={shortened(days[0])}` is no day: write `until=YYYY-MM-DD`, the last day on which it holds"
    return ""
