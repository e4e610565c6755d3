"""gate-weakened: a change to what decides how, and whether, gitguard judges."""

from collections.abc import Iterable, Iterator
from typing import Any

from gitguard.manifests.classify import CONFIGURATION, is_candidate
from gitguard.model.change import Change
from gitguard.model.errors import ConfigurationError
from gitguard.model.files import REGULAR, SUBMODULE, SYMLINK
from gitguard.model.finding import Finding, ObjectRef, Site
from gitguard.model.suppression import Baseline
from gitguard.parse import read
from gitguard.repository import gate
from gitguard.repository.baseline import grown, parsed
from gitguard.repository.gate import Contents, Weakening
from gitguard.repository.gate_configuration import weakened
from gitguard.repository.gate_pipelines import hooks_weakened, pipeline_weakened, second_checks
from gitguard.repository.gate_texts import attributes_weakened, owners_weakened
from gitguard.rules.change_rule import ChangeRule

_ID = "gate-weakened"
_MEND = "mend the finding, or let those who answer for the gate accept it"
_SHOWN = 3
_FIX = "let those who answer for the gate make this change, in a change of its own"


def check(change: Change) -> Iterable[Finding]:
    """Compare what each file of the gate means, before and after; and see whether anything else took the place of a file."""
    protected = sorted(path for path in change.before.tree if gate.is_gate(path) and not gate.is_script(path))
    baseline = change.before.configuration.baseline
    for path, contents in change.gate.items():
        for one in _of_baseline(contents) if path == baseline or gate.is_baseline(path) else _weakenings(path, contents, protected):
            yield _finding(path, one)
    for path, one in (*_second_checks(change), *_replaced(change)):
        yield _finding(path, one)
    for said in change.suppressions:
        yield Finding(_ID, "error", said.message, said.object, said.site, fix=_MEND)


def _finding(path: str, one: Weakening) -> Finding:
    return Finding(_ID, "error", one.message, ObjectRef(), Site(path, 0, one.pointer), fix=one.fix or _FIX)


def _weakenings(path: str, contents: Contents, protected: list[str]) -> Iterator[Weakening]:
    before, after = contents
    if before == after:
        return
    if path in gate.OWNERS and before is None and any(other in gate.OWNERS for other in protected):
        yield Weakening("", "another list of owners is added, which may be read instead of the one that there is", "keep the owners in one file")
    elif path in gate.OWNERS:
        yield from owners_weakened(before, after, protected)
    elif gate.is_attributes(path):
        yield from attributes_weakened(before, after)
    elif path == CONFIGURATION or gate.names_gitguard(before):
        yield from _of_gitguard(path, contents)


def _of_gitguard(path: str, contents: Contents) -> Iterator[Weakening]:
    """Of a file that configures or runs gitguard."""
    before, after = contents
    if gate.is_too_large(contents):
        yield Weakening("", "the file changes, and is too large to tell how", "make it smaller")
    elif after is None and path != CONFIGURATION:
        yield Weakening("", "the file is removed, and ran gitguard")
    elif path == CONFIGURATION:
        yield from _of_values(path, (before, after)) if after is not None else (Weakening("", "gitguard's configuration is removed"),)
    elif path in gate.HOOKS or gate.is_pipeline(path):
        yield from _of_values(path, contents)
    else:
        yield from _of_script(before or b"", after or b"")


def _of_baseline(contents: Contents) -> Iterator[Weakening]:
    """What a baseline accepts more; that it shrinks, or is removed, is fine."""
    before, after = contents
    if after is None or before == after:
        return
    try:
        more = grown(parsed(before, "before") if before is not None else Baseline(), parsed(after, "now"))
    except ConfigurationError as error:
        yield Weakening("", f"the baseline changes, and can't be compared: {error.message}", "write it with `gitguard check --write-baseline`")
        return
    if more:
        count = sum(entry.number for entry in more)
        shown = "; ".join(f"`{entry.rule}` at {entry.path}" for entry in more[:_SHOWN])
        rest = f", and {len(more) - _SHOWN} more" if len(more) > _SHOWN else ""
        yield Weakening("", f"the baseline accepts {count} more {'finding' if count == 1 else 'findings'}: {shown}{rest}", _MEND)


def _of_values(path: str, contents: Contents) -> Iterator[Weakening]:
    values = []
    for content in contents:
        reading = read(content or b"")
        if reading.problems or len(reading.documents) > 1:
            what = f"{reading.problems[0].message}, line {reading.problems[0].line}" if reading.problems else "it holds several documents"
            yield Weakening("", f"the file changes, and can't be compared: {what}", "write it so that it can be read")
            return
        values.append(reading.documents[0].value if reading.documents else None)
    yield from _compared(path, values[0], values[1])


def _compared(path: str, before: Any, after: Any) -> Iterator[Weakening]:
    if path == CONFIGURATION:
        yield from weakened(before, after)
    elif path in gate.HOOKS:
        yield from hooks_weakened(before, after)
    else:
        yield from pipeline_weakened(before, after, gitlab="jobs" not in gate.mapping(before))


def _second_checks(change: Change) -> Iterator[tuple[str, Weakening]]:
    """Of the workflows that can be read: GitHub runs no others."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for path, contents in change.gate.items():
        if gate.is_workflow(path) and not gate.is_too_large(contents):
            for side, content in zip(sides, contents, strict=True):
                reading = read(content or b"")
                if len(reading.documents) == 1:
                    side[path] = reading.documents[0].value
    return second_checks(*sides)


def _of_script(before: bytes, after: bytes) -> Iterator[Weakening]:
    was, now = ([line.strip() for line in text.splitlines() if b"gitguard" in line.lower()] for text in (before, after))
    if was != now:
        yield Weakening("", "the lines that run gitguard change", "")
    elif before.splitlines() != after.splitlines():
        yield Weakening("", "the script that runs gitguard changes", "")


def _replaced(change: Change) -> Iterator[tuple[str, Weakening]]:
    """A file that was judged, or a folder, in whose place there is a link or another repository now."""
    for one in change.paths:
        if one.after is None or one.after.mode not in (SYMLINK, SUBMODULE):
            continue
        path, kind = one.after.path, "a symbolic link" if one.after.mode == SYMLINK else "a submodule"
        was_file = one.before is not None and one.before.mode in REGULAR and (is_candidate(path) or gate.is_gate(path))
        if was_file:
            yield path, Weakening("", f"the file becomes {kind}: what it says lies elsewhere", "keep the file itself in the repository")
        elif any(known.startswith(f"{path}/") for known in change.before.tree):
            yield path, Weakening("", f"the folder becomes {kind}: what it holds lies elsewhere", "keep the files themselves in the repository")


_WITH_APPROVERS = "environments:\n  prod: {paths: [prod], approvers: [alice]}\n"
_OBJECT = ("prod/limits.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: limits, namespace: web}\n")

RULE = ChangeRule(
    id=_ID,
    level="error",
    summary="A change weakens what judges changes",
    why="Whoever can change gitguard's configuration, its hook, the workflow that runs it or the owners of these files in the same change can switch"
    " the gate off. The settings in force are those of the base, so that this change is still judged by them, but the next one would not be. What the"
    " files mean is compared: other words for the same, a stricter setting and a removed exception are silent. The same holds for a suppression in a"
    " comment that is added, holds for longer or covers more, and for a baseline that grows. It can't be suppressed.",
    before=((".gitguard.yaml", _WITH_APPROVERS), _OBJECT),
    fails=((".gitguard.yaml", f"{_WITH_APPROVERS}ignore:\n  - {{rule: source-not-permitted, path: '*', reason: later}}\n"), _OBJECT),
    passes=((".gitguard.yaml", f"# who approves\n{_WITH_APPROVERS}  staging: {{paths: [staging], approvers: [alice]}}\n"), _OBJECT),
    fix="Let those who answer for the gate make the change, in a change of its own.",
    check=check,
)
