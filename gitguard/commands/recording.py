"""What the watch writes into the ledger: every drift before anything is done about it, every act before it is done, and how it ended."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from gitguard.edges import clock
from gitguard.edges.ledger import Writer
from gitguard.ledger.entries import encoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.redaction import redacted, redacted_value
from gitguard.model.drift import ABSENT, Actor, Change, Drift, ObjectKey

_MOST_BEFORE = 20_000
_MOST_CHANGES, _LONGEST_VALUE, _LONGEST_TEXT = 100, 2_000, 500
# Of an entry's 65,535 bytes: what is left over is for everything else that it tells.
_ALL_CHANGES, _MOST_GROUPS = 40_000, 100
_Object = Mapping[str, Any]


class Record:
    """What is told of one cluster: to its ledger, while the watch has it open, or to nobody where there is none and things are only planned.

    `key` is the secret of what is hashed in it. `entries` are the drifts, and `ends` how acts ended, by incident. Whatever fails raises
    LedgerUnwritable (an act), or OSError and Conflict as the writer does.
    """

    def __init__(self, writer: Writer | None, cluster: str, key: bytes, *, kept: int = 0) -> None:
        self._writer = writer
        self._cluster = cluster
        self._key = key
        self.entries: deque[_Object] = deque(maxlen=kept)
        self.ends: dict[str, str] = {}
        self._before: dict[tuple[str, ...], list[_Object]] | None = None

    @property
    def size(self) -> int:
        """How many entries the ledger has."""
        return self._writer.size if self._writer else 0

    def unfinished(self) -> tuple[_Object, ...]:
        """Acts whose end is not known."""
        return self._writer.unfinished() if self._writer else ()

    def watched_until(self) -> str:
        """Until when the ledger says that it was watched, "" where it says nothing."""
        beat = self._writer.last_beat() if self._writer else None
        return str(beat["to"]) if beat else ""

    def told(self, found: Drift, live: _Object | None) -> tuple[str, str] | None:
        """The incident, and what was decided, of the newest drift of that object in the ledger as it was opened, where it is the same one still."""
        if self._writer is None:
            return None
        if self._before is None:
            self._before = {}
            for entry in self._writer.newest("drift", _MOST_BEFORE):
                self._before.setdefault(_place(entry), []).append(entry)
        entry = {"object": _object(found), "action": found.action}
        changes = list(self._changes(found, live))
        same = (one for one in self._before.get(_place(entry), ()) if (one["action"], one.get("changes")) == (found.action, changes))
        return next(((str(one["id"]), str(one["decision"])) for one in same), None)

    def repeated(self, found: Drift, live: _Object | None) -> None:
        """A drift that the ledger has already is there still."""
        if self.entries.maxlen:
            self._remember(self._entry(found, live))

    def drift(self, found: Drift, live: _Object | None) -> None:
        """Something was found, and nothing is done about it."""
        self._append(self._entry(found, live))

    def act(self, found: Drift, live: _Object | None, what: str, act: Callable[[str], _Object], *, is_known: bool) -> _Object:
        """Announce an act against a drift, do it, and write how it ended. `act` is given its id. `is_known`: the drift is in the ledger already.

        Where there is no ledger nothing is done, and the result is "planned".
        """
        identity = _id("act", found.id, found.version, clock.now())
        entry = self._entry(found, live)
        if not is_known:
            self._remember(entry)
        if self._writer is None:
            return {"result": "planned"}
        intent = {
            "id": identity, "incident": found.id, "act": what, "object": _object(found), "cluster": self._cluster,
            **({"git": entry["git"]} if "git" in entry else {}),
        }  # fmt: skip
        ended = self._writer.perform(intent, lambda: {"cluster": self._cluster, **act(identity)}, [] if is_known else [entry])
        self._ended(found.id, str(ended["result"]))
        return ended

    def ended(self, intent: _Object, result: str, reason: str) -> None:
        """How an act ended that somebody died over."""
        known = {"intent": intent["id"], "incident": intent["incident"], "object": intent["object"]}
        self._append({"kind": "outcome", "cluster": self._cluster, **known, "result": result, "reason": reason})

    def alert(self, reason: str, severity: str, incident: str = "", key: ObjectKey | None = None, api_version: str = "") -> None:
        """Somebody has to look at this."""
        about = {"object": {"apiVersion": api_version, **_named(key)}} if key else {}
        entry = {"kind": "alert", "cluster": self._cluster, "reason": reason[:_LONGEST_TEXT], "severity": severity, **about}
        self._append({**entry, **({"incident": incident} if incident else {})})

    def heartbeat(self, since: str, until: str, told: _Object) -> None:
        """What was watched between two times."""
        self._append({"kind": "heartbeat", "cluster": self._cluster, "from": since, "to": until, **told})

    def _append(self, entry: _Object) -> None:
        if entry["kind"] == "drift":
            self._remember(entry)
        if self._writer is not None:
            self._writer.append([entry])

    def _remember(self, entry: _Object) -> None:
        self.entries.append(entry)

    def _ended(self, identity: str, result: str) -> None:
        if self.entries.maxlen:
            self.ends[identity] = result

    def _keep(self, data: bytes) -> str:
        return self._writer.keep(data) if self._writer else f"sha256:{sha256(data).hexdigest()}"

    def _entry(self, found: Drift, live: _Object | None) -> dict[str, Any]:
        evidence = [*found.evidence, *([self._states(found, live)] if found.changes else [])]
        git = {"commit": found.commit, **({"path": found.origin} if found.origin else {})}
        entry = {
            "kind": "drift", "cluster": self._cluster, "id": found.id, "object": _object(found), "action": found.action, "severity": found.severity,
            "actor": self._actor(found.actor), "changes": _fitting(self._changes(found, live)), "detected_at": found.detected_at,
            "decision": found.decision, "reason": found.reason[:_LONGEST_TEXT],
        }  # fmt: skip
        kept = [self._keep(one) for one in evidence]
        return {
            **entry,
            **({"git": git} if found.commit else {}),
            **({"changed_at": found.changed_at} if found.changed_at else {}),
            **({"evidence": kept} if kept else {}),
        }

    def _actor(self, actor: Actor) -> _Object:
        told = {"name": actor.name, "kind": actor.kind, "via": actor.via, "confidence": actor.confidence}
        more = {"source_ip": actor.source_ip[:_LONGEST_TEXT], "user_agent": actor.user_agent[:_LONGEST_TEXT]}
        evidence = [self._keep(one) for one in actor.evidence]
        return {
            **told, **{name: value for name, value in more.items() if value},
            **({"groups": list(actor.groups[:_MOST_GROUPS])} if actor.groups else {}),
            **({"evidence": evidence} if evidence else {}),
        }  # fmt: skip

    def _states(self, found: Drift, live: _Object | None) -> bytes:
        """The object as it was found, without what must not be known: what the fields in the entry are cut out of."""
        shown = redacted(_without_managers(live), self._key) if live is not None else None
        return json.dumps({"object": _object(found), "live": shown}, sort_keys=True, separators=(",", ":")).encode()

    def _changes(self, found: Drift, live: _Object | None) -> Iterable[_Object]:
        shown = redacted(live, self._key) if live is not None else {}
        for change in found.changes[:_MOST_CHANGES]:
            told: dict[str, Any] = {"path": change.path, "class": change.kind}
            if change.path:
                named = _named_beside(live, change.path)
                if change.git is not ABSENT:
                    # What git says is told as far as what lies there may be told.
                    told["git"] = _short(redacted_value(redacted({"v": change.git}, self._key)["v"], change.path, found.key.kind, self._key, named))
                if change.live is not ABSENT:
                    told["live"] = _short(redacted_value(_at(shown, change.path, change.live), change.path, found.key.kind, self._key, named))
            yield told


def incident(cluster: str, key: ObjectKey, uid: str, version: str, changes: Sequence[Change], what: str) -> str:
    """The id of an incident: the same for the same finding, also after a restart."""
    return _id(cluster, *key, uid, version, what, *sorted(change.path for change in changes))


def _id(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _object(found: Drift) -> dict[str, str]:
    more = {"uid": found.uid, "resourceVersion": found.version}
    return {"apiVersion": found.api_version, **_named(found.key), **{name: value for name, value in more.items() if value}}


def _named(key: ObjectKey) -> dict[str, str]:
    return {"kind": key.kind, "name": key.name, **({"namespace": key.namespace} if key.namespace else {})}


def _place(entry: _Object) -> tuple[str, ...]:
    return tuple(str(entry["object"].get(name) or "") for name in ("kind", "namespace", "name", "uid"))


def _without_managers(live: _Object) -> dict[str, Any]:
    metadata = {name: part for name, part in (live.get("metadata") or {}).items() if name != "managedFields"}
    return {**live, "metadata": metadata}


def _at(value: Any, path: str, otherwise: Any) -> Any:
    for step in path.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return otherwise
    return value


def _named_beside(live: _Object | None, path: str) -> str | None:
    """The `name` of the entry that a `value` belongs to."""
    beside = _at(live, f"{path.rpartition('/')[0]}/name", None)
    return beside if isinstance(beside, str) else None


def _fitting(changes: Iterable[_Object]) -> list[_Object]:
    """As many changes as an entry has room for, the last of them without their values: all of them are in the evidence."""
    made, room = [], _ALL_CHANGES
    for change in changes:
        bare = {name: part if name in ("path", "class") else {"omitted": "see the evidence"} for name, part in change.items()}
        one = change if _size(change) <= room // 2 else bare
        room -= _size(one)
        if room < 0:
            break
        made.append(one)
    return made


def _short(value: Any) -> Any:
    """A value that fits into an entry; of a longer one, how long it is: all of it is in the evidence."""
    size = _size(value)
    if size > _LONGEST_VALUE:
        return {"omitted": f"{size} characters, see the evidence"}
    try:
        encoded({"value": value})
    except LedgerError:
        # Numbers that not everybody reads alike, and what is nested too deep.
        return json.dumps(value)
    return value


def _size(value: Any) -> int:
    return len(json.dumps(value))
