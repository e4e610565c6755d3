"""Which cluster a destination means: Argo CD's GetDestinationCluster (util/argo/argo.go), over the clusters that are known."""

from collections.abc import Sequence
from typing import NamedTuple

from gitguard.argo.version import at_least
from gitguard.model.argo import Cluster, Destination

IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
IN_CLUSTER_NAME = "in-cluster"


class Unresolved(NamedTuple):
    """No cluster: `denied` where Argo CD itself would refuse whatever clusters it has, else it is only not known here."""

    reason: str
    denied: bool


def resolve(destination: Destination, clusters: Sequence[Cluster], version: str = "3.6", *, in_cluster: bool = True) -> Cluster | Unresolved:
    """The cluster's server and name. The in-cluster one is there under its own name, unless a secret renames it or argocd-cm disables it."""
    if destination.name and destination.server:
        return Unresolved(f"application destination can't have both name and server defined: {destination.name} {destination.server}", denied=True)
    if destination.server:
        return _by_server(destination.server.rstrip("/"), clusters, in_cluster)
    if destination.name:
        return _by_name(destination.name, clusters, version, in_cluster)
    return Unresolved("Destination server missing from app spec", denied=True)


def _by_server(server: str, clusters: Sequence[Cluster], in_cluster: bool) -> Cluster | Unresolved:
    if server == IN_CLUSTER_SERVER and not in_cluster:
        return Unresolved(f"the cluster {server} is disabled (cluster.inClusterEnabled in argocd-cm)", denied=True)
    named = [cluster for cluster in clusters if cluster.server.rstrip("/") == server]
    if named:
        return named[0]._replace(server=server)
    if server == IN_CLUSTER_SERVER:
        return Cluster(IN_CLUSTER_SERVER, IN_CLUSTER_NAME)
    return Unresolved(f"no cluster with the server {server} is known", denied=False)


def _by_name(name: str, clusters: Sequence[Cluster], version: str, in_cluster: bool) -> Cluster | Unresolved:
    servers = [cluster.server.rstrip("/") for cluster in clusters if cluster.name == name]
    renamed = any(cluster.server.rstrip("/") == IN_CLUSTER_SERVER for cluster in clusters)
    if not servers and name == IN_CLUSTER_NAME and in_cluster and (not renamed or at_least(version, (3, 3))):
        servers = [IN_CLUSTER_SERVER]
    if not in_cluster and servers == [IN_CLUSTER_SERVER]:
        return _by_server(IN_CLUSTER_SERVER, clusters, in_cluster)
    if not in_cluster:
        servers = [server for server in servers if server != IN_CLUSTER_SERVER]
    if len(servers) > 1:
        return Unresolved(f"there are {len(servers)} clusters with the same name: {sorted(servers)}", denied=False)
    return _by_server(servers[0], clusters, in_cluster) if servers else Unresolved(f"no cluster with the name {name} is known", denied=False)
