"""Kubernetes Events by which Argo CD's API server says for whom it wrote: Argo CD's util/argo/audit_logger.go, 3.6.

The message is `USER ACTION`. Which version of its object an Event means depends on the action: the one that the write started from (the object as
it was passed to the update), the one that came of it (what the update returned), or the object as a whole. AppProject Events have no annotation
`user`, by a slip of 3.6, so that the message has to do. The Event's own creation in the audit log says whether Argo CD wrote it at all.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gitguard.model.drift import ObjectKey
from gitguard.reconciler.audit_bodies import canonical, mapping, text
from gitguard.reconciler.audit_events import Write

_KINDS = ("Application", "ApplicationSet", "AppProject")
_NOBODY = "Unknown user"
Join = Literal["before", "version", "uid", "resource"]
# server/{application,applicationset,project}: what is passed to logAppEvent, logAppSetEvent and logEvent.
_ACTIONS: tuple[tuple[str, Join], ...] = (
    (r"updated application spec|terminated running operation|updated ApplicationSets spec|created token|deleted token", "before"),
    (r"created application|initiated (?:partial )?sync.*|initiated rollback to .*|created ApplicationSet|created project|updated project", "version"),
    (r"deleted application|deleted ApplicationSets|deleted project", "uid"),
    (r"patched resource .*|deleted resource .*|ran action .*", "resource"),
)
_MESSAGE = re.compile("(?s)(?P<user>.+?) (?:" + "|".join(f"(?P<{join}>{actions})" for actions, join in _ACTIONS) + ")")
_RESOURCE = re.compile(r"(?:patched|deleted) resource (?P<group>[^/]*)/(?P<kind>\S+) '(?P<name>[^']*)'")
_ACTED = re.compile(r"ran action \S+ on resource (?P<group>[^/]*)/(?P<kind>[^/]+)/(?P<name>\S+)")
# What toggles automation, say. The Event has whatever version Argo CD had in its cache.
_ACTED_ON_ITSELF = re.compile(r"ran action \S+")
_LONGEST = 4096


class Claim(NamedTuple):
    """What an Event says, whoever wrote it: `user` did `action` to an object of Argo CD's, at its version `version`.

    `join` tells what of a write that version is, and `at` when it says that it was. `disagrees`: annotation and message name different users, which
    Argo CD never writes.
    """

    namespace: str
    name: str
    uid: str
    kind: str
    about: tuple[str, str]
    about_uid: str
    version: str
    user: str
    action: str
    join: Join
    disagrees: bool
    at: str
    evidence: bytes

    @property
    def where(self) -> str:
        """The Event for people: `events argocd/web.18ea`."""
        return f"events {self.namespace}/{self.name}"

    @property
    def content(self) -> tuple[object, ...]:
        """What matters of it, for comparing two sightings of one Event."""
        return self.kind, self.about, self.about_uid, self.version, self.user, self.action

    @property
    def person(self) -> str:
        """The user, "" where Argo CD says that it does not know one."""
        return "" if self.user == _NOBODY else self.user


def claim(event: Mapping[str, Any]) -> Claim | None:
    """What a core/v1 or events.k8s.io/v1 Event says in the name of Argo CD's API server; None where it does not speak in its name."""
    about = mapping(event.get("involvedObject") or event.get("regarding"))
    message = event.get("message") or event.get("note")
    matched = _MESSAGE.fullmatch(message) if isinstance(message, str) and len(message) <= _LONGEST else None
    kind = about.get("kind")
    if matched is None or event.get("type") != "Normal" or kind not in _KINDS or not str(about.get("apiVersion", "")).startswith("argoproj.io/"):
        return None
    metadata = mapping(event.get("metadata"))
    annotated = mapping(metadata.get("annotations")).get("user")
    join, action = next((join, matched[join]) for _, join in _ACTIONS if matched[join] is not None)
    return Claim(
        namespace=str(metadata.get("namespace") or ""),
        name=str(metadata.get("name") or ""),
        uid=str(metadata.get("uid") or ""),
        kind=str(kind),
        about=(str(about.get("namespace") or ""), str(about.get("name") or "")),
        about_uid=str(about.get("uid") or ""),
        version=str(about.get("resourceVersion") or ""),
        user=matched["user"],
        action=action,
        join=join,
        disagrees=annotated is not None and annotated != matched["user"],
        at=text(event.get("lastTimestamp")) or text(event.get("eventTime")),
        evidence=canonical({name: part for name, part in event.items() if name != "metadata"} | {"metadata": _without_fields(metadata)}),
    )


def means(said: Claim, write: Write) -> bool:
    """Is this the write that an Event about the object itself means? By version or uid, never by time."""
    if (said.kind.lower() + "s", *said.about) != (write.resource, write.namespace, write.name):
        return False
    if said.about_uid and write.uid and said.about_uid != write.uid:
        return False
    if said.join == "uid":
        return bool(said.about_uid) and said.about_uid in write.removed
    if said.join == "before":
        return bool(said.version) and said.version == write.before
    return said.join == "version" and bool(said.version) and said.version == write.version


def means_version(said: Claim, key: ObjectKey, version: str, before: str, uid: str, *, deleted: bool) -> bool:
    """Is it about the write that made this version of an object of the one `before`, or about its deletion, as far as nobody tells of the write?"""
    if ("argoproj.io", said.kind, *said.about) != tuple(key) or (said.about_uid and uid and said.about_uid != uid):
        return False
    if deleted:
        return said.join == "uid" and bool(uid) and said.about_uid == uid
    return bool(said.version) and said.version == {"before": before, "version": version}.get(said.join)


def means_resource(said: Claim, key: ObjectKey, verb: str) -> bool:
    """May it tell of such a write to an object that Argo CD deployed, or to an Application by an action? Its version is not in the Event."""
    if said.action.startswith("deleted") != (verb == "delete"):
        return False
    if _ACTED_ON_ITSELF.fullmatch(said.action):
        return (key.group, key.kind, key.namespace, key.name) == ("argoproj.io", said.kind, *said.about)
    matched = _RESOURCE.fullmatch(said.action) or _ACTED.fullmatch(said.action)
    return matched is not None and (matched["group"], matched["kind"], matched["name"]) == (key.group, key.kind, key.name)


def _without_fields(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in metadata.items() if name != "managedFields"}
