"""What differs between git's word and a cluster, and who made it so."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = _Absent()


class Change(NamedTuple):
    """One field that is not as git has it.

    `path` is its JSON pointer in the live object; where it is not there, in what it should be. `git` is the value by git's word, and `live` the
    one in the cluster, ABSENT where there is none. `declared`: git itself names the field; else it is what the API server makes of git's word.
    """

    path: str
    git: Any
    live: Any
    declared: bool = False

    @property
    def kind(self) -> str:
        """changed, removed (from the cluster) or added (to it)."""
        return "removed" if self.live is ABSENT else "added" if self.git is ABSENT else "changed"


class ObjectKey(NamedTuple):
    """Which object of a cluster; `group` is "" for the core one, `namespace` "" for cluster-scoped kinds."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> "ObjectKey":
        """Which object a manifest is."""
        metadata = manifest.get("metadata") or {}
        group = str(manifest.get("apiVersion") or "").rpartition("/")[0]
        return cls(group, str(manifest.get("kind") or ""), str(metadata.get("namespace") or ""), str(metadata.get("name") or ""))


class Actor(NamedTuple):
    """Who did something, how, and how sure that is.

    `kind` is human, automation or unknown; `via` kubectl, argocd-api, controller or unknown. `confidence` is authenticated (the API server's own
    audit names who), corroborated (two sources that only other parties can write agree), reported (one such source), claimed (the writer's own
    word) or unknown. `evidence` are the sources, each as it was found. `at` is when, RFC 3339 in UTC, "" where it is not known.
    """

    name: str = "unknown"
    groups: tuple[str, ...] = ()
    kind: str = "unknown"
    via: str = "unknown"
    source_ip: str = ""
    user_agent: str = ""
    confidence: str = "unknown"
    evidence: tuple[bytes, ...] = ()
    at: str = ""


UNKNOWN = Actor()


class Drift(NamedTuple):
    """Something in a cluster that did not come from git, as it goes into the ledger.

    `id` is the incident's. `version` is the resource version at which it was found. `commit` and `origin` are git's word on the object, "" where
    it has none. `changed_at` and `detected_at` are RFC 3339 in UTC, the first "" where nobody knows. `decision` is revert, hold, log, alert,
    excepted or observed. `evidence` is what else is to be kept: it must hold no secret.
    """

    id: str
    key: ObjectKey
    api_version: str
    uid: str
    version: str
    action: str
    severity: str
    actor: Actor
    changes: tuple[Change, ...]
    changed_at: str
    detected_at: str
    decision: str
    reason: str
    commit: str = ""
    origin: str = ""
    evidence: tuple[bytes, ...] = ()
