"""What git lets a writer make stays theirs: neither others who write to the object next nor new commits make it drift."""

from pathlib import Path
from typing import Any

import yaml

from tests.commands.world import CONTROLLER, World
from tests.lab.objects import deployment, settings
from tests.lab.watch import Watch


def synced(world: World, **data: str) -> None:
    """A new commit, which Argo CD brings."""
    objects = [deployment("web"), settings("mode", **data)]
    world.commit = world.repository.commit({"web/all.yaml": yaml.safe_dump_all(objects)})
    world.change("ConfigMap", "mode", lambda value: value["data"].update(data), CONTROLLER)
    world.synced(next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text())))


def reverted(running: Watch) -> int:
    """How often something was put back."""
    return sum(one["result"] == "reverted" for one in running.events("act"))


def rolled_out(value: Any) -> None:
    value["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = "2"


def test_what_git_lets_a_writer_make_stays_theirs(busy: World, tmp_path: Path) -> None:
    busy.deploy(allow=[{"kind": "ConfigMap", "path": "/data/leader", "writer": "system:serviceaccount:shop:elected"}])
    running = Watch(busy.api, busy.repository, tmp_path)  # type: ignore[arg-type]
    try:
        running.ready()
        busy.change("Deployment", "web", lambda value: value["spec"].update(replicas=4), "keda")
        busy.edit("elected", leader="me")
        busy.change("Deployment", "web", rolled_out, "deployment-controller")
        busy.edit("alice", mode="evil")
        running.wait(lambda: reverted(running), "alice's edit was not put back")
        synced(busy, mode="b")
        running.wait(lambda: running.events("git")[-1]["commit"] == busy.commit, "the new commit was not read")
        busy.edit("alice", mode="evil again")
        running.wait(lambda: reverted(running) > 1, "alice's second edit was not put back")
        synced(busy, mode="c", more="d")
        running.wait(lambda: running.events("git")[-1]["commit"] == busy.commit, "the new commit was not read")
        busy.change("Deployment", "web", lambda value: value["spec"].update(minReadySeconds=9))
        running.wait(lambda: reverted(running) > 2, "alice's third edit was not put back")
        assert running.stop() == 0
        running.start().ready()
        busy.edit("alice", mode="evil")
        running.wait(lambda: reverted(running) > 3, "alice's fourth edit was not put back")
        running.wait(lambda: len(running.events("drift")) == 6, "nothing was said of what nobody knows any more who did it")
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
    told = [
        (one["object"]["name"], one["actor"]["name"], one["decision"], [change["path"] for change in one["changes"]]) for one in running.incidents()
    ]
    mode, web = ("mode", "alice", "reverted", ["/data/mode"]), ("web", "alice", "reverted", ["/spec/minReadySeconds"])
    assert [one for one in told if one[2] == "reverted"] == [mode, mode, web, mode]
    # After a restart nobody knows any more who that was: it is not put back, and said.
    assert sorted((name, paths) for name, _, decision, paths in told if decision == "logged") == [
        ("mode", ["/data/leader"]),
        ("web", ["/spec/replicas"]),
    ]
    assert busy.live("Deployment", "web")["spec"]["replicas"] == 4
    assert busy.live("ConfigMap", "mode")["data"] == {"mode": "c", "more": "d", "leader": "me"}


def test_argo_cds_part_of_what_is_not_synced_yet_is_left_beside_somebodys_edit(busy: World, tmp_path: Path) -> None:
    busy.deploy()
    running = Watch(busy.api, busy.repository, tmp_path)  # type: ignore[arg-type]
    try:
        running.ready()
        # A newer version is there already, and Argo CD has not told yet that it has synced it.
        busy.repository.commit({"web/all.yaml": yaml.safe_dump_all([deployment("web"), settings("mode", mode="b", more="d")])})
        running.wait(lambda: len(running.events("git")) > 1, "the new commit was not read")
        busy.edit(CONTROLLER, mode="b", more="d")
        busy.edit("alice", hers="evil")
        running.wait(lambda: reverted(running), "alice's edit was not put back")
        running.wait(lambda: busy.live("ConfigMap", "mode")["data"] == {"mode": "b", "more": "d"}, "something else is there")
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
    (told,) = running.incidents()
    assert (told["actor"]["name"], [change["path"] for change in told["changes"]]) == ("alice", ["/data/hers"])
