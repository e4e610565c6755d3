"""Applications that somebody has synced to what is not git's word, and those whose status says what Argo CD did not write."""

from collections.abc import Mapping
from typing import Any

from gitguard.commands.authors import AUDIT_WITHIN, Authors
from gitguard.commands.journal import Journal
from gitguard.commands.open_drift import Standing, Told
from gitguard.commands.recording import Record, incident
from gitguard.commands.restoring import Restorer
from gitguard.commands.syncs import Astray, Moved, Syncs
from gitguard.commands.word import Speaker, Word
from gitguard.edges import clock
from gitguard.edges.cluster import Resource
from gitguard.model.drift import UNKNOWN, Actor, Drift, ObjectKey
from gitguard.reconciler.decide import is_proven
from gitguard.reconciler.operations import answer


class Straying:
    """Follows the Applications of one cluster; `initiator` is the user name by which its API server knows this client."""

    def __init__(
        self, standing: Standing, speaker: Speaker, authors: Authors, restorer: Restorer, record: Record, journal: Journal, told: Told, initiator: str
    ) -> None:
        self.syncs = Syncs(speaker.precedes, speaker.contains)
        self._standing, self._speaker, self._authors, self._restorer = standing, speaker, authors, restorer
        self._record, self._journal, self._told, self._initiator = record, journal, told, initiator
        self._held: dict[str, tuple[Astray, Resource]] = {}

    def seen(self, application: str, resource: Resource, value: Mapping[str, Any], word: Word) -> None:
        """An Application as it is now."""
        astray = self.syncs.take(application, value, clock.monotonic())
        if astray is not None:
            self._answer(astray, resource, word)
        self.believe(resource)

    def believe(self, resource: Resource) -> None:
        """Accept what Applications say that they were synced to, where Argo CD wrote that, or nobody tells who did; who else does so lies."""
        argo = self._authors.argo
        for moved in list(self.syncs.moved.values()):
            key = _key(moved.application, resource)
            actor = self._authors.evidence.writer(resource.plural, key, moved.version) if self._authors.audited else UNKNOWN
            if is_proven(actor) and actor.name not in (*argo.others, argo.server):
                self.syncs.refuse(moved.application)
                self._journal.log(_forged(self._standing.name, key, resource, moved, actor))
            elif is_proven(actor) or not self._authors.audited or clock.monotonic() - moved.at > AUDIT_WITHIN:
                self.syncs.accept(moved.application)
        self._speaker.synced(self.syncs.accepted)

    def again(self, word: Word) -> None:
        """Answer what could not be answered while git's word could not be had."""
        held, self._held = self._held, {}
        for astray, resource in held.values():
            self._answer(astray, resource, word)

    def _answer(self, found: Astray, resource: Resource, word: Word) -> None:
        """By a sync to git's revision."""
        live = self.syncs.live(found.application)
        if live is None or found.application not in word.declared:
            return
        key, uid = _key(found.application, resource), str(live["metadata"].get("uid") or "")
        actor = self._authors.evidence.writer(resource.plural, key, found.version, uid)
        drift = Drift(
            id=incident(self._standing.name, key, uid, found.version, (), found.action), key=key, api_version=resource.api_version, uid=uid,
            version=str(live["metadata"].get("resourceVersion") or ""), action=found.action, severity="high", actor=actor, changes=(),
            changed_at=actor.at, detected_at=clock.now(), decision=self._decision(found, word), reason=found.reason, commit=word.commit,
        )  # fmt: skip
        is_known = self._journal.is_known(drift.id)
        self._journal.remember(drift.id)
        if drift.decision != "revert":
            if self._standing.silence:
                self._held[found.application] = found, resource
            self._journal.written(drift, live, is_new=not is_known)
            return
        accepted = self.syncs.accepted.get(found.application)
        order = answer(live, accepted.revisions if accepted else (word.commit,), self._initiator)
        began = clock.monotonic()
        ended = self._record.act(drift, live, "update", lambda identity: self._restorer.order(resource, live, order, identity), is_known=is_known)
        if ended["result"] == "superseded":
            # Argo CD writes to it a few times more when a sync has ended.
            self.syncs.again(found.application)
        if not is_known:
            self._journal.counted(drift, is_new=True)
        self._told.acted(drift, "update", str(ended["result"]), clock.monotonic() - began)

    def _decision(self, found: Astray, word: Word) -> str:
        if not self._standing.enforce:
            return "observed"
        return "revert" if not self._standing.silence and self._speaker.may_sync(found.application, word.commit) else "hold"


def _key(application: str, resource: Resource) -> ObjectKey:
    namespace, _, name = application.partition("/")
    return ObjectKey(resource.group, resource.kind, namespace, name)


def _forged(name: str, key: ObjectKey, resource: Resource, moved: Moved, actor: Actor) -> Drift:
    reason = f"its status was made to say that it was synced to {', '.join(one[:12] for one in moved.revisions.revisions)}"
    return Drift(
        id=incident(name, key, "", moved.version, (), "status"), key=key, api_version=resource.api_version, uid="", version=moved.version,
        action="other", severity="high", actor=actor, changes=(), changed_at=actor.at, detected_at=clock.now(), decision="alert", reason=reason,
    )  # fmt: skip
