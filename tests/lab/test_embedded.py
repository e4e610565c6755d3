"""The embedded API server beside a real one: the same requests, and the same answers and audit in what matters.

What is compared is the HTTP status, the reason, what a refusal is about, whether the version moved and whose uid it is, the generation, the field
managers, labels, data and spec, the types of a watch's events, and what `written` reads of the audit. What can't be equal, and is not compared:
* numbers: uids, and versions (etcd's counter also counts what the API server writes for itself); only which of them are the same is;
* most of the messages, and which fields a manager has;
* kinds of which the embedded one knows no defaults (all but Deployments, ConfigMaps, Secrets and custom ones), and what only schemas refuse;
* maps that are empty, and null in maps, which the real one reads by the types that it has;
* the pages of lists that labels choose from, of which a real API server may give some that are not full;
* writes to paths that are not served, which the embedded one does not audit;
* when bookmarks come, and that compaction is at once, while a real API server remembers until it starts anew;
* the options of a deletion in the audit, which the real one gives an internal version, and its annotations.
"""

import http.client
import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gitguard.edges.cluster import Cluster
from gitguard.edges.embedded import Embedded, embedded
from gitguard.edges.embedded_kinds import KINDS, Kind
from gitguard.reconciler.audit_events import Write, written
from tests.lab.controlplane import ControlPlane
from tests.lab.test_lab import eventually

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]

NOBODYS = "0d5b1a3e-0000-4000-8000-000000000000"
MAPS = "/api/v1/namespaces/shop/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
MERGE, STEPS = "application/merge-patch+json", "application/json-patch+json"
PROJECT_CRD = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "appprojects.argoproj.io"},
    "spec": {
        "group": "argoproj.io", "scope": "Namespaced", "names": {"kind": "AppProject", "plural": "appprojects"},
        "versions": [{"name": "v1alpha1", "served": True, "storage": True, "schema": {
            "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}}],
    },
}  # fmt: skip


class Talk:
    """Requests to one of the two, and the gist of what it answers: numbers are told by when they were first seen."""

    def __init__(self, server: ControlPlane | Embedded) -> None:
        self.server = server
        self.transcript: list[Any] = []
        self._seen: dict[str, str] = {}
        self._begun = len(self._events())

    def __call__(self, method: str, target: str, body: Any = None, content: str = "application/json", user: str = "alice") -> Any:
        code, answer = self.raw(method, target, body, content, user)
        self.transcript.append((method, target.partition("?")[0], self._gist(code, answer)))
        return answer

    def raw(self, method: str, target: str, body: Any = None, content: str = "application/json", user: str = "alice") -> tuple[int, Any]:
        connection = self._connection()
        try:
            data = body if isinstance(body, str | None) else json.dumps(body)
            headers = {"Authorization": f"Bearer {self._token(user)}", "Content-Type": content, "User-Agent": "kubectl/v1.37.0 (talk)"}
            connection.request(method, target, data, headers)
            answer = connection.getresponse()
            text = answer.read()
            if not answer.headers.get("Content-Type", "").startswith("application/json"):
                # What nobody serves, as long as nobody does.
                return answer.status, text.decode()
            if "watch=true" in target and answer.status == 200:
                return answer.status, [json.loads(line) for line in text.splitlines()]
            return answer.status, json.loads(text)
        finally:
            connection.close()

    def watch(self, target: str, version: str) -> None:
        """What a watch of two seconds tells, bookmarks aside."""
        code, events = self.raw("GET", f"{target}watch=true&timeoutSeconds=2&resourceVersion={version}")
        self.transcript.append((code, [(event["type"], self._gist(0, event["object"])) for event in events if event["type"] != "BOOKMARK"]))

    def pages(self, target: str, between: Callable[[], object]) -> None:
        """A list in pages, with something between the first and the second."""
        _, page = self.raw("GET", target)
        between()
        versions = {page["metadata"]["resourceVersion"]}
        while True:
            left = page["metadata"].get("remainingItemCount")
            self.transcript.append(([(item["metadata"]["name"], item["data"], "kind" in item) for item in page["items"]], page["kind"], left))
            if "continue" not in page["metadata"]:
                break
            page = self.raw("GET", f"{target}&continue={page['metadata']['continue']}")[1]
            versions.add(page["metadata"]["resourceVersion"])
        self.transcript.append(len(versions))

    def compact(self) -> None:
        self.server.compact()
        if isinstance(self.server, ControlPlane):
            # What the API server itself remembers goes with its process.
            self.server.apiserver.restart()
            self.server.ready()

    def audit(self) -> list[Any]:
        """What `written` reads of the writes of this talk."""
        return [self._deed(written(event)) for event in self._events()[self._begun :]]

    def _events(self) -> list[Any]:
        lines = self.server.audit_log.read_text().splitlines() if self.server.audit_log.exists() else []
        return [event for event in map(json.loads, lines) if event["userAgent"] == "kubectl/v1.37.0 (talk)"]

    def _deed(self, write: Write | None) -> Any:
        if write is None:
            return None
        numbers = (self._known(write.uid), self._known(write.before), self._known(write.version), [self._known(uid) for uid in write.removed])
        who = (write.user.name, write.user.groups, write.manager, write.user_agent, write.addresses)
        return write.verb, write.place, write.subresource, numbers, who, write.is_sure, write.is_new, write.wipes

    def _gist(self, code: int, value: Any) -> dict[str, Any]:
        metadata, details = value.get("metadata") or {}, value.get("details") or {}
        gist = {
            "code": code, "kind": value["kind"], "reason": value.get("reason"), "name": metadata.get("name"), "generation": metadata.get("generation"),
            "about": [details.get("name"), details.get("group"), self._known(details.get("uid"))],
            "causes": [(cause["reason"], cause["field"]) for cause in details.get("causes") or ()],
            "version": self._known(metadata.get("resourceVersion")), "uid": self._known(metadata.get("uid")),
            "ends": "deletionTimestamp" in metadata, "labels": metadata.get("labels"), "finalizers": metadata.get("finalizers"),
            "managers": sorted((one["manager"], one["operation"], one.get("subresource", "")) for one in metadata.get("managedFields") or ()),
            **{field: value.get(field) for field in ("data", "spec", "type", "immutable")},
        }  # fmt: skip
        return gist | ({"message": value["message"]} if code in (401, 403, 404) else {})

    def _known(self, number: str | None) -> str | None:
        return self._seen.setdefault(number, f"number {len(self._seen)}") if number else number

    def _connection(self) -> http.client.HTTPConnection:
        host = self.server.url.partition("//")[2]
        if isinstance(self.server, Embedded):
            return http.client.HTTPConnection(host, timeout=20)
        return http.client.HTTPSConnection(host, timeout=20, context=ssl.create_default_context(cafile=str(self.server.ca)))

    def _token(self, user: str) -> str:
        if isinstance(self.server, ControlPlane):
            return self.server.tokens.get(user, "nonsense")
        return json.loads(self.server.kubeconfig(user).read_text())["users"][0]["user"]["token"] if user != "nobody" else "nonsense"


def may(user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
    """As on the real one: nobody has given gitguard a role."""
    return user in ("admin", "alice", "bob")


@pytest.fixture
def both(plane: ControlPlane, tmp_path: Path) -> Iterator[tuple[Talk, Talk]]:
    with embedded(tmp_path, may=may) as server:
        yield Talk(server), Talk(plane)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "y", **data}}


def labelled(name: str, **labels: str) -> dict[str, Any]:
    return {**config_map(name), "metadata": {"name": name, "labels": labels}}


def changing(value: Any, **fields: Any) -> dict[str, Any]:
    return {**value, "metadata": {**value["metadata"], **fields}}


def deployment(name: str) -> dict[str, Any]:
    containers = [
        {"name": "a", "image": "registry.example:5000/web"}, {"name": "b", "image": "web:latest", "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}]},
        {"name": "c", "image": "web:1", "imagePullPolicy": "Never"}, {"name": "d", "image": "registry.example:5000/web@sha256:" + "0" * 64},
    ]  # fmt: skip
    pod = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers, "initContainers": [{"name": "i", "image": "i:2"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": pod},
    }


def writing(talk: Talk) -> None:
    made = talk("POST", MAPS, config_map("w", a="1"))
    talk("POST", MAPS + "?dryRun=All", config_map("w-2"))
    talk("POST", MAPS, config_map("w"))
    talk("GET", MAPS + "/w")
    talk("GET", MAPS + "/w-2")
    talk("PUT", MAPS + "/w", made)
    talk("PUT", MAPS + "/w?dryRun=All", {**made, "data": {"a": "9"}})
    changed = talk("PUT", MAPS + "/w", {**made, "data": {"a": "2"}})
    talk("PUT", MAPS + "/w", {**made, "data": {"a": "3"}})
    talk("PUT", MAPS + "/w", changing(config_map("w", a="3"), uid=NOBODYS))
    talk("PUT", MAPS + "/w?fieldManager=someone", config_map("w", a="4"))
    talk("PUT", MAPS + "/w", config_map("w", a="4"), user="bob")
    talk("PUT", MAPS + "/w", changing(changed, resourceVersion="", labels={}, annotations={}, managedFields=[{}]))
    talk("PUT", MAPS + "/nothing", config_map("nothing"))


def patching(talk: Talk) -> None:
    talk("POST", MAPS, config_map("p", a="1", b="2"))
    talk("PATCH", MAPS + "/p", {"data": {"a": None, "c": "3"}, "metadata": {"labels": {"x": "y"}}}, MERGE)
    talk("PATCH", MAPS + "/p", {"data": {"c": "3"}}, MERGE)
    talk("PATCH", MAPS + "/p", {"data": {"c": "4"}, "metadata": {"resourceVersion": "1"}}, MERGE)
    talk("PATCH", MAPS + "/p?dryRun=All", {"data": {"c": "4"}}, MERGE)
    talk("PATCH", MAPS + "/p", {"data": {"c": "5"}}, "application/strategic-merge-patch+json")
    talk("PATCH", MAPS + "/p", [{"op": "add", "path": "/data/d", "value": "1"}, {"op": "replace", "path": "/data/c", "value": "0"}], STEPS, "bob")
    talk("PATCH", MAPS + "/p", [{"op": "remove", "path": "/data/nothing"}], STEPS)
    talk("PATCH", MAPS + "/p", [{"op": "nonsense", "path": "/data"}], STEPS)
    talk("PATCH", MAPS + "/p", {"metadata": {"name": "other"}}, MERGE)
    talk("PATCH", MAPS + "/p", {}, "application/json")
    talk("PATCH", MAPS + "/nothing", {}, MERGE)
    talk("PATCH", MAPS + "/p", {"immutable": True}, MERGE)
    talk("PATCH", MAPS + "/p", {"data": {"c": "6"}}, MERGE)
    talk("GET", MAPS + "/p")


def deleting(talk: Talk) -> None:
    made = talk("POST", MAPS, config_map("d", a="1"))
    uid = made["metadata"]["uid"]
    talk("DELETE", MAPS + "/d", {"preconditions": {"uid": NOBODYS}})
    talk("DELETE", MAPS + "/d", {"preconditions": {"uid": uid, "resourceVersion": "1"}})
    talk("DELETE", MAPS + "/d", {"preconditions": {"uid": uid}, "dryRun": ["All"]})
    talk("DELETE", MAPS + "/d?dryRun=All")
    talk("GET", MAPS + "/d")
    talk("DELETE", MAPS + "/d", {"preconditions": {"uid": uid, "resourceVersion": made["metadata"]["resourceVersion"]}}, user="bob")
    talk("GET", MAPS + "/d")
    talk("DELETE", MAPS + "/d")
    # Where there are options in the body, nobody looks at the query.
    talk("POST", MAPS, config_map("d"))
    talk("DELETE", MAPS + "/d?dryRun=All", {"kind": "DeleteOptions", "apiVersion": "v1"})
    talk("GET", MAPS + "/d")


def holding(talk: Talk) -> None:
    made = talk("POST", MAPS, changing(config_map("f"), finalizers=["shop.example/hold", "shop.example/too"]))
    talk("DELETE", MAPS + "/f", {"dryRun": ["All"]})
    talk("GET", MAPS + "/f")
    talk("DELETE", MAPS + "/f")
    talk("DELETE", MAPS + "/f")
    talk("PATCH", MAPS + "/f", {"metadata": {"finalizers": ["shop.example/too"]}}, MERGE)
    talk("PATCH", MAPS + "/f?dryRun=All", {"metadata": {"finalizers": None}}, MERGE)
    talk("PATCH", MAPS + "/f", {"metadata": {"finalizers": None}}, MERGE, "bob")
    talk("GET", MAPS + "/f")
    talk.watch(MAPS + "?", made["metadata"]["resourceVersion"])


def deploying(talk: Talk) -> None:
    made = talk("POST", DEPLOYMENTS, deployment("d"))
    talk("PUT", DEPLOYMENTS + "/d", deployment("d"))
    talk("PATCH", DEPLOYMENTS + "/d", {"metadata": {"annotations": {"a": "b"}}}, MERGE)
    talk("PATCH", DEPLOYMENTS + "/d", {"spec": {"replicas": 5}}, MERGE)
    talk("PATCH", DEPLOYMENTS + "/d?dryRun=All", {"spec": {"replicas": 6}}, MERGE)
    talk("PATCH", DEPLOYMENTS + "/d/status", {"status": {"replicas": 5}, "spec": {"replicas": 7}}, MERGE, "bob")
    talk("PATCH", DEPLOYMENTS + "/d", {"status": {"replicas": 8}}, MERGE)
    talk("GET", DEPLOYMENTS + "/d/status")
    talk("PATCH", DEPLOYMENTS + "/d", {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}}, MERGE)
    talk("PATCH", DEPLOYMENTS + "/d", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, MERGE)
    talk("PATCH", DEPLOYMENTS + "/d", {"metadata": {"finalizers": ["shop.example/hold"]}}, MERGE)
    talk("DELETE", DEPLOYMENTS + "/d", {"preconditions": {"uid": made["metadata"]["uid"]}, "propagationPolicy": "Background"})
    talk("PATCH", DEPLOYMENTS + "/d", {"metadata": {"finalizers": []}}, MERGE)
    talk("GET", DEPLOYMENTS + "/d")
    talk("POST", "/api/v1/namespaces/shop/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}})


def customizing(talk: Talk) -> None:
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "c"}, "spec": {"sourceRepos": ["a"]}}
    made = talk("POST", PROJECTS, project)
    talk("PUT", PROJECTS + "/c", project)
    talk("PUT", PROJECTS + "/c", made)
    talk("PUT", PROJECTS + "/c", {**made, "spec": {"sourceRepos": ["a", "b"]}})
    talk("PATCH", PROJECTS + "/c", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    talk("PATCH", PROJECTS + "/c", {"status": {"a": "b"}}, MERGE)
    talk(
        "PATCH", PROJECTS + "/c", [{"op": "add", "path": "/spec/sourceRepos/0", "value": "x"}, {"op": "remove", "path": "/spec/sourceRepos/2"}], STEPS
    )
    talk("GET", PROJECTS + "/c")
    talk("DELETE", PROJECTS + "/c")


def refusing(talk: Talk) -> None:
    talk("GET", "/api/v1/configmaps", user="nobody")
    talk("GET", "/api/v1/configmaps", user="gitguard")
    talk("GET", MAPS + "/r", user="gitguard")
    talk("POST", MAPS, config_map("r"), user="gitguard")
    talk("DELETE", MAPS + "/r", user="gitguard")
    talk("PATCH", DEPLOYMENTS + "/r/status", {}, MERGE, "gitguard")
    talk("GET", MAPS + "?watch=true", user="gitguard")
    talk("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/r", user="gitguard")
    talk("POST", MAPS, changing(config_map("r"), name="R_"))
    talk("POST", MAPS, {**config_map("r"), "metadata": {}})
    talk("POST", MAPS, changing(config_map("r"), resourceVersion="1"))
    talk("POST", MAPS, changing(config_map("r"), namespace="other"))
    talk("POST", MAPS, {**config_map("r"), "kind": "Secret"})
    talk("POST", MAPS, changing(config_map("r"), labels={"a": 1}))
    talk("POST", MAPS, changing(config_map("r"), annotations="a"))
    talk("POST", MAPS, "{")
    talk("POST", MAPS, "a: b", "application/x-nonsense")
    talk("POST", MAPS + "?dryRun=Some", config_map("r"))
    talk("POST", MAPS + "?dryRun=", config_map("r"))
    talk("DELETE", MAPS + "/r", {"dryRun": ["Some"]})
    talk("POST", "/api/v1/configmaps", config_map("r"))
    talk("POST", MAPS + "/r", config_map("r"))
    talk("PUT", MAPS, config_map("r"))
    talk("GET", MAPS + "/r/status")
    talk("GET", "/api/v1/namespaces/shop/nothings")
    talk("GET", "/apis/apps/v1/nothings/x")
    talk("GET", MAPS + "?limit=x")
    talk("GET", MAPS + "?limit=1&continue=nonsense")
    talk("GET", MAPS + "?watch=true&resourceVersion=nonsense")
    talk("GET", DEPLOYMENTS + "/nothing")


def listing(talk: Talk) -> None:
    talk.raw("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pages"}})
    maps = MAPS.replace("shop", "pages")
    for number in range(5):
        talk("POST", maps, labelled(f"l-{number}", odd=str(number % 2)))
    talk.pages(maps + "?limit=2", lambda: talk("PATCH", maps + "/l-3", {"data": {"late": "1"}}, MERGE))
    talk.pages(maps + "?limit=2", lambda: talk("DELETE", maps + "/l-4"))
    talk.pages(maps + "?limit=2", lambda: talk("POST", maps, labelled("l-33")))
    talk.pages("/api/v1/namespaces/nowhere/configmaps?limit=2", lambda: None)
    for selector in ("odd=1", "odd!=1", "odd==0,nothing!=x", "nothing=x"):
        _, listed = talk.raw("GET", f"{maps}?labelSelector={quote(selector)}")
        talk.transcript.append([item["metadata"]["name"] for item in listed["items"]])


def watching(talk: Talk) -> None:
    begun = talk("POST", MAPS, labelled("v", app="web"))["metadata"]["resourceVersion"]
    talk("PATCH", MAPS + "/v", {"data": {"a": "1"}}, MERGE)
    talk("PATCH", MAPS + "/v", {"metadata": {"labels": {"app": "db"}}}, MERGE)
    talk("PATCH", MAPS + "/v", {"metadata": {"labels": {"app": "web"}}}, MERGE)
    talk("DELETE", MAPS + "/v")
    talk("POST", MAPS, labelled("v", app="web"))
    for place in (MAPS, "/api/v1/configmaps"):
        talk.watch(place + "?", begun)
        talk.watch(place + "?labelSelector=app%3Dweb&", begun)
    talk.watch(MAPS + "?labelSelector=app%3Dweb&", "0")


SCENES = (writing, patching, deleting, holding, deploying, refusing, listing, watching, customizing)


@pytest.mark.parametrize("scene", SCENES)
def test_both_answer_and_audit_alike(both: tuple[Talk, Talk], plane: ControlPlane, scene: Callable[[Talk], None]) -> None:
    if scene is customizing:
        plane.apply(PROJECT_CRD)
        assert eventually(lambda: both[1].raw("GET", PROJECTS)[0] == 200)
    ours, real = both
    scene(ours)
    scene(real)
    for mine, theirs in zip(ours.transcript, real.transcript, strict=True):
        assert mine == theirs
    assert ours.audit() == real.audit()


def test_what_is_forgotten_has_expired(both: tuple[Talk, Talk]) -> None:
    for talk in both:
        begun = talk("POST", MAPS, labelled("e-1", set="e"))["metadata"]["resourceVersion"]
        talk("POST", MAPS, labelled("e-2", set="e"))
        _, page = talk.raw("GET", MAPS + "?limit=1&labelSelector=set%3De")
        talk("POST", MAPS, labelled("e-3", set="e"))
        talk.compact()
        talk.watch(MAPS + "?labelSelector=set%3De&", begun)
        talk("GET", f"{MAPS}?limit=1&labelSelector=set%3De&continue={page['metadata']['continue']}")
    ours, real = both
    assert ours.transcript == real.transcript
    assert ours.transcript[-2][1][0][0] == "ERROR"


def test_it_serves_its_kinds_as_the_real_one_does(both: tuple[Talk, Talk], plane: ControlPlane) -> None:
    ours, real = (Cluster.connect(talk.server.kubeconfig("alice"), "") for talk in both)
    builtin = [kind for kind in KINDS if not kind.custom]
    assert {key: found for key, found in ours.kinds().items() if key[0] != "argoproj.io"} == {
        (kind.group, kind.kind): real.kinds()[kind.group, kind.kind] for kind in builtin
    }
    assert {one for one in ours.api_versions() if "argoproj.io" not in one} <= set(real.api_versions())
    assert [ours.resource(kind.group, kind.kind, kind.version) for kind in builtin] == [
        real.resource(kind.group, kind.kind, kind.version) for kind in builtin
    ]
    for path in sorted({f"/apis/{kind.api_version}" if kind.group else "/api/v1" for kind in builtin}):
        mine, theirs = ({one["name"] for one in talk.raw("GET", path)[1]["resources"]} for talk in both)
        plurals = {kind.plural for kind in builtin}
        assert {name for name in mine if name.endswith("/status")} == {
            name for name in theirs if name.endswith("/status") and name.partition("/")[0] in plurals & mine
        }


POD = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
RUN_ONCE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}
SELECTING = {"selector": {"matchLabels": {"a": "b"}}, "template": POD}
MINIMAL: dict[str, dict[str, Any]] = {
    "ConfigMap": {"data": {"a": "b"}},
    "Secret": {"data": {"a": "Yg=="}},
    "Service": {"spec": {"ports": [{"port": 80}]}},
    "ServiceAccount": {},
    "Event": {"involvedObject": {"namespace": "shop"}},
    "Pod": {"spec": POD["spec"]},
    "Deployment": {"spec": SELECTING},
    "StatefulSet": {"spec": {**SELECTING, "serviceName": "x"}},
    "DaemonSet": {"spec": SELECTING},
    "Job": {"spec": {"template": RUN_ONCE}},
    "CronJob": {"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": RUN_ONCE}}}},
    "HorizontalPodAutoscaler": {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}, "maxReplicas": 2}},
    "Role": {"rules": []},
    "RoleBinding": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "x"}},
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "Ingress": {"spec": {"defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}},
}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.kind in MINIMAL], ids=lambda kind: kind.kind)
def test_generations_are_counted_for_the_same_kinds(both: tuple[Talk, Talk], kind: Kind) -> None:
    root = f"/apis/{kind.api_version}" if kind.group else "/api/v1"
    manifest = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "counted", "namespace": "shop"}, **MINIMAL[kind.kind]}
    answers = [talk.raw("POST", f"{root}/namespaces/shop/{kind.plural}?dryRun=All", manifest) for talk in both]
    assert [code for code, _ in answers] == [201, 201]
    ours, real = (answer["metadata"].get("generation") for _, answer in answers)
    assert ours == real
