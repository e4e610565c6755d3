"""What the tests of gitguard's rights share: an object of every kind, requests as its service account sends them, the levels of `deploy/`."""

import http.client
import json
import os
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.conftest import ROOT
from tests.lab.controlplane import KUBECTL, ControlPlane, wait_for

DEPLOY = ROOT / "deploy"


def _pod(*, once: bool = False) -> dict[str, Any]:
    spec = {"containers": [{"name": "web", "image": "web"}], **({"restartPolicy": "Never"} if once else {})}
    return {"metadata": {"labels": {"app": "web"}}, "spec": spec}


_SELECTOR = {"matchLabels": {"app": "web"}}
_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
_APPLICATION = {"project": "default", "destination": {"namespace": "shop", "name": "x"}, "source": {"repoURL": "https://git.example/x", "path": "x"}}
_HOOK = {
    "name": "x.example.com",
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "clientConfig": {"url": "https://127.0.0.1:9/"},
    "rules": [],
}
_CRD = {
    "group": "example.com", "scope": "Namespaced", "names": {"plural": "samples", "singular": "sample", "kind": "Sample", "listKind": "SampleList"},
    "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
}  # fmt: skip
_HPA = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}, "maxReplicas": 2}
_POLICY = {
    "matchConstraints": {"resourceRules": [{"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["x"]}]},
    "validations": [{"expression": "true"}],
}
# Resource and group, to the version, the kind, the namespace ("" for none) and the rest of an object that a role's rules mean.
SAMPLES: dict[tuple[str, str], tuple[str, str, str, dict[str, Any]]] = {
    ("applications", "argoproj.io"): ("v1alpha1", "Application", "argocd", {"spec": _APPLICATION}),
    ("applicationsets", "argoproj.io"): ("v1alpha1", "ApplicationSet", "argocd", {"spec": {"generators": [], "template": {"metadata": {}, "spec": _APPLICATION}}}),
    ("appprojects", "argoproj.io"): ("v1alpha1", "AppProject", "argocd", {"spec": {}}),
    ("configmaps", ""): ("v1", "ConfigMap", "shop", {"data": {"a": "1"}}),
    ("limitranges", ""): ("v1", "LimitRange", "shop", {"spec": {"limits": [{"type": "PersistentVolumeClaim", "max": {"storage": "9Gi"}}]}}),
    ("namespaces", ""): ("v1", "Namespace", "", {}),
    ("persistentvolumeclaims", ""): ("v1", "PersistentVolumeClaim", "shop", {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
    ("resourcequotas", ""): ("v1", "ResourceQuota", "shop", {"spec": {"hard": {"count/widgets.example.com": "9"}}}),
    ("serviceaccounts", ""): ("v1", "ServiceAccount", "shop", {}),
    ("services", ""): ("v1", "Service", "shop", {"spec": {"ports": [{"port": 80}]}}),
    ("daemonsets", "apps"): ("v1", "DaemonSet", "shop", {"spec": {"selector": _SELECTOR, "template": _pod()}}),
    ("deployments", "apps"): ("v1", "Deployment", "shop", {"spec": {"selector": _SELECTOR, "template": _pod()}}),
    ("statefulsets", "apps"): ("v1", "StatefulSet", "shop", {"spec": {"serviceName": "x", "selector": _SELECTOR, "template": _pod()}}),
    ("horizontalpodautoscalers", "autoscaling"): ("v2", "HorizontalPodAutoscaler", "shop", {"spec": _HPA}),
    ("cronjobs", "batch"): ("v1", "CronJob", "shop", {"spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": _pod(once=True)}}}}),
    ("jobs", "batch"): ("v1", "Job", "shop", {"spec": {"template": _pod(once=True)}}),
    ("ingressclasses", "networking.k8s.io"): ("v1", "IngressClass", "", {"spec": {"controller": "example.com/x"}}),
    ("ingresses", "networking.k8s.io"): ("v1", "Ingress", "shop", {"spec": {"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}}),
    ("networkpolicies", "networking.k8s.io"): ("v1", "NetworkPolicy", "shop", {"spec": {"podSelector": {}}}),
    ("poddisruptionbudgets", "policy"): ("v1", "PodDisruptionBudget", "shop", {"spec": {"minAvailable": 1, "selector": _SELECTOR}}),
    ("priorityclasses", "scheduling.k8s.io"): ("v1", "PriorityClass", "", {"value": 5}),
    ("storageclasses", "storage.k8s.io"): ("v1", "StorageClass", "", {"provisioner": "example.com/x"}),
    ("customresourcedefinitions", "apiextensions.k8s.io"): ("v1", "CustomResourceDefinition", "", {"spec": _CRD}),
    ("clusterrolebindings", "rbac.authorization.k8s.io"): ("v1", "ClusterRoleBinding", "", {"roleRef": _ROLE}),
    ("clusterroles", "rbac.authorization.k8s.io"): ("v1", "ClusterRole", "", {"rules": []}),
    ("rolebindings", "rbac.authorization.k8s.io"): ("v1", "RoleBinding", "shop", {"roleRef": _ROLE}),
    ("roles", "rbac.authorization.k8s.io"): ("v1", "Role", "shop", {"rules": []}),
    ("mutatingwebhookconfigurations", "admissionregistration.k8s.io"): ("v1", "MutatingWebhookConfiguration", "", {"webhooks": [_HOOK]}),
    ("validatingwebhookconfigurations", "admissionregistration.k8s.io"): ("v1", "ValidatingWebhookConfiguration", "", {"webhooks": [_HOOK]}),
    ("validatingadmissionpolicies", "admissionregistration.k8s.io"): ("v1", "ValidatingAdmissionPolicy", "", {"spec": _POLICY}),
    ("validatingadmissionpolicybindings", "admissionregistration.k8s.io"): (
        "v1", "ValidatingAdmissionPolicyBinding", "", {"spec": {"policyName": "x", "validationActions": ["Deny"]}}
    ),
    ("events", ""): ("v1", "Event", "argocd", {"involvedObject": {"namespace": "argocd", "name": "x"}}),
    ("secrets", ""): ("v1", "Secret", "argocd", {"stringData": {"password": "x"}}),
}  # fmt: skip


class Sample(NamedTuple):
    """An object of one kind, and where the API server has it."""

    resource: str
    group: str
    version: str
    namespaced: bool
    manifest: dict[str, Any]

    @classmethod
    def of(cls, resource: str, group: str, name: str = "sample", namespace: str = "") -> "Sample":
        """The sample of a kind, of another name or in another namespace where they are given."""
        version, kind, usual, rest = SAMPLES[resource, group]
        metadata = {"name": "samples.example.com" if kind == "CustomResourceDefinition" else name}
        where = {"namespace": namespace or usual} if usual else {}
        return cls(
            resource,
            group,
            version,
            bool(usual),
            {"apiVersion": f"{group}/{version}" if group else version, "kind": kind, "metadata": {**metadata, **where}, **rest},
        )

    @property
    def collection(self) -> str:
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        return f"{root}/namespaces/{self.manifest['metadata']['namespace']}/{self.resource}" if self.namespaced else f"{root}/{self.resource}"

    @property
    def path(self) -> str:
        return f"{self.collection}/{self.manifest['metadata']['name']}"


class Answer(NamedTuple):
    """What the API server said."""

    status: int
    body: Any

    @property
    def message(self) -> str:
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else ""


class Client:
    """One user of a control plane, who may send anything."""

    def __init__(self, plane: ControlPlane, user: str) -> None:
        self._host = plane.url.removeprefix("https://")
        self._context = ssl.create_default_context(cafile=str(plane.ca))
        self._token = plane.tokens[user]

    def send(self, method: str, path: str, body: Any = None, kind: str = "application/json", **headers: str) -> Answer:
        connection = http.client.HTTPSConnection(self._host, timeout=30, context=self._context)
        try:
            sent = {"Authorization": f"Bearer {self._token}", "Content-Type": kind, "Accept": "application/json", **headers}
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            # A watch has no end: what matters is whether it was begun.
            if answer.status == 200 and "watch=" in path:
                return Answer(200, {})
            text = answer.read()
            return Answer(answer.status, json.loads(text) if text.startswith(b"{") else {"message": text.decode("utf-8", "replace")})
        finally:
            connection.close()

    def patch(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", path, body, "application/merge-patch+json")

    def apply(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", f"{path}?fieldManager=gitguard&force=true", body, "application/apply-patch+yaml")

    def live(self, sample: Sample) -> Any:
        answer = self.send("GET", sample.path)
        assert answer.status == 200, answer
        return answer.body


def built(folder: Path) -> list[dict[str, Any]]:
    """What `kubectl kustomize` makes of a folder."""
    done = subprocess.run([str(KUBECTL), "kustomize", str(folder)], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [manifest for manifest in yaml.safe_load_all(done.stdout) if manifest]


def with_component(level: str, component: str, folder: Path) -> Path:
    """An overlay of a user's own, which takes a level and one of the components."""
    folder.mkdir()
    value = {"resources": [os.path.relpath(DEPLOY / level, folder)], "components": [os.path.relpath(DEPLOY / "components" / component, folder)]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(value))
    return folder


def rules(manifests: Sequence[Mapping[str, Any]], *names: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(resource, group, verbs) of all rules of the roles with these names, or of all roles."""
    for manifest in manifests:
        if manifest["kind"] in ("Role", "ClusterRole") and (not names or manifest["metadata"]["name"] in names):
            for rule in manifest["rules"]:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        yield resource, group, tuple(rule["verbs"])


def subresources(client: Client, sample: Sample) -> dict[str, tuple[str, ...]]:
    """Paths of a sample's own resource ("") and of its subresources, each with the verbs that the API server has for it."""
    root = f"/apis/{sample.group}/{sample.version}" if sample.group else f"/api/{sample.version}"
    served = client.send("GET", root).body["resources"]
    return {one["name"].removeprefix(sample.resource): tuple(one["verbs"]) for one in served if one["name"].split("/")[0] == sample.resource}


def writes(client: Client, sample: Sample, live: Any, query: str = "", *, only_below: bool = False) -> Iterator[tuple[str, Answer]]:
    """Every way of writing an object, its kind and what is below it, tried one after the other; each with what it is for people."""
    changed = {**live, "metadata": {**live["metadata"], "labels": {"written": "1"}}}
    fresh = Sample.of(sample.resource, sample.group, "fresh").manifest
    label = {"metadata": {"labels": {"written": "1"}}}
    for below, verbs in subresources(client, sample).items():
        if only_below and below == "":
            continue
        path, what = f"{sample.path}{below}", f"{sample.resource}{below}"
        if below == "" and "create" in verbs:
            yield f"POST {what}", client.send("POST", f"{sample.collection}{query}", fresh)
        elif "create" in verbs:
            yield f"POST {what}", client.send("POST", f"{path}{query}", _body(below, live))
        if "update" in verbs:
            yield f"PUT {what}", client.send("PUT", f"{path}{query}", changed if below != "/scale" else _body(below, live))
        if "patch" in verbs:
            yield (
                f"PATCH {what}",
                client.send("PATCH", f"{path}{query}", label if below != "/scale" else {"spec": {"replicas": 3}}, "application/merge-patch+json"),
            )
            yield (
                f"APPLY {what}",
                client.send(
                    "PATCH", f"{path}?fieldManager=x&force=true{query.replace('?', '&')}", _applied(below, sample), "application/apply-patch+yaml"
                ),
            )
        if "delete" in verbs:
            yield f"DELETE {what}", client.send("DELETE", f"{path}{query}")
        if "deletecollection" in verbs:
            yield f"DELETE all {what}", client.send("DELETE", f"{sample.collection}{query}")


def _body(below: str, live: Any) -> Any:
    metadata = {name: live["metadata"][name] for name in ("name", "namespace") if name in live["metadata"]}
    if below == "/scale":
        return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": metadata, "spec": {"replicas": 3}}
    if below == "/token":
        return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    return {**live}


def _applied(below: str, sample: Sample) -> Any:
    if below == "/scale":
        return {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": sample.manifest["metadata"], "spec": {"replicas": 3}}
    return {**sample.manifest, "metadata": {**sample.manifest["metadata"], "labels": {"written": "1"}}}


@contextmanager
def level(plane: ControlPlane, manifests: Sequence[dict[str, Any]]) -> Iterator[None]:
    """What the manifests say holds, until the `with` ends."""
    plane.apply(*manifests)
    granted = [
        manifest
        for manifest in manifests
        if manifest["apiVersion"].partition("/")[0] in ("rbac.authorization.k8s.io", "admissionregistration.k8s.io")
    ]
    try:
        wait_for(lambda: _may(plane, "list", "deployments.apps"), plane.apiserver, "the roles")
        yield
    finally:
        text = yaml.safe_dump_all(granted)
        plane.kubectl("delete", "--ignore-not-found", "-f", "-", stdin=text)
        wait_for(lambda: not _may(plane, "list", "deployments.apps"), plane.apiserver, "the end of the roles")


def _may(plane: ControlPlane, verb: str, resource: str) -> bool:
    name, _, group = resource.partition(".")
    asked = {"resourceAttributes": {"verb": verb, "resource": name, "group": group}}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": asked}
    return bool(Client(plane, "gitguard").send("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review).body["status"]["allowed"])
