"""One event of a Kubernetes audit log (audit.k8s.io/v1), to the write that it tells of: which version of which object came of it, and by whom.

What the API server says of itself is its own word: user, groups, times, the object and its versions. What it only repeats is the client's: the
user agent, every address but the last, the field manager, and `auditID`, which a client may choose (so that it alone identifies nothing).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from gitguard.reconciler.audit_bodies import event_body, evidence, initiators, is_application, mapping, named, text, texts, wipes

_WRITING = ("create", "update", "patch", "delete", "deletecollection")
# Requests that pass through an object and make no version of it.
_CONNECTING = ("exec", "attach", "portforward", "proxy", "token")
# What HTTP says of a request: it made something new, it failed.
_CREATED, _FAILED = 201, 400
_ANONYMOUS = ("", "system:anonymous")
# A word of a command that can't be a credential, nor have one in it.
_PROGRAM = re.compile(r"[A-Za-z0-9._/\-]{1,64}")


class Person(NamedTuple):
    """Whom the API server knows: a user name with its groups."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Did they say who they are?"""
        return self.name not in _ANONYMOUS

    @property
    def is_automation(self) -> bool:
        """A service account, or a part of Kubernetes; everybody else is taken for a human, CI with a user's certificate too."""
        return self.name.startswith("system:")


class Write(NamedTuple):
    """A request that was carried out.

    `user` sent it, and `acted_as` is whom they impersonated. `before` is the resource version it was conditional on and `version` the one that
    came of it, each "" where the event does not tell. `removed` has the uids of what it deleted; `is_sure` is False where that may have been a
    dry run, since a deletion says so in its body only, and the audit policy keeps none. `is_new`: it made the object. `began` and `ended` are
    seconds since 1970, and `at` is `ended` in RFC 3339. `manager` is the field manager of what it wrote, and `wipes` says whether it took
    managedFields away. `named` are the JSON pointers without which it can have changed nothing, None where it may be anything. `initiators` are
    those whom a request to an Application names in `initiatedBy` (automation by the name "automated"), and `names` those whom the Application
    names thereafter, None where the event does not tell. `body` is what was stored, for Kubernetes Events only, and `evidence` the audit event in
    canonical JSON, with no more of the bodies than the above needs, and nothing of a Secret's.
    """

    id: bytes
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    kind: str
    uid: str
    before: str
    version: str
    removed: tuple[str, ...]
    is_sure: bool
    is_new: bool
    user: Person
    acted_as: Person | None
    user_agent: str
    addresses: tuple[str, ...]
    began: float
    ended: float
    at: str
    manager: str
    wipes: bool
    named: frozenset[str] | None
    initiators: frozenset[str]
    names: frozenset[str] | None
    body: Mapping[str, Any] | None
    evidence: bytes

    @property
    def place(self) -> tuple[str, str, str, str]:
        """Group, resource, namespace and name; the name is "" for a whole collection."""
        return self.group, self.resource, self.namespace, self.name

    def may_change(self, path: str) -> bool:
        """Can it have changed the field that a JSON pointer names, or what lies below or around it?"""
        return self.named is None or any(f"{path}/".startswith(f"{one}/") or f"{one}/".startswith(f"{path}/") for one in self.named)

    @property
    def where(self) -> str:
        """The object for people: `applications.argoproj.io argocd/web`."""
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{resource} {self.namespace}/{self.name}" if self.namespace else f"{resource} {self.name}"


def written(event: Mapping[str, Any]) -> Write | None:
    """The write that an audit event tells of; None for a read, a dry run, a request that failed and one that has not ended yet."""
    verb, request, target = text(event.get("verb")), mapping(event.get("requestObject")), mapping(event.get("objectRef"))
    if verb not in _WRITING or event.get("stage") != "ResponseComplete" or target.get("subresource") in _CONNECTING:
        return None
    return None if _is_dry(event, verb, request, target) else _carried_out(event)


def _is_dry(event: Mapping[str, Any], verb: str, request: Mapping[str, Any], target: Mapping[str, Any]) -> bool:
    """Is nothing to come of it? A deletion with options in its body is what these say, whatever its address says; bodies are not always kept."""
    in_address = "dryRun" in asked(event)
    if verb.startswith("delete"):
        return bool(request.get("dryRun")) if request else in_address and event.get("level") != "Metadata"
    # An eviction may also say so of the deletion that it asks for.
    return in_address or (target.get("subresource") == "eviction" and bool(mapping(request.get("deleteOptions")).get("dryRun")))


def connected(event: Mapping[str, Any]) -> Write | None:
    """The request that an audit event tells of where it only passes through its object, as a shell does; None where it is none, or failed.

    One that lasts is told of twice, when it begins and when it ends. Of the command of a shell the evidence has the program, and no arguments.
    """
    if event.get("stage") not in ("ResponseStarted", "ResponseComplete") or mapping(event.get("objectRef")).get("subresource") not in _CONNECTING:
        return None
    path, query = text(event.get("requestURI")).partition("?")[0], urlencode(asked(event), doseq=True)
    return _carried_out({**event, "requestURI": f"{path}?{query}" if query else path})


def asked(event: Mapping[str, Any]) -> dict[str, list[str]]:
    """The query of a request; of a command in it the program alone, and nothing of one that may have more in it than a name."""
    # Not urlsplit: it fails for addresses that anybody can send.
    query = parse_qs(text(event.get("requestURI")).partition("?")[2], keep_blank_values=True)
    if "command" in query:
        query["command"] = [word for word in query["command"][:1] if _PROGRAM.fullmatch(word)]
    return query


def _carried_out(event: Mapping[str, Any]) -> Write | None:
    verb, code, ended = text(event.get("verb")), mapping(event.get("responseStatus")).get("code"), seconds(event.get("stageTimestamp"))
    target = mapping(event.get("objectRef"))
    if not isinstance(code, int) or code >= _FAILED or not target or ended is None:
        return None
    request, response = event.get("requestObject"), mapping(event.get("responseObject"))
    metadata = mapping(response.get("metadata"))
    group, resource = text(target.get("apiGroup")), text(target.get("resource"))
    details = mapping(response.get("details")) or mapping(mapping(event.get("responseStatus")).get("details"))
    uid = text(metadata.get("uid")) or text(details.get("uid")) or text(target.get("uid"))
    # A namespace lies in itself for the API server's routes; it is no namespaced object for anybody else.
    namespace = "" if (group, resource) == ("", "namespaces") else text(target.get("namespace")) or text(metadata.get("namespace"))
    acted_as = mapping(event.get("impersonatedUser"))
    kept = evidence(event, group, resource)
    return Write(
        # An event that comes twice is the same in all of it; its audit id alone is the client's to choose, and may be another's.
        id=sha256(kept).digest(),
        verb=verb,
        group=group,
        resource=resource,
        subresource=text(target.get("subresource")),
        namespace=namespace,
        name="" if verb == "deletecollection" else text(target.get("name")) or text(metadata.get("name")),
        kind=text(response.get("kind")),
        uid=uid,
        before=text(target.get("resourceVersion")),
        version="" if verb == "deletecollection" else text(metadata.get("resourceVersion")),
        removed=_removed(verb, text(target.get("subresource")), uid, response),
        is_sure=not verb.startswith("delete") or event.get("level") != "Metadata",
        is_new=code == _CREATED and not target.get("subresource"),
        user=_person(mapping(event.get("user"))),
        acted_as=_person(acted_as) if acted_as else None,
        user_agent=text(event.get("userAgent")),
        addresses=texts(event.get("sourceIPs")),
        began=seconds(event.get("requestReceivedTimestamp")) or ended,
        ended=ended,
        at=datetime.fromtimestamp(ended, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        manager="" if verb.startswith("delete") else (asked(event).get("fieldManager") or [""])[0] or text(event.get("userAgent")).partition("/")[0],
        wipes=wipes(request) and not metadata.get("managedFields"),
        named=named(verb, text(target.get("subresource")), request),
        initiators=initiators(request) if is_application(group, resource) else frozenset(),
        names=initiators(response) if is_application(group, resource) and response else None,
        body=event_body(response) if resource == "events" and response.get("kind") == "Event" else None,
        evidence=kept,
    )


def seconds(time: Any) -> float | None:
    """Seconds since 1970 of a time in RFC 3339; None where it is none."""
    try:
        return datetime.fromisoformat(time).timestamp() if isinstance(time, str) else None
    except (ValueError, OverflowError):
        return None


def _removed(verb: str, subresource: str, uid: str, response: Mapping[str, Any]) -> tuple[str, ...]:
    if verb == "delete" and not subresource:
        return (uid,) if uid else ()
    if verb == "deletecollection":
        items = response.get("items")
        return tuple(text(mapping(mapping(item).get("metadata")).get("uid")) for item in items) if isinstance(items, list) else ()
    return ()


def _person(user: Mapping[str, Any]) -> Person:
    return Person(text(user.get("username")), texts(user.get("groups")))
