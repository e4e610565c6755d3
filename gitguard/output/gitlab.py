"""GitLab's code quality report: a list of objects, each complete, since one that is not hides all the others."""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from gitguard.model.finding import Report
from gitguard.output.printing import printable

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def render(report: Report) -> str:
    """Every finding, old ones too: GitLab itself compares the reports of both branches."""
    return json.dumps(_unique(_issues(report)), indent=2, ensure_ascii=True) + "\n"


def _issues(report: Report) -> Iterable[dict[str, Any]]:
    for finding in report.findings:
        fix = f" ({finding.fix})" if finding.fix else ""
        message = f"{finding.message}{fix}"
        yield _issue(finding.rule, _SEVERITIES[finding.level], message, finding.site.path, finding.site.line, finding.fingerprint)
    for failure in report.failures:
        identity = sha256(f"incomplete\0{failure.path}\0{failure.message}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        yield _issue("incomplete", "major", f"could not be judged: {failure.message}", failure.path, 1, identity)


def _issue(rule: str, severity: str, message: str, path: str, line: int, fingerprint: str) -> dict[str, Any]:
    return {
        "description": printable(message), "check_name": rule, "fingerprint": fingerprint, "severity": severity,
        "location": {"path": path or ".", "lines": {"begin": max(1, line)}},
    }  # fmt: skip


def _unique(issues: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """GitLab drops those whose fingerprint it has seen."""
    seen: Counter[str] = Counter()
    made = []
    for issue in issues:
        fingerprint = issue["fingerprint"]
        seen[fingerprint] += 1
        again = seen[fingerprint]
        made.append(issue if again == 1 else {**issue, "fingerprint": sha256(f"{fingerprint}\0{again}".encode()).hexdigest()[:32]})
    return made
