"""applicationset-invalid: an ApplicationSet that Argo CD can't expand, or of which it leaves Applications out."""

from collections.abc import Callable, Iterable

from gitguard.argo.repository import one_of
from gitguard.model.finding import Finding, Site, Undetermined
from gitguard.model.repository import Application, ExpandedSet, Repository
from gitguard.rules.object_rule import is_restricted
from gitguard.rules.object_rule_examples import CONFIGURATION, example_project, manifest, set_of
from gitguard.rules.rule import Rule

_ID = "applicationset-invalid"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """What the expansion of every ApplicationSet met with."""
    is_here = one_of(repository.configuration.urls)
    for expanded in repository.sets:
        application = expanded.application
        for pointer, message in expanded.complaints:
            yield Finding(_ID, "error", message, application.reference, _site(application, pointer))
        if _deploys_from_here(application, is_here) and is_restricted(repository, application):
            yield from _unknown(expanded)


def _unknown(expanded: ExpandedSet) -> Iterable[Undetermined]:
    application = expanded.application
    for pointer, reason, needs in expanded.unknown:
        yield Undetermined(_ID, application.reference, f"its Applications are not all known: {reason}", needs, _site(application, pointer))


def _deploys_from_here(application: Application, is_here: Callable[[str], bool]) -> bool:
    return any(is_here(source.repo_url) for source in application.spec.sources)


def _site(application: Application, pointer: str) -> Site:
    return Site(application.path, application.facts.document, application.facts.at(pointer))


RULE = Rule(
    id=_ID,
    level="error",
    summary="An ApplicationSet can't be expanded, or makes Applications that Argo CD refuses",
    why=(
        "Argo CD then creates and updates none of the set's Applications, or leaves some out, and says so in a condition of the ApplicationSet that "
        "nobody looks at: two Applications of one name, a generator without a kind, a template that fails."
    ),
    fails=(CONFIGURATION, example_project(), set_of("same", "one", "two"), manifest("v1", "ConfigMap", namespace="")),
    passes=(CONFIGURATION, example_project(), set_of("{{name}}", "one", "two"), manifest("v1", "ConfigMap", namespace="")),
    fix="Correct the field that the message names.",
    check=check,
)
