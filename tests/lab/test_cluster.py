"""The cluster's edge on a real API server: what it lists, sees, tries and writes; and how it says no."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gitguard.edges.cluster import Cluster, ClusterError, Expired
from gitguard.model.drift import ObjectKey
from tests.lab.controlplane import ControlPlane

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane) -> Cluster:
    return Cluster.connect(plane.kubeconfig("admin"), "")


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


class Watching:
    """A watch in a thread, and what it has seen."""

    def __init__(self, cluster: Cluster, kind: str, version: str) -> None:
        self.seen: list[tuple[str, str]] = []
        self.ended: list[BaseException] = []
        self.stop = threading.Event()
        resource = cluster.resource("", kind)
        assert resource
        self._thread = threading.Thread(target=self._run, args=(cluster, resource, version))
        self._thread.start()

    def _run(self, cluster: Cluster, resource: Any, version: str) -> None:
        try:
            for what, value in cluster.watch(resource, version, self.stop):
                self.seen.append((what, ObjectKey.of(value).name))
        except (Expired, ClusterError) as error:
            self.ended.append(error)

    def saw(self, event: tuple[str, str], within: float = 10.0) -> bool:
        deadline = time.monotonic() + within
        while event not in self.seen and time.monotonic() < deadline:
            time.sleep(0.01)
        return event in self.seen

    def join(self, within: float = 10.0) -> bool:
        self._thread.join(within)
        return not self._thread.is_alive()


@pytest.fixture
def watching(cluster: Cluster) -> Iterator[Any]:
    started: list[Watching] = []

    def start(kind: str, version: str) -> Watching:
        started.append(Watching(cluster, kind, version))
        return started[-1]

    yield start
    for one in started:
        one.stop.set()
        assert one.join()


def test_kinds_are_found_by_group_and_name(cluster: Cluster) -> None:
    deployment = cluster.resource("apps", "Deployment")
    assert deployment
    assert (deployment.api_version, deployment.plural, deployment.namespaced) == ("apps/v1", "deployments", True)
    assert deployment.path("shop", "web") == "/apis/apps/v1/namespaces/shop/deployments/web"
    role = cluster.resource("rbac.authorization.k8s.io", "ClusterRole")
    assert role
    assert role.path("", "x") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/x"
    older = cluster.resource("autoscaling", "HorizontalPodAutoscaler", "v1")
    assert older
    assert older.api_version == "autoscaling/v1"
    assert cluster.resource("example.com", "Nothing") is None
    assert cluster.resource("apps", "Nothing") is None


def test_lists_come_in_pages_and_say_what_they_hold(cluster: Cluster, plane: ControlPlane) -> None:
    plane.apply(*(config_map(f"page-{number:03d}") for number in range(600)))
    resource = cluster.resource("", "ConfigMap")
    assert resource
    listed = cluster.list(resource)
    assert {ObjectKey.of(item) for item in listed.items} >= {ObjectKey("", "ConfigMap", "shop", f"page-{number:03d}") for number in range(600)}
    assert int(listed.resource_version) > 0


def test_a_watch_tells_what_happens_from_a_version_on_and_ends_when_it_is_told(cluster: Cluster, plane: ControlPlane, watching: Any) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    one = watching("ConfigMap", cluster.list(resource).resource_version)
    plane.apply(config_map("seen", a="1"))
    assert one.saw(("ADDED", "seen"))
    plane.apply(config_map("seen", a="2"))
    assert one.saw(("MODIFIED", "seen"))
    plane.kubectl("delete", "configmap", "seen", "-n", "shop")
    assert one.saw(("DELETED", "seen"))
    started = time.monotonic()
    one.stop.set()
    assert one.join(5)
    assert time.monotonic() - started < 5
    assert one.ended == []


def test_a_watch_from_a_version_that_is_forgotten_says_so(cluster: Cluster, plane: ControlPlane, watching: Any) -> None:
    plane.compact()
    # What the API server itself remembers goes with its process.
    plane.apiserver.restart()
    plane.ready()
    one = watching("ConfigMap", "1")
    assert one.join()
    assert [type(error) for error in one.ended] == [Expired]


def test_an_update_is_tried_and_carried_out_at_a_version_only(cluster: Cluster, plane: ControlPlane) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    made = cluster.create(resource, config_map("tried", a="1"))
    tried = cluster.update(resource, {**made, "data": {"a": "2"}}, dry_run=True)
    assert (tried["data"], cluster.get(resource, "shop", "tried")["data"]) == ({"a": "2"}, {"a": "1"})
    cluster.update(resource, {**made, "data": {"a": "2"}}, audit_id="gitguard-test-1")
    with pytest.raises(ClusterError) as conflict:
        cluster.update(resource, {**made, "data": {"a": "3"}})
    assert conflict.value.is_conflict
    written = [event for event in plane.audit() if event["auditID"] == "gitguard-test-1"]
    assert [event["verb"] for event in written] == ["update"]


def test_refusals_say_what_and_why(cluster: Cluster, plane: ControlPlane) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    with pytest.raises(ClusterError) as missing:
        cluster.get(resource, "shop", "nothing")
    assert missing.value.is_missing
    assert 'configmaps "nothing" not found' in str(missing.value)
    made = cluster.create(resource, {**config_map("fixed", a="1"), "immutable": True})
    with pytest.raises(ClusterError) as refused:
        cluster.update(resource, {**made, "data": {"a": "2"}}, dry_run=True)
    assert refused.value.is_refused
    nobody = Cluster.connect(plane.kubeconfig("gitguard"), "")
    assert nobody.resource("", "ConfigMap") == resource
    with pytest.raises(ClusterError) as forbidden:
        nobody.list(resource)
    assert forbidden.value.status == 403
    assert "cannot list resource" in str(forbidden.value)


def test_a_cluster_that_is_not_there_is_told_without_a_traceback(plane: ControlPlane, tmp_path: Any) -> None:
    with pytest.raises(ClusterError, match="no cluster"):
        Cluster.connect(tmp_path / "nothing", "")
    with pytest.raises(ClusterError, match="no cluster"):
        Cluster.connect(plane.kubeconfig("admin"), "no-such-context")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(plane.kubeconfig("admin").read_text().replace(plane.url, "https://127.0.0.1:9"))
    with pytest.raises(ClusterError, match=r"https://127\.0\.0\.1:9 can't be reached"):
        Cluster.connect(elsewhere, "").resource("", "ConfigMap")


def test_a_watch_breaks_off_with_its_api_server_and_goes_on_with_the_next(cluster: Cluster, plane: ControlPlane, watching: Any) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    version = cluster.list(resource).resource_version
    one = watching("ConfigMap", version)
    plane.apply(config_map("before"))
    assert one.saw(("ADDED", "before"))
    plane.apiserver.restart()
    plane.ready()
    assert one.join(20)
    # The new one may remember less than the old one did; then it says so, and all is listed anew.
    again = watching("ConfigMap", version)
    assert again.saw(("ADDED", "before"), within=5) or [type(error) for error in again.ended] == [Expired]
    assert "before" in {ObjectKey.of(item).name for item in cluster.list(resource).items}
