"""The watch of one cluster: one thread that takes in what is told of git, of objects and of writers, and settles what is not as git has it."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from gitguard.commands.hearing import Hearing
from gitguard.commands.journal import Journal
from gitguard.commands.objects import APPLICATION, Objects
from gitguard.commands.open_drift import Standing, Told
from gitguard.commands.recording import Record
from gitguard.commands.restoring import Restorer
from gitguard.commands.settling import Settler
from gitguard.commands.strangers import Strangers
from gitguard.commands.straying import Straying
from gitguard.commands.word import Silence, Speaker, Word
from gitguard.edges import clock
from gitguard.edges.audit_stream import Gap
from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.edges.watching import Holdings, Message, Progress, Seen, Trouble, Watcher
from gitguard.reconciler.argo_log import Call

_EVENT = ("", "Event")
_KINDS = (APPLICATION, ("argoproj.io", "AppProject"), ("argoproj.io", "ApplicationSet"))
_BEAT, _FORGERIES, _IDLE, _LEDGER_AGAIN = 60.0, 2.0, 0.5, 5.0
_BATCH, _PASSES, _MOST_GAPS, _LONGEST_WHY = 500, 10, 200, 500


class Audited(NamedTuple):
    """An event of the API server's audit."""

    event: Mapping[str, Any]


class Called(NamedTuple):
    """A call in the log of Argo CD's API server."""

    call: Call


class Parts(NamedTuple):
    """What a loop is made of; all of it is for its thread only."""

    standing: Standing
    objects: Objects
    hearing: Hearing
    settler: Settler
    straying: Straying
    strangers: Strangers
    restorer: Restorer
    record: Record
    journal: Journal
    told: Told


class Loop:
    """Runs until it is stopped. `deliver` may be called from any thread; everything else is for the loop's own."""

    def __init__(
        self, cluster: Cluster, speaker: Speaker, parts: Parts, resync: float, hears: Callable[[bool], None], tell_word: Callable[[Word], None]
    ) -> None:
        self._cluster, self._speaker, self._parts, self._resync = cluster, speaker, parts, resync
        self._hears, self._tell_word = hears, tell_word
        self._queue: SimpleQueue[Message | Audited | Called | Word | Silence] = SimpleQueue()
        self._watchers: dict[tuple[str, str], Watcher] = {}
        self._listed: dict[tuple[str, str], str] = {}
        self._gaps: list[Gap] = []
        self._open_gaps: dict[str, Gap] = {}
        self._beat_at = clock.now()
        self._next = {"beat": 0.0, "forgeries": 0.0, "resync": 0.0}
        self._ledger_at = 0.0
        self._is_finished = False
        self._is_watching = False
        self._turned = clock.monotonic()
        self.position: Callable[[], str] = lambda: ""
        """How far the audit has been read."""
        self.trouble: dict[tuple[str, str], str] = {}
        """Kinds that can't be read, and why."""

    # From other threads

    def deliver(self, message: Message | Audited | Called | Word | Silence) -> None:
        """Tell the loop something."""
        self._queue.put(message)

    @property
    def waiting(self) -> int:
        """How many messages are not taken in yet."""
        return self._queue.qsize()

    @property
    def turned(self) -> float:
        """When it did something last, by the monotonic clock."""
        return max(self._turned, self._parts.objects.turned)

    @property
    def is_ready(self) -> str:
        """Why it does not watch everything yet, "" where it does."""
        if not self._is_watching:
            return self._parts.standing.silence or "git has not been read yet"
        waiting = [kind for kind in self._watchers if kind not in self._listed and kind != _EVENT]
        return f"{waiting[0][1]} is not listed yet" if waiting else ""

    def counts(self) -> Counter[str]:
        """How many objects of each kind are known."""
        made: Counter[str] = Counter()
        for (_, kind), count in self._parts.objects.counts().items():
            made[kind] += count
        return made

    # Its own

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; what is in hand is finished."""
        now = clock.monotonic()
        self._next = {"beat": now + _BEAT, "forgeries": now + _FORGERIES, "resync": now + self._resync}
        self._beat_at = clock.now()
        self._speaker.start(self.deliver)
        try:
            while not stop.is_set():
                self._turn()
        finally:
            for watcher in self._watchers.values():
                watcher.stop()
            if self._parts.objects.word is not None:
                self._try(partial(self._parts.settler.superseded.settle, self._parts.objects.word, patiently=False))
            self._beat()
            for watcher in self._watchers.values():
                watcher.join()

    def once(self, read_up: Callable[[], None]) -> Word:
        """One pass: the audit is read as far as it goes, everything is listed and compared, and what is decided is done."""
        objects, settler = self._parts.objects, self._parts.settler
        word = objects.word = self._speaker.once(self._parts.straying.syncs.accepted)
        read_up()
        while not self._queue.empty():
            self._handle(self._queue.get_nowait())
        for group, kind in sorted(_kinds(word)):
            try:
                resource = self._cluster.resource(group, kind)
                if resource is not None:
                    listed = self._cluster.list(resource)
                    objects.resources[group, kind] = resource
                    self._holds(Holdings(resource, listed.items, listed.resource_version))
            except ClusterError as error:
                if not error.status:
                    raise
                self.trouble[group, kind] = str(error)
        settler.finish(objects.ending)
        self._parts.strangers.settle(word, patiently=False)
        for _ in range(_PASSES):
            keys = settler.settle(word, patiently=False)
            objects.returned(self._parts.restorer.returned)
            keys += [key for key in objects.again if key not in keys]
            objects.again.clear()
            for key in keys:
                objects.reread(key)
            if not keys:
                break
        settler.superseded.settle(word, patiently=False)
        self._parts.hearing.look_for_forgeries(objects.resources.values())
        self._beat()
        return word

    def _turn(self) -> None:
        self._turned = clock.monotonic()
        objects = self._parts.objects
        for message in self._taken():
            self._try(partial(self._handle, message))
        for key in objects.due():
            self._try(partial(objects.reread, key))
        if objects.word is not None:
            self._try(partial(self._parts.settler.superseded.settle, objects.word))
        applications = objects.resources.get(APPLICATION)
        if applications is not None and self._parts.straying.syncs.moved:
            self._try(partial(self._parts.straying.believe, applications))
        if objects.word is not None and self._can_write():
            self._try(partial(self._settle, objects.word))
        self._housekeeping()

    def _settle(self, word: Word) -> None:
        objects = self._parts.objects
        self._parts.strangers.settle(word)
        keys = self._parts.settler.settle(word)
        objects.returned(self._parts.restorer.returned)
        for key in keys:
            objects.reread(key)

    def _taken(self) -> list[Any]:
        """What has been told, after a wait where there is nothing to do."""
        # What can't be written down has to wait, whenever it was due.
        settling = self._ledger_at if self._parts.standing.broken else self._parts.settler.due()
        due = [when for when in (settling, *self._parts.objects.again.values(), *self._next.values()) if when is not None]
        wait = max(0.0, min(_IDLE, min(due, default=_IDLE) - clock.monotonic()))
        taken: list[Any] = []
        try:
            taken.append(self._queue.get(timeout=wait) if wait else self._queue.get_nowait())
            while len(taken) < _BATCH:
                taken.append(self._queue.get_nowait())
        except Empty:
            pass
        return taken

    def _handle(self, message: Any) -> None:
        match message:
            case Seen():
                self._seen(message)
            case Holdings():
                self._holds(message)
            case Audited(event):
                self._parts.hearing.audited(event, self._parts.objects.word)
            case Called(call):
                self._parts.hearing.called(call)
            case Progress(resource, version):
                self._listed[resource.group, resource.kind] = version
                self._parts.objects.progressed(resource, version)
            case Word():
                self._heard(message)
            case Silence(why):
                self._parts.standing.silence = why
                self._parts.told.alerted("git", f"git's word can't be had: {why}")
                self._parts.settler.look_again()
            case Gap():
                self._gap(message)
            case Trouble(resource, why):
                self._troubled(resource, why)

    def _heard(self, word: Word) -> None:
        self._parts.standing.silence = ""
        self._parts.objects.heard(word, self._listed)
        self._watch(word)
        self._parts.settler.look_again()
        self._parts.straying.again(word)
        self._tell_word(word)

    def _watch(self, word: Word) -> None:
        # Events tell for whom Argo CD's API server wrote.
        kinds = {*_kinds(word), _EVENT}
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
                self._parts.objects.resources[group, kind] = resource
                within = word.settings.argocd.namespace if (group, kind) == _EVENT else ""
                watchers[group, kind] = Watcher(self._cluster, resource, self.deliver, within)
        self._watchers, self._is_watching = watchers, True

    def _seen(self, told: Seen) -> None:
        kind = (told.resource.group, told.resource.kind)
        if kind == _EVENT:
            self._parts.hearing.said(told.object)
            return
        if kind in self._listed:
            self._listed[kind] = str((told.object.get("metadata") or {}).get("resourceVersion") or "")
        self._parts.objects.seen(told.resource, told.change, told.object)

    def _holds(self, told: Holdings) -> None:
        kind = (told.resource.group, told.resource.kind)
        if kind == _EVENT:
            self._hears(True)
            for value in told.objects:
                self._parts.hearing.said(value)
        elif self._parts.objects.word is not None:
            self._parts.objects.listed(told)
            self._listed[kind] = told.resource_version

    # Time

    def _housekeeping(self) -> None:
        now = clock.monotonic()
        self._try(partial(self._parts.hearing.name, patiently=True))
        if self._next["forgeries"] <= now:
            self._next["forgeries"] = now + _FORGERIES
            self._try(partial(self._parts.hearing.look_for_forgeries, self._parts.objects.resources.values()))
        if self._next["resync"] <= now:
            self._next["resync"] = now + self._resync
            for watcher in self._watchers.values():
                watcher.resync()
            self._parts.settler.look_again()
        if self._next["beat"] <= now:
            self._next["beat"] = now + _BEAT
            self._try(self._beat)

    def _beat(self) -> None:
        """Say what was watched since the last time, and what was not."""
        if self._parts.standing.broken:
            return
        self._parts.hearing.name(patiently=False)
        until, word, counts = clock.now(), self._parts.objects.word, self._parts.objects.counts()
        watched = [
            {"kind": "/".join(part for part in kind if part), "resourceVersion": version, "objects": counts[kind]}
            for kind, version in sorted(self._listed.items())
        ]
        still = [Gap(gap.since, until, gap.why) for gap in self._open_gaps.values()]
        gaps = [{"from": gap.since, "to": gap.until, "why": gap.why[:_LONGEST_WHY]} for gap in (*self._gaps, *still)][-_MOST_GAPS:]
        told: dict[str, Any] = {"watched": watched, "commit": word.commit if word else "", "audit": self.position()}
        self._parts.record.heartbeat(self._beat_at, until, {**told, **({"gaps": gaps} if gaps else {})})
        self._beat_at, self._gaps = until, []

    def _gap(self, gap: Gap) -> None:
        if gap.until:
            self._gaps.append(gap)
        else:
            self._open_gaps[gap.why] = gap
        self._parts.told.missed(gap.why)

    def _troubled(self, resource: Resource, why: str) -> None:
        kind = (resource.group, resource.kind)
        if kind == _EVENT:
            self._hears(not why)
        if why:
            self.trouble[kind] = why
            self._parts.told.restarted(resource.kind, why)
        else:
            self.trouble.pop(kind, None)

    # The ledger

    def _try(self, work: Callable[[], None]) -> None:
        """Work that may have to write to the ledger; while that can't be done, nothing is put back."""
        try:
            work()
        except OSError as error:
            if not self._parts.standing.broken:
                self._parts.standing.broken = str(error)
                self._parts.told.alerted("ledger", str(error))
            self._ledger_at = clock.monotonic() + _LEDGER_AGAIN

    def _can_write(self) -> bool:
        """Can the ledger be written again, where it could not? What was left open is finished first."""
        if not self._parts.standing.broken and self._is_finished:
            return True
        now = clock.monotonic()
        if now < self._ledger_at:
            return False
        try:
            self._parts.settler.finish(self._parts.objects.ending)
        except OSError:
            self._ledger_at = now + _LEDGER_AGAIN
            return False
        self._parts.standing.broken, self._is_finished = "", True
        self._parts.settler.look_again()
        return True


def _kinds(word: Word) -> set[tuple[str, str]]:
    """The kinds that are compared: those that git has objects of, and Argo CD's."""
    return {*_KINDS, *((key.group, key.kind) for key in word.objects)}
