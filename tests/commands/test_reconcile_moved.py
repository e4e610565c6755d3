"""What differs because git has moved on is nobody's doing: whoever wrote the object last is not blamed, and whoever applies git's word has time for it."""

from pathlib import Path
from typing import Any

import yaml

from tests.commands.world import CONTROLLER, PROJECT, World
from tests.lab.objects import deployment, settings
from tests.lab.watch import Watch


def described(text: str) -> dict[str, Any]:
    return {**PROJECT, "spec": {**PROJECT["spec"], "description": text}}


def test_a_new_word_after_somebodys_edit_is_left_to_who_applies_it(world: World, tmp_path: Path) -> None:
    world.deploy(grace=60)
    running = Watch(world.api, world.repository, tmp_path)  # type: ignore[arg-type]
    try:
        running.ready()
        world.change("AppProject", "team", lambda value: value["spec"].update(sourceNamespaces=["mine"]), namespace="argocd")
        running.wait(lambda: len(running.events("act")) == 1, "alice's edit was not put back")
        app = next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text()))
        world.repository.commit({"argocd/app.yaml": yaml.safe_dump_all([app, described("new")])})
        running.wait(lambda: len(running.events("git")) >= 2, "the new commit was not read")
        # Both were settled by then, or neither.
        world.edit(mode="evil")
        running.wait(lambda: len(running.events("act")) >= 2, "her second edit was not put back")
        world.api.apply(described("new"), CONTROLLER)
        running.wait(lambda: running.events("returned")[-1]["object"] == "AppProject argocd/team", "what was applied was not seen")
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
    assert [(one["object"]["name"], one["actor"]["name"]) for one in running.incidents()] == [("team", "alice"), ("mode", "alice")]
    assert world.live("AppProject", "team", "argocd")["spec"]["description"] == "new"


def test_what_argo_cd_brings_before_the_commit_was_read_is_not_put_back(world: World, tmp_path: Path) -> None:
    world.deploy()
    running = Watch(world.api, world.repository, tmp_path)  # type: ignore[arg-type]
    try:
        running.ready()
        # Git is read every few seconds; this is faster than that.
        new = [deployment("web"), settings("mode", mode="b")]
        world.commit = world.repository.commit({"web/all.yaml": yaml.safe_dump_all(new)})
        world.api.apply(new[1], CONTROLLER)
        running.wait(lambda: len(running.events("git")) >= 2, "the new commit was not read")
        world.synced(next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text())))
        running.wait(lambda: len(running.events("git")) >= 3, "what was synced was not taken in")
        world.change("Deployment", "web", lambda value: value["spec"]["template"]["spec"].update(hostNetwork=True))
        running.wait(lambda: running.events("act"), "alice's edit was not put back")
        assert running.stop() == 0
    finally:
        if running.process.poll() is None:
            running.kill()
    assert [(one["object"]["name"], one["actor"]["name"]) for one in running.incidents()] == [("web", "alice")]
    assert world.live("ConfigMap", "mode")["data"] == {"mode": "b"}
