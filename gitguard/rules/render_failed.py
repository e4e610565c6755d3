"""render-failed: an Application whose source Argo CD's tools refuse to render."""

from collections.abc import Iterable

from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import Repository
from gitguard.rules.object_rule import is_restricted, results
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project
from gitguard.rules.rule import Rule

_ID = "render-failed"
# What source-path-missing says.
_MISSING = ("app path does not exist", "app path is not a directory")
_KUSTOMIZATION = "deploy/kustomization.yaml"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Say what the tool said; and what could not be rendered here, where an AppProject restricts what it may be."""
    for application, result in results(repository):
        if result.failure and not result.failure.endswith(_MISSING):
            message = f"Argo CD can't render this source: {result.failure}"
            site = application.site(result.pointer)
            yield Finding(_ID, "error", message, application.reference, site, application=application.key, fix="mend what the message names")
        elif result.undetermined and not result.undetermined.elsewhere and is_restricted(repository, application):
            reason, needs = result.undetermined.reason, result.undetermined.needs
            yield Undetermined(_ID, application.reference, f"what it deploys is not known: {reason}", needs, application.site(result.pointer))


RULE = Rule(
    id=_ID,
    level="error",
    summary="An Application's source can't be rendered",
    why=(
        "Argo CD runs the same tools on the same files and gets the same error: the Application is in the state Unknown and deploys nothing. "
        "gitguard runs Kustomize and Helm without plugins, network and credentials; what needs those is undetermined, not an error."
    ),
    fails=(CONFIGURATION, example_project(), example_application(), (_KUSTOMIZATION, "resources: [missing.yaml]\n")),
    passes=(
        CONFIGURATION,
        example_project(),
        example_application(),
        (_KUSTOMIZATION, "resources: [web.yaml]\n"),
        ("deploy/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n"),
    ),
    fix="Mend what the message names: it is the tool's own.",
    check=check,
)
