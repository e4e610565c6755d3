"""entry-never-matches: an entry of an AppProject that can't match what it looks like."""

from collections.abc import Iterable
from functools import partial

from gitguard.argo.never_matches import never_matching
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.project_rule import asked, example, found
from gitguard.rules.rule import Rule

_ID = "entry-never-matches"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Every entry of every AppProject that is dead."""
    return asked(_ID, repository, partial(_judged, repository))


def _judged(repository: Repository, declared: DeclaredProject) -> Iterable[Finding]:
    for complaint in never_matching(declared.own, repository.clusters, repository.scopes, repository.configuration.argocd.version):
        yield from found(_ID, "warning", declared, complaint.pointer, complaint.message)


RULE = Rule(
    id=_ID,
    level="warning",
    summary="An entry of an AppProject can never match",
    why=(
        "Argo CD looks over such an entry without a word: it permits nothing, and somebody will be told so by a failing Application. Usual causes: a "
        "trailing slash, a cluster's name in `server`, a pattern that does not compile, a kind in the wrong list or of no such group."
    ),
    fails=(example("  sourceRepos:\n    - '*'\n  destinations:\n    - server: https://kubernetes.default.svc/\n      namespace: web\n"),),
    passes=(example("  sourceRepos:\n    - '*'\n  destinations:\n    - server: https://kubernetes.default.svc\n      namespace: web\n"),),
    fix="Correct the entry as the message says, or take it out.",
    check=check,
)
