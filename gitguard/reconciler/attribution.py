"""Who wrote a version of an object: by the API server's audit, by what Argo CD's API server says of those it wrote for, or by the writer's word.

Argo CD's API server says it in Events and in its log. An Event that the audit shows it to have written is believed; the log, which tells neither
versions nor fractions of seconds, only where all of its calls that fit a write are one known user's. Where the log and an Event that anybody may
have written name different people, neither is believed: it was Argo CD's API server, and nobody has proved a forgery.

Versions are joined exactly, by resource version or uid. Where an audit policy keeps no bodies nothing is exact, and then a name may be told with
the confidence `unknown`: a hint, for people to follow.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from gitguard.model.drift import UNKNOWN, Actor, ObjectKey
from gitguard.reconciler.actors import audited, claimed, deleting, hinted, one_person, order, writing
from gitguard.reconciler.argo_events import Claim, claim, means, means_resource, means_version
from gitguard.reconciler.argo_log import Call, means_call, moments
from gitguard.reconciler.audit_bodies import canonical
from gitguard.reconciler.audit_events import Write, seconds, written
from gitguard.reconciler.memory import Bounds, Memory

__all__ = ["Evidence", "Forgery", "Identities", "claimed"]

# How Argo CD's API server calls itself; in its releases and where it is built in another way.
SERVER_AGENTS = ("argocd-server/", "server/")
_ARGO_MANAGERS = ("argocd-controller", "argocd-application-controller", "argocd-applicationset-controller", "argocd-server")
# How long after a write Argo CD tells of it; it does so at once.
_TOLD_WITHIN = 10.0


class Identities(NamedTuple):
    """The users by which a cluster's API server knows Argo CD. `server` is its API server; `others` are its controllers, and the accounts by which
    it writes to clusters that it does not run in, which all its parts share."""

    server: str = "system:serviceaccount:argocd:argocd-server"
    others: tuple[str, ...] = (
        "system:serviceaccount:argocd:argocd-application-controller",
        "system:serviceaccount:argocd:argocd-applicationset-controller",
        "system:serviceaccount:argocd:argocd-notifications-controller",
        "system:serviceaccount:kube-system:argocd-manager",
    )


class Forgery(NamedTuple):
    """Somebody wrote what only another party's word can be.

    `what`: event (an Event in Argo CD's name that it did not write, or that was changed), initiator (an operation in somebody else's name),
    field-manager (Argo CD's, used by somebody else) or managed-fields (taken away). `where` is the object for people, `by` who did it.
    """

    what: str
    where: str
    by: Actor
    evidence: tuple[bytes, ...]


class Evidence:
    """What is known of who wrote what, from audit events, Argo CD's Events and the log of its API server, in any order.

    It remembers all of the last `bounds.seconds` and the newest `bounds.newest` in any case, but never more than `bounds.most`; `lost` says how
    many were forgotten too early for that. Reads, dry runs, requests that failed and events that come twice are left out. It is for one thread:
    sources that read in their own hand events over to it.
    """

    def __init__(self, argo: Identities = Identities(), bounds: Bounds = Bounds()) -> None:  # noqa: B008 - frozen values
        self._argo = argo
        self._memory = Memory(bounds)
        self._writes: dict[bytes, Write] = {}
        self._by_place: dict[tuple[str, str, str, str], dict[bytes, Write]] = {}
        self._told_by: dict[bytes, tuple[Claim, Write]] = {}
        self._suspects: dict[bytes, Write] = {}
        self._claims: dict[bytes, Claim] = {}
        self._claimed = Memory(bounds)
        self._calls: dict[bytes, Call] = {}
        self._by_second: dict[int, dict[bytes, Call]] = {}
        self._called = Memory(bounds)

    @property
    def lost(self) -> int:
        """How many events were forgotten before their time."""
        return self._memory.lost + self._claimed.lost + self._called.lost

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in an audit.k8s.io/v1 event; whatever is none is left out."""
        write = written(event)
        if write is None or write.id in self._memory:
            return
        self._writes[write.id] = write
        self._by_place.setdefault(write.place, {})[write.id] = write
        if write.verb == "create" and write.body is not None and (said := claim(write.body)) is not None:
            self._told_by[write.id] = said, write
        if self._is_suspect(write):
            self._suspects[write.id] = write
        for gone in self._memory.add(write.id, write.ended):
            self._forget(self._writes.pop(gone))

    def add_event(self, event: Mapping[str, Any]) -> None:
        """Take in a Kubernetes Event as it is in the cluster; one that does not speak in the name of Argo CD's API server is left out."""
        said = claim(event)
        if said is None:
            return
        sighting = canonical([said.where, said.uid, said.content])
        if sighting in self._claimed:
            return
        self._claims[sighting] = said
        for gone in self._claimed.add(sighting, seconds(event.get("lastTimestamp") or event.get("eventTime")) or 0.0):
            del self._claims[gone]

    def add_call(self, call: Call) -> None:
        """Take in a call from the log of Argo CD's API server."""
        if call.evidence in self._called:
            return
        self._calls[call.evidence] = call
        self._by_second.setdefault(_second(call), {})[call.evidence] = call
        for gone in self._called.add(call.evidence, seconds(call.at) or 0.0):
            second = _second(self._calls.pop(gone))
            del self._by_second[second][gone]
            if not self._by_second[second]:
                del self._by_second[second]

    def writer(self, resource: str, key: ObjectKey, resource_version: str, uid: str = "", deleted: bool = False, path: str = "") -> Actor:
        """Who wrote this version of an object, or deleted it; UNKNOWN where nothing tells.

        `resource` is its kind in the plural of URLs; `uid` is needed to tell exactly who deleted it. `path` is the field that is asked about: of
        two who wrote at once, who by their own request can't have changed it is none. A source address is as the first proxy told
        it and a user agent as the client did: all but the last of the addresses, which are in the evidence, can be made up by the client.
        """
        same, exact = self._exactly(resource, key, resource_version, uid, deleted=deleted, path=path)
        return self._who(*exact, key=key) if exact else hinted(same, deleted=deleted)

    def sender(self, resource: str, key: ObjectKey, resource_version: str, uid: str = "", deleted: bool = False, path: str = "") -> Actor:
        """Who sent the request that `writer` tells of: where Argo CD's API server wrote for a person, that server, of which there is no doubt."""
        _, exact = self._exactly(resource, key, resource_version, uid, deleted=deleted, path=path)
        return self._audited(exact[0]) if len(exact) == 1 else UNKNOWN

    def _exactly(self, resource: str, key: ObjectKey, version: str, uid: str, *, deleted: bool, path: str) -> tuple[list[Write], list[Write]]:
        """The writes of an object, and of these the one that made this version or deleted it, with its rivals."""
        writes = [write for name in (key.name, "") for write in self._by_place.get((key.group, resource, key.namespace, name), {}).values()]
        same = [write for write in writes if not uid or not write.uid or write.uid == uid]
        if deleted:
            return same, deleting(writes, uid)
        made = writing(same, version)
        return same, [write for write in made if write.may_change(path)] or made if len(made) > 1 and path else made

    def author(self, resource: str, key: ObjectKey, resource_version: str, uid: str, after: str = "") -> Actor:
        """Who made an object what it is at a version, where the versions between `after` ("": the first one) and it were not seen.

        That is known where all that was written meanwhile is one writer's. What changes the status only made nothing of it, and neither did
        Argo CD's controllers of an Application that somebody else wrote to as well.
        """
        newest = _number(resource_version)
        held = self._by_place.get((key.group, resource, key.namespace, key.name), {}).values()
        writes = [
            write
            for write in held
            if write.subresource != "status" and not write.verb.startswith("delete") and _number(after) < _number(write.version) <= newest
        ]
        writes = [write for write in writes if not uid or not write.uid or write.uid == uid]
        if key.group == "argoproj.io":
            writes = [write for write in writes if write.user.name not in self._argo.others] or writes
        if len({(write.user, write.acted_as) for write in writes}) != 1:
            return UNKNOWN
        last = max(writes, key=lambda write: _number(write.version))
        return self.writer(resource, key, last.version, uid)

    def user_of(self, resource: str, key: ObjectKey, uid: str, managers: frozenset[str]) -> Actor:
        """Who wrote to an object by the name of one of these field managers, where that was one user only. It proves nothing: names can be made up.

        The confidence is `reported`: by the audit they wrote, and by the object itself a writer of that name owns the field.
        """
        held = self._by_place.get((key.group, resource, key.namespace, key.name), {}).values()
        writes = [write for write in held if write.manager in managers and write.subresource != "status" and (not uid or write.uid in ("", uid))]
        if len({(write.user, write.acted_as) for write in writes}) != 1:
            return UNKNOWN
        actor = self._who(max(writes, key=order), key=key)
        return actor._replace(confidence="reported") if actor.confidence in ("authenticated", "corroborated") else actor

    def behind(self, evidence: bytes, key: ObjectKey) -> Actor:
        """For whom the write was made that an audit event tells of, by that event in its canonical form; UNKNOWN where it is not remembered."""
        write = self._writes.get(sha256(evidence).digest())
        return self._who(write, key=key) if write is not None else UNKNOWN

    def told_of(self, key: ObjectKey, version: str, before: str, uid: str = "", *, deleted: bool = False) -> Actor:
        """The one person whom Argo CD's Events name who are about this version, which came of the one `before`, or about the deletion of `uid`.

        It is what is left to go by without an audit: nobody proves that Argo CD wrote an Event, and so the confidence is `reported`. What the
        audit has of them counts all the same, and an Event whose annotation and message disagree is not believed.
        """
        told = [said for said in self._claims.values() if means_version(said, key, version, before, uid, deleted=deleted) and not said.disagrees]
        told = [said for said in told if self._is_genuine(said) or not self._on_event(said)]
        at = max((said.at for said in told), default="")
        return one_person([(said.person, said.evidence) for said in told], "reported", UNKNOWN._replace(at=at)) or UNKNOWN

    def forgeries(self) -> tuple[Forgery, ...]:
        """Every forgery in what is remembered, the oldest first."""
        writes = sorted(self._suspects.values(), key=order)
        found = [forgery for write in writes for forgery in (*self._false_event(write), *self._false_words(write))]
        return (*found, *self._changed_events())

    def _forget(self, write: Write) -> None:
        self._told_by.pop(write.id, None)
        self._suspects.pop(write.id, None)
        held = self._by_place[write.place]
        del held[write.id]
        if not held:
            del self._by_place[write.place]

    def _is_suspect(self, write: Write) -> bool:
        """May there be a forgery in it, whatever else becomes known? Of nearly all writes the answer is no, for good."""
        is_argo = self._is_argo(write) and write.acted_as is None
        false_words = not is_argo and bool(write.initiators or write.manager in _ARGO_MANAGERS or write.wipes)
        return false_words or any(True for _ in self._false_event(write))

    def _is_server(self, write: Write) -> bool:
        """Did Argo CD's API server send it? Who impersonates it is not it."""
        return write.user.name == self._argo.server and write.acted_as is None

    def _is_argo(self, write: Write) -> bool:
        return write.user.name in (self._argo.server, *self._argo.others)

    def _who(self, write: Write, *rivals: Write, key: ObjectKey) -> Actor:
        if any((rival.user, rival.acted_as) != (write.user, write.acted_as) for rival in rivals):
            # Two requests at once, and the same version after both: one of them changed nothing, but which?
            return UNKNOWN._replace(evidence=tuple(one.evidence for one in (write, *rivals)))
        actor = self._audited(write)
        if self._is_server(write):
            return self._person(write, self._behind(write, actor), actor, key)
        return self._person(write, None, actor, key) if actor.via == "argocd-api" else actor

    def _audited(self, write: Write) -> Actor:
        """The audit's word; what Argo CD's API server did by the account that all its parts share is its doing, too."""
        actor = audited(write, is_server=self._is_server(write))
        return actor._replace(via="argocd-api") if self._is_argo(write) and write.user_agent.startswith(SERVER_AGENTS) else actor

    def _person(self, write: Write, said: Actor | None, server: Actor, key: ObjectKey) -> Actor:
        """For whom Argo CD's API server wrote, by its Events and its log; itself where they do not tell, or not the same."""
        if said is not None and said.confidence == "corroborated":
            return said
        said = said or self._behind_resource(write, server, key)
        near = (call for second in moments(write) for call in self._by_second.get(second, {}).values())
        calls = sorted((call for call in near if means_call(call, write, key)), key=lambda call: call.evidence)
        logged = one_person(((call.user, call.evidence) for call in calls), "reported", server)
        if logged is not None:
            logged = logged._replace(groups=calls[0].groups)
        if said is not None and logged is not None:
            return logged._replace(evidence=(*said.evidence, *logged.evidence[-1:])) if said.name == logged.name else server
        return logged or said or server

    def _behind(self, write: Write, actor: Actor) -> Actor | None:
        """The person for whom Argo CD's API server wrote, by its Event about that very version."""
        recorded = [(said.person, made.evidence) for said, made in self._told() if self._is_server(made) and means(said, write)]
        seen = [said for said in self._claims.values() if means(said, write) and not said.disagrees]
        genuine = [(said.person, said.evidence) for said in seen if self._is_genuine(said)]
        alone = [(said.person, said.evidence) for said in seen if not self._on_event(said)]
        return one_person(recorded or genuine, "corroborated", actor) or one_person(alone, "reported", actor)

    def _behind_resource(self, write: Write, actor: Actor, key: ObjectKey) -> Actor | None:
        """For objects that Argo CD deployed its Events name no version: what it said next of such an object is a hint, if it named one person."""
        told = [
            (said.person, made.evidence)
            for said, made in self._told()
            if self._is_server(made) and means_resource(said, key, write.verb) and 0 <= made.ended - write.ended <= _TOLD_WITHIN
        ]
        return one_person(told, "unknown", actor)

    def _told(self) -> list[tuple[Claim, Write]]:
        """What Events say as they were created, by the audit, the oldest first."""
        return sorted(self._told_by.values(), key=lambda one: order(one[1]))

    def _creator(self, said: Claim) -> Write | None:
        """The write that made an Event, where the audit has it."""
        made = [write for write in self._on_event(said) if write.verb == "create" and (not said.uid or not write.uid or write.uid == said.uid)]
        return min(made, key=order) if made else None

    def _on_event(self, said: Claim) -> list[Write]:
        places = [(group, "events", said.namespace, said.name) for group in ("", "events.k8s.io")]
        return [write for place in places for write in self._by_place.get(place, {}).values()]

    def _is_genuine(self, said: Claim) -> bool:
        """Is an Event, of which the audit has who made it and not what it said, Argo CD's own, and still as it was?"""
        creator = self._creator(said)
        others = [write for write in self._on_event(said) if not self._is_server(write)]
        return creator is not None and creator.body is None and not others

    def _false_event(self, write: Write) -> Iterator[Forgery]:
        """An Event in the name of Argo CD's API server that somebody else wrote, or changed."""
        if write.resource == "events" and write.body is not None and not self._is_server(write) and claim(write.body) is not None:
            yield Forgery("event", write.where, audited(write), (write.evidence,))

    def _changed_events(self) -> Iterator[Forgery]:
        """Events that are not as Argo CD wrote them, or that the audit says it did not write, where the audit itself has not shown it."""
        for said in sorted(self._claims.values(), key=lambda one: one.evidence):
            creator = self._creator(said)
            if creator is None:
                if said.disagrees:
                    yield Forgery("event", said.where, UNKNOWN, (said.evidence,))
            elif not self._is_server(creator):
                if creator.body is None:
                    yield Forgery("event", said.where, audited(creator), (creator.evidence, said.evidence))
            else:
                wrote = claim(creator.body) if creator.body is not None else None
                others = [write for write in self._on_event(said) if write.verb in ("update", "patch") and not self._is_server(write)]
                if (wrote is not None and wrote.content != said.content) or (wrote is None and others):
                    by = audited(max(others, key=order)) if others else UNKNOWN
                    yield Forgery("event", said.where, by, (creator.evidence, *(one.evidence for one in others), said.evidence))

    def _false_words(self, write: Write) -> Iterator[Forgery]:
        """What a request says of who wrote, against the API server's word."""
        if self._is_argo(write) and write.acted_as is None:
            return
        actor = audited(write)
        if self._newly_named(write) - {actor.name, write.user.name}:
            yield Forgery("initiator", write.where, actor, (write.evidence,))
        if write.manager in _ARGO_MANAGERS:
            yield Forgery("field-manager", write.where, actor, (write.evidence,))
        if write.wipes:
            yield Forgery("managed-fields", write.where, actor, (write.evidence,))

    def _newly_named(self, write: Write) -> frozenset[str]:
        """Those whom a request names in an operation. An update repeats the whole object: only what the version before did not have is its word."""
        if write.verb != "update":
            return write.initiators
        before = [one.names for one in self._by_place[write.place].values() if one.version == write.before and one.names is not None]
        return write.initiators - before[0] if before and write.before else frozenset()


def _second(call: Call) -> int:
    return int(seconds(call.at) or 0.0)


def _number(version: str) -> int:
    """Versions of one API server are numbers that grow; 0 for what is none."""
    return int(version) if version.isascii() and version.isdecimal() else 0
