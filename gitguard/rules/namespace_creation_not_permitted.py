"""namespace-creation-not-permitted: CreateNamespace=true where the AppProject permits no Namespace of that name."""

from collections.abc import Iterable

from gitguard.argo.kinds import permits_kind
from gitguard.model.argo import Verdict
from gitguard.model.finding import Finding
from gitguard.model.repository import DeclaredProject, Deployed, Repository
from gitguard.rules.application_rule import because, candidates, denied_by_all
from gitguard.rules.object_rule import objects
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "namespace-creation-not-permitted"
_OPTIONS = "  syncPolicy:\n    syncOptions:\n      - CreateNamespace=true\n"
_WHITELIST = "  clusterResourceWhitelist:\n    - group: ''\n      kind: Namespace\n"


def check(repository: Repository) -> Iterable[Finding]:
    """Ask the AppProject about the Namespace that Argo CD itself would make; one that the repository deploys is there already."""
    declared = _namespaces(repository)
    for deployed in repository.deployed:
        application = deployed.application
        namespace = application.spec.destination.namespace
        if not deployed.creates_namespace or not namespace or "namespace" in application.unknown:
            continue
        if deployed.creates_namespace == "always" or namespace not in declared:
            yield from _judged(repository, deployed, namespace)


def _namespaces(repository: Repository) -> frozenset[str]:
    rendered = (item.name for deployed in repository.deployed for item in objects(deployed) if item.kind == "Namespace")
    lying = (item.name for facts in repository.files.values() for item in facts.objects if item.kind == "Namespace")
    return frozenset([*rendered, *lying])


def _judged(repository: Repository, deployed: Deployed, namespace: str) -> Iterable[Finding]:
    application, version = deployed.application, repository.configuration.argocd.version

    def judge(declared: DeclaredProject) -> Verdict:
        return permits_kind(declared.project, "", "Namespace", namespace, namespaced=False, version=version)

    denials = denied_by_all(candidates(repository, application), judge).denials
    if denials:
        names = ", ".join(sorted({declared.project.name for declared, _ in denials}))
        when = "on every sync" if deployed.creates_namespace == "always" else "unless it exists already"
        message = f"CreateNamespace=true makes the Namespace `{namespace}` {when}, and AppProject `{names}` does not permit it"
        fix = 'add Namespace (group "") to clusterResourceWhitelist of the AppProject, or make the namespace elsewhere and drop CreateNamespace'
        level = "error" if deployed.creates_namespace == "always" else "warning"
        related = because(denials, "/spec/clusterResourceWhitelist")
        site = application.site("/spec/syncPolicy/syncOptions")
        yield Finding(_ID, level, message, application.reference, site, related=related, application=application.key, fix=fix)


RULE = Rule(
    id=_ID,
    level="warning",
    summary="Argo CD would have to make a namespace that the AppProject does not permit",
    why=(
        "With CreateNamespace=true the Namespace becomes one more object of the sync, and its kind is cluster-scoped: an AppProject that does not "
        "permit it makes the first sync fail. With managedNamespaceMetadata it is part of every sync: then this is an error."
    ),
    fails=(CONFIGURATION, example_project(), example_application(options=_OPTIONS), manifest("v1", "ConfigMap")),
    passes=(CONFIGURATION, example_project(_WHITELIST), example_application(options=_OPTIONS), manifest("v1", "ConfigMap")),
    fix="Permit the kind Namespace in the AppProject, or have the namespace made by an Application that may.",
    check=check,
)
