"""The lab itself: a real API server and a real Argo CD, which do what the tests of the watch build on."""

import time

import pytest

from tests.lab.argocd import application

pytestmark = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {mode: prod}\n"


def eventually(happened, within: float = 30.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False


def test_argo_cd_syncs_what_git_says_and_its_cli_works(plane, argo, config) -> None:
    config.commit({"web/settings.yaml": CONFIG_MAP})
    plane.apply(application("web", config.path, "web", plane))
    assert eventually(lambda: argo.synced("web"))
    assert plane.get("configmap", "settings", "shop")["data"] == {"mode": "prod"}
    assert "argocd-server: v3.6.1" in argo.cli("version", "--short")
    argo.cli("app", "set", "web", "--sync-option", "Validate=false")
    assert plane.get("applications.argoproj.io", "web", "argocd")["spec"]["syncPolicy"]["syncOptions"] == ["Validate=false"]


def test_the_audit_log_tells_who_changed_what(plane) -> None:
    plane.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}, "data": {"x": "1"}})
    before = plane.get("configmap", "a", "shop")["metadata"]["resourceVersion"]
    plane.kubectl("patch", "configmap", "a", "-n", "shop", "-p", '{"data": {"x": "2"}}', user="alice")
    after = plane.get("configmap", "a", "shop")["metadata"]["resourceVersion"]
    (event,) = [one for one in plane.audit() if one["user"]["username"] == "alice" and one["verb"] == "patch" and one["objectRef"]["name"] == "a"]
    assert event["responseObject"]["metadata"]["resourceVersion"] == after != before
