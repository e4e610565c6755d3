"""gate-weakened: a change touches what decides how, or whether, changes are judged."""

from collections.abc import Iterable

from gitguard.model.change import Change
from gitguard.model.files import SUBMODULE, SYMLINK
from gitguard.model.finding import Finding, ObjectRef, Site, Undetermined
from gitguard.repository.gate import is_gate, weakened
from gitguard.rules.change_rule import ChangeRule

_ID = "gate-weakened"
_FIX = "make it a change of its own, and have it approved by whoever answers for the gate; it counts when it is merged"


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """Every such file that the change touches, under the name that it has now or had."""
    for path, (before, after) in change.gate.items():
        for found in weakened(path, before, after):
            yield Finding(_ID, "error", f"{path}: {found.message}", ObjectRef(), Site(path, 0, found.pointer), fix=_FIX)
    for one in change.paths:
        if one.after is not None and one.after.mode in (SYMLINK, SUBMODULE) and is_gate(one.after.path):
            what = "a symbolic link" if one.after.mode == SYMLINK else "a submodule"
            yield Finding(
                _ID,
                "error",
                f"{one.after.path}: it is {what} now, and what is behind that is nobody's word",
                ObjectRef(),
                Site(one.after.path),
                fix=_FIX,
            )


_WORKFLOW = """\
name: gitguard
on: [pull_request, merge_group]
jobs:
  gitguard:
    runs-on: ubuntu-latest
    steps:
      - run: gitguard ci --base origin/main
"""
_MANIFEST = ("web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n")
_PATH = ".github/workflows/gitguard.yml"

RULE = ChangeRule(
    id=_ID,
    level="error",
    summary="A change touches what decides how changes are judged",
    why=(
        "Whoever can change gitguard's configuration, its hook, the pipeline that runs it or who has to approve can let anything through. The change "
        "is judged by the configuration of its base all the same; what is changed for all who come after has to be somebody's decision. Other words "
        "for the same, comments and suppressions that are taken away are no change."
    ),
    before=(_MANIFEST, (_PATH, _WORKFLOW), (".gitguard.yaml", 'kubernetes: "1.36"\n')),
    fails=(_MANIFEST, (_PATH, _WORKFLOW.replace("origin/main", "origin/main || true")), (".gitguard.yaml", 'kubernetes: "1.36"\n')),
    passes=(_MANIFEST, (_PATH, f"# The gate.\n{_WORKFLOW}"), (".gitguard.yaml", "kubernetes: '1.36'\n")),
    fix="Take it out of this change, or have it approved by whoever answers for the gate.",
    check=check,
)
