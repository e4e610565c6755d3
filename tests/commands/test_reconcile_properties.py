"""What holds whatever is done to a cluster: after one pass git's word is back, nothing else was touched, and every write was announced."""

import json
import threading
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitguard.commands.options import Options
from gitguard.commands.reconcile import Asked, run
from tests.commands.world import World
from tests.lab.objects import settings as config_map

USER = "system:serviceaccount:gitguard:gitguard"
VALUES = st.one_of(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6), st.just("a"))
KEYS = st.sampled_from(["mode", "more", "a.b", "x_y"])
CONTAINERS = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from(["web", "spy", "log"]), "image": st.sampled_from(["web", "evil"])}),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one["name"],
)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("data"), st.dictionaries(KEYS, VALUES, max_size=3)),
        st.tuples(st.just("containers"), CONTAINERS),
        st.tuples(st.just("labels"), st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"]), max_size=2)),
        st.tuples(st.just("roles"), st.lists(st.fixed_dictionaries({"name": st.sampled_from(["x", "y"])}), max_size=2, unique_by=lambda one: one["name"])),
        st.tuples(st.just("extra"), st.dictionaries(KEYS, VALUES, max_size=2)),
        st.tuples(st.just("delete"), st.none()),
    ),
    max_size=5,
)  # fmt: skip


def edit(world: World, what: str, value: Any) -> None:
    if what == "data":
        world.change("ConfigMap", "mode", lambda live: live.update(data=value))
    elif what == "containers":
        world.change("Deployment", "web", lambda live: live["spec"]["template"]["spec"].update(containers=value))
    elif what == "labels":
        world.change("Deployment", "web", lambda live: live["metadata"].update(labels=value), "bob")
    elif what == "roles":
        world.change("AppProject", "team", lambda live: live["spec"].update(roles=value), "bob", "argocd")
    elif what == "extra":
        world.api.apply(config_map("extra", **value), "alice")
    elif world.live("ConfigMap", "mode") is not None:
        world.delete("alice")


def spec(live: Any) -> Any:
    """What of an object is anybody's word; a project's empty list of roles is none."""
    live = {**live, "spec": {name: part for name, part in live["spec"].items() if part != []}} if "spec" in live else live
    metadata = {name: live["metadata"][name] for name in ("labels",) if live["metadata"].get(name)}
    return {**{name: part for name, part in live.items() if name not in ("metadata", "status")}, "metadata": metadata}


def states(world: World) -> list[Any]:
    return [spec(world.live(*one)) for one in (("ConfigMap", "mode"), ("Deployment", "web"), ("AppProject", "team", "argocd"))]


def looked(world: World) -> list[Any]:
    """What one pass in mode enforce finds."""
    asked = Asked(
        str(world.repository.path), kubeconfig=world.api.kubeconfig("gitguard"), ledger=str(world.folder / "ledger"), enforce=True, once=True,
        audit_log=str(world.api.audit_log),
    )  # fmt: skip
    done = run(asked, Options(world.repository.environment, format="json"), threading.Event())
    return json.loads(done.text)["drift"]


def entries(world: World) -> list[Any]:
    done = world.repository.gitguard("audit", "export", "--ledger", str(world.folder / "ledger"))
    return [json.loads(line)["entry"] for line in done.out.splitlines()]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EDITS)
def test_git_s_word_is_back_and_nothing_else_is_touched(world: World, edits: list[Any]) -> None:
    if not world.commit:
        world.deploy(cap=None)
        assert looked(world) == []
    before = states(world)
    for what, value in edits:
        if what == "delete" or not (what == "data" and world.live("ConfigMap", "mode") is None):
            edit(world, what, value)
    extra = world.live("ConfigMap", "extra")
    found = looked(world)
    assert all(one["result"] == "reverted" for one in found)
    assert states(world) == before
    # What git does not manage is as it was, to the version.
    assert world.live("ConfigMap", "extra") == extra
    # After the reverts nothing is left to revert.
    assert looked(world) == []


def test_every_write_was_announced_and_the_ledger_is_intact(world: World) -> None:
    world.deploy(cap=None)
    for count in range(5):
        world.edit(mode=str(count))
        looked(world)
    intents = {one["id"] for one in entries(world) if one["kind"] == "intent"}
    events = [json.loads(line) for line in world.api.audit_log.read_text().splitlines()]
    wrote = [one for one in events if one["user"]["username"] == USER and "dryRun" not in one["requestURI"] and one["verb"] != "get"]
    assert len(intents) == 5
    assert {one["auditID"].removeprefix("gitguard-") for one in wrote if one["objectRef"]["resource"] == "configmaps"} == intents
    assert world.repository.gitguard("audit", "verify", "--ledger", str(world.folder / "ledger")).code == 0
