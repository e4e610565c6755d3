"""Watches that are late: what was fetched meanwhile is told once, and what came and went before that is told all the same."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.late import Late, late
from tests.commands.world import CONTROLLER, World
from tests.lab.objects import deployment, settings
from tests.lab.watch import Watch


def synced(world: World, **data: str) -> None:
    """A new commit, of which Argo CD says that it is synced: what it changed is fetched at once."""
    world.commit = world.repository.commit({"web/all.yaml": yaml.safe_dump_all([deployment("web"), settings("mode", mode="a", **data)])})
    world.synced(next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text())))


def operated(world: World, phase: str, revision: str) -> None:
    """A sync to a revision begins, or has ended."""
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    operation = {"phase": phase, "startedAt": moment, "operation": {"sync": {}, "initiatedBy": {"automated": True}}}
    status = {"operationState": operation, "sync": {"status": "Synced", "revision": revision}}
    world.change("Application", "web", lambda value: value.update(status=status), CONTROLLER, "argocd")


@contextmanager
def watched(world: World, folder: Path) -> Iterator[tuple[Watch, Late]]:
    """A watch whose own watch of ConfigMaps can be held back."""
    world.deploy()
    with late(world.api, folder, "configmaps") as way:
        running = Watch(way, world.repository, folder)  # type: ignore[arg-type]
        try:
            yield running.ready(), way
        finally:
            if running.process.poll() is None:
                running.kill()


def reverted(running: Watch) -> int:
    return sum(one["result"] == "reverted" for one in running.events("act"))


def told(world: World, running: Watch) -> list[tuple[Any, ...]]:
    """Every incident, when all that was said has been taken in: (action, actor, decision, live values)."""
    world.change("AppProject", "team", lambda value: value["spec"].update(description="last"), namespace="argocd")
    running.wait(lambda: [one for one in running.events("act") if one["object"] == "AppProject argocd/team"], "the last edit was not put back")
    # Who wrote is worth waiting for so long, and a second look comes after a second.
    time.sleep(3)
    assert running.stop() == 0
    running.verified()
    return sorted(
        (one["action"], one["actor"]["name"], one["decision"], [change["live"] for change in one["changes"] if "live" in change])
        for one in running.incidents("mode")
    )


def test_an_edit_that_was_fetched_before_its_watch_told_of_it(busy: World, tmp_path: Path) -> None:
    with watched(busy, tmp_path) as (running, way):
        way.wire.hold()
        busy.edit("bob", mode="worse")
        synced(busy, more="d")
        running.wait(lambda: reverted(running), "it was not put back")
        way.wire.release()
        assert [one[1:] for one in told(busy, running) if one[3]] == [("bob", "reverted", ["worse"])]


def test_an_edit_that_was_overwritten_before_that(busy: World, tmp_path: Path) -> None:
    with watched(busy, tmp_path) as (running, way):
        way.wire.hold()
        busy.edit("alice", mode="evil")
        busy.edit("bob", mode="worse")
        synced(busy, more="d")
        running.wait(lambda: reverted(running), "it was not put back")
        way.wire.release()
        alices, bobs = (one for one in told(busy, running) if one[3])
        assert alices == ("update", "alice", "logged", ["evil"])
        # Of two that wrote between two looks nobody can say which of them wrote what is there.
        assert (bobs[0], *bobs[2:]) == ("update", "reverted", ["worse"])


def test_an_edit_of_what_was_found_gone_before_that(busy: World, tmp_path: Path) -> None:
    with watched(busy, tmp_path) as (running, way):
        way.wire.hold()
        busy.edit("alice", mode="evil", unheard="of")
        busy.delete("bob")
        synced(busy, more="d")
        running.wait(lambda: reverted(running), "it was not put back")
        way.wire.release()
        assert told(busy, running) == [("delete", "bob", "reverted", []), ("update", "alice", "logged", ["evil", "of"])]


@pytest.mark.parametrize("cuts_off", [b"", b"dryRun=All"])
@pytest.mark.parametrize("comes_again", [False, True])
def test_an_edit_of_what_was_deleted_before_it_was_judged(busy: World, tmp_path: Path, *, comes_again: bool, cuts_off: bytes) -> None:
    with watched(busy, tmp_path) as (running, way):
        running.process.send_signal(signal.SIGSTOP)
        busy.edit("alice", mode="evil", unheard="of")
        busy.delete("bob")
        if comes_again:
            busy.api.apply(settings("mode", mode="a"), CONTROLLER)
        way.wire.cuts_off = cuts_off
        running.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        way.wire.cuts_off = b""
        running.wait(lambda: any(one["decision"] == "log" for one in running.events("drift")), "nothing was said of alice's edit")
        running.wait(lambda: busy.live("ConfigMap", "mode") is not None, "it did not come back")
        ending = "logged" if comes_again else "reverted"
        assert told(busy, running) == [("delete", "bob", ending, []), ("update", "alice", "logged", ["evil", "of"])]


def test_what_a_new_word_brought_is_not_undone_while_it_can_not_be_compared(busy: World, tmp_path: Path) -> None:
    with watched(busy, tmp_path) as (running, way):
        operated(busy, "Running", busy.commit)
        time.sleep(0.5)
        busy.edit(CONTROLLER, mode="b")
        time.sleep(0.5)
        way.wire.cuts_off = b"/configmaps/mode?fieldManager=gitguard&fieldValidation=Ignore&dryRun=All"
        commit = busy.repository.commit({"web/all.yaml": yaml.safe_dump_all([deployment("web"), settings("mode", mode="b")])})
        operated(busy, "Succeeded", commit)
        running.wait(lambda: running.events("git")[-1]["commit"] == commit, "the new commit was not read")
        time.sleep(1)
        way.wire.cuts_off = b""
        assert told(busy, running) == []
        assert busy.live("ConfigMap", "mode")["data"] == {"mode": "b"}


def test_a_value_that_is_written_anew_beside_one_that_stays(busy: World, tmp_path: Path) -> None:
    with watched(busy, tmp_path) as (running, way):
        operated(busy, "Running", busy.commit)
        time.sleep(0.5)
        busy.edit("alice", mode="evil", free="first")
        time.sleep(0.5)
        way.wire.hold()
        busy.edit("alice", free="second")
        operated(busy, "Succeeded", busy.commit)
        running.wait(lambda: any(one["result"] == "superseded" for one in running.events("act")), "nobody was quicker")
        way.wire.release()
        running.wait(lambda: reverted(running), "it was not put back")
        values = [value for one in told(busy, running) for value in one[3]]
        assert {"first", "second"} <= set(values)
