"""Drift that is open: who did it, whether it is drift at all, what is decided, and putting git's word back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gitguard.commands.authors import Authors
from gitguard.commands.comparing import Comparer, Stale
from gitguard.commands.journal import Journal
from gitguard.commands.limits import Limits
from gitguard.commands.open_drift import Open, Standing, Told
from gitguard.commands.recording import Record
from gitguard.commands.restoring import Restorer
from gitguard.commands.superseded import Superseded
from gitguard.commands.syncs import Syncs
from gitguard.commands.word import Speaker, Word
from gitguard.edges import clock
from gitguard.edges.cluster import ClusterError
from gitguard.model.drift import Actor, Drift, ObjectKey
from gitguard.model.policy import Decision, Subject
from gitguard.reconciler.comparison import restored
from gitguard.reconciler.decide import decided, lasts
from gitguard.reconciler.desired import is_behind, shown

_Object = Mapping[str, Any]
# How long a sync, or a deletion, may keep what it is about from being put back.
_LONGEST_SYNC = 300.0
_LOOK_AT_SYNC, _LOOK_AT_GIT, _LONGEST_MOVE = 0.25, 0.1, 5.0
_AGAIN, _LONGEST_PAUSE = 1.0, 300.0


class Settler:
    """Settles the open drift of one cluster; for the thread of its loop."""

    def __init__(
        self, standing: Standing, speaker: Speaker, syncs: Syncs, comparer: Comparer, authors: Authors, restorer: Restorer, record: Record,
        journal: Journal, told: Told,
    ) -> None:  # fmt: skip
        self.open: dict[ObjectKey, Open] = {}
        self.let_be: dict[ObjectKey, Open] = {}
        """What differs and is no drift, by git's word as it was and whoever wrote it: another word may say otherwise."""
        self._standing, self._speaker, self._syncs, self._comparer = standing, speaker, syncs, comparer
        self._authors, self._restorer, self._record, self._journal, self._told = authors, restorer, record, journal, told
        self._limits = Limits(standing, record, told)
        self.superseded = Superseded(standing, speaker, authors, self._limits, journal)
        self._moved: dict[ObjectKey, float] = {}
        self._news: set[tuple[str, str]] = set()

    # What is open

    def moved(self, key: ObjectKey) -> None:
        """Git's word on the object is a new one: whoever applies it has time for it."""
        self._moved[key] = clock.monotonic()

    def due(self) -> float | None:
        """When there is something to do next; None for nothing before something happens."""
        return min((max(one.due, one.retry_at) for one in self.open.values() if one.due is not None), default=None)

    def evidence_came(self, namespace: str, name: str) -> None:
        """There is news of who wrote to such an object; "" for any."""
        if self.open:
            self._news.add((namespace, name))

    def look_again(self) -> None:
        """Policy, git or the ledger have changed: decide anew."""
        now = clock.monotonic()
        for one in self.open.values():
            one.due = now

    def settle(self, word: Word, *, patiently: bool = True) -> list[ObjectKey]:
        """Do what is due; the objects that have to be looked at anew. Not `patiently`: nothing is waited for that may still come."""
        now = clock.monotonic()
        self._wake(now)
        ready = [one for one in self.open.values() if one.due is not None and max(one.due, one.retry_at) <= now]
        again = []
        # As a sync would: lower waves first.
        for one in sorted(ready, key=lambda one: one.wanted.care.wave):
            try:
                one.due = self._settle(one, word, patiently=patiently)
            except Stale:
                one.due = None
                again.append(one.key)
            except ClusterError as error:
                self._failed(one)
                one.due = one.retry_at
                self._told.alerted("cluster", str(error))
        return again

    def _wake(self, now: float) -> None:
        """What has waited for word of its writers, and there is some, is due."""
        news, self._news = self._news, set()
        is_all = any(not name for _, name in news)
        for one in self.open.values() if news else ():
            if one.due is not None and (is_all or (one.key.namespace, one.key.name) in news):
                one.due = now

    # One object

    def _settle(self, one: Open, word: Word, *, patiently: bool) -> float | None:
        now = clock.monotonic()
        if _is_of_another_word(one, word):
            raise Stale
        authored = self._authors.of(one)
        wait = self._authors.wait(one, [actor for _, actor in authored]) if patiently else 0.0
        if one.found + wait > now:
            return one.found + wait
        authored = self._authors.surely(one, authored)
        senders = self._authors.senders(one, authored)
        until = self._waits(one, word, senders, now) if patiently else 0.0
        if until > now:
            return until
        policy, namespace = word.settings.reconcile, word.settings.argocd.namespace
        behind = self._behind(one, word, senders)
        subject = Subject(one.key, tuple(made for made in authored if made[0].path not in behind), one.unseen)
        decisions = decided(subject, policy, enforce=self._standing.enforce, now=datetime.now(UTC), control_plane=namespace)
        left = {change.path for decision in decisions for change, _ in decision.changes}
        one.decide(made for made in authored if made[0].path not in left)
        if not decisions:
            self.open.pop(one.key, None)
            self.let_be[one.key] = one
            return None
        again = [self._carry_out(one, decision, word) for decision in decisions]
        soon = [when for when in again if when is not None]
        return min(soon) if soon else None

    def _waits(self, one: Open, word: Word, actors: Sequence[Actor], now: float) -> float:
        """Until when it is left to Argo CD or to whoever applies git's word; 0 for no longer."""
        if one.wanted.application and (since := self._syncs.is_running(one.wanted.application)):
            # A sync that never ends is somebody's way to be left alone.
            today = datetime.now(UTC).timestamp()
            began = datetime.fromisoformat(since).timestamp() if since != "now" else today
            if today - began < _LONGEST_SYNC and one.found + _LONGEST_SYNC > now:
                return now + _LOOK_AT_SYNC
        if one.live is None and self._syncs.is_going(one.wanted.application) and one.found + _LONGEST_SYNC > now:
            # What comes again before its Application has gone, Argo CD deletes again, and neither comes to an end.
            return now + _LOOK_AT_SYNC
        if self._is_moving(one.wanted.application, word) and one.found + _LONGEST_MOVE > now:
            # What was synced is known already, and what git has there is being read: its older word is not to be put back.
            return now + _LOOK_AT_GIT
        policy = word.settings.reconcile
        if all(self._authors.is_outsider(actor, policy) for actor in actors):
            return 0.0
        if not self._standing.silence and not self._speaker.has_read_since(one.found):
            # Whoever brings git's word may have brought one that is newer than what was read here.
            return now + _LOOK_AT_GIT
        if not one.wanted.control_plane:
            return 0.0
        return max(one.found, self._moved.get(one.key, 0.0)) + policy.grace

    def _is_moving(self, application: str, word: Word) -> bool:
        """Has Argo CD synced it to something that git's word, as it is known, is not about?"""
        known = bool(application) and not self._standing.silence
        return known and (application in self._syncs.moved or self._syncs.accepted.get(application) != word.synced.get(application))

    def _behind(self, one: Open, word: Word, senders: Sequence[Actor]) -> frozenset[str]:
        """The paths of what is as another of git's versions has it, and not because somebody who is not git's made it so."""
        asked = word.synced.get(one.wanted.application) if one.wanted.application else None
        theirs = [change for change, sender in zip(one.changes, senders, strict=True) if self._authors.is_outsider(sender, word.settings.reconcile)]
        rest = [change for change in one.changes if change not in theirs]
        if asked is None or not rest:
            return frozenset()
        live = restored(one.live, theirs) if one.live is not None else None
        versions = self._speaker.versions_of(one.wanted.application, one.key, asked, word.commit)

        def predicted(version: _Object) -> _Object | None:
            return self._comparer.predicted(one.resource, version, one.live) if one.live is not None else None

        return frozenset(change.path for change in rest) if is_behind(live, rest, one.wanted.manifest, versions, predicted) else frozenset()

    # What is decided

    def _carry_out(self, one: Open, decision: Decision, word: Word) -> float | None:
        found = self._drift(one, decision)
        if decision.what != "revert":
            self._journal.decided(one, found)
            one.decide(decision.changes)
            ends_in = lasts(word.settings.reconcile, datetime.now(UTC)) if decision.what == "excepted" else None
            return clock.monotonic() + ends_in if ends_in is not None else None
        reason = self._limits.hold(one, word.settings.reconcile, self.open.keys())
        if reason:
            self._journal.decided(one, found._replace(decision="hold", reason=reason))
            one.decide(decision.changes)
            return None
        until = self._limits.until(one, found)
        return until if until > clock.monotonic() else self._revert(one, found, decision, word)

    def _drift(self, one: Open, decision: Decision) -> Drift:
        made = one.drift(decision, self._standing.name)
        if all(one.since[change.path].is_certain for change in made.changes if change.path in one.since):
            return made
        # A watch before this one may have told of it.
        told = self._record.told(made, one.live)
        if told is None:
            return made
        made = made._replace(id=told[0])
        if made.id not in one.logged:
            one.logged[made.id] = told[1]
            if told[1] == made.decision:
                self._journal.found += 1
                self._record.repeated(made, one.live)
        return made

    # Acts

    def _revert(self, one: Open, found: Drift, decision: Decision, word: Word) -> float | None:
        changes = [change for change, _ in decision.changes]
        act, namespace = "create" if one.live is None else "update", word.settings.argocd.namespace
        is_known = one.logged.get(found.id) == found.decision
        ended = self._record.act(found, one.live, act, lambda identity: self._restorer.put_back(one, changes, namespace, identity), is_known=is_known)
        self._journal.settled(one, found)
        one.decide(decision.changes)
        if ended["result"] == "planned":
            return None
        now = clock.monotonic()
        self._told.acted(found, act, str(ended["result"]), now - one.found)
        if ended["result"] == "superseded":
            raise Stale
        if ended["result"] == "reverted":
            self._limits.reverted(one.key, now)
            one.failures = 0
            if len(decision.changes) < len(one.changes) or one.key not in self._restorer.returned:
                raise Stale
            self.open.pop(one.key, None)
            self._told.returned(one.key)
            return None
        if not one.failures:
            self._record.alert(f"{shown(one.key)} can't be put back: {ended.get('reason')}", "high", found.id, one.key, found.api_version)
            self._told.alerted("failed", str(ended.get("reason")))
        self._failed(one)
        return one.retry_at

    def _failed(self, one: Open) -> None:
        """Try again, later each time."""
        one.failures += 1
        one.retry_at = clock.monotonic() + min(_LONGEST_PAUSE, _AGAIN * 2 ** min(one.failures - 1, 10))

    def finish(self, look: Callable[[_Object], tuple[str, str]]) -> None:
        """Write what could not be written: how acts ended that a writer died over, and what happened; `look` says how objects are now."""
        for intent in self._record.unfinished():
            result, reason = look(intent)
            self._record.ended(intent, result, reason)
        self._journal.flush()


def _is_of_another_word(one: Open, word: Word) -> bool:
    """Was it compared with what git does not say any more? That may be on its way to the cluster, and is not to be undone."""
    wanted = word.objects.get(one.key)
    return wanted is None or not wanted.says_the_same(one.wanted)
