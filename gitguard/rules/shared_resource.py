"""shared-resource: one object that two Applications deploy."""

from collections.abc import Iterable

from gitguard.model.finding import Finding, Related
from gitguard.model.rendering import RenderedObject
from gitguard.model.repository import Application, Repository
from gitguard.rules.object_rule import identity, objects, reference, resolved, site
from gitguard.rules.object_rule_examples import CONFIGURATION, HERE, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "shared-resource"
_SECOND = (
    "second.yaml",
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: second\n  namespace: argocd\nspec:\n  project: web\n"
    f"  source:\n    repoURL: {HERE}\n    path: PATH\n    targetRevision: main\n"
    "  destination:\n    server: https://kubernetes.default.svc\n    namespace: web-prod\n",
)


def check(repository: Repository) -> Iterable[Finding]:
    """Compare the objects of Applications that one root and environment reaches and that deploy to one cluster."""
    owners: dict[tuple[str, ...], list[tuple[Application, RenderedObject]]] = {}
    for deployed in repository.deployed:
        application = deployed.application
        cluster = resolved(repository, application)
        where = (cluster.server, "") if cluster else (application.spec.destination.server, application.spec.destination.name)
        for item in objects(deployed):
            if item.name:
                group, kind, namespace, name = identity(item)
                if (group, kind) not in repository.scopes:
                    # It may be namespaced, and then goes where its Application does.
                    namespace = namespace or application.spec.destination.namespace
                owners.setdefault((*where, group, kind, namespace, name), []).append((application, item))
    for shared in owners.values():
        for number, (other, again) in enumerate(shared):
            earlier = next((one for one in shared[:number] if one[0].key != other.key and _meet(repository, one[0], other)), None)
            if earlier is not None:
                yield _finding(repository, *earlier, other, again)


def _meet(repository: Repository, first: Application, other: Application) -> bool:
    """Can one control plane have both? Those of two environments may deploy to the same name, each to a cluster of its own."""
    places = {repository.configuration.environment_of(application.path) for application in (first, other)} - {""}
    return len(places) < 2 and bool(first.reach.roots & other.reach.roots)


def _finding(repository: Repository, first: Application, item: RenderedObject, other: Application, again: RenderedObject) -> Finding:
    message = f"{item.kind} `{item.name}` is deployed by two Applications: {first.key} and {other.key}"
    related = (
        Related(first.site("/spec/source"), f"Application {first.key}"),
        Related(other.site("/spec/source"), f"Application {other.key}"),
        Related(site(repository, first, item), "the object of the first"),
    )
    place = site(repository, other, again)
    fix = "leave the object to one of them"
    return Finding(_ID, "warning", message, reference(again), place, related=related, application=other.key, fix=fix)


RULE = Rule(
    id=_ID,
    level="warning",
    summary="Two Applications deploy the same object",
    why=(
        "Argo CD warns of it (SharedResourceWarning), and the two undo each other's changes at every sync; pruning or deleting one of the "
        "Applications takes the object away from the other."
    ),
    fails=(
        CONFIGURATION, example_project(), example_application(), (_SECOND[0], _SECOND[1].replace("PATH", "other")), manifest("v1", "ConfigMap"),
        manifest("v1", "ConfigMap", file="other/web.yaml"),
    ),
    passes=(
        CONFIGURATION, example_project(), example_application(), (_SECOND[0], _SECOND[1].replace("PATH", "other")), manifest("v1", "ConfigMap"),
        manifest("v1", "ConfigMap", file="other/web.yaml", name="other"),
    ),
    fix="Leave the object to one Application.",
    check=check,
)  # fmt: skip
