"""Edits that others overwrote, or took back, before anything was decided of them: nothing is left to put back, and they are told all the same."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain

from gitguard.commands.authors import Authors
from gitguard.commands.journal import Journal
from gitguard.commands.limits import Limits
from gitguard.commands.open_drift import Open, Standing
from gitguard.commands.word import Speaker, Word
from gitguard.edges import clock
from gitguard.model.drift import Actor, Change
from gitguard.model.policy import Decision, Subject
from gitguard.reconciler.decide import decided, is_proven
from gitguard.reconciler.desired import is_behind

REASON = "it did not last until something was done about it"
_LOOK_AGAIN = 0.2
# What git's policy says of an edit in any case, whatever became of it.
_SAID = ("log", "excepted")


class Superseded:
    """Holds them until it is known, or will not become known, who made them; for the thread of one cluster's loop."""

    def __init__(self, standing: Standing, speaker: Speaker, authors: Authors, limits: Limits, journal: Journal) -> None:
        self._standing, self._speaker, self._authors, self._limits, self._journal = standing, speaker, authors, limits, journal
        self._waiting: list[Open] = []

    def add(self, one: Open | None) -> None:
        """An open drift as it was, with the changes that nothing was decided of; None for nothing."""
        if one is not None:
            self._waiting.append(one)

    def settle(self, word: Word, *, patiently: bool = True) -> None:
        """Tell of those whose time has come. Not `patiently`: of all of them, with what is known of their writers."""
        now, waiting, self._waiting = clock.monotonic(), self._waiting, []
        while waiting:
            one = waiting.pop(0)
            if patiently and one.due is not None and one.due > now:
                self._waiting.append(one)
                continue
            authored = self._authors.of(one)
            until = one.found + self._authors.wait(one, [actor for _, actor in authored]) if patiently else now
            if until > now:
                one.due = min(until, now + _LOOK_AGAIN)
                self._waiting.append(one)
                continue
            try:
                self._tell(one, authored, word)
            except OSError:
                self._waiting += waiting
                raise

    def _tell(self, one: Open, authored: Sequence[tuple[Change, Actor]], word: Word) -> None:
        policy, namespace = word.settings.reconcile, word.settings.argocd.namespace
        authored = self._authors.surely(one, authored)
        senders = self._authors.senders(one, authored)
        edits = tuple(made for made, sender in zip(authored, senders, strict=True) if self._is_edit(one, sender, word))
        made = decided(Subject(one.key, edits, one.unseen), policy, enforce=self._standing.enforce, now=datetime.now(UTC), control_plane=namespace)
        for decision in made:
            actor = decision.changes[0][1]
            # Of a writer who writes without end an alert tells.
            if not self._limits.is_fought(one.key, actor.name):
                told = decision if decision.what in _SAID else Decision("log", REASON, decision.changes)
                self._journal.log(one.drift(told, self._standing.name), one.live)

    def _is_edit(self, one: Open, sender: Actor, word: Word) -> bool:
        """Was it anybody's but those who bring git's word? Nobody's known, it was no drift while that was left to them."""
        if is_proven(sender):
            return self._authors.is_outsider(sender, word.settings.reconcile)
        return not one.wanted.control_plane and not self._is_gits(one, word)

    def _is_gits(self, one: Open, word: Word) -> bool:
        """Was it as one of git's versions has it?"""
        wanted, asked = word.objects.get(one.key), word.synced.get(one.wanted.application)
        versions = self._speaker.versions_of(one.wanted.application, one.key, asked, word.commit) if asked is not None else ()
        return is_behind(one.live, one.changes, one.wanted.manifest, chain([wanted.manifest if wanted is not None else None], versions))
