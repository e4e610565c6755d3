"""suppression-unused: a suppression that suppresses nothing."""

from collections.abc import Iterable

from gitguard.model.finding import Finding
from gitguard.model.repository import Repository
from gitguard.rules.rule import Rule

_ID = "suppression-unused"


def check(repository: Repository) -> Iterable[Finding]:
    """Those that nothing was found for, where all was judged that they could suppress."""
    for one in repository.suppressions:
        if one.problem or one.expired or one.is_open:
            continue
        if one.idle:
            message = f"{one.idle} of the {one.idle + one.suppresses} findings in the baseline are gone: the baseline can shrink"
            yield Finding(_ID, "note", message, one.object, one.site, fix="write it again: `gitguard check --write-baseline FILE`")
        elif not one.suppresses and one.origin != "baseline":
            yield Finding(_ID, "warning", f"{one.written} suppresses nothing", one.object, one.site, fix="remove it")


_OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: web}\n"
_MISSPELT = f"# gitguard: ignore[unknown-field] read by our own controller\n{_OBJECT}data: {{cpu: '2'}}\nlimit: 3\n"

RULE = Rule(
    id=_ID,
    level="warning",
    summary="A suppression suppresses nothing",
    why="What it was for is mended, or it never stood where the finding is. It would hide the next mistake in its place. It is not said where not all"
    " could be judged that it may be for, and not by the hook, which judges a part. For a baseline it is a note. It can't be suppressed.",
    fails=(("limits.yaml", f"# gitguard: ignore[unknown-field] read by our own controller\n{_OBJECT}"),),
    passes=(("limits.yaml", _MISSPELT),),
    fix="Remove it.",
    check=check,
)
