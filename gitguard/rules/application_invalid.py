"""application-invalid: an Application that Argo CD refuses, whatever its AppProject says."""

from collections.abc import Iterable

from gitguard.argo.applications import structure
from gitguard.argo.clusters import Unresolved
from gitguard.model.argo import Complaint
from gitguard.model.finding import Finding
from gitguard.model.repository import Application, Repository
from gitguard.repository.choices import cluster_of
from gitguard.rules.application_rule import APPLICATION, EXAMPLE_PROJECT, applied, example_application
from gitguard.rules.rule import Rule

_NO_CLUSTER = (
    APPLICATION,
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n  project: web\n"
    "  source:\n    repoURL: https://github.com/example/web\n    path: deploy\n    targetRevision: main\n"
    "  destination:\n    name: prod\n    server: https://kubernetes.default.svc\n    namespace: web-prod\n",
)
_PART_OF = (("/spec/destination", "destination"), ("/spec/source", "source"))


def check(repository: Repository) -> Iterable[Finding]:
    """Argo CD's own checks of a spec, on every Application and, where nothing replaces the field, on every template."""
    for application in applied(repository):
        if application.changed_by_kustomize:
            continue
        for complaint in (*structure(application.spec, repository.configuration.argocd.version), *_disabled(repository, application)):
            part = next((name for prefix, name in _PART_OF if complaint.pointer.startswith(prefix)), "")
            replaced = {"server", "name"} if part == "destination" else {part}
            if not application.unknown & replaced:
                site = application.site(complaint.pointer)
                yield Finding("application-invalid", "error", complaint.message, application.reference, site, application=application.key)


def _disabled(repository: Repository, application: Application) -> Iterable[Complaint]:
    """The cluster that Argo CD runs in may be closed to Applications."""
    found, destination = cluster_of(repository, application), application.spec.destination
    if isinstance(found, Unresolved) and found.denied and bool(destination.server) != bool(destination.name):
        yield Complaint(f"/spec/destination/{'server' if destination.server else 'name'}", found.reason)


RULE = Rule(
    id="application-invalid",
    level="error",
    summary="Argo CD refuses the Application, whatever its AppProject permits",
    why="Argo CD marks it with `InvalidSpecError` and does not deploy it: no source, no path or chart, both name and server of a cluster, …",
    fails=(EXAMPLE_PROJECT, _NO_CLUSTER),
    passes=(EXAMPLE_PROJECT, example_application()),
    fix="Correct the field that the message names.",
    check=check,
)
