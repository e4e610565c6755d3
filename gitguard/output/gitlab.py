"""GitLab's code quality report: a list of objects, each complete, since one that is not hides all the others."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from gitguard.model.finding import Report, Undetermined
from gitguard.output.printing import json_text, printable

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}
_SHOWN_NAMES = 3


def render(report: Report) -> str:
    """What could not be judged, every finding, old ones too (GitLab itself compares the reports of both branches), and what is undetermined."""
    return json_text(_unique(_issues(report)), indent=2) + "\n"


def _issues(report: Report) -> Iterable[dict[str, Any]]:
    somewhere = _somewhere(report)
    for failure in report.failures:
        identity = _identity("incomplete", failure.path, failure.message)
        yield _issue("incomplete", "blocker", f"could not be judged: {failure.message}", failure.path or somewhere, 1, identity)
    for finding in report.findings:
        fix = f" ({finding.fix})" if finding.fix else ""
        message = f"{finding.message}{fix}"
        yield _issue(finding.rule, _SEVERITIES[finding.level], message, finding.site.path or somewhere, finding.site.line, finding.fingerprint)
    # One cause often leaves a hundred verdicts open.
    causes: dict[tuple[str, str], list[Undetermined]] = {}
    for item in report.undetermined:
        causes.setdefault((item.reason, item.needs), []).append(item)
    for (reason, needs), members in causes.items():
        message = f"undetermined{_of_whom(members)}: {reason}; needs {needs}"
        yield _issue("undetermined", "info", message, members[0].site.path or somewhere, 1, _identity("undetermined", reason, needs))


def _of_whom(members: Iterable[Undetermined]) -> str:
    names = sorted({str(item.object) for item in members if str(item.object)})
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return f" for {', '.join(names[:_SHOWN_NAMES])}{more}" if names else ""


def _somewhere(report: Report) -> str:
    """A file of the repository for what is about none: GitLab wants one for each issue."""
    paths = [item.path for item in report.failures] + [item.site.path for item in report.findings] + [item.site.path for item in report.undetermined]
    return next(filter(None, (*paths, *(item.path for item in report.skipped))), ".gitguard.yaml")


def _identity(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _issue(rule: str, severity: str, message: str, path: str, line: int, fingerprint: str) -> dict[str, Any]:
    return {
        "description": printable(message) or printable(rule), "check_name": printable(rule), "fingerprint": fingerprint, "severity": severity,
        "location": {"path": _text(path), "lines": {"begin": max(1, line)}},
    }  # fmt: skip


def _text(path: str) -> str:
    """The path as it is, unless it is none of UTF-8: GitLab would refuse the whole report."""
    return path if path.isascii() or not any("\ud800" <= character <= "\udfff" for character in path) else printable(path)


def _unique(issues: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """GitLab drops those whose fingerprint it has seen."""
    seen: Counter[str] = Counter()
    made = []
    for issue in issues:
        fingerprint = issue["fingerprint"]
        seen[fingerprint] += 1
        again = seen[fingerprint]
        made.append(issue if again == 1 else {**issue, "fingerprint": _identity(fingerprint, str(again))})
    return made
