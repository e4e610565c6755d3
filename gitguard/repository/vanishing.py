"""What a change takes away: Applications that are there no more, and objects that an Application deploys no more."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from gitguard.argo.syncing import is_hook
from gitguard.model.change import Change
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, Deployed, Repository

_SHOWN = 3
# Kinds with which more is lost than git can bring back.
_PRECIOUS = ("PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition", "StatefulSet")
_Identity = tuple[str, str, str]
_Key = tuple[str, str, str, str]


class Lost(NamedTuple):
    """Applications of one maker that are gone, `maker` being an ApplicationSet or a parent, "" for files."""

    maker: str
    applications: tuple[Application, ...]
    objects: Mapping[str, tuple[RenderedObject, ...] | None]
    """By the Application's key; None where it is not known what it deploys."""
    with_its_set: bool = False
    """Is the ApplicationSet that made them gone, too?"""


class Pruned(NamedTuple):
    """Objects that an Application deployed and deploys no more; `moved` are those of them that another Application deploys now, with its key."""

    application: Application
    objects: tuple[RenderedObject, ...]
    moved: tuple[tuple[RenderedObject, str], ...]
    left_behind: bool
    """Its destination is another cluster now: nothing looks after them."""


def lost(change: Change) -> Iterator[Lost]:
    """The Applications that are gone, by what made them."""
    was, parents = _identities(change.before), _parents(change.before)
    deployed = {was(item.application): item for item in change.before.deployed}
    groups: dict[tuple[str, str], list[Application]] = {}
    for one in (found._replace(by=found.by or parents.get(found.key, "")) for found in _gone(change)):
        if not _may_be_made(one, change.after):
            maker = f"ApplicationSet {one.namespace}/{one.facts.name}" if one.is_set else f"Application {one.by}" if one.by else ""
            groups.setdefault((maker, "" if maker else one.path), []).append(one)
    for (maker, _), gone in groups.items():
        sets = {(one.namespace, one.facts.name) for one in change.after.applications if one.is_set}
        sets |= {(found.application.namespace, found.application.facts.name) for found in change.after.sets}
        objects = {one.key: _objects(deployed.get(was(one))) for one in gone}
        yield Lost(maker, tuple(gone), objects, gone[0].is_set and (gone[0].namespace, gone[0].facts.name) not in sets)


def unknown(change: Change) -> Iterator[Application]:
    """Applications of which it can't be told whether they are gone: what makes them can't be expanded or rendered any more."""
    return (one for one in _gone(change) if _may_be_made(one, change.after))


def unrendered(change: Change) -> Iterator[Application]:
    """Applications that were rendered before, and can't be any more: what they would lose can't be told."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    before = {identity(one.application): one for one in change.before.deployed if _is_known(one)}
    return (one.application for one in change.after.deployed if identity_after(one.application) in before and not _is_known(one))


def pruned(change: Change) -> Iterator[Pruned]:
    """What Applications that are there still deploy no more."""
    identity, identity_after = _identities(change.before), _identities(change.after)
    after: dict[_Identity, list[Deployed]] = {}
    for item in change.after.deployed:
        after.setdefault(identity_after(item.application), []).append(item)
    owners = {key: one.application.key for one in change.after.deployed for key in _keys(one)}
    for was in change.before.deployed:
        found = after.get(identity(was.application), [])
        # Of several of one name in one place it can't be told which became which.
        if len(found) != 1 or not (_is_known(was) and _is_known(found[0])):
            continue
        (now,) = found
        kept = _keys(now)
        elsewhere = _place(was) != _place(now)
        gone = [item for key, item in _by_key(was).items() if (key not in kept or elsewhere) and _is_pruned(item)]
        moved = [(item, owners[key]) for item in gone if (key := _key(item)) in owners and owners[key] != was.application.key]
        if gone:
            yield Pruned(now.application, tuple(gone), tuple(moved), elsewhere)


def _gone(change: Change) -> Iterator[Application]:
    was, is_now = _identities(change.before), _identities(change.after)
    now = {is_now(one) for one in change.after.applications if not _is_template(one)}
    # One that several roots applied, and one root applies still.
    names = {identity[:2] for identity in now if not identity[2]}
    return (one for one in _live(change.before) if (identity := was(one)) not in now and identity[:2] not in names)


def named(objects: Iterable[RenderedObject]) -> str:
    """How many, of which kinds, and the names of some: the ones that are missed most first."""
    listed = sorted(objects, key=lambda item: (item.kind not in _PRECIOUS, item.kind, item.namespace, item.name))
    kinds = Counter(item.kind for item in listed)
    shown = ", ".join(f"{item.kind} {item.namespace}/{item.name}" if item.namespace else f"{item.kind} {item.name}" for item in listed[:_SHOWN])
    rest = (
        f" and {len(listed) - _SHOWN} more ({', '.join(f'{number} {kind}' for kind, number in kinds.most_common(4))})" if len(listed) > _SHOWN else ""
    )
    return f"{len(listed)} {'object' if len(listed) == 1 else 'objects'}: {shown}{rest}"


def precious(objects: Iterable[RenderedObject]) -> str:
    """The kinds among them with which data is lost, "" for none."""
    return ", ".join(sorted({item.kind for item in objects} & set(_PRECIOUS)))


def _live(repository: Repository) -> Iterator[Application]:
    return (one for one in repository.applications if not _is_template(one) and (one.reach.roots or one.generated or one.by))


def _parents(repository: Repository) -> dict[str, str]:
    """Which Application deploys which, also where it lies in a file that is read as it is."""
    made = ((item, one.application.key) for one in repository.deployed for source in one.sources for item in source.objects)
    return {f"{item.namespace}/{item.name}": key for item, key in made if item.kind == "Application" and item.api_version.startswith("argoproj.io/")}


def _is_template(one: Application) -> bool:
    return one.is_set and not one.generated


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


def _may_be_made(one: Application, after: Repository) -> bool:
    """Is what made it there still, and can't it be told what that makes now?"""
    if one.is_set and any(
        _is_template(other) and (other.namespace, other.facts.name) == (one.namespace, one.facts.name) for other in after.applications
    ):
        own = (one.namespace, one.facts.name)
        return any(found.unknown for found in after.sets if (found.application.namespace, found.application.facts.name) == own)
    parents = [found for found in after.deployed if one.by and found.application.key == one.by]
    return any(not _is_known(parent) for parent in parents)


def _is_known(one: Deployed) -> bool:
    return all(not source.failure and source.undetermined is None and not source.skipped for source in one.sources)


def _objects(one: Deployed | None) -> tuple[RenderedObject, ...] | None:
    if one is None or not _is_known(one):
        return None
    return tuple(item for item in _by_key(one).values() if _is_deleted(item))


def _by_key(one: Deployed) -> dict[_Key, RenderedObject]:
    return {_key(item): item for source in one.sources for item in source.objects if not is_hook(item.manifest)}


def _keys(one: Deployed) -> frozenset[_Key]:
    return frozenset(_by_key(one))


def _key(item: RenderedObject) -> _Key:
    return item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name


def _place(one: Deployed) -> tuple[str, str]:
    return one.application.spec.destination.server, one.application.spec.destination.name


def _is_pruned(item: RenderedObject) -> bool:
    return not _is_kept(item, "Prune=false")


def _is_deleted(item: RenderedObject) -> bool:
    return not _is_kept(item, "Delete=false")


def _is_kept(item: RenderedObject, option: str) -> bool:
    """Does the object itself say so, to Argo CD or as Helm has it? What waits for somebody's word (`confirm`) goes with that."""
    annotations = item.manifest.get("metadata", {}).get("annotations") or {}
    options = [part.strip() for part in str(annotations.get("argocd.argoproj.io/sync-options") or "").split(",")]
    return option in options or str(annotations.get("helm.sh/resource-policy") or "").strip() == "keep"
