"""The embedded API server, through the cluster's edge: what it serves, keeps, tells and refuses, and what its audit says of it."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gitguard.edges.cluster import Cluster, ClusterError, Expired, Resource
from gitguard.edges.embedded import Embedded, embedded
from gitguard.model.drift import ObjectKey
from gitguard.reconciler.attribution import Evidence
from gitguard.reconciler.audit_events import written
from gitguard.reconciler.comparison import compared, proposed

NOBODYS = "0d5b1a3e-0000-4000-8000-000000000000"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    with embedded(tmp_path) as made:
        yield made


@pytest.fixture
def cluster(server: Embedded) -> Cluster:
    return Cluster.connect(server.kubeconfig("alice"), "")


@pytest.fixture
def watching(cluster: Cluster) -> Iterator[Callable[..., "Watching"]]:
    with ExitStack() as stack:

        def start(resource: Resource, version: str) -> Watching:
            one = Watching(cluster, resource, version)
            stack.callback(one.end)
            return one

        yield start


class Watching:
    """A watch in a thread, and what it has seen."""

    def __init__(self, cluster: Cluster, resource: Resource, version: str) -> None:
        self.seen: list[tuple[str, str]] = []
        self.versions: list[int] = []
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(cluster, resource, version))
        self._thread.start()

    def _run(self, cluster: Cluster, resource: Resource, version: str) -> None:
        try:
            for what, value in cluster.watch(resource, version, self._stop):
                self.seen.append((what, ObjectKey.of(value).name))
                self.versions.append(int(value["metadata"]["resourceVersion"]))
        except (Expired, ClusterError) as error:
            self.error = error

    def saw(self, *events: tuple[str, str]) -> bool:
        """Exactly these, in this order; bookmarks aside."""
        return eventually(lambda: [one for one in self.seen if one[0] != "BOOKMARK"] == list(events))

    def ended(self) -> bool:
        self._thread.join(10)
        return not self._thread.is_alive()

    def end(self) -> None:
        self._stop.set()
        assert self.ended()


def eventually(happened: Callable[[], object], within: float = 10.0) -> bool:
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def config_map(name: str, namespace: str = "shop", labels: Mapping[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, **({"labels": dict(labels)} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(name: str) -> dict[str, Any]:
    container = {"name": "web", "image": "registry.example/web:1", "ports": [{"containerPort": 8080}]}
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def found(cluster: Cluster, group: str, kind: str) -> Resource:
    resource = cluster.resource(group, kind)
    assert resource
    return resource


def version(value: Mapping[str, Any]) -> int:
    return int(value["metadata"]["resourceVersion"])


def names(values: tuple[Mapping[str, Any], ...]) -> list[str]:
    return [value["metadata"]["name"] for value in values]


def events(server: Embedded) -> list[Any]:
    return [json.loads(line) for line in server.audit_log.read_text().splitlines()]


class Asking:
    """What the cluster's edge has no word for."""

    def __init__(self, server: Embedded, user: str = "alice") -> None:
        config = json.loads(server.kubeconfig(user).read_text())
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}", "User-Agent": "kubectl/v1.37.0 (test)"}
        self.host = server.url.removeprefix("http://")

    def __call__(self, method: str, target: str, body: Any = None, content: str = "application/json", **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=10)
        try:
            data = body if isinstance(body, str | None) else json.dumps(body)
            connection.request(method, target, data, {**self.headers, "Content-Type": content, **headers})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


def refusal(answer: tuple[int, Any]) -> tuple[int, str]:
    code, status = answer
    assert (status["kind"], status["status"], status["code"]) == ("Status", "Failure", code)
    return code, status.get("reason", "")


class TestDiscovery:
    def test_it_says_what_it_serves_and_that_it_is_none(self, cluster: Cluster) -> None:
        assert cluster.version() == "1.37.0-gitguard-embedded"
        served = cluster.served()
        assert (served.kinds["", "Namespace"], served.kinds["argoproj.io", "Application"]) == (False, True)
        assert {"v1", "v1/Secret", "apps/v1", "apps/v1/Deployment", "autoscaling/v2/HorizontalPodAutoscaler"} <= set(served.api_versions)
        assert (cluster.kinds(), cluster.api_versions(), served.missing) == (served.kinds, served.api_versions, ())
        assert found(cluster, "rbac.authorization.k8s.io", "ClusterRole").path("", "x") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/x"
        assert cluster.resource("apps", "Nothing") is None
        assert cluster.resource("example.com", "Nothing") is None

    def test_who_is_not_known_and_who_may_not_are_told(self, tmp_path: Path) -> None:
        def may(user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
            return user != "bob" or (verb, group, resource, namespace) == ("get", "", "configmaps", "shop")

        with embedded(tmp_path, may=may) as server:
            server.apply(config_map("a"), "alice")
            bob = Cluster.connect(server.kubeconfig("bob"), "")
            resource = found(bob, "", "ConfigMap")
            assert bob.get(resource, "shop", "a")["kind"] == "ConfigMap"
            for deed in (
                lambda: bob.list(resource),
                lambda: bob.create(resource, config_map("b")),
                lambda: next(bob.watch(resource, "1", threading.Event())),
            ):
                with pytest.raises(ClusterError, match=r'User "bob" cannot (list|create|watch) resource "configmaps" in API group ""') as no:
                    deed()
                assert no.value.is_forbidden
            asking = Asking(server)
            asking.headers["Authorization"] = "Bearer nonsense"
            assert refusal(asking("GET", "/api/v1/configmaps")) == (401, "Unauthorized")
            assert [(event["verb"], event["responseStatus"]["code"], written(event)) for event in events(server)[1:]] == [("create", 403, None)]


class TestObjects:
    def test_every_write_has_a_version_of_one_counter(self, cluster: Cluster) -> None:
        maps, deployments = found(cluster, "", "ConfigMap"), found(cluster, "apps", "Deployment")
        first = cluster.create(maps, config_map("a", x="1"))
        second = cluster.create(deployments, deployment("web"))
        third = cluster.update(maps, {**first, "data": {"x": "2"}})
        assert version(first) < version(second) < version(third)
        assert (first["metadata"]["uid"], first["metadata"]["creationTimestamp"]) == (
            third["metadata"]["uid"],
            third["metadata"]["creationTimestamp"],
        )
        assert [(one["manager"], one["operation"]) for one in third["metadata"]["managedFields"]] == [("gitguard", "Update")]
        assert cluster.get(maps, "shop", "a") == third

    def test_what_changes_nothing_makes_no_version(self, cluster: Cluster, server: Embedded) -> None:
        resource = found(cluster, "apps", "Deployment")
        made = cluster.create(resource, deployment("web"))
        assert cluster.update(resource, made) == made
        # Neither does git's word, though it names no defaults.
        assert version(server.apply(deployment("web"), "bob")) == version(made)

    def test_a_generation_moves_with_the_spec_only(self, cluster: Cluster, server: Embedded) -> None:
        resource = found(cluster, "apps", "Deployment")
        made = cluster.create(resource, deployment("web"))
        labelled = cluster.update(resource, {**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}})
        scaled = cluster.update(resource, {**labelled, "spec": {**labelled["spec"], "replicas": 3}})
        code, ready = Asking(server)("PUT", resource.path("shop", "web") + "/status", {**scaled, "spec": {}, "status": {"replicas": 3}})
        kept = cluster.update(resource, {**ready, "status": {"replicas": 9}})
        assert code == 200
        assert [one["metadata"]["generation"] for one in (made, labelled, scaled, ready, kept)] == [1, 1, 2, 2, 2]
        assert (kept["status"], kept["spec"], version(kept)) == ({"replicas": 3}, scaled["spec"], version(ready))

    def test_a_dry_run_shows_defaults_and_drift_and_stores_nothing(self, cluster: Cluster, server: Embedded) -> None:
        git = deployment("web")
        resource = found(cluster, "apps", "Deployment")
        assert "resourceVersion" not in cluster.create(resource, git, dry_run=True)["metadata"]
        live = cluster.create(resource, git)
        assert live["spec"] != git["spec"]
        assert compared(git, live, cluster.update(resource, proposed(git, live), dry_run=True)) == ()
        live = cluster.update(resource, {**live, "spec": {**live["spec"], "paused": True, "replicas": 3}})
        changes = compared(git, live, cluster.update(resource, proposed(git, live), dry_run=True))
        assert [(change.path, change.git, change.kind) for change in changes if change.path == "/spec/replicas"] == [("/spec/replicas", 1, "changed")]
        assert [change.kind for change in changes if change.path == "/spec/paused"] == ["added"]
        assert cluster.get(resource, "shop", "web") == live
        assert [written(event) is not None for event in events(server)] == [False, True, False, True, False]

    def test_a_secret_is_kept_as_data(self, cluster: Cluster) -> None:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop"}, "stringData": {"a": "b"}}
        made = cluster.create(found(cluster, "", "Secret"), secret)
        assert ("stringData" in made, made["data"], made["type"]) == (False, {"a": "Yg=="}, "Opaque")

    @pytest.mark.parametrize(
        ("content", "patch", "data"),
        [
            ("application/merge-patch+json", {"data": {"a": None, "c/d": "3"}}, {"b": "2", "c/d": "3"}),
            ("application/strategic-merge-patch+json", {"data": {"b": "9"}}, {"a": "1", "b": "9"}),
            (
                "application/json-patch+json",
                [{"op": "add", "path": "/data/c~1d", "value": "3"}, {"op": "remove", "path": "/data/a"}],
                {"b": "2", "c/d": "3"},
            ),
            ("application/json-patch+json", [{"op": "replace", "path": "/data/b", "value": "9"}], {"a": "1", "b": "9"}),
        ],
    )
    def test_patches(self, server: Embedded, content: str, patch: Any, data: Any) -> None:
        made = server.apply(config_map("a", a="1", b="2"), "alice")
        code, answer = Asking(server)("PATCH", "/api/v1/namespaces/shop/configmaps/a", patch, content)
        assert (code, answer["data"], answer) == (200, data, server.get("", "ConfigMap", "shop", "a"))
        assert version(answer) > version(made)
        assert Asking(server)("PATCH", "/api/v1/namespaces/shop/configmaps/a", {"data": data}, "application/merge-patch+json") == (200, answer)

    def test_json_patches_of_lists(self, server: Embedded) -> None:
        manifest = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "AppProject",
            "metadata": {"name": "p", "namespace": "argocd"},
            "spec": {"sourceRepos": ["a", "b"]},
        }
        server.apply(manifest, "alice")
        steps = [
            {"op": "add", "path": "/spec/sourceRepos/-", "value": "e"}, {"op": "add", "path": "/spec/sourceRepos/1", "value": "x"},
            {"op": "remove", "path": "/spec/sourceRepos/0"}, {"op": "replace", "path": "/spec/sourceRepos/1", "value": "c"},
        ]  # fmt: skip
        target = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/p"
        assert Asking(server)("PATCH", target, steps, "application/json-patch+json")[1]["spec"] == {"sourceRepos": ["x", "c", "e"]}
        for step in (
            {"op": "remove", "path": "/spec/sourceRepos/3"},
            {"op": "add", "path": "/spec/sourceRepos/4", "value": "x"},
            {"op": "add", "path": "/a/b"},
            {"op": "move", "path": "/spec"},
        ):
            assert refusal(Asking(server)("PATCH", target, [step], "application/json-patch+json")) == (422, "Invalid")

    def test_a_deletion_is_of_that_very_object(self, cluster: Cluster) -> None:
        resource = found(cluster, "", "ConfigMap")
        made = cluster.create(resource, config_map("a"))
        uid = made["metadata"]["uid"]
        for wrong in ({"uid": NOBODYS}, {"uid": uid, "resource_version": "1"}):
            with pytest.raises(ClusterError) as no:
                cluster.delete(resource, "shop", "a", **wrong)
            assert no.value.is_conflict
        cluster.delete(resource, "shop", "a", uid=uid, dry_run=True)
        assert cluster.get(resource, "shop", "a") == made
        assert cluster.delete(resource, "shop", "a", uid=uid, resource_version=str(version(made)))["details"]["uid"] == uid
        with pytest.raises(ClusterError) as gone:
            cluster.get(resource, "shop", "a")
        assert gone.value.is_missing
        # Another one of the same name is another object.
        assert cluster.create(resource, config_map("a"))["metadata"]["uid"] != uid

    def test_finalizers_hold_an_object(self, cluster: Cluster, server: Embedded, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        held = config_map("a")
        held["metadata"]["finalizers"] = ["shop.example/hold"]
        made = cluster.create(resource, held)
        one = watching(resource, str(version(made)))
        answer = cluster.delete(resource, "shop", "a", uid=made["metadata"]["uid"])
        assert answer["metadata"]["deletionTimestamp"]
        assert cluster.delete(resource, "shop", "a", uid=made["metadata"]["uid"]) == answer
        cluster.update(resource, {**answer, "metadata": {**answer["metadata"], "finalizers": []}})
        assert one.saw(("MODIFIED", "a"), ("DELETED", "a"))
        assert server.get("", "ConfigMap", "shop", "a") is None


REFUSED: dict[str, tuple[str, str, Any, tuple[int, str]]] = {
    "there already": ("POST", "", {"metadata": {"name": "a"}}, (409, "AlreadyExists")),
    "no name": ("POST", "", {"metadata": {}}, (422, "Invalid")),
    "no such name": ("POST", "", {"metadata": {"name": "A_"}}, (422, "Invalid")),
    "another kind": ("POST", "", {"kind": "Secret", "metadata": {"name": "x"}}, (400, "BadRequest")),
    "another namespace": ("POST", "", {"metadata": {"name": "x", "namespace": "y"}}, (400, "BadRequest")),
    "labels that are none": ("POST", "", {"metadata": {"name": "x", "labels": {"a": 1}}}, (400, "BadRequest")),
    "no object": ("POST", "", [], (400, "BadRequest")),
    "no JSON": ("POST", "", "{", (400, "BadRequest")),
    "a version before it is made": ("POST", "", {"metadata": {"name": "x", "resourceVersion": "1"}}, (500, "")),
    "not there": ("PUT", "/x", {"metadata": {"name": "x"}}, (404, "NotFound")),
    "another name": ("PUT", "/a", {"metadata": {"name": "x"}}, (400, "BadRequest")),
    "another uid": ("PUT", "/a", {"metadata": {"name": "a", "uid": NOBODYS}}, (409, "Conflict")),
    "an older version": ("PUT", "/a", {"metadata": {"name": "a", "resourceVersion": "1"}}, (409, "Conflict")),
    "no version": ("PUT", "/a", {"metadata": {"name": "a", "resourceVersion": "x"}}, (500, "")),
    "a fixed field": ("PUT", "/a", {"metadata": {"name": "a"}, "data": {"x": "9"}}, (422, "Invalid")),
    "half a dry run": ("PUT", "/a?dryRun=Some", {"metadata": {"name": "a"}}, (422, "Invalid")),
    "no patch": ("PATCH", "/a", {}, (415, "UnsupportedMediaType")),
    "a collection's deletion": ("DELETE", "", None, (405, "MethodNotAllowed")),
    "no such path": ("DELETE", "/a/scale", None, (404, "NotFound")),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_those_of_kubernetes(server: Embedded, what: str) -> None:
    made = server.apply({**config_map("a", x="1"), "immutable": True}, "admin")
    method, path, body, expected = REFUSED[what]
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", **body} if isinstance(body, dict) and method != "PATCH" else body
    assert refusal(Asking(server)(method, "/api/v1/namespaces/shop/configmaps" + path, manifest)) == expected
    assert server.get("", "ConfigMap", "shop", "a") == made


class TestLists:
    def test_pages_are_of_one_moment(self, server: Embedded) -> None:
        for number in range(5):
            server.apply(config_map(f"a-{number}", labels={"odd": str(number % 2)}), "admin")
        server.apply(config_map("far", "elsewhere"), "admin")
        asking = Asking(server)
        _, page = asking("GET", "/api/v1/namespaces/shop/configmaps?limit=2")
        server.apply(config_map("a-2", x="changed"), "admin")
        server.apply(config_map("a-22"), "admin")
        asking("DELETE", "/api/v1/namespaces/shop/configmaps/a-3")
        pages, token = [page], page["metadata"]["continue"]
        while token:
            pages.append(asking("GET", f"/api/v1/namespaces/shop/configmaps?limit=2&continue={token}")[1])
            token = pages[-1]["metadata"].get("continue")
        assert [names(one["items"]) for one in pages] == [["a-0", "a-1"], ["a-2", "a-3"], ["a-4"]]
        assert len({one["metadata"]["resourceVersion"] for one in pages}) == 1
        assert "x" not in pages[1]["items"][0]["data"]
        assert page["metadata"]["remainingItemCount"] == 3
        server.compact()
        assert refusal(asking("GET", f"/api/v1/namespaces/shop/configmaps?limit=2&continue={page['metadata']['continue']}")) == (410, "Expired")

    def test_namespaces_and_labels_choose(self, server: Embedded, cluster: Cluster) -> None:
        for one in (
            config_map("a", labels={"app": "web"}),
            config_map("b", labels={"app": "web", "tier": "2"}),
            config_map("c"),
            config_map("a", "shop-2", {"app": "web"}),
        ):
            server.apply(one, "admin")
        resource = found(cluster, "", "ConfigMap")
        assert names(cluster.list(resource).items) == ["a", "a", "b", "c"]
        assert names(cluster.list(resource, "shop").items) == ["a", "b", "c"]
        assert names(cluster.list(resource, "shop", "app=web").items) == ["a", "b"]
        assert names(cluster.list(resource, selector="app==web,tier!=2").items) == ["a", "a"]
        assert names(cluster.list(resource, "sho").items) == []
        assert {ObjectKey.of(item).kind for item in cluster.list(resource).items} == {"ConfigMap"}
        with pytest.raises(ClusterError, match="knows a=b, a==b and a!=b"):
            cluster.list(resource, selector="app in (web)")

    def test_ten_thousand_objects(self, server: Embedded, cluster: Cluster) -> None:
        for number in range(10_000):
            server.apply(config_map(f"n-{number:05d}", x="1"), "admin")
        listed = cluster.list(found(cluster, "", "ConfigMap"))
        assert names(listed.items) == [f"n-{number:05d}" for number in range(10_000)]
        assert len({version(item) for item in listed.items}) == 10_000


class TestWatches:
    def test_they_tell_what_happened_since_a_version_and_go_on(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        begun = cluster.list(resource).resource_version
        server.apply(config_map("a"), "alice")
        server.apply(config_map("a", x="1"), "alice")
        one, other = watching(resource, begun), watching(found(cluster, "", "Secret"), begun)
        assert one.saw(("ADDED", "a"), ("MODIFIED", "a"))
        cluster.delete(resource, "shop", "a", uid=cluster.get(resource, "shop", "a")["metadata"]["uid"])
        server.apply(config_map("b"), "alice")
        server.apply(config_map("b"), "alice")
        assert one.saw(("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a"), ("ADDED", "b"))
        assert one.versions == sorted(set(one.versions))
        assert str(one.versions[3]) == cluster.list(resource).resource_version
        # Who watches what did not change is told how far all has come.
        assert eventually(lambda: other.versions and other.versions[-1] == one.versions[3])
        assert {what for what, _ in other.seen} == {"BOOKMARK"}

    def test_without_a_version_all_that_is_there_comes_first(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        server.apply(config_map("a"), "alice")
        one = watching(found(cluster, "", "ConfigMap"), "0")
        assert one.saw(("ADDED", "a"))
        server.apply(config_map("b"), "alice")
        assert one.saw(("ADDED", "a"), ("ADDED", "b"))

    def test_what_labels_choose_comes_and_goes(self, server: Embedded) -> None:
        for labels in ({"app": "web"}, {"app": "web", "x": "y"}, {"app": "db"}, {"app": "web"}):
            server.apply(config_map("a", labels=labels), "alice")
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        target = "/api/v1/configmaps?watch=true&resourceVersion=1&timeoutSeconds=1&labelSelector=app%3Dweb"
        connection.request("GET", target, headers=Asking(server).headers)
        told = [json.loads(line)["type"] for line in connection.getresponse().read().splitlines()]
        connection.close()
        assert told == ["ADDED", "MODIFIED", "DELETED", "ADDED"]

    def test_a_version_that_is_forgotten_has_expired(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        begun = server.apply(config_map("a"), "alice")["metadata"]["resourceVersion"]
        going_on = watching(resource, begun)
        server.apply(config_map("a", x="1"), "alice")
        assert going_on.saw(("MODIFIED", "a"))
        server.compact()
        one = watching(resource, begun)
        assert one.ended()
        assert isinstance(one.error, Expired)
        # Watches that are open, and those of the newest version, go on.
        fresh = watching(resource, cluster.list(resource).resource_version)
        server.apply(config_map("b"), "alice")
        assert going_on.saw(("MODIFIED", "a"), ("ADDED", "b"))
        assert fresh.saw(("ADDED", "b"))

    def test_watches_that_break_off_are_told_and_requests_go_on(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        one = watching(resource, cluster.list(resource).resource_version)
        server.apply(config_map("a"), "alice")
        assert one.saw(("ADDED", "a"))
        server.break_watches()
        assert one.ended()
        assert isinstance(one.error, ClusterError)
        assert names(cluster.list(resource).items) == ["a"]

    def test_an_outage_forgets_nothing(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        made = cluster.create(resource, config_map("a"))
        one = watching(resource, str(version(made)))
        server.stop()
        assert one.ended()
        with pytest.raises(ClusterError, match="can't be reached"):
            cluster.list(resource)
        # The cluster's own parts are there meanwhile.
        server.apply(config_map("b"), "argocd-application-controller")
        server.start()
        assert names(cluster.list(resource).items) == ["a", "b"]
        assert watching(resource, str(version(made))).saw(("ADDED", "b"))

    def test_writers_at_once_lose_nothing(self, server: Embedded, cluster: Cluster, watching: Any) -> None:
        resource = found(cluster, "", "ConfigMap")
        server.apply(config_map("counter", count="0"), "alice")
        one = watching(resource, cluster.list(resource).resource_version)

        def count(_: int) -> None:
            while True:
                live = cluster.get(resource, "shop", "counter")
                try:
                    cluster.update(resource, {**live, "data": {"count": str(int(live["data"]["count"]) + 1)}})
                    return
                except ClusterError as error:
                    if not error.is_conflict:
                        raise

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count, range(40)))
        assert cluster.get(resource, "shop", "counter")["data"] == {"count": "40"}
        assert one.saw(*[("MODIFIED", "counter")] * 40)


class TestAudit:
    def test_it_names_who_wrote_and_deleted(self, server: Embedded) -> None:
        made = server.apply(config_map("a", x="1"), "admin")
        asking, target = Asking(server), "/api/v1/namespaces/shop/configmaps/a"
        _, put = asking("PUT", target, {**made, "data": {"x": "2"}})
        _, patched = asking("PATCH", target, {"data": {"x": "3"}}, "application/merge-patch+json")
        # What changes nothing, dry runs and those who are late made none of it.
        bob = Asking(server, "bob")
        bob("PATCH", target, {"data": {"x": "3"}}, "application/merge-patch+json")
        bob("PATCH", f"{target}?dryRun=All", {"data": {"x": "4"}}, "application/merge-patch+json")
        assert bob("PUT", target, {**made, "data": {"x": "2"}})[0] == 409
        bob("DELETE", target, {"dryRun": ["All"]})
        asking("DELETE", target)
        evidence = Evidence()
        for event in events(server):
            evidence.add(event)
        key = ObjectKey("", "ConfigMap", "shop", "a")
        uid = made["metadata"]["uid"]
        actors = [evidence.writer("configmaps", key, str(version(one)), uid) for one in (made, put, patched)]
        actors.append(evidence.writer("configmaps", key, str(version(patched)), uid, deleted=True))
        assert [(one.name, one.confidence) for one in actors] == [(name, "authenticated") for name in ("admin", "alice", "alice", "alice")]
        assert {(one.kind, one.via, one.source_ip, one.groups) for one in actors[1:]} == {
            ("human", "kubectl", "127.0.0.1", ("humans", "system:authenticated"))
        }
        assert evidence.forgeries() == ()

    def test_an_event_is_there_before_the_answer_with_the_clients_id(self, server: Embedded, cluster: Cluster) -> None:
        resource = found(cluster, "", "ConfigMap")
        made = cluster.create(resource, config_map("a", x="1"), audit_id="mine-1")
        (event,) = events(server)
        write = written(event)
        assert write
        assert (event["auditID"], event["level"], event["requestObject"]["data"], event["responseObject"]) == (
            "mine-1",
            "RequestResponse",
            {"x": "1"},
            made,
        )
        assert (write.verb, write.is_new, write.where, write.version, write.before) == ("create", True, "configmaps shop/a", str(version(made)), "")
        assert write.began <= write.ended
        changed = cluster.update(resource, {**made, "data": {}}, audit_id="mine-2")
        update = written(events(server)[-1])
        assert update
        assert (update.before, update.version, update.uid) == (str(version(made)), str(version(changed)), made["metadata"]["uid"])
        cluster.get(resource, "shop", "a")
        assert len(events(server)) == 2
