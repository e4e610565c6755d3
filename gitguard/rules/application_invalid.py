"""application-invalid: an Application that Argo CD refuses, whatever its AppProject says."""

from collections.abc import Iterable

from gitguard.argo.applications import structure
from gitguard.model.finding import Finding
from gitguard.model.repository import Repository
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
        for complaint in structure(application.spec):
            part = next((name for prefix, name in _PART_OF if complaint.pointer.startswith(prefix)), "")
            replaced = {"server", "name"} if part == "destination" else {part}
            if not application.unknown & replaced:
                site = application.site(complaint.pointer)
                yield Finding("application-invalid", "error", complaint.message, application.reference, site, application=application.key)


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
