"""Calls in the log of Argo CD's API server, and whom they make of its writes: lines as Argo CD 3.6.1 writes them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import Actor, ObjectKey
from gitguard.reconciler.argo_log import Call, called
from gitguard.reconciler.attribution import Evidence
from gitguard.reconciler.memory import Bounds
from tests.reconciler.test_attribution import APP, CONTROLLER, SERVER, audit, creation, told

AT = "2026-11-25T01:00:10Z"
ALICE = {"iss": "https://dex.example", "sub": "opaque", "email": "alice@corp", "groups": ["ops"], "jti": "token-id", "name": "Alice"}
DEPLOYMENT = ObjectKey("apps", "Deployment", "shop", "web")


def line(method: str, content: Any = None, claims: Any = None, at: str = AT) -> str:
    """In JSON; `claims` None as for a local account."""
    fields = {
        "level": "info",
        "msg": f"received unary call /{method}",
        "time": at,
        "grpc.request.content": content or {"name": "web", "appNamespace": ""},
    }
    return json.dumps(fields if claims is None else {**fields, "grpc.request.claims": json.dumps(claims)})


def started(service: str, method: str, at: str = AT) -> str:
    fields = {"grpc.component": "server", "grpc.method": method, "grpc.service": service, "level": "info", "msg": "started call", "time": at}
    return json.dumps(fields)


def call(text: str) -> Call:
    found = called(text)
    assert found is not None
    return found


SET = line("application.ApplicationService/UpdateSpec", claims=ALICE)


class TestLines:
    def test_a_call_by_single_sign_on(self) -> None:
        content = {"name": "web", "spec": {"source": {"repoURL": "https://u:hunter2@git.example/x"}}, "appNamespace": "team"}
        found = call(line("application.ApplicationService/UpdateSpec", content, ALICE))
        assert found[:5] == (
            "/application.ApplicationService/UpdateSpec", "alice@corp", ("ops",), AT, (ObjectKey("argoproj.io", "Application", "team", "web"),)
        )  # fmt: skip
        assert b"alice@corp" in found.evidence
        assert not any(secret in found.evidence for secret in (b"hunter2", b"token-id", b"git.example"))

    def test_the_text_format(self) -> None:
        claims = json.dumps(json.dumps(ALICE))
        content = json.dumps('name:"web" spec:<source:<path:"name:\\"other\\" " > > appNamespace:"not read" ')
        found = call(
            f'time="{AT}" level=info msg="received unary call /application.ApplicationService/UpdateSpec" '
            f"grpc.request.claims={claims} grpc.request.content={content}"
        )
        assert (found.user, found.objects, found.at) == ("alice@corp", (ObjectKey("argoproj.io", "Application", "", "web"),), AT)
        action = json.dumps(
            'name:"app" namespace:"shop" resourceName:"web" version:"v1" group:"apps" kind:"Deployment" action:"restart" appNamespace:"" '
        )
        found = call(f'time="{AT}" msg="received unary call /application.ApplicationService/RunResourceActionV2" grpc.request.content={action}')
        assert (found.user, found.objects) == ("", (DEPLOYMENT,))
        # Argo CD can't print what has metadata in it.
        panic = '"%!v(PANIC=String method: reflect.Value.Bytes of non-byte slice)"'
        found = call(f'time="{AT}" msg="received unary call /project.ProjectService/Update" grpc.request.content={panic}')
        assert found.objects == (ObjectKey("argoproj.io", "AppProject", "", ""),)

    @pytest.mark.parametrize(
        ("claims", "user"),
        [
            (ALICE, "alice@corp"),
            ({"iss": "https://dex.example", "sub": "opaque", "federated_claims": {"user_id": "alice"}}, "alice"),
            ({"iss": "https://dex.example", "sub": "opaque"}, "opaque"),
            ({"iss": "argocd", "sub": "admin", "email": "not@theirs"}, "admin"),
            ({"iss": "argocd", "sub": "proj:default:ci"}, "proj:default:ci"),
            (None, ""),
            ({"iss": "https://dex.example", "email": "a" * 300}, ""),
        ],
    )
    def test_whom_argo_cd_would_call_them(self, claims: Any, user: str) -> None:
        assert call(line("application.ApplicationService/Sync", claims=claims)).user == user

    @pytest.mark.parametrize(
        ("method", "content", "key"),
        [
            ("application.ApplicationService/Create", {"application": {"metadata": {"name": "z", "namespace": "team"}}}, APP._replace(namespace="team", name="z")),
            ("applicationset.ApplicationSetService/Delete", {"name": "s", "appsetNamespace": "team"}, ObjectKey("argoproj.io", "ApplicationSet", "team", "s")),
            ("project.ProjectService/Update", {"project": {"metadata": {"name": "p"}}}, ObjectKey("argoproj.io", "AppProject", "", "p")),
            ("project.ProjectService/CreateToken", {"project": "p", "role": "r"}, ObjectKey("argoproj.io", "AppProject", "", "p")),
            ("account.AccountService/CreateToken", {"name": "alice"}, ObjectKey("", "Secret", "", "argocd-secret")),
            ("repository.RepositoryService/DeleteRepository", {"repo": "https://git.example"}, ObjectKey("", "Secret", "", "")),
            (
                "application.ApplicationService/DeleteResource",
                {"name": "app", "namespace": "shop", "resourceName": "web", "group": "apps", "kind": "Deployment"}, DEPLOYMENT,
            ),
        ],
    )  # fmt: skip
    def test_what_it_is_about(self, method: str, content: Any, key: ObjectKey) -> None:
        assert call(line(method, content)).objects[0] == key

    def test_what_is_withheld_is_known_to_have_been(self) -> None:
        found = call(started("application.ApplicationService", "PatchResource"))
        assert (found.user, found.objects) == ("", (ObjectKey("", "", "", ""),))
        # Whatever is not withheld has a better line.
        assert called(started("application.ApplicationService", "UpdateSpec")) is None

    def test_containers_logs(self) -> None:
        assert called(f"2026-11-25T01:00:10.123Z stderr F {SET}") == call(SET)

    @pytest.mark.parametrize(
        "text",
        [
            line("application.ApplicationService/Get"), line("cluster.ClusterService/List"), SET.replace("received", "finished"), SET.replace(AT, "[0042]"),
            SET[:-1], f"[{SET}]", "2026/11/25 proto: tag has too few fields: received unary call /application.ApplicationService/UpdateSpec", "",
            json.dumps({"msg": "other", "time": AT, "grpc.request.content": {"patch": "received unary call /application.ApplicationService/Sync"}}),
            "received unary call /" + "[" * 100_000, "{" + '"received unary call /":' * 100_000,
        ],
    )  # fmt: skip
    def test_anything_else_is_no_call(self, text: str) -> None:
        assert called(text) is None

    @given(st.dictionaries(st.sampled_from(["time", "msg", "grpc.request.claims", "grpc.request.content", "grpc.service", "x"]), st.one_of(
        st.just(AT), st.just("received unary call /project.ProjectService/Update"), st.text(), st.none(), st.integers(), st.lists(st.text()),
        st.dictionaries(st.sampled_from(["name", "project", "metadata"]), st.one_of(st.text(), st.dictionaries(st.just("metadata"), st.none()))),
        st.sampled_from(["{}", '{"email": 1, "federated_claims": [], "groups": 3}', '{"federated_claims": {"user_id": {}}, "sub": null}', "[[["]),
    )))  # fmt: skip
    def test_whatever_a_line_says_it_is_read(self, fields: dict[str, Any]) -> None:
        logfmt = " ".join(f"{name}={json.dumps(value)}" for name, value in fields.items())
        for text in (json.dumps(fields), logfmt, f"received unary call / {logfmt}"):
            found = called(text)
            assert found is None or (len(found.evidence) < 100_000 and found.method == "/project.ProjectService/Update")


def evidence(*events: dict[str, Any], calls: tuple[str, ...] = (), seen: tuple[dict[str, Any], ...] = ()) -> Evidence:
    made = Evidence()
    for event in events:
        made.add(event)
    for event in seen:
        made.add_event(event)
    for one in calls:
        made.add_call(call(one))
    return made


# An update of the version 6 to 7, at 10.5 s.
UPDATE = audit(APP, "7", SERVER, 10.5, verb="update", before="6", userAgent="argocd-server/v3.6.1")


def who(known: Evidence, key: ObjectKey = APP, resource: str = "applications") -> tuple[str, str, str]:
    actor = known.writer(resource, key, "7", "u1")
    return actor.name, actor.via, actor.confidence


class TestWriters:
    def test_the_log_names_who_no_event_does(self) -> None:
        actor = evidence(UPDATE, calls=(SET,)).writer("applications", APP, "7", "u1")
        assert actor[:4] == ("alice@corp", ("ops",), "human", "argocd-api")
        assert (actor.confidence, len(actor.evidence), actor.at) == ("reported", 2, "2026-11-25T01:00:10.510000Z")

    @pytest.mark.parametrize(
        "calls",
        [
            (SET.replace("/UpdateSpec", "/Sync"), SET.replace("alice@corp", "bob@corp")),
            # A local account may have been it.
            (SET, line("application.ApplicationService/Patch")),
            (line("application.ApplicationService/UpdateSpec"),),
            (SET.replace('"web"', '"other"'),),
            (SET.replace('"appNamespace": ""', '"appNamespace": "team"'),),
            # A deletion is no update.
            (SET.replace("/UpdateSpec", "/Delete"),),
            (SET.replace("00:10Z", "00:05Z"),),
            (SET.replace("00:10Z", "00:12Z"),),
        ],
    )
    def test_it_names_nobody_where_it_does_not_tell(self, calls: tuple[str, ...]) -> None:
        assert who(evidence(UPDATE, calls=calls)) == (SERVER, "argocd-api", "authenticated")

    def test_calls_by_the_same_person_are_theirs(self) -> None:
        assert who(evidence(UPDATE, calls=(SET, SET.replace("/UpdateSpec", "/Sync"))))[0] == "alice@corp"

    def test_only_what_argo_cd_wrote(self) -> None:
        by_bob = audit(APP, "7", "bob", 10.5, verb="update", before="6")
        assert who(evidence(by_bob, calls=(SET,))) == ("bob", "kubectl", "authenticated")
        controller = audit(APP, "7", CONTROLLER, 10.5, verb="update", before="6", userAgent="argocd-application-controller/v3.6.1")
        assert who(evidence(controller, calls=(SET,)))[0] == CONTROLLER

    def test_an_event_that_argo_cd_wrote_is_believed_before_the_log(self) -> None:
        event = told("bob updated application spec", "6")
        assert who(evidence(UPDATE, creation(event), calls=(SET,))) == ("bob", "argocd-api", "corroborated")

    def test_another_event_and_the_log_must_agree(self) -> None:
        assert who(evidence(UPDATE, calls=(SET,), seen=(told("bob updated application spec", "6"),))) == (SERVER, "argocd-api", "authenticated")
        both = evidence(UPDATE, calls=(SET,), seen=(told("alice@corp updated application spec", "6"),))
        assert who(both) == ("alice@corp", "argocd-api", "reported")
        assert len(both.writer("applications", APP, "7", "u1").evidence) == 3

    def test_what_was_deployed_by_the_account_that_all_parts_share(self) -> None:
        key = ObjectKey("", "ConfigMap", "shop", "settings")
        write = audit(key, "7", CONTROLLER, 10.5, verb="patch", userAgent="argocd-server/v3.6.1")
        content = {"name": "web", "namespace": "shop", "resourceName": "settings", "group": "", "kind": "ConfigMap"}
        action = line("application.ApplicationService/RunResourceActionV2", content, ALICE)
        assert who(evidence(write, calls=(action,)), key, "configmaps") == ("alice@corp", "argocd-api", "reported")
        # Somebody patched something, and nothing tells who or what.
        rival = started("application.ApplicationService", "PatchResource")
        assert who(evidence(write, calls=(action, rival)), key, "configmaps") == (CONTROLLER, "argocd-api", "authenticated")

    def test_who_is_behind_one_request(self) -> None:
        known = evidence(UPDATE, calls=(SET,))
        (server,) = evidence(UPDATE).writer("applications", APP, "7", "u1").evidence
        assert known.behind(server, APP).name == "alice@corp"
        assert known.behind(b"other", APP) == Actor()

    def test_who_sent_it_is_beyond_doubt(self) -> None:
        sender = evidence(UPDATE, calls=(SET,)).sender("applications", APP, "7", "u1")
        assert (sender.name, sender.via, sender.confidence) == (SERVER, "argocd-api", "authenticated")
        assert evidence(calls=(SET,)).sender("applications", APP, "7", "u1") == Actor()

    def test_it_is_remembered_for_as_long_as_events_are(self) -> None:
        known = Evidence(bounds=Bounds(newest=2, seconds=60.0, most=3))
        known.add(UPDATE)
        known.add_call(call(SET))
        known.add_call(call(SET))
        for second in range(11, 14):
            assert who(known)[0] == "alice@corp"
            known.add_call(call(SET.replace("00:10Z", f"00:{second}Z").replace('"web"', '"other"')))
        assert who(known)[0] == SERVER
        assert known.lost == 1


class TestEventsAlone:
    """Without an audit of the write."""

    def test_the_version_before(self) -> None:
        known = evidence(seen=(told("alice updated application spec", "6"),))
        actor = known.told_of(APP, "7", "6", "u1")
        assert (actor.name, actor.via, actor.confidence, actor.at, len(actor.evidence)) == ("alice", "argocd-api", "reported", AT, 1)
        for version, before, uid in (("7", "5", "u1"), ("6", "", "u1"), ("7", "6", "u2"), ("", "", "")):
            assert known.told_of(APP, version, before, uid) == Actor()
        assert known.told_of(APP._replace(name="other"), "7", "6") == Actor()

    def test_the_version_itself_and_the_deletion(self) -> None:
        known = evidence(seen=(told("alice created application", "7"), told("bob deleted application", "9", name="web.2")))
        assert known.told_of(APP, "7", "6", "u1").name == "alice"
        assert known.told_of(APP, "9", "7", "u1") == Actor()
        assert known.told_of(APP, "", "", "u1", deleted=True).name == "bob"
        assert known.told_of(APP, "", "", "", deleted=True) == Actor()

    def test_what_nobody_can_go_by(self) -> None:
        disagrees = told("alice updated application spec", "6")
        disagrees["metadata"]["annotations"] = {"user": "bob"}
        assert evidence(seen=(disagrees,)).told_of(APP, "7", "6", "u1") == Actor()
        alice, bob = told("alice updated application spec", "6"), told("bob updated application spec", "6", name="web.2")
        assert evidence(seen=(alice, bob)).told_of(APP, "7", "6", "u1") == Actor()
        # The audit may have the Event without the write that it is about.
        assert evidence(creation(alice, by="bob"), seen=(alice,)).told_of(APP, "7", "6", "u1") == Actor()
