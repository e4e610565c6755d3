"""What somebody did beside git that leaves no difference to find: the audit tells of it, or Argo CD's Events as the audit saw them made.

A shell in a pod, a pod that is gone and comes again, a token, credentials that lie in the cluster only, a sync. What leaves a difference in an
object of git's is found by comparing, and is no act.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from gitguard.model.drift import UNKNOWN, Actor, ObjectKey
from gitguard.reconciler.actors import audited, one_person
from gitguard.reconciler.argo_events import Claim, claim
from gitguard.reconciler.attribution import SERVER_AGENTS, Identities
from gitguard.reconciler.audit_bodies import canonical, mapping, text
from gitguard.reconciler.audit_events import Write, asked, connected, written
from gitguard.reconciler.severity import severity

_KINDS = {"pods": "Pod", "secrets": "Secret", "configmaps": "ConfigMap", "serviceaccounts": "ServiceAccount"}
_SHELLS = ("sh", "bash", "ash", "dash", "zsh", "ksh", "fish", "pwsh", "powershell")
# Users named like parts of Kubernetes that people, or anybody, can be.
_PEOPLE = ("system:admin", "system:anonymous")
_DONE = {"create": "added", "update": "changed", "delete": "removed"}
# By the beginning of a Secret's name, as Argo CD gives it: util/db and util/settings.
_CREDENTIALS = (
    ("argocd-secret", "passwords, tokens and keys of Argo CD itself"),
    ("repo-", "credentials of a repository"),
    ("creds-", "credentials of a group of repositories"),
    ("cluster-", "credentials of a cluster"),
    ("", "Secrets in Argo CD's namespace"),
)
_SETTINGS = {
    "argocd-cm": "settings of Argo CD",
    "argocd-rbac-cm": "permissions in Argo CD",
    "argocd-cmd-params-cm": "parameters of Argo CD's parts",
    "argocd-tls-certs-cm": "certificates that Argo CD trusts",
    "argocd-ssh-known-hosts-cm": "SSH hosts that Argo CD trusts",
    "argocd-gpg-keys-cm": "signing keys that Argo CD trusts",
}
_OBJECT = re.compile(r"(created|updated|deleted) \S+(?: spec)?")
_VERBS = {"created": "create", "updated": "update", "deleted": "delete"}
_RAN = re.compile(r"ran action (\S+) on resource [^/]*/([^/]+)/(\S+)")
_TOLD = re.compile(r"[\w./@:+\-]{1,100}")


class Act(NamedTuple):
    """Something that somebody did.

    `action` is update, create, delete, sync, rollback, exec or other, to the object `key`, whose name is "" for all of a namespace; `uid` and
    `version` are its uid and resource version as far as they were told. `severity` is high, medium or low, and `reason` says for people what was
    done. `at` is when, RFC 3339 in UTC; `evidence` has no value of a Secret and no argument of a command. `id` is the same for everything
    that tells of one request, which may be told of when it begins and again when it ends.
    """

    action: str
    key: ObjectKey
    api_version: str
    uid: str
    version: str
    actor: Actor
    severity: str
    reason: str
    at: str
    evidence: tuple[bytes, ...]
    id: bytes


class _Told(NamedTuple):
    action: str
    severity: str
    reason: str


def acts_of(event: Mapping[str, Any], *, argo: Identities, namespace: str, managed: Callable[[ObjectKey], bool]) -> tuple[Act, ...]:
    """The acts that an audit.k8s.io/v1 event tells of; none where it is no event, failed, was a dry run, or leaves a difference that is found.

    `namespace` is Argo CD's own; `managed` says whether git has an object, so that comparing finds what was done to it.
    """
    passed = connected(event)
    if passed is not None:
        return _acts(event, passed, _of_connection(event, passed), argo)
    write = written(event)
    if write is None:
        return ()
    if write.resource == "events":
        return _of_event(event, write, argo, managed)
    if (write.group, write.resource) == ("", "pods"):
        return _acts(event, write, _of_pod(write, argo, managed), argo)
    if write.namespace == namespace and not _is_known(write, argo):
        return _acts(event, write, _of_settings(write, managed), argo)
    return ()


def _acts(event: Mapping[str, Any], write: Write, told: _Told | None, argo: Identities) -> tuple[Act, ...]:
    if told is None:
        return ()
    actor = audited(write, is_server=_is_server(write, argo))
    return (_act(event, write, told, _key(write), "v1")._replace(uid=write.uid, version=write.version, actor=actor),)


def _act(event: Mapping[str, Any], write: Write, told: _Told, key: ObjectKey, api: str) -> Act:
    """An act with what any has; who did it, to which version, is not yet told."""
    return Act(told.action, key, api, "", "", UNKNOWN, told.severity, told.reason, write.at, (write.evidence,), _id(event))


def _of_connection(event: Mapping[str, Any], write: Write) -> _Told | None:
    if (write.group, write.resource, write.subresource) == ("", "serviceaccounts", "token"):
        return _Told("other", "low", "a token of a service account was issued") if _is_somebody(write) else None
    if (write.group, write.resource) != ("", "pods"):
        return None
    query = asked(event)
    container = next((f"container {name} of a pod" for name in query.get("container", ()) if _TOLD.fullmatch(name)), "a pod")
    if write.subresource == "exec":
        program = next(iter(query.get("command", ())), "")
        what = "a shell was opened" if program.rpartition("/")[2] in _SHELLS else f"{program or 'a command'} was run"
        return _Told("exec", "high", f"{what} in {container}")
    if write.subresource == "attach":
        return _Told("exec", "high", f"somebody attached to {container}")
    return _Told("exec", "medium", "a port of a pod was forwarded") if write.subresource == "portforward" else None


def _of_pod(write: Write, argo: Identities, managed: Callable[[ObjectKey], bool]) -> _Told | None:
    if write.subresource == "ephemeralcontainers":
        return _Told("exec", "high", "a container for debugging was put into a running pod")
    is_deletion = write.verb in ("delete", "deletecollection") and not write.subresource
    if not (is_deletion or write.subresource == "eviction") or not (_is_somebody(write) or _is_server(write, argo)):
        return None
    if managed(_key(write)):
        return None
    if write.verb == "deletecollection":
        return _Told("delete", "medium", "pods of a namespace were deleted all at once")
    return _Told("delete", "low", "a pod was deleted" if is_deletion else "a pod was evicted")


def _of_settings(write: Write, managed: Callable[[ObjectKey], bool]) -> _Told | None:
    key = _key(write)
    # An update that names the version which it leaves has changed nothing.
    if write.group or managed(key) or (write.version and write.before == write.version):
        return None
    what = _SETTINGS.get(key.name) if key.kind == "ConfigMap" else None
    if key.kind == "Secret":
        what = next(what for start, what in _CREDENTIALS if key.name.startswith(start))
    if what is None:
        return None
    action = "create" if write.is_new else "delete" if write.verb.startswith("delete") else "update"
    return _Told(action, severity(key, (), action), f"{what} were {_DONE[action]}")


def _of_event(event: Mapping[str, Any], write: Write, argo: Identities, managed: Callable[[ObjectKey], bool]) -> tuple[Act, ...]:
    """What Argo CD's API server tells of those for whom it acted; only an Event that it made itself is its word."""
    said = claim(write.body) if write.verb == "create" and write.body is not None else None
    if said is None or write.user.name != argo.server or write.acted_as is not None:
        return ()
    key = ObjectKey("argoproj.io", said.kind, *said.about)
    told = _of_claim(said, key, managed)
    if told is None:
        return ()
    server = audited(write, is_server=True)
    person = None if said.disagrees else one_person([(said.person, write.evidence)], "corroborated", server._replace(evidence=()))
    about = mapping(mapping(write.body).get("involvedObject") or mapping(write.body).get("regarding"))
    act = _act(event, write, told, key, text(about.get("apiVersion")))
    return (act._replace(uid=said.about_uid, version=said.version, actor=person or server),)


def _of_claim(said: Claim, key: ObjectKey, managed: Callable[[ObjectKey], bool]) -> _Told | None:
    if said.action.startswith("initiated rollback to "):
        return _Told("rollback", "medium", f"a rollback{_to(said.action)} was started")
    if said.action.startswith("initiated "):
        kind = "a partial sync" if said.action.startswith("initiated partial ") else "a sync"
        if said.action in ("initiated sync locally", "initiated partial sync locally"):
            return _Told("sync", "high", f"{kind} of manifests that are not in git was started")
        return _Told("sync", "low", f"{kind}{_to(said.action)} was started")
    if said.action in ("created token", "deleted token"):
        return _Told("other", "medium", f"a token of a project's role was {'issued' if said.action == 'created token' else 'revoked'}")
    if said.action == "terminated running operation":
        return _Told("other", "low", "a running operation of an Application was ended")
    if (ran := _RAN.fullmatch(said.action)) and all(map(_TOLD.fullmatch, ran.groups())):
        return _Told("update", "low", f"the action {ran[1]} was run on {ran[2]} {ran[3]}")
    changed = _OBJECT.fullmatch(said.action)
    if changed is None or managed(key):
        return None
    return _Told(_VERBS[changed[1]], "medium", f"an {key.kind} that git does not have was {changed[1]}")


def _to(action: str) -> str:
    """Where a sync leads, where that can be told: " to main"."""
    told = action.partition(" to ")[2].partition(" ")[0]
    return f" to {told}" if _TOLD.fullmatch(told) else ""


def _key(write: Write) -> ObjectKey:
    return ObjectKey(write.group, _KINDS.get(write.resource, ""), write.namespace, write.name)


def _is_server(write: Write, argo: Identities) -> bool:
    """Did Argo CD's API server send it, with its own account or with the one that all parts share?"""
    shared = write.user.name in argo.others and write.user_agent.startswith(SERVER_AGENTS)
    return write.acted_as is None and (write.user.name == argo.server or shared)


def _is_known(write: Write, argo: Identities) -> bool:
    """Is it a controller that writes Argo CD's Secrets and settings by itself?"""
    name = write.user.name
    ours = name in argo.others or name.startswith("system:serviceaccount:kube-system:") or _is_part_of_kubernetes(name)
    return write.acted_as is None and ours and not _is_server(write, argo)


def _is_somebody(write: Write) -> bool:
    """Is it no part of Kubernetes, and no program with a service account?"""
    people = (write.user, write.acted_as or write.user)
    return any(not one.name.startswith("system:serviceaccount:") and not _is_part_of_kubernetes(one.name) for one in people)


def _is_part_of_kubernetes(name: str) -> bool:
    return name.startswith("system:") and not name.startswith("system:serviceaccount:") and name not in _PEOPLE


def _id(event: Mapping[str, Any]) -> bytes:
    told = [event.get(name) for name in ("auditID", "requestReceivedTimestamp", "user", "objectRef")]
    return sha256(canonical(told)).digest()
