"""resource-namespace-not-permitted: an Application that deploys an object to a namespace that its AppProject does not permit."""

from collections.abc import Iterable

from gitguard.argo.destinations import could_permit_destination, permits_destination
from gitguard.model.argo import Cluster, Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.object_rule import Target, judged, resolved, targets, unknown_scope
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest
from gitguard.rules.rule import Rule

_ID = "resource-namespace-not-permitted"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about the namespace of every object that does not go where the Application's destination is."""
    clusters: dict[tuple[str, str], Cluster | None] = {}
    for target in targets(repository):
        application, namespace = target.application, target.item.namespace
        if target.namespaced is not False and namespace and namespace != application.spec.destination.namespace:
            asked = (application.key, application.path)
            if asked not in clusters:
                clusters[asked] = resolved(repository, application)
            said = _judged(repository, target, clusters[asked])
            yield from said if target.namespaced else (unknown_scope(_ID, target) for _ in said)


def _judged(repository: Repository, target: Target, cluster: Cluster | None) -> Iterable[Finding | Undetermined]:
    namespace, destination, version = target.item.namespace, target.application.spec.destination, repository.configuration.argocd.version
    server = cluster.server if cluster else destination.server or None
    name = cluster.name if cluster else destination.name or None

    def judge(declared: DeclaredProject) -> Verdict:
        could = could_permit_destination(declared.project, server, name, namespace, version)
        if could is None:
            return Verdict(None, f"the cluster {destination.name or destination.server} is not known, and so not what it permits on it", "")
        if could:
            return Verdict(True, "", "")
        denied = permits_destination(declared.project, Cluster(server or "", name or ""), namespace, version)
        return denied if denied.permitted is False else Verdict(False, "no entry permits this namespace, whatever the cluster is", "")

    on = f"cluster {name or server}" if name or server else "any cluster"
    fix = "deploy the object to a namespace that the AppProject permits, or add the namespace to its destinations"
    words = (f"the namespace `{namespace}` of {target.item.kind} `{target.item.name}` on {on}", "/spec/destinations", fix)
    yield from judged(_ID, repository, target, judge, words, "/metadata/namespace")


RULE = Rule(
    id=_ID,
    level="error",
    summary="An Application deploys an object to a namespace that its AppProject does not permit",
    why=(
        "Every object's own namespace has to be permitted, not only that of the Application's destination. Argo CD finds out when it syncs: "
        "`namespace … is not permitted in project …`, and nothing of the Application is applied."
    ),
    fails=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap", namespace="kube-system")),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap", namespace="web-test")),
    fix="Deploy the object to a namespace that is permitted, or add the namespace to the AppProject's `destinations`.",
    check=check,
)
