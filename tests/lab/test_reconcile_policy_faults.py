"""The watch among others who write, and in the face of what people may write: nobody makes it fight, stop, or tell a secret."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.lab.controlplane import ControlPlane
from tests.lab.faults import POLICY, Edit, Person, Scene, acts, holds, scene, writes
from tests.lab.objects import deployment, settings
from tests.lab.watch import Watch, watch

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("faults-policy")]


def policy(**more: Any) -> str:
    return yaml.safe_dump({"roots": ["argocd"], "reconcile": {"grace": 1, **more}})


def decided(running: Watch) -> list[tuple[str, str]]:
    return sorted((one["object"]["name"], one["decision"]) for one in running.incidents())


def test_two_watches_do_not_fight(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "twice")
    alice = Person(kinds, "alice")
    (tmp_path / "other").mkdir()
    with watch(kinds, config, tmp_path) as running, watch(kinds, config, tmp_path / "other") as other:
        edits = [alice.edit(one, **{"description" if "spec" in one else "mode": "twice"}) for one in made.objects]
        running.wait(made.is_back, "not everything was put back")
        # Whichever comes first puts a change back; the other tells of it all the same.
        for one in (running, other):
            one.wait(lambda one=one: len(one.incidents()) == len(edits), "not everything was told")
            assert one.stop() == 0
            one.verified()
        told = [*running.incidents(), *other.incidents()]
        assert len(acts(made)) == len(edits)
        assert sorted(one["object"]["name"] for one in told if one["decision"] == "reverted") == sorted(edit.name for edit in edits)
        assert {one["decision"] for one in told} <= {"reverted", "logged"}
        assert {one["actor"]["name"] for one in told} == {"alice"}


def test_a_controller_that_writes_without_end(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "fight")
    bob, over = Person(kinds, "bob"), threading.Event()

    def insist() -> None:
        number = 0
        while not over.wait(0.05):
            bob.edit(made.projects[0], description=f"mine {number}")
            number += 1

    with watch(kinds, config, tmp_path) as running:
        other = threading.Thread(target=insist)
        other.start()
        try:
            running.wait(lambda: [one for one in running.events("fight") if "bob" in one["reason"]], "no fight was told of")
            time.sleep(15)
        finally:
            over.set()
            other.join()
        counted = len(acts(made))
        mine = len(writes(made)) - counted
        assert counted <= 20, f"{counted} reverts of {mine} writes"
        edits = [Person(kinds, "alice").edit(made.projects[1], description="another")]
        running.wait(made.is_back, "it was not put back in the end", 120)
        assert running.stop() == 0
        holds(running, made, edits)
        (alert,) = [one for one in running.entries() if one["kind"] == "alert"]
        assert "is written again each time" in alert["reason"]


def test_more_than_the_cap_waits_for_a_word_in_git(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "cap", projects=10, policy=policy(cap=3))
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        edits = [alice.edit(one, description="all at once") for one in made.projects]
        running.wait(lambda: len({one["incident"] for one in running.events("drift")}) == 10, "not everything was told")
        (alert,) = [one["reason"] for one in running.entries() if one["kind"] == "alert"]
        confirm = alert.partition("confirm: ")[2].partition("`")[0]
        assert len(acts(made)) == 3
        assert sorted(decision for _, decision in decided(running)) == ["logged"] * 7 + ["reverted"] * 3
        made.commit(policy(cap=3, confirm=confirm))
        running.wait(made.is_back, "the rest was not put back")
        # What was confirmed was that, and nothing to come.
        edits += [alice.edit(one, description="and again") for one in made.projects]
        running.wait(lambda: len([one for one in running.entries() if one["kind"] == "alert"]) == 2, "there was no second alert")
        made.commit(policy(cap=100, confirm=confirm))
        running.wait(made.is_back, "a higher cap changed nothing")
        assert running.stop() == 0
        holds(running, made, edits)
        assert {decision for _, decision in decided(running)} == {"reverted"}


def test_an_exception_that_ends(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "until")
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        until = (datetime.now(UTC) + timedelta(seconds=10)).replace(microsecond=0)
        exception = {"object": "AppProject/argocd/until-0", "reason": "an incident", "ticket": "OPS-1", "until": until.isoformat()}
        commit = made.commit(policy(exceptions=[exception]))
        running.wait(lambda: running.events("git")[-1]["commit"] == commit, "the exception was not read")
        edits = [alice.edit(made.projects[0], description="for a while")]
        running.wait(lambda: running.events("drift"), "it was not told")
        assert [decision for _, decision in decided(running)] == ["excepted"]
        running.wait(made.is_back, "the exception never ended")
        assert datetime.now(UTC) >= until
        assert running.stop() == 0
        holds(running, made, edits)
        assert [decision for _, decision in decided(running)] == ["reverted"]


def test_only_who_may_may(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    allowed = {"kind": "AppProject", "path": "/spec/description", "writer": "bob"}
    made = scene(kinds, config, "allow", policy=policy(allow=[allowed]))
    with watch(kinds, config, tmp_path) as running:
        Person(kinds, "bob").edit(made.projects[0], description="bob's")
        edits = [
            Person(kinds, "alice").edit(made.projects[1], description="alice's"),
            Person(kinds, "bob").edit(made.projects[2], roles=[{"name": "x"}]),
        ]
        running.wait(lambda: len(acts(made)) == 2, "not everything was put back")
        assert running.stop() == 0
        assert Person(kinds, "admin").get(made.projects[0])["spec"]["description"] == "bob's"
        assert decided(running) == [("allow-1", "reverted"), ("allow-2", "reverted")]
        Person(kinds, "admin").edit(made.projects[0], description="git")
        holds(running, made, edits)


def test_secrets_are_nowhere(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "secret")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "shop"}, "stringData": {"key": "from-git"}}
    text = settings("text", **{"app.properties": "mode=git\npassword=from-git\n"})
    kinds.apply(secret, text)
    made.commit(POLICY, **{"maps/more.yaml": yaml.safe_dump_all([secret, text])})
    alice, value = Person(kinds, "alice"), "hunter2hunter2"
    with watch(kinds, config, tmp_path, "--verbose") as running:
        assert alice.patch(secret, {"stringData": {"key": value, "more": value}})[0] == 200
        assert alice.patch(text, {"data": {"app.properties": f"mode=git\npassword={value}\n", "DB_PASSWORD": value}})[0] == 200
        env = {"helm": {"parameters": [{"name": "db.password", "value": value}]}}
        assert alice.patch(made.app, {"spec": {"source": env}})[0] == 200
        running.wait(lambda: len([one for one in running.events("act") if one["result"] == "reverted"]) >= 3, "not everything was put back")
        assert running.stop() == 0
        holds(running, made)
    places = [*tmp_path.glob("ledger*/**/*"), *(tmp_path / "home").rglob("*"), running.log, *tmp_path.glob("ledger.*")]
    files = [file for file in places if file.is_file()]
    assert len(files) > 10
    # In base64, too, as Secrets have it.
    for hidden in (value.encode(), b"aHVudGVyMmh1bnRlcjI"):
        assert [str(file) for file in files if hidden in file.read_bytes()] == []


HOSTILE = {
    "control characters": {"description": 'a\x1b[2J\x07\u202e"}\n{"event": "act"}\x7f'},
    "names of fields": {"namespaceResourceBlacklist": [{"group": "~1/~0\u2028", "kind": "\u0000 ../../etc"}]},
    "much at once": {"sourceRepos": [f"https://example.com/{number}" for number in range(20_000)]},
    "many fields": {"roles": [{"name": f"role-{number}", "description": "x" * 1900} for number in range(150)]},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_people_may_write_into_a_project(kinds: ControlPlane, config: Repository, tmp_path: Path, what: str) -> None:
    label = what.replace(" ", "-")
    made = scene(kinds, config, label, maps=0)
    assert Person(kinds, "alice").patch(made.projects[0], {"spec": HOSTILE[what]})[0] == 200
    goes_on(kinds, config, tmp_path, made)


def test_values_that_nobody_expects(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "values", maps=1)
    deep: Any = "bottom"
    for _ in range(100):
        deep = {"d": deep}
    odd = {"n": 2**60 + 1, "f": 1e300, "g": 2.0**55, "deep": deep, "": "", "a/b~c\u0000": "x", "k" * 70_000: "long", "t": "\U0001f4a3"}
    assert Person(kinds, "alice").patch(made.app, {"spec": {"source": {"helm": {"valuesObject": odd}}}})[0] == 200
    goes_on(kinds, config, tmp_path, made)


def test_objects_that_are_large(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "large", maps=1)
    large, web = settings("large", text="x" * 900_000), deployment("web-large")
    wide = settings("wide", **{f"key-{number}": "v" * 1900 for number in range(400)})
    kinds.apply(large, wide, web)
    made.commit(POLICY, **{"maps/more.yaml": yaml.safe_dump_all([large, wide, web])})
    alice = Person(kinds, "alice")
    assert alice.patch(large, {"data": {"text": "y" * 900_000}})[0] == 200
    assert alice.patch(wide, {"data": {f"key-{number}": "w" * 1900 for number in range(400)}})[0] == 200
    env = [{"name": f"E{number}", "value": "x"} for number in range(10_000)]
    container = {"name": "web", "image": "web", "env": env}
    assert alice.patch(web, {"spec": {"template": {"spec": {"containers": [container]}}}})[0] == 200
    goes_on(kinds, config, tmp_path, made, reverts=3)
    assert Person(kinds, "admin").get(large)["data"] == large["data"]
    assert Person(kinds, "admin").get(wide)["data"] == wide["data"]
    assert "env" not in Person(kinds, "admin").get(web)["spec"]["template"]["spec"]["containers"][0]


def goes_on(plane: ControlPlane, config: Repository, folder: Path, made: Scene, reverts: int = 1) -> None:
    """What was written before the watch began is put back, and so is what comes after it."""
    with watch(plane, config, folder) as running:
        running.wait(lambda: len([one for one in running.events("act") if one["result"] == "reverted"]) >= reverts, "it was not put back")
        after: Edit = Person(plane, "alice").edit(made.projects[1], description="and on")
        running.wait(made.is_back, "the watch does not go on")
        assert running.stop() == 0
        holds(running, made, [after])
        assert all(line.startswith("{") for line in running.log.read_text().splitlines())
        assert running.gitguard("report").returncode == 1
