"""SARIF 2.1.0, as GitHub's code scanning and the standard's own readers take it."""

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gitguard import __version__
from gitguard.model.finding import Failure, Finding, Report, Site, Suppressed, Undetermined
from gitguard.output import json as plain
from gitguard.output.printing import json_text, printable
from gitguard.output.ranking import counted, ranked
from gitguard.rules import CATALOGUE, ChangeRule, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/gitguard-gitops/gitguard"
# GitHub refuses a file with more results, with more places of one result, or larger than that when it is compressed.
_MOST_RESULTS, _MOST_PLACES, _MOST_BYTES = 25_000, 1_000, 10_000_000
_MOST_LINKS = 10
# The one by which GitHub knows an alert again. Left out, all findings of a rule on a line would be one, and a line that is edited another.
_ALERT = "primaryLocationLineHash"
_STATES = {"new": "new", "old": "unchanged"}
_SEVERITIES = {"error": "error", "warning": "warning", "note": "recommendation"}
_Object = Mapping[str, Any]


def render(report: Report) -> str:
    """One run. What matters most comes first, and what is left out at the end is said in a notification.

    Only findings are results. GitHub reads neither `suppressions` nor `baselineState`: it would open alerts for what somebody has accepted with a
    reason, and for what is no longer there. What is suppressed is told in notifications, and so is what is undetermined or could not be judged.
    """
    findings = ranked(report.findings)
    results = min(len(findings), _MOST_RESULTS)
    told = list(_told(report))
    notifications = len(told)
    # Mostly it is written once.
    while (size := _size(text := _written(report, findings[:results], len(findings) - results, told[:notifications]))) > _MOST_BYTES:
        share = 0.9 * _MOST_BYTES / size
        results, notifications = int(results * share), int(notifications * share)
    return text


def _size(text: str) -> int:
    """How large it is when it is compressed; what is small as it is need not be."""
    data = text.encode()
    return len(data) if len(data) <= _MOST_BYTES else len(zlib.compress(data))


def _written(report: Report, findings: Sequence[Finding], left_out: int, told: Sequence[_Object]) -> str:
    used = {finding.rule for finding in findings}
    rules = [rule for rule in CATALOGUE if rule.id in used]
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    places = sum(max(0, len(finding.related) + 1 - _MOST_PLACES) for finding in findings)
    hidden = len(report.failures) + len(report.undetermined) + len(report.suppressed) + len(report.remarks) - len(told)
    cut = [counted(number, what) for number, what in ((left_out, "result"), (places, "place"), (hidden, "notification")) if number]
    more = [_notification("warning", f"{', '.join(cut)} more than GitHub takes: left out here, and in the JSON report")] if cut else []
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [{"executionSuccessful": not report.failures, "toolExecutionNotifications": [*more, *told]}],
        "results": [_result(finding, number, numbers) for finding, number in zip(findings, _occurrences(findings), strict=True)],
        "properties": _properties(report),
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _properties(report: Report) -> _Object:
    """The counts of the JSON report, but for the time it took: the same report is the same file."""
    counts = {name: number for name, number in plain.summary(report).items() if name != "seconds"}
    return {"summary": counts | ({"fixed": len(report.fixed)} if report.fixed is not None else {})}


def _driver(rules: Sequence[Rule | ChangeRule]) -> _Object:
    return {"name": "gitguard", "version": __version__, "semanticVersion": __version__, "informationUri": _HOME, "rules": list(map(_rule, rules))}


def _rule(rule: Rule | ChangeRule) -> _Object:
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nFix: {rule.fix}", "markdown": f"{rule.why}\n\n**Fix:** {rule.fix}"},
        "helpUri": f"{_HOME}/blob/main/docs/rules.md#{rule.id}",
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": ["gitops", "argocd"], "problem.severity": _SEVERITIES[rule.level]},
    }


def _occurrences(findings: Sequence[Finding]) -> Iterable[int]:
    """Which of those that are alike each of them is, from 1 on."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.fingerprint] += 1
        yield seen[finding.fingerprint]


def _result(finding: Finding, occurrence: int, numbers: Mapping[str, int]) -> _Object:
    related = [{"id": number, **_place(one.site), "message": {"text": _said(one.message)}} for number, one in enumerate(finding.related, 1)]
    related = related[: _MOST_PLACES - 1]
    named = str(finding.object)
    state = _STATES.get(finding.status)
    return {
        "ruleId": finding.rule,
        **({"ruleIndex": numbers[finding.rule]} if finding.rule in numbers else {}),
        "level": finding.level,
        "message": {"text": _message(finding)},
        "locations": [
            {**_place(finding.site), **({"logicalLocations": [{"fullyQualifiedName": printable(named), "kind": "resource"}]} if named else {})}
        ],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"gitguard/v1": finding.fingerprint, _ALERT: f"{finding.fingerprint}:{occurrence}"},
        **({"baselineState": state} if state else {}),
    }


def _message(finding: Finding) -> str:
    """What is wrong, what to do, and the places that explain it: GitHub shows those that the message has a link to."""
    parts = [_said(finding.message) or finding.rule, _said(finding.fix)]
    parts += [f"See [{_link(one.message) or 'there'}]({number})" for number, one in enumerate(finding.related[:_MOST_LINKS], 1)]
    return ". ".join(filter(None, parts))


def _said(text: str) -> str:
    """Text of others in a message, which must not be a link in it."""
    return printable(text).replace("](", "] (")


def _link(text: str) -> str:
    return _said(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _place(site: Site) -> _Object:
    region = {"startLine": max(1, site.line), **({"startColumn": site.column} if site.column > 0 else {})}
    # Without a file, what is said is about the repository.
    uri = quote(site.path.encode("utf-8", "surrogateescape"), safe="/") or "."
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}}


def _told(report: Report) -> Iterable[_Object]:
    yield from map(_failed, report.failures)
    yield from map(_suppressed, report.suppressed)
    yield from map(_undetermined, report.undetermined)
    yield from (_notification("note", remark) for remark in report.remarks)


def _failed(failure: Failure) -> _Object:
    return _notification("error", failure.message, Site(failure.path))


def _suppressed(item: Suppressed) -> _Object:
    until = f" (until {item.until})" if item.until else ""
    return _notification("note", f"suppressed ({item.finding.rule}): {item.finding.message}: {item.reason}{until}", item.finding.site)


def _undetermined(item: Undetermined) -> _Object:
    named = f"{item.object}: " if str(item.object) else ""
    return _notification("note", f"undetermined ({item.rule}): {named}{item.reason}; needs {item.needs}", item.site)


def _notification(level: str, text: str, site: Site | None = None) -> _Object:
    return {"level": level, "message": {"text": _said(text)}, **({"locations": [_place(site)]} if site and site.path else {})}
