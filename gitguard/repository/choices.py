"""Which AppProject an Application means, where several of one name, or none, can be seen; and which cluster."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from gitguard.argo.clusters import Unresolved, resolve
from gitguard.model.argo import Cluster, DestinationEntry, KindEntry, Project
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.inheritance import in_cluster_enabled

# What Argo CD's API server creates at its first start, and what a repository that does not declare it runs with.
BUILT_IN_DEFAULT = Project(
    name="default",
    source_repos=("*",),
    destinations=(DestinationEntry(server="*", name="", namespace="*"),),
    cluster_resource_whitelist=(KindEntry("*", "*"),),
)


class Choice(NamedTuple):
    """The AppProjects that an Application may mean.

    Exactly one of three: `candidates` (all of one name; one of them is meant), `unknown` with what is `needed` to tell, or neither: there
    is no such AppProject, and `dead`, `similar` or `removed` (by the change under judgement) may say why.
    """

    candidates: tuple[DeclaredProject, ...] = ()
    built_in: bool = False
    unknown: str = ""
    needs: str = ""
    dead: tuple[DeclaredProject, ...] = ()
    similar: str = ""
    removed: bool = False


def project_name(application: Application) -> str:
    """The name that Argo CD looks up: an Application without one means `default`, an ApplicationSet's template does not."""
    return application.spec.project or ("" if application.is_set else "default")


def control_plane(repository: Repository, application: Application) -> str:
    """The namespace of the Argo CD that sees the Application: its own where AppProjects are declared there, else the configured one."""
    known = (*repository.projects, *repository.removed_projects)
    if any(declared.namespace == application.namespace for declared in known if application.namespace):
        return application.namespace
    return repository.configuration.argocd.namespace


def choose(repository: Repository, application: Application) -> Choice:
    """The AppProjects that `application` may mean."""
    name = project_name(application)
    if "project" in application.unknown:
        return Choice(unknown="its project is templated", needs="the values that the template is filled with")
    settings = repository.configuration
    visible = _visible(repository, application, repository.projects)
    named = [declared for declared in visible if declared.project.name == name]
    applied = _nearest(application, [declared for declared in named if declared.reach.roots])
    if applied:
        return Choice(candidates=tuple(applied))
    if name == "default":
        return Choice(built_in=True)
    if name in settings.external_projects:
        return Choice(unknown=f"AppProject {name} is declared elsewhere (external.projects)", needs=f"the manifest of AppProject {name}")
    if any(declared.project.name == name for declared in _visible(repository, application, repository.removed_projects)):
        return Choice(dead=tuple(named), removed=True)
    rendered = [path for path, kinds in repository.templates if "AppProject" in kinds]
    if rendered:
        return Choice(
            unknown=f"AppProject {name} may be made by the template {rendered[0]}", needs="rendering of the templates that declare AppProjects"
        )
    alive = [declared for declared in visible if declared.reach.roots]
    if not alive and not named:
        return Choice(unknown="the repository declares no AppProject for this Argo CD", needs="the AppProjects, or their names in external.projects")
    similar = get_close_matches(name, sorted({declared.project.name for declared in alive} | {"default"}), n=1)
    return Choice(dead=tuple(named), similar=similar[0] if similar else "")


def cluster_of(repository: Repository, application: Application) -> Cluster | Unresolved:
    """The cluster that the destination means."""
    enabled = in_cluster_enabled(repository.configuration, repository.settings, control_plane(repository, application), application.path)
    version = repository.configuration.argocd.version
    return resolve(application.spec.destination, repository.clusters, version, in_cluster=enabled)


def removed(before: Repository, after: Repository) -> tuple[DeclaredProject, ...]:
    """The AppProjects that are applied in `before` and not in `after`: deleted, renamed, or left out by what has applied them.

    Taking away the last one must not turn "denied" into "nothing is known of AppProjects here".
    """

    def place(declared: DeclaredProject) -> tuple[str, str, str]:
        return declared.project.name, declared.namespace, before.configuration.environment_of(declared.path)

    applied = {place(declared) for declared in after.projects if declared.reach.roots}
    return tuple(declared for declared in before.projects if declared.reach.roots and place(declared) not in applied)


def _visible(repository: Repository, application: Application, projects: Iterable[DeclaredProject]) -> Sequence[DeclaredProject]:
    """Those of the AppProjects that are of the Application's control plane and environment; one without a namespace goes wherever it is applied."""
    namespace = control_plane(repository, application)
    environment = repository.configuration.environment_of(application.path)
    return [
        declared
        for declared in projects
        if declared.namespace in ("", namespace) and (not environment or repository.configuration.environment_of(declared.path) in ("", environment))
    ]


def _nearest(application: Application, declared: list[DeclaredProject]) -> list[DeclaredProject]:
    """Of several, those of the Application's environment and root, where there are such."""
    same_root = [item for item in declared if item.reach.roots & application.reach.roots]
    return same_root or declared
