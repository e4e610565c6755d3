"""How an Application ends that is gone from git: who deletes it, if anybody does."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, NamedTuple

from gitguard.argo.syncing import is_hook
from gitguard.argo.upkeep import Removal, when_cascaded, when_pruned
from gitguard.argo.version import at_least
from gitguard.model.argo import Upkeep
from gitguard.model.change import Change
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, Deployed, Repository

Key = tuple[str, str, str, str]


class How(Enum):
    """What takes an Application away, or doesn't."""

    DROPPED = "its ApplicationSet makes it no more"
    RELEASED = "its ApplicationSet makes it no more, and deletes no Applications"
    WITH_SET = "its ApplicationSet is gone"
    PRUNED = "its parent deploys it no more"
    WITH_PARENT = "its parent is gone"
    LEFT = "nothing deletes it"


class Ending(NamedTuple):
    """What becomes of an Application, and by what; `by` is the key of the parent, "" where there is none."""

    removal: Removal
    how: How
    by: str = ""


class Endings:
    """What becomes of the Applications and ApplicationSets that are gone."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._made = _parents(change.before)
        self._before = {one.key: one for one in live(change.before)}
        self._after = {one.key: one for one in live(change.after)}
        self._sets_before, self._sets_after = _sets(change.before), _sets(change.after)
        self._known = {one.application.key: is_known(one) for one in change.after.deployed}
        self._emptied = {one.application.key for one in change.after.deployed if is_emptied(one)}

    def parent_of(self, one: Application) -> str:
        """The key of the Application that deploys it, or the ApplicationSet that makes it; "" for none."""
        own = f"{one.namespace}/{one.facts.name}", one.facts.name
        return one.by or next((self._made[one.facts.kind, key][0] for key in own if (one.facts.kind, key) in self._made), "")

    def of(self, one: Application, *, seen: frozenset[str] = frozenset()) -> Ending:
        """What becomes of one that is gone."""
        if one.generated:
            return self._of_generated(one, seen)
        parent = self._before.get(self.parent_of(one))
        # One that deploys itself has no other parent.
        if parent is None or parent.key == one.key or parent.key in seen:
            return Ending(Removal.ASKED, How.LEFT)
        _, manifest = self._made.get((one.facts.kind, one.key)) or self._made.get((one.facts.kind, one.facts.name)) or ("", {})
        now = self._after.get(parent.key)
        if now is not None:
            by = upkeep_of(now, self._change)
            return Ending(when_pruned(manifest, by._replace(prunes=by.prunes and now.key not in self._emptied)), How.PRUNED, parent.key)
        above = self.of(parent, seen=seen | {one.key})
        goes = parent.upkeep.cascades and when_cascaded(manifest, upkeep_of(parent, self._change)) is not Removal.STAYS
        return Ending(above.removal if goes else Removal.STAYS, How.WITH_PARENT, parent.key)

    def _of_generated(self, one: Application, seen: frozenset[str]) -> Ending:
        own = one.namespace, one.facts.name
        now, was = self._sets_after.get(own), self._sets_before.get(own)
        if now is not None:
            return Ending(Removal.STAYS, How.RELEASED) if now.upkeep.stays else Ending(Removal.GOES, How.DROPPED)
        if was is None or was.upkeep.outlives:
            return Ending(Removal.STAYS, How.WITH_SET)
        return Ending(self.of(was, seen=seen).removal, How.WITH_SET)

    def may_be_made(self, one: Application) -> bool:
        """Is what made it there still, and can't it be told what that makes now?"""
        if one.generated and (one.namespace, one.facts.name) in self._sets_after:
            own = (one.namespace, one.facts.name)
            return any(found.unknown for found in self._change.after.sets if (found.application.namespace, found.application.facts.name) == own)
        return not self._known.get(self.parent_of(one), True)


def upkeep_of(one: Application, change: Change) -> Upkeep:
    """What becomes of its objects; Prune and Delete are options of whole Applications since 3.4."""
    return one.upkeep if at_least(change.after.configuration.argocd.version, (3, 4)) else one.upkeep._replace(pruning=None, deletion=None)


def is_known(one: Deployed) -> bool:
    """Is all of it known that the Application deploys?"""
    return all(not source.failure and source.undetermined is None and not source.skipped for source in one.sources)


def is_emptied(now: Deployed) -> bool:
    """Does it deploy nothing at all? An automated sync does not prune all that there is, unless allowEmpty says so (appcontroller.go, autoSync)."""
    return is_known(now) and not by_key(now) and not now.application.upkeep.empties


def live(repository: Repository) -> Iterator[Application]:
    """The Applications that something applies or makes."""
    return (one for one in repository.applications if not (one.is_set and not one.generated) and (one.reach.roots or one.generated or one.by))


def _sets(repository: Repository) -> Mapping[tuple[str, str], Application]:
    """The ApplicationSets that something applies, by namespace and name."""
    templates = (one for one in repository.applications if one.is_set and not one.generated and (one.reach.roots or one.by))
    return {(one.namespace, one.facts.name): one for one in (*templates, *(found.application for found in repository.sets))}


def _parents(repository: Repository) -> Mapping[tuple[str, str], tuple[str, Mapping[str, Any]]]:
    """By kind and key, which Application deploys an Application or ApplicationSet, also where it lies in a file that is read as it is, and as what.

    One that says no namespace in its file has none in its key.
    """
    made = [(item, one.application.key) for one in repository.deployed for source in one.sources for item in source.objects]
    ours = [(item, key) for item, key in made if item.kind in ("Application", "ApplicationSet") and item.api_version.startswith("argoproj.io/")]
    keys = [(f"{item.namespace}/{item.name}", item, key) for item, key in ours]
    return {(item.kind, own): (key, item.manifest) for own, item, key in ([(item.name, item, key) for item, key in ours] + keys)}


def by_key(one: Deployed) -> dict[Key, RenderedObject]:
    """What the Application deploys and Argo CD compares, hooks left out."""
    return {key_of(item): item for source in one.sources for item in source.objects if not is_hook(item.manifest)}


def key_of(item: RenderedObject) -> Key:
    """What makes two objects the same one in a cluster: API group, kind, namespace and name."""
    return item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name
