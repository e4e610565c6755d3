"""What the rules on Applications share: whom they ask, and how several possible AppProjects become one verdict."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitguard.argo.gobwas_1 import GlobUndecided
from gitguard.model.argo import Verdict
from gitguard.model.finding import Related, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import choose
from gitguard.repository.inheritance import site_of

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


class Judged(NamedTuple):
    """The denials where every possible AppProject denies, else none; and whether the verdict is undetermined, with the reason if one is known."""

    denials: tuple[tuple[DeclaredProject, Verdict], ...] = ()
    undetermined: bool = False
    reason: str = ""


def denied_by_all(declared: Iterable[DeclaredProject], judge: Callable[[DeclaredProject], Verdict | None]) -> Judged:
    """`judge` gives None where the caller knows why it can't tell. Permitted only when all permit, denied only when all deny."""
    verdicts = [(project, _verdict(project, judge)) for project in declared]
    denials = tuple((project, verdict) for project, verdict in verdicts if verdict.permitted is False)
    if len(denials) == len(verdicts):
        return Judged(denials)
    unknown = [verdict for _, verdict in verdicts if verdict.permitted is None]
    return Judged((), bool(denials or unknown), next((verdict.reason for verdict in unknown), ""))


def _verdict(project: DeclaredProject, judge: Callable[[DeclaredProject], Verdict | None]) -> Verdict:
    try:
        return judge(project) or Verdict(None, "", "")
    except GlobUndecided as error:
        return Verdict(None, f"in AppProject {project.project.name}, {error}", "")


def because(denials: Iterable[tuple[DeclaredProject, Verdict]], field: str) -> tuple[Related, ...]:
    """The places in the AppProjects that deny: the entry, or the list where nothing matched."""
    return tuple(
        Related(site_of(declared, verdict.entry or field), f"AppProject {declared.project.name}: {verdict.reason}") for declared, verdict in denials
    )
