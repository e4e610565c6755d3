"""The kinds that the embedded API server serves, and what it says of them by discovery."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

VERSION = "v1.37.0-gitguard-embedded"
_VERBS = ("create", "delete", "get", "list", "patch", "update", "watch")
_STATUS_VERBS = ("get", "patch", "update")
_RBAC = "rbac.authorization.k8s.io"


class Kind(NamedTuple):
    """A kind in the one version that it is served in.

    `has_status`: its status is written by the subresource of that name only. `counts`: changes of anything but metadata and such a status move
    its generation. `custom`: it is treated as the kinds of CustomResourceDefinitions are.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    has_status: bool = False
    counts: bool = False
    custom: bool = False

    @property
    def api_version(self) -> str:
        """As manifests have it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def head(self) -> bytes:
        """What the JSON of each of its objects starts with."""
        return f'{{"apiVersion":{json.dumps(self.api_version)},"kind":{json.dumps(self.kind)},'.encode()

    def qualified(self, name: str) -> str:
        """Its name, or its plural, as messages have it: `deployments.apps`."""
        return f"{name}.{self.group}" if self.group else name


KINDS = (
    Kind("", "v1", "Namespace", "namespaces", namespaced=False, has_status=True),
    Kind("", "v1", "ConfigMap", "configmaps"),
    Kind("", "v1", "Secret", "secrets"),
    Kind("", "v1", "Service", "services", has_status=True),
    Kind("", "v1", "ServiceAccount", "serviceaccounts"),
    Kind("", "v1", "Event", "events"),
    Kind("", "v1", "Pod", "pods", has_status=True, counts=True),
    Kind("apps", "v1", "Deployment", "deployments", has_status=True, counts=True),
    Kind("apps", "v1", "StatefulSet", "statefulsets", has_status=True, counts=True),
    Kind("apps", "v1", "DaemonSet", "daemonsets", has_status=True, counts=True),
    Kind("batch", "v1", "Job", "jobs", has_status=True, counts=True),
    Kind("batch", "v1", "CronJob", "cronjobs", has_status=True, counts=True),
    Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", has_status=True, counts=True),
    Kind(_RBAC, "v1", "ClusterRole", "clusterroles", namespaced=False),
    Kind(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Kind(_RBAC, "v1", "Role", "roles"),
    Kind(_RBAC, "v1", "RoleBinding", "rolebindings"),
    Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", counts=True),
    Kind("networking.k8s.io", "v1", "Ingress", "ingresses", has_status=True, counts=True),
    Kind("argoproj.io", "v1alpha1", "Application", "applications", counts=True, custom=True),
    Kind("argoproj.io", "v1alpha1", "AppProject", "appprojects", counts=True, custom=True),
    Kind("argoproj.io", "v1alpha1", "ApplicationSet", "applicationsets", has_status=True, counts=True, custom=True),
)


def discovery(kinds: Iterable[Kind]) -> Mapping[str, Mapping[str, Any]]:
    """Path to document: the API server's version, its groups, and the kinds of each of their versions."""
    versions: dict[str, dict[str, list[Kind]]] = {}
    for kind in kinds:
        versions.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    core = versions.pop("", {})
    groups = {group: _group(group, list(served)) for group, served in versions.items()}
    made: dict[str, Mapping[str, Any]] = {
        "/version": {"major": "1", "minor": "37", "gitVersion": VERSION, "platform": "none: this is no Kubernetes"},
        "/api": {"kind": "APIVersions", "versions": list(core)},
        "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(groups.values())},
    }
    made |= {f"/api/{version}": _resources(version, listed) for version, listed in core.items()}
    for group, served in versions.items():
        made[f"/apis/{group}"] = {"kind": "APIGroup", "apiVersion": "v1", **groups[group]}
        made |= {f"/apis/{group}/{version}": _resources(f"{group}/{version}", listed) for version, listed in served.items()}
    return made


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resources(api_version: str, kinds: Iterable[Kind]) -> dict[str, Any]:
    made = []
    for kind in kinds:
        common = {"singularName": kind.kind.lower(), "namespaced": kind.namespaced, "kind": kind.kind}
        made.append({"name": kind.plural, **common, "verbs": list(_VERBS)})
        if kind.has_status:
            made.append({"name": f"{kind.plural}/status", **common, "singularName": "", "verbs": list(_STATUS_VERBS)})
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": made}
