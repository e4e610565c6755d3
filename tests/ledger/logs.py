"""Ledgers for tests: entries as a busy cluster has them, written by the real writer into a folder, and read back as the files that they are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from gitguard.edges.ledger import Writer, writing
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_places import judge
from gitguard.ledger.notes import Checkpoint, Signer, signed
from gitguard.ledger.tiles import CHECKPOINT
from gitguard.ledger.verification import Anchor, Verdict, verified

NAME = "example.com/gitguard/test"
KEY = Signer(NAME, bytes(range(32)))
OTHER_KEY = Signer(NAME, bytes(range(1, 33)))
JUDGE = judge()
START = datetime(2026, 3, 1, tzinfo=UTC)

Files = dict[str, bytes]


def time(number: int) -> str:
    """The time of the entry with this number."""
    return (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")


def story(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """Entries in their order: drift, the announcement that it will be reverted, how that ended, and a heartbeat, again and again."""
    for number in range(first, first + count):
        yield {"time": time(number), "cluster": "prod-eu", **_TELLERS[number % len(_TELLERS)](number // len(_TELLERS))}


def short_story(count: int, first: int = 0) -> Iterator[dict[str, Any]]:
    """The same in as few words as the schema lets."""
    for number in range(first, first + count):
        turn = number // 2
        act = {
            "kind": "intent",
            "id": f"a{turn}",
            "incident": f"i{turn}",
            "act": "update",
            "object": {"apiVersion": "v1", "kind": "Pod", "name": "p"},
        }
        yield {"time": time(number), **({"kind": "outcome", "intent": f"a{turn}", "result": "reverted"} if number % 2 else act)}


def store(folder: Path) -> LocalStore:
    return LocalStore(folder)


def opened(folder: Path, key: Signer = KEY) -> AbstractContextManager[Writer]:
    """The real writer of the ledger in a folder; the clock stands still, so that the same entries are the same log."""
    return writing(store(folder), key, JUDGE, lambda: time(0))


def written(folder: Path, entries: Iterable[Mapping[str, Any]], batches: Sequence[int] = (), key: Signer = KEY) -> Path:
    """A ledger in a folder, by batches of these sizes and one with what is left."""
    left = list(entries)
    with opened(folder, key) as writer:
        for size in batches:
            writer.append(left[:size])
            del left[:size]
        writer.append(left)
    return folder


def files(folder: Path) -> Files:
    """The files of the log that lies in a folder, by their paths."""
    tiles = (file for file in (folder / "tile").rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in (folder / CHECKPOINT, *tiles)}


def put(folder: Path, held: Mapping[str, bytes]) -> Path:
    """These files in a folder."""
    for path, data in held.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def head(size: int, root: bytes, key: Signer = KEY) -> bytes:
    """A signed checkpoint, whatever it says."""
    return signed(Checkpoint(key.name, size, root).text(), [key])


def looked_at(held: Mapping[str, bytes], *anchors: bytes, key: Signer = KEY) -> Verdict:
    """What the verifier says of these files, beside remembered checkpoints."""
    remembered = [Anchor(data, f"anchor {number}") for number, data in enumerate(anchors)]
    return verified(held.get, key.verifier, remembered, JUDGE)


def _object(turn: int) -> dict[str, Any]:
    kinds = ("Deployment", "StatefulSet", "DaemonSet")
    return {
        "apiVersion": "apps/v1",
        "kind": kinds[turn % len(kinds)],
        "namespace": f"team-{turn % 40}",
        "name": f"service-{turn % 500}",
        "uid": f"6f1c7b0e-0000-4000-8000-{turn % 500:012d}",
        "resourceVersion": str(100_000 + turn),
    }


def _digest(turn: int) -> str:
    return f"sha256:{sha256(str(turn).encode()).hexdigest()}"


def _drift(turn: int) -> dict[str, Any]:
    change = {"path": "/spec/template/spec/containers/0/image", "class": "changed"}
    return {
        "kind": "drift",
        "id": f"incident-{turn}",
        "object": _object(turn),
        "action": "update",
        "severity": "medium",
        "actor": {
            "name": f"user-{turn % 60}@example.com",
            "groups": ["developers", "system:authenticated"],
            "kind": "human",
            "via": "kubectl",
            "source_ip": "192.0.2.17",
            "user_agent": "kubectl/v1.37.2 (linux/amd64) kubernetes/8c1b2a3",
            "confidence": "authenticated",
            "evidence": [_digest(turn)],
        },
        "changes": [{**change, "git": "registry.example.com/shop/web:1.4.2", "live": "registry.example.com/shop/web:hotfix"}],
        "git": {"commit": "0b1ab2f6a0c3c1d7f58bd6ce1ad7f5c86b5d1a3e", "path": f"teams/{turn % 40}/deployment.yaml"},
        "changed_at": time(4 * turn),
        "detected_at": time(4 * turn),
        "decision": "revert",
    }


def _intent(turn: int) -> dict[str, Any]:
    return {
        "kind": "intent",
        "id": f"act-{turn}",
        "incident": f"incident-{turn}",
        "act": "update",
        "object": _object(turn),
        "git": {"commit": "0b1ab2f6a0c3c1d7f58bd6ce1ad7f5c86b5d1a3e", "path": f"teams/{turn % 40}/deployment.yaml"},
    }


def _outcome(turn: int) -> dict[str, Any]:
    about = {"intent": f"act-{turn}", "incident": f"incident-{turn}", "object": _object(turn)}
    return {"kind": "outcome", **about, "result": "reverted", "reverted_at": time(4 * turn + 2)}


def _heartbeat(turn: int) -> dict[str, Any]:
    watched = [
        {"kind": kind, "resourceVersion": str(100_000 + turn), "objects": 500} for kind in ("Deployment", "StatefulSet", "DaemonSet", "Service")
    ]
    return {
        "kind": "heartbeat",
        "from": time(4 * turn),
        "to": time(4 * turn + 4),
        "watched": watched,
        "audit": f"/var/log/kubernetes/audit.log@{turn * 8192}",
        "commit": "0b1ab2f6a0c3c1d7f58bd6ce1ad7f5c86b5d1a3e",
    }


_TELLERS: tuple[Callable[[int], dict[str, Any]], ...] = (_drift, _intent, _outcome, _heartbeat)
