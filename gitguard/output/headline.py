"""The line that says how a run ended, in the same words in every format."""

from gitguard.model.finding import LEVELS, Report
from gitguard.output.ranking import counted


def headline(report: Report) -> str:
    """What could not be judged, before all: what is left may look good and is not. Then what is found, of a change what is new; then the rest."""
    news = [finding for finding in report.findings if finding.status != "old"]
    levels = [counted(number, level) for level in reversed(LEVELS) if (number := sum(finding.level == level for finding in news))]
    is_change = report.fixed is not None
    if levels and is_change:
        levels[-1] += " (new)"
    nothing = f"nothing{' else' if report.failures else ''} {'new' if is_change else 'found'}"
    rest = (
        (report.undetermined, "undetermined"),
        (report.suppressed, "suppressed"),
    )
    old = len(report.findings) - len(news)
    parts = [
        *([f"{len(report.failures)} not judged"] if report.failures else []),
        *(levels or [nothing]),
        *([counted(old, "old finding")] if old else []),
        *([f"{len(report.fixed)} fixed"] if report.fixed else []),
        *(f"{len(items)} {what}" for items, what in rest if items),
    ]
    return ", ".join(parts)
