"""What the rules on AppProjects share: which they judge, and how they say it."""

from collections.abc import Callable, Iterable, Iterator

from gitguard.argo.gobwas_1 import GlobUndecided
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.finding import Finding, ObjectRef, Undetermined
from gitguard.model.repository import DeclaredProject, Repository

PATH = "project.yaml"


def example(spec: str) -> tuple[str, str]:
    """An AppProject for the rules' examples; `spec` is what follows `spec:`, indented by two."""
    return PATH, f"apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: web\n  namespace: argocd\nspec:\n{spec}"


def applied(repository: Repository) -> Iterator[DeclaredProject]:
    """Each AppProject that something applies as its file says, once."""
    seen: set[tuple[str, int, str]] = set()
    for declared in repository.projects:
        identity = (declared.path, declared.facts.document, declared.facts.prefix)
        if declared.reach.roots and not declared.reach.changes("AppProject") and identity not in seen:
            seen.add(identity)
            yield declared


def asked(rule: str, repository: Repository, check: Callable[[DeclaredProject], Iterable[Finding]]) -> Iterator[Finding | Undetermined]:
    """What `check` finds in each AppProject that something applies; undetermined where a pattern is too much to judge."""
    for declared in applied(repository):
        try:
            yield from check(declared)
        except GlobUndecided as error:
            yield Undetermined(rule, _reference(declared), str(error), "patterns that are plainer", declared.site(""))


def found(rule: str, level: str, declared: DeclaredProject, pointer: str, message: str, fix: str = "") -> Iterator[Finding]:
    """A finding on a field of the AppProject; none where a template engine has yet to fill the message's subject in."""
    if not TEMPLATE_MARK.search(message):
        yield Finding(rule, level, message, _reference(declared), declared.site(pointer), fix=fix)


def _reference(declared: DeclaredProject) -> ObjectRef:
    return ObjectRef(declared.facts.api_version, "AppProject", declared.namespace, declared.own.name)
