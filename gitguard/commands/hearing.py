"""What is told of writers: by the API server's audit, by Argo CD's Events and its log. It becomes evidence, and acts that leave no difference."""

from collections.abc import Iterable, Mapping
from typing import Any

from gitguard.commands.authors import Authors
from gitguard.commands.journal import Journal
from gitguard.commands.open_drift import Standing, Told
from gitguard.commands.recording import incident
from gitguard.commands.settling import Settler
from gitguard.commands.word import Word
from gitguard.edges import clock
from gitguard.edges.cluster import Resource
from gitguard.model.drift import UNKNOWN, Change, Drift, ObjectKey
from gitguard.reconciler.acts import Act, acts_of
from gitguard.reconciler.argo_log import Call
from gitguard.reconciler.attribution import Forgery
from gitguard.reconciler.desired import shown

# A log is written before the audit, but not read before it.
_LOGGED_WITHIN = 1.0


class Hearing:
    """For the thread of one cluster's loop. What happened at or before `since` (RFC 3339, UTC) was told by the watch before this one."""

    def __init__(self, standing: Standing, authors: Authors, settler: Settler, journal: Journal, told: Told, since: str) -> None:
        self._standing, self._authors, self._settler, self._journal, self._told = standing, authors, settler, journal, told
        self._since = since
        self._forged: set[tuple[object, ...]] = set()
        self._is_news = False
        self._unnamed: list[tuple[float, Act]] = []

    def audited(self, event: Mapping[str, Any], word: Word | None) -> None:
        """An event of the API server's audit."""
        self._authors.evidence.add(event)
        self._told.audited()
        self._is_news = True
        target = event.get("objectRef")
        target = target if isinstance(target, Mapping) else {}
        if target.get("resource") == "events":
            self._settler.evidence_came("", "")
        else:
            self._settler.evidence_came(str(target.get("namespace") or ""), str(target.get("name") or ""))
        namespace = word.settings.argocd.namespace if word else "argocd"
        for act in acts_of(event, argo=self._authors.argo, namespace=namespace, managed=lambda key: word is not None and key in word.objects):
            self._acted(act)

    def said(self, event: Mapping[str, Any]) -> None:
        """An Event, in which Argo CD says something of somebody."""
        self._authors.evidence.add_event(event)
        self._settler.evidence_came("", "")
        self._is_news = True

    def called(self, call: Call) -> None:
        """A call in the log of Argo CD's API server."""
        self._authors.evidence.add_call(call)

    def name(self, *, patiently: bool) -> None:
        """Tell of what Argo CD's API server did for somebody, once its log has had the time to say who that was."""
        now, waiting = clock.monotonic(), self._unnamed
        self._unnamed = [(due, act) for due, act in waiting if patiently and now < due]
        for due, act in waiting:
            if not patiently or now >= due:
                actor = self._authors.evidence.behind(act.evidence[0], act.key)
                self._log(act if actor == UNKNOWN else act._replace(actor=actor))

    def look_for_forgeries(self, resources: Iterable[Resource]) -> None:
        """Tell of words that only somebody else can have said, where there is news. `resources` are the kinds that are watched."""
        if not self._is_news:
            return
        self._is_news = False
        for forgery in self._authors.evidence.forgeries():
            identity = (forgery.what, forgery.where, forgery.evidence)
            if identity not in self._forged:
                self._forged.add(identity)
                self._journal.log(_forged(self._standing.name, forgery, resources))

    def _acted(self, act: Act) -> None:
        if act.at and act.at <= self._since:
            return
        if self._authors.logged and act.actor.via == "argocd-api" and act.actor.confidence == "authenticated":
            self._unnamed.append((clock.monotonic() + _LOGGED_WITHIN, act))
        else:
            self._log(act)

    def _log(self, act: Act) -> None:
        identity = incident(self._standing.name, act.key, act.uid, act.version or act.at, [Change(act.reason, None, None)], act.action)
        self._journal.log(
            Drift(
                id=identity, key=act.key, api_version=act.api_version, uid=act.uid, version=act.version, action=act.action, severity=act.severity,
                actor=act.actor, changes=(), changed_at=act.at, detected_at=clock.now(), decision="log", reason=act.reason,
            )
        )  # fmt: skip


def _forged(name: str, forgery: Forgery, resources: Iterable[Resource]) -> Drift:
    where, _, place = forgery.where.partition(" ")
    namespace, _, called = place.rpartition("/")
    plural, _, group = where.partition(".")
    kinds = {(one.group, one.plural): (one.kind, one.api_version) for one in resources}
    # What git has nothing of is not watched.
    kind, api_version = kinds.get((group, plural), ("Event" if plural == "events" else plural, f"{group}/v1" if group else "v1"))
    key = ObjectKey(group, kind, namespace, called)
    return Drift(
        id=incident(name, key, forgery.what, forgery.by.at, (), "forgery"), key=key, api_version=api_version, uid="", version="", action="other",
        severity="high", actor=forgery.by, changes=(), changed_at=forgery.by.at, detected_at=clock.now(), decision="alert",
        reason=f"forged {forgery.what}: {shown(key)} says what only somebody else can say", evidence=forgery.evidence,
    )  # fmt: skip
