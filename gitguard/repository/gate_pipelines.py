"""What a change of a workflow, a pipeline or a pre-commit configuration does to the runs of gitguard."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from gitguard.repository.gate import Weakening, differences, dotted, escaped, mapping, mentions

# What can make a run do nothing, or its failure count for nothing, wherever it is written.
_WHOLE = {
    "continue-on-error": "its failure counts for nothing",
    "allow_failure": "its failure counts for nothing",
    "if": "it may not run",
    "when": "it may not run",
    "rules": "it may not run",
    "only": "it may not run",
    "except": "it may not run",
    "paths": "it runs for some files only",
    "paths-ignore": "it does not run for some files",
    "branches": "it runs for some branches only",
    "branches-ignore": "it does not run for some branches",
    "permissions": "it runs with other permissions",
    "env": "it runs with other variables",
    "variables": "it runs with other variables",
    "uses": "another action is run",
    "rev": "another version is run",
    "args": "it is run with other arguments",
    "stages": "it runs at other times",
    "exclude": "it does not see some files",
    "files": "it sees some files only",
    "skip": "it may be skipped",
}
_JOBS = "jobs"
_NO_JOBS = frozenset({"stages", "variables", "default", "include", "workflow", "image", "services", "cache", "before_script", "after_script"})


def pipeline_weakened(before: Any, after: Any, *, gitlab: bool) -> Iterator[Weakening]:
    """Of a pipeline that runs gitguard: what differs in the jobs that do, in those that they need, and in what holds for all jobs."""
    was, now = mapping(before), mapping(after)
    jobs, left = (_jobs(was, gitlab), _jobs(now, gitlab))
    at = "" if gitlab else f"/{_JOBS}"
    for name in sorted(_running(jobs)):
        if not mentions(left.get(name)) and mentions(jobs[name]):
            yield Weakening("", f"the job `{name}`, which runs gitguard, {'no longer does' if name in left else 'is removed'}")
            continue
        for pointer, old, new in differences(jobs[name], left.get(name), f"{at}/{escaped(name)}"):
            yield _weakening(pointer, old, new)
    apart = {*jobs, *left} if gitlab else {_JOBS, "name"}
    for pointer, old, new in differences(_without(was, apart), _without(now, apart)):
        yield _weakening(pointer, old, new)


def _jobs(value: Mapping[str, Any], gitlab: bool) -> Mapping[str, Any]:
    if not gitlab:
        return mapping(value.get(_JOBS))
    return {key: item for key, item in value.items() if isinstance(item, dict) and key not in _NO_JOBS}


def _running(jobs: Mapping[str, Any]) -> set[str]:
    """The jobs that mention gitguard, and all that they need or extend."""
    found: set[str] = set()
    waiting = [name for name, job in jobs.items() if mentions(job)]
    while waiting:
        name = waiting.pop()
        if name in jobs and name not in found:
            found.add(name)
            for key in ("needs", "extends"):
                named = mapping(jobs[name]).get(key)
                waiting += [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]
    return found


def second_checks(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Weakening]]:
    """GitHub workflows, by path, that get a job or a name of their own that is called as the check that gitguard is.

    A required check is known by its name alone: whichever run of that name succeeds may count for it. What is only moved is silent.
    """
    gate = {name for one in before.values() for job, name in _checks(one) if job in _running(_jobs(mapping(one), gitlab=False))}
    was, now = (Counter(name for one in side.values() for _, name in _called(one)) for side in (before, after))
    for path, one in after.items():
        own = Counter(name for _, name in _called(before.get(path)))
        for pointer, name in _called(one):
            own[name] -= 1
            if own[name] < 0 and now[name] > was[name] and any(_may_be(name, check, one) for check in gate):
                yield (
                    path,
                    Weakening(pointer, f"a second check is called `{name}`: where it succeeds, a required check of that name may count as passed"),
                )


def _checks(workflow: Any) -> Iterator[tuple[str, str]]:
    """Its jobs, by id, with the names of their checks."""
    for key, job in _jobs(mapping(workflow), gitlab=False).items():
        yield key, str(mapping(job).get("name") or key).strip()


def _called(workflow: Any) -> Iterator[tuple[str, str]]:
    """All that it names: itself, and its checks, with their places."""
    if isinstance(mapping(workflow).get("name"), str):
        yield "/name", mapping(workflow)["name"].strip()
    for key, name in _checks(workflow):
        yield f"/{_JOBS}/{escaped(key)}", name


def _may_be(name: str, check: str, workflow: Any) -> bool:
    """Is it the check's name, or an expression that gives it, where the workflow has the name as a value somewhere?"""
    if "${{" not in name:
        return name.casefold() == check.casefold()
    around = [re.escape(part) for part in re.split(r"\$\{\{.*?\}\}", name)]
    return bool(re.fullmatch(".*".join(around), check, re.IGNORECASE)) and check.casefold() in json.dumps(workflow, default=str).casefold()


def hooks_weakened(before: Any, after: Any) -> Iterator[Weakening]:
    """Of a pre-commit configuration: gitguard's hooks removed or run otherwise, and what holds for all hooks."""
    was, now = _hooks(before), _hooks(after)
    for name, hook in was.items():
        if name not in now:
            yield Weakening("", f"the hook `{name}` is removed")
            continue
        for pointer, old, new in differences(hook, now[name]):
            yield _weakening(f"/{escaped(name)}{pointer}", old, new)._replace(pointer="")
    if was:
        apart = {"repos", "ci"}
        for pointer, old, new in differences(_without(mapping(before), apart), _without(mapping(after), apart)):
            yield _weakening(pointer, old, new)
        skipped, skipping = (mapping(mapping(one).get("ci")).get("skip") or [] for one in (before, after))
        for name in was:
            if name in skipping and name not in skipped:
                yield Weakening("/ci/skip", f"the hook `{name}` is skipped in pre-commit.ci")


def _hooks(value: Any) -> Mapping[str, Any]:
    """gitguard's hooks by id, each with the repository and the revision that it is of."""
    found = {}
    for repository in _listed(mapping(value).get("repos")):
        where = {key: item for key, item in mapping(repository).items() if key != "hooks"}
        for hook in _listed(mapping(repository).get("hooks")):
            if mentions(hook) or mentions(where):
                found[str(mapping(hook).get("id"))] = {**mapping(hook), **where}
    return found


def _without(value: Mapping[str, Any], keys: Set[str]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in keys}


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _weakening(pointer: str, old: Any, new: Any) -> Weakening:
    steps = [step for step in pointer.split("/") if step]
    effect = next((_WHOLE[step] for step in reversed(steps) if step in _WHOLE), "")
    inner = next((_WHOLE[key] for key in sorted(_WHOLE) if key in _keys(new) - _keys(old)), "")
    said = f"`{dotted(pointer) or 'the file'}` becomes {_shown(new)}, from {_shown(old)}"
    return Weakening(pointer, f"{said}: {effect or inner}" if effect or inner else said)


def _keys(value: Any) -> set[str]:
    """All keys at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {key for item in inner for key in _keys(item)} | set(mapping(value))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "nothing" if value is None else f"`{text if len(text) <= 120 else f'{text[:120]}…'}`"
