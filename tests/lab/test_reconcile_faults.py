"""The watch while the cluster fails it: whatever breaks, every change is told, each is put back once, and never before the ledger knows of it."""

import signal
import time
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.lab.controlplane import ControlPlane
from tests.lab.faults import Person, acts, holds, scene, wired
from tests.lab.test_lab import eventually
from tests.lab.watch import watch

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("faults-cluster")]


def test_an_api_server_that_is_killed_and_comes_back(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "killed")
    alice, bob = Person(kinds, "alice"), Person(kinds, "bob")
    with watch(kinds, config, tmp_path) as running:
        edits = [alice.edit(made.projects[0], description="before"), bob.edit(made.maps[0], mode="before")]
        kinds.apiserver.restart()
        kinds.ready()
        edits += [Person(kinds, "alice").edit(made.projects[1], description="after"), Person(kinds, "bob").edit(made.maps[1], mode="after")]
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)
        assert {one["actor"]["name"] for one in running.incidents()} == {"alice", "bob"}
        assert any("could not be watched" in gap["why"] for gap in running.report()["coverage"]["gaps"])


def test_an_api_server_that_is_away_while_the_watch_starts_again(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "away")
    with watch(kinds, config, tmp_path) as running:
        running.kill()
        edits = [Person(kinds, "alice").edit(made.projects[0], description="meanwhile")]
        kinds.apiserver.stop(kill=True)
        running.start()
        assert running.process.wait(60) == 3
        assert "can't be reached" in running.log.read_text().splitlines()[-2]
        kinds.apiserver.restart()
        kinds.ready()
        running.start()
        running.wait(made.is_back, "it was not put back")
        assert running.stop() == 0
        holds(running, made, edits)


def test_a_store_that_hangs_for_some_seconds(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "store")
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        edits = [alice.edit(made.projects[0], description="at once"), alice.edit(made.maps[0], mode="at once")]
        kinds.etcd.signal(signal.SIGSTOP)
        try:
            time.sleep(6)
        finally:
            kinds.etcd.signal(signal.SIGCONT)
        edits += [alice.edit(made.projects[1], description="later"), alice.edit(made.maps[1], mode="later")]
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)


def test_versions_that_the_store_has_forgotten_while_the_watch_slept(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "expired")
    alice, bob = Person(kinds, "alice"), Person(kinds, "bob")
    with wired(kinds, tmp_path / "wire") as (wire, plane), watch(plane, config, tmp_path) as running:
        running.process.send_signal(signal.SIGSTOP)
        wire.cut()
        edits = [alice.edit(made.projects[0], description="slept"), bob.edit(made.maps[0], mode="slept")]
        alice.delete(made.maps[1])
        kinds.compact()
        kinds.apiserver.restart()
        kinds.ready()
        kinds.compact()
        wire.mend()
        running.process.send_signal(signal.SIGCONT)
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)
        gone = [one for one in running.incidents() if one["action"] == "delete"]
        assert [(one["object"]["name"], one["actor"]["name"], one["decision"]) for one in gone] == [("expired-map-1", "alice", "reverted")]


def test_connections_that_break_again_and_again(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "broken")
    alice = Person(kinds, "alice")
    edits = []
    with wired(kinds, tmp_path / "wire") as (wire, plane), watch(plane, config, tmp_path) as running:
        for number in range(6):
            edits.append(alice.edit(made.objects[number], **{"description" if number < 3 else "mode": f"cut {number}"}))
            time.sleep(0.013 * number)
            wire.cut()
            time.sleep(0.2)
            wire.mend()
        running.wait(made.is_back, "not everything was put back", 90)
        assert running.stop() == 0
        holds(running, made, edits)
        assert len(acts(made)) == len(edits)


@pytest.mark.parametrize("away", [0.0, 0.5])
def test_an_answer_that_is_lost(kinds: ControlPlane, config: Repository, tmp_path: Path, away: float) -> None:
    made = scene(kinds, config, f"lost-{away:g}".replace(".", "-"))
    with wired(kinds, tmp_path / "wire") as (wire, plane), watch(plane, config, tmp_path) as running:
        wire.delay = 0.5
        edits = [Person(kinds, "alice").edit(made.projects[0], description="by hand")]
        running.wait(lambda: acts(made), "nothing was done")
        wire.delay = 0.0
        wire.cut()
        # What is asked next is lost, too.
        time.sleep(away)
        wire.mend()
        running.wait(lambda: running.events("act"), "it was not told how it ended")
        assert running.stop() == 0
        holds(running, made, edits)
        (incident,) = running.incidents()
        assert incident["decision"] == "reverted"


def test_a_network_that_is_slow(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "slow")
    alice = Person(kinds, "alice")
    with wired(kinds, tmp_path / "wire") as (wire, plane), watch(plane, config, tmp_path) as running:
        wire.delay = 0.4
        edits = [alice.edit(made.projects[0], description="slow"), alice.edit(made.maps[0], mode="slow")]
        # A second hand is quicker than the answer to the first.
        time.sleep(0.6)
        edits += [alice.edit(made.projects[0], sourceNamespaces=["kube-system"])]
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)


def test_a_network_that_swallows_everything(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "hole")
    alice = Person(kinds, "alice")
    with wired(kinds, tmp_path / "wire") as (wire, plane), watch(plane, config, tmp_path) as running:
        wire.swallow()
        edits = [alice.edit(made.projects[0], description="unheard"), alice.edit(made.maps[0], mode="unheard")]
        time.sleep(2)
        wire.mend()
        edits += [alice.edit(made.projects[1], description="heard"), alice.edit(made.maps[1], mode="heard")]
        assert eventually(made.is_back, 150)
        assert running.stop() == 0
        holds(running, made, edits)
