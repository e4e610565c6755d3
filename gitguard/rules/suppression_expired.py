"""suppression-expired: a suppression whose last day is past."""

from collections.abc import Iterable

from gitguard.model.finding import Finding
from gitguard.model.repository import Repository
from gitguard.rules.rule import Rule

_ID = "suppression-expired"


def check(repository: Repository) -> Iterable[Finding]:
    """Those that are over, whether or not they would still suppress anything."""
    for one in repository.suppressions:
        if one.expired and not one.problem:
            message = f"{one.written} held until {one.until}: what it suppressed counts again"
            yield Finding(_ID, "warning", message, one.object, one.site, fix="mend what it suppressed, and remove it; or give it another day")


_OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: web}\n"

RULE = Rule(
    id=_ID,
    level="warning",
    summary="A suppression has run out",
    why="Somebody accepted a finding until a day, and that day is past: the finding counts again, and nobody has looked at it since. It can't be"
    " suppressed.",
    fails=(("limits.yaml", f"# gitguard: ignore[unknown-field] until the next release until=2025-12-31\n{_OBJECT}"),),
    passes=(("limits.yaml", _OBJECT),),
    fix="Mend what it suppressed and remove it, or decide again and give it another day.",
    check=check,
)
