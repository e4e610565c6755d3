"""What the rules on AppProjects share: which they judge, and how they say it."""

from collections.abc import Iterator

from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.finding import Finding, ObjectRef
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


def found(rule: str, level: str, declared: DeclaredProject, pointer: str, message: str, fix: str = "") -> Iterator[Finding]:
    """A finding on a field of the AppProject; none where a template engine has yet to fill the message's subject in."""
    if not TEMPLATE_MARK.search(message):
        reference = ObjectRef(declared.facts.api_version, "AppProject", declared.namespace, declared.own.name)
        yield Finding(rule, level, message, reference, declared.site(pointer), fix=fix)
