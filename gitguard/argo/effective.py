"""The AppProject that Argo CD judges by: the manifest, what is scoped to it, and what it inherits from global projects (util/argo/argo.go)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.argo.labels import Requirement, Selector, SelectorError, selector, selects
from gitguard.argo.version import at_least
from gitguard.model.argo import Cluster, DestinationEntry, Project, ProjectRepository

# The fields of a Project that a global project adds to, in the manifest's words.
INHERITED = {
    "source_repos": "sourceRepos",
    "destinations": "destinations",
    "cluster_resource_whitelist": "clusterResourceWhitelist",
    "cluster_resource_blacklist": "clusterResourceBlacklist",
    "namespace_resource_whitelist": "namespaceResourceWhitelist",
    "namespace_resource_blacklist": "namespaceResourceBlacklist",
    "sync_windows": "syncWindows",
    "destination_service_accounts": "destinationServiceAccounts",
}


class GlobalEntry(NamedTuple):
    """One entry of `globalProjects` in argocd-cm: a project, and the selector of those that inherit from it (None: it is invalid)."""

    project: str
    selector: Selector | None


class Effective(NamedTuple):
    """The project with everything merged, and where its entries come from.

    `parts` are (name of the AppProject, how many entries of each list are its own), in order; the name is "" for what secrets add.
    """

    project: Project
    parts: tuple[tuple[str, Mapping[str, int]], ...]

    def origin(self, pointer: str) -> tuple[str, str]:
        """The AppProject that an entry of the merged one comes from, and its pointer there; what is no entry is the project's own."""
        _, _, field, number, *rest = [*pointer.split("/"), "", "", ""]
        attribute = next((name for name, key in INHERITED.items() if key == field), "")
        if not attribute or not number:
            return self.project.name, pointer
        index = int(number)
        for name, counts in self.parts:
            if index < counts.get(attribute, 0):
                return name, "/".join(["/spec", field, str(index), *(part for part in rest if part)])
            index -= counts.get(attribute, 0)
        return self.project.name, pointer


def effective(
    project: Project,
    *,
    global_entries: Sequence[GlobalEntry] = (),
    find: Callable[[str], Project | None] = lambda name: None,
    repositories: Iterable[ProjectRepository] = (),
    clusters: Iterable[Cluster] = (),
    version: str = "3.6",
) -> Effective:
    """`find` gives the AppProjects of the control plane by name; `repositories` and `clusters` are all that are known, scoped or not."""
    urls = tuple(repository.url for repository in repositories if repository.project and repository.project == project.name)
    destinations = tuple(
        DestinationEntry(cluster.server.rstrip("/"), "", namespace)
        for cluster in clusters
        if cluster.project and cluster.project == project.name
        for namespace in cluster.namespaces or ("*",)
    )
    merged = project._replace(source_repos=project.source_repos + urls, destinations=project.destinations + destinations)
    parts = [(project.name, _counts(project)), ("", {"source_repos": len(urls), "destinations": len(destinations)})]
    for name in inherits_from(project, global_entries, find):
        inherited = find(name)
        if inherited is not None:
            merged = _merged(merged, inherited, version)
            parts.append((name, _counts(inherited)))
    return Effective(merged, tuple(parts))


def inherits_from(project: Project, entries: Sequence[GlobalEntry], find: Callable[[str], Project | None]) -> tuple[str, ...]:
    """The names of the global projects, in order. An entry that can't be used ends the search, and so do its successors' chances."""
    names = []
    for entry in entries:
        if entry.project == project.name:
            continue
        if entry.selector is None:
            break
        if not selects(entry.selector, dict(project.labels)):
            continue
        if find(entry.project) is None:
            break
        names.append(entry.project)
    return tuple(names)


def global_entries(setting: Any) -> tuple[GlobalEntry, ...]:
    """The parsed value of `globalProjects`; a value of the wrong shape gives none at all, as it does in Argo CD."""
    try:
        return tuple(_entry(item) for item in _listed(setting))
    except TypeError:
        return ()


def _entry(item: Any) -> GlobalEntry:
    body = _mapped(item)
    selecting = _mapped(body.get("labelSelector"))
    expressions = [_mapped(expression) for expression in _listed(selecting.get("matchExpressions"))]
    requirements = [
        Requirement(_said(body.get("key")), _said(body.get("operator")), tuple(_said(value) for value in _listed(body.get("values"))))
        for body in expressions
    ]
    labels = {key: _said(value) for key, value in _mapped(selecting.get("matchLabels")).items()}
    name = _said(body.get("projectName"))
    try:
        return GlobalEntry(name, selector(labels, requirements))
    except SelectorError:
        return GlobalEntry(name, None)


def _listed(value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        raise TypeError("not a list")
    return value or []


def _mapped(value: Any) -> dict[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise TypeError("not a mapping")
    return value or {}


def _said(value: Any) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError("not text")
    return value or ""


def _counts(project: Project) -> dict[str, int]:
    return {field: len(getattr(project, field) or ()) for field in INHERITED}


def _merged(project: Project, inherited: Project, version: str) -> Project:
    """Lists are appended. A whitelist that was absent, and so permitted everything, becomes the inherited one where that has entries."""
    changed = {}
    for field in INHERITED:
        if field == "destination_service_accounts" and not at_least(version, (3, 5)):
            continue
        own, theirs = getattr(project, field), getattr(inherited, field)
        changed[field] = (own or ()) + theirs if theirs else own
    return project._replace(**changed)
