"""suppression-invalid: what looks like a suppression and is none."""

from collections.abc import Iterable

from gitguard.model.finding import Finding
from gitguard.model.repository import Repository
from gitguard.rules.rule import Rule

_ID = "suppression-invalid"


def check(repository: Repository) -> Iterable[Finding]:
    """Those with a problem; it says what to do, too."""
    for one in repository.suppressions:
        if one.problem:
            yield Finding(_ID, "error", f"{one.written} does not count: {one.problem}", one.object, one.site)


_OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: web}\nlimit: 3\n"
_SUPPRESSED = f"# gitguard: ignore[unknown-field] read by our own controller\n{_OBJECT}"

RULE = Rule(
    id=_ID,
    level="error",
    summary="A suppression can't be read, has no reason or names no rule",
    why="Its author believes that something is accepted, and it is not. A suppression names its rules in brackets, has a reason, and may have a last"
    " day, `until=YYYY-MM-DD`. It can't be suppressed.",
    fails=(("limits.yaml", f"# gitguard: ignore[unknown-fields] read by our own controller\n{_OBJECT.replace('limit: 3', 'data: {}')}"),),
    passes=(("limits.yaml", _SUPPRESSED),),
    fix="Write `# gitguard: ignore[rule] reason` at the end of the line, above it, or above the object. See docs/suppressions.md.",
    check=check,
)
