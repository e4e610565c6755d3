"""What a change takes away: Applications that are there no more, and objects that an Application deploys no more.

What Argo CD does with an object is decided by its tracking id, on the object in the cluster. An Application prunes, and its cascade deletes, only
what names it (controller/cache/cache.go, GetManagedLiveObjs; controller/state.go, isSelfReferencedObj, of 3.6). A sync of another Application that
deploys the same object writes its own id (SharedResourceWarning until then; with FailOnSharedResource=true that sync fails). So of an object that
moves to another Application the syncs decide: where the new one's comes first, it stays; where the old one's does, it is deleted, and made anew
(https://github.com/argoproj/argo-cd/issues/16721, https://github.com/argoproj/argo-cd/issues/22607).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.argo.clusters import Unresolved
from gitguard.argo.upkeep import Removal, when_cascaded, when_pruned
from gitguard.model.argo import Upkeep
from gitguard.model.change import Change
from gitguard.model.rendering import Reads, RenderedObject
from gitguard.model.repository import Application, Deployed, Repository
from gitguard.repository.choices import cluster_of
from gitguard.repository.endings import Ending, Endings, Key, by_key, is_emptied, is_known, key_of, live, upkeep_of
from gitguard.repository.losses import loss
from gitguard.repository.renaming import renamed

_Identity = tuple[str, str, str]
_Place = tuple[str, str]


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
    endings, owners = Endings(change), _Owners(change.after)
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
        objects = {one.key: _cascaded(one, item, change) for one, item in falling}
        moved = tuple(pair for one, _ in falling for pair in owners.moved(change.before, one, objects[one.key] or ()))
        waits = any(_waits(item, upkeep_of(one, change)) for one, _ in falling for item in objects[one.key] or ())
        yield Lost(maker, tuple(listed), ending, objects, moved, {one.key: names[one.key] for one in listed if one.key in names}, waits)


def unknown(change: Change) -> Iterator[Application]:
    """Applications of which it can't be told whether they are gone: what makes them can't be expanded or rendered any more."""
    endings = Endings(change)
    return (one for one in _gone(change) if endings.may_be_made(one))


def unrendered(change: Change) -> Iterator[Application]:
    """Applications that were rendered before and can't be any more, or never could here and read what changes: what they lose can't be told."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    before = {identity(one.application): is_known(one) for one in change.before.deployed}
    paths = [path for one in change.paths for path in one.paths]
    for one in change.after.deployed:
        was_known = before.get(identity_after(one.application))
        if not is_known(one) and (was_known or (was_known is False and _reads_one_of(one, paths))):
            yield one.application


def unplaced(change: Change) -> Iterator[Application]:
    """Applications of which it can't be told whether they go to another cluster: one side names it, the other has its server."""
    return (now.application for was, now in _pairs(change) if _is_elsewhere(change, was, now) is None)


def pruned(change: Change) -> Iterator[Pruned]:
    """What Applications that are there still deploy no more. What `lost` tells is left out: Applications, and ApplicationSets with what they made."""
    owners = _Owners(change.after)
    told = _told(change)
    for was, now in _pairs(change):
        had, kept, elsewhere = by_key(was), by_key(now), bool(_is_elsewhere(change, was, now))
        gone = [item for key, item in had.items() if (key not in kept or elsewhere) and (elsewhere or not _is_told(item, told))]
        if elsewhere:
            if gone:
                yield Pruned(now.application, tuple(gone), Removal.STAYS, left_behind=True)
            continue
        emptied = is_emptied(now)
        by = upkeep_of(now.application, change)
        groups: dict[Removal, list[RenderedObject]] = {}
        for item in gone:
            removal = when_pruned(item.manifest, by._replace(prunes=by.prunes and not emptied))
            # What says by itself that it stays is meant to.
            if removal is not Removal.STAYS or when_pruned(item.manifest, Upkeep()) is not Removal.STAYS:
                groups.setdefault(removal, []).append(item)
        new = [item for key, item in kept.items() if key not in had]
        for removal, listed in groups.items():
            moved = tuple(owners.moved(change.before, was.application, listed))
            yield Pruned(now.application, tuple(listed), removal, moved, _new_objects(listed, new), emptied=emptied and by.prunes)


class _Owners:
    """Which Applications deploy which objects, by cluster."""

    def __init__(self, repository: Repository) -> None:
        self._environment_of = repository.configuration.environment_of
        self._by_key: dict[tuple[_Place, Key], list[Application]] = {}
        for one in repository.deployed:
            place = _place(repository, one.application)
            for key in by_key(one):
                self._by_key.setdefault((place, key), []).append(one.application)

    def moved(self, before: Repository, was: Application, items: Iterable[RenderedObject]) -> Iterator[tuple[RenderedObject, str]]:
        """Those of the objects of an Application that another one of its control plane deploys."""
        place = _place(before, was)
        for item in items:
            found = (one for one in self._by_key.get((place, key_of(item)), ()) if one.key != was.key and self._meet(one, was))
            owner = next(found, None)
            if owner is not None:
                yield item, owner.key

    def _meet(self, one: Application, other: Application) -> bool:
        environments = {self._environment_of(application.path) for application in (one, other)} - {""}
        return len(environments) < 2 and bool(one.reach.roots & other.reach.roots)


def _gone(change: Change) -> Iterator[Application]:
    was, is_now = _identities(change.before), _identities(change.after)
    now = {is_now(one) for one in live(change.after)}
    # One that several roots applied, and one root applies still.
    names = {identity[:2] for identity in now if not identity[2]}
    return (one for one in live(change.before) if (identity := was(one)) not in now and identity[:2] not in names)


def _pairs(change: Change) -> Iterator[tuple[Deployed, Deployed]]:
    """The Applications that are there before and after, and whose objects are known on both sides."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    after: dict[_Identity, list[Deployed]] = {}
    for item in change.after.deployed:
        after.setdefault(identity_after(item.application), []).append(item)
    for was in change.before.deployed:
        found = after.get(identity(was.application), [])
        # Of several of one name in one place it can't be told which became which.
        if len(found) == 1 and is_known(was) and is_known(found[0]):
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
    endings = Endings(change)
    gone = [one for one in _gone(change) if not endings.may_be_made(one)]
    return frozenset({(one.facts.kind, f"{one.namespace}/{one.facts.name}".lstrip("/")) for one in gone} | {("Application", one.key) for one in gone})


def _is_told(item: RenderedObject, told: frozenset[tuple[str, str]]) -> bool:
    names = {(item.kind, f"{item.namespace}/{item.name}"), (item.kind, item.name)}
    return item.api_version.startswith("argoproj.io/") and bool(names & told)


def _new_names(change: Change, gone: Iterable[Application]) -> Mapping[str, str]:
    """What Applications have become: new ones of the same sources and destination, or with nearly the same objects."""
    listed = list(gone)
    was = {one.key for one in change.before.applications}
    new = [one for one in live(change.after) if one.key not in was]
    deployed = {one.application.key: one for side in (change.before, change.after) for one in side.deployed}

    def spec(one: Application) -> Any:
        return [one.spec.destination, one.spec.sources]

    def objects(one: Application) -> Any:
        return [[item.kind, item.name] for item in by_key(deployed[one.key]).values()] if one.key in deployed else []

    found = renamed(listed, new, lambda one: one.name, spec, exact=True)
    left = [one for number, one in enumerate(listed) if number not in found]
    others = [one for one in new if one not in found.values()]
    by_objects = renamed(left, others, lambda one: one.name, objects)
    return {listed[number].key: one.key for number, one in found.items()} | {left[number].key: one.key for number, one in by_objects.items()}


def _new_objects(gone: list[RenderedObject], new: list[RenderedObject]) -> Mapping[int, RenderedObject]:
    """What objects have become, by their places in `gone`: new ones of the same kind and namespace with nearly the same content."""
    found: dict[int, RenderedObject] = {}
    for one in {key_of(item)[:3] for item in gone}:
        places = [number for number, item in enumerate(gone) if key_of(item)[:3] == one]
        candidates = [item for item in new if key_of(item)[:3] == one]
        names = renamed([gone[number] for number in places], candidates, lambda item: item.name, _content)
        found |= {places[number]: item for number, item in names.items()}
    return found


def _content(item: RenderedObject) -> Any:
    metadata = {key: value for key, value in (item.manifest.get("metadata") or {}).items() if key not in ("name", "namespace")}
    return {**{key: value for key, value in item.manifest.items() if key not in ("apiVersion", "kind")}, "metadata": metadata}


def _losses(items: Iterable[RenderedObject]) -> tuple[tuple[RenderedObject, str], ...]:
    return tuple((item, what) for item in items if (what := loss(item)))


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


def _reads_one_of(one: Deployed, paths: Iterable[str]) -> bool:
    """Does what could not be rendered read one of the paths? What Argo CD itself can't render it does not sync either."""
    lacking = [source for source in one.sources if source.undetermined is not None and not source.undetermined.elsewhere]
    # Where planning ended early only the folders are known.
    folders = Reads(folders=tuple(source.path.strip("/") for source in one.application.spec.sources if source.path))
    return any((source.reads if source.reads != Reads() else folders).touches(path) for path in paths for source in lacking)


def _waits(item: RenderedObject, by: Upkeep) -> bool:
    return when_cascaded(item.manifest, by) is Removal.CONFIRMED


def _cascaded(application: Application, deployed: Deployed | None, change: Change) -> tuple[RenderedObject, ...] | None:
    """What goes with an Application that is deleted; None where it is not known what it deploys."""
    if deployed is None or not is_known(deployed):
        return None
    by = upkeep_of(application, change)
    falling = (item for item in by_key(deployed).values() if when_cascaded(item.manifest, by) is not Removal.STAYS)
    return tuple(item for item in falling if not _is_told(item, frozenset({("Application", application.key)})))
