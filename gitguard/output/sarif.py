"""SARIF 2.1.0, as GitHub's code scanning reads it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from gitguard import __version__
from gitguard.model.finding import Finding, Report, Site, Undetermined
from gitguard.output.printing import printable
from gitguard.output.ranking import counted, ranked
from gitguard.rules import CATALOGUE, ChangeRule, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_HOME = "https://github.com/gitguard-gitops/gitguard"
# GitHub takes no more results of a run, shows the first of them, and of one result so many related places.
_MOST_RESULTS, _MOST_PLACES = 25_000, 100
_STATES = {"new": "new", "old": "unchanged"}
_Object = Mapping[str, Any]


def render(report: Report) -> str:
    """One run. What matters most comes first, and what is left out at the end is said in a notification."""
    findings = ranked(report.findings)
    shown = findings[:_MOST_RESULTS]
    room = _MOST_RESULTS - len(shown)
    suppressed = report.suppressed[:room]
    fixed = (report.fixed or ())[: room - len(suppressed)]
    every = [*shown, *(item.finding for item in suppressed), *fixed]
    rules = [rule for rule in CATALOGUE if any(finding.rule == rule.id for finding in every)]
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    results = [_result(finding, numbers, _STATES.get(finding.status)) for finding in shown]
    results += [{**_result(item.finding, numbers, None), "suppressions": [_suppression(item.reason)]} for item in suppressed]
    results += [_result(finding, numbers, "absent") for finding in fixed]
    cut = len(findings) + len(report.suppressed) + len(report.fixed or ()) - len(results)
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, cut)],
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=True) + "\n"


def _driver(rules: Sequence[Rule | ChangeRule]) -> _Object:
    return {"name": "gitguard", "version": __version__, "semanticVersion": __version__, "informationUri": _HOME, "rules": list(map(_rule, rules))}


def _rule(rule: Rule | ChangeRule) -> _Object:
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why}\n\nFix: {rule.fix}", "markdown": f"{rule.why}\n\n**Fix:** {rule.fix}"},
        "defaultConfiguration": {"level": rule.level},
        "properties": {"tags": ["gitops", "argocd"]},
    }


def _result(finding: Finding, numbers: Mapping[str, int], state: str | None) -> dict[str, Any]:
    text = f"{finding.message}. {finding.fix}" if finding.fix else finding.message
    related = [
        {"id": number, **_place(one.site), "message": {"text": printable(one.message)}} for number, one in enumerate(finding.related[:_MOST_PLACES])
    ]
    named = str(finding.object)
    return {
        "ruleId": finding.rule,
        **({"ruleIndex": numbers[finding.rule]} if finding.rule in numbers else {}),
        "level": finding.level,
        "message": {"text": printable(text) or finding.rule},
        "locations": [
            {**_place(finding.site), **({"logicalLocations": [{"fullyQualifiedName": printable(named), "kind": "resource"}]} if named else {})}
        ],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"gitguard/v1": finding.fingerprint},
        **({"baselineState": state} if state else {}),
    }


def _place(site: Site) -> dict[str, Any]:
    region = {"startLine": max(1, site.line), **({"startColumn": site.column} if site.column > 0 else {})}
    # Without a file, what is said is about the repository.
    uri = quote(site.path.encode("utf-8", "surrogateescape"), safe="/") or "."
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}, "region": region}}


def _suppression(reason: str) -> _Object:
    return {"kind": "external", "status": "accepted", "justification": printable(reason)}


def _invocation(report: Report, cut: int) -> _Object:
    told = [_notification("error", failure.message, failure.path) for failure in report.failures]
    told += [_undetermined(item) for item in report.undetermined]
    told += [_notification("note", remark, "") for remark in report.remarks]
    if cut:
        told.insert(
            0, _notification("warning", f"{counted(cut, 'result')} more than GitHub takes: they are left out here, and in the other formats", "")
        )
    return {"executionSuccessful": not report.failures, "toolExecutionNotifications": told}


def _undetermined(item: Undetermined) -> _Object:
    named = f"{item.object}: " if str(item.object) else ""
    return _notification("note", f"undetermined ({item.rule}): {named}{item.reason}; needs {item.needs}", item.site.path)


def _notification(level: str, text: str, path: str) -> _Object:
    where: Iterable[_Object] = [_place(Site(path))] if path else []
    return {"level": level, "message": {"text": printable(text)}, **({"locations": list(where)} if path else {})}
