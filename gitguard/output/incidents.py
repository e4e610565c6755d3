"""What bypassed git, for people and for machines."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitguard.output.printing import json_text, printable
from gitguard.reconciler.coverage import Coverage, Gap, moment
from gitguard.reconciler.incidents import CONFIDENCES, Incident

VERSION = 1
_SEVERITIES = ("high", "medium", "low", "unrated")
_DECISIONS = ("reverted", "failed", "logged", "excepted", "observed")
_VIA = {"kubectl": "by kubectl", "argocd-api": "by Argo CD's UI or CLI"}
_SECRET = "(secret)"  # noqa: S105 - what is shown for one
_MOST_CHANGES = 20
_LONGEST_VALUE = 200


def text(found: Sequence[Incident], watched: Coverage, place: str, since: str, until: str) -> str:
    """For people: each incident, the newest last; their counts; what was watched. `since` and `until` are what was asked for, "" for no limit."""
    parts = ["".join(f"{line}\n" for line in _incident(incident, place)) for incident in found]
    parts.append("".join(f"{line}\n" for line in _counts(found)))
    parts.append("".join(f"{line}\n" for line in _watched(watched, since, until, nothing=not found)))
    parts.append(f"gitguard audit verify --ledger {printable(place)} verifies the log; this report does not\n")
    return "\n".join(part for part in parts if part)


def document(found: Sequence[Incident], watched: Coverage, checkpoint: str) -> str:
    """For machines, by schemas/report.schema.json. `checkpoint` is the signed one that the ledger has."""
    gaps = [{"from": gap.start, "to": gap.end, "why": _why(gap, watched)} for gap in watched.gaps]
    value = {
        "version": VERSION,
        "coverage": {"from": watched.start or None, "to": watched.end or None, "gaps": gaps},
        "incidents": [_plain(incident, checkpoint) for incident in found],
    }
    return json_text(value) + "\n"


def _plain(incident: Incident, checkpoint: str) -> Mapping[str, Any]:
    return {
        "id": incident.id,
        "object": incident.object,
        "cluster": incident.cluster,
        "action": incident.action,
        "severity": incident.severity or None,
        "actor": incident.actor,
        "changes": incident.changes,
        "git": incident.git,
        "changed_at": incident.changed_at or None,
        "detected_at": incident.detected_at,
        "reverted_at": incident.reverted_at or None,
        "exposure_seconds": incident.exposure,
        "decision": incident.decision,
        "review": {"state": incident.review.state, "by": incident.review.by},
        "proof": {"index": incident.number, "checkpoint": checkpoint},
    }


def _incident(incident: Incident, place: str) -> Iterator[str]:
    about = incident.object
    name = "/".join(part for part in (about["namespace"], about["name"]) if part)
    where = f" of {incident.cluster}" if incident.cluster else ""
    yield printable(f"{incident.severity or 'unrated'}: {incident.action} {about['apiVersion']} {about['kind']} {name}{where} ({incident.id})")
    yield f"  when      {_when(incident)}"
    yield printable(f"  who       {_who(incident.actor)}")
    for change in incident.changes[:_MOST_CHANGES]:
        yield printable(f"  {change['class']:<9} {change['path']}: {_value(change, 'git')} -> {_value(change, 'live')}")
    if len(incident.changes) > _MOST_CHANGES:
        more = len(incident.changes) - _MOST_CHANGES
        yield f"  and {_number(more, 'more field')}: gitguard audit show {incident.number} --ledger {printable(place)}"
    yield printable(f"  decision  {_decision(incident)}")
    if any(incident.git.values()):
        yield printable(f"  git       {incident.git['commit']}:{incident.git['path']}")
    yield printable(f"  review    {_review(incident)}")
    yield f"  proof     gitguard audit prove {incident.number} --ledger {printable(place)}"


def _when(incident: Incident) -> str:
    changed = f"changed {incident.changed_at}" if incident.changed_at else "changed at a time that is not known"
    parts = [changed, f"detected {incident.detected_at}"]
    if incident.decision == "reverted":
        parts.append(f"reverted {incident.reverted_at}" if incident.reverted_at else "reverted at a time that is not known")
    else:
        parts.append("not reverted")
    if incident.exposure is not None:
        parts.append(f"exposed for {incident.exposure:g} s{'' if incident.changed_at else ' at least'}")
    return ", ".join(parts)


def _who(actor: Mapping[str, Any]) -> str:
    told = [f"{actor['name']} ({actor['kind']}, {actor['confidence']})", _VIA.get(actor["via"], "by other means")]
    told += [f"from {actor['source_ip']}"] if actor["source_ip"] else []
    return ", ".join(told)


def _decision(incident: Incident) -> str:
    # Of what is logged there are several kinds; all else says itself what was decided.
    told = f"logged ({incident.decided})" if incident.decision == "logged" and incident.decided != "log" else incident.decision
    why = "; ".join(part for part in (incident.reason, incident.ended) if part)
    return f"{told}: {why}" if why else told


def _review(incident: Incident) -> str:
    state, by, reason = incident.review
    return f"{state}{f' by {by}' if by else ''}{f': {reason}' if reason else ''}"


def _value(change: Mapping[str, Any], side: str) -> str:
    if side not in change:
        return "(none)"
    value = change[side]
    told = _SECRET if _is_hash(value) else json.dumps(_without_hashes(value), ensure_ascii=False)
    return f"{told[:_LONGEST_VALUE]}…" if len(told) > _LONGEST_VALUE else told


def _without_hashes(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _SECRET if _is_hash(value) else {name: _without_hashes(part) for name, part in value.items()}
    return [_without_hashes(part) for part in value] if isinstance(value, list) else value


def _is_hash(value: Any) -> bool:
    return isinstance(value, Mapping) and [*value] == ["hmac-sha256"]


def _counts(found: Sequence[Incident]) -> Iterator[str]:
    if not found:
        return
    yield _number(len(found), "incident")
    yield f"  severity    {_tally((incident.severity or 'unrated' for incident in found), _SEVERITIES)}"
    yield f"  decision    {_tally((incident.decision for incident in found), _DECISIONS)}"
    yield f"  confidence  {_tally((incident.actor['confidence'] for incident in found), CONFIDENCES)}"


def _tally(values: Iterable[str], order: Sequence[str]) -> str:
    counted = Counter(values)
    return ", ".join(f"{counted[value]} {value}" for value in order if counted[value])


def _watched(watched: Coverage, since: str, until: str, *, nothing: bool) -> Iterator[str]:
    lead = "no drift was recorded" if nothing else ""
    if not watched.start:
        yield f"{lead or 'what is not above is not known'}: no heartbeat tells that anybody watched in that time"
        return
    blind = [*_outside(watched, since, until), *(f"{gap.start} to {gap.end}: {printable(_why(gap, watched))}" for gap in watched.gaps)]
    span = f"watched from {watched.start} to {watched.end}"
    if not blind:
        yield f"no drift, and it was {span}" if nothing else f"{span}, without a gap"
        return
    yield f"{f'{lead}; ' if nothing else ''}{span}, but not all is known of"
    yield from (f"  {line}" for line in blind)


def _outside(watched: Coverage, since: str, until: str) -> Iterator[str]:
    """What was asked for before the first heartbeat and after the last one."""
    if since and moment(since) < moment(watched.start):
        yield f"{since} to {watched.start}: no heartbeat"
    if until and moment(watched.end) < moment(until):
        yield f"{watched.end} to {until}: no heartbeat"


def _why(gap: Gap, watched: Coverage) -> str:
    return f"{gap.cluster or '-'}: {gap.why}" if len(watched.clusters) > 1 else gap.why


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
