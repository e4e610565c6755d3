"""What a change takes away: Applications that are there no more, and objects that an Application deploys no more.

What Argo CD does with an object is decided by its tracking id, on the object in the cluster. An Application prunes, and its cascade deletes, only
what names it (controller/cache/cache.go, GetManagedLiveObjs; controller/state.go, isSelfReferencedObj, of 3.6). A sync of another Application that
deploys the same object writes its own id (SharedResourceWarning until then; with FailOnSharedResource=true that sync fails). So of an object that
moves to another Application the syncs decide: where the new one's comes first, it stays; where the old one's does, it is deleted, and made anew
(https://github.com/argoproj/argo-cd/issues/16721, https://github.com/argoproj/argo-cd/issues/22607).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.argo.clusters import Unresolved
from gitguard.argo.syncing import is_hook
from gitguard.argo.upkeep import Removal, when_cascaded, when_pruned
from gitguard.argo.version import at_least
from gitguard.model.argo import Upkeep
from gitguard.model.change import Change
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, Deployed, Repository
from gitguard.repository.choices import cluster_of
from gitguard.repository.losses import loss
from gitguard.repository.renaming import renamed

_Identity = tuple[str, str, str]
_Key = tuple[str, str, str, str]
_Place = tuple[str, str]


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


class Lost(NamedTuple):
    """Applications of one maker that are gone and end the same way, `maker` being an ApplicationSet or a parent, "" for files."""

    maker: str
    applications: tuple[Application, ...]
    ending: Ending
    objects: Mapping[str, tuple[RenderedObject, ...] | None]
    """What is deleted with each, by its key; None where it is not known what it deploys."""
    moved: tuple[tuple[RenderedObject, str], ...]
    """Those of them that another Application deploys now, with its key."""
    names: Mapping[str, str]
    """By key, the key of the one that an Application has become by all that can be seen."""
    waits: bool = False
    """Does one of the objects ask for somebody's word (Delete=confirm)? Then none goes before it is given."""

    @property
    def losses(self) -> tuple[tuple[RenderedObject, str], ...]:
        """What git can't bring back, and what goes with it."""
        return _losses(item for objects in self.objects.values() for item in objects or ())


class Pruned(NamedTuple):
    """Objects that an Application deployed and deploys no more, and what becomes of them.

    `moved` are those of them that another Application deploys now, with its key; `names` what they have become, by their places in `objects`.
    """

    application: Application
    objects: tuple[RenderedObject, ...]
    removal: Removal
    moved: tuple[tuple[RenderedObject, str], ...] = ()
    names: Mapping[int, RenderedObject] = MappingProxyType({})
    left_behind: bool = False
    """Its destination is another cluster now: nothing looks after them."""
    emptied: bool = False
    """It deploys nothing at all any more: automated syncs don't delete that (appcontroller.go, autoSync)."""

    @property
    def losses(self) -> tuple[tuple[RenderedObject, str], ...]:
        """What git can't bring back, and what goes with it."""
        return _losses(self.objects)


def lost(change: Change) -> Iterator[Lost]:
    """The Applications that are gone, by what made them and how they end."""
    was = _identities(change.before)
    deployed = {was(item.application): item for item in change.before.deployed}
    endings, owners = _Endings(change), _Owners(change.after)
    gone = [one for one in _gone(change) if not endings.may_be_made(one)]
    groups: dict[tuple[str, str, Ending], list[Application]] = {}
    for one in gone:
        parent = endings.parent_of(one)
        maker = f"ApplicationSet {one.namespace}/{one.facts.name}" if one.is_set else f"Application {parent}" if parent else ""
        groups.setdefault((maker, "" if maker else one.path, endings.of(one)), []).append(one)
    names = _new_names(change, gone)
    for (maker, _, ending), listed in groups.items():
        found = [(one, deployed.get(was(one))) for one in listed]
        falling = [(one, item) for one, item in found if one.upkeep.cascades and ending.removal is not Removal.STAYS]
        objects = {one.key: _cascaded(one, item, _version(change)) for one, item in falling}
        moved = tuple(pair for one, _ in falling for pair in owners.moved(change.before, one, objects[one.key] or ()))
        waits = any(_waits(item, _upkeep(one, _version(change))) for one, _ in falling for item in objects[one.key] or ())
        yield Lost(maker, tuple(listed), ending, objects, moved, {one.key: names[one.key] for one in listed if one.key in names}, waits)


def unknown(change: Change) -> Iterator[Application]:
    """Applications of which it can't be told whether they are gone: what makes them can't be expanded or rendered any more."""
    endings = _Endings(change)
    return (one for one in _gone(change) if endings.may_be_made(one))


def unrendered(change: Change) -> Iterator[Application]:
    """Applications that were rendered before, and can't be any more: what they would lose can't be told."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    before = {identity(one.application): one for one in change.before.deployed if _is_known(one)}
    return (one.application for one in change.after.deployed if identity_after(one.application) in before and not _is_known(one))


def unplaced(change: Change) -> Iterator[Application]:
    """Applications of which it can't be told whether they go to another cluster: one side names it, the other has its server."""
    return (now.application for was, now in _pairs(change) if _is_elsewhere(change, was, now) is None)


def pruned(change: Change) -> Iterator[Pruned]:
    """What Applications that are there still deploy no more. What `lost` tells is left out: Applications, and ApplicationSets with what they made."""
    owners = _Owners(change.after)
    told = _told(change)
    for was, now in _pairs(change):
        kept, elsewhere = _by_key(now), bool(_is_elsewhere(change, was, now))
        gone = [item for key, item in _by_key(was).items() if (key not in kept or elsewhere) and (elsewhere or not _is_told(item, told))]
        if elsewhere:
            if gone:
                yield Pruned(now.application, tuple(gone), Removal.STAYS, left_behind=True)
            continue
        emptied = _is_emptied(now)
        by = _upkeep(now.application, _version(change))
        groups: dict[Removal, list[RenderedObject]] = {}
        for item in gone:
            removal = when_pruned(item.manifest, by._replace(prunes=by.prunes and not emptied))
            # What says by itself that it stays is meant to.
            if removal is not Removal.STAYS or when_pruned(item.manifest, Upkeep()) is not Removal.STAYS:
                groups.setdefault(removal, []).append(item)
        new = [item for key, item in kept.items() if key not in _by_key(was)]
        for removal, listed in groups.items():
            moved = tuple(owners.moved(change.before, was.application, listed))
            yield Pruned(now.application, tuple(listed), removal, moved, _new_objects(listed, new), emptied=emptied and by.prunes)


class _Endings:
    """What becomes of the Applications and ApplicationSets that are gone."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._version = _version(change)
        self._made = _parents(change.before)
        self._before = {one.key: one for one in _live(change.before)}
        self._after = {one.key: one for one in _live(change.after)}
        self._sets_before, self._sets_after = _sets(change.before), _sets(change.after)
        self._known = {one.application.key: _is_known(one) for one in change.after.deployed}
        self._emptied = {one.application.key for one in change.after.deployed if _is_emptied(one)}

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
            by = _upkeep(now, self._version)
            return Ending(when_pruned(manifest, by._replace(prunes=by.prunes and now.key not in self._emptied)), How.PRUNED, parent.key)
        above = self.of(parent, seen=seen | {one.key})
        goes = parent.upkeep.cascades and when_cascaded(manifest, _upkeep(parent, self._version)) is not Removal.STAYS
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


class _Owners:
    """Which Applications deploy which objects, by cluster."""

    def __init__(self, repository: Repository) -> None:
        self._environment_of = repository.configuration.environment_of
        self._by_key: dict[tuple[_Place, _Key], list[Application]] = {}
        for one in repository.deployed:
            place = _place(repository, one.application)
            for key in _by_key(one):
                self._by_key.setdefault((place, key), []).append(one.application)

    def moved(self, before: Repository, was: Application, items: Iterable[RenderedObject]) -> Iterator[tuple[RenderedObject, str]]:
        """Those of the objects of an Application that another one of its control plane deploys."""
        place = _place(before, was)
        for item in items:
            found = (one for one in self._by_key.get((place, _key(item)), ()) if one.key != was.key and self._meet(one, was))
            owner = next(found, None)
            if owner is not None:
                yield item, owner.key

    def _meet(self, one: Application, other: Application) -> bool:
        environments = {self._environment_of(application.path) for application in (one, other)} - {""}
        return len(environments) < 2 and bool(one.reach.roots & other.reach.roots)


def _gone(change: Change) -> Iterator[Application]:
    was, is_now = _identities(change.before), _identities(change.after)
    now = {is_now(one) for one in _live(change.after)}
    # One that several roots applied, and one root applies still.
    names = {identity[:2] for identity in now if not identity[2]}
    return (one for one in _live(change.before) if (identity := was(one)) not in now and identity[:2] not in names)


def _pairs(change: Change) -> Iterator[tuple[Deployed, Deployed]]:
    """The Applications that are there before and after, and whose objects are known on both sides."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    after: dict[_Identity, list[Deployed]] = {}
    for item in change.after.deployed:
        after.setdefault(identity_after(item.application), []).append(item)
    for was in change.before.deployed:
        found = after.get(identity(was.application), [])
        # Of several of one name in one place it can't be told which became which.
        if len(found) == 1 and _is_known(was) and _is_known(found[0]):
            yield was, found[0]


def _is_elsewhere(change: Change, was: Deployed, now: Deployed) -> bool | None:
    """Does it deploy to another cluster now? None where that is not known: a server on one side, a name on the other."""
    # A cluster that one side tells of is the same on the other.
    clusters = tuple(dict.fromkeys((*change.before.clusters, *change.after.clusters)))
    before, after = (
        _place(repository._replace(clusters=clusters), one.application) for repository, one in ((change.before, was), (change.after, now))
    )
    return None if (not before[0]) != (not after[0]) else before != after


def _place(repository: Repository, application: Application) -> _Place:
    """The cluster that it deploys to, as (server, ""); as (server, name) as they are written where it is not known."""
    found, written = cluster_of(repository, application), application.spec.destination
    return (written.server.rstrip("/"), written.name) if isinstance(found, Unresolved) else (found.server, "")


def _told(change: Change) -> frozenset[tuple[str, str]]:
    """The Applications that are gone, and the ApplicationSets that made such, by kind and key."""
    endings = _Endings(change)
    gone = [one for one in _gone(change) if not endings.may_be_made(one)]
    return frozenset({(one.facts.kind, f"{one.namespace}/{one.facts.name}".lstrip("/")) for one in gone} | {("Application", one.key) for one in gone})


def _is_told(item: RenderedObject, told: frozenset[tuple[str, str]]) -> bool:
    names = {(item.kind, f"{item.namespace}/{item.name}"), (item.kind, item.name)}
    return item.api_version.startswith("argoproj.io/") and bool(names & told)


def _new_names(change: Change, gone: Iterable[Application]) -> Mapping[str, str]:
    """What Applications have become: new ones of the same sources and destination, or with nearly the same objects."""
    listed = list(gone)
    was = {one.key for one in change.before.applications}
    new = [one for one in _live(change.after) if one.key not in was]
    deployed = {one.application.key: one for side in (change.before, change.after) for one in side.deployed}

    def spec(one: Application) -> Any:
        return [one.spec.destination, one.spec.sources]

    def objects(one: Application) -> Any:
        return [[item.kind, item.name] for item in _by_key(deployed[one.key]).values()] if one.key in deployed else []

    found = renamed(listed, new, lambda one: one.name, spec, exact=True)
    left = [one for number, one in enumerate(listed) if number not in found]
    others = [one for one in new if one not in found.values()]
    by_objects = renamed(left, others, lambda one: one.name, objects)
    return {listed[number].key: one.key for number, one in found.items()} | {left[number].key: one.key for number, one in by_objects.items()}


def _new_objects(gone: list[RenderedObject], new: list[RenderedObject]) -> Mapping[int, RenderedObject]:
    """What objects have become, by their places in `gone`: new ones of the same kind and namespace with nearly the same content."""
    found: dict[int, RenderedObject] = {}
    for one in {_key(item)[:3] for item in gone}:
        places = [number for number, item in enumerate(gone) if _key(item)[:3] == one]
        candidates = [item for item in new if _key(item)[:3] == one]
        names = renamed([gone[number] for number in places], candidates, lambda item: item.name, _content)
        found |= {places[number]: item for number, item in names.items()}
    return found


def _content(item: RenderedObject) -> Any:
    metadata = {key: value for key, value in (item.manifest.get("metadata") or {}).items() if key not in ("name", "namespace")}
    return {**{key: value for key, value in item.manifest.items() if key not in ("apiVersion", "kind")}, "metadata": metadata}


def _losses(items: Iterable[RenderedObject]) -> tuple[tuple[RenderedObject, str], ...]:
    return tuple((item, what) for item in items if (what := loss(item)))


def _version(change: Change) -> str:
    return change.after.configuration.argocd.version


def _upkeep(one: Application, version: str) -> Upkeep:
    """Prune and Delete are options of whole Applications since 3.4."""
    return one.upkeep if at_least(version, (3, 4)) else one.upkeep._replace(pruning=None, deletion=None)


def _live(repository: Repository) -> Iterator[Application]:
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


def _identities(repository: Repository) -> Callable[[Application], _Identity]:
    """Tells Applications apart: by environment and name, and those of one name that several roots apply, by their roots."""
    environment_of = repository.configuration.environment_of
    places: dict[tuple[str, str], set[frozenset[str]]] = {}
    for one in repository.applications:
        places.setdefault((environment_of(one.path), one.key), set()).add(one.reach.roots)

    def identity(one: Application) -> _Identity:
        environment = environment_of(one.path)
        is_alone = len(places.get((environment, one.key), ())) < 2
        return environment, one.key, "" if is_alone else "\0".join(sorted(one.reach.roots))

    return identity


def _is_known(one: Deployed) -> bool:
    return all(not source.failure and source.undetermined is None and not source.skipped for source in one.sources)


def _is_emptied(now: Deployed) -> bool:
    """Does it deploy nothing at all? An automated sync does not prune all that there is, unless allowEmpty says so (appcontroller.go, autoSync)."""
    return _is_known(now) and not _by_key(now) and not now.application.upkeep.empties


def _waits(item: RenderedObject, by: Upkeep) -> bool:
    return when_cascaded(item.manifest, by) is Removal.CONFIRMED


def _cascaded(application: Application, deployed: Deployed | None, version: str) -> tuple[RenderedObject, ...] | None:
    """What goes with an Application that is deleted; None where it is not known what it deploys."""
    if deployed is None or not _is_known(deployed):
        return None
    by = _upkeep(application, version)
    falling = (item for item in _by_key(deployed).values() if when_cascaded(item.manifest, by) is not Removal.STAYS)
    return tuple(item for item in falling if not _is_told(item, frozenset({("Application", application.key)})))


def _by_key(one: Deployed) -> dict[_Key, RenderedObject]:
    return {_key(item): item for source in one.sources for item in source.objects if not is_hook(item.manifest)}


def _key(item: RenderedObject) -> _Key:
    return item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name
