"""cluster-resource-not-permitted: an Application that deploys a cluster-scoped object of a kind that its AppProject does not permit."""

from collections.abc import Iterable

from gitguard.argo.kinds import permits_kind
from gitguard.model.argo import Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.application_rule import denied_by_all
from gitguard.rules.object_rule import Target, judged, targets, unknown_scope
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "cluster-resource-not-permitted"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about every cluster-scoped object, and say of which kinds the scope is not known."""
    for target in targets(repository):
        if target.namespaced is False:
            yield from _judged(repository, target)
        elif target.namespaced is None:
            yield from _of_unknown_scope(repository, target)


def _judged(repository: Repository, target: Target) -> Iterable[Finding | Undetermined]:
    item = target.item

    def judge(declared: DeclaredProject) -> Verdict:
        version = repository.configuration.argocd.version
        return permits_kind(declared.project, target.group, item.kind, item.name, namespaced=False, version=version)

    kind = f"{target.group}/{item.kind}".lstrip("/")
    fix = f"add {kind} to clusterResourceWhitelist of the AppProject, or leave the object to an Application that may have it"
    words = (f"the cluster-scoped {kind} `{item.name}`", "/spec/clusterResourceWhitelist", fix)
    yield from judged(_ID, repository, target, judge, words, "/kind")


def _of_unknown_scope(repository: Repository, target: Target) -> Iterable[Finding | Undetermined]:
    """A verdict where it is the same for both scopes."""
    item, version = target.item, repository.configuration.argocd.version

    def judge(declared: DeclaredProject) -> Verdict:
        whole, namespaced = (
            permits_kind(declared.project, target.group, item.kind, item.name, namespaced=scope, version=version) for scope in (False, True)
        )
        return whole if whole.permitted == namespaced.permitted else Verdict(None, "", "")

    verdict = denied_by_all(target.projects, judge)
    if verdict.denials:
        kind = f"{target.group}/{item.kind}".lstrip("/")
        words = (
            f"{kind} `{item.name}`, whether it is cluster-scoped or namespaced",
            "/spec/clusterResourceWhitelist",
            f"permit {kind} in the AppProject",
        )
        yield from judged(_ID, repository, target, judge, words, "/kind")
    elif verdict.undetermined:
        yield unknown_scope(_ID, target)


RULE = Rule(
    id=_ID,
    level="error",
    summary="An Application deploys a cluster-scoped object that its AppProject does not permit",
    why=(
        "Argo CD finds out when it syncs: `resource … is not permitted in project …`, and nothing of the Application is applied. An AppProject "
        "without clusterResourceWhitelist permits no cluster-scoped kind at all."
    ),
    fails=(CONFIGURATION, example_project(), example_application(), manifest("v1", "Namespace", namespace="")),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fix="Add the kind to the AppProject's `clusterResourceWhitelist`, or take the object out of the Application.",
    check=check,
)
