"""Differences that are nobody's edit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.comparison import compared
from gitguard.reconciler.given import is_given, is_token, scaled_by
from tests.reconciler.test_severity import CHANGED, JSON, SIDECAR

INJECTED = {"cert-manager.io/inject-ca-from": "shop/web"}
FINALIZER = "resources-finalizer.argocd.argoproj.io"
TOKEN = {
    "name": "kube-api-access-x7k2p",
    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}, {"configMap": {"name": "kube-root-ca.crt"}}]},
}
DEFAULT = {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def object_(kind: str, api: str = "v1", annotations: Any = None, **fields: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop", **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def application(**spec: Any) -> dict[str, Any]:
    return object_("Application", "argoproj.io/v1alpha1", spec={"project": "default", **spec})


def generators(*listed: Any) -> dict[str, Any]:
    return {**object_("ApplicationSet", "argoproj.io/v1alpha1"), "spec": {"generators": [*listed], "template": {"spec": {"project": "web"}}}}


def project(**spec: Any) -> dict[str, Any]:
    return object_("AppProject", "argoproj.io/v1alpha1", spec=spec)


def hooks(ca: str | None = None, url: str = "https://a", annotations: Any = INJECTED, kind: str = "ValidatingWebhookConfiguration") -> dict[str, Any]:
    client = {"url": url, **({"caBundle": ca} if ca else {})}
    return object_(kind, "admissionregistration.k8s.io/v1", annotations, webhooks=[{"name": "a.example", "clientConfig": client}])


def changes(git: dict[str, Any], live: dict[str, Any]) -> tuple[Change, ...]:
    found = compared(git, live, git)
    assert found
    return found


def left(git: dict[str, Any], live: dict[str, Any], *, scaled: bool = False) -> list[str]:
    nobodys = is_given(git, ObjectKey.of(git), scaled)
    return [change.path for change in changes(git, live) if not nobodys(change)]


def with_(git: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {**git, "metadata": {**git["metadata"], **metadata}}


DEPLOYMENT = object_("Deployment", "apps/v1", spec={})
SERVICE = object_("Service", spec={"ports": [{"port": 80}, {"port": 80}]})
AGGREGATED = object_("ClusterRole", "rbac.authorization.k8s.io/v1", aggregationRule={"clusterRoleSelectors": [{}]})
CRD = object_("CustomResourceDefinition", "apiextensions.k8s.io/v1", INJECTED, spec={"conversion": {"webhook": {"clientConfig": {}}}})
CLAIM = object_("PersistentVolumeClaim", spec={"volumeMode": "Block"})
VOLUME = object_("PersistentVolume", spec={"claimRef": {"namespace": "shop", "name": "a"}})
ACCOUNT = object_("ServiceAccount")
JOB = object_("Job", "batch/v1", spec={"template": {"metadata": {"labels": {"a": "b"}}}})
POD = object_("Pod", spec={"containers": [{"name": "web"}]})
JOB_LABELS = {"batch.kubernetes.io/controller-uid": "1", "controller-uid": "1", "job-name": "web", "batch.kubernetes.io/job-name": "web"}
SOURCE = {"repoURL": "https://git.example/a", "path": "a"}
ROLE = {"name": "ci", "policies": ["p, proj:a:ci, applications, sync, a/*, allow"]}

BLANK = {"metadata": {}, "spec": {"destination": {}, "project": ""}}
GIVEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "replicas": (DEPLOYMENT, {**DEPLOYMENT, "spec": {"replicas": 7}}),
    "replicas that git has as null": ({**DEPLOYMENT, "spec": {"replicas": None}}, {**DEPLOYMENT, "spec": {"replicas": 7}}),
    "a CA in a webhook": (hooks(), hooks("YQ==")),
    "a CA that git has a place for": (hooks("Cg=="), hooks("YQ==")),
    "a CA by OpenShift": (hooks(None, annotations={"service.beta.openshift.io/inject-cabundle": "true"}), hooks("YQ==", annotations={"service.beta.openshift.io/inject-cabundle": "true"})),
    "a CA in a mutating webhook": (hooks(kind="MutatingWebhookConfiguration"), hooks("YQ==", kind="MutatingWebhookConfiguration")),
    "a CA of a CRD": (CRD, {**CRD, "spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": "YQ=="}}}}}),
    "a CA of an API": (
        object_("APIService", "apiregistration.k8s.io/v1", INJECTED, spec={"group": "a"}),
        object_("APIService", "apiregistration.k8s.io/v1", INJECTED, spec={"group": "a", "caBundle": "YQ=="}),
    ),
    "aggregated rules": (AGGREGATED, {**AGGREGATED, "rules": [{"verbs": ["get"]}]}),
    "Secrets of an account": (ACCOUNT, {**ACCOUNT, "secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]}),
    "a bound claim": (CLAIM, with_({**CLAIM, "spec": {"volumeMode": "Block", "volumeName": "v"}}, annotations={"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "a"}, finalizers=["kubernetes.io/pvc-protection"])),
    "a bound claim with annotations of its own": (
        with_(CLAIM, annotations={"volume.kubernetes.io/x": "1"}), with_(CLAIM, annotations={"volume.kubernetes.io/x": "1", "volume.kubernetes.io/selected-node": "a"}),
    ),
    "a claim with finalizers of its own": (with_(CLAIM, finalizers=["a/b"]), with_(CLAIM, finalizers=["a/b", "kubernetes.io/pvc-protection"])),
    "a bound volume": (VOLUME, {**VOLUME, "spec": {"claimRef": {"namespace": "shop", "name": "a", "uid": "1", "resourceVersion": "2", "kind": "PersistentVolumeClaim", "apiVersion": "v1"}}}),
    "a volume that was bound": ({**VOLUME, "spec": {}}, VOLUME),
    "addresses and ports": (SERVICE, {**SERVICE, "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "healthCheckNodePort": 30001, "ports": [{"port": 80, "nodePort": 30000}, {"port": 80, "nodePort": 30002}]}}),
    "a namespace": (object_("Namespace"), with_(object_("Namespace", spec={"finalizers": ["kubernetes"]}), labels={"kubernetes.io/metadata.name": "web"})),
    "a job": (JOB, with_({**JOB, "spec": {"selector": {"matchLabels": JOB_LABELS}, "template": {"metadata": {"labels": {"a": "b", **JOB_LABELS}}}}}, labels=JOB_LABELS)),
    "a job without labels": ({**JOB, "spec": {"template": {"metadata": {"name": "x"}}}}, {**JOB, "spec": {"template": {"metadata": {"name": "x", "labels": JOB_LABELS}}}}),
    "a running pod": (
        POD,
        {**POD, "spec": {"containers": [{"name": "web", "volumeMounts": [{"name": TOKEN["name"], "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]}], "volumes": [TOKEN], "nodeName": "a", "tolerations": [DEFAULT]}},
    ),
    "a pod with tolerations": ({**POD, "spec": {"tolerations": [{"key": "a"}]}}, {**POD, "spec": {"tolerations": [{"key": "a"}, DEFAULT]}}),
    "owners and finalizers": (DEPLOYMENT, with_(DEPLOYMENT, ownerReferences=[{"uid": "1"}], finalizers=["a/b"])),
    "a leader": (object_("Endpoints"), with_(object_("Endpoints"), annotations={"control-plane.alpha.kubernetes.io/leader": "{}"})),
    "a project by default": (application(project=""), application()),
    "no automation of deletions": (application(syncPolicy={"automated": {"prune": False, "selfHeal": True}}), application(syncPolicy={"automated": {"selfHeal": True}})),
    "an empty source of Helm": (application(source={**SOURCE, "helm": {"skipCrds": False, "values": "", "parameters": []}}), application(source=SOURCE)),
    "empty values of Helm": (application(source={**SOURCE, "helm": {"values": "", "version": "v3"}}), application(source={**SOURCE, "helm": {"version": "v3"}})),
    "an empty source of files": (application(source={**SOURCE, "directory": {"recurse": False, "jsonnet": {}}}), application(source=SOURCE)),
    "empty sources among several": (application(sources=[{**SOURCE, "kustomize": {"namePrefix": ""}, "chart": ""}]), application(sources=[SOURCE])),
    "no retries": (application(syncPolicy={"retry": {"limit": 0, "refresh": False}}), application(syncPolicy={"retry": {"refresh": None}})),
    "an empty destination": (application(destination={"server": "https://a", "name": ""}), application(destination={"server": "https://a"})),
    "an unnamed difference to ignore": (
        application(ignoreDifferences=[{"group": "", "kind": "Secret", "jsonPointers": ["/data"], "jqPathExpressions": []}]), application(ignoreDifferences=[{"kind": "Secret", "jsonPointers": ["/data"]}]),
    ),
    "finalizers of hooks": (with_(application(), finalizers=[FINALIZER]), with_(application(), finalizers=[FINALIZER, "post-delete-finalizer.argocd.argoproj.io"])),
    "templates that generators do not have": (
        generators({"list": {"elements": []}}, {"matrix": {"generators": [{"clusters": {}}]}}),
        generators({"list": {"template": BLANK}}, {"matrix": {"generators": [{"clusters": {"template": BLANK}}], "template": BLANK}}),
    ),
    "what is empty in a project": (project(description="", permitOnlyProjectScopedClusters=False, destinations=[{"name": "", "server": "*"}]), project(destinations=[{"server": "*"}])),
    "the zone of a window": (project(syncWindows=[{"kind": "deny", "timeZone": ""}]), project(syncWindows=[{"kind": "deny", "timeZone": "UTC"}])),
    "spaces in policies": (project(roles=[{**ROLE, "policies": ["p,proj:a:ci,  applications, sync,a/*,allow"]}]), project(roles=[ROLE])),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_what_is_filled_in_is_given(name: str) -> None:
    assert left(*GIVEN[name]) == []


EDITS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "replicas that git names": ({**DEPLOYMENT, "spec": {"replicas": 2}}, {**DEPLOYMENT, "spec": {"replicas": 7}}, ["/spec/replicas"]),
    "a CA that nobody injects": (hooks(annotations=None), hooks("YQ==", annotations=None), ["/webhooks"]),
    "a CA that is no longer injected": (
        hooks(annotations={"cert-manager.io/inject-apiserver-ca": "false"}), hooks("YQ==", annotations={"cert-manager.io/inject-apiserver-ca": "false"}), ["/webhooks"],
    ),
    "a webhook that leads elsewhere": (hooks(), hooks("YQ==", "https://b"), ["/webhooks"]),
    "live annotations that ask for a CA": (hooks(annotations=None), hooks("YQ=="), ["/metadata/annotations/cert-manager.io~1inject-ca-from", "/webhooks"]),
    "rules of a role that aggregates nothing": ({**AGGREGATED, "aggregationRule": None, "rules": [1]}, {**AGGREGATED, "aggregationRule": None, "rules": [2]}, ["/rules"]),
    "Secrets that git names": ({**ACCOUNT, "imagePullSecrets": [{"name": "b"}]}, {**ACCOUNT, "imagePullSecrets": [{"name": "b"}, {"name": "c"}]}, ["/imagePullSecrets/1"]),
    "an annotation beside given ones": (CLAIM, with_(CLAIM, annotations={"pv.kubernetes.io/bind-completed": "yes", "a": "b"}), ["/metadata/annotations/a"]),
    "an annotation that git has": (with_(CLAIM, annotations={"volume.kubernetes.io/x": "1"}), with_(CLAIM, annotations={"volume.kubernetes.io/x": "2"}), ["/metadata/annotations/volume.kubernetes.io~1x"]),
    "a volume of another claim": (VOLUME, {**VOLUME, "spec": {"claimRef": {"namespace": "shop", "name": "b", "uid": "1"}}}, ["/spec/claimRef/name"]),
    "a port that git names": (
        object_("Service", spec={"ports": [{"port": 80, "nodePort": 30000}]}), object_("Service", spec={"ports": [{"port": 80, "nodePort": 30001}]}), ["/spec/ports/0/nodePort"],
    ),
    "a template of a generator": (
        generators({"list": {"elements": []}}), generators({"list": {"template": {**BLANK, "metadata": {"name": "evil"}}}}), ["/spec/generators"],
    ),
    "an added port": (SERVICE, {**SERVICE, "spec": {"ports": [{"port": 80}, {"port": 80}, {"port": 22, "nodePort": 30022}]}}, ["/spec/ports"]),
    "another type": (SERVICE, {**SERVICE, "spec": {**SERVICE["spec"], "type": "NodePort", "clusterIP": "10.0.0.1"}}, ["/spec/type"]),
    "a label of a namespace": (
        object_("Namespace"), with_(object_("Namespace"), labels={"kubernetes.io/metadata.name": "web", "pod-security.kubernetes.io/enforce": "privileged"}),
        ["/metadata/labels/pod-security.kubernetes.io~1enforce"],
    ),
    "a volume under the token's name": (POD, {**POD, "spec": {**POD["spec"], "volumes": [{"name": TOKEN["name"], "hostPath": {"path": "/"}}]}}, ["/spec/volumes"]),
    "a token's volume with another in it": (POD, {**POD, "spec": {**POD["spec"], "volumes": [{**TOKEN, "hostPath": {"path": "/"}}]}}, ["/spec/volumes"]),
    "a Secret in the token's volume": (POD, {**POD, "spec": {**POD["spec"], "volumes": [{**TOKEN, "projected": {"sources": [{"secret": {"name": "a"}}]}}]}}, ["/spec/volumes"]),
    "a toleration": (POD, {**POD, "spec": {**POD["spec"], "tolerations": [{"operator": "Exists"}]}}, ["/spec/tolerations"]),
    "finalizers that git names": (with_(CLAIM, finalizers=["a/b"]), with_(CLAIM, finalizers=["c/d"]), ["/metadata/finalizers"]),
    "the finalizer of what is deployed, added": (application(), with_(application(), finalizers=[f"{FINALIZER}/background"]), ["/metadata/finalizers"]),
    "the finalizer of what is deployed, removed": (with_(application(), finalizers=[FINALIZER]), application(), ["/metadata/finalizers"]),
    "another project": (application(), application(project="a"), ["/spec/project"]),
    "automation that is off": (application(syncPolicy={"automated": {"prune": False}}), application(), ["/spec/syncPolicy"]),
    "automation that is disabled": (
        application(syncPolicy={"automated": {"prune": True}}), application(syncPolicy={"automated": {"prune": True, "enabled": False}}), ["/spec/syncPolicy/automated/enabled"],
    ),
    "healing that is off": (
        application(syncPolicy={"automated": {"selfHeal": True}}), application(syncPolicy={"automated": {"selfHeal": False}}), ["/spec/syncPolicy/automated/selfHeal"],
    ),
    "an empty value that git's chart knows": (
        application(source={**SOURCE, "helm": {"valuesObject": {"recurse": False}}}), application(source={**SOURCE, "helm": {"valuesObject": {"a": 1}}}),
        ["/spec/source/helm/valuesObject/a", "/spec/source/helm/valuesObject/recurse"],
    ),
    "a plugin": (application(sources=[SOURCE]), application(sources=[{**SOURCE, "plugin": {}}]), ["/spec/sources"]),
    "a history that is not kept": (application(revisionHistoryLimit=0), application(), ["/spec/revisionHistoryLimit"]),
    "a source that became another": (application(sources=[{**SOURCE, "chart": ""}]), application(sources=[{**SOURCE, "path": "b"}]), ["/spec/sources"]),
    "an empty field of another kind": (object_("Thing", spec={"recurse": False}), object_("Thing", spec={}), ["/spec/recurse"]),
    "a role of a project": (project(), project(roles=[{"name": "x"}]), ["/spec/roles"]),
    "another zone of a window": (project(syncWindows=[{"kind": "deny"}]), project(syncWindows=[{"kind": "deny", "timeZone": "Asia/Tokyo"}]), ["/spec/syncWindows"]),
    "monitoring that is off": (project(orphanedResources={"ignore": [{"name": "a"}]}), project(), ["/spec/orphanedResources"]),
    "a number where there was a switch": (object_("Thing", spec={"a": True}), object_("Thing", spec={"a": 1}), ["/spec/a"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_not_given(name: str) -> None:
    git, live, expected = EDITS[name]
    assert left(git, live) == expected


def test_replicas_that_git_names_are_given_where_something_of_gits_scales_them() -> None:
    git, live = ({**DEPLOYMENT, "spec": {"replicas": replicas}} for replicas in (2, 7))
    assert left(git, live, scaled=True) == []
    assert left(git, {**live, "spec": {"replicas": 7, "paused": True}}, scaled=True) == ["/spec/paused"]


def test_what_scales_what() -> None:
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "store"}
    scalers = [
        object_("HorizontalPodAutoscaler", "autoscaling/v2", spec={"scaleTargetRef": target}),
        object_("HorizontalPodAutoscaler", "autoscaling/v1", spec={"scaleTargetRef": {"kind": "ReplicationController", "name": "old"}}),
        object_("ScaledObject", "keda.sh/v1alpha1", spec={"scaleTargetRef": {"name": "web"}}),
        object_(
            "ScaledObject", "keda.sh/v1alpha1", spec={"scaleTargetRef": {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "web"}}
        ),
        object_("HorizontalPodAutoscaler", "evil.example/v1", spec={"scaleTargetRef": {**target, "name": "other"}}),
        object_("HorizontalPodAutoscaler", "autoscaling/v2"),
        DEPLOYMENT,
    ]
    assert scaled_by(scalers) == {
        ObjectKey("apps", "StatefulSet", "shop", "store"),
        ObjectKey("", "ReplicationController", "shop", "old"),
        ObjectKey("apps", "Deployment", "shop", "web"),
        ObjectKey("argoproj.io", "Rollout", "shop", "web"),
    }


ISSUED = {**ROLE, "jwtTokens": [{"iat": 1, "id": "a"}]}


class TestTokens:
    def test_an_issued_token_is_one_and_is_not_given(self) -> None:
        git = project(roles=[ROLE])
        (change,) = changes(git, project(roles=[ISSUED]))
        assert change.path == "/spec/roles/0/jwtTokens"
        assert is_token(change)
        assert left(git, project(roles=[ISSUED])) == [change.path]

    def test_so_it_is_where_roles_are_compared_as_a_whole(self) -> None:
        (change,) = changes(project(roles=[ROLE, ROLE]), project(roles=[ROLE, ISSUED]))
        assert change.path == "/spec/roles"
        assert is_token(change)

    @pytest.mark.parametrize("roles", [[{**ROLE, "groups": ["x"]}], [{**ISSUED, "name": "other"}], []])
    def test_other_changes_are_none(self, roles: list[Any]) -> None:
        assert not any(map(is_token, changes(project(roles=[ROLE]), project(roles=roles))))


KEYS = st.sampled_from([ObjectKey.of(git) for git, _ in GIVEN.values()])
WANTED: Any = st.sampled_from([git for git, _ in GIVEN.values()]) | st.dictionaries(st.sampled_from(["metadata", "spec", "kind"]), JSON, max_size=3)


@given(WANTED, KEYS, st.booleans(), CHANGED)
def test_whatever_changed_is_given_or_not(wanted: Any, key: ObjectKey, scaled: bool, change: Change) -> None:
    assert is_given(wanted, key, scaled)(change) in (True, False)
    assert is_token(change) in (True, False)


@given(WANTED, KEYS, st.booleans(), CHANGED)
def test_it_does_not_matter_which_side_has_what_is_filled_in(wanted: Any, key: ObjectKey, scaled: bool, change: Change) -> None:
    nobodys = is_given(wanted, key, scaled)
    assert nobodys(change) == nobodys(Change(change.path, change.live, change.git))


@given(
    WANTED, KEYS, st.booleans(), st.sampled_from(["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"]),
    st.sampled_from(["containers", "initContainers", "ephemeralContainers"]), st.dictionaries(st.sampled_from(["volumeMounts", "env", "args"]), JSON), st.booleans(),
)  # fmt: skip
def test_an_added_container_is_never_given(wanted: Any, key: ObjectKey, scaled: bool, place: str, containers: str, more: Any, whole: bool) -> None:
    added = {**SIDECAR, **more}
    change = Change(f"{place}/{containers}", ABSENT, [added]) if whole else Change(f"{place}/{containers}/1", ABSENT, added)
    assert not is_given(wanted, key, scaled)(change)


@given(WANTED, KEYS, st.booleans(), st.sampled_from(["selfHeal", "enabled", "prune"]))
def test_that_automation_was_taken_away_is_never_given(wanted: Any, key: ObjectKey, scaled: bool, field: str) -> None:
    nobodys = is_given(wanted, key, scaled)
    for value in ({}, {field: False}, {field: True}):
        assert not nobodys(Change("/spec/syncPolicy/automated", value, ABSENT, True))
        assert not nobodys(Change("/spec/syncPolicy", {"automated": value}, ABSENT, True))
