"""AppProjects as Argo CD judges by them: with what secrets scope to them and what they inherit from global projects."""

from collections.abc import Callable, Iterable, Sequence

from gitguard.argo.effective import Effective, GlobalEntry, effective, global_entries
from gitguard.argo.labels import selects
from gitguard.model.argo import Cluster, Project, ProjectRepository
from gitguard.model.configuration import Configuration
from gitguard.model.finding import Site
from gitguard.model.repository import DeclaredProject, Settings


def inheriting(
    configuration: Configuration,
    declared: Sequence[DeclaredProject],
    settings: Sequence[Settings],
    repositories: Sequence[ProjectRepository],
    clusters: Sequence[Cluster],
) -> Iterable[DeclaredProject]:
    """Each AppProject merged; several times where several argocd-cm could be the one that counts and say different things."""
    parsed = {number: global_entries(item.global_projects) for number, item in enumerate(settings)}
    for item in declared:
        visible = {parsed[number]: None for number, one in enumerate(settings) if _shares(configuration, item, one) and parsed[number]}
        others = [other for other in declared if other.reach.roots and _shares(configuration, item, other)]
        for entries in visible or {(): None}:
            yield _merged(configuration.argocd.version, item, entries, others, repositories, clusters)


def _merged(
    version: str,
    item: DeclaredProject,
    entries: tuple[GlobalEntry, ...],
    others: Sequence[DeclaredProject],
    repositories: Sequence[ProjectRepository],
    clusters: Sequence[Cluster],
) -> DeclaredProject:
    nearest = _nearest(item, others)

    def find(name: str) -> Project | None:
        found = nearest(name)
        return found.own if found else None

    made = effective(item.own, global_entries=entries, find=find, repositories=repositories, clusters=clusters, version=version)
    inherited = [nearest(name) for name, _ in made.parts[2:]]
    labels = dict(item.own.labels)
    matching = (
        entry.project for entry in entries if entry.project != item.own.name and entry.selector is not None and selects(entry.selector, labels)
    )
    missing = next((name for name in matching if find(name) is None), "")
    return item._replace(project=made.project, parts=made.parts, inherited=tuple(one for one in inherited if one is not None), missing_global=missing)


def _nearest(item: DeclaredProject, others: Sequence[DeclaredProject]) -> Callable[[str], DeclaredProject | None]:
    """By name, an AppProject that is applied together with this one before others."""

    def nearest(name: str) -> DeclaredProject | None:
        named = [other for other in others if other.own.name == name]
        together = [other for other in named if other.reach.roots & item.reach.roots]
        return next(iter(together or named), None)

    return nearest


def _shares(configuration: Configuration, item: DeclaredProject, other: DeclaredProject | Settings) -> bool:
    """Do both belong to one control plane, as far as namespaces and environments tell?"""
    same_namespace = not item.namespace or not other.namespace or item.namespace == other.namespace
    environments = {configuration.environment_of(item.path), configuration.environment_of(other.path)} - {""}
    return same_namespace and len(environments) < 2


def in_cluster_enabled(configuration: Configuration, settings: Sequence[Settings], namespace: str, path: str) -> bool:
    """May what lies at `path` use the cluster that Argo CD runs in? Not where every argocd-cm that could count disables it."""
    environments = {configuration.environment_of(path)} - {""}
    visible = [
        item for item in settings if item.namespace in ("", namespace) and len(environments | ({configuration.environment_of(item.path)} - {""})) < 2
    ]
    return not visible or any(item.in_cluster for item in visible)


def site_of(declared: DeclaredProject, pointer: str) -> Site:
    """The place of an entry of the merged AppProject: in the manifest that it comes from."""
    name, inside = Effective(declared.project, declared.parts).origin(pointer)
    origin = next((one for one in declared.inherited if one.own.name == name), declared)
    return origin.site(inside if name else inside.rpartition("/")[0])
