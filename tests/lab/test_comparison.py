"""What a dry run of the real API server makes of git's word, and what is drift then."""

import json
from typing import Any

import pytest

from gitguard.model.drift import ABSENT, Change
from gitguard.reconciler.comparison import compared, proposed, restored
from tests.lab.controlplane import ControlPlane

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]


def deployment(name: str) -> dict[str, Any]:
    """As people write them: without defaults, and with what the API server rewrites."""
    container = {
        "name": "web",
        "image": "registry.example/web:1",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": "MODE", "value": "prod"}],
        "resources": {"limits": {"cpu": "1000m", "memory": "0.5Gi"}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def stateful_set(name: str) -> dict[str, Any]:
    made = deployment(name)
    claim = {"metadata": {"name": "disk"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
    return {**made, "kind": "StatefulSet", "spec": {**made["spec"], "serviceName": name, "volumeClaimTemplates": [claim]}}


def simple(kind: str, name: str, api: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **fields}


OBJECTS = {
    "Deployment": deployment("web"),
    "StatefulSet": stateful_set("store"),
    "Service": simple(
        "Service", "web",
        spec={"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]},
    ),
    "ConfigMap": simple("ConfigMap", "settings", data={"a": "1"}),
    "Secret": simple("Secret", "login", stringData={"password": "x"}),
    "Role": simple("Role", "reader", "rbac.authorization.k8s.io/v1", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
    "Ingress": simple(
        "Ingress", "web", "networking.k8s.io/v1",
        spec={"rules": [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]},
    ),
    "HorizontalPodAutoscaler": simple(
        "HorizontalPodAutoscaler", "web", "autoscaling/v2",
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5},
    ),
    "CronJob": simple(
        "CronJob", "nightly", "batch/v1",
        spec={"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}}}},
    ),
    "NetworkPolicy": simple("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
}  # fmt: skip


def live(plane: ControlPlane, git: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plane.get(git["kind"], git["metadata"]["name"], "shop")
    return found


def predicted(plane: ControlPlane, git: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What the API server answers to an update that it does not carry out."""
    answer = plane.kubectl("replace", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(proposed(git, now)))
    found: dict[str, Any] = json.loads(answer)
    return found


def drift(plane: ControlPlane, git: dict[str, Any]) -> list[Change]:
    now = live(plane, git)
    return list(compared(git, now, predicted(plane, git, now)))


@pytest.mark.parametrize("kind", OBJECTS)
def test_defaults_and_rewritten_values_are_no_drift(plane: ControlPlane, kind: str) -> None:
    plane.apply(OBJECTS[kind])
    assert drift(plane, OBJECTS[kind]) == []


EDITS: dict[str, tuple[list[Any], list[str] | None]] = {
    "an image": (
        [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x"}],
        ["changed /spec/template/spec/containers/0/image"],
    ),
    "a sidecar": (
        [{"op": "add", "path": "/spec/template/spec/containers/0", "value": {"name": "spy", "image": "spy"}}],
        ["added /spec/template/spec/containers/0"],
    ),
    "an environment variable": (
        [{"op": "add", "path": "/spec/template/spec/containers/0/env/0", "value": {"name": "DEBUG", "value": "1"}}],
        ["added /spec/template/spec/containers/0/env/0"],
    ),
    "a variable that is gone": ([{"op": "remove", "path": "/spec/template/spec/containers/0/env"}], ["removed /spec/template/spec/containers/0/env"]),
    "the network of the host": ([{"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}], None),
    "replicas": ([{"op": "replace", "path": "/spec/replicas", "value": 9}], ["changed /spec/replicas"]),
    "a label": ([{"op": "add", "path": "/metadata/labels", "value": {"team": "x"}}], ["added /metadata/labels/team"]),
    "an annotation": (
        [{"op": "add", "path": "/metadata/annotations/evil.example~1x", "value": "1"}],
        ["added /metadata/annotations/evil.example~1x"],
    ),
    "a default": (
        [{"op": "replace", "path": "/spec/strategy/rollingUpdate/maxSurge", "value": "50%"}],
        ["changed /spec/strategy/rollingUpdate/maxSurge"],
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_field_by_field_and_taken_back_with_nothing_else(plane: ControlPlane, edit: str) -> None:
    git = deployment("edited")
    plane.apply(git)
    before = live(plane, git)
    patch, expected = EDITS[edit]
    if edit == "an annotation":
        plane.kubectl("annotate", "deployment", "edited", "-n", "shop", "evil.example/x=1")
    else:
        plane.kubectl("patch", "deployment", "edited", "-n", "shop", "--type=json", "-p", json.dumps(patch))
    changes = drift(plane, git)
    told = [f"{change.kind} {change.path}" for change in changes]
    if expected is None:
        # The API server gives the ports of such a pod to the host, too.
        assert "added /spec/template/spec/hostNetwork" in told
    else:
        assert [one for one in told if one.startswith(tuple(expected))] == told
        assert told
    plane.kubectl("replace", "-f", "-", stdin=json.dumps(restored(live(plane, git), changes)))
    assert drift(plane, git) == []
    assert live(plane, git)["spec"] == before["spec"]


def test_what_a_controller_keeps_in_fields_that_git_does_not_name_can_be_left_alone(plane: ControlPlane) -> None:
    git = deployment("scaled")
    del git["spec"]["replicas"]
    plane.apply(git)
    plane.kubectl("scale", "deployment", "scaled", "-n", "shop", "--replicas=7")
    (change,) = drift(plane, git)
    assert (change.path, change.git, change.live, change.declared) == ("/spec/replicas", 1, 7, False)


def test_an_update_that_the_api_server_refuses_leaves_the_structural_comparison(plane: ControlPlane) -> None:
    git = stateful_set("fixed")
    plane.apply(git)
    changed = json.loads(json.dumps(git))
    changed["spec"]["serviceName"] = "other"
    now = live(plane, changed)
    with pytest.raises(AssertionError, match=r"[Ff]orbidden|immutable"):
        predicted(plane, changed, now)
    assert [change for change in compared(changed, now, None) if change.live is not ABSENT and change.path == "/spec/serviceName"]
