"""What people do beside git that leaves no difference, from audit events as real API servers write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import ObjectKey
from gitguard.reconciler.acts import Act, acts_of
from gitguard.reconciler.attribution import Identities
from tests.reconciler.test_attribution import APP, CONTROLLER, MANAGER, SERVER, bare, creation, told

PROJECT = APP._replace(kind="AppProject", name="team")
ARGO = Identities()
NODE = "system:node:worker-1"
KUBERNETES = (
    "system:kube-controller-manager",
    "system:kube-scheduler",
    "system:cluster-autoscaler",
    "system:serviceaccount:kube-system:replicaset-controller",
    NODE,
)


def request(resource: str, name: str, verb: str, subresource: str = "", by: str = "alice", namespace: str = "shop", **more: Any) -> dict[str, Any]:
    path = f"/api/v1/namespaces/{namespace}/{resource}/{name}"
    target = {"resource": resource, "namespace": namespace, "name": name, "apiVersion": "v1", **({"subresource": subresource} if subresource else {})}
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": f"{verb} {name}", "stage": "ResponseComplete",
        "requestURI": f"{path}/{subresource}" if subresource else path, "verb": verb, "user": {"username": by, "groups": ["humans"]},
        "sourceIPs": ["192.0.2.7"], "userAgent": "kubectl/v1.37.1 (linux/amd64)", "objectRef": target, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-11-25T01:00:10.000000Z", "stageTimestamp": "2026-11-25T01:00:10.010000Z", **more,
    }  # fmt: skip


def shell(query: str = "command=sh&container=web&stdin=true&tty=true", **more: Any) -> dict[str, Any]:
    """As kubectl asks for one over a websocket."""
    event = request("pods", "web-1", "get", "exec", responseStatus={"code": 101}, **more)
    return {**event, "requestURI": f"{event['requestURI']}?{query}"}


def secret(name: str, verb: str = "patch", *, version: str = "8", by: str = SERVER, namespace: str = "argocd", **more: Any) -> dict[str, Any]:
    body = {
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "uid": "u1", "resourceVersion": version},
        "data": {"password": "aHVudGVyMg=="},
    }
    return request(
        "secrets", name, verb, by=by, namespace=namespace, userAgent="argocd-server/v3.6.1", requestObject=body, responseObject=body, **more
    )


def settings(name: str, by: str = "alice", **more: Any) -> dict[str, Any]:
    return request("configmaps", name, "patch", by=by, namespace="argocd", **more)


def acts(event: Any, *managed: ObjectKey, argo: Identities = ARGO) -> tuple[Act, ...]:
    return acts_of(event, argo=argo, namespace="argocd", managed=lambda key: key in managed)


def told_of(event: Any, *managed: ObjectKey) -> list[tuple[str, str, str]]:
    return [(act.action, act.severity, act.reason) for act in acts(event, *managed)]


ACTS = {
    "a shell": (shell(), "exec", "high", "a shell was opened in container web of a pod"),
    "a shell without a name for its container": (shell("command=/bin/bash"), "exec", "high", "a shell was opened in a pod"),
    "a command": (shell("command=psql&command=-c"), "exec", "high", "psql was run in a pod"),
    "a shell over SPDY": (
        request("pods", "web-1", "create", "exec", requestURI="/x?command=ash", responseStatus={"code": 101}), "exec", "high", "a shell was opened in a pod",
    ),
    "a shell of a program": (shell("command=date", by="system:serviceaccount:ci:runner"), "exec", "high", "date was run in a pod"),
    "a web terminal": (shell("command=sh", by=SERVER), "exec", "high", "a shell was opened in a pod"),
    "attaching": (
        request("pods", "web-1", "get", "attach", requestURI="/x?container=web", responseStatus={"code": 101}), "exec", "high",
        "somebody attached to container web of a pod",
    ),
    "a port": (request("pods", "web-1", "get", "portforward", responseStatus={"code": 101}), "exec", "medium", "a port of a pod was forwarded"),
    "debugging": (request("pods", "web-1", "patch", "ephemeralcontainers"), "exec", "high", "a container for debugging was put into a running pod"),
    "a deletion": (request("pods", "web-1", "delete"), "delete", "low", "a pod was deleted"),
    "a deletion by an administrator of the cluster": (request("pods", "web-1", "delete", by="system:admin"), "delete", "low", "a pod was deleted"),
    "a deletion by nobody knows whom": (request("pods", "web-1", "delete", by="system:anonymous"), "delete", "low", "a pod was deleted"),
    "a deletion by Argo CD": (request("pods", "web-1", "delete", by=SERVER), "delete", "low", "a pod was deleted"),
    "a deletion by Argo CD's shared account": (
        request("pods", "web-1", "delete", by=MANAGER, userAgent="argocd-server/v3.6.1"), "delete", "low", "a pod was deleted",
    ),
    "a deletion in somebody's name": (
        request("pods", "web-1", "delete", by="system:serviceaccount:ui:dashboard", impersonatedUser={"username": "alice"}), "delete", "low", "a pod was deleted",
    ),
    "many deletions": (request("pods", "", "deletecollection"), "delete", "medium", "pods of a namespace were deleted all at once"),
    "an eviction": (request("pods", "web-1", "create", "eviction", responseStatus={"code": 201}), "delete", "low", "a pod was evicted"),
    "a token": (request("serviceaccounts", "web", "create", "token", responseStatus={"code": 201}), "other", "low", "a token of a service account was issued"),
    "an account of Argo CD": (secret("argocd-secret"), "update", "high", "passwords, tokens and keys of Argo CD itself were changed"),
    "a repository": (secret("repo-17", "create", responseStatus={"code": 201}), "create", "high", "credentials of a repository were added"),
    "repositories": (secret("creds-17"), "update", "high", "credentials of a group of repositories were changed"),
    "a cluster": (secret("cluster-prod-17", "delete"), "delete", "high", "credentials of a cluster were removed"),
    "another Secret": (secret("other", by="alice"), "update", "high", "Secrets in Argo CD's namespace were changed"),
    "a Secret by Argo CD's API server with the account of all its parts": (
        secret("repo-17", by=CONTROLLER), "update", "high", "credentials of a repository were changed",
    ),
    "a Secret in somebody else's name": (
        secret("repo-17", by=CONTROLLER, impersonatedUser={"username": "bob"}), "update", "high", "credentials of a repository were changed",
    ),
    "permissions": (settings("argocd-rbac-cm"), "update", "high", "permissions in Argo CD were changed"),
    "certificates": (settings("argocd-tls-certs-cm", by=SERVER), "update", "medium", "certificates that Argo CD trusts were changed"),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_told_by_the_audit(act: str) -> None:
    event, *expected = ACTS[act]
    assert told_of(event) == [tuple(expected)]


NO_ACTS: dict[str, tuple[Any, tuple[ObjectKey, ...]]] = {
    "a shell that was refused": (shell() | {"responseStatus": {"code": 403}}, ()),
    "a shell that is only asked for": (shell(stage="RequestReceived"), ()),
    **{f"a deletion by {name}": (request("pods", "web-1", "delete", by=name), ()) for name in KUBERNETES},
    "a deletion by Argo CD's controller": (request("pods", "web-1", "delete", by=CONTROLLER, userAgent="argocd-application-controller/v3.6.1"), ()),
    "a dry run of a deletion": (request("pods", "web-1", "delete", requestObject={"dryRun": ["All"]}), ()),
    "a dry run of an eviction": (request("pods", "web-1", "create", "eviction", requestObject={"deleteOptions": {"dryRun": ["All"]}}), ()),
    "a pod that git has": (request("pods", "web-1", "delete"), (ObjectKey("", "Pod", "shop", "web-1"),)),
    "a token of a node": (request("serviceaccounts", "web", "create", "token", by=NODE, responseStatus={"code": 201}), ()),
    "a token of a program": (request("serviceaccounts", "web", "create", "token", by=CONTROLLER, responseStatus={"code": 201}), ()),
    "a Secret that git has": (secret("repo-17"), (ObjectKey("", "Secret", "argocd", "repo-17"),)),
    "a Secret elsewhere": (secret("repo-17", namespace="shop"), ()),
    "a Secret by a controller": (secret("argocd-secret", by=CONTROLLER) | {"userAgent": "argocd-application-controller/v3.6.1"}, ()),
    "a Secret by Kubernetes": (secret("argocd-secret", by="system:kube-controller-manager"), ()),
    "an update that changed nothing": (
        secret("argocd-secret", "update", objectRef={"resource": "secrets", "namespace": "argocd", "name": "argocd-secret", "resourceVersion": "8"}), (),
    ),
    "a namesake of Secrets": (secret("repo-17", objectRef={"resource": "secrets", "apiGroup": "a.example", "namespace": "argocd", "name": "repo-17"}), ()),
    "a deletion by Argo CD in a program's name": (
        request("pods", "web-1", "delete", by=SERVER, impersonatedUser={"username": "system:serviceaccount:shop:deployer"}), (),
    ),
    "a Secret that is only read": (secret("argocd-secret", "get"), ()),
    "settings that git has": (settings("argocd-rbac-cm"), (ObjectKey("", "ConfigMap", "argocd", "argocd-rbac-cm"),)),
    "another ConfigMap": (settings("web"), ()),
    "a pod that was changed": (request("pods", "web-1", "patch"), ()),
    "a namesake of another group": (
        request("pods", "web-1", "delete", objectRef={"resource": "pods", "apiGroup": "metrics.k8s.io", "namespace": "shop", "name": "web-1"}), (),
    ),
    "nothing": ({}, ()),
}  # fmt: skip


@pytest.mark.parametrize("event", NO_ACTS)
def test_what_is_no_act(event: str) -> None:
    told, managed = NO_ACTS[event]
    assert acts(told, *managed) == ()


SAYINGS = {
    "alice initiated sync to main (abc)": ("sync", "low", "a sync to main was started"),
    "alice initiated partial sync to main (abc)": ("sync", "low", "a partial sync to main was started"),
    "alice initiated sync locally": ("sync", "high", "a sync of manifests that are not in git was started"),
    "alice initiated rollback to 3": ("rollback", "medium", "a rollback to 3 was started"),
    "alice initiated sync to \x1b[31m": ("sync", "low", "a sync was started"),
    "alice terminated running operation": ("other", "low", "a running operation of an Application was ended"),
    "alice ran action restart on resource apps/Deployment/web": ("update", "low", "the action restart was run on Deployment web"),
    "alice created application": ("create", "medium", "an Application that git does not have was created"),
    "alice deleted application": ("delete", "medium", "an Application that git does not have was deleted"),
}


@pytest.mark.parametrize("message", SAYINGS)
def test_argo_cd_says_for_whom_it_acted(message: str) -> None:
    (act,) = acts(creation(told(message, "8")))
    assert (act.action, act.severity, act.reason) == SAYINGS[message]
    assert (act.key, act.api_version, act.uid, act.version) == (APP, "argoproj.io/v1alpha1", "u1", "8")
    assert (act.actor.name, act.actor.kind, act.actor.via, act.actor.confidence) == ("alice", "human", "argocd-api", "corroborated")
    assert act.evidence == act.actor.evidence
    assert json.loads(act.evidence[0])["responseObject"]["message"] == message


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("alice created token", [("other", "medium", "a token of a project's role was issued")]),
        ("alice deleted token", [("other", "medium", "a token of a project's role was revoked")]),
        ("alice created project", []),
        ("alice updated project", []),
    ],
)
def test_what_was_done_to_a_project_of_gits_is_an_act_only_where_no_difference_tells_it(message: str, expected: list[Any]) -> None:
    assert told_of(creation(told(message, "8", key=PROJECT, annotated=False)), PROJECT) == expected


@pytest.mark.parametrize(
    "message",
    [
        "alice updated application spec",
        "alice created application",
        "alice deleted application",
        "alice patched resource apps/Deployment 'web'",
        "alice ran action toggle-auto-sync",
    ],
)
def test_differences_of_what_git_has_are_no_acts(message: str) -> None:
    assert acts(creation(told(message, "8")), APP) == ()


def test_only_argo_cds_own_events_are_its_word() -> None:
    event = told("alice initiated sync to main (abc)", "8")
    assert acts(creation(event, "bob")) == ()
    assert acts(creation(event, impersonatedUser={"username": "bob"})) == ()
    assert acts(bare(creation(event))) == ()
    assert acts({**creation(event), "verb": "update"}) == ()
    assert len(acts(creation(event, "system:serviceaccount:gitops:server"), argo=Identities(server="system:serviceaccount:gitops:server"))) == 1


def test_whom_argo_cd_does_not_know_it_does_not_name() -> None:
    (act,) = acts(creation(told("Unknown user initiated sync to main (abc)", "8", annotated=False)))
    assert (act.actor.name, act.actor.kind, act.actor.confidence) == (SERVER, "automation", "authenticated")
    contradicting = told("alice initiated sync to main (abc)", "8")
    contradicting["metadata"]["annotations"]["user"] = "bob"
    (act,) = acts(creation(contradicting))
    assert act.actor.name == SERVER
    (act,) = acts(creation(told("proj:team:deployer initiated sync to main (abc)", "8")))
    assert (act.actor.name, act.actor.kind, act.actor.confidence) == ("proj:team:deployer", "automation", "corroborated")


def test_who_did_it_and_when() -> None:
    (act,) = acts(request("pods", "web-1", "delete", responseObject={"kind": "Pod", "metadata": {"uid": "u7", "resourceVersion": "9"}}))
    assert act[:5] == ("delete", ObjectKey("", "Pod", "shop", "web-1"), "v1", "u7", "9")
    assert act.actor[:7] == ("alice", ("humans",), "human", "kubectl", "192.0.2.7", "kubectl/v1.37.1 (linux/amd64)", "authenticated")
    assert act.at == "2026-11-25T01:00:10.010000Z"
    (act,) = acts(secret("argocd-secret"))
    assert (act.actor.name, act.actor.via) == (SERVER, "argocd-api")


def test_a_session_is_told_when_it_begins_and_is_known_again_when_it_ends() -> None:
    begun, ended = shell(stage="ResponseStarted"), shell(stageTimestamp="2026-11-25T02:00:00.000000Z")
    ((first,), (second,)) = acts(begun), acts(ended)
    assert first.id == second.id
    assert first.evidence != second.evidence
    others = (shell(requestReceivedTimestamp="2026-11-25T01:00:10.000001Z"), shell(by="bob"), shell(auditID="x"))
    assert len({first.id, *(acts(one)[0].id for one in others)}) == 4


@pytest.mark.parametrize(
    "query",
    ["command=sh&command=-c&command=PASSWORD%3Dhunter2+psql", "command=PASSWORD%3Dhunter2", "command=sh%20hunter2", "com%6dand=sh&command=hunter2"],
)
def test_no_argument_of_a_command_is_kept(query: str) -> None:
    for event in (shell(query), shell(query, stage="ResponseStarted")):
        assert "hunter2" not in repr(acts(event))


def test_no_value_of_a_secret_and_no_token_is_kept() -> None:
    issued = {"kind": "TokenRequest", "status": {"token": "aHVudGVyMg=="}}
    assert "aHVudGVyMg==" not in repr(acts(secret("repo-17")) + acts(secret("repo-17", "create", responseStatus={"code": 201})))
    assert "aHVudGVyMg==" not in repr(acts(request("serviceaccounts", "web", "create", "token", responseStatus={"code": 201}, responseObject=issued)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([shell(), secret("repo-17"), creation(told("alice created application", "8")), request("pods", "a", "delete")]), st.data())
def test_whatever_an_event_says_it_is_read(event: dict[str, Any], data: Any) -> None:
    fields = data.draw(st.dictionaries(st.sampled_from(sorted(event)), JSON | st.sampled_from(["//[", "?command=%ff&command"]), max_size=3))
    for act in acts({**event, **fields}):
        assert act.severity in ("high", "medium", "low")
        assert act.action in ("update", "create", "delete", "sync", "rollback", "exec", "other")
