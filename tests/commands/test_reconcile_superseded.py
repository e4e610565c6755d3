"""Edits that are overwritten, or put right by others, before anything is done about them: each of them is an incident all the same."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.commands.world import CONTROLLER, World
from tests.lab.objects import deployment, settings
from tests.lab.watch import Watch

GONE = "it did not last until something was done about it"


def phase(world: World, phase: str) -> None:
    """A sync has begun, or ended."""
    state = {
        "phase": phase,
        "startedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "operation": {"sync": {}, "initiatedBy": {"automated": True}},
    }
    world.change("Application", "web", lambda value: value["status"].update(operationState=state), CONTROLLER, "argocd")


@contextmanager
def syncing(world: World, folder: Path, **policy: Any) -> Iterator[Watch]:
    """A watch, and a sync that runs: nothing is put back meanwhile."""
    world.deploy(**policy)
    running = Watch(world.api, world.repository, folder)  # type: ignore[arg-type]
    try:
        running.ready()
        phase(world, "Running")
        # Objects and Applications come by watches of their own: an edit must not arrive before the sync that it falls into.
        time.sleep(0.5)
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def ended(world: World, running: Watch) -> list[tuple[Any, ...]]:
    """What was told, when the sync is over and an edit after it was put back: (object, action, actor, decision, values)."""
    phase(world, "Succeeded")
    world.change("AppProject", "team", lambda value: value["spec"].update(description="last"), namespace="argocd")
    running.wait(lambda: [one for one in running.events("act") if one["object"] == "AppProject argocd/team"], "the last edit was not put back")
    # Who wrote is worth waiting for so long.
    time.sleep(2.5)
    assert running.stop() == 0
    running.verified()
    told = running.incidents()
    assert all(one["reason"] == GONE for one in running.entries() if one["kind"] == "drift" and one["decision"] == "log")
    return [
        (one["object"]["name"], one["action"], one["actor"]["name"], one["decision"], [change.get("live") for change in one["changes"]])
        for one in told
        if one["object"]["name"] != "team"
    ]


def test_an_edit_that_another_overwrites(busy: World, tmp_path: Path) -> None:
    with syncing(busy, tmp_path) as running:
        busy.edit("alice", mode="evil", more="hers")
        busy.edit("bob", mode="worse")
        told = ended(busy, running)
    assert ("mode", "update", "alice", "logged", ["evil"]) in told
    assert sorted(told) == [
        ("mode", "update", "alice", "logged", ["evil"]), ("mode", "update", "alice", "reverted", ["hers"]), ("mode", "update", "bob", "reverted", ["worse"]),
    ]  # fmt: skip
    assert busy.live("ConfigMap", "mode")["data"] == {"mode": "a"}


def test_an_edit_that_argo_cd_puts_right(busy: World, tmp_path: Path) -> None:
    with syncing(busy, tmp_path) as running:
        busy.edit("alice", mode="evil")
        busy.edit(CONTROLLER, mode="a")
        told = ended(busy, running)
    assert told == [("mode", "update", "alice", "logged", ["evil"])]


def test_what_was_deleted_and_came_again(busy: World, tmp_path: Path) -> None:
    with syncing(busy, tmp_path) as running:
        busy.edit("bob", mode="evil")
        busy.delete("alice")
        busy.api.apply(settings("mode", mode="a"), CONTROLLER)
        told = ended(busy, running)
    assert told == [("mode", "update", "bob", "logged", ["evil"]), ("mode", "delete", "alice", "logged", [None])]


def test_what_git_gave_up_meanwhile(busy: World, tmp_path: Path) -> None:
    with syncing(busy, tmp_path) as running:
        busy.edit("alice", mode="evil")
        busy.commit = busy.repository.commit({"web/all.yaml": yaml.safe_dump(deployment("web"))})
        busy.synced({**next(yaml.safe_load_all((busy.repository.path / "argocd/app.yaml").read_text()))})
        running.wait(lambda: running.events("git")[-1]["objects"] == 3, "the new commit was not read")
        told = ended(busy, running)
    assert told == [("mode", "update", "alice", "logged", ["evil"])]


def test_no_edits_are_what_git_allows_and_what_argo_cd_brings(busy: World, tmp_path: Path) -> None:
    rule = {"kind": "ConfigMap", "path": "/data/leader", "writer": "system:serviceaccount:shop:elected"}
    with syncing(busy, tmp_path, allow=[rule]) as running:
        for turn in range(3):
            busy.edit("elected", leader=f"{turn}")
            busy.edit(CONTROLLER, mode=f"{turn}")
        busy.edit(CONTROLLER, mode="a")
        told = ended(busy, running)
    assert told == []


def test_no_secret_is_told_of_what_is_gone(busy: World, tmp_path: Path) -> None:
    def injected(value: Any) -> None:
        value["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "DB_PASSWORD", "value": "hunter2-of-prod"}]

    with syncing(busy, tmp_path) as running:
        busy.change("Deployment", "web", injected)
        busy.change("Deployment", "web", lambda value: value["spec"]["template"]["spec"]["containers"][0].pop("env"), CONTROLLER)
        told = ended(busy, running)
        kept = b"".join(file.read_bytes() for file in running.ledger.rglob("*") if file.is_file())
    assert [one[:4] for one in told] == [("web", "update", "alice", "logged")]
    assert b"hunter2" not in kept + json.dumps(told).encode()
