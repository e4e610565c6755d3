"""How bad differences are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.severity import severity

WEB = ObjectKey("apps", "Deployment", "shop", "web")
POD = "/spec/template/spec"
CONTAINER = f"{POD}/containers/0"
SIDECAR = {"name": "spy", "image": "spy:1"}
SOURCE = {"repoURL": "https://git.example/a", "path": "a", "targetRevision": "main", "helm": {"parameters": [{"name": "a", "value": "1"}]}}


def of(kind: str, group: str = "", name: str = "web", namespace: str = "shop") -> ObjectKey:
    return ObjectKey(group, kind, namespace, name)


def argo(kind: str = "Application") -> ObjectKey:
    return of(kind, "argoproj.io", namespace="argocd")


CHANGES: list[tuple[str, ObjectKey, Change]] = [
    ("low", WEB, Change("/spec/replicas", 2, 5, True)),
    ("low", WEB, Change("/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt", ABSENT, "2026-11-25T01:00:00Z")),
    ("low", WEB, Change("/spec/template/metadata/annotations", ABSENT, {"kubectl.kubernetes.io/restartedAt": "2026-11-25T01:00:00Z"})),
    ("low", WEB, Change("/metadata/labels", ABSENT, {"team": "x"})),
    ("low", WEB, Change("/metadata/annotations/evil.example~1x", "1", ABSENT, True)),
    ("low", argo(), Change("/metadata/labels/team", "a", "b", True)),
    ("medium", WEB, Change("/spec/strategy/type", "RollingUpdate", "Recreate", True)),
    ("medium", WEB, Change(f"{CONTAINER}/env/0/value", "prod", "test", True)),
    ("medium", WEB, Change(f"{CONTAINER}/env/1", ABSENT, {"name": "DEBUG", "value": "LD_"})),
    ("medium", WEB, Change(f"{CONTAINER}/ports/1", ABSENT, {"name": "LD_", "containerPort": 1})),
    ("medium", WEB, Change(f"{CONTAINER}/resources/limits/memory", "1Gi", "2Gi", True)),
    ("medium", WEB, Change(f"{POD}/volumes/1", ABSENT, {"name": "x", "emptyDir": {}})),
    ("medium", of("Application", "app.k8s.io"), Change("/spec/project", "a", "b", True)),
    ("medium", of("Thing", "a.example"), Change("/spec/labels/a", "a", "b", True)),
    ("medium", of("ConfigMap"), Change("/data/mode", "prod", "test", True)),
    ("medium", of("Service"), Change("/spec/selector/app", "web", "spy", True)),
    ("medium", argo(), Change("/spec/source/helm/parameters/0/value", "1", "2", True)),
    ("medium", argo(), Change("/spec/syncPolicy/retry/limit", 5, 1, True)),
    ("medium", argo(), Change("/spec/sources", [SOURCE], [{**SOURCE, "helm": {"parameters": [{"name": "a", "value": "2"}]}}], True)),
    ("high", WEB, Change(f"{POD}/containers/1", ABSENT, SIDECAR)),
    ("high", WEB, Change(f"{POD}/containers", [{"name": "web"}, {"name": "web"}], [{"name": "web"}, {"name": "web"}, SIDECAR], True)),
    ("high", WEB, Change(f"{POD}/initContainers", ABSENT, [SIDECAR])),
    ("high", WEB, Change(f"{CONTAINER}/image", "web:1", "web:2", True)),
    ("high", WEB, Change(f"{CONTAINER}/command", ABSENT, ["sh"])),
    ("high", WEB, Change(f"{CONTAINER}/args", ["a"], ["a", "--insecure"], True)),
    ("high", WEB, Change(f"{CONTAINER}/lifecycle/postStart/exec/command", ["a"], ["b"], True)),
    ("high", WEB, Change(f"{CONTAINER}/env/1", ABSENT, {"name": "LD_PRELOAD", "value": "/x.so"})),
    ("high", WEB, Change(f"{CONTAINER}/env", ABSENT, [{"name": "LD_LIBRARY_PATH", "value": "/x"}])),
    ("high", WEB, Change(f"{CONTAINER}/securityContext/privileged", ABSENT, True)),
    ("high", WEB, Change(f"{CONTAINER}/securityContext/capabilities", ABSENT, {"add": ["SYS_ADMIN"]})),
    ("high", WEB, Change(f"{POD}/securityContext/runAsUser", 1000, 0, True)),
    ("high", WEB, Change(f"{POD}/hostNetwork", ABSENT, True)),
    ("high", WEB, Change(f"{POD}/hostNetwork", True, 1, True)),
    ("high", WEB, Change(f"{POD}/hostPID", ABSENT, True)),
    ("high", WEB, Change(f"{POD}/volumes/1", ABSENT, {"name": "x", "hostPath": {"path": "/"}})),
    ("high", WEB, Change(f"{POD}/serviceAccountName", "web", "admin", True)),
    ("high", of("CronJob", "batch"), Change("/spec/jobTemplate/spec/template/spec/containers/0/image", "a", "b", True)),
    ("high", of("Pod"), Change("/spec/ephemeralContainers", ABSENT, [SIDECAR])),
    ("high", of("Namespace", namespace=""), Change("/metadata/labels/pod-security.kubernetes.io~1enforce", "restricted", "privileged", True)),
    ("high", of("ClusterRole", "rbac.authorization.k8s.io", namespace=""), Change("/metadata/labels/rbac.example~1aggregate", ABSENT, "true")),
    ("high", of("RoleBinding", "rbac.authorization.k8s.io"), Change("/subjects", [], [{"kind": "User", "name": "bob"}], True)),
    ("high", of("NetworkPolicy", "networking.k8s.io"), Change("/spec/ingress", ABSENT, [{}])),
    ("high", of("Secret"), Change("/data/password", "a", "b", True)),
    ("high", of("ValidatingWebhookConfiguration", "admissionregistration.k8s.io"), Change("/webhooks", [1], [2], True)),
    ("high", of("CustomResourceDefinition", "apiextensions.k8s.io"), Change("/spec/scope", "Cluster", "Namespaced", True)),
    ("high", of("ConfigMap", name="argocd-cm", namespace="argocd"), Change("/data/url", "a", "b", True)),
    ("high", of("ConfigMap", name="argocd-rbac-cm", namespace="argocd"), Change("/data/policy.csv", "a", "b", True)),
    ("high", argo("AppProject"), Change("/spec/destinations/1", ABSENT, {"server": "*", "namespace": "*"})),
    ("high", argo("AppProject"), Change("/spec/clusterResourceBlacklist", [{"group": "*", "kind": "*"}], ABSENT, True)),
    ("high", argo(), Change("/metadata/annotations/argocd.argoproj.io~1skip-reconcile", ABSENT, "true")),
    ("high", argo(), Change("/metadata/annotations", ABSENT, {"argocd.argoproj.io/skip-reconcile": "true"})),
    ("high", argo(), Change("/metadata/finalizers", ["resources-finalizer.argocd.argoproj.io"], ABSENT, True)),
    ("high", argo(), Change("/spec/syncPolicy", {"automated": {}}, ABSENT, True)),
    ("high", argo(), Change("/spec/syncPolicy/automated", {"selfHeal": True}, ABSENT, True)),
    ("high", argo(), Change("/spec/syncPolicy/automated/enabled", ABSENT, False)),
    ("high", argo(), Change("/spec/ignoreDifferences", ABSENT, [{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec"]}])),
    ("high", argo(), Change("/spec/source/repoURL", "a", "b", True)),
    ("high", argo(), Change("/spec/source/targetRevision", "main", "fix", True)),
    ("high", argo(), Change("/spec/sources", [SOURCE], [{**SOURCE, "path": "b"}], True)),
    ("high", argo(), Change("/spec/destination/namespace", "a", "b", True)),
    ("high", argo(), Change("/spec/project", "a", "b", True)),
    ("high", argo("ApplicationSet"), Change("/spec/template/spec/project", "a", "b", True)),
    ("high", argo("ApplicationSet"), Change("/spec/generators", [1], [2], True)),
    ("medium", argo("ApplicationSet"), Change("/spec/template/metadata/name", "a", "b", True)),
]


@pytest.mark.parametrize(("expected", "key", "change"), CHANGES)
def test_an_update_is_as_bad_as_what_it_changes(expected: str, key: ObjectKey, change: Change) -> None:
    assert severity(key, (change,), "update") == expected


def test_the_worst_change_counts() -> None:
    changes = [Change("/spec/replicas", 2, 5, True), Change("/spec/strategy/type", "a", "b", True), Change(f"{CONTAINER}/image", "a", "b", True)]
    assert [severity(WEB, changes[:number], "update") for number in (1, 2, 3)] == ["low", "medium", "high"]


@pytest.mark.parametrize(
    ("action", "key", "expected"),
    [
        ("delete", WEB, "medium"),
        ("delete", argo(), "high"),
        ("delete", argo("AppProject"), "high"),
        ("delete", of("Rollout", "argoproj.io"), "medium"),
        ("delete", of("Namespace", namespace=""), "high"),
        ("delete", of("NetworkPolicy", "networking.k8s.io"), "high"),
        ("delete", of("CiliumNetworkPolicy", "cilium.io"), "high"),
        ("create", WEB, "medium"),
        ("create", of("ClusterRoleBinding", "rbac.authorization.k8s.io", namespace=""), "high"),
        ("sync", argo(), "medium"),
        ("exec", of("Pod"), "high"),
    ],
)
def test_other_actions_are_as_bad_as_their_object(action: str, key: ObjectKey, expected: str) -> None:
    assert severity(key, (), action) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["containers", "env", "name", "spec", "", "/", "~"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["spec", "template", "containers", "0", "env", "metadata", "labels", "", "syncPolicy", "source"]), max_size=6).map(
    lambda steps: "".join(f"/{step}" for step in steps)
)
KEYS = st.sampled_from([WEB, argo(), argo("AppProject"), argo("ApplicationSet"), of("ConfigMap"), of("Secret"), ObjectKey("", "", "", "")])
CHANGED: Any = st.builds(Change, PATHS, JSON | st.just(ABSENT), JSON | st.just(ABSENT), st.booleans())
RANKS = ("low", "medium", "high")


@given(KEYS, st.lists(CHANGED, max_size=3), CHANGED, st.sampled_from(["update", "create", "delete", "sync", "rollback", "exec", "other"]))
def test_whatever_changed_has_a_severity_and_more_changes_are_never_less_bad(
    key: ObjectKey, changes: list[Change], more: Change, action: str
) -> None:
    found = severity(key, changes, action)
    assert found in RANKS
    if changes:
        assert RANKS.index(severity(key, [*changes, more], action)) >= RANKS.index(found)


@given(st.sampled_from(["/spec", POD, "/spec/jobTemplate/spec/template/spec"]), st.sampled_from(["containers", "initContainers"]), st.booleans())
def test_an_added_container_is_always_high(place: str, containers: str, whole: bool) -> None:
    changed = Change(f"{place}/{containers}", ABSENT, [SIDECAR]) if whole else Change(f"{place}/{containers}/3", ABSENT, SIDECAR)
    assert severity(WEB, [changed], "update") == "high"
