"""Who wrote a version of an object, from audit events and Argo CD's Events as they look on real clusters."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import UNKNOWN, ObjectKey
from gitguard.reconciler.attribution import Evidence, Forgery, claimed
from gitguard.reconciler.desired import owners
from gitguard.reconciler.memory import Bounds

SERVER = "system:serviceaccount:argocd:argocd-server"
CONTROLLER = "system:serviceaccount:argocd:argocd-application-controller"
MANAGER = "system:serviceaccount:kube-system:argocd-manager"
APP = ObjectKey("argoproj.io", "Application", "argocd", "web")
MAP = ObjectKey("", "ConfigMap", "shop", "settings")
RESOURCES = {"Application": "applications", "AppProject": "appprojects", "ConfigMap": "configmaps", "Event": "events", "Secret": "secrets"}


def time(second: float) -> str:
    return f"2026-11-25T01:{int(second) // 60:02d}:{second % 60:09.6f}Z"


def audit(
    key: ObjectKey, version: str, by: str = "alice", second: float = 10.0, *, verb: str = "patch", before: str = "", request: Any = None,
    body: Any = None, uid: str = "u1", took: float = 0.01, query: str = "", code: int = 200, **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """An event of the level RequestResponse."""
    target = {"resource": RESOURCES[key.kind], "namespace": key.namespace, "name": key.name, "apiGroup": key.group}
    metadata = {"name": key.name, "namespace": key.namespace, "uid": uid, "resourceVersion": version}
    response: dict[str, Any] = {"kind": key.kind, "metadata": metadata, **(body or {})}
    if verb == "delete":
        response = {"kind": "Status", "metadata": {}, "details": {"name": key.name, "uid": uid}}
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": f"{by}-{version}-{second}", "stage": "ResponseComplete",
        "requestURI": f"/apis/x?{query}", "verb": verb, "user": {"username": by, "groups": ["humans"]}, "sourceIPs": ["192.0.2.7", "10.0.0.1"],
        "userAgent": "kubectl/v1.37.1 (linux/amd64)", "objectRef": {**target, **({"resourceVersion": before} if before else {})},
        "responseStatus": {"code": code}, "requestObject": request, "responseObject": response,
        "requestReceivedTimestamp": time(second), "stageTimestamp": time(second + took), **more,
    }  # fmt: skip


def told(
    message: str, version: str, *, key: ObjectKey = APP, annotated: bool = True, name: str = "web.1", uid: str = "u1", **more: Any
) -> dict[str, Any]:
    """An Event as Argo CD's API server writes it."""
    annotations = {"annotations": {"user": message.split(" ")[0]}} if annotated else {}
    about = {
        "apiVersion": f"{key.group}/v1alpha1",
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "uid": uid,
        "resourceVersion": version,
    }
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "argocd", "uid": f"of {name}", **annotations},
        "type": "Normal", "reason": "ResourceUpdated", "message": message, "involvedObject": about, "source": {"component": "argocd-server"},
        "lastTimestamp": "2026-11-25T01:00:10Z", **more,
    }  # fmt: skip


def creation(event: dict[str, Any], by: str = SERVER, second: float = 11.0, **more: Any) -> dict[str, Any]:
    """The audit event of that Event's creation."""
    key = ObjectKey("", "Event", "argocd", event["metadata"]["name"])
    return audit(key, "900", by, second, verb="create", code=201, body=event, uid=event["metadata"]["uid"], **more)


def bare(event: dict[str, Any]) -> dict[str, Any]:
    """The same by a policy of the level Metadata."""
    return {**{name: part for name, part in event.items() if name not in ("requestObject", "responseObject")}, "level": "Metadata"}


def evidence(*events: dict[str, Any], seen: tuple[dict[str, Any], ...] = (), bounds: Bounds = Bounds()) -> Evidence:  # noqa: B008
    made = Evidence(bounds=bounds)
    for event in events:
        made.add(event)
    for event in seen:
        made.add_event(event)
    return made


def writer(made: Evidence, version: str = "8", key: ObjectKey = MAP, **more: Any) -> tuple[str, str]:
    actor = made.writer(RESOURCES[key.kind], key, version, **more)
    return actor.name, actor.confidence


def told_of(made: Evidence) -> list[tuple[str, str]]:
    return [(forgery.what, forgery.by.name) for forgery in made.forgeries()]


class TestAudit:
    def test_everything_that_the_audit_says(self) -> None:
        actor = evidence(audit(MAP, "8")).writer("configmaps", MAP, "8")
        assert actor[:7] == ("alice", ("humans",), "human", "kubectl", "192.0.2.7", "kubectl/v1.37.1 (linux/amd64)", "authenticated")
        assert actor.at == "2026-11-25T01:00:10.010000Z"
        kept = json.loads(actor.evidence[0])
        assert kept["sourceIPs"] == ["192.0.2.7", "10.0.0.1"]
        assert kept["responseObject"] == {
            "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop", "uid": "u1", "resourceVersion": "8"},
        }  # fmt: skip

    def test_an_address_that_is_none_is_read_all_the_same(self) -> None:
        """Anybody can send one; urllib refuses it."""
        assert writer(evidence(audit(MAP, "8", requestURI="//["))) == ("alice", "authenticated")

    @pytest.mark.parametrize(
        "event",
        [
            audit(MAP, "8", query="dryRun=All"),
            audit(MAP, "8", code=409),
            audit(MAP, "8", verb="get"),
            audit(MAP, "8", verb="create", objectRef={"resource": "configmaps", "namespace": "shop", "name": "settings", "subresource": "proxy"}),
            audit(MAP, "8", stage="RequestReceived"),
            audit(MAP, "8", stage="Panic", code=500),
            audit(MAP, "8", stageTimestamp="yesterday"),
            audit(MAP, "9"),
            audit(MAP._replace(namespace="other"), "8"),
            audit(MAP, "8", uid="u2"),
            audit(MAP, "8", before="8", verb="update"),
            {},
            {
                "verb": "patch",
                "stage": "ResponseComplete",
                "objectRef": [],
                "user": "x",
                "responseStatus": None,
                "requestObject": 1,
                "responseObject": "x",
            },
        ],
        ids=[
            "dry",
            "failed",
            "read",
            "connect",
            "begun",
            "panic",
            "no time",
            "other version",
            "other place",
            "other uid",
            "no change",
            "empty",
            "odd",
        ],
    )
    def test_what_made_no_such_version(self, event) -> None:
        assert evidence(event).writer("configmaps", MAP, "8", "u1") == UNKNOWN

    def test_what_changed_nothing_did_not_make_the_version_that_it_found(self) -> None:
        later = audit(MAP, "8", "bob", 12.0)
        assert writer(evidence(later, audit(MAP, "8"))) == ("alice", "authenticated")

    @pytest.mark.parametrize(
        "request_",
        [{"metadata": {"annotations": {"a": "b"}}}, [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}], {"data": {"other": None}}],
    )
    def test_of_two_at_once_who_cannot_have_changed_the_field_did_not(self, request_: Any) -> None:
        hers = audit(MAP, "8", took=0.5, request={"data": {"mode": "evil"}})
        both = evidence(hers, audit(MAP, "8", "controller", 10.2, took=0.1, request=request_))
        assert writer(both, path="/data/mode") == ("alice", "authenticated")
        assert writer(both, path="/data") == (("unknown", "unknown") if "data" in request_ else ("alice", "authenticated"))
        assert writer(both) == ("unknown", "unknown")

    @pytest.mark.parametrize(
        ("verb", "more"),
        [("update", {}), ("patch", {"kind": "ConfigMap"}), ("patch", {"$patch": "replace"})],
        ids=["update", "apply", "replace"],
    )
    def test_of_two_at_once_who_may_have_changed_what_they_do_not_name_remains(self, verb: str, more: dict[str, str]) -> None:
        """An update and an applied configuration take away what they do not name."""
        hers = audit(MAP, "8", took=0.5, request={"data": {"mode": "evil"}})
        both = evidence(hers, audit(MAP, "8", "bob", 10.2, verb=verb, took=0.1, request={"metadata": {"annotations": {"a": "b"}}, **more}))
        assert writer(both, path="/data/mode") == ("unknown", "unknown")

    def test_two_at_once_with_one_version_are_nobody(self) -> None:
        both = evidence(audit(MAP, "8", took=0.5), audit(MAP, "8", "bob", 10.2, took=0.1))
        actor = both.writer("configmaps", MAP, "8")
        assert (actor.name, actor.confidence, len(actor.evidence)) == ("unknown", "unknown", 2)
        assert writer(evidence(audit(MAP, "8", took=0.5, verb="create", code=201), audit(MAP, "8", "bob", 10.2, took=0.1))) == (
            "alice",
            "authenticated",
        )

    def test_an_audit_id_is_the_clients_and_hides_nothing(self) -> None:
        both = evidence(audit(MAP, "7", "bob", auditID="x"), audit(MAP, "8", auditID="x"))
        assert (writer(both, "7"), writer(both)) == (("bob", "authenticated"), ("alice", "authenticated"))

    @pytest.mark.parametrize("name", ["", "system:anonymous"])
    def test_nobody_is_not_authenticated(self, name) -> None:
        actor = evidence(audit(MAP, "8", name)).writer("configmaps", MAP, "8")
        assert (actor.name, actor.kind, actor.confidence) == (name or "unknown", "unknown", "unknown")

    @pytest.mark.parametrize(
        ("user", "agent", "kind", "via"),
        [
            ("alice", "k9s/v1", "human", "unknown"),
            ("system:serviceaccount:ci:deployer", "kubectl/v1", "automation", "kubectl"),
            ("system:serviceaccount:kube-system:replicaset-controller", "x", "automation", "controller"),
            ("system:kube-scheduler", "x", "automation", "controller"),
            (SERVER, "argocd-server/v3", "automation", "argocd-api"),
            (CONTROLLER, "argocd-application-controller/v3", "automation", "controller"),
            (CONTROLLER, "server/v0.0.0", "automation", "argocd-api"),
        ],
    )
    def test_people_and_machines(self, user, agent, kind, via) -> None:
        actor = evidence(audit(MAP, "8", user, userAgent=agent)).writer("configmaps", MAP, "8")
        assert (actor.name, actor.kind, actor.via, actor.confidence) == (user, kind, via, "authenticated")

    @pytest.mark.parametrize(("user", "kind"), [("bob", "human"), ("system:serviceaccount:x:dashboard", "automation")])
    def test_impersonation_hides_no_human(self, user, kind) -> None:
        acted_as = {"username": "system:serviceaccount:x:y", "groups": ["g"]}
        actor = evidence(audit(MAP, "8", user, impersonatedUser=acted_as)).writer("configmaps", MAP, "8")
        assert (actor.name, actor.groups, actor.kind) == ("system:serviceaccount:x:y", ("g",), kind)
        assert json.loads(actor.evidence[0])["user"]["username"] == user

    def test_scale(self) -> None:
        scale = audit(MAP, "8", body={"kind": "Scale"})
        scale["objectRef"]["subresource"] = "scale"
        assert writer(evidence(scale)) == ("alice", "authenticated")

    def test_a_secrets_bodies_are_never_kept(self) -> None:
        key = ObjectKey("", "Secret", "shop", "login")
        data = {"data": {"password": "aHVudGVyMg=="}}
        actor = evidence(audit(key, "8", request=data, body=data)).writer("secrets", key, "8")
        assert actor.confidence == "authenticated"
        assert b"Object" not in actor.evidence[0]

    def test_no_body_is_kept_but_for_what_identifies(self) -> None:
        data = {"data": {"password": "hunter2"}, "metadata": {"annotations": {"x": "hunter2"}, "uid": "u1", "resourceVersion": "8"}}
        actor = evidence(audit(MAP, "8", request=data, body=data)).writer("configmaps", MAP, "8")
        assert actor.confidence == "authenticated"
        assert b"hunter2" not in actor.evidence[0]

    def test_who_asked_first_deleted_it(self) -> None:
        events = [
            audit(MAP, "", "system:gc", 20.0, verb="delete"),
            audit(MAP, "", verb="delete"),
            audit(MAP, "", "bob", 5.0, verb="delete", uid="u0"),
        ]
        assert writer(evidence(*events), uid="u1", deleted=True) == ("alice", "authenticated")
        assert writer(evidence(*events), uid="u2", deleted=True) == ("unknown", "unknown")

    def test_a_dry_run_of_a_deletion_is_told_by_its_body_only(self) -> None:
        dry = audit(MAP, "", "bob", 5.0, verb="delete", request={"kind": "DeleteOptions", "dryRun": ["All"]})
        done = audit(MAP, "", verb="delete", request={"kind": "DeleteOptions"})
        assert writer(evidence(dry, done), uid="u1", deleted=True) == ("alice", "authenticated")
        assert writer(evidence(bare(dry), bare(done)), uid="u1", deleted=True) == ("alice", "unknown")
        details = {"code": 200, "details": {"uid": "u1"}}
        asked = [{**bare(one), "responseStatus": details} for one in (dry, done)]
        assert writer(evidence(asked[1]), uid="u1", deleted=True) == ("alice", "authenticated")
        assert writer(evidence(*asked), uid="u1", deleted=True) == ("unknown", "unknown")

    def test_a_deletion_whose_address_says_dry_run_and_whose_body_does_not_was_one(self) -> None:
        """The API server does not look at the address where options are in the body."""
        done = audit(MAP, "", "bob", verb="delete", request={"kind": "DeleteOptions"}, query="dryRun=All")
        assert writer(evidence(done), uid="u1", deleted=True) == ("bob", "authenticated")
        without = audit(MAP, "", "bob", verb="delete", query="dryRun=All")
        assert writer(evidence(without), uid="u1", deleted=True) == ("unknown", "unknown")
        # Nobody knows what was in the body.
        unknown = {**bare(done), "level": "Metadata", "responseStatus": {"code": 200, "details": {"uid": "u1"}}}
        assert writer(evidence(unknown), uid="u1", deleted=True)[0] == "bob"

    def test_without_bodies_there_are_hints(self) -> None:
        assert writer(evidence(bare(audit(MAP, "8")))) == ("alice", "unknown")
        assert writer(evidence(bare(audit(MAP, "8")), audit(MAP, "9", "bob")), "9") == ("bob", "authenticated")


SET = audit(APP, "8", SERVER, verb="update", before="7", userAgent="argocd-server/v3")


class TestArgoCD:
    @pytest.mark.parametrize(
        ("action", "kind", "version"),
        [
            ("updated application spec", "Application", "7"),
            ("terminated running operation", "Application", "7"),
            ("created application", "Application", "8"),
            ("initiated sync to main (abc)", "Application", "8"),
            ("initiated partial sync locally", "Application", "8"),
            ("initiated rollback to 3", "Application", "8"),
            ("updated project", "AppProject", "8"),
            ("created token", "AppProject", "7"),
            ("deleted token", "AppProject", "7"),
        ],
    )
    def test_the_version_that_an_event_means_depends_on_what_was_done(self, action, kind, version) -> None:
        key = APP._replace(kind=kind)
        write = audit(key, "8", SERVER, verb="update", before="7")
        for joined, expected in ((version, ("carol@corp.example", "corroborated")), ("15"[int(version) - 7], (SERVER, "authenticated"))):
            made = evidence(write, creation(told(f"carol@corp.example {action}", joined, key=key, annotated=kind == "Application")))
            assert writer(made, key=key) == expected

    def test_the_person_is_not_given_argo_cds_own_address_and_groups(self) -> None:
        actor = evidence(SET, creation(told("alice updated application spec", "7"))).writer("applications", APP, "8")
        assert actor[:7] == ("alice", (), "human", "argocd-api", "", "", "corroborated")
        assert actor.at == "2026-11-25T01:00:10.010000Z"

    def test_a_deletion_is_joined_by_uid(self) -> None:
        gone = audit(APP, "", SERVER, verb="delete")
        event = creation(told("alice deleted application", "5"))
        assert writer(evidence(gone, event), "9", APP, uid="u1", deleted=True) == ("alice", "corroborated")
        event = creation(told("alice deleted application", "5", uid="u2"))
        assert writer(evidence(gone, event), "9", APP, uid="u1", deleted=True) == (SERVER, "authenticated")

    def test_tokens_of_projects_are_machines_and_an_unknown_user_is_nobody(self) -> None:
        actor = evidence(SET, creation(told("proj:team:ci updated application spec", "7"))).writer("applications", APP, "8")
        assert (actor.name, actor.kind) == ("proj:team:ci", "automation")
        assert writer(evidence(SET, creation(told("Unknown user updated application spec", "7", annotated=False))), key=APP) == (
            SERVER,
            "authenticated",
        )

    def test_an_event_that_was_only_seen_is_a_report_until_the_audit_says_who_made_it(self) -> None:
        event = told("alice updated application spec", "7")
        assert writer(evidence(SET, seen=(event,)), key=APP) == ("alice", "reported")
        assert writer(evidence(SET, bare(creation(event)), seen=(event,)), key=APP) == ("alice", "corroborated")
        forged = evidence(SET, bare(creation(event, "bob")), seen=(event,))
        assert (writer(forged, key=APP), told_of(forged)) == ((SERVER, "authenticated"), [("event", "bob")])

    def test_two_who_are_named_are_nobody(self) -> None:
        events = (told("alice updated application spec", "7"), told("carol updated application spec", "7", name="web.2"))
        assert writer(evidence(SET, seen=events), key=APP) == (SERVER, "authenticated")
        # One of them the audit knows to be Argo CD's.
        assert writer(evidence(SET, creation(events[1]), seen=events), key=APP) == ("carol", "corroborated")

    def test_an_event_by_anybody_else_is_a_forgery(self) -> None:
        made = evidence(SET, creation(told("alice updated application spec", "7"), "bob"))
        assert (writer(made, key=APP), told_of(made)) == ((SERVER, "authenticated"), [("event", "bob")])
        acting = creation(told("alice updated application spec", "7"), "bob", impersonatedUser={"username": SERVER})
        assert (writer(evidence(SET, acting), key=APP), [one.what for one in evidence(SET, acting).forgeries()]) == (
            (SERVER, "authenticated"),
            ["event"],
        )

    def test_an_event_that_was_changed_is_a_forgery_and_what_it_said_first_counts(self) -> None:
        first, now = told("alice updated application spec", "7"), told("carol updated application spec", "7")
        change = audit(ObjectKey("", "Event", "argocd", "web.1"), "901", "bob", 12.0, body=now, uid="of web.1")
        made = evidence(SET, creation(first), change, seen=(now,))
        assert (writer(made, key=APP), set(told_of(made))) == (("alice", "corroborated"), {("event", "bob")})
        made = evidence(SET, bare(creation(first)), bare(change), seen=(now,))
        assert (writer(made, key=APP), told_of(made)) == ((SERVER, "authenticated"), [("event", "bob")])

    def test_a_name_that_is_not_the_messages_is_a_forgery(self) -> None:
        event = told("alice updated application spec", "7")
        event["metadata"]["annotations"]["user"] = "carol"
        made = evidence(SET, seen=(event,))
        assert (writer(made, key=APP), [one.what for one in made.forgeries()]) == ((SERVER, "authenticated"), ["event"])

    @pytest.mark.parametrize(
        "event",
        [
            told("Updated sync status: Synced -> OutOfSync", "7", annotated=False),
            told("alice updated application spec", "7", type="Warning"),
            told("alice updated application spec", "7", involvedObject={"kind": "Pod", "apiVersion": "v1"}),
            told("alice updated application spec" + "x" * 10_000, "7"),
            {"metadata": [], "message": 1, "involvedObject": "x"},
        ],
    )
    def test_other_events_say_nothing_of_people(self, event) -> None:
        event = {"metadata": {}, **event}
        event["metadata"] = {"name": "web.1", "uid": "x"} | (event["metadata"] or {})
        made = evidence(SET, creation(event, "bob"), seen=(event,))
        assert (writer(made, key=APP), told_of(made)) == ((SERVER, "authenticated"), [])

    @pytest.mark.parametrize(("user", "agent"), [(SERVER, "argocd-server/v3"), (MANAGER, "argocd-server/v3"), (CONTROLLER, "server/v0.0.0")])
    def test_of_what_it_deployed_argo_cd_names_no_version(self, user, agent) -> None:
        write = audit(MAP, "8", user, userAgent=agent)
        said = creation(told("alice patched resource /ConfigMap 'settings'", "5"))
        assert writer(evidence(write, said)) == ("alice", "unknown")
        for other in (
            creation(told("alice patched resource /ConfigMap 'other'", "5")),
            creation(told("alice deleted resource /ConfigMap 'settings'", "5")),
            creation(told("alice patched resource /ConfigMap 'settings'", "5"), second=9.0),
            creation(told("alice patched resource /ConfigMap 'settings'", "5"), second=31.0),
            creation(told("alice patched resource /ConfigMap 'settings'", "5"), "bob"),
        ):
            assert writer(evidence(write, other)) == (user, "authenticated")
        two = creation(told("carol patched resource /ConfigMap 'settings'", "5", name="web.2"))
        assert writer(evidence(write, said, two)) == (user, "authenticated")
        # What the controller does by itself is its own.
        assert writer(evidence(audit(MAP, "8", CONTROLLER, userAgent="argocd-application-controller/v3"), said)) == (CONTROLLER, "authenticated")

    def test_actions(self) -> None:
        key = ObjectKey("apps", "Deployment", "shop", "web")
        write = audit(key._replace(kind="ConfigMap"), "8", SERVER, userAgent="argocd-server/v3")
        write["objectRef"]["resource"] = "deployments"
        restart, toggle = (
            creation(told(f"alice ran action {what}", "5")) for what in ("restart on resource apps/Deployment/web", "toggle-auto-sync")
        )
        assert evidence(write, restart).writer("deployments", key, "8")[0] == "alice"
        assert evidence(write, toggle).writer("deployments", key, "8")[0] == SERVER
        toggled = audit(APP, "8", CONTROLLER, userAgent="server/v0.0.0")
        assert writer(evidence(toggled, toggle), key=APP) == ("alice", "unknown")
        assert writer(evidence(toggled, restart), key=APP) == (CONTROLLER, "authenticated")


OPERATION = {"operation": {"initiatedBy": {"username": "carol"}, "sync": {"revision": "main"}}}


class TestForgeries:
    @pytest.mark.parametrize(
        "request_",
        [
            OPERATION,
            {"status": {"operationState": OPERATION}},
            {"status": {"history": [{"id": 1, "initiatedBy": {"username": "carol"}}]}},
            {"operation": {"initiatedBy": {"automated": True}}},
            [{"op": "add", "path": "/operation", "value": OPERATION["operation"]}],
            [{"op": "replace", "path": "/operation/initiatedBy", "value": {"username": "carol"}}],
            [{"op": "replace", "path": "/status/operationState/operation/initiatedBy/username", "value": "carol"}],
        ],
    )
    def test_an_operation_in_another_name(self, request_) -> None:
        (forgery,) = evidence(audit(APP, "8", "bob", request=request_)).forgeries()
        assert isinstance(forgery, Forgery)
        assert forgery[:2] == ("initiator", "applications.argoproj.io argocd/web")
        assert (forgery.by.name, forgery.by.confidence) == ("bob", "authenticated")
        assert b"initiatedBy" in forgery.evidence[0]

    @pytest.mark.parametrize(
        "request_",
        [
            {"operation": {"initiatedBy": {"username": "bob"}}},
            {"operation": {"sync": {}}},
            {"spec": {"x": 1}},
            [{"op": "remove", "path": "/operation"}],
            None,
        ],
    )
    def test_an_operation_in_ones_own_name(self, request_) -> None:
        assert evidence(audit(APP, "8", "bob", request=request_)).forgeries() == ()

    def test_argo_cd_itself_names_people(self) -> None:
        for user in (SERVER, CONTROLLER):
            assert evidence(audit(APP, "8", user, request=OPERATION, query="fieldManager=argocd-controller")).forgeries() == ()

    def test_an_update_repeats_what_was_there(self) -> None:
        update = audit(APP, "8", "bob", 11.0, verb="update", before="7", request=OPERATION, body=OPERATION)
        had, had_not = audit(APP, "7", CONTROLLER, 9.0, body=OPERATION), audit(APP, "7", CONTROLLER, 9.0)
        assert told_of(evidence(update, had)) == []
        assert told_of(evidence(update, had_not)) == [("initiator", "bob")]
        # What was there before the audit began nobody knows.
        assert told_of(evidence(update)) == []

    def test_field_managers(self) -> None:
        assert told_of(evidence(audit(MAP, "8", "bob", query="fieldManager=argocd-controller"))) == [("field-manager", "bob")]
        assert told_of(evidence(audit(MAP, "8", "bob", userAgent="argocd-server/v3"))) == [("field-manager", "bob")]
        assert told_of(evidence(audit(MAP, "8", "bob", userAgent="argocd-server/v3", verb="delete"))) == []
        assert told_of(evidence(audit(MAP, "8", "bob", query="fieldManager=argocd-x"))) == []

    def test_wiped_field_managers(self) -> None:
        wipe = {"metadata": {"managedFields": [{}]}}
        assert told_of(evidence(audit(MAP, "8", "bob", request=wipe))) == [("managed-fields", "bob")]
        assert told_of(evidence(audit(MAP, "8", "bob", request=[{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}]))) == [
            ("managed-fields", "bob")
        ]
        assert told_of(evidence(audit(MAP, "8", "bob", request={"metadata": {"managedFields": [{"manager": "x"}]}}))) == []

    def test_nested_without_end(self) -> None:
        deep: dict[str, Any] = OPERATION
        for _ in range(500):
            deep = {"status": deep}
        assert evidence(audit(APP, "8", "bob", request=deep)).forgeries() == ()


def entry(manager: str, second: int, **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": f"2026-11-25T01:00:{second:02d}Z", "fieldsV1": {"f:data": {}}, **more}


def test_managed_fields_are_the_writers_word() -> None:
    live = {"metadata": {"managedFields": [entry("a", 1), entry("kubectl-edit", 9), entry("b", 5), {}, {"time": "2027-01-01T00:00:00Z"}]}}
    actor = claimed(live)
    assert (actor.name, actor.kind, actor.via, actor.confidence, actor.at) == (
        "kubectl-edit",
        "unknown",
        "kubectl",
        "claimed",
        "2026-11-25T01:00:09Z",
    )
    assert json.loads(actor.evidence[0]) == {"manager": "kubectl-edit", "operation": "Update", "time": "2026-11-25T01:00:09Z"}


def test_whoever_wrote_to_another_field_later_has_not_written_this_one() -> None:
    theirs = entry("kubectl-patch", 3, fieldsV1={"f:data": {"f:mode": {}}})
    later = entry("scaler", 9, fieldsV1={"f:metadata": {"f:labels": {"f:size": {}}}})
    live = {"data": {"mode": "evil"}, "metadata": {"labels": {"size": "1"}, "managedFields": [later, theirs]}}
    assert claimed(live, owners(live, "/data/mode")).name == "kubectl-patch"
    # What is gone has no owner.
    assert claimed(live, owners(live, "/data/gone")).name == claimed(live).name == "scaler"


@pytest.mark.parametrize("live", [{}, {"metadata": {}}, {"metadata": {"managedFields": []}}, {"metadata": {"managedFields": [{}]}}])
def test_without_managed_fields_nobody_has_a_word(live) -> None:
    assert claimed(live) == UNKNOWN


class TestMemory:
    def test_the_newest_and_the_last_while_are_kept(self) -> None:
        events = [audit(MAP, str(number), second=float(number)) for number in range(100)]
        made = evidence(*events, bounds=Bounds(newest=10, seconds=30.0, most=1000))
        assert [number for number in range(100) if writer(made, str(number))[0] == "alice"] == list(range(69, 100))
        made = evidence(*events, bounds=Bounds(newest=50, seconds=30.0, most=1000))
        assert [number for number in range(100) if writer(made, str(number))[0] == "alice"] == list(range(50, 100))
        assert made.lost == 0

    def test_never_more_than_a_bound_and_that_is_told(self) -> None:
        made = evidence(*(audit(MAP, str(number), second=float(number)) for number in range(100)), bounds=Bounds(newest=5, seconds=3600.0, most=20))
        assert [number for number in range(100) if writer(made, str(number))[0] == "alice"] == list(range(80, 100))
        assert made.lost == 80
        seen = tuple(told("alice updated application spec", str(number), name=f"web.{number}") for number in range(100))
        assert evidence(seen=seen, bounds=Bounds(newest=5, seconds=3600.0, most=20)).lost == 80


USERS = st.sampled_from(["alice", "bob", SERVER, CONTROLLER, "system:anonymous"])
ACTS = st.builds(
    audit, st.just(APP), st.sampled_from(["7", "8", "9"]), USERS, st.floats(1, 50).map(lambda second: round(second, 3)),
    verb=st.sampled_from(["update", "patch", "delete", "create"]), before=st.sampled_from(["", "7", "8"]), took=st.sampled_from([0.01, 5.0]),
    request=st.sampled_from([None, OPERATION, {"dryRun": ["All"]}]), uid=st.sampled_from(["u1", "u2"]), query=st.sampled_from(["", "dryRun=All", "fieldManager=argocd-controller"]),
)  # fmt: skip
CLAIMS = st.builds(
    told, st.sampled_from(["alice updated application spec", "carol updated application spec", "alice deleted application", "carol initiated sync to x"]),
    st.sampled_from(["7", "8", "9"]), name=st.sampled_from(["web.1", "web.2"]),
)  # fmt: skip
AUDIT = st.one_of(ACTS, ACTS.map(bare), st.builds(creation, CLAIMS, USERS, st.sampled_from([12.0, 13.0])))


@given(st.lists(AUDIT, max_size=10), st.lists(CLAIMS, max_size=3), st.data())
def test_the_order_does_not_matter_and_what_is_unknown_is_never_sure(events, seen, data) -> None:
    bounds = data.draw(st.sampled_from([Bounds(), Bounds(2, 5.0, 4)]))
    one = evidence(*events, seen=tuple(seen), bounds=bounds)
    other = Evidence(bounds=bounds)
    mixed = [("add", event) for event in events] + [("add_event", event) for event in seen]
    for method, event in data.draw(st.permutations([*mixed, *mixed] if bounds == Bounds() else mixed)):
        getattr(other, method)(event)
    assert one.forgeries() == other.forgeries()
    for version in ("7", "8", "9"):
        for uid in ("", "u1", "u2"):
            for deleted in (False, True):
                actor = one.writer("applications", APP, version, uid, deleted)
                assert actor == other.writer("applications", APP, version, uid, deleted)
                assert actor.confidence == "unknown" or actor.name not in ("unknown", "", "system:anonymous")
                assert actor.confidence == "unknown" or actor.evidence
                assert actor.confidence != "authenticated" or actor.name in [event["user"]["username"] for event in events]
