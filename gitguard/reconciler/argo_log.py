"""The log of Argo CD's API server, to the calls that it tells of: who asked it to write what. Argo CD's util/grpc/logging.go, 3.6.

A line `received unary call /SERVICE/METHOD` has the user's claims and the request, in JSON or in logfmt. By a slip of 3.6 the claims of local
accounts and of tokens are not there, only those of single sign-on. Of calls that may have credentials in them, and of patches of what Argo CD
deployed, there is no such line: `started call` says that there was one, and no more. Times are of whole seconds, and nothing in a line says which
write came of the call.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitguard.model.drift import ObjectKey
from gitguard.reconciler.audit_bodies import canonical, mapping, text, texts
from gitguard.reconciler.audit_events import Write, seconds

# It is logged before anything is written, to the second, and not by the API server's clock.
_BEFORE, _AFTER = 1.0, 3.0
_LONGEST_NAME, _MOST_GROUPS = 253, 100
_ISSUER = "argocd"
_RECEIVED, _STARTED = "received unary call /", "started call"
# How kubelets keep what containers print.
_CONTAINER = re.compile(r"\S{1,64} (?:stdout|stderr) F ")
_QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_LOGFMT = re.compile(rf"(?:^| )([\w.\-]{{1,64}})=({_QUOTED}|\S*)")
# A request in the text form of protocol buffers, as far as the first field that has others in it.
_PROTOCOL = re.compile(rf"(\w{{1,64}}):({_QUOTED}|\w*) ")

_UPDATED, _DELETED, _PATCHED = frozenset({"update"}), frozenset({"delete"}), frozenset({"patch"})
_MADE, _TAKEN = frozenset({"create", "update"}), frozenset({"update", "delete"})
# What Argo CD does of each method that writes.
_VERBS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "application.ApplicationService": {
        "Create": _MADE, "Update": _UPDATED, "UpdateSpec": _UPDATED, "Patch": _UPDATED, "Delete": _PATCHED | _DELETED, "Sync": _UPDATED,
        "Rollback": _UPDATED, "TerminateOperation": _UPDATED, "PatchResource": _PATCHED, "DeleteResource": _DELETED, "RunResourceAction": _PATCHED,
        "RunResourceActionV2": _PATCHED,
    },
    "applicationset.ApplicationSetService": {"Create": _MADE, "Delete": _DELETED},
    "project.ProjectService": {"Create": _MADE, "Update": _UPDATED, "Delete": _DELETED, "CreateToken": _UPDATED, "DeleteToken": _UPDATED},
    "repository.RepositoryService": {
        "Create": _MADE, "CreateRepository": _MADE, "CreateWriteRepository": _MADE, "Update": _UPDATED, "UpdateRepository": _UPDATED,
        "UpdateWriteRepository": _UPDATED, "Delete": _TAKEN, "DeleteRepository": _TAKEN, "DeleteWriteRepository": _TAKEN,
    },
    "repocreds.RepoCredsService": {
        "CreateRepositoryCredentials": _MADE, "CreateWriteRepositoryCredentials": _MADE, "UpdateRepositoryCredentials": _UPDATED,
        "UpdateWriteRepositoryCredentials": _UPDATED, "DeleteRepositoryCredentials": _TAKEN, "DeleteWriteRepositoryCredentials": _TAKEN,
    },
    "cluster.ClusterService": {"Create": _MADE, "Update": _UPDATED, "RotateAuth": _UPDATED, "InvalidateCache": _UPDATED, "Delete": _TAKEN},
    "account.AccountService": {"UpdatePassword": _UPDATED, "CreateToken": _UPDATED, "DeleteToken": _UPDATED},
    "certificate.CertificateService": {"CreateCertificate": _UPDATED, "DeleteCertificate": _UPDATED},
    "gpgkey.GPGKeyService": {"Create": _UPDATED, "Delete": _UPDATED},
}  # fmt: skip
_KINDS = {"application": "Application", "applicationset": "ApplicationSet", "project": "AppProject"}
# Where Argo CD keeps what has no kind of its own. A Secret with credentials may have any name.
_PLACES = {
    "repository": (("Secret", ""),),
    "repocreds": (("Secret", ""),),
    "cluster": (("Secret", ""),),
    "account": (("Secret", "argocd-secret"), ("ConfigMap", "argocd-cm")),
    "certificate": (("ConfigMap", "argocd-ssh-known-hosts-cm"), ("ConfigMap", "argocd-tls-certs-cm")),
    "gpgkey": (("ConfigMap", "argocd-gpg-keys-cm"),),
}


class Call(NamedTuple):
    """A call of one of Argo CD's methods that write.

    `user` is as Argo CD's Events have it, "" where the log does not tell. `objects` are those that it can be about, with "" for whatever of them was
    not told. `verbs` are what comes of it, `at` is when, RFC 3339, and `evidence` the line without anything of the request but names.
    """

    method: str
    user: str
    groups: tuple[str, ...]
    at: str
    objects: tuple[ObjectKey, ...]
    verbs: frozenset[str]
    evidence: bytes


def called(line: str) -> Call | None:
    """The call that a line tells of; None for a call that writes nothing, and for anything else."""
    if _RECEIVED not in line and _STARTED not in line:
        return None
    container = _CONTAINER.match(line)
    fields = _fields(line[container.end() :] if container else line)
    message, at = text(fields.get("msg")), text(fields.get("time"))
    is_received = message.startswith(_RECEIVED)
    service, _, method = (
        message[len(_RECEIVED) :].partition("/") if is_received else (text(fields.get("grpc.service")), "", text(fields.get("grpc.method")))
    )
    verbs = _VERBS.get(service, {}).get(method)
    if verbs is None or not (is_received or (message == _STARTED and _is_withheld(service, method))) or seconds(at) is None:
        return None
    claims, said = _claims(fields.get("grpc.request.claims")), _request(fields.get("grpc.request.content"))
    objects = _objects(service.partition(".")[0], method, said)
    named = [{name: part for name, part in one._asdict().items() if part} for one in objects]
    kept = {"time": at, "msg": message, "method": f"/{service}/{method}", "claims": claims, "objects": named}
    groups = texts(claims.get("groups"))
    return Call(f"/{service}/{method}", _user(claims), groups, at, objects, verbs, canonical(kept))


def moments(write: Write) -> range:
    """The seconds since 1970 in which a call can have come of which this write came."""
    return range(int(write.began - _AFTER), int(write.began + _BEFORE) + 1)


def means_call(call: Call, write: Write, key: ObjectKey) -> bool:
    """May this write have come of that call? By what it does to which object, and by time: nothing better is told."""
    passed = write.began - (seconds(call.at) or 0.0)
    if write.verb not in call.verbs or not -_BEFORE <= passed <= _AFTER:
        return False
    return any(all(not told or told == is_so for told, is_so in zip(one[1:], key[1:], strict=True)) and _same_group(one, key) for one in call.objects)


def _same_group(told: ObjectKey, key: ObjectKey) -> bool:
    """The core group has no name, as what is not told has none."""
    return not told.kind or told.group == key.group


def _is_withheld(service: str, method: str) -> bool:
    """Has it no line with its request? server/server.go, sensitiveMethods."""
    if service in ("repository.RepositoryService", "repocreds.RepoCredsService", "cluster.ClusterService"):
        return method.startswith(("Create", "Update"))
    return method in ("PatchResource", "UpdatePassword")


def _fields(line: str) -> Mapping[str, Any]:
    if line.lstrip().startswith("{"):
        return _json(line)
    found: dict[str, Any] = {}
    for name, value in _LOGFMT.findall(line):
        found.setdefault(name, _unquoted(value))
    return found


def _unquoted(value: str) -> str:
    """A value as Go quotes it; "" where it has what JSON does not."""
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return ""


def _json(value: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(value))
    except (ValueError, RecursionError):
        return {}


def _claims(value: Any) -> dict[str, Any]:
    """What of the claims says who it is; a token's id does not."""
    claims = _json(text(value))
    kept: dict[str, Any] = {name: _name(claims.get(name)) for name in ("iss", "sub", "email")}
    kept["federated_claims"] = {"user_id": _name(mapping(claims.get("federated_claims")).get("user_id"))}
    kept["groups"] = [group for group in texts(claims.get("groups"))[:_MOST_GROUPS] if _name(group)]
    return kept if claims else {}


def _user(claims: Mapping[str, Any]) -> str:
    """Argo CD's name for them: util/session, Username."""
    identifier = mapping(claims.get("federated_claims")).get("user_id") or claims.get("sub")
    return text(identifier if claims.get("iss") == _ISSUER else claims.get("email") or identifier)


def _request(content: Any) -> Mapping[str, Any]:
    """What a request says, in the text form no more than the fields that come before any with others in it."""
    if isinstance(content, Mapping):
        return content
    said: dict[str, Any] = {}
    at, value = 0, text(content)
    while matched := _PROTOCOL.match(value, at):
        said.setdefault(matched[1], _unquoted(matched[2]))
        at = matched.end()
    return said


def _objects(service: str, method: str, said: Mapping[str, Any]) -> tuple[ObjectKey, ...]:
    if service in _PLACES:
        return tuple(ObjectKey("", kind, "", name) for kind, name in _PLACES[service])
    if "Resource" in method:
        parts = (_name(said.get(name)) for name in ("group", "kind", "namespace", "resourceName"))
        return (ObjectKey(*parts),)
    # A whole object, or the name of one; tokens are of a `project`.
    metadata = mapping(mapping(said.get(service)).get("metadata"))
    namespace = metadata.get("namespace") or said.get("appNamespace") or said.get("appsetNamespace")
    name = metadata.get("name") or said.get("name") or (said.get("project") if service == "project" else "")
    return (ObjectKey("argoproj.io", _KINDS[service], _name(namespace), _name(name)),)


def _name(value: Any) -> str:
    """A name, "" for what can't be one."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_NAME and value.isprintable() else ""
