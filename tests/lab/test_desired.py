"""Git's word beside a real Argo CD: by the revision that it synced, by the newest commit for its own objects, and what is only behind."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.commands.desiring import Desiring
from gitguard.commands.options import Options
from gitguard.edges.checkout import Checkout
from gitguard.model.argo import Cluster
from gitguard.model.desired import Watched
from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.comparison import compared, proposed
from gitguard.reconciler.desired import ignored, is_behind, synced
from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, application
from tests.lab.controlplane import ControlPlane
from tests.lab.test_lab import eventually

pytestmark = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]

SETTINGS, HOOK = ObjectKey("", "ConfigMap", "shop", "mode"), ObjectKey("", "ConfigMap", "shop", "before")
PROJECT = ObjectKey("argoproj.io", "AppProject", "argocd", "shop")


def config_map(name: str, annotations: Mapping[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "annotations": dict(annotations or {})}, "data": data}


def project(**spec: Any) -> dict[str, Any]:
    allowed = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "shop", "namespace": "argocd"}, "spec": allowed}


def manual(name: str, repository: Path, plane: ControlPlane, server: str = "") -> dict[str, Any]:
    """An Application that syncs when it is told to."""
    made = application(name, repository, "web", plane)
    del made["spec"]["syncPolicy"]
    made["spec"]["project"] = "shop"
    made["spec"]["destination"]["server"] = server or plane.url
    made["spec"]["ignoreDifferences"] = [{"kind": "ConfigMap", "jsonPointers": ["/data/theirs"]}]
    return made


class Side:
    """Git's side, and how the live objects look from it."""

    def __init__(self, plane: ControlPlane, config: Repository, tmp_path: Path) -> None:
        self.plane = plane
        self.config = config
        self.checkout = Checkout(str(config.path), "main", tmp_path / "clone", config.environment)
        watched = Watched(frozenset({"lab"}), frozenset({plane.url}), (Cluster(plane.url, "lab"), Cluster("https://far.example", "far")))
        self.checkout.refresh()
        self.desiring = Desiring(self.checkout, Options(config.environment), watched)

    def predicted(self, git: Mapping[str, Any], live: Mapping[str, Any]) -> Any:
        return json.loads(self.plane.kubectl("replace", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(proposed(git, live))))

    def look(self) -> tuple[str, list[Change], bool]:
        """(the revision whose word counts, drift from it, is that being behind?) of the ConfigMap."""
        newest = self.checkout.refresh()
        now = synced(self.plane.get("applications.argoproj.io", "shop", "argocd"))
        wanted = self.desiring.desired_of("argocd/shop", now.revisions, newest).objects[SETTINGS]
        live = self.plane.get("configmap", "mode", "shop")
        left = ignored(wanted.care, live)
        changes = [change for change in compared(wanted.manifest, live, self.predicted(wanted.manifest, live)) if not left(change)]
        versions = self.desiring.versions_of("argocd/shop", SETTINGS, now, newest)
        behind = bool(changes) and is_behind(live, changes, wanted.manifest, versions, lambda version: self.predicted(version, live))
        return wanted.commit, changes, behind


def test_the_word_for_a_workload_is_the_synced_revision_and_for_argo_cd_the_newest_commit(
    plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path
) -> None:
    hook = config_map("before", {"argocd.argoproj.io/hook": "PreSync"}, a="1")
    apps = [manual("shop", config.path, plane), manual("far", config.path, plane, "https://far.example"), project()]
    objects = yaml.safe_dump_all([config_map("mode", mode="a"), hook])
    first = config.commit({"argocd/all.yaml": yaml.safe_dump_all(apps), "web/objects.yaml": objects})
    side = Side(plane, config, tmp_path)
    plane.apply(apps[2])
    plane.apply(apps[0])
    argo.cli("app", "sync", "shop")
    assert eventually(lambda: argo.synced("shop"))
    assert side.look() == (first, [], False)
    made = side.desiring.desired_of("argocd/shop", [first], first)
    assert (list(made.objects), made.hooks) == ([SETTINGS], {HOOK})

    # A commit that is not synced yet: live is an older state of git, and nobody's edit.
    # Its hook has another name: the lab has no garbage collector, for which Argo CD would wait before it makes one anew.
    second = config.commit({"web/objects.yaml": objects.replace("mode: a", "mode: b").replace("before", "again")})
    argo.cli("app", "get", "shop", "--refresh")
    assert eventually(lambda: plane.get("applications.argoproj.io", "shop", "argocd")["status"]["sync"]["revision"] == second)
    assert side.look() == (first, [], False)

    # Brought forward while Argo CD has not said so yet, as by a sync that is under way: it is the newer commit's.
    controller = argo.parts["application-controller"]
    controller.signal(signal.SIGSTOP)
    plane.kubectl("patch", "configmap", "mode", "-n", "shop", "-p", '{"data": {"mode": "b"}}')
    assert side.look() == (first, [Change("/data/mode", "a", "b", True)], True)

    # Edits are no commit's, whatever they are made on.
    plane.kubectl("patch", "configmap", "mode", "-n", "shop", "-p", '{"data": {"more": "1", "theirs": "x"}}', user="alice")
    assert side.look() == (first, [Change("/data/mode", "a", "b", True), Change("/data/more", ABSENT, "1")], False)
    plane.kubectl("patch", "configmap", "mode", "-n", "shop", "--type=json", "-p", '[{"op": "remove", "path": "/data/more"}]', user="alice")
    plane.kubectl("patch", "configmap", "mode", "-n", "shop", "-p", '{"data": {"mode": "evil"}}', user="alice")
    assert side.look() == (first, [Change("/data/mode", "a", "evil", True)], False)
    controller.signal(signal.SIGCONT)

    argo.cli("app", "sync", "shop")
    assert eventually(lambda: argo.synced("shop"))
    assert side.look() == (second, [], False)
    plane.kubectl("patch", "configmap", "mode", "-n", "shop", "-p", '{"data": {"mode": "evil"}}', user="alice")
    assert eventually(lambda: plane.get("applications.argoproj.io", "shop", "argocd")["status"]["sync"]["status"] == "OutOfSync")
    assert side.look() == (second, [Change("/data/mode", "b", "evil", True)], False)

    # Argo CD's own objects: by the newest commit, synced or not.
    third = config.commit({"argocd/all.yaml": yaml.safe_dump_all([*apps[:2], project(description="newest")])})
    side.checkout.refresh()
    desired = side.desiring.desired_at(third)
    assert sorted(f"{key.kind} {key.name}" for key in desired.objects) == ["AppProject shop", "Application far", "Application shop"]
    live = plane.get("appprojects.argoproj.io", "shop", "argocd")
    assert [change.path for change in compared(desired.objects[PROJECT].manifest, live, None)] == ["/spec/description"]
    web = desired.objects[ObjectKey("argoproj.io", "Application", "argocd", "shop")].manifest
    live = plane.get("applications.argoproj.io", "shop", "argocd")
    assert compared(web, live, side.predicted(web, live)) == ()
    (left,) = side.desiring.desired_of("argocd/far", [third], third).left_out
    assert left == ("Application argocd/far", "it deploys to another cluster, far")


def test_a_chart_is_wanted_as_argo_cd_itself_renders_it(plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path) -> None:
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: chart}\ndata:\n  revision: {{ .Values.revision | quote }}\n"
        "  app: {{ .Release.Name }}/{{ .Release.Namespace }}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: login}\n"
        "stringData: {password: hunter2}\n"
    )
    chart = {"chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n", "chart/templates/all.yaml": template}
    app = application("chart", config.path, "chart", plane)
    app["spec"]["source"]["helm"] = {"parameters": [{"name": "revision", "value": "$ARGOCD_APP_REVISION"}]}
    commit = config.commit({"argocd/app.yaml": yaml.safe_dump(app), **chart})
    plane.apply(app)
    assert eventually(lambda: argo.synced("chart"))
    side = Side(plane, config, tmp_path)
    desired = side.desiring.desired_of("argocd/chart", synced(plane.get("applications.argoproj.io", "chart", "argocd")).revisions, commit)
    assert sorted(key.name for key in desired.objects) == ["chart", "login"]
    for key, wanted in desired.objects.items():
        live = plane.get(key.kind, key.name, "shop")
        assert compared(wanted.manifest, live, side.predicted(wanted.manifest, live)) == ()
    assert plane.get("configmap", "chart", "shop")["data"] == {"revision": commit, "app": "chart/shop"}
