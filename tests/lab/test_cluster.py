"""The cluster's edge on a real API server: what it lists, sees, tries and writes; and how it says no."""

import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gitguard.edges.cluster import Cluster, ClusterError, Expired
from gitguard.model.drift import ObjectKey
from gitguard.reconciler.audit_events import written
from tests.lab.controlplane import ControlPlane
from tests.lab.test_lab import eventually

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane) -> Cluster:
    return Cluster.connect(plane.kubeconfig("admin"), "")


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": data}


def labelled(name: str, **labels: str) -> dict[str, Any]:
    made = config_map(name)
    made["metadata"]["labels"] = labels
    return made


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


def test_a_list_can_be_of_one_namespace_and_of_chosen_labels(cluster: Cluster, plane: ControlPlane) -> None:
    plane.apply(config_map("plain"), labelled("web", app="web"), labelled("web-2", app="web", tier="2"), labelled("db", app="db"))
    elsewhere = labelled("far", app="web")
    elsewhere["metadata"]["namespace"] = "argocd"
    plane.apply(elsewhere)
    resource = cluster.resource("", "ConfigMap")
    assert resource

    def names(namespace: str, selector: str) -> set[str]:
        return {ObjectKey.of(item).name for item in cluster.list(resource, namespace, selector).items}

    assert names("", "app=web") == {"web", "web-2", "far"}
    assert names("shop", "app=web") == {"web", "web-2"}
    assert names("shop", "app=web,tier=2") == {"web-2"}
    assert names("argocd", "app=db") == set()
    assert {"far"} <= names("argocd", "") & names("", "")
    assert "plain" not in names("argocd", "")


def test_what_is_served_is_told_with_what_could_not_be_asked(cluster: Cluster, plane: ControlPlane) -> None:
    assert re.fullmatch(r"1\.\d+\.\d+.*", cluster.version())
    kinds, api_versions = cluster.kinds(), cluster.api_versions()
    assert (kinds["apps", "Deployment"], kinds["", "Namespace"], kinds["", "Pod"]) == (True, False, True)
    assert {"v1", "v1/ConfigMap", "apps/v1", "apps/v1/Deployment", "autoscaling/v1/HorizontalPodAutoscaler"} <= set(api_versions)
    # Argo CD counts what can be listed and watched.
    assert kinds["authentication.k8s.io", "TokenReview"] is False
    assert [one for one in api_versions if one.startswith("authentication.k8s.io")] == []
    assert api_versions == tuple(sorted(set(api_versions)))
    service = {"group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100}
    aggregated = {"service": {"name": "nobody", "namespace": "shop"}, "insecureSkipTLSVerify": True, **service}
    name = {"name": "v1beta1.metrics.k8s.io"}
    plane.apply({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": name, "spec": aggregated})
    try:
        assert eventually(lambda: cluster.served().missing == ("metrics.k8s.io/v1beta1",), 20)
        served = cluster.served()
        assert (dict(served.kinds), served.api_versions) == (dict(kinds), api_versions)
    finally:
        plane.kubectl("delete", "apiservice", name["name"])
    assert eventually(lambda: cluster.served().missing == (), 20)


def test_a_deletion_is_of_that_very_object(cluster: Cluster, plane: ControlPlane) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    made = cluster.create(resource, config_map("gone", a="1"))
    metadata = made["metadata"]
    cluster.update(resource, {**made, "data": {"a": "2"}})
    with pytest.raises(ClusterError) as another:
        cluster.delete(resource, "shop", "gone", uid="0d5b1a3e-0000-4000-8000-000000000000")
    assert another.value.is_conflict
    with pytest.raises(ClusterError) as changed:
        cluster.delete(resource, "shop", "gone", uid=metadata["uid"], resource_version=metadata["resourceVersion"])
    assert changed.value.is_conflict
    version = cluster.get(resource, "shop", "gone")["metadata"]["resourceVersion"]
    cluster.delete(resource, "shop", "gone", uid=metadata["uid"], resource_version=version, dry_run=True, audit_id="gitguard-test-2")
    assert cluster.get(resource, "shop", "gone")["metadata"]["resourceVersion"] == version
    answer = cluster.delete(resource, "shop", "gone", uid=metadata["uid"], resource_version=version, audit_id="gitguard-test-3")
    assert (answer["kind"], answer["status"]) == ("Status", "Success")
    with pytest.raises(ClusterError) as missing:
        cluster.delete(resource, "shop", "gone", uid=metadata["uid"])
    assert missing.value.is_missing
    writes = {event["auditID"]: written(event) for event in plane.audit() if event["auditID"].startswith("gitguard-test-")}
    assert writes["gitguard-test-2"] is None
    deletion = writes["gitguard-test-3"]
    assert deletion
    assert (deletion.verb, deletion.removed) == ("delete", (metadata["uid"],))


def test_a_deletion_that_waits_for_finalizers_gives_the_object(cluster: Cluster) -> None:
    resource = cluster.resource("", "ConfigMap")
    assert resource
    held = config_map("held")
    held["metadata"]["finalizers"] = ["shop.example/hold"]
    made = cluster.create(resource, held)
    answer = cluster.delete(resource, "shop", "held", uid=made["metadata"]["uid"])
    assert (answer["kind"], answer["metadata"]["name"]) == ("ConfigMap", "held")
    assert answer["metadata"]["deletionTimestamp"]


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
    assert forbidden.value.is_forbidden
    assert not missing.value.is_forbidden
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
