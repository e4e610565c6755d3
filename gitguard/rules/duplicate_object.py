"""duplicate-object: one object that an Application deploys twice."""

from collections.abc import Iterable

from gitguard.model.finding import Finding, Related
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Repository
from gitguard.rules.object_rule import deployed_by, identity, reference, site
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "duplicate-object"


def check(repository: Repository) -> Iterable[Finding]:
    """Compare the objects of all sources of an Application."""
    for deployed in repository.deployed:
        seen: dict[tuple[str, str, str, str], RenderedObject] = {}
        for item in (item for result in deployed.sources for item in result.objects):
            first = seen.setdefault(identity(item), item)
            named = isinstance(item.manifest.get("metadata"), dict) and item.manifest["metadata"].get("name")
            if first is not item and named:
                application = deployed.application
                message = f"{item.kind} `{item.name}` is deployed twice by Application {application.key}: the last one wins"
                related = (deployed_by(application), Related(site(repository, application, first), "the first one"))
                place = site(repository, application, item, "/metadata/name")
                fix = "take one of them out"
                yield Finding(_ID, "warning", message, reference(item), place, related=related, application=application.key, fix=fix)


RULE = Rule(
    id=_ID,
    level="warning",
    summary="An Application deploys the same object twice",
    why="Argo CD warns of it (RepeatedResourceWarning) and applies the last one: what the first one says is never in the cluster.",
    fails=(
        CONFIGURATION,
        example_project(),
        example_application(),
        manifest("v1", "ConfigMap"),
        manifest("v1", "ConfigMap", file="deploy/web2.yaml"),
    ),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap"), manifest("v1", "Service", file="deploy/web2.yaml")),
    fix="Take one of the two out.",
    check=check,
)
