"""From the ledger's entries to incidents: what bypassed git, who did it, what was decided, how that ended, what people say of it."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gitguard.reconciler.audit_events import seconds

# The surest first.
CONFIDENCES = ("authenticated", "corroborated", "reported", "claimed", "unknown")
_NOBODY = {
    "name": "unknown",
    "groups": (),
    "kind": "unknown",
    "via": "unknown",
    "source_ip": "",
    "user_agent": "",
    "confidence": "unknown",
    "evidence": (),
}
_ENDED = {"reverted": "reverted", "superseded": "logged"}
_NO_END = "no outcome was written"


class Review(NamedTuple):
    """What people say of an incident: `state` is open, expected, violation or false-positive."""

    state: str = "open"
    by: str = ""
    reason: str = ""


class Incident(NamedTuple):
    """One incident. `number` and `time` are of the entry that tells it first, and so is what it says of the change; "" is what is not known.

    `actor` is the surest that any of its entries names. `changes` and `actor` have the keys that entries give them, the latter all of them.
    `decided` is the newest decision as the ledger has it (revert, hold, log, alert, excepted, observed), for the `reason`; `ended` says how that
    went, where there is something to say. `decision` is what came of it: reverted, failed, excepted, logged or observed. `exposure` is in
    seconds, None where it was not reverted, or nobody knows when.
    """

    id: str
    number: int
    time: str
    cluster: str
    object: Mapping[str, str]
    action: str
    severity: str
    actor: Mapping[str, Any]
    changes: tuple[Mapping[str, Any], ...]
    git: Mapping[str, str]
    changed_at: str
    detected_at: str
    reverted_at: str
    exposure: float | None
    decision: str
    decided: str
    reason: str
    ended: str
    review: Review


def incidents(entries: Iterable[tuple[int, Mapping[str, Any]]]) -> tuple[Incident, ...]:
    """Every incident that a drift among the entries tells, by the number of the first of these.

    The entries are as their schema wants them, and those of one incident in the order of the log; entries that belong to none are left out.
    """
    cases: dict[str, _Case] = {}
    acts: dict[str, str] = {}
    for number, entry in entries:
        kind = entry["kind"]
        if kind == "drift":
            case = cases.setdefault(entry["id"], _Case(number, entry))
            case.drifts(entry)
        elif kind == "intent":
            acts[entry["id"]] = entry["incident"]
        elif kind == "outcome":
            # Whoever ends what a writer died over need not repeat what it was for.
            known = cases.get(acts.pop(entry["intent"], "") or entry.get("incident", ""))
            if known is not None:
                known.outcome = entry
        elif kind == "ack" and entry["incident"] in cases:
            cases[entry["incident"]].review = Review(entry["state"], entry["by"], entry.get("reason", ""))
    return tuple(sorted((case.incident() for case in cases.values()), key=lambda incident: incident.number))


class _Case:
    """What the entries tell of one incident so far."""

    def __init__(self, number: int, first: Mapping[str, Any]) -> None:
        self.number = number
        self.first = first
        self.newest = first
        self.actor: Mapping[str, Any] = _NOBODY
        self.outcome: Mapping[str, Any] = {}
        self.review = Review()

    def drifts(self, entry: Mapping[str, Any]) -> None:
        """It is there, or still there, or there again: what was done before did not end it."""
        self.newest = entry
        self.outcome = {}
        actor = entry.get("actor", _NOBODY)
        if self.actor is _NOBODY or _unsureness(actor) < _unsureness(self.actor):
            self.actor = actor

    def incident(self) -> Incident:
        first, newest = self.first, self.newest
        decision = _decision(newest["decision"], self.outcome)
        changed_at, detected_at = first.get("changed_at", ""), first.get("detected_at", first["time"])
        reverted_at = self.outcome.get("reverted_at", "") if decision == "reverted" else ""
        return Incident(
            id=first["id"],
            number=self.number,
            time=first["time"],
            cluster=first.get("cluster", ""),
            object={key: first["object"].get(key, "") for key in ("apiVersion", "kind", "namespace", "name", "uid")},
            action=first["action"],
            severity=newest.get("severity") or first.get("severity", ""),
            actor={**_NOBODY, **self.actor},
            changes=tuple(first.get("changes", ())),
            git={key: first.get("git", {}).get(key, "") for key in ("commit", "path")},
            changed_at=changed_at,
            detected_at=detected_at,
            reverted_at=reverted_at,
            exposure=_between(changed_at or detected_at, reverted_at),
            decision=decision,
            decided=newest["decision"],
            reason=newest.get("reason", ""),
            ended=_ended(newest["decision"], self.outcome),
            review=self.review,
        )


def _unsureness(actor: Mapping[str, Any]) -> int:
    return CONFIDENCES.index(actor["confidence"])


def _decision(decided: str, outcome: Mapping[str, Any]) -> str:
    if decided == "revert":
        return _ENDED.get(outcome.get("result", ""), "failed")
    return decided if decided in ("excepted", "observed") else "logged"


def _ended(decided: str, outcome: Mapping[str, Any]) -> str:
    if decided != "revert":
        return ""
    result = outcome.get("result", "")
    said = outcome.get("reason", "")
    if result in ("superseded", "unknown"):
        meant = "git's word was back already" if result == "superseded" else "how it ended is not known"
        return f"{meant}: {said}" if said else meant
    return said if result else _NO_END


def _between(start: str, end: str) -> float | None:
    """Seconds; clocks of two machines may put an end before its start."""
    began, ended = seconds(start), seconds(end)
    return None if began is None or ended is None else round(max(0.0, ended - began), 6)
