"""What a cluster is that is to be watched: what Argo CD calls it, what it serves, and by which users it knows Argo CD."""

import base64
from collections.abc import Mapping
from typing import Any

from gitguard.edges.cluster import Cluster, ClusterError
from gitguard.model.argo import Cluster as Known
from gitguard.model.configuration import Configuration
from gitguard.model.desired import Watched
from gitguard.reconciler.attribution import Identities

_IN_CLUSTER = "https://kubernetes.default.svc"


def watched(cluster: Cluster, name: str, settings: Configuration) -> Watched:
    """What the cluster is, and what Argo CD calls it."""
    served = cluster.served()
    is_control_plane = ("argoproj.io", "Application") in served.kinds
    servers = {cluster.server.rstrip("/"), *(one.server for one in settings.clusters if one.name == name)}
    names = {name}
    if is_control_plane:
        servers.add(_IN_CLUSTER)
        names.add("in-cluster")
    known = _cluster_secrets(cluster, settings.argocd.namespace)
    names |= {one.name for one in known if one.server in servers}
    return Watched(frozenset(names), frozenset(servers), known, is_control_plane, served.kinds, cluster.version(), served.api_versions)


def _cluster_secrets(cluster: Cluster, namespace: str) -> tuple[Known, ...]:
    """The names and servers in Argo CD's cluster secrets, where they may be read; nothing else of them is looked at."""
    resource = cluster.resource("", "Secret")
    try:
        held = cluster.list(resource, namespace, "argocd.argoproj.io/secret-type=cluster").items if resource else ()
    except ClusterError as error:
        if error.is_forbidden or error.is_missing:
            return ()
        raise
    return tuple(Known(_text(one, "server").rstrip("/"), _text(one, "name")) for one in held)


def _text(secret: Mapping[str, Any], name: str) -> str:
    try:
        return base64.b64decode(str((secret.get("data") or {}).get(name) or "")).decode()
    except ValueError:
        return ""


def identities(namespace: str) -> Identities:
    """The users of Argo CD's parts, where it runs in that namespace."""

    def account(name: str) -> str:
        return f"system:serviceaccount:{namespace}:argocd-{name}"

    others = ("application-controller", "applicationset-controller", "notifications-controller")
    return Identities(account("server"), (*map(account, others), "system:serviceaccount:kube-system:argocd-manager"))
