"""A watch of many objects: it is ready when it has all of them, and takes in an audit that is longer than what it holds at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.commands.world import CONTROLLER, World
from tests.lab.objects import settings
from tests.lab.watch import Watch

MANY = 1_500


@contextmanager
def watching(world: World, folder: Path) -> Iterator[Watch]:
    made = Watch(world.api, world.repository, folder, mode="enforce")
    try:
        yield made.ready()
    finally:
        made.kill()


def test_it_is_ready_when_everything_is_listed(world: World, tmp_path: Path) -> None:
    world.deploy()
    objects = [settings(f"many-{number}", mode="a") for number in range(MANY)]
    world.commit = world.repository.commit({"web/many.yaml": yaml.safe_dump_all(objects)})
    for one in objects:
        world.api.apply(one, CONTROLLER)
    app = next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text()))
    world.synced(app)
    with watching(world, tmp_path) as running:
        (ready,) = running.events("ready")
        assert ready["objects"] >= MANY


def test_an_audit_longer_than_what_is_held_at_once_tells_of_its_last_line(world: World, tmp_path: Path) -> None:
    world.deploy()
    for number in range(MANY):
        world.api.apply(settings("theirs", count=str(number)), "bob")
    with watching(world, tmp_path) as running:
        world.edit(mode="evil")
        running.wait(lambda: running.events("act"), "nothing was done")
        assert [(one["actor"], one["fields"]) for one in running.events("drift")] == [("alice", "/data/mode")]
