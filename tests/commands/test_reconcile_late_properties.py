"""What holds however late a watch is: of every value that somebody wrote one incident tells, and git's word is back at the end."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.edges.embedded import embedded
from tests.commands.conftest import BUSY
from tests.commands.late import late
from tests.commands.world import CONTROLLER, World
from tests.conftest import Repository
from tests.lab.objects import deployment
from tests.lab.objects import settings as config_map
from tests.lab.watch import Watch

MAPS = 6
# What happens to one of the maps, by whom; or a new commit, by which all of them are fetched; or to the way there.
STEP = st.one_of(
    st.tuples(st.integers(0, MAPS - 1), st.sampled_from(["mode", "free"]), st.sampled_from(["alice", "bob"])),
    st.tuples(st.integers(0, MAPS - 1), st.sampled_from(["delete", "again"]), st.sampled_from(["alice", "bob"])),
    st.tuples(st.integers(0, MAPS - 1), st.just("right"), st.just(CONTROLLER)),
    st.tuples(st.just(0), st.sampled_from(["look", "release", "hold", "cut", "mend"]), st.just("")),
)


class Maps(World):
    """A world with some ConfigMaps."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.commits = self.values = 0

    def maps(self) -> list[dict[str, Any]]:
        return [config_map(f"map-{number}", mode="a", commit=str(self.commits)) for number in range(MAPS)]

    def look(self, running: Watch | None) -> None:
        """A new commit, of which Argo CD says that it is synced."""
        self.commits += 1
        self.commit = self.repository.commit({"web/all.yaml": yaml.safe_dump_all([deployment("web"), *self.maps()])})
        self.synced(next(yaml.safe_load_all((self.repository.path / "argocd/app.yaml").read_text())))
        if running is not None:
            running.wait(lambda: running.events("git")[-1]["commit"] == self.commit, "the new commit was not read")

    def step(self, number: int, what: str, user: str) -> None:
        name = f"map-{number}"
        live = self.live("ConfigMap", name)
        if what in ("mode", "free") and live is not None:
            self.values += 1
            self.change("ConfigMap", name, lambda value: value["data"].update({what: f"v{self.values}"}), user)
        elif what == "delete" and live is not None:
            self.delete(user, name)
        elif (what == "again" and live is None) or (what == "right" and live is not None):
            self.api.apply(self.maps()[number], CONTROLLER)

    def is_back(self) -> bool:
        return all((self.live("ConfigMap", one["metadata"]["name"]) or {}).get("data") == one["data"] for one in self.maps())


@settings(max_examples=4, deadline=None)
@given(st.lists(STEP, min_size=8, max_size=30))
def test_every_value_is_told_once(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str, str]]) -> None:
    folder: Path = tmp_path_factory.mktemp("late")
    (folder / "busy").mkdir()
    with embedded(folder / "busy", BUSY) as api:
        world = Maps(api, Repository(folder / "config", folder / "home"), folder)
        world.deploy(cap=None)
        world.look(None)
        for one in world.maps():
            api.apply(one, CONTROLLER)
        with late(api, folder, "configmaps") as way:
            running = Watch(way, world.repository, folder)  # type: ignore[arg-type]
            try:
                running.ready()
                way.wire.hold()
                for number, what, user in steps:
                    if what == "look":
                        world.look(running)
                    elif what in ("release", "hold"):
                        getattr(way.wire, what)()
                    elif what in ("cut", "mend"):
                        way.wire.cuts_off = b"dryRun=All" if what == "cut" else b""
                    else:
                        world.step(number, what, user)
                way.wire.release()
                way.wire.cuts_off = b""
                running.wait(world.is_back, "git's word is not back")
                for number in range(MAPS):
                    world.change("ConfigMap", f"map-{number}", lambda value: value["data"].update(last="last"), "alice")
                running.wait(world.is_back, "the last edits are not put back")
                running.wait(lambda: len(running.events("act")) >= MAPS, "they were not told")
                assert running.stop() == 0
            finally:
                if running.process.poll() is None:
                    running.kill()
            running.verified()
            entries = running.entries()
            assert set(values(entries)) == {f"v{number}" for number in range(1, world.values + 1)}
            # Where somebody writes to the object before it is put back, what is left of it is found again.
            overtaken = {one["incident"] for one in entries if one["kind"] == "outcome" and one["result"] == "superseded"}
            assert set(values(one for one in entries if one.get("id") not in overtaken).values()) <= {1}
            gone = [one for one in entries if one["kind"] == "drift" and one["action"] == "delete"]
            assert all(one["actor"]["name"] in ("alice", "bob") for one in gone)


def values(entries: Iterable[Any]) -> Counter[str]:
    """In how many incidents each value is."""
    changes = {one["id"]: one["changes"] for one in entries if one["kind"] == "drift"}
    return Counter(change["live"] for some in changes.values() for change in some if str(change.get("live")).startswith("v"))
