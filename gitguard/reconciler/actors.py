"""From writes to actors: which of the writes of an object made a version of it, and what is said then of who made it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gitguard.model.drift import UNKNOWN, Actor
from gitguard.reconciler.audit_bodies import canonical
from gitguard.reconciler.audit_events import Person, Write


def claimed(live: Mapping[str, Any], owners: Collection[str] = ()) -> Actor:
    """Who wrote an object last by its managedFields, which are the writers' own words; UNKNOWN where it has none.

    `owners` are the managers of the field that it is about: where they are named it was one of them, whoever wrote to other fields since.
    """
    entries = (live.get("metadata") or {}).get("managedFields") or []
    named = [entry for entry in entries if isinstance(entry, Mapping) and entry.get("manager")]
    if not named:
        return UNKNOWN
    newest = max(
        [entry for entry in named if entry["manager"] in owners] or named, key=lambda entry: (str(entry.get("time") or ""), str(entry["manager"]))
    )
    told = {name: part for name, part in newest.items() if name != "fieldsV1"}
    manager = str(newest["manager"])
    via = "kubectl" if manager == "kubectl" or manager.startswith("kubectl-") else "unknown"
    return Actor(manager, via=via, confidence="claimed", evidence=(canonical(told),), at=str(newest.get("time") or ""))


def writing(writes: Iterable[Write], version: str) -> list[Write]:
    """The write that made a version; behind it those that may have made it, too: what changes nothing answers with the version that it found."""
    if not version:
        return []
    made = sorted((write for write in writes if write.version == version and write.before != version), key=order)
    certain = [write for write in made if write.is_new]
    if certain or not made:
        return certain[:1]
    # Whoever began only when the first had ended found the version there.
    return [write for write in made if write is made[0] or write.began <= made[0].ended]


def deleting(writes: Iterable[Write], uid: str) -> list[Write]:
    """Who asked for the deletion first, which others only finish; behind it those who asked before, and for whom it may have been a dry run."""
    asked = sorted((write for write in writes if uid and uid in write.removed), key=order)
    sure = next((number for number, write in enumerate(asked) if write.is_sure), len(asked))
    return [*asked[sure : sure + 1], *asked[:sure]]


def hinted(writes: Iterable[Write], *, deleted: bool) -> Actor:
    """The last that may have been it, where the audit tells no versions; a hint, and no more."""
    if deleted:
        could = [write for write in writes if (write.verb.startswith("delete") or write.subresource == "eviction") and not any(write.removed)]
    else:
        could = [write for write in writes if not write.version and not write.verb.startswith("delete") and write.subresource != "eviction"]
    return audited(max(could, key=order))._replace(confidence="unknown") if could else UNKNOWN


def audited(write: Write, *, is_server: bool = False) -> Actor:
    """The audit's own word. With impersonation the name is whom they acted as; who they are is in the evidence, and makes a human of the kind."""
    person = write.acted_as or write.user
    is_known = person.is_known and write.user.is_known
    return Actor(
        name=person.name or "unknown",
        groups=person.groups,
        kind=_kind(person, write.user) if is_known else "unknown",
        via=_via(write, is_server=is_server),
        source_ip=write.addresses[0] if write.addresses else "",
        user_agent=write.user_agent,
        confidence="authenticated" if is_known else "unknown",
        evidence=(write.evidence,),
        at=write.at,
    )


def one_person(told: Iterable[tuple[str, bytes]], confidence: str, server: Actor) -> Actor | None:
    """The one whom all that was told names, None where it is nobody or more than one."""
    listed = sorted(told)
    people = {person for person, _ in listed}
    return _person(listed[0][0], confidence, server, listed[0][1]) if len(people) == 1 and people != {""} else None


def order(write: Write) -> tuple[float, bytes]:
    """What writes are sorted by: when they ended."""
    return write.ended, write.id


def _kind(*people: Person) -> str:
    return "automation" if all(person.is_automation for person in people) else "human"


def _via(write: Write, *, is_server: bool) -> str:
    if write.user_agent.startswith("kubectl/"):
        return "kubectl"
    if is_server:
        return "argocd-api"
    return "controller" if (write.acted_as or write.user).is_automation and write.user.is_automation else "unknown"


def _person(name: str, confidence: str, server: Actor, evidence: bytes) -> Actor:
    """A user of Argo CD, or the token of a project's role, for whom its API server wrote: that request's groups, address and agent are not theirs."""
    kind = "automation" if name.startswith("proj:") else "human"
    return Actor(name, kind=kind, via="argocd-api", confidence=confidence, evidence=(*server.evidence, evidence), at=server.at)
