"""Answers of `gitguard can`, for people and as JSON."""

from collections.abc import Sequence
from typing import NamedTuple

from gitguard.model.finding import Site, shortened
from gitguard.output.printing import json_text, printable
from gitguard.output.text import Style


class Answer(NamedTuple):
    """An AppProject's answer: `permitted` is None where it can't be told; `site` is the entry that decided, or the AppProject."""

    project: str
    words: str
    permitted: bool | None
    reason: str
    entry: str
    site: Site


def render(answers: Sequence[Answer], as_json: bool, colour: bool) -> str:
    """The answers, ending in a newline; JSON is a line each."""
    if as_json:
        return "".join(json_text(_object(said)) + "\n" for said in answers)
    return "".join(_text(said, Style(colour, False, False)) for said in answers)


def _object(said: Answer) -> dict[str, object]:
    made: dict[str, object] = {"permitted": said.permitted, "reason": shortened(said.reason), "entry": said.entry, "project": said.project}
    return made | ({"path": said.site.path, "line": said.site.line} if said.site.path else {})


def _text(said: Answer, style: Style) -> str:
    verdict, may = {
        True: (style.paint("permitted", "bold"), "may"),
        False: (style.paint("denied", "error"), "may not"),
        None: (style.paint("undetermined", "warning"), "may or may not"),
    }[said.permitted]
    lines = [f"{verdict}: AppProject {printable(said.project)} {may} {printable(said.words)}"]
    if said.site.path:
        lines.append(f"  --> {printable(said.site.path)}:{said.site.line}:{said.site.column}{f' ({said.entry})' if said.entry else ''}")
    if said.reason:
        lines.append(f"  {printable(shortened(said.reason))}")
    return "\n".join(lines) + "\n"
