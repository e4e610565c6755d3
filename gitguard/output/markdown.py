"""Markdown for comments, in pages. All that a repository says is in code spans: there nothing is a link, a mention or markup."""

from collections.abc import Iterable, Sequence
from re import Match, findall, sub
from typing import NamedTuple

from gitguard.model.finding import Finding, Report
from gitguard.output.headline import headline
from gitguard.output.printing import printable
from gitguard.output.ranking import counted, ranked

# A comment on GitHub has at most 65,536 characters, and those who post it may add some.
PAGE = 60_000
BREAK = "\n<!-- gitguard: next page -->\n\n"
_SIGNS = {"error": "❌", "warning": "⚠️", "note": "ℹ️"}  # noqa: RUF001 - the sign for information
# A block has to fit on a page, whatever a repository says in it.
_LONGEST = 2_000
_MOST_RELATED = 10


class Block(NamedTuple):
    """One item of the report, with the title and the rule that stand above it."""

    title: str
    rule: str
    text: str

    def below(self, above: "Block | None") -> str:
        """As it is written below another one, whose title and rule need not be said again."""
        is_new = above is None or self.title != above.title
        title = f"#### {self.title}\n\n" if self.title and is_new else ""
        rule = f"{self.rule}\n\n" if self.rule and (above is None or is_new or self.rule != above.rule) else ""
        return f"\n{title}{rule}{self.text}"


def render(report: Report) -> str:
    """All pages, with BREAK between them. No text of a repository can look like it."""
    return BREAK.join(pages(report))


def pages(report: Report, most: int = PAGE) -> tuple[str, ...]:
    """Pages of at most so many characters, each complete in itself; nothing is left out."""
    head = heading(report)
    room = most - len(head) - len("\nPage 00000 of 00000\n") - 1
    bodies = [""]
    above = None
    for block in blocks(report):
        written = block.below(above)
        if bodies[-1] and len(bodies[-1]) + len(written) > room:
            bodies.append("")
            written = block.below(None)
        bodies[-1] += written
        above = block
    if len(bodies) == 1:
        return (head + bodies[0],)
    return tuple(f"{head}\nPage {number} of {len(bodies)}\n{body}" for number, body in enumerate(bodies, 1))


def heading(report: Report) -> str:
    """How the run ended."""
    return f"### gitguard: {headline(report)}\n"


def code(text: str) -> str:
    """Text of others as a code span, on one line, cut where it is longer than anybody reads. No comment is in it, as the mark between pages is."""
    shown = sub("`{4,}", _counted_backticks, printable(text)).replace("<!--", r"\x3c!--")
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} … ({len(shown)} characters)"
    fence = "`" * (max(map(len, findall("`+", shown)), default=0) + 1)
    pad = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) else ""
    return f"{fence}{pad}{shown or ' '}{pad}{fence}"


def _counted_backticks(run: Match[str]) -> str:
    """The fences around a code span are longer than every run of backticks in it."""
    return f"``` ({len(run[0])} backticks)"


def blocks(report: Report) -> Iterable[Block]:
    """What there is to say, that which matters most first."""
    for failure in report.failures:
        yield Block("", "", f"- ❌ **not judged**: {code(failure.message)}{f' in {code(failure.path)}' if failure.path else ''}\n")
    findings = ranked(report.findings)
    yield from _listed("", [finding for finding in findings if finding.status != "old"])
    yield from _listed("Old findings", [finding for finding in findings if finding.status == "old"])
    yield from _listed("Fixed by this change", report.fixed or ())
    for item in report.undetermined:
        who = f"{code(str(item.object))}: " if str(item.object) else ""
        yield Block("Undetermined", "", f"- {code(item.rule)}: {who}{code(item.reason)}, needs {code(item.needs)}\n")
    for one in report.suppressed:
        yield Block("Suppressed", "", f"- {code(one.finding.rule)} at {code(one.finding.site.path)}: {code(one.reason)}\n")
    for remark in report.remarks:
        yield Block("Remarks", "", f"- {code(remark)}\n")


def _listed(title: str, findings: Sequence[Finding]) -> Iterable[Block]:
    """By rule, so that one cause reads as one."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.level, finding.rule), []).append(finding)
    for (level, rule), members in groups.items():
        yield from (Block(title, f"{_SIGNS[level]} **{code(rule)}**", _finding(finding)) for finding in members)


def _finding(finding: Finding) -> str:
    place = f"{finding.site.path}:{finding.site.line}" if finding.site.line else finding.site.path
    lines = [f"- {code(finding.message)}", f"  at {code(place)}{f' ({code(str(finding.object))})' if str(finding.object) else ''}"]
    lines += [f"  see {code(f'{one.site.path}:{one.site.line}')}: {code(one.message)}" for one in finding.related[:_MOST_RELATED]]
    more = len(finding.related) - _MOST_RELATED
    lines += [f"  and {counted(more, 'more place')}: the JSON report has them"] if more > 0 else []
    lines += [f"  fix: {code(finding.fix)}"] if finding.fix else []
    return "\\\n".join(lines) + "\n"
