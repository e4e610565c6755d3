"""deny-without-effect: a deny entry of an AppProject that denies nothing, or permits instead."""

from collections.abc import Iterable
from functools import partial

from gitguard.argo.deny_effects import without_effect
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.project_rule import asked, example, found
from gitguard.rules.rule import Rule

_ID = "deny-without-effect"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Every deny entry of every AppProject that does not do what it says."""
    return asked(_ID, repository, partial(_judged, repository))


def _judged(repository: Repository, declared: DeclaredProject) -> Iterable[Finding]:
    for surprise in without_effect(declared.own, repository.scopes, repository.configuration.argocd.version):
        # Whole lists of denials are common, and often meant so.
        level = "warning" if surprise.pointer in ("/spec/sourceRepos", "/spec/destinations") else "error"
        yield from found(_ID, level, declared, surprise.pointer, surprise.message)


RULE = Rule(
    id=_ID,
    level="error",
    summary="A deny entry of an AppProject denies nothing, or permits instead",
    why=(
        "Argo CD turns the match of a `!` entry round, and a deny entry that is not hit counts as a permission. So a deny entry that can never "
        "match (a URL that can't be parsed, a broken glob, a trailing slash) permits everything, and a list of deny entries only permits all the "
        "rest, whatever Argo CD's documentation says."
    ),
    fails=(example("  sourceRepos:\n    - '!ssh://git@github.com:example/secrets'\n    - https://github.com/example/*\n"),),
    passes=(example("  sourceRepos:\n    - '!git@github.com:example/secrets'\n    - https://github.com/example/*\n"),),
    fix="Write the deny entry so that it matches what it should deny, and add an entry that permits the rest.",
    check=check,
)
