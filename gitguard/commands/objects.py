"""The objects of one cluster beside git's: which were judged at which version, and which are to be looked at again."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from gitguard.commands.ahead import Ahead
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
    uid: str
    after: str = ""


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
        self._ahead: dict[ObjectKey, Ahead] = {}
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
            if before is None or not before.says_the_same(wanted):
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
        if told.missed:
            # From here on it is told in order.
            self._ahead = {key: ahead for key, ahead in self._ahead.items() if (key.group, key.kind) != (resource.group, resource.kind)}
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
                self._judge(resource, wanted, Looked(told.resource_version, None, is_certain=False, uid=before.uid if before else ""))

    def progressed(self, resource: Resource, version: str) -> None:
        """Everything of a kind up to this version has been told."""
        kind, at = (resource.group, resource.kind), number(version)
        self._ahead = {key: ahead for key, ahead in self._ahead.items() if (key.group, key.kind) != kind or not ahead.is_told(at)}

    def _is_missed(self, key: ObjectKey) -> bool:
        """Is it known already that it is gone?"""
        return key in self._settler.open and self._settler.open[key].live is None

    def _deleted(self, resource: Resource, key: ObjectKey, value: _Object) -> None:
        metadata = value.get("metadata") or {}
        version = str(metadata.get("resourceVersion") or "")
        self._gone[key] = number(version)
        self._strangers.gone(key)
        if (resource.group, resource.kind) == APPLICATION:
            self._straying.syncs.gone(f"{key.namespace}/{key.name}")
        if self._is_past(key, version, None, _uid(value)):
            return
        self._known.pop(key, None)
        wanted = self.word.objects.get(key) if self.word else None
        if wanted is not None:
            self._judge(resource, wanted, Looked(version, None, is_certain=True, uid=_uid(value)))

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
        if self._is_past(key, str(now.version), value, now.uid):
            return
        if before is not None and (before.uid, before.digest) == (now.uid, now.digest):
            if key in self._skipped:
                self._skipped[key].append(Looked(str(now.version), value, is_certain, now.uid, str(before.version)))
            self._known[key] = now
            if (one := self._settler.open.get(key)) is not None and one.live is not None:
                # What a revert is made on.
                one.live, one.version = value, str(now.version)
            return
        self._judge(resource, wanted, Looked(str(now.version), value, is_certain, now.uid))

    def _is_past(self, key: ObjectKey, version: str, live: _Object | None, uid: str) -> bool:
        """Is what a watch tells from before what was judged already? Then only what came and went meanwhile is news."""
        ahead = self._ahead.get(key)
        if ahead is None or self.word is None:
            return False
        is_past = ahead.is_past(version, uid)
        if is_past:
            if live is not None and ahead.answer is None:
                with suppress(Stale, ClusterError):
                    ahead.answer = self._comparer.foreseen(ahead.past.resource, ahead.past.wanted.manifest, live)
            look = Looked(version, live, is_certain=True, uid=uid, after=ahead.after)
            self._turns(ahead.past, ahead.past.wanted, ahead.answer, look, scaled=key in self.word.scaled)
        if not is_past or ahead.passed(version, uid, is_gone=live is None):
            del self._ahead[key]
        return is_past

    # Judging

    def _judge(self, resource: Resource, wanted: Wanted, look: Looked, *, is_fetched: bool = False) -> None:
        """Is it as git has it? `is_fetched`: no watch has told of it, or not yet."""
        key, live = wanted.key, look.live
        self.turned = clock.monotonic()
        if wanted.care.undecided:
            return
        if live is not None and is_going(live):
            # Nothing stops that; its end will be told.
            self._known.pop(key, None)
            return
        before = self._known.get(key)
        look = look._replace(after=str(before.version) if before is not None else "")
        try:
            answer = self._answer(resource, wanted, live)
        except (Stale, ClusterError) as error:
            if not is_fetched:
                self._skipped.setdefault(key, []).append(look)
            self._again_later(key, error)
            return
        self._failures.pop(key, None)
        if live is not None:
            self._known[key] = known(live)
        self._take(resource, wanted, answer, look, before, is_fetched=is_fetched)

    def _again_later(self, key: ObjectKey, error: Stale | ClusterError) -> None:
        if isinstance(error, Stale):
            # The newer version is on its way; should it not be, it is fetched.
            self.again[key] = clock.monotonic() + _AGAIN
            return
        self._failures[key] += 1
        self.again[key] = clock.monotonic() + min(_LONGEST_PAUSE, _AGAIN * 2 ** min(self._failures[key], 5))
        self._told.alerted("cluster", str(error))

    def _take(self, resource: Resource, wanted: Wanted, answer: _Object | None, look: Looked, before: Known | None, *, is_fetched: bool) -> None:
        """What was looked at becomes what is known of it, after what could not be judged before; `before` is what was known."""
        key = wanted.key
        scaled = self.word is not None and key in self.word.scaled
        one = self._settler.open.get(key) or self._opened(resource, wanted)
        for skipped in self._skipped.pop(key, []):
            self._turns(one, wanted, answer, skipped, scaled=scaled)
            look = look._replace(after=skipped.version)
        is_same = is_fetched and look.live is not None and before is not None and str(before.version) == look.version
        if is_fetched and look.live is None and one.live is None and one.changes:
            # The watch has told when it went.
            is_same, look = True, look._replace(version=one.version, uid=one.uid)
        if is_fetched and not is_same:
            self._goes_ahead(one, wanted, answer, look, is_known=before is not None)
        # What differs only now though nobody wrote came of git's new word, and is no writer's doing.
        self._turns(one, wanted, answer, look._replace(version="") if is_same else look, scaled=scaled)
        if one.changes:
            one.version, one.due = look.version, clock.monotonic()
            self._settler.open[key] = one
        elif self._settler.open.pop(key, None) is not None:
            self._told.returned(key)

    def _goes_ahead(self, one: Open, wanted: Wanted, answer: _Object | None, look: Looked, *, is_known: bool) -> None:
        """What was fetched may be more than the watch has told; `one` is how it was until then."""
        if look.live is None and not is_known:
            return
        ahead = self._ahead.setdefault(wanted.key, Ahead(one, wanted, look.after))
        if look.live is not None:
            ahead.fetched(look.version, answer)
        else:
            ahead.missed(look.uid)

    def _answer(self, resource: Resource, wanted: Wanted, live: _Object | None) -> _Object | None:
        """What the API server makes of git's word there; where it is gone, what it would have made of it, if that is yet to be judged."""
        if live is not None:
            return self._comparer.predicted(resource, wanted.manifest, live)
        was = next((look.live for look in reversed(self._skipped.get(wanted.key, [])) if look.live is not None), None)
        return self._comparer.foreseen(resource, wanted.manifest, was) if was is not None else None

    def _opened(self, resource: Resource, wanted: Wanted) -> Open:
        made, before = Open(resource, wanted, clock.monotonic()), self._settler.let_be.pop(wanted.key, None)
        return made.after(before) if before is not None else made

    def _turns(self, one: Open, wanted: Wanted, answer: _Object | None, look: Looked, *, scaled: bool) -> None:
        """An object that was open, or is now, has become this."""
        changes = self._comparer.differences(wanted, look.live, answer, scaled=scaled)
        self._settler.superseded.add(one.seen(changes, look.version, is_certain=look.is_certain, after=look.after))
        one.renew(wanted, look.live, answer, changes, look.version, look.uid)

    def _close(self, key: ObjectKey) -> None:
        """Git has no word on it any more."""
        self._settler.let_be.pop(key, None)
        self._ahead.pop(key, None)
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
        uid, version = before[:2] if before is not None else ("", "")
        if live is not None:
            uid, version = _uid(live), live["metadata"]["resourceVersion"]
        self._judge(resource, wanted, Looked(str(version), live, is_certain=False, uid=uid), is_fetched=True)

    def due(self) -> list[ObjectKey]:
        """What is to be looked at again now; it is not told twice."""
        now = clock.monotonic()
        keys = [key for key, when in self.again.items() if when <= now]
        for key in keys:
            del self.again[key]
        return keys

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
