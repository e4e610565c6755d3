"""Which cluster a destination means."""

from gitguard.argo.clusters import IN_CLUSTER_SERVER, Unresolved, resolve
from gitguard.model.argo import Cluster, Destination

PROD = Cluster("https://prod:6443", "prod")


def test_a_cluster_is_found_by_name_and_by_server() -> None:
    assert resolve(Destination(name="prod"), [PROD]) == PROD
    assert resolve(Destination(server="https://prod:6443/"), [PROD]) == PROD


def test_the_in_cluster_one_is_always_there_and_a_secret_renames_it() -> None:
    assert resolve(Destination(server=f"{IN_CLUSTER_SERVER}/"), []) == Cluster(IN_CLUSTER_SERVER, "in-cluster")
    assert resolve(Destination(name="in-cluster"), []) == Cluster(IN_CLUSTER_SERVER, "in-cluster")
    renamed = [Cluster(IN_CLUSTER_SERVER, "mgmt")]
    assert resolve(Destination(name="in-cluster"), renamed, "3.6") == renamed[0]
    assert isinstance(resolve(Destination(name="in-cluster"), renamed, "3.2"), Unresolved)


def test_what_is_not_known_is_not_denied_and_what_argo_cd_refuses_is() -> None:
    unknown = resolve(Destination(name="elsewhere"), [PROD])
    assert isinstance(unknown, Unresolved)
    assert not unknown.denied
    for destination in (Destination(name="a", server="b"), Destination()):
        refused = resolve(destination, [PROD])
        assert isinstance(refused, Unresolved)
        assert refused.denied
