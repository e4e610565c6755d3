"""namespaced-resource-not-permitted: an Application that deploys a namespaced object of a kind that its AppProject does not permit."""

from collections.abc import Iterable

from gitguard.argo.kinds import permits_kind
from gitguard.model.argo import Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.object_rule import judged, targets
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "namespaced-resource-not-permitted"
_PROJECT = example_project("  namespaceResourceBlacklist:\n    - group: ''\n      kind: ResourceQuota\n")


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about every namespaced object."""
    version = repository.configuration.argocd.version
    for target in targets(repository):
        if target.namespaced:
            group, item = target.group, target.item

            def judge(declared: DeclaredProject, group: str = group, kind: str = item.kind) -> Verdict:
                return permits_kind(declared.project, group, kind, "", namespaced=True, version=version)

            kind = f"{group}/{item.kind}".lstrip("/")
            fix = f"permit {kind} in namespaceResourceWhitelist or namespaceResourceBlacklist of the AppProject, or take the object out"
            words = (f"the namespaced {kind} `{item.name}`", "/spec/namespaceResourceWhitelist", fix)
            yield from judged(_ID, repository, target, judge, words, "/kind")


RULE = Rule(
    id=_ID,
    level="error",
    summary="An Application deploys a namespaced object of a kind that its AppProject does not permit",
    why=(
        "Argo CD finds out when it syncs: `resource … is not permitted in project …`, and nothing of the Application is applied. An AppProject "
        "without namespaceResourceWhitelist permits every namespaced kind that its blacklist does not name."
    ),
    fails=(CONFIGURATION, _PROJECT, example_application(), manifest("v1", "ResourceQuota")),
    passes=(CONFIGURATION, _PROJECT, example_application(), manifest("v1", "ConfigMap")),
    fix="Permit the kind in the AppProject, or take the object out of the Application.",
    check=check,
)
