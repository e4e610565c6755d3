"""The watch of one cluster: one thread that takes in what is told of git, of objects and of writers, and settles what is not as git has it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from gitguard.commands.comparing import Comparer, Stale, is_going
from gitguard.commands.recording import Record, incident
from gitguard.commands.settling import Open, Settler, Told
from gitguard.commands.word import Silence, Speaker, Word
from gitguard.edges import clock
from gitguard.edges.audit_stream import Gap
from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.edges.watching import Holdings, Message, Progress, Seen, Trouble, Watcher
from gitguard.model.desired import Wanted
from gitguard.model.drift import UNKNOWN, Actor, Change, Drift, ObjectKey
from gitguard.reconciler.acts import Act, acts_of
from gitguard.reconciler.argo_log import Call
from gitguard.reconciler.attribution import Evidence, Forgery, Identities
from gitguard.reconciler.decide import is_named
from gitguard.reconciler.desired import shown
from gitguard.reconciler.tracking import Known, known, number

_ARGO = "argoproj.io"
_EVENT = ("", "Event")
_KINDS = ((_ARGO, "Application"), (_ARGO, "AppProject"), (_ARGO, "ApplicationSet"))
_BEAT, _FORGERIES, _IDLE, _AGAIN = 60.0, 2.0, 0.5, 1.0
# A log is written before the audit, but not read before it.
_LOGGED_WITHIN = 1.0
_BATCH, _PASSES = 500, 10
_Object = Mapping[str, Any]


class Audited(NamedTuple):
    """An event of the API server's audit."""

    event: Mapping[str, Any]


class Called(NamedTuple):
    """A call in the log of Argo CD's API server."""

    call: Call


class Loop:
    """Runs until it is stopped. `deliver` may be called from any thread; everything else is for the loop's own."""

    def __init__(
        self, cluster: Cluster, name: str, speaker: Speaker, settler: Settler, evidence: Evidence, argo: Identities, record: Record,
        told: Told, resync: float, tell_word: Callable[[Word], None] = lambda word: None,
    ) -> None:  # fmt: skip
        self._cluster, self._name, self._speaker, self._settler, self._evidence = cluster, name, speaker, settler, evidence
        self._argo, self._record, self._told, self._resync, self._tell_word = argo, record, told, resync, tell_word
        self._queue: SimpleQueue[Message | Audited | Called | Word | Silence] = SimpleQueue()
        self._word: Word | None = None
        self._known: dict[ObjectKey, Known] = {}
        self._gone: dict[ObjectKey, int] = {}
        self._skipped: dict[ObjectKey, list[tuple[str, _Object]]] = {}
        self._again: dict[ObjectKey, float] = {}
        self._strangers: dict[ObjectKey, tuple[float, Resource, _Object]] = {}
        self._failures: Counter[ObjectKey] = Counter()
        self._watchers: dict[tuple[str, str], Watcher] = {}
        self._resources: dict[tuple[str, str], Resource] = {}
        self._listed: dict[tuple[str, str], str] = {}
        self._comparer = Comparer(cluster)
        self._gaps: list[Gap] = []
        self._open_gaps: dict[str, Gap] = {}
        self._forged: set[tuple[object, ...]] = set()
        self._is_news = False
        self._unnamed: list[tuple[float, Act]] = []
        self._beat_at = clock.now()
        self._acts_since = record.watched_until() or self._beat_at
        self._next = {"beat": 0.0, "forgeries": 0.0, "resync": 0.0, "ledger": 0.0}
        self.position: Callable[[], str] = lambda: ""
        """How far the audit has been read."""
        self.turned = clock.monotonic()
        """When it turned last, by the monotonic clock."""
        self._is_finished = False
        self._is_watching = False
        self.trouble: dict[tuple[str, str], str] = {}

    # From other threads

    def deliver(self, message: Message | Audited | Called | Word | Silence) -> None:
        """Tell the loop something."""
        self._queue.put(message)

    @property
    def waiting(self) -> int:
        """How many messages are not taken in yet."""
        return self._queue.qsize()

    # Its own

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what is in hand is finished."""
        now = clock.monotonic()
        self._next = {"beat": now + _BEAT, "forgeries": now + _FORGERIES, "resync": now + self._resync, "ledger": now}
        self._beat_at = clock.now()
        self._speaker.start(self.deliver)
        try:
            while not stop.is_set():
                self._turn()
        finally:
            for watcher in self._watchers.values():
                watcher.stop()
            self._beat()
            for watcher in self._watchers.values():
                watcher.join()

    def once(self, read_up: Callable[[], None]) -> Word:
        """One pass: the audit is read as far as it goes, everything is listed and compared, and what is decided is done."""
        word = self._speaker.once(self._settler.syncs.accepted)
        self._word = word
        read_up()
        while not self._queue.empty():
            self._handle(self._queue.get_nowait())
        for group, kind in sorted(self._kinds(word)):
            try:
                resource = self._cluster.resource(group, kind)
                if resource is not None:
                    listed = self._cluster.list(resource)
                    self._resources[group, kind] = resource
                    self._holdings(Holdings(resource, listed.items, listed.resource_version))
            except ClusterError as error:
                if not error.status:
                    raise
                self.trouble[group, kind] = str(error)
        self._settler.finish(self.ending)
        self._strangers_settled(patiently=False)
        for _ in range(_PASSES):
            self._again.clear()
            keys = self._settler.settle(word, patiently=False)
            self._returned()
            for key in keys:
                self._reread(key)
            if not keys and not self._skipped:
                break
            for key in list(self._skipped):
                self._reread(key)
        self._forgeries()
        self._beat()
        return word

    def counts(self) -> Counter[str]:
        """How many objects of each kind are known."""
        return Counter(key.kind for key in list(self._known))

    @property
    def is_ready(self) -> str:
        """Why it does not watch everything yet, "" where it does."""
        if not self._is_watching:
            return self._settler.silence or "git has not been read yet"
        waiting = [kind for kind in self._watchers if kind not in self._listed and kind != _EVENT]
        return f"{waiting[0][1]} is not listed yet" if waiting else ""

    def _turn(self) -> None:
        self.turned = clock.monotonic()
        for message in self._taken():
            self._guarded(message)
        self._look_again()
        self._believe()
        if self._word is not None and self._can_write():
            try:
                self._strangers_settled(patiently=True)
                keys = self._settler.settle(self._word)
                self._returned()
                for key in keys:
                    self._reread(key)
            except OSError as error:
                self._broke(error)
        self._housekeeping()

    def _taken(self) -> list[Any]:
        """What has been told, after a wait where there is nothing to do."""
        timers = [when for name, when in self._next.items() if name != "ledger"]
        # What can't be written down has to wait, whenever it was due.
        settling = self._next["ledger"] if self._settler.broken else self._settler.due()
        due = [when for when in (settling, *self._again.values(), *timers) if when is not None]
        wait = max(0.0, min(_IDLE, min(due, default=_IDLE) - clock.monotonic()))
        taken: list[Any] = []
        try:
            taken.append(self._queue.get(timeout=wait) if wait else self._queue.get_nowait())
            while len(taken) < _BATCH:
                taken.append(self._queue.get_nowait())
        except Empty:
            pass
        return taken

    def _guarded(self, message: Any) -> None:
        try:
            self._handle(message)
        except OSError as error:
            self._broke(error)

    def _handle(self, message: Any) -> None:
        match message:
            case Seen(resource, change, value):
                self._seen(resource, change, value)
            case Holdings():
                self._holdings(message)
            case Audited(event):
                self._audited(event)
            case Called(call):
                self._evidence.add_call(call)
            case Progress(resource, version):
                self._listed[resource.group, resource.kind] = version
            case Word():
                self._heard(message)
            case Silence(why):
                self._settler.silence = why
                self._told.alerted("git", f"git's word can't be had: {why}")
                self._settler.look_again()
            case Gap():
                self._gap(message)
            case Trouble(resource, why):
                self._troubled(resource, why)

    # Git

    def _heard(self, word: Word) -> None:
        """Take git's new word: what it changed is looked at anew."""
        old, self._word = self._word, word
        self._settler.silence = ""
        now = clock.monotonic()
        for key, wanted in word.objects.items():
            before = old.objects.get(key) if old else None
            if before is None or (before.manifest, before.care) != (wanted.manifest, wanted.care):
                if old is not None:
                    self._settler.moved(key)
                if (key.group, key.kind) in self._listed:
                    self._again[key] = now
        for key in old.objects.keys() - word.objects.keys() if old else ():
            self._known.pop(key, None)
            self._settler.open.pop(key, None)
        self._watch(word)
        self._settler.look_again()
        self._tell_word(word)

    def _kinds(self, word: Word) -> set[tuple[str, str]]:
        """The kinds that are watched: those that git has objects of, and Argo CD's."""
        return {*_KINDS, *((key.group, key.kind) for key in word.objects)}

    def _watch(self, word: Word) -> None:
        # Events tell for whom Argo CD's API server wrote.
        kinds = {*self._kinds(word), _EVENT}
        for gone in self._watchers.keys() - kinds:
            self._watchers[gone].stop()
            self._listed.pop(gone, None)
        # Others ask for it meanwhile, and are to find all of it or nothing.
        watchers = {kind: watcher for kind, watcher in self._watchers.items() if kind in kinds}
        for group, kind in sorted(kinds - watchers.keys()):
            try:
                resource = self._cluster.resource(group, kind)
            except ClusterError as error:
                self.trouble[group, kind] = str(error)
                continue
            if resource is not None:
                self._resources[group, kind] = resource
                within = word.settings.argocd.namespace if (group, kind) == _EVENT else ""
                watchers[group, kind] = Watcher(self._cluster, resource, self.deliver, within)
        self._watchers, self._is_watching = watchers, True

    # Objects

    def _seen(self, resource: Resource, change: str, value: _Object) -> None:
        if (resource.group, resource.kind) == _EVENT:
            self._said(value)
            return
        key = ObjectKey.of(value)
        version = str((value.get("metadata") or {}).get("resourceVersion") or "")
        if (resource.group, resource.kind) in self._listed:
            self._listed[resource.group, resource.kind] = version
        if change == "DELETED":
            self._deleted(resource, key, value, version)
        else:
            self._object(resource, key, value, is_certain=True, is_new=change == "ADDED")

    def _deleted(self, resource: Resource, key: ObjectKey, value: _Object, version: str) -> None:
        self._gone[key] = number(version)
        self._strangers.pop(key, None)
        self._known.pop(key, None)
        if (resource.group, resource.kind) == (_ARGO, "Application"):
            self._settler.syncs.gone(f"{key.namespace}/{key.name}")
        wanted = self._word.objects.get(key) if self._word else None
        if wanted is not None:
            self._judge(resource, wanted, None, version, is_certain=True, uid=str((value.get("metadata") or {}).get("uid") or ""))

    def _object(self, resource: Resource, key: ObjectKey, value: _Object, *, is_certain: bool, is_new: bool = False) -> None:
        word = self._word
        if word is None:
            return
        if (resource.group, resource.kind) == (_ARGO, "Application"):
            self._application(resource, key, value, word)
        wanted = word.objects.get(key)
        if wanted is None:
            self._unmanaged(resource, key, value, word, is_new=is_new and is_certain)
            return
        now = known(value)
        before = self._known.get(key)
        if before is not None and (before.uid, before.digest) == (now.uid, now.digest):
            self._known[key] = now
            if (one := self.open.get(key)) is not None and one.live is not None:
                # What a revert is made on.
                one.live, one.version = value, str(now.version)
            return
        self._judge(resource, wanted, value, str(now.version), is_certain=is_certain, uid=now.uid)

    @property
    def open(self) -> dict[ObjectKey, Open]:
        """What is not as git has it."""
        return self._settler.open

    def _judge(
        self, resource: Resource, wanted: Wanted, live: _Object | None, version: str, *, is_certain: bool, uid: str, is_same: bool = False
    ) -> None:
        """Is it as git has it? Raises nothing: what can't be told now is looked at again. `is_same`: this version was judged before."""
        key = wanted.key
        self.turned = clock.monotonic()
        if wanted.care.undecided:
            return
        if live is not None and is_going(live):
            # Nothing stops that; its end will be told.
            self._known.pop(key, None)
            return
        before = self._known.get(key)
        after = str(before.version) if before is not None else ""
        scaled = self._word is not None and key in self._word.scaled
        try:
            answer = self._comparer.predicted(resource, wanted.manifest, live) if live is not None else None
        except Stale:
            if live is not None:
                self._skipped.setdefault(key, []).append((version, live))
            # The newer version is on its way; should it not be, it is fetched.
            self._again[key] = clock.monotonic() + _AGAIN
            return
        except ClusterError as error:
            self._failures[key] += 1
            self._again[key] = clock.monotonic() + min(30.0, _AGAIN * 2 ** min(self._failures[key], 5))
            self._told.alerted("cluster", str(error))
            return
        self._failures.pop(key, None)
        changes = self._comparer.differences(wanted, live, answer, scaled=scaled)
        if live is not None:
            self._known[key] = known(live)
        skipped = self._skipped.pop(key, [])
        if not changes:
            if self.open.pop(key, None) is not None:
                self._told.returned(key)
            return
        one = self.open.get(key) or Open(resource, wanted, clock.monotonic())
        for missed, state in skipped:
            one.track(self._comparer.differences(wanted, state, answer, scaled=scaled), missed, is_certain=is_certain, after=after)
            after = missed
        # What differs only now though nobody wrote came of git's new word, and is no writer's doing.
        one.track(changes, "" if is_same else version, is_certain=is_certain, after=after)
        one.renew(wanted, live, answer, changes, version, uid)
        one.due = clock.monotonic()
        self.open[key] = one

    def _holdings(self, told: Holdings) -> None:
        """Everything of a kind: what was not seen, and what is not there."""
        if (told.resource.group, told.resource.kind) == _EVENT:
            self._settler.hears = True
            for value in told.objects:
                self._said(value)
            return
        if self._word is None:
            return
        resource, moment = told.resource, number(told.resource_version)
        there = set()
        for value in told.objects:
            key = ObjectKey.of(value)
            there.add(key)
            before = self._known.get(key)
            metadata = value.get("metadata") or {}
            version = number(metadata.get("resourceVersion"))
            # The same version was judged already, and of it nothing can be new.
            is_known = before is not None and (before.version > version or (before.version, before.uid) == (version, metadata.get("uid")))
            if is_known or self._gone.get(key, -1) >= moment > 0:
                continue
            self._object(resource, key, value, is_certain=False)
        for key, wanted in self._word.objects.items():
            if (key.group, key.kind) != (resource.group, resource.kind) or key in there:
                continue
            before = self._known.get(key)
            if (before is None or before.version <= moment) and not (key in self.open and self.open[key].live is None):
                self._known.pop(key, None)
                self._judge(resource, wanted, None, told.resource_version, is_certain=False, uid=before.uid if before else "")
        self._listed[resource.group, resource.kind] = told.resource_version

    def _application(self, resource: Resource, key: ObjectKey, value: _Object, word: Word) -> None:
        astray = self._settler.syncs.take(f"{key.namespace}/{key.name}", value, clock.monotonic())
        if astray is not None:
            self._settler.astray(astray, resource, key, word)
        self._settler.believe(resource)
        self._speaker.synced(self._settler.syncs.accepted)

    def _believe(self) -> None:
        resource = self._resources.get((_ARGO, "Application"))
        if resource is not None and self._settler.syncs.moved:
            self._try(partial(self._settler.believe, resource))
            self._speaker.synced(self._settler.syncs.accepted)

    def _unmanaged(self, resource: Resource, key: ObjectKey, value: _Object, word: Word, *, is_new: bool) -> None:
        """Something that git does not declare: none of gitguard's business, unless git says otherwise."""
        if not _is_forbidden(word, key, value):
            return
        since = self._strangers[key][0] if key in self._strangers else clock.monotonic()
        self._strangers[key] = since, resource, value

    def _strangers_settled(self, *, patiently: bool) -> None:
        """What git does not declare, and forbids, is dealt with when it is known who made it, or will not be."""
        for key, (since, resource, value) in list(self._strangers.items()):
            # It may have waited for long, and git says something else by now.
            is_forbidden = self._word is not None and _is_forbidden(self._word, key, value)
            if not is_forbidden or self._settler.unmanaged(resource, key, value, since if patiently else 0.0):
                del self._strangers[key]

    def _reread(self, key: ObjectKey) -> None:
        """Fetch an object and judge it."""
        wanted = self._word.objects.get(key) if self._word else None
        resource = self._resources.get((key.group, key.kind))
        if wanted is None or resource is None:
            self._settler.open.pop(key, None)
            return
        before = self._known.get(key)
        try:
            live: _Object | None = self._cluster.get(resource, key.namespace, key.name)
        except ClusterError as error:
            if not error.is_missing:
                self._again[key] = clock.monotonic() + _AGAIN
                return
            live = None
        uid = str(((live or {}).get("metadata") or {}).get("uid") or (before.uid if before else ""))
        version = str(((live or {}).get("metadata") or {}).get("resourceVersion") or "")
        is_same = before is not None and str(before.version) == version
        self._judge(resource, wanted, live, version or (str(before.version) if before else ""), is_certain=False, uid=uid, is_same=is_same)

    def _look_again(self) -> None:
        now = clock.monotonic()
        for key in [key for key, when in self._again.items() if when <= now]:
            del self._again[key]
            try:
                self._reread(key)
            except OSError as error:
                self._broke(error)

    def _returned(self) -> None:
        for key, live in self._settler.returned.items():
            self._known[key] = known(live)
        self._settler.returned.clear()

    # Writers

    def _audited(self, event: Mapping[str, Any]) -> None:
        self._evidence.add(event)
        self._told.audited()
        self._is_news = True
        target = event.get("objectRef")
        target = target if isinstance(target, Mapping) else {}
        if target.get("resource") == "events":
            self._settler.evidence_came("", "")
        else:
            self._settler.evidence_came(str(target.get("namespace") or ""), str(target.get("name") or ""))
        word = self._word
        namespace = word.settings.argocd.namespace if word else "argocd"
        for act in acts_of(event, argo=self._argo, namespace=namespace, managed=lambda key: word is not None and key in word.objects):
            self._acted(act)

    def _said(self, event: _Object) -> None:
        """What Argo CD says of somebody, in an Event."""
        self._evidence.add_event(event)
        self._settler.evidence_came("", "")
        self._is_news = True

    def _acted(self, act: Act) -> None:
        if act.at and act.at <= self._acts_since:
            # From before there was a watch, or told by the watch before this one.
            return
        if self._settler.logged and act.actor.via == "argocd-api" and act.actor.confidence == "authenticated":
            self._unnamed.append((clock.monotonic() + _LOGGED_WITHIN, act))
        else:
            self._log(act)

    def _named(self, *, patiently: bool) -> None:
        """Tell of what Argo CD's API server did for somebody, once its log has had the time to say who that was."""
        now, waiting = clock.monotonic(), self._unnamed
        self._unnamed = [(due, act) for due, act in waiting if patiently and now < due]
        for due, act in waiting:
            if not patiently or now >= due:
                actor = self._evidence.behind(act.evidence[0], act.key)
                self._log(act if actor == UNKNOWN else act._replace(actor=actor))

    def _log(self, act: Act) -> None:
        found = Drift(
            id=_identity(self._name, act), key=act.key, api_version=act.api_version, uid=act.uid, version=act.version, action=act.action,
            severity=act.severity, actor=act.actor, changes=(), changed_at=act.at, detected_at=clock.now(), decision="log", reason=act.reason,
        )  # fmt: skip
        self._settler.log(found)

    def _forgeries(self) -> None:
        self._is_news = False
        for forgery in self._evidence.forgeries():
            identity = (forgery.what, forgery.where, forgery.evidence)
            if identity not in self._forged:
                self._forged.add(identity)
                self._settler.log(_forged(self._name, forgery, list(self._resources.values())))

    # Time

    def _housekeeping(self) -> None:
        now = clock.monotonic()
        self._try(partial(self._named, patiently=True))
        if self._next["forgeries"] <= now:
            self._next["forgeries"] = now + _FORGERIES
            if self._is_news:
                self._try(self._forgeries)
        if self._next["resync"] <= now:
            self._next["resync"] = now + self._resync
            for watcher in self._watchers.values():
                watcher.resync()
            self._settler.look_again()
        if self._next["beat"] <= now:
            self._next["beat"] = now + _BEAT
            self._try(self._beat)

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            self._broke(error)

    def _beat(self) -> None:
        """Say what was watched since the last time, and what was not."""
        if self._settler.broken:
            return
        self._named(patiently=False)
        until = clock.now()
        counts = Counter((key.group, key.kind) for key in self._known)
        watched = [
            {"kind": f"{group}/{kind}" if group else kind, "resourceVersion": version, "objects": counts[group, kind]}
            for (group, kind), version in sorted(self._listed.items())
        ]
        still = [Gap(gap.since, until, gap.why) for gap in self._open_gaps.values()]
        gaps = [{"from": gap.since, "to": gap.until, "why": gap.why[:500]} for gap in (*self._gaps, *still)][-200:]
        told: dict[str, Any] = {"watched": watched, "commit": self._word.commit if self._word else "", "audit": self.position()}
        self._record.heartbeat(self._beat_at, until, {**told, **({"gaps": gaps} if gaps else {})})
        self._beat_at, self._gaps = until, []

    def _gap(self, gap: Gap) -> None:
        if gap.until:
            self._gaps.append(gap)
        else:
            self._open_gaps[gap.why] = gap
        self._told.missed(gap.why)

    def _troubled(self, resource: Resource, why: str) -> None:
        kind = (resource.group, resource.kind)
        if kind == _EVENT:
            self._settler.hears = not why
        if why:
            self.trouble[kind] = why
            self._told.restarted(resource.kind, why)
        else:
            self.trouble.pop(kind, None)

    # The ledger

    def _can_write(self) -> bool:
        """Can the ledger be written again, where it could not? What was left open is finished first."""
        if not self._settler.broken and self._is_finished:
            return True
        now = clock.monotonic()
        if now < self._next["ledger"]:
            return False
        try:
            self._settler.finish(self.ending)
        except OSError:
            self._next["ledger"] = now + 5.0
            return False
        self._settler.broken, self._is_finished = "", True
        self._settler.look_again()
        return True

    def _broke(self, error: OSError) -> None:
        if not self._settler.broken:
            self._settler.broken = str(error)
            self._told.alerted("ledger", str(error))
        self._next["ledger"] = clock.monotonic() + 5.0

    def ending(self, intent: _Object) -> tuple[str, str]:
        """How an act ended of which only the announcement is known, as far as its object tells now."""
        about = intent.get("object") or {}
        api_version = str(about.get("apiVersion") or "")
        key = ObjectKey(api_version.rpartition("/")[0], str(about.get("kind")), str(about.get("namespace") or ""), str(about.get("name")))
        wanted = self._word.objects.get(key) if self._word else None
        if wanted is None:
            return "unknown", "git has no word on it any more"
        try:
            resource = self._cluster.resource(key.group, key.kind)
            live = self._cluster.get(resource, key.namespace, key.name) if resource else None
            answer = self._comparer.predicted(resource, wanted.manifest, live) if resource and live else None
        except (ClusterError, Stale):
            return "unknown", "its object could not be read"
        if live is not None and str((live.get("metadata") or {}).get("resourceVersion")) == str(about.get("resourceVersion") or "-"):
            return "superseded", "it was not done: the object is as it was"
        scaled = self._word is not None and key in self._word.scaled
        if live is not None and not self._comparer.differences(wanted, live, answer, scaled=scaled):
            return "reverted", "its object is as git has it"
        return "unknown", "its object is not as git has it, and was written meanwhile"


def _is_forbidden(word: Word, key: ObjectKey, value: _Object) -> bool:
    """Does git say that nothing like this may be there but what it declares?"""
    if not any(is_named(key, pattern) for pattern in word.settings.reconcile.unmanaged) or not word.disowns(key) or is_going(value):
        return False
    return not (value.get("metadata") or {}).get("ownerReferences")


def _identity(name: str, act: Act) -> str:
    return incident(name, act.key, act.uid, act.version or act.at, [Change(path=act.reason, git=None, live=None)], act.action)


def _forged(name: str, forgery: Forgery, resources: Iterable[Resource]) -> Drift:
    where, _, place = forgery.where.partition(" ")
    namespace, _, called = place.rpartition("/")
    plural, _, group = where.partition(".")
    kinds = {(one.group, one.plural): (one.kind, one.api_version) for one in resources}
    # Events are not watched, and neither is what git has nothing of.
    kind, api_version = kinds.get((group, plural), ("Event" if plural == "events" else plural, f"{group}/v1" if group else "v1"))
    key = ObjectKey(group, kind, namespace, called)
    actor: Actor = forgery.by
    return Drift(
        id=incident(name, key, forgery.what, actor.at, (), "forgery"), key=key, api_version=api_version, uid="",
        version="", action="other", severity="high", actor=actor, changes=(), changed_at=actor.at, detected_at=clock.now(), decision="alert",
        reason=f"forged {forgery.what}: {shown(key)} says what only somebody else can say", evidence=forgery.evidence,
    )  # fmt: skip
