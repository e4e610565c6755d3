"""The watch on a real control plane: what did not come from git is found, laid at the right door, and put back."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, application
from tests.lab.controlplane import ControlPlane
from tests.lab.objects import deployment
from tests.lab.test_lab import eventually
from tests.lab.watch import watch

pytestmark = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]


def image(plane: ControlPlane, name: str) -> Any:
    return [one["image"] for one in plane.get("deployment", name, "shop")["spec"]["template"]["spec"]["containers"]]


def test_an_image_that_somebody_changes_by_hand_is_put_back(plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path) -> None:
    git = deployment("web")
    app = application("web", config.path, "web", plane)
    commit = config.commit({"argocd/app.yaml": yaml.safe_dump(app), "web/web.yaml": yaml.safe_dump(git), ".gitguard.yaml": "roots: [argocd]\n"})
    plane.apply(app)
    assert eventually(lambda: argo.synced("web"))
    before = image(plane, "web")
    with watch(plane, config, tmp_path) as running:
        container = git["spec"]["template"]["spec"]["containers"][0]["name"]
        plane.kubectl("set", "image", "deployment/web", f"{container}=evil:1", "-n", "shop", user="alice")
        running.wait(lambda: running.events("act"), "nothing was done")
        assert image(plane, "web") == before
        (incident,) = running.incidents("web")
        actor = incident["actor"]
        assert (actor["name"], actor["kind"], actor["via"], actor["confidence"]) == ("alice", "human", "kubectl", "authenticated")
        assert [(one["path"], one["class"], one["live"]) for one in incident["changes"]] == [
            ("/spec/template/spec/containers/0/image", "changed", "evil:1")
        ]
        assert (incident["decision"], incident["action"], incident["severity"]) == ("reverted", "update", "high")
        assert incident["git"] == {"commit": commit, "path": "web/web.yaml"}
        assert running.stop() == 0
        running.verified()
