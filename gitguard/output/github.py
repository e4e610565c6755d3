"""Annotations for GitHub Actions: workflow commands, one line each, that the runner shows beside the lines they are about."""

from collections import Counter
from collections.abc import Iterable

from gitguard.model.finding import Finding, Report
from gitguard.output.headline import headline
from gitguard.output.printing import printable
from gitguard.output.ranking import ranked

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
# The runner shows no more of each in a step; the others are in its log.
_SHOWN = 10


def render(report: Report) -> str:
    """What could not be judged, and each finding that is no old one, as an annotation; then what there is in all."""
    told = ranked(finding for finding in report.findings if finding.status != "old")
    # GitHub shows the first of them: nobody may miss that the others are not all there is.
    lines = [_command("error", {"title": "gitguard: incomplete", "file": printable(item.path)}, printable(item.message)) for item in report.failures]
    lines += map(_annotation, told)
    return "".join(f"{line}\n" for line in (*lines, *_summary(report, told)))


def _annotation(finding: Finding) -> str:
    site = finding.site
    place = {"file": printable(site.path), "line": str(site.line) if site.line > 0 else "", "col": str(site.column) if site.column > 0 else ""}
    related = [f"{one.site.path}:{one.site.line}: {one.message}" for one in finding.related]
    said = [finding.message, *(f"see {one}" for one in related), *([f"fix: {finding.fix}"] if finding.fix else [])]
    return _command(_COMMANDS[finding.level], {"title": printable(finding.rule), **place}, "\n".join(map(printable, said)))


def _command(name: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {told}::{_data(message)}"


def _summary(report: Report, told: list[Finding]) -> Iterable[str]:
    yield f"gitguard: {headline(report)}"
    shown = Counter(finding.level for finding in told) + Counter(error=len(report.failures))
    if any(number > _SHOWN for number in shown.values()):
        yield f"GitHub shows {_SHOWN} annotations of a level in a step: the others are above."
    yield from map(printable, report.remarks)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
