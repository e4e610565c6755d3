"""`deploy/audit-policy.yaml` and `deploy/audit-webhook.yaml` on a real API server: it tells gitguard who did it, and nothing that is not for it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from gitguard.edges.audit_stream import Gap, Running
from gitguard.edges.audit_webhook import Certificate, WebhookSource
from gitguard.model.drift import Actor, ObjectKey
from gitguard.reconciler.attribution import Evidence
from tests.lab.controlplane import ControlPlane, controlplane
from tests.lab.levels import DEPLOY, Client, Sample
from tests.lab.test_lab import eventually

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]
TOKEN = "a token of the lab"
NAME = "gitguard-audit.gitguard.svc"


class Told(NamedTuple):
    """A control plane, and what it has told gitguard's receiver."""

    plane: ControlPlane
    posted: list[Any]
    gaps: list[Gap]

    def about(self, resource: str, verb: str = "", below: str = "") -> list[Any]:
        """The events about a resource, or about what is below it."""
        targets = [(event.get("objectRef") or {}, event) for event in self.posted]
        found = [event for target, event in targets if (target.get("resource"), target.get("subresource", "")) == (resource, below)]
        return [event for event in found if verb in ("", event["verb"])]

    def writer(self, sample: Sample, live: Any, *, deleted: bool = False) -> Actor:
        """Who wrote a version of an object, as soon as that is known."""
        key = ObjectKey.of(live)

        def answer() -> Actor:
            evidence = Evidence()
            for event in list(self.posted):
                evidence.add(event)
            return evidence.writer(sample.resource, key, live["metadata"]["resourceVersion"], live["metadata"]["uid"], deleted)

        eventually(lambda: answer().confidence == "authenticated", 20)
        return answer()


@pytest.fixture(scope="module")
def told(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The API server with both files, of the second only the addresses and paths changed."""
    folder = tmp_path_factory.mktemp("audit")
    certificate = Certificate(folder / "tls.crt", folder / "tls.key")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    subprocess.run([*command, "-days", "1", "-out", str(certificate.chain), "-keyout", str(certificate.key)], check=True, capture_output=True)
    source = WebhookSource("127.0.0.1:0", TOKEN, certificate)
    (folder / "token").write_text(TOKEN)
    receiver = yaml.safe_load((DEPLOY / "audit-webhook.yaml").read_text())
    (cluster,) = receiver["clusters"]
    assert cluster["cluster"].pop("server").startswith("https://")
    cluster["cluster"] |= {"server": f"https://127.0.0.1:{source.port}/", "certificate-authority": str(certificate.chain)}
    receiver["users"][0]["user"]["tokenFile"] = str(folder / "token")
    (folder / "receiver.yaml").write_text(yaml.safe_dump(receiver))
    flags = {"audit_webhook_config_file": folder / "receiver.yaml", "audit_webhook_batch_max_wait": "1s", "audit_webhook_initial_backoff": "1s"}
    (folder / "plane").mkdir()
    posted: list[Any] = []
    gaps: list[Gap] = []
    with (
        Running(source, posted.append, gaps.append),
        controlplane(testbed("controlplane"), folder / "plane", audit_policy_file=DEPLOY / "audit-policy.yaml", **flags) as plane,
    ):
        plane.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "argocd")))
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "humans"}]
        binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "humans"}}
        plane.apply({**binding, "roleRef": role, "subjects": subjects})
        assert eventually(lambda: Client(plane, "alice").send("GET", "/api/v1/secrets").status == 200)
        yield Told(plane, posted, gaps)


def test_who_changed_scaled_made_and_deleted_is_known(told) -> None:
    sample = Sample.of("deployments", "apps")
    alice, bob = Client(told.plane, "alice"), Client(told.plane, "bob")
    made = alice.send("POST", sample.collection, sample.manifest).body
    changed = bob.patch(sample.path, {"metadata": {"labels": {"a": "b"}}}).body
    assert alice.patch(f"{sample.path}/scale", {"spec": {"replicas": 3}}).status == 200
    scaled = alice.live(sample)
    assert bob.send("DELETE", sample.path).status == 200
    found = [told.writer(sample, made), told.writer(sample, changed), told.writer(sample, scaled), told.writer(sample, scaled, deleted=True)]
    assert [(one.name, one.confidence) for one in found] == [(name, "authenticated") for name in ("alice", "bob", "alice", "bob")]


def test_of_secrets_and_tokens_nothing_is_told_but_who(told) -> None:
    alice, sample = Client(told.plane, "alice"), Sample.of("secrets", "")
    hidden = {"stringData": {"password": "correct horse"}}
    assert alice.send("POST", sample.collection, {**sample.manifest, **hidden}).status == 201
    assert alice.patch(sample.path, {"stringData": {"password": "battery staple"}}).status == 200
    assert alice.send("GET", sample.path).status == 200
    account = Sample.of("serviceaccounts", "")
    assert alice.send("POST", account.collection, account.manifest).status == 201
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token = alice.send("POST", f"{account.path}/token", request).body["status"]["token"]
    assert eventually(lambda: len(told.about("secrets")) == 2 and told.about("serviceaccounts"), 20)
    assert [(event["verb"], event["user"]["username"], event["level"]) for event in told.about("secrets")] == [
        ("create", "alice", "Metadata"),
        ("patch", "alice", "Metadata"),
    ]
    everything = json.dumps(told.posted)
    assert [text for text in ("correct horse", "battery staple", token) if text in everything] == []
    assert told.about("serviceaccounts", below="token") == []


def test_events_of_argo_cd_are_told_whole_and_others_not_at_all(told) -> None:
    server = Client(told.plane, "argocd-server")
    binding = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "events", "namespace": "argocd"}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    told.plane.apply({**binding, "roleRef": role, "subjects": [{"kind": "ServiceAccount", "name": "argocd-server", "namespace": "argocd"}]})
    sample = Sample.of("events", "")
    said = {**sample.manifest, "message": "alice updated application spec", "reason": "ResourceUpdated"}
    assert eventually(lambda: server.send("POST", sample.collection, said).status == 201)
    elsewhere = Sample.of("events", "", namespace="shop")
    elsewhere.manifest["involvedObject"] = {"namespace": "shop", "name": "x"}
    assert Client(told.plane, "alice").send("POST", elsewhere.collection, elsewhere.manifest).status == 201
    assert eventually(lambda: [event for event in told.about("events") if event["responseStatus"]["code"] == 201], 20)
    (event,) = [event for event in told.about("events") if event["responseStatus"]["code"] == 201]
    assert (event["objectRef"]["namespace"], event["responseObject"]["message"]) == ("argocd", "alice updated application spec")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ways_into_a_pod_are_told_however_they_are_opened(told, method) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"shell-{method.lower()}", "namespace": "shop"}}
    told.plane.apply({**pod, "spec": {"containers": [{"name": "web", "image": "web"}], "automountServiceAccountToken": False}})
    Client(told.plane, "alice").send(method, f"/api/v1/namespaces/shop/pods/{pod['metadata']['name']}/exec?command=id&container=web&stdout=1")

    def opened() -> list[Any]:
        return [event for event in told.about("pods", below="exec") if event["objectRef"]["name"] == pod["metadata"]["name"]]

    assert eventually(opened, 20)
    assert {(event["user"]["username"], event["level"], "command=id" in event["requestURI"]) for event in opened()} == {("alice", "Metadata", True)}


def test_reads_leases_and_what_is_not_watched_are_not_told(told) -> None:
    alice = Client(told.plane, "alice")
    meta = {"name": "quiet", "namespace": "shop"}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta}
    assert alice.send("POST", "/apis/coordination.k8s.io/v1/namespaces/shop/leases", lease).status == 201
    endpoints = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": "IPv4", "endpoints": []}
    assert alice.send("POST", "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", endpoints).status == 201
    assert alice.send("GET", "/api/v1/namespaces/shop/configmaps").status == 200
    # Events come in order: what is told after them, they would have been told before.
    last = Sample.of("configmaps", "", "last")
    assert told.writer(last, alice.send("POST", last.collection, last.manifest).body).name == "alice"
    assert {event["objectRef"]["resource"] for event in told.posted} & {"leases", "endpointslices"} == set()
    assert {event["verb"] for event in told.posted if (event["objectRef"].get("subresource") or "") == ""} & {"get", "list", "watch"} == set()
    assert {event["stage"] for event in told.posted} & {"RequestReceived"} == set()
    assert told.gaps == []
