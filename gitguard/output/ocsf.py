"""Entries as events of the Open Cybersecurity Schema Framework (OCSF 1.6): API Activity for what bypassed git, Remediation Activity for what
gitguard did about it, Detection Finding for alerts. Linked by `metadata.correlation_uid`, the incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gitguard.ledger.notes import Checkpoint

_VERSION = "1.6.0"
_SEVERITIES = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High")}
# API Activity (6003): create 1, read 2, update 3, delete 4, other 99.
_ACTIVITIES = {"create": (1, "Create"), "update": (3, "Update"), "delete": (4, "Delete")}
_RESULTS = {"reverted": (1, "Success"), "failed": (2, "Failure")}


def event(number: int, entry: Mapping[str, Any], head: Checkpoint) -> dict[str, Any] | None:
    """The event of one entry; None for entries that are about the ledger itself."""
    make = {"drift": _drift, "intent": _remediation, "outcome": _remediation, "alert": _finding}.get(str(entry.get("kind")))
    if make is None:
        return None
    made = make(entry)
    made["type_uid"] = made["class_uid"] * 100 + made["activity_id"]
    made["time"] = _milliseconds(entry.get("time"))
    made["metadata"] = _metadata(number, entry, head)
    return made


def _drift(entry: Mapping[str, Any]) -> dict[str, Any]:
    activity, name = _ACTIVITIES.get(str(entry.get("action")), (99, str(entry.get("action", "other"))))
    actor = entry.get("actor") or {}
    severity, severity_name = _SEVERITIES.get(str(entry.get("severity")), (0, "Unknown"))
    return {
        "class_uid": 6003, "class_name": "API Activity", "category_uid": 6, "category_name": "Application Activity",
        "activity_id": activity, "activity_name": name, "severity_id": severity, "severity": severity_name,
        "actor": {"user": {"name": actor.get("name", "unknown"), "groups": [{"name": group} for group in actor.get("groups") or ()]}},
        "api": {"operation": str(entry.get("action", "")), "service": {"name": "kubernetes"}},
        "src_endpoint": {"ip": actor["source_ip"]} if actor.get("source_ip") else {"name": "unknown"},
        "http_request": {"user_agent": actor["user_agent"]} if actor.get("user_agent") else {},
        "resources": [_resource(entry)],
        "confidence": str(actor.get("confidence", "unknown")),
        "status_id": 1,
        "unmapped": {key: entry[key] for key in ("changes", "decision", "git", "reason", "evidence") if key in entry},
    }  # fmt: skip


def _remediation(entry: Mapping[str, Any]) -> dict[str, Any]:
    status, name = _RESULTS.get(str(entry.get("result")), (0, "Unknown"))
    return {
        "class_uid": 7001, "class_name": "Remediation Activity", "category_uid": 7, "category_name": "Remediation",
        "activity_id": 3, "activity_name": "Restore", "severity_id": 1, "severity": "Informational",
        "command_uid": str(entry.get("id") or entry.get("intent")), "status_id": status, "status": name,
        "status_detail": str(entry.get("reason", "")) or ("announced" if entry.get("kind") == "intent" else ""),
        # The class has no attribute for what was restored.
        "unmapped": {"resources": [_resource(entry)]} if entry.get("object") else {},
    }  # fmt: skip


def _finding(entry: Mapping[str, Any]) -> dict[str, Any]:
    severity, severity_name = _SEVERITIES.get(str(entry.get("severity")), (0, "Unknown"))
    return {
        "class_uid": 2004, "class_name": "Detection Finding", "category_uid": 2, "category_name": "Findings",
        "activity_id": 1, "activity_name": "Create", "severity_id": severity, "severity": severity_name,
        "finding_info": {"title": str(entry.get("reason", "")), "uid": str(entry.get("incident") or entry.get("time"))},
        "resources": [_resource(entry)] if entry.get("object") else [],
    }  # fmt: skip


def _metadata(number: int, entry: Mapping[str, Any], head: Checkpoint) -> dict[str, Any]:
    incident = entry.get("id") if entry.get("kind") == "drift" else entry.get("incident")
    return {
        "version": _VERSION,
        "product": {"name": "gitguard", "vendor_name": "gitguard"},
        "uid": f"{head.origin}#{number}",
        "sequence": number,
        "log_name": head.origin,
        **({"correlation_uid": incident} if incident else {}),
    }


def _resource(entry: Mapping[str, Any]) -> dict[str, Any]:
    about = entry.get("object") or {}
    return {
        "type": f"{about.get('apiVersion', '')}/{about.get('kind', '')}",
        "name": str(about.get("name", "")),
        "namespace": str(about.get("namespace", "")),
        "uid": str(about.get("uid", "")),
        "region": str(entry.get("cluster", "")),
    }


def _milliseconds(time: Any) -> int:
    try:
        return int(datetime.fromisoformat(str(time)).timestamp() * 1000)
    except ValueError:
        return 0
