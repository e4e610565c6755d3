"""The report as one JSON object, version 1 of gitguard's interface."""

from collections.abc import Mapping
from typing import Any

from gitguard.model.finding import Finding, ObjectRef, Report
from gitguard.output.printing import json_text

VERSION = 1


def render(report: Report) -> str:
    """The whole report, ending in a newline."""
    return json_text(document(report), indent=2) + "\n"


def document(report: Report) -> Mapping[str, Any]:
    """The report as plain values, in the interface's shape; `failures` says what should have been judged and was not."""
    return {
        "version": VERSION,
        "summary": summary(report),
        "findings": [_finding(finding) for finding in report.findings],
        "undetermined": [
            {"rule": item.rule, "object": _object(item.object), "path": item.site.path, "reason": item.reason, "needs": item.needs}
            for item in report.undetermined
        ],
        "skipped": [
            {"path": item.path, "reason": item.reason} | ({"object": _object(item.object)} if item.object else {}) for item in report.skipped
        ],
        "suppressed": [
            {"rule": item.finding.rule, "path": item.finding.site.path, "reason": item.reason, "until": item.until} for item in report.suppressed
        ],
        "failures": [{"path": item.path, "rule": item.rule, "message": item.message} for item in report.failures],
        **({"fixed": [_finding(finding) for finding in report.fixed]} if report.fixed is not None else {}),
        **({"remarks": list(report.remarks)} if report.remarks else {}),
    }


def summary(report: Report) -> Mapping[str, Any]:
    """How many there are of each."""
    levels = report.levels()
    return {
        "files": report.counts.files,
        "manifests": report.counts.manifests,
        "applications": report.counts.applications,
        "projects": report.counts.projects,
        "judged": report.counts.judged,
        "skipped": len(report.skipped),
        "undetermined": len(report.undetermined),
        "suppressed": len(report.suppressed),
        "error": levels["error"],
        "warning": levels["warning"],
        "note": levels["note"],
        "seconds": round(report.seconds, 3),
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "rule": finding.rule,
        "level": finding.level,
        "message": finding.message,
        "object": _object(finding.object),
        "path": finding.site.path,
        "line": finding.site.line,
        "column": finding.site.column,
        "pointer": finding.pointer,
        "related": [
            {"path": item.site.path, "line": item.site.line, "column": item.site.column, "message": item.message} for item in finding.related
        ],
        "application": finding.application,
        "fingerprint": finding.fingerprint,
        "fix": finding.fix,
        **({"status": finding.status} if finding.status else {}),
    }


def _object(reference: ObjectRef) -> Mapping[str, str]:
    return {"apiVersion": reference.api_version, "kind": reference.kind, "namespace": reference.namespace, "name": reference.name}
