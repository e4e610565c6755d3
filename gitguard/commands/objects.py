"""The objects of one cluster beside git's: which were judged at which version, and which are to be looked at again."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from gitguard.commands.comparing import Comparer, Stale, is_going
from gitguard.commands.open_drift import Open, Told
from gitguard.commands.settling import Settler
from gitguard.commands.strangers import Strangers
from gitguard.commands.straying import Straying
from gitguard.commands.word import Word
from gitguard.edges import clock
from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.edges.watching import Holdings
from gitguard.model.desired import Wanted
from gitguard.model.drift import ObjectKey
from gitguard.reconciler.tracking import Known, known, number

APPLICATION = ("argoproj.io", "Application")
_AGAIN, _LONGEST_PAUSE = 1.0, 30.0
_Object = Mapping[str, Any]


class Looked(NamedTuple):
    """One look at an object: what it was at a version, "" where nobody wrote; the rest is as Since has it."""

    version: str
    live: _Object | None
    is_certain: bool
    after: str


class Objects:
    """For the thread of one cluster's loop. What can't be told now is looked at again later."""

    def __init__(self, cluster: Cluster, comparer: Comparer, settler: Settler, straying: Straying, strangers: Strangers, told: Told) -> None:
        self._cluster, self._comparer, self._settler, self._straying = cluster, comparer, settler, straying
        self._strangers, self._told = strangers, told
        self.word: Word | None = None
        self.resources: dict[tuple[str, str], Resource] = {}
        """The kinds that are watched."""
        self.again: dict[ObjectKey, float] = {}
        """When to look at objects again, by the monotonic clock."""
        self.turned = clock.monotonic()
        """When something was judged last."""
        self._known: dict[ObjectKey, Known] = {}
        self._gone: dict[ObjectKey, int] = {}
        self._skipped: dict[ObjectKey, list[Looked]] = {}
        self._failures: Counter[ObjectKey] = Counter()

    def counts(self) -> Counter[tuple[str, str]]:
        """How many objects of each (group, kind) are known."""
        return Counter((key.group, key.kind) for key in list(self._known))

    def heard(self, word: Word, listed: Mapping[tuple[str, str], str]) -> None:
        """Take git's new word: what it changed is looked at anew, of the kinds that are `listed`; the others' turn comes when they are."""
        old, self.word = self.word, word
        now = clock.monotonic()
        for key, wanted in word.objects.items():
            before = old.objects.get(key) if old else None
            if before is None or (before.manifest, before.care) != (wanted.manifest, wanted.care):
                if old is not None:
                    self._settler.moved(key)
                if (key.group, key.kind) in listed:
                    self.again[key] = now
        for key in old.objects.keys() - word.objects.keys() if old else ():
            self._known.pop(key, None)
            self._close(key)
        self.again |= dict.fromkeys(self._settler.let_be.keys() & word.objects.keys(), now)

    # What a watch tells

    def seen(self, resource: Resource, change: str, value: _Object) -> None:
        """One object has changed."""
        key = ObjectKey.of(value)
        if change == "DELETED":
            self._deleted(resource, key, value)
        else:
            self._object(resource, key, value, is_certain=True)

    def listed(self, told: Holdings) -> None:
        """Everything of a kind: what was not seen, and what is not there."""
        if self.word is None:
            return
        resource, moment = told.resource, number(told.resource_version)
        there = set()
        for value in told.objects:
            key = ObjectKey.of(value)
            there.add(key)
            before, metadata = self._known.get(key), value.get("metadata") or {}
            version = number(metadata.get("resourceVersion"))
            # The same version was judged already, and of it nothing can be new.
            is_known = before is not None and (before.version > version or (before.version, before.uid) == (version, metadata.get("uid")))
            if is_known or self._gone.get(key, -1) >= moment > 0:
                continue
            if told.missed:
                self._object(resource, key, value, is_certain=False)
            else:
                # The watch is about to tell of it, version by version; should it not, it is fetched.
                self.again.setdefault(key, clock.monotonic() + _AGAIN)
        for key, wanted in self.word.objects.items():
            if (key.group, key.kind) != (resource.group, resource.kind) or key in there:
                continue
            before = self._known.get(key)
            if (before is None or before.version <= moment) and not self._is_missed(key):
                self._known.pop(key, None)
                self._judge(resource, wanted, None, told.resource_version, is_certain=False, uid=before.uid if before else "")

    def _is_missed(self, key: ObjectKey) -> bool:
        """Is it known already that it is gone?"""
        return key in self._settler.open and self._settler.open[key].live is None

    def _deleted(self, resource: Resource, key: ObjectKey, value: _Object) -> None:
        metadata = value.get("metadata") or {}
        version = str(metadata.get("resourceVersion") or "")
        self._gone[key] = number(version)
        self._strangers.gone(key)
        self._known.pop(key, None)
        if (resource.group, resource.kind) == APPLICATION:
            self._straying.syncs.gone(f"{key.namespace}/{key.name}")
        wanted = self.word.objects.get(key) if self.word else None
        if wanted is not None:
            self._judge(resource, wanted, None, version, is_certain=True, uid=_uid(value))

    def _object(self, resource: Resource, key: ObjectKey, value: _Object, *, is_certain: bool) -> None:
        word = self.word
        if word is None:
            return
        if (resource.group, resource.kind) == APPLICATION:
            self._straying.seen(f"{key.namespace}/{key.name}", resource, value, word)
        wanted = word.objects.get(key)
        if wanted is None:
            self._strangers.seen(resource, key, value, word)
            return
        now, before = known(value), self._known.get(key)
        if before is not None and (before.uid, before.digest) == (now.uid, now.digest):
            if key in self._skipped:
                self._skipped[key].append(Looked(str(now.version), value, is_certain, str(before.version)))
            self._known[key] = now
            if (one := self._settler.open.get(key)) is not None and one.live is not None:
                # What a revert is made on.
                one.live, one.version = value, str(now.version)
            return
        self._judge(resource, wanted, value, str(now.version), is_certain=is_certain, uid=now.uid)

    # Judging

    def _judge(
        self, resource: Resource, wanted: Wanted, live: _Object | None, version: str, *, is_certain: bool, uid: str, is_same: bool = False
    ) -> None:
        """Is it as git has it? `is_same`: this version was judged before, by another word of git."""
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
        try:
            answer = self._comparer.predicted(resource, wanted.manifest, live) if live is not None else None
        except Stale:
            if live is not None:
                self._skipped.setdefault(key, []).append(Looked(version, live, is_certain, after))
            # The newer version is on its way; should it not be, it is fetched.
            self.again[key] = clock.monotonic() + _AGAIN
            return
        except ClusterError as error:
            self._failures[key] += 1
            self.again[key] = clock.monotonic() + min(_LONGEST_PAUSE, _AGAIN * 2 ** min(self._failures[key], 5))
            self._told.alerted("cluster", str(error))
            return
        self._failures.pop(key, None)
        scaled = self.word is not None and key in self.word.scaled
        if live is not None:
            self._known[key] = known(live)
        one = self._settler.open.get(key) or self._opened(resource, wanted)
        for look in self._skipped.pop(key, []):
            self._turns(one, wanted, answer, look, scaled=scaled, uid=_uid(look.live))
            after = look.version
        # What differs only now though nobody wrote came of git's new word, and is no writer's doing.
        self._turns(one, wanted, answer, Looked("" if is_same else version, live, is_certain, after), scaled=scaled, uid=uid)
        if one.changes:
            one.version, one.due = version, clock.monotonic()
            self._settler.open[key] = one
        elif self._settler.open.pop(key, None) is not None:
            self._told.returned(key)

    def _opened(self, resource: Resource, wanted: Wanted) -> Open:
        made, before = Open(resource, wanted, clock.monotonic()), self._settler.let_be.pop(wanted.key, None)
        return made.after(before) if before is not None else made

    def _turns(self, one: Open, wanted: Wanted, answer: _Object | None, look: Looked, *, scaled: bool, uid: str) -> None:
        """An object that was open, or is now, has become this."""
        changes = self._comparer.differences(wanted, look.live, answer, scaled=scaled)
        self._settler.superseded.add(one.seen(changes, look.version, is_certain=look.is_certain, after=look.after))
        one.renew(wanted, look.live, answer, changes, look.version, uid)

    def _close(self, key: ObjectKey) -> None:
        """Git has no word on it any more."""
        self._settler.let_be.pop(key, None)
        if (one := self._settler.open.pop(key, None)) is not None:
            self._settler.superseded.add(one.left())

    def reread(self, key: ObjectKey) -> None:
        """Fetch an object and judge it."""
        wanted = self.word.objects.get(key) if self.word else None
        resource = self.resources.get((key.group, key.kind))
        if wanted is None or resource is None:
            self._close(key)
            return
        before = self._known.get(key)
        try:
            live: _Object | None = self._cluster.get(resource, key.namespace, key.name)
        except ClusterError as error:
            if not error.is_missing:
                self.again[key] = clock.monotonic() + _AGAIN
                return
            live = None
        metadata = (live or {}).get("metadata") or {}
        uid = _uid(live) or (before.uid if before else "")
        version = str(metadata.get("resourceVersion") or "")
        is_same = before is not None and str(before.version) == version
        self._judge(resource, wanted, live, version or (str(before.version) if before else ""), is_certain=False, uid=uid, is_same=is_same)

    def due(self) -> list[ObjectKey]:
        """What is to be looked at again now; it is not told twice."""
        now = clock.monotonic()
        keys = [key for key, when in self.again.items() if when <= now]
        for key in keys:
            del self.again[key]
        return keys

    def skipped(self) -> list[ObjectKey]:
        """Objects of which a version could not be judged, and no newer one was yet."""
        return list(self._skipped)

    def returned(self, objects: dict[ObjectKey, _Object]) -> None:
        """These were put back, and are as they were read then."""
        for key, live in objects.items():
            self._known[key] = known(live)
        objects.clear()

    def ending(self, intent: _Object) -> tuple[str, str]:
        """How an act ended of which only the announcement is known, as far as its object tells now."""
        about = intent.get("object") or {}
        group = str(about.get("apiVersion") or "").rpartition("/")[0]
        key = ObjectKey(group, str(about.get("kind")), str(about.get("namespace") or ""), str(about.get("name")))
        wanted = self.word.objects.get(key) if self.word else None
        if self.word is None or wanted is None:
            return "unknown", "git has no word on it any more"
        try:
            resource = self._cluster.resource(key.group, key.kind)
            live = self._cluster.get(resource, key.namespace, key.name) if resource else None
            answer = self._comparer.predicted(resource, wanted.manifest, live) if resource and live else None
        except (ClusterError, Stale):
            return "unknown", "its object could not be read"
        if live is not None and str((live.get("metadata") or {}).get("resourceVersion")) == str(about.get("resourceVersion") or "-"):
            return "superseded", "it was not done: the object is as it was"
        if live is not None and not self._comparer.differences(wanted, live, answer, scaled=key in self.word.scaled):
            return "reverted", "its object is as git has it"
        return "unknown", "its object is not as git has it, and was written meanwhile"


def _uid(value: _Object | None) -> str:
    return str(((value or {}).get("metadata") or {}).get("uid") or "")
