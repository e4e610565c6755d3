"""The report for people: each finding with its place, the second place that explains it, and what to do; then what was read."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitguard.checker import skipped_by_reason
from gitguard.model.finding import Finding, Report, Undetermined
from gitguard.output.printing import printable

_COLOURS = {"error": "31;1", "warning": "33;1", "note": "36;1", "undetermined": "35;1", "faint": "2", "bold": "1"}
_SHOWN_UNDETERMINED = 5
_SHOWN_NAMES = 3


class Style(NamedTuple):
    """How to print: colours for a terminal, and how much. `verbose` lists all that was skipped or undetermined, `quiet` findings only, `old` also
    those that a change has not brought."""

    colour: bool = False
    verbose: bool = False
    quiet: bool = False
    old: bool = True

    def paint(self, text: str, name: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{_COLOURS[name]}m{text}\x1b[0m" if self.colour else text


def render(report: Report, style: Style) -> str:
    """The whole report, ending in a newline."""
    shown = [finding for finding in report.findings if finding.status != "old" or style.old]
    parts = [_finding(finding, style) for finding in shown]
    parts += [f"{style.paint('incomplete', 'error')}: {_at(item.path)}{printable(item.message)}\n" for item in report.failures]
    if not style.quiet:
        parts += _undetermined(report.undetermined, style)
        parts += [
            f"suppressed: {printable(item.finding.rule)} at {printable(item.finding.site.path)}: {printable(item.reason)}\n"
            for item in report.suppressed
            if style.verbose
        ]
        parts += [f"{style.paint('fixed', 'bold')}: {_what(finding)}\n" for finding in report.fixed or () if style.verbose]
        parts += [f"{printable(remark)}\n" for remark in report.remarks]
        parts.append(_summary(report, style))
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def _finding(finding: Finding, style: Style) -> str:
    head = style.paint(f"{finding.level}[{printable(finding.rule)}]", finding.level)
    lines = [
        f"{head}: {'old: ' if finding.status == 'old' else ''}{printable(finding.message)}",
        f"  --> {printable(finding.site.path)}:{finding.site.line}:{finding.site.column}{_subject(finding)}",
    ]
    for related in finding.related:
        place = f"{printable(related.site.path)}:{related.site.line}:{related.site.column}" if related.site.path else ""
        lines.append(f"  {style.paint('see', 'faint')} {place}{': ' if place else ''}{printable(related.message)}")
    if finding.fix:
        lines.append(f"  {style.paint('fix', 'bold')} {printable(finding.fix)}")
    return "\n".join(lines) + "\n"


def _what(finding: Finding) -> str:
    return f"{printable(finding.rule)} at {printable(finding.site.path)}:{finding.site.line}{_subject(finding)}"


def _subject(finding: Finding) -> str:
    named = str(finding.object)
    if finding.application and finding.application.rpartition("/")[2] != finding.object.name:
        named = f"{named}, Application {finding.application}" if named else f"Application {finding.application}"
    return f"  ({printable(named)})" if named else ""


def _at(path: str) -> str:
    return f"{printable(path)}: " if path else ""


def _undetermined(items: Sequence[Undetermined], style: Style) -> Iterable[str]:
    """Verdicts that can't be reached, grouped by reason: one cause often stops a hundred of them."""
    groups: dict[tuple[str, str], list[Undetermined]] = {}
    for item in items:
        groups.setdefault((item.reason, item.needs), []).append(item)
    ordered = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    shown = ordered if style.verbose else ordered[:_SHOWN_UNDETERMINED]
    for (reason, needs), members in shown:
        names = sorted({printable(str(item.object)) for item in members if str(item.object)})
        listed = names if style.verbose else names[:_SHOWN_NAMES]
        more = f" and {len(names) - len(listed)} more" if len(names) > len(listed) else ""
        who = f"{', '.join(listed)}{more}: " if listed else ""
        yield f"{style.paint('undetermined', 'undetermined')}: {who}{printable(reason)}\n  needs {printable(needs)}\n"
    if len(ordered) > len(shown):
        hidden = sum(len(members) for _, members in ordered[len(shown) :])
        yield f"undetermined: {hidden} more for {len(ordered) - len(shown)} other reasons (--verbose lists them)\n"


def _summary(report: Report, style: Style) -> str:
    counts = report.counts
    news = report._replace(findings=tuple(finding for finding in report.findings if finding.status != "old"))
    levels = news.levels()
    found = ", ".join(f"{number} {level}{'s' if number != 1 else ''}" for level, number in reversed(list(levels.items())) if number)
    unjudged = style.paint(f"{len(report.failures)} not judged", "error")
    lines = [
        f"{f'{unjudged}, ' if report.failures else ''}{style.paint(found or 'no findings', 'error' if levels['error'] else 'bold')}"
        f" in {_number(counts.files, 'file')}: {_number(counts.manifests, 'manifest')}, {counts.judged} judged,"
        f" {_number(counts.applications, 'Application')}, {_number(counts.projects, 'AppProject')}"
        f"; {len(report.undetermined)} undetermined, {len(report.suppressed)} suppressed ({report.seconds:.2f} s)"
    ]
    if report.fixed is not None:
        old = len(report.findings) - len(news.findings)
        hidden = "; --verbose lists them, --all counts the old ones" if (old and not style.old) or (report.fixed and not style.verbose) else ""
        lines.append(f"besides: {_number(old, 'old finding')}, {len(report.fixed)} fixed{hidden}")
    reasons = skipped_by_reason(report.skipped)
    if reasons:
        lines.append(f"skipped {len(report.skipped)}: " + "; ".join(f"{number} {printable(reason)}" for reason, number in reasons.items()))
    if style.verbose:
        lines += [
            f"  skipped {printable(item.path)}{f' ({printable(str(item.object))})' if item.object else ''}: {printable(item.reason)}"
            for item in report.skipped
        ]
    return "\n".join(lines) + "\n"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
