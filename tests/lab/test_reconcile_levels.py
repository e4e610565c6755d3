"""The watch with no more rights than `deploy/` gives it at each level."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.lab.argocd import application
from tests.lab.controlplane import ControlPlane, wait_for
from tests.lab.levels import DEPLOY, built, level
from tests.lab.objects import deployment
from tests.oracle import beds

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]


@pytest.fixture(scope="module")
def stage(plane: ControlPlane) -> ControlPlane:
    """A control plane with Argo CD's kinds."""
    crds = beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"
    for name in ("application", "appproject", "applicationset"):
        plane.kubectl("apply", "--server-side", "-f", str(crds / f"{name}-crd.yaml"))
        kind = f"{name}s"
        wait_for(lambda kind=kind: kind in plane.kubectl("api-resources", "--api-group=argoproj.io", "--cached=false"), plane.apiserver, kind)
    return plane


@pytest.fixture
def world(stage: ControlPlane, config: Repository) -> Iterator["World"]:
    made = World(stage, config)
    yield made
    stage.kubectl("delete", "deployment", "web", "-n", "shop")


class World:
    """A Deployment that git has, and that alice gives another image and a second container."""

    def __init__(self, plane: ControlPlane, config: Repository) -> None:
        self.plane, self.config = plane, config
        app = application("web", config.path, "web", plane)
        app["spec"]["project"] = "default"
        files = {"argocd/app.yaml": yaml.safe_dump(app), "web/web.yaml": yaml.safe_dump(deployment("web")), ".gitguard.yaml": "roots: [argocd]\n"}
        commit = config.commit(files)
        plane.apply(deployment("web"), {**app, "status": {"sync": {"status": "Synced", "revision": commit, "comparedTo": {"source": app["spec"]["source"], "destination": app["spec"]["destination"]}}}})  # fmt: skip
        patch = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "evil"}, {"name": "spy", "image": "spy"}]}}}}
        plane.kubectl("patch", "deployment", "web", "-n", "shop", "-p", json.dumps(patch), user="alice")

    def containers(self) -> list[str]:
        return sorted(one["image"] for one in self.plane.get("deployment", "web", "shop")["spec"]["template"]["spec"]["containers"])

    def look(self, mode: str, ledger: Path) -> list[Any]:
        done = self.config.gitguard(
            "reconcile", "--once", "--mode", mode, "--repo", str(self.config.path), "--kubeconfig", str(self.plane.kubeconfig("gitguard")),
            "--ledger", str(ledger), "--audit-log", str(self.plane.audit_log), "--format", "json",
        )  # fmt: skip
        assert done.code == 1, done.err + done.out
        return json.loads(done.out)["drift"]


def paths(drift: Any) -> list[str]:
    return sorted(change["path"].removeprefix("/spec/template/spec/containers") for change in drift["changes"])


def test_observing_sees_everything_and_can_write_nothing(world: World, tmp_path: Path) -> None:
    with level(world.plane, built(DEPLOY / "observe")):
        (drift,) = world.look("observe", tmp_path / "ledger")
        assert (drift["decision"], len(paths(drift))) == ("observed", 2)
        # Even if it is told to.
        (drift,) = world.look("enforce", tmp_path / "other")
        assert (drift["decision"], drift["result"]) == ("revert", "failed")
    assert world.containers() == ["evil", "spy"]


def test_reading_alone_sees_what_git_names(world: World, tmp_path: Path) -> None:
    with level(world.plane, built(DEPLOY / "observe-readonly")):
        (drift,) = world.look("observe", tmp_path / "ledger")
        assert [path.endswith("/image") for path in paths(drift)] == [True]
        assert "by structure" in drift["reason"]
    assert world.containers() == ["evil", "spy"]


def test_enforcing_puts_it_back(world: World, tmp_path: Path) -> None:
    with level(world.plane, built(DEPLOY / "enforce")):
        (drift,) = world.look("enforce", tmp_path / "ledger")
        assert (drift["decision"], drift["result"], drift["actor"]["name"]) == ("revert", "reverted", "alice")
    assert world.containers() == ["web"]
