"""destination-not-permitted: an Application whose AppProject does not permit its cluster or namespace."""

from collections.abc import Iterable

from gitguard.argo.clusters import Unresolved
from gitguard.argo.destinations import could_permit_destination, permits_destination
from gitguard.model.argo import Cluster, Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import cluster_of
from gitguard.rules.application_rule import EXAMPLE_PROJECT, applied, because, candidates, denied_by_all, example_application
from gitguard.rules.rule import Rule

_FIELD = "/spec/destination"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about the cluster, as far as it is known, and the namespace."""
    for application in applied(repository):
        declared = candidates(repository, application)
        if declared and not application.changed_by_kustomize:
            yield from _judged(repository, application, declared)


def _judged(repository: Repository, application: Application, declared: tuple[DeclaredProject, ...]) -> Iterable[Finding | Undetermined]:
    version = repository.configuration.argocd.version
    server, name, namespace = _known(repository, application)
    if server == "" and name == "":
        # Neither or both are given: application-invalid says so, and Argo CD never gets as far as this question.
        return

    def judge(item: DeclaredProject) -> Verdict | None:
        could = could_permit_destination(item.project, server, name, namespace, version)
        if could is None:
            return None
        known = permits_destination(item.project, Cluster(server or "", name or ""), namespace or "", version)
        if could and item.project.permit_only_project_scoped_clusters:
            # Cluster secrets are seldom in git: one that is proves that the cluster is scoped, none proves nothing.
            scoped = permits_destination(item.project, Cluster(server or "", name or ""), namespace or "", version, repository.clusters)
            return scoped if scoped.permitted else None
        return known if known.permitted == could else Verdict(could, "no entry can match this destination, whatever is filled in", "")

    judged = denied_by_all(declared, judge)
    if judged.denials:
        yield _finding(application, judged.denials, (server, name, namespace), version)
    elif judged.undetermined:
        yield _undetermined(application, declared, (server, name, namespace), judged.reason)


def _known(repository: Repository, application: Application) -> tuple[str | None, str | None, str | None]:
    """Server, name and namespace of the destination; None for a part that is not known, "" twice where there is no cluster to speak of."""
    destination, unknown = application.spec.destination, application.unknown
    namespace = None if "namespace" in unknown else destination.namespace
    if unknown & {"server", "name"}:
        return (None, None, namespace)
    found = cluster_of(repository, application)
    if isinstance(found, Unresolved):
        return ("", "", namespace) if found.denied else (destination.server or None, destination.name or None, namespace)
    return (found.server, found.name, namespace)


def _finding(
    application: Application, denials: tuple[tuple[DeclaredProject, Verdict], ...], asked: tuple[str | None, str | None, str | None], version: str
) -> Finding:
    server, name, namespace = asked
    names = ", ".join(sorted({item.project.name for item, _ in denials}))
    cluster = name if application.spec.destination.name else server
    # Which field to point at: where another namespace would be permitted on this cluster, the namespace is what is wrong.
    any_namespace = any(could_permit_destination(item.project, server, name, None, version) is not False for item, _ in denials)
    wrong = "namespace" if any_namespace else "name" if application.spec.destination.name else "server"
    where = (
        "a namespace that is templated"
        if namespace is None
        else f"namespace `{namespace}`"
        if namespace
        else "an Application without a destination namespace"
    )
    message = f"AppProject `{names}` does not permit {where} on {'any cluster' if cluster is None else f'cluster {cluster}'}"
    return Finding(
        "destination-not-permitted",
        "error",
        message,
        application.reference,
        application.site(f"{_FIELD}/{wrong}"),
        related=because(denials, "/spec/destinations"),
        application=application.key,
        fix=f"use a destination that AppProject `{names}` permits, or add this one to its destinations",
    )


def _undetermined(
    application: Application, declared: tuple[DeclaredProject, ...], asked: tuple[str | None, str | None, str | None], why: str
) -> Undetermined:
    server, name, _ = asked
    if why:
        reason, needs = why, "an entry that is plainer"
    elif application.unknown & {"server", "name", "namespace"}:
        reason, needs = "its destination is templated", "the values that the template is filled with"
    elif any(item.project.permit_only_project_scoped_clusters for item in declared):
        reason, needs = "its AppProject permits project-scoped clusters only", "the cluster secrets of the project"
    elif server is None or name is None:
        given = f"cluster {name}" if server is None else f"server {server}"
        missing = "server" if server is None else "name"
        reason, needs = f"the {missing} of {given} is not known", "its name and server under `clusters:` in .gitguard.yaml"
    else:
        reason, needs = "the AppProjects of this name disagree about its destination", "environments or roots that tell them apart"
    return Undetermined("destination-not-permitted", application.reference, reason, needs, application.site(_FIELD))


RULE = Rule(
    id="destination-not-permitted",
    level="error",
    summary="An Application's AppProject does not permit its cluster or namespace",
    why=(
        "Argo CD stops reconciling the Application: `application destination … do not match any of the allowed destinations in project …`. "
        "Clusters are compared by server and name, as the cluster's secret has them; what is not known of a cluster is undetermined."
    ),
    fails=(EXAMPLE_PROJECT, example_application(namespace="payments")),
    passes=(EXAMPLE_PROJECT, example_application()),
    fix="Deploy to a namespace and cluster that the AppProject permits, or add the destination to it.",
    check=check,
)
