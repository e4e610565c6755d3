"""What the rules on the objects of Applications share: which objects, which AppProjects, and where a finding points."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gitguard.argo.clusters import Unresolved
from gitguard.model.argo import Cluster, Verdict
from gitguard.model.finding import Finding, ObjectRef, Related, Site, Undetermined
from gitguard.model.rendering import Rendered, RenderedObject
from gitguard.model.repository import Application, DeclaredProject, Deployed, Repository
from gitguard.repository.choices import cluster_of
from gitguard.repository.making import document
from gitguard.rules.application_rule import because, candidates, denied_by_all


class Target(NamedTuple):
    """An object, the Application that deploys it, and the AppProjects that it may mean; `namespaced` is None where it is not known."""

    application: Application
    projects: tuple[DeclaredProject, ...]
    item: RenderedObject
    namespaced: bool | None

    @property
    def group(self) -> str:
        """The API group of the object, "" for the core one."""
        return self.item.api_version.rpartition("/")[0]


def targets(repository: Repository) -> Iterator[Target]:
    """Every object of every Application whose AppProject is declared here."""
    for deployed in repository.deployed:
        projects = candidates(repository, deployed.application)
        if projects:
            for item in objects(deployed):
                group = item.api_version.rpartition("/")[0]
                yield Target(deployed.application, projects, item, repository.scopes.get((group, item.kind)))


def objects(deployed: Deployed) -> Iterator[RenderedObject]:
    """The objects of all its sources; of several of one identity the last one, which Argo CD applies."""
    last = {identity(item): item for result in deployed.sources for item in result.objects}
    return iter(last.values())


def identity(item: RenderedObject) -> tuple[str, str, str, str]:
    """What makes two objects the same one for the API server; the version does not count."""
    return item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name


def reference(item: RenderedObject) -> ObjectRef:
    """Which object this is."""
    return ObjectRef(item.api_version, item.kind, item.namespace, item.name)


def site(repository: Repository, application: Application, item: RenderedObject, pointer: str = "") -> Site:
    """The field in the file that the object comes from, its `kind:` in a template, or the file where only that is known; else the source."""
    source = document(item, repository)
    if source is not None:
        return Site(item.origin.path, source.document, source.at(pointer))
    return Site(item.origin.path, 0, pointer or "/kind", item.origin.line) if item.origin.path else application.site("/spec/source")


def deployed_by(application: Application) -> Related:
    """The second place of a finding on an object: the Application."""
    return Related(application.site("/spec/project"), f"Application {application.key} deploys it")


Judge = Callable[[DeclaredProject], Verdict | None]


def judged(
    rule: str, repository: Repository, target: Target, judge: Judge, words: tuple[str, str, str], pointer: str
) -> Iterable[Finding | Undetermined]:
    """A finding where every AppProject that may be meant denies. `words`: what is denied, the field of the AppProject, what to do."""
    application, item = target.application, target.item
    verdict = denied_by_all(target.projects, judge)
    where = site(repository, application, item, pointer)
    if verdict.denials:
        names = ", ".join(sorted({declared.project.name for declared, _ in verdict.denials}))
        denied, field, fix = words
        message = f"AppProject `{names}` does not permit {denied}"
        related = (deployed_by(application), *because(verdict.denials, field))
        yield Finding(rule, "error", message, reference(item), where, related=related, application=application.key, fix=fix)
    elif verdict.undetermined:
        reason = verdict.reason or "the AppProjects of this name disagree about what Applications may deploy"
        yield Undetermined(rule, application.reference, reason, "environments or roots that tell them apart", application.site(""))


def unknown_scope(rule: str, target: Target) -> Undetermined:
    """Said once of each kind of an Application."""
    kind = f"{target.group}/{target.item.kind}".lstrip("/")
    reason, needs = f"whether {kind} is namespaced is not known", f"the CustomResourceDefinition of {kind} in the repository"
    return Undetermined(rule, target.application.reference, reason, needs, target.application.site(""))


def resolved(repository: Repository, application: Application) -> Cluster | None:
    """The cluster that the Application deploys to, where it is known."""
    if application.unknown & {"server", "name"}:
        return None
    found = cluster_of(repository, application)
    return None if isinstance(found, Unresolved) else found


def results(repository: Repository) -> Iterator[tuple[Application, Rendered]]:
    """Each source of each Application, with what came of it."""
    for deployed in repository.deployed:
        for result in deployed.sources:
            yield deployed.application, result


def is_restricted(repository: Repository, application: Application) -> bool:
    """Is there anything that its AppProject forbids?"""
    for declared in candidates(repository, application):
        project = declared.project
        open_kinds = any(entry == ("*", "*", "") for entry in project.cluster_resource_whitelist) and project.namespace_resource_whitelist is None
        open_places = any((entry.server == "*" or entry.name == "*") and entry.namespace == "*" for entry in project.destinations)
        denies = project.cluster_resource_blacklist or project.namespace_resource_blacklist
        if not open_kinds or not open_places or denies:
            return True
    return False
