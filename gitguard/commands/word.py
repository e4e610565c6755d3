"""Git's word, kept fresh in a thread of its own: what a cluster is to be by the newest commit and by what Argo CD synced."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.commands.declaring import is_control_plane
from gitguard.commands.desiring import Desiring
from gitguard.edges import clock
from gitguard.edges.checkout import Checkout
from gitguard.model.configuration import Configuration
from gitguard.model.desired import Desired, LeftOut, Synced, Wanted
from gitguard.model.drift import ObjectKey
from gitguard.model.errors import GitguardError
from gitguard.reconciler.desired import joined
from gitguard.reconciler.given import scaled_by

POLL = 5.0
_AGAIN = 1.0
_ENDED_WITHIN = 5.0


class Word(NamedTuple):
    """What git says at one time: `objects` is everything that is enforced, `left_out` what is not, and why.

    `synced` are the revisions by which each Application's objects are meant; `hooks` are objects that syncs make. `scaled` are objects whose
    replicas an autoscaler of git's owns. `knows_own`: of Argo CD's own objects nothing is left out.
    """

    commit: str
    settings: Configuration
    objects: Mapping[ObjectKey, Wanted]
    left_out: tuple[LeftOut, ...] = ()
    hooks: frozenset[ObjectKey] = frozenset()
    scaled: frozenset[ObjectKey] = frozenset()
    synced: Mapping[str, Synced] = {}
    declared: frozenset[str] = frozenset()
    knows_own: bool = True

    def disowns(self, key: ObjectKey) -> bool:
        """Is it known that git does not want this object? What is left out may want it."""
        if key in self.objects or key in self.hooks:
            return False
        return self.knows_own if is_control_plane(key) else not self.left_out


class Silence(NamedTuple):
    """Git's word can't be had, and why."""

    why: str


class Speaker:
    """Follows the repositories, and tells of each new Word, or of Silence. Questions about versions are answered from any thread."""

    def __init__(self, desiring: Desiring, others: Sequence[Checkout]) -> None:
        self._desiring = desiring
        self._others = others
        self._deliver: Callable[[Word | Silence], None] = lambda message: None
        self._lock = threading.Lock()
        self._fetching = threading.Lock()
        self._synced: dict[str, Synced] = {}
        self._stop = threading.Event()
        self._wake = threading.Event()
        self.reads = 0
        """How often the repositories have been read."""
        self.commit = ""
        """The newest commit that was read."""
        self._said: tuple[str, Mapping[str, Synced]] | None = None
        self._silent = ""
        self._read_at = float("-inf")
        self._thread = threading.Thread(target=self._run, name="git", daemon=True)

    def start(self, deliver: Callable[[Word | Silence], None]) -> None:
        """Follow, until `stop`."""
        self._deliver = deliver
        self._thread.start()

    def stop(self) -> None:
        """End it, and wait for that."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_ENDED_WITHIN)
        self._desiring.close()

    @property
    def where(self) -> str:
        """Which repository, without credentials."""
        return self._desiring.checkout.repository.urls()[0]

    def once(self, synced: Mapping[str, Synced]) -> Word:
        """Git's word now, asked for in this thread."""
        self._synced = dict(synced)
        return self._spoken(self._refreshed())

    def synced(self, applications: Mapping[str, Synced]) -> None:
        """These are the revisions that count from now on."""
        if applications != self._synced:
            self._synced = dict(applications)
            self._wake.set()

    def has_read_since(self, moment: float) -> bool:
        """Have the repositories been read since a moment of the monotonic clock? Where they have not, that is done at once."""
        if self._read_at < moment:
            self._wake.set()
        return self._read_at >= moment

    def versions_of(self, application: str, key: ObjectKey, synced: Synced, commit: str) -> Iterator[Mapping[str, Any] | None]:
        """As Desiring has it; one thread at a time."""
        with self._lock:
            yield from self._desiring.versions_of(application, key, synced, commit)

    def may_sync(self, application: str, commit: str) -> bool:
        """Do the sync windows let it sync now?"""
        with self._lock:
            return self._desiring.may_sync(application, commit, clock.nanoseconds(), manual=True).permitted is not False

    def precedes(self, older: str, newer: str) -> bool:
        """Does the history of the newer commit have the older one?"""
        return any(one.precedes(older, newer) for one in (self._desiring.checkout, *self._others))

    def contains(self, commit: str) -> bool:
        """Is the commit on a history that is followed? Where it is not known, that is looked for anew: others may know it first."""
        followed = (self._desiring.checkout, *self._others)
        if any(one.contains(commit) for one in followed):
            return True
        try:
            self._refreshed()
        except GitguardError:
            return False
        return any(one.contains(commit) for one in followed)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            began = clock.monotonic()
            try:
                commit = self._refreshed()
                if self._silent or self._said != (commit, self._synced):
                    said = commit, dict(self._synced)
                    word = self._spoken(commit)
                    self._said, self._silent = said, ""
                    self._deliver(word)
                self._read_at = began
            except GitguardError as error:
                self._fail(error.message)
            except Exception as error:
                # A repository can be anything; whatever it does to us, nothing is reverted by a word that was not understood.
                self._fail(f"{type(error).__name__}: {error}")
            self._wake.wait(_AGAIN if self._silent else POLL)

    def _fail(self, why: str) -> None:
        if self._silent != why:
            self._silent = why
            self._deliver(Silence(why))

    def _refreshed(self) -> str:
        with self._fetching:
            commit = self._desiring.checkout.refresh()
            for other in self._others:
                other.refresh()
        self.reads, self.commit = self.reads + 1, commit
        return commit

    def _spoken(self, commit: str) -> Word:
        with self._lock:
            synced = dict(self._synced)
            own = self._desiring.desired_at(commit)
            applications = self._desiring.applications_at(commit)
            asked = [(name, synced[name].revisions if name in synced else ()) for name in applications]
            deployed = self._desiring.desired_of_all(asked, commit)
            settings = self._desiring.settings_at(commit)
        return _word(commit, settings, own, deployed, synced, applications)


def _word(
    commit: str, settings: Configuration, own: Desired, deployed: Sequence[Desired], synced: Mapping[str, Synced], applications: Mapping[str, Any]
) -> Word:
    every = [*own.objects.values(), *(wanted for one in deployed for wanted in one.objects.values())]
    left_out = [*own.left_out, *(left for one in deployed for left in one.left_out)]
    together = joined(commit, every, left_out)
    return Word(
        commit,
        settings,
        together.objects,
        together.left_out,
        frozenset(key for one in deployed for key in one.hooks),
        scaled_by(wanted.manifest for wanted in together.objects.values()),
        synced,
        frozenset(applications),
        own.complete,
    )
