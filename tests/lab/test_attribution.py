"""Who did it, asked of a real API server's audit and a real Argo CD: the right name, how sure that is, and what was made up."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.edges.audit_file import FileSource
from gitguard.edges.audit_stream import Gap, Running
from gitguard.edges.audit_webhook import Certificate, WebhookSource
from gitguard.model.drift import UNKNOWN, Actor, ObjectKey
from gitguard.reconciler.attribution import Evidence, Forgery, claimed
from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, application
from tests.lab.controlplane import ControlPlane, controlplane
from tests.lab.objects import deployment
from tests.lab.test_lab import CONFIG_MAP, eventually

ON_A_PLANE = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]
ON_ARGO_CD = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]
SERVER = "system:serviceaccount:argocd:argocd-server"
CONTROLLER = "system:serviceaccount:argocd:argocd-application-controller"
Deed = Callable[[ControlPlane, str], object]


def settings(name: str, value: str = "1", **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", **metadata}, "data": {"x": value}}


def known(plane: ControlPlane, *, bodies: bool = True) -> Evidence:
    """All that the audit log has; without bodies as a policy of the level Metadata writes it."""
    evidence = Evidence()
    for event in plane.audit():
        evidence.add(event if bodies else {name: part for name, part in event.items() if name not in ("requestObject", "responseObject")})
    return evidence


RESOURCES = {"ConfigMap": "configmaps", "Deployment": "deployments", "Application": "applications", "AppProject": "appprojects", "Secret": "secrets"}


def who(plane: ControlPlane, live: Any, *, deleted: bool = False, bodies: bool = True, told: Any = ()) -> Actor:
    """Who wrote, or deleted, this version of an object; the audit log may come a moment after the answer."""
    metadata = live["metadata"]
    group = live["apiVersion"].rpartition("/")[0]
    key = ObjectKey(group, live["kind"], metadata.get("namespace", ""), metadata["name"])

    def answer() -> Actor:
        evidence = known(plane, bodies=bodies)
        for event in told:
            evidence.add_event(event)
        return evidence.writer(RESOURCES[live["kind"]], key, metadata["resourceVersion"], metadata["uid"], deleted)

    eventually(lambda: answer() != UNKNOWN, 2)
    return answer()


def with_managers(plane: ControlPlane, live: Any) -> Any:
    """The same object, with what kubectl leaves out of what it shows."""
    metadata = live["metadata"]
    return json.loads(plane.kubectl("get", live["kind"], metadata["name"], "-n", metadata["namespace"], "-o", "json", "--show-managed-fields"))


def forged(plane: ControlPlane, name: str) -> list[Forgery]:
    return [forgery for forgery in known(plane).forgeries() if forgery.where.rpartition("/")[2] == name]


def patched(value: str) -> str:
    return json.dumps({"data": {"x": value}})


def edited(plane: ControlPlane, name: str) -> None:
    editor = plane.folder / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/x: .1./x: \\"2\\"/" "$1"\n')
    editor.chmod(0o755)
    plane.kubectl("edit", "configmap", name, "-n", "shop", user="alice", editor=editor)


DEEDS: dict[str, Deed] = {
    "edit": edited,
    "patch": lambda plane, name: plane.kubectl("patch", "configmap", name, "-n", "shop", "-p", patched("2"), user="alice"),
    "apply": lambda plane, name: plane.kubectl("apply", "-f", "-", user="alice", stdin=json.dumps(settings(name, "2"))),
    "apply on the server": lambda plane, name: plane.apply(settings(name, "2"), user="alice"),
    "replace": lambda plane, name: plane.kubectl("replace", "-f", "-", user="alice", stdin=json.dumps(settings(name, "2"))),
    "label": lambda plane, name: plane.kubectl("label", "configmap", name, "-n", "shop", "a=b", user="alice"),
    "annotate": lambda plane, name: plane.kubectl("annotate", "configmap", name, "-n", "shop", "a=b", user="alice"),
}


class TestKubectl:
    pytestmark = ON_A_PLANE

    @pytest.mark.parametrize("deed", DEEDS)
    def test_whoever_changed_it_last_did(self, plane, deed) -> None:
        name = f"a-{list(DEEDS).index(deed)}"
        plane.apply(settings(name))
        before = plane.get("configmap", name, "shop")
        DEEDS[deed](plane, name)
        live = plane.get("configmap", name, "shop")
        # Neither what would have changed it nor what changed nothing made that version.
        plane.kubectl("patch", "configmap", name, "-n", "shop", "-p", patched("9"), "--dry-run=server", user="bob")
        plane.kubectl("patch", "configmap", name, "-n", "shop", "-p", json.dumps({"data": live["data"]}), user="bob")
        assert plane.get("configmap", name, "shop")["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]
        actor = who(plane, live)
        assert (actor.name, actor.kind, actor.via, actor.confidence) == ("alice", "human", "kubectl", "authenticated")
        assert (actor.source_ip, actor.user_agent[:8], "humans" in actor.groups, actor.at[-1]) == ("127.0.0.1", "kubectl/", True, "Z")
        assert who(plane, before).name == "admin"
        assert forged(plane, name) == []

    def test_create_and_delete(self, plane) -> None:
        plane.kubectl("create", "-f", "-", stdin=json.dumps(settings("made")), user="alice")
        live = plane.get("configmap", "made", "shop")
        assert who(plane, live).name == "alice"
        plane.kubectl("delete", "configmap", "made", "-n", "shop", "--dry-run=server", user="alice")
        plane.kubectl("delete", "configmap", "made", "-n", "shop", user="bob")
        # Another one of the same name is another object.
        plane.kubectl("create", "-f", "-", stdin=json.dumps(settings("made")), user="alice")
        again = plane.get("configmap", "made", "shop")
        plane.kubectl("delete", "configmap", "made", "-n", "shop", user="alice")
        assert [(one.name, one.confidence) for one in (who(plane, live, deleted=True), who(plane, again, deleted=True))] == [
            ("bob", "authenticated"), ("alice", "authenticated"),
        ]  # fmt: skip

    def test_who_asked_for_a_deletion_that_others_finish(self, plane) -> None:
        plane.apply(settings("kept", finalizers=["shop.example/hold"]))
        plane.kubectl("delete", "configmap", "kept", "-n", "shop", "--wait=false", user="alice")
        live = plane.get("configmap", "kept", "shop")
        assert (who(plane, live).name, who(plane, live, deleted=True).name) == ("alice", "alice")
        plane.kubectl("patch", "configmap", "kept", "-n", "shop", "--type=merge", "-p", '{"metadata": {"finalizers": null}}', user="bob")
        assert who(plane, live, deleted=True).name == "alice"

    def test_a_whole_collection_is_deleted(self, plane) -> None:
        plane.apply(settings("one", labels={"set": "x"}), settings("two", labels={"set": "x"}))
        lives = [plane.get("configmap", name, "shop") for name in ("one", "two")]
        plane.kubectl("delete", "--raw", "/api/v1/namespaces/shop/configmaps?labelSelector=set%3Dx", user="alice")
        assert [(actor.name, actor.confidence) for actor in (who(plane, live, deleted=True) for live in lives)] == [("alice", "authenticated")] * 2

    def test_scale_is_a_write_to_the_object(self, plane) -> None:
        plane.apply(deployment("scaled"))
        plane.kubectl("scale", "deployment", "scaled", "-n", "shop", "--replicas=5", user="alice")
        live = plane.get("deployment", "scaled", "shop")
        assert live["spec"]["replicas"] == 5
        actor = who(plane, live)
        assert (actor.name, actor.confidence) == ("alice", "authenticated")
        # managedFields do not tell of it at all.
        assert claimed(with_managers(plane, live)).name == "pipeline"

    def test_who_is_impersonated_is_named_and_who_did_it_is_in_the_evidence(self, plane) -> None:
        plane.apply(settings("as"))
        plane.kubectl("patch", "configmap", "as", "-n", "shop", "-p", patched("2"), "--as=alice", "--as-group=humans", user="bob")
        actor = who(plane, plane.get("configmap", "as", "shop"))
        assert (actor.name, actor.kind, actor.confidence) == ("alice", "human", "authenticated")
        assert json.loads(actor.evidence[0])["user"]["username"] == "bob"

    def test_who_acts_as_argo_cd_is_no_argo_cd(self, plane) -> None:
        plane.apply(settings("as-argo"))
        plane.kubectl("patch", "configmap", "as-argo", "-n", "shop", "-p", patched("2"), f"--as={SERVER}", "--as-group=humans", user="bob")
        actor = who(plane, plane.get("configmap", "as-argo", "shop"))
        assert (actor.name, actor.kind, actor.via) == (SERVER, "human", "kubectl")
        assert json.loads(actor.evidence[0])["user"]["username"] == "bob"

    def test_a_field_manager_of_argo_cd_is_a_forgery_by_anybody_else(self, plane) -> None:
        plane.apply(settings("managed"))
        manager = "--field-manager=argocd-controller"
        plane.kubectl("apply", "--server-side", "--force-conflicts", manager, "-f", "-", user="bob", stdin=json.dumps(settings("managed", "2")))
        live = plane.get("configmap", "managed", "shop")
        word = claimed(with_managers(plane, live))
        assert (word.name, word.confidence) == ("argocd-controller", "claimed")
        actor = who(plane, live)
        assert (actor.name, actor.confidence) == ("bob", "authenticated")
        plane.kubectl("patch", "configmap", "managed", "-n", "shop", manager, "-p", patched("3"), user="bob")
        assert eventually(lambda: [(one.what, one.by.name) for one in forged(plane, "managed")] == [("field-manager", "bob")] * 2)

    @pytest.mark.parametrize("how", ["a merge", "a JSON patch", "an update"])
    def test_field_managers_that_are_wiped_are_a_forgery(self, plane, how) -> None:
        name = "wiped-" + how.split()[-1].lower()
        plane.apply(settings(name))
        if how == "an update":
            plane.kubectl("replace", "-f", "-", stdin=json.dumps(settings(name, "2", managedFields=[{}])), user="bob")
        elif how == "a merge":
            change = json.dumps({"metadata": {"managedFields": [{}]}, "data": {"x": "2"}})
            plane.kubectl("patch", "configmap", name, "-n", "shop", "--type=merge", "-p", change, user="bob")
        else:
            steps = [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}, {"op": "replace", "path": "/data/x", "value": "2"}]
            plane.kubectl("patch", "configmap", name, "-n", "shop", "--type=json", "-p", json.dumps(steps), user="bob")
        live = plane.get("configmap", name, "shop")
        assert live["data"] == {"x": "2"}
        assert claimed(with_managers(plane, live)) == UNKNOWN
        assert (who(plane, live).name, who(plane, live).confidence) == ("bob", "authenticated")
        assert [(one.what, one.by.name) for one in forged(plane, name)] == [("managed-fields", "bob")]

    def test_nothing_of_a_secret_is_in_the_evidence(self, plane) -> None:
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "shop"}, "stringData": {"password": "hunter2"}}
        plane.kubectl("apply", "-f", "-", stdin=json.dumps(secret), user="alice")
        actor = who(plane, plane.get("secret", "login", "shop"))
        assert (actor.name, actor.confidence) == ("alice", "authenticated")
        assert b"hunter2" not in actor.evidence[0]
        assert b"aHVudGVyMg" not in actor.evidence[0]
        assert b"Object" not in actor.evidence[0]

    def test_cluster_scoped_objects(self, plane) -> None:
        plane.kubectl("create", "namespace", "new", user="alice")
        live = plane.get("namespace", "new")
        key = ObjectKey("", "Namespace", "", "new")
        assert eventually(lambda: known(plane).writer("namespaces", key, live["metadata"]["resourceVersion"]).name == "alice", 2)

    def test_a_policy_that_keeps_no_bodies_leaves_hints_only(self, plane) -> None:
        plane.apply(settings("bare"))
        plane.kubectl("patch", "configmap", "bare", "-n", "shop", "-p", patched("2"), user="alice")
        live = plane.get("configmap", "bare", "shop")
        assert who(plane, live).confidence == "authenticated"
        actor = who(plane, live, bodies=False)
        assert (actor.name, actor.confidence) == ("alice", "unknown")
        plane.kubectl("delete", "configmap", "bare", "-n", "shop", user="bob")
        # The status of a deletion has its uid at every level.
        assert (who(plane, live, deleted=True).name, who(plane, live, deleted=True, bodies=False).confidence) == ("bob", "authenticated")

    def test_a_version_that_nobody_told_of_is_nobodys(self, plane) -> None:
        plane.apply(settings("later"))
        live = plane.get("configmap", "later", "shop")
        live["metadata"]["resourceVersion"] = "1"
        assert who(plane, live) == UNKNOWN


@pytest.fixture
def quiet(plane: ControlPlane, argo: ArgoCD, config: Repository) -> Iterator[str]:
    """An Application that Argo CD does nothing to by itself."""
    config.commit({"web/settings.yaml": CONFIG_MAP})
    name = f"quiet-{time.time_ns()}"
    made = application(name, config.path, "web", plane)
    made["spec"].pop("syncPolicy")
    plane.apply(made)
    assert eventually(lambda: (live_application(plane, name).get("status") or {}).get("sync", {}).get("status"))
    yield name
    plane.kubectl("delete", "application", name, "-n", "argocd")


def live_application(plane: ControlPlane, name: str) -> Any:
    return plane.get("applications.argoproj.io", name, "argocd")


def live_project(plane: ControlPlane, name: str) -> Any:
    return plane.get("appprojects.argoproj.io", name, "argocd")


def versions(plane: ControlPlane, resource: str, name: str, user: str) -> list[Any]:
    """What a user made of an object, by the audit: its versions, the oldest first."""
    events = [event for event in plane.audit() if event["user"]["username"] == user and event["responseStatus"]["code"] < 300]
    targets = [event for event in events if event["objectRef"].get("resource") == resource and event["objectRef"].get("name") == name]
    return [event["responseObject"] for event in targets if event["verb"] in ("create", "update", "patch")]


def is_alice(actor: Actor, confidence: str = "corroborated") -> bool:
    return (actor.name, actor.kind, actor.via, actor.confidence) == ("alice", "human", "argocd-api", confidence)


class TestArgoCD:
    pytestmark = ON_ARGO_CD

    def test_who_changed_an_application_by_argo_cd(self, plane, argo, quiet) -> None:
        argo.cli("app", "set", quiet, "--sync-option", "Validate=false", user="alice")
        argo.cli("app", "patch", quiet, "--type", "merge", "--patch", '{"spec": {"source": {"targetRevision": "HEAD"}}}', user="alice")
        argo.cli("app", "set", quiet, "--sync-option", "CreateNamespace=true")
        made = versions(plane, "applications", quiet, SERVER)
        assert [who(plane, one).name for one in made] == ["alice", "alice", "admin"]
        assert all(is_alice(who(plane, one)) for one in made[:2])
        first = who(plane, made[0])
        # The audit's word on the write, and Argo CD's Event as the audit saw it made; the address is Argo CD's own, not hers.
        assert [json.loads(one)["objectRef"]["resource"] for one in first.evidence] == ["applications", "events"]
        assert (first.source_ip, first.user_agent, first.groups) == ("", "", ())

    def test_who_synced(self, plane, argo, quiet) -> None:
        argo.cli("app", "sync", quiet, user="alice")
        started = versions(plane, "applications", quiet, SERVER)[0]
        assert started["operation"]["initiatedBy"] == {"username": "alice"}
        assert is_alice(who(plane, started))
        # What came of it is the controller's.
        actor = who(plane, plane.get("configmap", "settings", "shop"))
        assert (actor.name, actor.kind, actor.via, actor.confidence) == (CONTROLLER, "automation", "controller", "authenticated")
        assert forged(plane, quiet) == []

    def test_who_made_and_deleted_an_application(self, plane, argo, config, quiet) -> None:
        destination = ("--dest-server", plane.url, "--dest-namespace", "shop")
        argo.cli("app", "create", "mine", "--repo", f"file://{config.path}", "--path", "web", *destination, user="alice")
        (made,) = versions(plane, "applications", "mine", SERVER)
        assert is_alice(who(plane, made))
        argo.cli("app", "delete", "mine", "--cascade=false", "-y", user="alice")
        assert eventually(lambda: is_alice(who(plane, made, deleted=True)))

    def test_who_changed_a_project(self, plane, argo) -> None:
        argo.cli("proj", "create", "team", user="alice")
        argo.cli("proj", "add-destination", "team", "https://x", "y", user="alice")
        argo.cli("proj", "role", "create", "team", "deployer", user="alice")
        argo.cli("proj", "role", "create-token", "team", "deployer", user="alice")
        made = versions(plane, "appprojects", "team", SERVER)
        assert len(made) == 4
        actors = [who(plane, one) for one in made]
        assert all(map(is_alice, actors))
        # These Events have no annotation: the message is what names her, and two mean the version of one update.
        assert [json.loads(one.evidence[1])["responseObject"]["message"].split(" ", 1)[1] for one in actors] == [
            "created project", "updated project", "updated project", "created token",
        ]  # fmt: skip
        assert b'"annotations":{"user"' not in actors[0].evidence[1]
        argo.cli("proj", "delete", "team", user="alice")
        assert eventually(lambda: is_alice(who(plane, made[-1], deleted=True)))

    def test_without_the_events_in_the_audit_argo_cds_word_is_a_report(self, plane, argo, quiet) -> None:
        """As with policies that leave Events out, which are common."""
        argo.cli("app", "set", quiet, "--sync-option", "Validate=false", user="alice")
        (made,) = versions(plane, "applications", quiet, SERVER)
        told = json.loads(plane.kubectl("get", "events", "-n", "argocd", "-o", "json"))["items"]
        evidence = Evidence()
        for event in plane.audit():
            if event["objectRef"]["resource"] != "events":
                evidence.add(event)
        key = ObjectKey("argoproj.io", "Application", "argocd", quiet)
        version = made["metadata"]["resourceVersion"]
        actor = evidence.writer("applications", key, version)
        assert (actor.name, actor.kind, actor.via, actor.confidence) == (SERVER, "automation", "argocd-api", "authenticated")
        for event in told:
            evidence.add_event(event)
        assert is_alice(evidence.writer("applications", key, version), "reported")
        assert [forgery for forgery in evidence.forgeries() if quiet in forgery.where] == []
        # With the Events' creation, but not what they said.
        bare = known(plane, bodies=False)
        for event in plane.audit():
            if event["objectRef"]["resource"] == "applications":
                bare.add(event)
        for event in told:
            bare.add_event(event)
        assert is_alice(bare.writer("applications", key, version))

    def test_a_change_of_what_it_deployed_is_told_by_name_and_time_only(self, plane, argo, quiet) -> None:
        # Its own wait for the end may miss it.
        argo.cli("app", "sync", quiet, "--async", user="alice")
        assert eventually(lambda: argo.synced(quiet))
        change = ("--patch", '{"data": {"mode": "evil"}}', "--patch-type", "application/merge-patch+json")
        argo.cli("app", "patch-resource", quiet, "--kind", "ConfigMap", "--resource-name", "settings", *change, user="alice")
        live = plane.get("configmap", "settings", "shop")
        assert live["data"] == {"mode": "evil"}
        # The account is the one that the controller has, too; only its name for itself tells them apart.
        assert eventually(lambda: is_alice(who(plane, live), "unknown"))
        event = json.loads(who(plane, live).evidence[0])
        assert (event["user"]["username"], event["userAgent"].split("/")[0]) == (CONTROLLER, "server")
        argo.cli("app", "delete-resource", quiet, "--kind", "ConfigMap", "--resource-name", "settings", user="alice")
        assert eventually(lambda: is_alice(who(plane, live, deleted=True), "unknown"))

    def test_an_action_is_told_by_name_and_time_only(self, plane, argo, config) -> None:
        config.commit({"web/web.yaml": yaml.safe_dump(deployment("acted"))})
        made = application("acted", config.path, "web", plane)
        made["spec"].pop("syncPolicy")
        plane.apply(made)
        argo.cli("app", "sync", "acted", "--async")
        assert eventually(lambda: argo.synced("acted"))
        argo.cli("app", "actions", "run", "acted", "restart", "--kind", "Deployment", "--resource-name", "acted", user="alice")
        assert eventually(lambda: is_alice(who(plane, plane.get("deployment", "acted", "shop")), "unknown"))
        argo.cli("app", "actions", "run", "acted", "toggle-auto-sync", "--kind", "Application", user="alice")
        toggled = next(one for one in versions(plane, "applications", "acted", CONTROLLER) if "automated" in (one["spec"].get("syncPolicy") or {}))
        assert eventually(lambda: is_alice(who(plane, toggled), "unknown"))

    def test_an_event_that_somebody_else_wrote_blames_nobody_and_is_told(self, plane, argo, quiet) -> None:
        plane.kubectl("annotate", "application", quiet, "-n", "argocd", "a=b", user="bob")
        argo.cli("app", "set", quiet, "--sync-option", "Validate=false")
        (made,) = versions(plane, "applications", quiet, SERVER)
        before = [one for one in plane.audit() if one["objectRef"].get("name") == quiet and one["verb"] == "update"][-1]["objectRef"][
            "resourceVersion"
        ]
        about = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "namespace": "argocd", "name": quiet, "resourceVersion": before}
        event = {
            "apiVersion": "v1", "kind": "Event", "type": "Normal", "reason": "ResourceUpdated", "message": "alice updated application spec",
            "metadata": {"name": f"{quiet}.18ea", "namespace": "argocd", "annotations": {"user": "alice"}},
            "involvedObject": about, "source": {"component": "argocd-server"},
        }  # fmt: skip
        plane.kubectl("create", "-f", "-", stdin=json.dumps(event), user="bob")
        told = json.loads(plane.kubectl("get", "events", "-n", "argocd", "-o", "json"))["items"]
        assert who(plane, made, told=told).name == "admin"
        (forgery,) = forged(plane, f"{quiet}.18ea")
        assert (forgery.what, forgery.by.name, forgery.by.confidence) == ("event", "bob", "authenticated")
        # So is one of Argo CD's own that was changed.
        own = next(one for one in told if one["involvedObject"]["name"] == quiet and one["message"].startswith("admin "))
        change = json.dumps({"message": "alice updated application spec", "metadata": {"annotations": {"user": "alice"}}})
        plane.kubectl("patch", "event", own["metadata"]["name"], "-n", "argocd", "--type=merge", "-p", change, user="bob")
        told = json.loads(plane.kubectl("get", "events", "-n", "argocd", "-o", "json"))["items"]
        assert who(plane, made, told=told).name == "admin"
        assert {(one.what, one.by.name) for one in forged(plane, own["metadata"]["name"])} == {("event", "bob")}

    def test_an_operation_in_somebody_elses_name_is_a_forgery(self, plane, argo, quiet) -> None:
        operation = {"operation": {"initiatedBy": {"username": "alice"}, "sync": {"revision": "main"}}}
        plane.kubectl("patch", "application", quiet, "-n", "argocd", "--type=merge", "-p", json.dumps(operation), user="bob")
        (made,) = versions(plane, "applications", quiet, "bob")
        actor = who(plane, made)
        assert (actor.name, actor.via, actor.confidence) == ("bob", "kubectl", "authenticated")
        assert [(one.what, one.by.name) for one in forged(plane, quiet)] == [("initiator", "bob")]

    def test_what_an_update_only_repeats_is_no_forgery(self, plane, argo, quiet) -> None:
        argo.cli("app", "sync", quiet, user="alice")
        live = live_application(plane, quiet)
        assert live["status"]["operationState"]["operation"]["initiatedBy"] == {"username": "alice"}
        live["metadata"].setdefault("annotations", {})["a"] = "b"
        plane.kubectl("replace", "-f", "-", stdin=json.dumps(live), user="bob")
        assert who(plane, versions(plane, "applications", quiet, "bob")[0]).name == "bob"
        assert forged(plane, quiet) == []
        live = live_application(plane, quiet)
        live["status"]["history"][0]["initiatedBy"] = {"username": "carol"}
        plane.kubectl("replace", "-f", "-", stdin=json.dumps(live), user="bob")
        assert [(one.what, one.by.name) for one in forged(plane, quiet)] == [("initiator", "bob")]


def by_id(events: list[Any]) -> dict[str, Any]:
    return {event["auditID"]: event for event in events}


@pytest.mark.testbed
@pytest.mark.xdist_group("lab")
def test_the_api_servers_own_webhook_and_rotation(testbed: Callable[..., Path], tmp_path: Path) -> None:
    certificate = Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-days", "1", "-out", str(certificate.chain), "-keyout", str(certificate.key)], check=True, capture_output=True)
    source = WebhookSource("127.0.0.1:0", "a token of the lab", certificate)
    cluster = {"server": f"https://127.0.0.1:{source.port}/", "certificate-authority": str(certificate.chain)}
    receiver = {
        "apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": cluster}], "users": [{"name": "x", "user": {"token": "a token of the lab"}}],
    }  # fmt: skip
    (tmp_path / "receiver.yaml").write_text(yaml.safe_dump(receiver))
    folder = tmp_path / "plane"
    folder.mkdir()
    posted: list[Any] = []
    logged: list[Any] = []
    gaps: list[Gap] = []
    options = {"audit_webhook_config_file": tmp_path / "receiver.yaml", "audit_webhook_batch_max_wait": "1s", "audit_webhook_initial_backoff": "1s"}
    with (
        Running(source, posted.append, gaps.append),
        Running(FileSource(folder / "audit.log"), logged.append, gaps.append),
        controlplane(testbed("controlplane"), folder, **options, audit_log_maxsize=1, audit_log_maxbackup=9) as plane,
    ):
        plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        for number in range(12):
            plane.apply(settings("large", str(number) * 200_000))
        there = [path for path in folder.iterdir() if path.name.startswith("audit") and path.suffix == ".log"]
        assert len(there) > 2
        expected = by_id([json.loads(line) for path in there for line in path.read_text().splitlines()])
        assert eventually(lambda: expected.keys() <= by_id(logged).keys(), 10)
        assert eventually(lambda: expected.keys() <= by_id(posted).keys(), 20)
    assert len(logged) == len(by_id(logged))
    # The same to the letter, whichever way they came.
    assert all(by_id(logged)[key] == by_id(posted)[key] == event for key, event in expected.items())
    assert [gap for gap in gaps if "can't be read" not in gap.why and "was not there" not in gap.why] == []
