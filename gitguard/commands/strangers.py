"""Objects that git does not declare, where it says that nothing else may be: deleted, once it is known who made them, or will not be."""

from collections.abc import Mapping
from typing import Any

from gitguard.commands.authors import AUDIT_WITHIN, Authors
from gitguard.commands.comparing import is_going
from gitguard.commands.journal import Journal
from gitguard.commands.open_drift import Standing, Told
from gitguard.commands.recording import Record, incident
from gitguard.commands.restoring import Restorer
from gitguard.commands.word import Word
from gitguard.edges import clock
from gitguard.edges.cluster import Resource
from gitguard.model.drift import Drift, ObjectKey
from gitguard.reconciler.decide import is_named, is_proven
from gitguard.reconciler.severity import severity

_Object = Mapping[str, Any]


class Strangers:
    """Those that are there, as they were seen last."""

    def __init__(self, standing: Standing, authors: Authors, restorer: Restorer, record: Record, journal: Journal, told: Told) -> None:
        self._standing, self._authors, self._restorer = standing, authors, restorer
        self._record, self._journal, self._told = record, journal, told
        self._there: dict[ObjectKey, tuple[float, Resource, _Object]] = {}
        self._held: set[str] = set()

    def seen(self, resource: Resource, key: ObjectKey, value: _Object, word: Word) -> None:
        """An object that git does not declare: none of gitguard's business, unless git says otherwise."""
        if _is_forbidden(word, key, value):
            since = self._there[key][0] if key in self._there else clock.monotonic()
            self._there[key] = since, resource, value

    def gone(self, key: ObjectKey) -> None:
        """It is not there any more."""
        self._there.pop(key, None)

    def settle(self, word: Word, *, patiently: bool = True) -> None:
        """Deal with those of which nothing has to be waited for. Each may have waited for long, and git says something else by now."""
        for key, (since, resource, value) in list(self._there.items()):
            if not _is_forbidden(word, key, value) or self._settled(resource, key, value, since if patiently else 0.0):
                del self._there[key]

    def _settled(self, resource: Resource, key: ObjectKey, live: _Object, since: float) -> bool:
        """False where it has to wait: for who made it, as of when it was found, for git's word, or for the ledger."""
        metadata = live.get("metadata") or {}
        uid, version = str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or "")
        identity = incident(self._standing.name, key, uid, "", (), "create")
        if self._journal.is_known(identity):
            return True
        if self._standing.broken or (self._standing.silence and identity in self._held):
            return False
        actor = self._authors.evidence.author(resource.plural, key, version, uid)
        if self._authors.audited and not is_proven(actor) and clock.monotonic() < since + AUDIT_WITHIN:
            return False
        found = Drift(
            id=identity, key=key, api_version=resource.api_version, uid=uid, version=version, action="create", severity=severity(key, (), "create"),
            actor=actor, changes=(), changed_at=actor.at, detected_at=clock.now(), decision="revert" if self._standing.enforce else "observed",
            reason="git does not declare it, and nothing else may be here",
        )  # fmt: skip
        if found.decision == "observed":
            self._journal.written(found, live, is_new=True)
            self._journal.remember(identity)
        elif self._standing.silence:
            self._journal.written(found._replace(decision="hold", reason=f"git's word can't be had: {self._standing.silence}"), live, is_new=True)
            self._held.add(identity)
            return False
        else:
            self._delete(resource, key, live, found)
        return True

    def _delete(self, resource: Resource, key: ObjectKey, live: _Object, found: Drift) -> None:
        began = clock.monotonic()
        ended = self._record.act(found, live, "delete", lambda identity: self._restorer.delete(resource, key, live, identity), is_known=False)
        self._journal.counted(found, is_new=found.id not in self._held)
        self._held.discard(found.id)
        if ended["result"] != "superseded":
            self._journal.remember(found.id)
        self._told.acted(found, "delete", str(ended["result"]), clock.monotonic() - began)


def _is_forbidden(word: Word, key: ObjectKey, value: _Object) -> bool:
    """Does git say that nothing like this may be there but what it declares?"""
    if not any(is_named(key, pattern) for pattern in word.settings.reconcile.unmanaged) or not word.disowns(key) or is_going(value):
        return False
    return not (value.get("metadata") or {}).get("ownerReferences")
