"""Markdown for a comment or a job summary, in pages. All that a repository says is in code spans: there nothing is a link, a mention or markup."""

from collections.abc import Iterable, Sequence
from re import findall

from gitguard.model.finding import Finding, Report
from gitguard.output.printing import printable
from gitguard.output.ranking import counted, ranked

# A comment on GitHub has at most 65,536 characters, and those who post it may add some.
PAGE = 60_000
BREAK = "\n<!-- gitguard: next page -->\n\n"
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}  # noqa: RUF001 - the sign for information
_LONGEST = 2_000


def render(report: Report, most: int = PAGE) -> str:
    """All pages, with BREAK between them."""
    return BREAK.join(pages(report, most))


def pages(report: Report, most: int = PAGE) -> tuple[str, ...]:
    """Pages of at most so many characters, each complete in itself; nothing is left out."""
    head = f"### gitguard: {_verdict(report)}\n"
    bodies: list[str] = []
    room = 0
    for block in _blocks(report):
        if not bodies or room < len(block) + 1:
            bodies.append("")
            room = most - len(head) - len("\nPage 00000 of 00000\n") - 2
        bodies[-1] += f"\n{block}"
        room -= len(block) + 1
    bodies = bodies or [""]
    if len(bodies) == 1:
        return (head + bodies[0],)
    return tuple(f"{head}\nPage {number} of {len(bodies)}\n{body}" for number, body in enumerate(bodies, 1))


def code(text: str) -> str:
    """Text of others as a code span, on one line, cut where it is longer than anybody reads."""
    shown = printable(text)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} … ({len(shown)} characters)"
    fence = "`" * (max(map(len, findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown or ' '}{pad}{fence}"


def _verdict(report: Report) -> str:
    news = [finding for finding in report.findings if finding.status != "old"]
    levels = [counted(number, level) for level in _SIGNS if (number := sum(finding.level == level for finding in news))]
    is_change = report.fixed is not None
    parts = [*levels[:-1], f"{levels[-1]}{' (new)' if is_change else ''}"] if levels else ["nothing new" if is_change else "nothing found"]
    old = len(report.findings) - len(news)
    parts += [counted(old, "old finding")] if old else []
    parts += [f"{len(report.fixed)} fixed"] if report.fixed else []
    parts += [
        f"{len(items)} {what}"
        for items, what in ((report.failures, "not judged"), (report.undetermined, "undetermined"), (report.suppressed, "suppressed"))
        if items
    ]
    return ", ".join(parts)


def _blocks(report: Report) -> Iterable[str]:
    for failure in report.failures:
        yield f"- ❌ **not judged**: {code(failure.message)}{f' in {code(failure.path)}' if failure.path else ''}\n"
    findings = ranked(report.findings)
    yield from _listed("", [finding for finding in findings if finding.status != "old"])
    yield from _listed("Old findings", [finding for finding in findings if finding.status == "old"])
    yield from _listed("Fixed by this change", report.fixed or ())
    yield from _titled(
        "Undetermined",
        (f"- {code(item.rule)}: {_who(str(item.object))}{code(item.reason)}, needs {code(item.needs)}\n" for item in report.undetermined),
    )
    yield from _titled(
        "Suppressed", (f"- {code(item.finding.rule)} at {code(item.finding.site.path)}: {code(item.reason)}\n" for item in report.suppressed)
    )
    yield from _titled("Remarks", (f"- {code(remark)}\n" for remark in report.remarks))


def _titled(title: str, blocks: Iterable[str]) -> Iterable[str]:
    for number, block in enumerate(blocks):
        yield block if number else f"#### {title}\n\n{block}"


def _listed(title: str, findings: Sequence[Finding]) -> Iterable[str]:
    """By rule, so that one cause reads as one."""
    groups: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((finding.level, finding.rule), []).append(_finding(finding))
    blocks = [block for (level, rule), (first, *rest) in groups.items() for block in (f"{_SIGNS[level]} **{rule}**\n\n{first}", *rest)]
    yield from _titled(title, blocks) if title else blocks


def _finding(finding: Finding) -> str:
    place = f"{finding.site.path}:{finding.site.line}" if finding.site.line else finding.site.path
    lines = [f"- {code(finding.message)}", f"  at {code(place)}{f' ({code(str(finding.object))})' if str(finding.object) else ''}"]
    lines += [f"  see {code(f'{one.site.path}:{one.site.line}')}: {code(one.message)}" for one in finding.related]
    lines += [f"  fix: {code(finding.fix)}"] if finding.fix else []
    return "\\\n".join(lines) + "\n"


def _who(name: str) -> str:
    return f"{code(name)}: " if name else ""
