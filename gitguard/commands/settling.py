"""Drift that is open: who did it, whether it is drift at all, what is decided, and putting git's word back."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from gitguard.commands.comparing import Comparer, Stale, marked, reborn
from gitguard.commands.recording import Record, incident
from gitguard.commands.syncs import Astray, Moved, Syncs
from gitguard.commands.word import Speaker, Word
from gitguard.edges import clock
from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.model.desired import Wanted
from gitguard.model.drift import ABSENT, UNKNOWN, Actor, Change, Drift, ObjectKey
from gitguard.model.policy import Decision, Subject
from gitguard.reconciler.attribution import SERVER_AGENTS, Evidence, Identities, claimed
from gitguard.reconciler.comparison import compared, restored
from gitguard.reconciler.decide import decided, is_applier, is_proven, lasts
from gitguard.reconciler.desired import is_behind, owners, shown
from gitguard.reconciler.fights import Heat
from gitguard.reconciler.operations import answer
from gitguard.reconciler.severity import severity
from gitguard.reconciler.tracking import Since, number, tracked

_Object = Mapping[str, Any]
# The API server writes its audit before it answers; a webhook sends batches.
_AUDIT_WITHIN, _EVENT_WITHIN = 2.0, 1.0
# A field manager that nobody names is called as the client calls itself.
_SERVER_MANAGERS = frozenset(agent.rstrip("/") for agent in SERVER_AGENTS)
_LONGEST_SYNC = 300.0
_AGAIN, _LONGEST_PAUSE = 1.0, 300.0
_MINUTE = 60.0
_MOST_LOGGED = 100_000
# From this status on it is the API server's fault, and not known whether it was done.
_BROKEN = 500


class Told(Protocol):
    """Whoever is told what happens: metrics and logs."""

    def drifted(self, found: Drift) -> None:
        """Something was found, and decided."""

    def acted(self, found: Drift, act: str, result: str, seconds: float) -> None:
        """Something was done."""

    def alerted(self, what: str, reason: str) -> None:
        """Somebody has to look."""

    def returned(self, key: ObjectKey) -> None:
        """An object is as git has it again."""

    def audited(self) -> None:
        """An audit event came."""

    def missed(self, why: str) -> None:
        """There is a gap in what is told."""

    def restarted(self, kind: str, why: str) -> None:
        """A watch broke off."""


class Open:
    """One object that is not as git has it."""

    def __init__(self, resource: Resource, wanted: Wanted, found: float) -> None:
        self.resource = resource
        self.wanted = wanted
        self.live: _Object | None = None
        self.uid = ""
        self.version = ""
        self.answer: _Object | None = None
        self.changes: tuple[Change, ...] = ()
        self.since: dict[str, Since] = {}
        self.found = found
        self.detected_at = clock.now()
        self.due: float | None = found
        self.failures = 0
        self.logged: dict[str, str] = {}

    @property
    def key(self) -> ObjectKey:
        """Which object."""
        return self.wanted.key

    def track(self, changes: Sequence[Change], version: str, *, is_certain: bool, after: str) -> None:
        """What differs at a version."""
        self.since = tracked(self.since, changes, version, is_certain=is_certain, after=after)

    def renew(self, wanted: Wanted, live: _Object | None, answer_: _Object | None, changes: tuple[Change, ...], version: str, uid: str) -> None:
        """How it is now."""
        if self.changes and {(one.path, repr(one.live)) for one in changes} != {(one.path, repr(one.live)) for one in self.changes}:
            self.found, self.detected_at = clock.monotonic(), clock.now()
        self.wanted, self.live, self.answer, self.changes, self.version, self.uid = wanted, live, answer_, changes, version, uid


class Settler:
    """Settles open drift of one cluster; for the thread of its loop."""

    def __init__(
        self, cluster: Cluster, name: str, speaker: Speaker, evidence: Evidence, argo: Identities, record: Record, told: Told, *,
        enforce: bool, initiator: str,
    ) -> None:  # fmt: skip
        self.open: dict[ObjectKey, Open] = {}
        self.syncs = Syncs(speaker.precedes, speaker.contains)
        self.audited = False
        """Is there an audit that tells who did what, so that it is worth waiting for?"""
        self.hears = False
        """Are Argo CD's Events watched, which name people where no audit does?"""
        self.silence = ""
        """Why git's word can't be had; nothing is put back then."""
        self.broken = ""
        """Why the ledger can't be written; nothing is put back then."""
        self.returned: dict[ObjectKey, _Object] = {}
        """Objects as they were read after they were put back, for whoever remembers what was judged."""
        self.found = 0
        self._cluster, self._name, self._speaker, self._evidence, self._argo = cluster, name, speaker, evidence, argo
        self._record, self._told, self._enforce, self._initiator = record, told, enforce, initiator
        self._comparer = Comparer(cluster)
        self._heat: dict[ObjectKey, Heat] = {}
        self._reverts: deque[float] = deque()
        self._capped, self._capped_at = "", 0
        self._confirmed: set[ObjectKey] = set()
        self._moved: dict[ObjectKey, float] = {}
        self._fighting: set[ObjectKey] = set()
        self._logged: dict[str, None] = {}
        self._waiting: deque[Drift] = deque(maxlen=_MOST_LOGGED)
        self._held: set[str] = set()
        self._news: set[tuple[str, str]] = set()

    # What is open

    def moved(self, key: ObjectKey) -> None:
        """Git's word on the object is a new one: whoever applies it has time for it."""
        self._moved[key] = clock.monotonic()

    def due(self) -> float | None:
        """When there is something to do next; None for nothing before something happens."""
        return min((one.due for one in self.open.values() if one.due is not None), default=None)

    def evidence_came(self, namespace: str, name: str) -> None:
        """There is news of who wrote to such an object."""
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
        ready = [one for one in self.open.values() if one.due is not None and one.due <= now]
        again = []
        # As a sync would: lower waves first.
        for one in sorted(ready, key=lambda one: one.wanted.care.wave):
            try:
                one.due = self._settle(one, word, patiently=patiently)
            except Stale:
                one.due = None
                again.append(one.key)
            except ClusterError as error:
                one.failures += 1
                one.due = clock.monotonic() + _pause(one.failures)
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
        authored = tuple((change, self._actor(one, change)) for change in one.changes)
        wait = self._waits_for_word_of_writers(one, [actor for _, actor in authored]) if patiently else 0.0
        if one.found + wait > now:
            return one.found + wait
        authored = tuple((change, self._surely(one, actor)) for change, actor in authored)
        until = self._waits(one, word, [actor for _, actor in authored], now) if patiently else 0.0
        if until > now:
            return until
        if one.wanted.application and self._is_behind(one, word, [actor for _, actor in authored]):
            self.open.pop(one.key, None)
            return None
        decisions = decided(
            Subject(one.key, authored), word.settings.reconcile, enforce=self._enforce, now=datetime.now(UTC),
            control_plane=word.settings.argocd.namespace,
        )  # fmt: skip
        if not decisions:
            self.open.pop(one.key, None)
            return None
        again = [self._carry_out(one, decision, word) for decision in decisions]
        soon = [when for when in again if when is not None]
        return min(soon) if soon else None

    def _actor(self, one: Open, change: Change) -> Actor:
        found = self._writer(one, change)
        return found if found != UNKNOWN else self._told_of(one, change)

    def _told_of(self, one: Open, change: Change) -> Actor:
        """Whom Argo CD's Events name where no audit tells of the write."""
        if one.live is None:
            return self._evidence.told_of(one.key, "", "", one.uid, deleted=True)
        since = one.since.get(change.path)
        managers = owners(one.live, change.path)
        # It tells of an update that changed nothing, too: then the next one's field is another's.
        if since is None or not since.is_certain or (managers and managers.isdisjoint(_SERVER_MANAGERS)):
            return UNKNOWN
        return self._evidence.told_of(one.key, since.version, since.after, one.uid)

    def _writer(self, one: Open, change: Change) -> Actor:
        since = one.since.get(change.path)
        plural = one.resource.plural
        if one.live is None:
            return self._evidence.writer(plural, one.key, "", one.uid, deleted=True)
        if since is None:
            return UNKNOWN
        if since.is_certain:
            return self._evidence.writer(plural, one.key, since.version, one.uid)
        found = self._evidence.author(plural, one.key, since.version, one.uid, since.after)
        return found if found != UNKNOWN else self._evidence.user_of(plural, one.key, one.uid, owners(one.live, change.path))

    def _surely(self, one: Open, actor: Actor) -> Actor:
        """Where nobody else tells, the writer's own word; for what it is worth."""
        return claimed(one.live) if actor == UNKNOWN and one.live is not None else actor

    def _waits_for_word_of_writers(self, one: Open, actors: Collection[Actor]) -> float:
        """Seconds from when it was found that are worth waiting for who did it."""
        if not self.audited:
            return _EVENT_WITHIN if self.hears and one.wanted.control_plane and UNKNOWN in actors else 0.0
        waits = [0.0]
        for actor in actors:
            if actor.via == "argocd-api" and actor.kind == "human":
                # Argo CD's word on whom it wrote for; where that is a hint, nothing makes it more.
                continue
            if not is_proven(actor):
                waits.append(_AUDIT_WITHIN)
            elif actor.name == self._argo.server or (actor.via == "argocd-api" and actor.kind == "automation"):
                waits.append(_EVENT_WITHIN)
        return max(waits)

    def _waits(self, one: Open, word: Word, actors: Sequence[Actor], now: float) -> float:
        """Until when it is left to Argo CD or to whoever applies git's word; 0 for no longer."""
        if one.wanted.application and (since := self.syncs.is_running(one.wanted.application)):
            # A sync that never ends is somebody's way to be left alone.
            began = datetime.fromisoformat(since).timestamp() if since != "now" else datetime.now(UTC).timestamp()
            if datetime.now(UTC).timestamp() - began < _LONGEST_SYNC and one.found + _LONGEST_SYNC > now:
                return now + _AGAIN / 4
        if one.live is None and self.syncs.is_going(one.wanted.application) and one.found + _LONGEST_SYNC > now:
            # What comes again before its Application has gone, Argo CD deletes again, and neither comes to an end.
            return now + _AGAIN / 4
        if all(is_proven(actor) and not is_applier(actor, word.settings.reconcile, self._appliers(actor)) for actor in actors):
            return 0.0
        if not self.silence and not self._speaker.has_read_since(one.found):
            # Whoever brings git's word may have brought one that is newer than what was read here.
            return now + _AGAIN / 10
        if not one.wanted.control_plane:
            return 0.0
        return max(one.found, self._moved.get(one.key, 0.0)) + word.settings.reconcile.grace

    def _appliers(self, actor: Actor) -> Sequence[str]:
        """Argo CD's controllers, but not what its API server does for somebody by their account."""
        return self._argo.others if actor.via != "argocd-api" else ()

    def _is_behind(self, one: Open, word: Word, actors: Sequence[Actor]) -> bool:
        """Is it as another of git's versions has it, and not because somebody who is not git's made it so?"""
        if any(is_proven(actor) and not is_applier(actor, word.settings.reconcile, self._appliers(actor)) for actor in actors):
            return False
        asked = word.synced.get(one.wanted.application)
        if asked is None:
            return False
        versions = self._speaker.versions_of(one.wanted.application, one.key, asked, word.commit)
        live = one.live

        def predicted(version: _Object) -> _Object | None:
            return self._comparer.predicted(one.resource, version, live) if live is not None else None

        return is_behind(live, one.changes, one.wanted.manifest, versions, predicted)

    # What is decided

    def _carry_out(self, one: Open, decision: Decision, word: Word) -> float | None:
        found = self._drift(one, decision)
        if decision.what != "revert":
            self._write(one, found)
            ends_in = lasts(word.settings.reconcile, datetime.now(UTC)) if decision.what == "excepted" else None
            return clock.monotonic() + ends_in if ends_in is not None else None
        reason = self._holds_back(one, word)
        if reason:
            self._write(one, found._replace(decision="hold", reason=reason))
            return None
        heat = self._heat.get(one.key, Heat())
        now = clock.monotonic()
        if heat.is_fight:
            self._fight(one, found)
            if now < heat.at + heat.pause:
                return heat.at + heat.pause
        return self._revert(one, found, decision, word)

    def _drift(self, one: Open, decision: Decision) -> Drift:
        changes = tuple(change for change, _ in decision.changes)
        actors = list(dict.fromkeys(actor for _, actor in decision.changes))
        # Several hands in one object: the last that is known best.
        actor = max(actors, key=lambda actor: (is_proven(actor), actor.at))
        action = "delete" if one.live is None else "update"
        oldest = min((number(one.since[change.path].version) for change in changes if change.path in one.since), default=0)
        made = Drift(
            id=incident(self._name, one.key, one.uid, str(oldest or one.version), changes, decision.reason if decision.what == "log" else ""),
            key=one.key, api_version=one.resource.api_version, uid=one.uid, version=one.version, action=action,
            severity=severity(one.key, changes, action), actor=actor, changes=changes, changed_at=actor.at, detected_at=one.detected_at,
            decision=decision.what, reason=decision.reason + self._how(one), commit=one.wanted.commit, origin=one.wanted.origin,
        )  # fmt: skip
        if all(one.since[change.path].is_certain for change in changes if change.path in one.since):
            return made
        # A watch before this one may have told of it.
        told = self._record.told(made, one.live)
        if told is None:
            return made
        if told[0] not in one.logged:
            one.logged[told[0]] = told[1]
            if told[1] == made.decision:
                self.found += 1
                self._record.repeated(made._replace(id=told[0]), one.live)
        return made._replace(id=told[0])

    def _how(self, one: Open) -> str:
        """What to know of how it was compared."""
        return " (compared by structure: the API server may not be asked here)" if one.live is not None and one.answer is None else ""

    def _write(self, one: Open, found: Drift) -> None:
        if one.logged.get(found.id) == found.decision or self.broken:
            return
        self._record.drift(found, one.live)
        self._count(one, found)

    def _count(self, one: Open, found: Drift) -> None:
        if found.id not in one.logged:
            self.found += 1
        one.logged[found.id] = found.decision
        self._told.drifted(found)

    def _holds_back(self, one: Open, word: Word) -> str:
        """Why nothing is put back at present, "" where nothing speaks against it."""
        if self.silence:
            return f"git's word can't be had: {self.silence}"
        cap, now = word.settings.reconcile.cap, clock.monotonic()
        while self._reverts and self._reverts[0] < now - _MINUTE:
            self._reverts.popleft()
        if self._capped and cap is not None and cap > self._capped_at:
            self._capped = ""
        if self._capped and word.settings.reconcile.confirm == self._capped:
            self._capped = ""
            self._reverts.clear()
            self._confirmed = set(self.open)
        if cap is None or one.key in self._confirmed:
            return ""
        if self._capped or len(self._reverts) >= cap:
            self._cap(one, cap)
            return f"more than {cap} reverts a minute wait for `reconcile.confirm: {self._capped}` in git"
        return ""

    def _cap(self, one: Open, cap: int) -> None:
        if self._capped:
            return
        self._capped, self._capped_at = incident(self._name, one.key, one.uid, one.version, (), "cap")[:12], cap
        reason = f"{cap} reverts within a minute: the rest waits until git says `reconcile.confirm: {self._capped}`, or has a higher `reconcile.cap`"
        self._record.alert(reason, "high")
        self._told.alerted("cap", reason)

    def _fight(self, one: Open, found: Drift) -> None:
        if one.key in self._fighting:
            return
        self._fighting.add(one.key)
        reason = f"{shown(one.key)} is written again each time that it is put back, by {found.actor.name}: it is put back less and less often"
        self._record.alert(reason, "high", found.id, one.key, found.api_version)
        self._told.alerted("fight", reason)

    # Acts

    def _revert(self, one: Open, found: Drift, decision: Decision, word: Word) -> float | None:
        changes = [change for change, _ in decision.changes]
        act = "create" if one.live is None else "update"

        namespace = word.settings.argocd.namespace

        def do(identity: str) -> _Object:
            return self._created(one, namespace, identity) if one.live is None else self._updated(one, changes, namespace, identity)

        return self._performed(one, found, decision, act, do)

    def _performed(self, one: Open, found: Drift, decision: Decision, act: str, do: Callable[[str], _Object]) -> float | None:
        ended = self._record.act(found, one.live, act, do, is_known=one.logged.get(found.id) == found.decision)
        if one.logged.get(found.id) != found.decision:
            self._count(one, found)
        if ended["result"] == "planned":
            return None
        now = clock.monotonic()
        self._told.acted(found, act, str(ended["result"]), now - one.found)
        if ended["result"] == "reverted":
            self._reverts.append(now)
            self._confirmed.discard(one.key)
            self._heat[one.key] = self._heat.get(one.key, Heat()).after_revert(now)
            if not self._heat[one.key].is_fight:
                self._fighting.discard(one.key)
            one.failures = 0
            if len(decision.changes) < len(one.changes) or one.key not in self.returned:
                raise Stale
            self.open.pop(one.key, None)
            self._told.returned(one.key)
            return None
        if ended["result"] == "superseded":
            raise Stale
        one.failures += 1
        if one.failures == 1:
            self._record.alert(f"{shown(one.key)} can't be put back: {ended.get('reason')}", "high", found.id, one.key, found.api_version)
            self._told.alerted("failed", str(ended.get("reason")))
        return now + _pause(one.failures)

    def _created(self, one: Open, namespace: str, identity: str) -> _Object:
        try:
            self._cluster.create(one.resource, reborn(one.wanted, namespace), audit_id=f"gitguard-{identity}")
        except ClusterError as error:
            if error.is_conflict:
                return {"result": "superseded", "reason": "it is there again"}
            return self._refused(one, error)
        return self._checked(one, [Change("", one.wanted.manifest, ABSENT, True)])

    def _updated(self, one: Open, changes: Sequence[Change], namespace: str, identity: str) -> _Object:
        body = marked(restored(one.live or {}, changes), one.wanted, namespace)
        try:
            self._cluster.update(one.resource, body, audit_id=f"gitguard-{identity}")
        except ClusterError as error:
            if error.is_conflict or error.is_missing:
                return {"result": "superseded", "reason": "somebody has written to it meanwhile"}
            return self._refused(one, error)
        return self._checked(one, changes)

    def _refused(self, one: Open, error: ClusterError) -> _Object:
        """How it ended where the API server says that it failed, or says nothing: then it may have been done all the same."""
        if error.status and error.status < _BROKEN:
            return _failed(error)
        try:
            live: _Object | None = self._cluster.get(one.resource, one.key.namespace, one.key.name)
        except ClusterError as lost:
            if not lost.is_missing:
                return {"result": "unknown", "reason": f"{_status(error)}, and its object could not be read: {_status(lost)}"}
            live = None
        if _version(live) == _version(one.live):
            return _failed(error)
        if live is not None and not compared(one.wanted.manifest, live, one.answer):
            return {"result": "reverted", "reverted_at": clock.now(), "reason": f"{_status(error)}, and its object is as git has it"}
        return {"result": "unknown", "reason": f"{_status(error)}, and its object was written meanwhile"}

    def _checked(self, one: Open, changes: Sequence[Change]) -> _Object:
        """How it is now, read again."""
        at = clock.now()
        try:
            live = self._cluster.get(one.resource, one.key.namespace, one.key.name)
        except ClusterError as error:
            if error.is_missing:
                return {"result": "superseded", "reason": "it was deleted at once"}
            return {"result": "unknown", "reason": f"it could not be read again: {_status(error)}"}
        others = {change.path for change in compared(one.wanted.manifest, live, one.answer)}
        left = others & {change.path for change in changes}
        if left and one.live is not None and number(live["metadata"]["resourceVersion"]) == number(one.version):
            return {"result": "failed", "reason": f"the API server made something else of {', '.join(sorted(left)[:5])}"}
        if not others:
            # Else somebody was here again, and it has to be judged as it is now.
            self.returned[one.key] = live
        return {"result": "reverted", "reverted_at": at}

    # Syncs

    def believe(self, resource: Resource) -> None:
        """Accept what Applications say that they were synced to, where Argo CD wrote that, or nobody tells who did; who else does so lies."""
        for moved in list(self.syncs.moved.values()):
            namespace, _, name = moved.application.partition("/")
            key = ObjectKey(resource.group, resource.kind, namespace, name)
            actor = self._evidence.writer(resource.plural, key, moved.version) if self.audited else UNKNOWN
            if is_proven(actor) and actor.name not in (*self._argo.others, self._argo.server):
                self.syncs.refuse(moved.application)
                reason = f"its status was made to say that it was synced to {', '.join(one[:12] for one in moved.revisions.revisions)}"
                self.log(_forged_status(self._name, key, resource, moved, actor, reason))
            elif is_proven(actor) or not self.audited or clock.monotonic() - moved.at > _AUDIT_WITHIN:
                self.syncs.accept(moved.application)

    def astray(self, found: Astray, resource: Resource, key: ObjectKey, word: Word) -> None:
        """Answer a sync to what is not git's word by one to git's."""
        live = self.syncs.live(found.application)
        if live is None or found.application not in word.declared:
            return
        uid = str(live["metadata"].get("uid") or "")
        actor = self._evidence.writer(resource.plural, key, found.version, uid)
        decision = "revert" if self._enforce else "observed"
        drift = Drift(
            id=incident(self._name, key, uid, found.version, (), found.action), key=key, api_version=resource.api_version, uid=uid,
            version=str(live["metadata"].get("resourceVersion") or ""), action=found.action, severity="high", actor=actor, changes=(),
            changed_at=actor.at, detected_at=clock.now(), decision=decision, reason=found.reason, commit=word.commit,
        )  # fmt: skip
        is_known = drift.id in self._logged
        self._logged[drift.id] = None
        self.found += not is_known
        if decision == "observed" or self.silence or not self._speaker.may_sync(found.application, word.commit):
            self._record.drift(drift._replace(decision="observed" if decision == "observed" else "hold"), live)
            self._told.drifted(drift)
            return
        good = self.syncs.accepted[found.application].revisions if found.application in self.syncs.accepted else (word.commit,)
        body = {**live, "operation": answer(live, good, self._initiator)}

        def do(identity: str) -> _Object:
            try:
                self._cluster.update(resource, body, audit_id=f"gitguard-{identity}")
            except ClusterError as error:
                return {"result": "superseded", "reason": "it was written meanwhile"} if error.is_conflict else _failed(error)
            return {"result": "reverted", "reverted_at": clock.now(), "reason": f"Argo CD was told to sync to {good[0][:12]}"}

        began = clock.monotonic()
        ended = self._record.act(drift, live, "update", do, is_known=is_known)
        if ended["result"] == "superseded":
            # Argo CD writes to it a few times more when a sync has ended.
            self.syncs.again(found.application)
        if not is_known:
            self._told.drifted(drift)
        self._told.acted(drift, "update", str(ended["result"]), clock.monotonic() - began)

    # What leaves no drift, and what git does not declare

    def log(self, found: Drift) -> None:
        """Something that happened, and that nothing is to be done about; once for each incident."""
        if found.id in self._logged:
            return
        self._logged[found.id] = None
        while len(self._logged) > _MOST_LOGGED:
            del self._logged[next(iter(self._logged))]
        self._waiting.append(found)
        if not self.broken:
            self._log_waiting()

    def _log_waiting(self) -> None:
        """Write what happened, also while the ledger could not be written."""
        while self._waiting:
            found = self._waiting[0]
            self._record.drift(found, None)
            self._waiting.popleft()
            self.found += 1
            self._told.drifted(found)

    def unmanaged(self, resource: Resource, key: ObjectKey, live: _Object, since: float) -> bool:
        """Take away what git does not declare, where git says that nothing else may be there. False where it has to wait: for who made it,
        as of when it was found, for git's word, or for the ledger."""
        metadata = live.get("metadata") or {}
        uid, version = str(metadata.get("uid") or ""), str(metadata.get("resourceVersion") or "")
        identity = incident(self._name, key, uid, "", (), "create")
        if identity in self._logged:
            return True
        if self.broken or (self.silence and identity in self._held):
            return False
        actor = self._evidence.author(resource.plural, key, version, uid)
        if self.audited and not is_proven(actor) and clock.monotonic() < since + _AUDIT_WITHIN:
            return False
        found = Drift(
            id=identity, key=key, api_version=resource.api_version, uid=uid, version=version, action="create", severity=severity(key, (), "create"),
            actor=actor, changes=(), changed_at=actor.at, detected_at=clock.now(), decision="revert" if self._enforce else "observed",
            reason="git does not declare it, and nothing else may be here",
        )  # fmt: skip
        if self._enforce and self.silence:
            found = found._replace(decision="hold", reason=f"git's word can't be had: {self.silence}")
        if found.decision != "revert":
            self._record.drift(found, live)
            if found.decision == "hold":
                self._held.add(identity)
            else:
                self._logged[identity] = None
            self.found += 1
            self._told.drifted(found)
            return found.decision != "hold"

        def do(act: str) -> _Object:
            try:
                self._cluster.delete(resource, key.namespace, key.name, uid=uid, resource_version=version, audit_id=f"gitguard-{act}")
            except ClusterError as error:
                return {"result": "superseded", "reason": "it is another by now"} if error.is_conflict or error.is_missing else _failed(error)
            return {"result": "reverted", "reverted_at": clock.now()}

        began = clock.monotonic()
        ended = self._record.act(found, live, "delete", do, is_known=False)
        self.found += identity not in self._held
        self._held.discard(identity)
        self._told.drifted(found)
        if ended["result"] != "superseded":
            self._logged[identity] = None
        self._told.acted(found, "delete", str(ended["result"]), clock.monotonic() - began)
        return True

    def finish(self, look: Callable[[_Object], tuple[str, str]]) -> None:
        """Write what could not be written: what happened, and how acts ended that a writer died over; `look` says how their objects are now."""
        for intent in self._record.unfinished():
            result, reason = look(intent)
            self._record.ended(intent, result, reason)
        self._log_waiting()


def _version(live: _Object | None) -> int:
    return number(live["metadata"]["resourceVersion"]) if live is not None else -1


def _forged_status(name: str, key: ObjectKey, resource: Resource, moved: Moved, actor: Actor, reason: str) -> Drift:
    return Drift(
        id=incident(name, key, "", moved.version, (), "status"), key=key, api_version=resource.api_version, uid="", version=moved.version,
        action="other", severity="high", actor=actor, changes=(), changed_at=actor.at, detected_at=clock.now(), decision="alert", reason=reason,
    )  # fmt: skip


def _failed(error: ClusterError) -> _Object:
    return {"result": "failed", "reason": _status(error)}


def _status(error: ClusterError) -> str:
    """What may be told of a refusal: what the API server says may repeat values."""
    return f"the API server answered {error.status}" if error.status else "the API server can't be reached"


def _pause(failures: int) -> float:
    return float(min(_LONGEST_PAUSE, _AGAIN * 2 ** min(failures - 1, 10)))
