"""Git's word and the live object, field by field; and the object that has git's word in the fields that drifted, and nothing else changed.

What git's word comes to in the cluster, with defaults and what webhooks make of it, only the API server knows: it is asked by a dry run of
`proposed`, and its answer is what the live object is compared with. Where it can't be asked, git's object itself takes that place, and then
fields that git does not name say nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitguard.model.drift import ABSENT, Change
from gitguard.reconciler.lists import identified, identity

# What the API server, or a controller that is part of Kubernetes, keeps in every object: nobody's word.
_SERVER = (
    "managedFields",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_BOOKKEEPING = (
    "deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration", "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/installation-id", "argocd.argoproj.io/refresh", "argocd.argoproj.io/refresh-timestamp", "argocd.argoproj.io/hydrate",
    "argocd.argoproj.io/hydrate-timestamp", "argocd.argoproj.io/application-set-refresh",
)  # fmt: skip
_CASCADING = "resources-finalizer.argocd.argoproj.io"
# Mappings of which each key is somebody else's.
_SHARED = ("annotations", "labels")
_STATE = ("status", "operation")


def proposed(git: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The body of the dry run: git's object, as an update of the live one at exactly that resource version.

    Finalizers and owners are kept where git does not name them: they are the cluster's bookkeeping, but for those of Argo CD, by which deleting an
    Application deletes what it deployed.
    """
    here = live.get("metadata") or {}
    metadata = dict(git.get("metadata") or {})
    for name in ("resourceVersion", "uid", "namespace"):
        if name in here:
            metadata[name] = here[name]
    for name in ("finalizers", "ownerReferences"):
        if name in here and name not in metadata:
            metadata[name] = [one for one in here[name] if not str(one).startswith(_CASCADING)]
    return {**{key: value for key, value in git.items() if key not in _STATE}, "metadata": metadata}


def compared(git: Mapping[str, Any], live: Mapping[str, Any], predicted: Mapping[str, Any] | None) -> tuple[Change, ...]:
    """Every field of the live object that is not as git's word makes it.

    `predicted` is what the dry run of `proposed` answered, None where there was none: then only what git itself names is compared.
    """
    declared = _comparable(git, git)
    expected = declared if predicted is None else _comparable(predicted, git)
    actual = _comparable(live, git)
    return tuple(_differences("", "", expected, actual, declared, only_declared=predicted is None))


def restored(live: Mapping[str, Any], changes: Iterable[Change]) -> dict[str, Any]:
    """The live object with git's word in these fields; everything else, and the resource version with it, stays as it is."""
    listed = sorted(changes, key=lambda change: _steps(change.path))
    appended = [change for change in listed if _is_appended(live, change)]
    made: Any = live
    # From the end of lists to their beginning, so that places stay what they were; what is missing comes behind what is there.
    for change in (*(change for change in reversed(listed) if change not in appended), *appended):
        made = _with(made, change.path.split("/")[1:], change.git)
    return dict(made)


def _comparable(value: Mapping[str, Any], git: Mapping[str, Any]) -> dict[str, Any]:
    """What is anybody's word in an object: no state, no bookkeeping but what git names."""
    metadata = value.get("metadata") or {}
    named = (git.get("metadata") or {}).get("annotations") or {}
    kept = {key: part for key, part in metadata.items() if key not in _SERVER}
    annotations = {key: part for key, part in (kept.get("annotations") or {}).items() if key not in _BOOKKEEPING or key in named}
    kept.pop("annotations", None)
    made = {key: part for key, part in value.items() if key not in _STATE}
    return {**made, "metadata": {**kept, **({"annotations": annotations} if annotations else {})}}


def _differences(path: str, field: str, expected: Any, actual: Any, declared: Any, *, only_declared: bool) -> Iterator[Change]:
    if isinstance(expected, dict) and isinstance(actual, dict):
        yield from _of_mappings(path, expected, actual, declared if isinstance(declared, dict) else {}, only_declared=only_declared)
    elif isinstance(expected, list) and isinstance(actual, list) and (keys := identified(field, expected, actual)) is not None:
        named = declared if isinstance(declared, list) and identified(field, declared) == keys else []
        yield from _of_lists(path, keys, (expected, actual, named), only_declared=only_declared)
    elif expected != actual or (isinstance(expected, bool) != isinstance(actual, bool)):
        yield Change(path, expected, actual, declared is not ABSENT)


def _of_mappings(
    path: str, expected: Mapping[str, Any], actual: Mapping[str, Any], declared: Mapping[str, Any], *, only_declared: bool
) -> Iterator[Change]:
    for key in sorted(expected.keys() | actual.keys()):
        mine, theirs, said = expected.get(key, ABSENT), actual.get(key, ABSENT), declared.get(key, ABSENT)
        is_none = _is_nothing if only_declared else _is_left_out
        if is_none(mine) and is_none(theirs):
            continue
        if only_declared and said is ABSENT:
            continue
        if key in _SHARED and isinstance(mine if theirs is ABSENT else theirs, dict):
            mine, theirs = {} if mine is ABSENT else mine, {} if theirs is ABSENT else theirs
        if mine is ABSENT or theirs is ABSENT:
            yield Change(f"{path}/{_escaped(key)}", mine, theirs, said is not ABSENT)
        else:
            yield from _differences(f"{path}/{_escaped(key)}", key, mine, theirs, said, only_declared=only_declared)


def _of_lists(
    path: str, keys: tuple[str, ...], lists: tuple[Sequence[Any], Sequence[Any], Sequence[Any]], *, only_declared: bool
) -> Iterator[Change]:
    """Entries are paired by their identity; those that are missing are told behind the last one that is there."""
    expected, actual, declared = ({identity(entry, keys): entry for entry in one} for one in lists)
    for number, entry in enumerate(lists[1]):
        known = identity(entry, keys)
        if known in expected:
            said = declared.get(known, ABSENT)
            yield from _differences(f"{path}/{number}", "", expected[known], entry, said, only_declared=only_declared)
        elif not only_declared:
            yield Change(f"{path}/{number}", ABSENT, entry)
    missing = [entry for entry in lists[0] if identity(entry, keys) not in actual]
    for number, entry in enumerate(missing, len(lists[1])):
        yield Change(f"{path}/{number}", entry, ABSENT, identity(entry, keys) in declared)


def _is_nothing(value: Any) -> bool:
    """An empty mapping or list, and null, are what is left out, as far as anybody knows who can't ask the API server."""
    return value is ABSENT or value is None or value == {} or value == []


def _is_left_out(value: Any) -> bool:
    """What the API server stores for nothing: an empty mapping is something to Argo CD, where it turns automated syncs on."""
    return value is ABSENT or value is None


def _is_appended(live: Any, change: Change) -> bool:
    """Is it an entry that a list lacks?"""
    holder = live
    for step in change.path.split("/")[1:-1]:
        key = step.replace("~1", "/").replace("~0", "~")
        holder = holder[int(key)] if isinstance(holder, list) else holder.get(key, {}) if isinstance(holder, dict) else {}
    return change.live is ABSENT and isinstance(holder, list)


def _steps(path: str) -> list[tuple[int, int, str]]:
    return [(0, int(step), "") if step.isdigit() else (1, 0, step) for step in path.split("/")[1:]]


def _with(value: Any, steps: Sequence[str], git: Any) -> Any:
    step, rest = steps[0].replace("~1", "/").replace("~0", "~"), steps[1:]
    if isinstance(value, list):
        return _with_entry(value, int(step), rest, git)
    held = dict(value) if isinstance(value, dict) else {}
    if rest:
        held[step] = _with(held.get(step), rest, git)
    elif git is ABSENT:
        held.pop(step, None)
    else:
        held[step] = git
    return held


def _with_entry(value: Sequence[Any], number: int, rest: Sequence[str], git: Any) -> list[Any]:
    made = list(value)
    if number >= len(made):
        made.append(git)
    elif rest:
        made[number] = _with(made[number], rest, git)
    elif git is ABSENT:
        del made[number]
    else:
        made[number] = git
    return made


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
