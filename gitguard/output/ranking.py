"""What comes first where not everything is shown: news before what is old, errors before warnings, then the order of the report."""

from collections.abc import Iterable

from gitguard.model.finding import LEVELS, Finding


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those that matter most first."""
    return sorted(findings, key=lambda finding: (finding.status == "old", -LEVELS.index(finding.level), finding.sort_key()))


def counted(number: int, what: str) -> str:
    """A number with its noun: "1 error", "2 errors"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
