"""Who made an open drift, change by change, and whether it is worth waiting for better word of that."""

from collections.abc import Collection, Sequence

from gitguard.commands.open_drift import Open
from gitguard.model.drift import UNKNOWN, Actor, Change
from gitguard.model.policy import Policy
from gitguard.reconciler.attribution import SERVER_AGENTS, Evidence, Identities, claimed
from gitguard.reconciler.decide import is_applier, is_proven
from gitguard.reconciler.desired import owners

# The API server writes its audit before it answers; a webhook sends batches.
AUDIT_WITHIN = 2.0
EVENT_WITHIN = 1.0
# A field manager that nobody names is called as the client calls itself.
_SERVER_MANAGERS = frozenset(agent.rstrip("/") for agent in SERVER_AGENTS)


class Authors:
    """Asks the evidence. `argo` are Argo CD's own users."""

    def __init__(self, evidence: Evidence, argo: Identities) -> None:
        self.evidence = evidence
        self.argo = argo
        self.audited = False
        """Is there an audit that tells who did what, so that it is worth waiting for?"""
        self.logged = False
        """Is there a log that says for whom Argo CD's API server wrote, so that it is worth waiting for?"""
        self.hears = False
        """Are Argo CD's Events watched, which name people where no audit does?"""

    def of(self, one: Open) -> tuple[tuple[Change, Actor], ...]:
        """Each change with its author, UNKNOWN where nothing tells."""
        return tuple((change, self._author(one, change)) for change in one.changes)

    def surely(self, one: Open, authored: Sequence[tuple[Change, Actor]]) -> tuple[tuple[Change, Actor], ...]:
        """The same; where nobody else tells, the writer's own word, for what it is worth."""
        live = one.live
        if live is None:
            return tuple(authored)
        return tuple((change, claimed(live, owners(live, change.path)) if actor == UNKNOWN else actor) for change, actor in authored)

    def wait(self, one: Open, actors: Collection[Actor]) -> float:
        """Seconds, from when it was found, that are worth waiting for who did it."""
        if not self.audited:
            return EVENT_WITHIN if self.hears and one.wanted.control_plane and UNKNOWN in actors else 0.0
        waits = [0.0]
        for actor in actors:
            if actor.via == "argocd-api" and actor.kind == "human":
                # Argo CD's word on whom it wrote for: an Event may have come before its audit, and only a log makes a hint more.
                waits.append(EVENT_WITHIN if actor.confidence == "reported" or (self.logged and not is_proven(actor)) else 0.0)
            elif not is_proven(actor):
                waits.append(AUDIT_WITHIN)
            elif actor.name == self.argo.server or (actor.via == "argocd-api" and actor.kind == "automation"):
                waits.append(EVENT_WITHIN)
        return max(waits)

    def senders(self, one: Open, authored: Sequence[tuple[Change, Actor]]) -> list[Actor]:
        """Who brought each change to the cluster: for whoever is reported only to be behind it, the part of Argo CD that is known to have."""
        return [self._sender(one, change, actor) for change, actor in authored]

    def is_outsider(self, actor: Actor, policy: Policy) -> bool:
        """Is it known to be somebody who does not bring git's word? What Argo CD's API server does for somebody by its controllers' account, too."""
        return is_proven(actor) and not is_applier(actor, policy, self.argo.others if actor.via != "argocd-api" else ())

    def _sender(self, one: Open, change: Change, actor: Actor) -> Actor:
        since = one.since.get(change.path)
        if is_proven(actor) or actor.via != "argocd-api" or (one.live is not None and (since is None or not since.is_certain)):
            return actor
        version = since.version if since is not None else ""
        sender = self.evidence.sender(one.resource.plural, one.key, version, one.uid, one.live is None, change.path)
        return sender if sender.via == "argocd-api" else actor

    def _author(self, one: Open, change: Change) -> Actor:
        since, by = one.by.get(change.path, (None, UNKNOWN))
        if since is not None and since == one.since.get(change.path):
            return by
        found = self._audited(one, change)
        return found if found != UNKNOWN else self._told(one, change)

    def _audited(self, one: Open, change: Change) -> Actor:
        plural, since = one.resource.plural, one.since.get(change.path)
        if one.live is None:
            return self.evidence.writer(plural, one.key, "", one.uid, deleted=True)
        if since is None:
            return UNKNOWN
        if since.is_certain:
            return self.evidence.writer(plural, one.key, since.version, one.uid, path=change.path)
        found = self.evidence.author(plural, one.key, since.version, one.uid, since.after)
        return found if found != UNKNOWN else self.evidence.user_of(plural, one.key, one.uid, owners(one.live, change.path))

    def _told(self, one: Open, change: Change) -> Actor:
        """Whom Argo CD's Events name where no audit tells of the write."""
        if one.live is None:
            return self.evidence.told_of(one.key, "", "", one.uid, deleted=True)
        since = one.since.get(change.path)
        managers = owners(one.live, change.path)
        # It tells of an update that changed nothing, too: then the next one's field is another's.
        if since is None or not since.is_certain or (managers and managers.isdisjoint(_SERVER_MANAGERS)):
            return UNKNOWN
        return self.evidence.told_of(one.key, since.version, since.after, one.uid)
