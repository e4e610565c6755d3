"""Ledgers for tests: made by the real writer, with entries that tell a whole incident."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.edges import ledger as writing
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_places import judge
from gitguard.ledger.notes import Signer, Verifier

ORIGIN = "example.com/gitguard/prod"
WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web", "uid": "u-1"}


def heartbeat(minute: int, **more: Any) -> dict[str, Any]:
    """One minute that was watched."""
    times = [f"2026-11-01T00:{at:02d}:00Z" for at in (minute, minute + 1)]
    return {"kind": "heartbeat", "cluster": "prod", "from": times[0], "to": times[1], "watched": [{"kind": "Deployment", "objects": 3}], **more}


def drift(number: int, *, actor: str = "alice", about: Mapping[str, Any] = WEB, **more: Any) -> dict[str, Any]:
    """Somebody changed something."""
    by = {"name": actor, "groups": ["team"], "kind": "human", "via": "kubectl", "confidence": "authenticated", "source_ip": "192.0.2.7"}
    change = {"path": "/spec/replicas", "class": "changed", "git": 2, "live": 5}
    said = {"id": f"incident-{number}", "object": dict(about), "action": "update", "severity": "high", "actor": by, "changes": [change]}
    return {"kind": "drift", "cluster": "prod", "decision": "revert", **said, **more}


def intent(number: int, about: Mapping[str, Any] = WEB) -> dict[str, Any]:
    """An act that is announced."""
    return {"kind": "intent", "cluster": "prod", "id": f"act-{number}", "incident": f"incident-{number}", "act": "update", "object": dict(about)}


def outcome(number: int, result: str = "reverted") -> dict[str, Any]:
    """How it ended."""
    return {"kind": "outcome", "cluster": "prod", "intent": f"act-{number}", "incident": f"incident-{number}", "result": result, "object": WEB}


STORY = [heartbeat(0), drift(1), intent(1), outcome(1), heartbeat(1), drift(2, actor="bob"), intent(2), outcome(2, "failed")]


class Written(NamedTuple):
    """A ledger in a folder, with its private key beside it."""

    folder: Path
    key: Signer

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.folder)

    @property
    def verifier(self) -> Verifier:
        return self.key.verifier

    @property
    def checkpoint(self) -> bytes:
        return (self.folder / "checkpoint").read_bytes()

    @property
    def private(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.key")

    def append(self, *batches: Sequence[Mapping[str, Any]], clock: Any = writing.now) -> "Written":
        with writing.writing(self.store, self.key, judge(), clock) as writer:
            for batch in batches:
                writer.append(batch)
        return self


def new(folder: Path, *batches: Sequence[Mapping[str, Any]], origin: str = ORIGIN) -> Written:
    """A ledger with these batches of entries."""
    made = Written(folder, writing.new_key(origin))
    writing.write_key(made.private, made.key)
    made.store.folder.mkdir(parents=True)
    made.store.put("key.pub", f"{made.verifier}\n".encode())
    return made.append(*batches)
