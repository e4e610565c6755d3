"""What a real API server and a real Argo CD make of git's word by themselves: every difference that is left is given, and none of an edit."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from gitguard.model.drift import Change, ObjectKey
from gitguard.reconciler.comparison import compared, proposed
from gitguard.reconciler.given import is_given, is_token
from tests.lab.argocd import ArgoCD
from tests.lab.controlplane import ControlPlane
from tests.lab.test_lab import eventually

ON_A_PLANE = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]
ON_ARGO_CD = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]


def object_(kind: str, name: str, api: str = "v1", namespace: str = "", annotations: Any = None, **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def differences(plane: ControlPlane, git: dict[str, Any]) -> tuple[Change, ...]:
    """By a dry run; where the API server refuses one, without."""
    kind, metadata = git["kind"], git["metadata"]
    api = git["apiVersion"].rpartition("/")[0]
    live = plane.get(f"{kind}.{api}" if api else kind, metadata["name"], metadata.get("namespace", ""))
    predicted = None
    if kind != "Job":
        predicted = json.loads(plane.kubectl("replace", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(proposed(git, live))))
    return compared(git, live, predicted)


def left(plane: ControlPlane, git: dict[str, Any], *, scaled: bool = False) -> list[str]:
    nobodys = is_given(git, ObjectKey.of(git), scaled)
    return [change.path for change in differences(plane, git) if not nobodys(change)]


def patch(git: dict[str, Any], change: Any, *more: str) -> Callable[[ControlPlane], object]:
    metadata = git["metadata"]
    where = ["-n", metadata["namespace"]] if "namespace" in metadata else []
    return lambda plane: plane.kubectl("patch", git["kind"], metadata["name"], *where, "--type=merge", "-p", json.dumps(change), *more)


POD = {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
DEPLOYMENT = object_("Deployment", "given", "apps/v1", "shop", spec={"selector": {"matchLabels": {"app": "a"}}, "template": POD})
SCALED = object_("Deployment", "scaled", "apps/v1", "shop", spec={"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": POD})
SERVICE = object_("Service", "given", namespace="shop", spec={"type": "NodePort", "selector": {"app": "a"}, "ports": [{"port": 80}]})
NAMESPACE = object_("Namespace", "given")
ACCOUNT = object_("ServiceAccount", "given", namespace="shop")
JOB = object_(
    "Job", "given", "batch/v1", "shop", spec={"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}}
)
CLAIM = object_(
    "PersistentVolumeClaim", "given", namespace="shop", spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
)
VOLUME = object_(
    "PersistentVolume", "given",
    spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}, "persistentVolumeReclaimPolicy": "Retain"},
)  # fmt: skip
ROLE = object_(
    "ClusterRole", "given", "rbac.authorization.k8s.io/v1", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}, rules=[]
)
WEBHOOK = object_(
    "ValidatingWebhookConfiguration", "given", "admissionregistration.k8s.io/v1", annotations={"cert-manager.io/inject-ca-from": "shop/a"},
    webhooks=[
        {
            "name": "a.example.org", "clientConfig": {"url": "https://127.0.0.1:1/"}, "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "failurePolicy": "Ignore", "rules": [{"apiGroups": ["a.example.org"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["a"]}],
        }
    ],
)  # fmt: skip
BOUND = {
    "metadata": {"annotations": {"pv.kubernetes.io/bound-by-controller": "yes"}},
    "spec": {"claimRef": {"namespace": "shop", "name": "given", "uid": "1"}},
}
# What controllers do, which the lab has none of.
FILLED: dict[str, tuple[dict[str, Any], Callable[[ControlPlane], object] | None]] = {
    "a scaled Deployment": (DEPLOYMENT, patch(DEPLOYMENT, {"spec": {"replicas": 5}}, "--subresource=scale")),
    "a Service": (SERVICE, None),
    "a Namespace": (NAMESPACE, None),
    "an account with Secrets": (ACCOUNT, patch(ACCOUNT, {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]})),
    "a Job": (JOB, None),
    "a claim": (CLAIM, patch(CLAIM, {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "a"}}})),
    "a bound volume": (VOLUME, patch(VOLUME, BOUND)),
    "an aggregated role": (ROLE, patch(ROLE, {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]})),
}  # fmt: skip


class TestKubernetes:
    pytestmark = ON_A_PLANE

    @pytest.mark.parametrize("what", FILLED)
    def test_what_is_filled_in_is_given_and_an_edit_beside_it_is_not(self, plane: ControlPlane, what: str) -> None:
        git, fill = FILLED[what]
        plane.apply(git)
        if fill is not None:
            fill(plane)
            assert differences(plane, git)
        assert left(plane, git) == []
        patch(git, {"metadata": {"labels": {"evil": "1"}}})(plane)
        found = left(plane, git)
        # A Job's dry run is refused, and then nothing that git does not name is known to be an edit.
        assert found == ([] if what == "a Job" else ["/metadata/labels/evil"])

    def test_a_ca_that_is_injected(self, plane: ControlPlane) -> None:
        plane.apply(WEBHOOK)
        live = plane.get("ValidatingWebhookConfiguration", "given")
        live["webhooks"][0]["clientConfig"]["caBundle"] = base64.b64encode(plane.ca.read_bytes()).decode()
        plane.kubectl("replace", "-f", "-", stdin=json.dumps(live))
        assert [change.path for change in differences(plane, WEBHOOK)] == ["/webhooks"]
        assert left(plane, WEBHOOK) == []
        live = plane.get("ValidatingWebhookConfiguration", "given")
        live["webhooks"][0]["clientConfig"]["url"] = "https://127.0.0.1:2/"
        plane.kubectl("replace", "-f", "-", stdin=json.dumps(live))
        assert left(plane, WEBHOOK) == ["/webhooks"]

    def test_replicas_that_git_names_and_scales(self, plane: ControlPlane) -> None:
        plane.apply(SCALED)
        patch(SCALED, {"spec": {"replicas": 5}})(plane)
        assert left(plane, SCALED) == ["/spec/replicas"]
        assert left(plane, SCALED, scaled=True) == []


def application(plane: ControlPlane, name: str, **spec: Any) -> dict[str, Any]:
    """With everything in it that Argo CD leaves out when it writes one."""
    helm = {
        "skipCrds": False,
        "passCredentials": False,
        "values": "",
        "releaseName": "",
        "parameters": [{"name": "a", "value": "", "forceString": False}],
    }
    return object_(
        "Application", name, "argoproj.io/v1alpha1", "argocd",
        spec={
            "project": "",
            "source": {"repoURL": "https://127.0.0.1:1/charts", "chart": "a", "targetRevision": "1.0.0", "path": "", "helm": helm},
            "destination": {"server": plane.url, "namespace": "shop", "name": ""},
            "syncPolicy": {"automated": {"prune": False, "selfHeal": False, "allowEmpty": False}, "retry": {"limit": 0, "backoff": {"duration": ""}}},
            "ignoreDifferences": [{"group": "", "kind": "Secret", "name": "", "jsonPointers": ["/data"], "jqPathExpressions": []}],
            **spec,
        },
    )  # fmt: skip


def rewritten(plane: ControlPlane, argo: ArgoCD, git: dict[str, Any], *more: str) -> None:
    """Have Argo CD's API server write an Application, with nothing different in the end."""
    plane.apply(git)
    name = git["metadata"]["name"]
    assert eventually(lambda: plane.get("applications.argoproj.io", name, "argocd").get("status"))
    argo.cli("app", "set", name, "--sync-option", "Validate=false", "--validate=false", *more)
    argo.cli("app", "set", name, "--sync-option", "!Validate=false", "--validate=false", *more)


class TestArgoCD:
    pytestmark = ON_ARGO_CD

    def test_what_argo_cd_makes_of_an_application(self, plane: ControlPlane, argo: ArgoCD) -> None:
        git = application(plane, "given")
        rewritten(plane, argo, git)
        assert {"/spec/project", "/spec/source/helm/skipCrds", "/spec/destination/name"} <= {change.path for change in differences(plane, git)}
        assert left(plane, git) == []
        argo.cli("app", "set", "given", "--auto-prune", "--validate=false")
        assert left(plane, git) == ["/spec/syncPolicy/automated/prune"]
        argo.cli("app", "set", "given", "--sync-policy", "none", "--validate=false")
        assert "/spec/syncPolicy/automated" in left(plane, git)

    @pytest.mark.parametrize(
        ("name", "source"),
        [
            ("files", {"directory": {"recurse": False, "exclude": "", "jsonnet": {"extVars": [], "tlas": []}}}),
            ("kustomize", {"kustomize": {"namePrefix": "", "images": [], "forceCommonLabels": False, "patches": [], "commonLabels": {}}}),
            ("helm", {"helm": {"valueFiles": [], "skipTests": False, "ignoreMissingValueFiles": False}}),
        ],
    )
    def test_empty_sources_alone_and_among_several(self, plane: ControlPlane, argo: ArgoCD, name: str, source: dict[str, Any]) -> None:
        source = {"repoURL": "https://127.0.0.1:1/a", "path": "a", "targetRevision": "", **source}
        git = application(plane, f"given-{name}", source=source)
        rewritten(plane, argo, git)
        assert f"/spec/source/{name}" not in left(plane, git)
        assert left(plane, git) == []
        several = application(plane, f"given-{name}-several", sources=[source, {"repoURL": "https://127.0.0.1:1/b", "ref": "b", "chart": ""}])
        del several["spec"]["source"]
        rewritten(plane, argo, several, "--source-position", "2")
        assert "/spec/sources" in {change.path for change in differences(plane, several)}
        assert left(plane, several) == []
        plane.kubectl(
            "patch", "application", f"given-{name}-several", "-n", "argocd", "--type=json",
            "-p", json.dumps([{"op": "replace", "path": "/spec/sources/0/path", "value": "b"}]),
        )  # fmt: skip
        assert left(plane, several) == ["/spec/sources"]

    def test_what_argo_cd_makes_of_a_project_and_the_tokens_that_it_issues(self, plane: ControlPlane, argo: ArgoCD) -> None:
        role = {"name": "ci", "description": "", "groups": [], "policies": ["p,proj:given:ci,applications,sync,given/*,allow"]}
        spec = {
            "description": "", "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*", "name": ""}], "roles": [role],
            "permitOnlyProjectScopedClusters": False, "clusterResourceWhitelist": [{"group": "*", "kind": "*", "name": ""}],
            "syncWindows": [{"kind": "allow", "schedule": "0 0 * * *", "duration": "1h", "applications": ["*"], "namespaces": [], "manualSync": False}],
        }  # fmt: skip
        git = object_("AppProject", "given", "argoproj.io/v1alpha1", "argocd", spec=spec)
        plane.apply(git)
        argo.cli("proj", "add-destination", "given", "https://x", "y")
        assert left(plane, git) != []
        argo.cli("proj", "remove-destination", "given", "https://x", "y")
        assert differences(plane, git)
        assert left(plane, git) == []
        argo.cli("proj", "role", "create-token", "given", "ci")
        assert left(plane, git) == ["/spec/roles/0/jwtTokens"]
        assert [change.path for change in differences(plane, git) if is_token(change)] == ["/spec/roles/0/jwtTokens"]
        argo.cli("proj", "role", "add-policy", "given", "ci", "--action", "delete", "--permission", "allow", "--object", "*")
        assert "/spec/roles/0/policies" in left(plane, git)
