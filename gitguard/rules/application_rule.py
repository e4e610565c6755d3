"""What the rules on Applications share: whom they ask, and how several possible AppProjects become one verdict."""

from collections.abc import Callable, Iterable, Iterator

from gitguard.argo.clusters import Unresolved, resolve
from gitguard.model.argo import Cluster, Verdict
from gitguard.model.finding import Related, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import choose, control_plane
from gitguard.repository.inheritance import in_cluster_enabled, site_of

PROJECTS = "projects.yaml"
APPLICATION = "web.yaml"

# The AppProject that the rules' examples share.
EXAMPLE_PROJECT = (
    PROJECTS,
    "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n"
    "  sourceRepos:\n    - https://github.com/example/*\n"
    "  destinations:\n    - server: https://kubernetes.default.svc\n      namespace: web-*\n",
)


def example_application(
    *, project: str = "web", repository: str = "https://github.com/example/web", namespace: str = "web-prod", home: str = "argocd"
) -> tuple[str, str]:
    """An Application for the rules' examples, right in all but what is given."""
    return (
        APPLICATION,
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: {home}\nspec:\n  project: {project}\n"
        f"  source:\n    repoURL: {repository}\n    path: deploy\n    targetRevision: main\n"
        f"  destination:\n    server: https://kubernetes.default.svc\n    namespace: {namespace}\n",
    )


def applied(repository: Repository) -> Iterator[Application]:
    """The Applications and ApplicationSets that something applies."""
    return (application for application in repository.applications if application.reach.roots)


def needs_rendering(rule: str, application: Application) -> Undetermined | None:
    """Said once of an Application that a kustomization patches into something else than its file."""
    if not application.changed_by_kustomize:
        return None
    reason = "kustomize patches change it before it is applied"
    return Undetermined(rule, application.reference, reason, "rendering of its kustomization", application.site(""))


def candidates(repository: Repository, application: Application) -> tuple[DeclaredProject, ...]:
    """The AppProjects to judge against; none where they are not known, or can't be judged (project-not-found says so)."""
    chosen = choose(repository, application).candidates
    return () if any(declared.unknown[0] for declared in chosen) else chosen


def cluster_of(repository: Repository, application: Application) -> Cluster | Unresolved:
    """The cluster that the destination means."""
    enabled = in_cluster_enabled(repository.configuration, repository.settings, control_plane(repository, application), application.path)
    version = repository.configuration.argocd.version
    return resolve(application.spec.destination, repository.clusters, version, in_cluster=enabled)


def denied_by_all(
    declared: Iterable[DeclaredProject], judge: Callable[[DeclaredProject], Verdict | None]
) -> tuple[list[tuple[DeclaredProject, Verdict]], bool]:
    """The denials where every possible AppProject denies, else none; and whether the verdict is undetermined.

    `judge` gives None where it can't tell. Permitted only when all permit, denied only when all deny.
    """
    verdicts = [(project, judge(project)) for project in declared]
    denials = [(project, verdict) for project, verdict in verdicts if verdict is not None and not verdict.permitted]
    if len(denials) == len(verdicts):
        return denials, False
    return [], bool(denials) or any(verdict is None for _, verdict in verdicts)


def because(denials: Iterable[tuple[DeclaredProject, Verdict]], field: str) -> tuple[Related, ...]:
    """The places in the AppProjects that deny: the entry, or the list where nothing matched."""
    return tuple(
        Related(site_of(declared, verdict.entry or field), f"AppProject {declared.project.name}: {verdict.reason}") for declared, verdict in denials
    )
