"""Git's word and what is no drift from it: what Argo CD has not brought there yet, and what git itself leaves to others."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from gitguard.model.desired import Care, Desired, Every, Fields, LeftOut, Synced, Wanted
from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.comparison import compared, restored

Object = Mapping[str, Any]
_INDEX = re.compile(r"-?[0-9]{1,9}")


def joined(commit: str, wanted: Iterable[Wanted], left_out: Iterable[LeftOut]) -> Desired:
    """What is wanted, by object. One that is declared several times, and not always alike, is nobody's word."""
    listed: dict[ObjectKey, list[Wanted]] = {}
    for one in wanted:
        listed.setdefault(one.key, []).append(one)
    unclear = {key: found for key, found in listed.items() if any(one.manifest != found[0].manifest for one in found)}
    reasons = [
        LeftOut(shown(key), f"it is declared {len(found)} times, and not alike: {', '.join(sorted({one.origin or one.made_by for one in found}))}")
        for key, found in unclear.items()
    ]
    return Desired(commit, {key: found[0] for key, found in listed.items() if key not in unclear}, (*left_out, *reasons))


def shown(key: ObjectKey) -> str:
    """An object as people name it: "AppProject argocd/web"."""
    return f"{key.kind} {key.namespace}/{key.name}" if key.namespace else f"{key.kind} {key.name}"


def synced(application: Object) -> Synced:
    """The revisions that a live Application's status tells, whoever wrote it: each is to be looked for on the tracked history.

    A status of Synced is about what it was compared with; else what the last sync of the whole Application from git left counts. Syncs of some
    objects, or of local manifests, are no revision's.
    """
    status = _mapping(application.get("status"))
    sync, operation = _mapping(status.get("sync")), _mapping(status.get("operationState"))
    asked = _mapping(_mapping(operation.get("operation")).get("sync"))
    kept = status.get("history")
    history = [_revisions(_mapping(entry)) for entry in reversed(kept if isinstance(kept, list) else [])]
    known: list[tuple[str, ...]] = []
    if sync.get("status") == "Synced":
        known.append(_revisions(sync))
    if operation.get("phase") == "Succeeded" and not asked.get("resources") and not asked.get("manifests"):
        known.append(_revisions(_mapping(operation.get("syncResult"))))
    known = [revisions for revisions in (*known, *history) if revisions]
    last = known[0] if known else ()
    return Synced(last, next((revisions for revisions in known if revisions != last), ()))


def is_behind(
    live: Object | None,
    changes: Sequence[Change],
    wanted: Object | None,
    versions: Iterable[Object | None],
    predicted: Callable[[Object], Object | None] = lambda version: None,
) -> bool:
    """Is the live object as another of git's versions has it, so that bringing it forward is left to Argo CD?

    `changes` are its differences from `wanted`; None is an object that is not there, in the cluster or in a version. `predicted` answers what a
    dry run of a version comes to, None where it can't be asked. Without that answer nothing tells fields that somebody added from defaults, so
    each change has to lie where the versions themselves differ.
    """
    for version in versions:
        if live is None or version is None:
            if live is None and version is None:
                return True
            continue
        answer = predicted(version)
        if compared(version, live, answer):
            continue
        if answer is not None or wanted is None:
            return True
        moved = compared(wanted, version, wanted)
        if all(any(_explains(step, change) for step in moved) for change in changes):
            return True
    return False


def ignored(care: Care, live: Object) -> Callable[[Change], bool]:
    """Tells of a difference of this live object whether git leaves the field to others."""
    here = pointers(live, care.fields)
    owned = frozenset(_owned(live, care.managers))

    def is_ignored(change: Change) -> bool:
        # Fields that trusted managers own are left to them where both sides have them, and differ.
        if change.kind == "changed" and any(_covers(pointer, change.path) for pointer in owned):
            return True
        if not care.fields:
            return False
        there = pointers(restored(live, [change]), care.fields)
        if any(_covers(pointer, change.path) for pointer in here | there):
            return True
        inside = any(pointer.startswith(f"{change.path}/") for pointer in here | there)
        return inside and _without(change.live, change.path, here) == _without(change.git, change.path, there)

    return is_ignored


def owners(live: Object, path: str) -> frozenset[str]:
    """The field managers that own a field of the live object, or what lies in it, by its managedFields; they are the writers' own names."""
    entries = _mapping(live.get("metadata")).get("managedFields")
    found = set()
    for entry in entries if isinstance(entries, list) else ():
        said = _mapping(entry)
        owned = _of_set(live, _mapping(said.get("fieldsV1")), "")
        if any(_covers(pointer, path) or _covers(path, pointer) for pointer in owned):
            found.add(str(said.get("manager") or ""))
    return frozenset(found)


def pointers(value: Object, fields: Iterable[Fields]) -> frozenset[str]:
    """The JSON pointers of everything in the object that is named."""
    return frozenset(pointer for named in fields for pointer in _found(value, named.steps, ""))


def _found(value: Any, steps: Sequence[Any], path: str) -> Iterator[str]:
    if not steps:
        yield path
        return
    for key, part in _taken(value, steps[0]):
        yield from _found(part, steps[1:], f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}")


def _taken(value: Any, step: Any) -> Iterator[tuple[str | int, Any]]:
    """What one step leads to: (key or index, value)."""
    if isinstance(step, Every):
        items: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        yield from ((key, part) for key, part in items if not step.field or _at(part, step.field) == step.value)
    elif isinstance(value, dict) and isinstance(step, str) and step in value:
        yield step, value[step]
    elif isinstance(value, list) and (isinstance(step, int) or _INDEX.fullmatch(step)):
        index = int(step) + (len(value) if int(step) < 0 else 0)
        if 0 <= index < len(value):
            yield index, value[index]


def _at(value: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _covers(pointer: str, path: str) -> bool:
    return path == pointer or path.startswith(f"{pointer}/")


def _without(value: Any, path: str, named: Iterable[str]) -> Any:
    """A part of an object without what is named in it, and without what is empty then; None of nothing."""
    if any(_covers(pointer, path) for pointer in named):
        return None
    below = [pointer for pointer in named if pointer.startswith(f"{path}/")]
    if isinstance(value, dict):
        made = {key: _without(part, f"{path}/{key.replace('~', '~0').replace('/', '~1')}", below) for key, part in value.items()}
        return {key: part for key, part in made.items() if part is not None} or None
    if isinstance(value, list):
        listed = [_without(part, f"{path}/{number}", below) for number, part in enumerate(value)]
        return [part for part in listed if part is not None] or None
    return None if value is ABSENT else value


def _owned(live: Object, managers: Sequence[str]) -> Iterator[str]:
    """The JSON pointers of the fields that these managers own."""
    entries = _mapping(live.get("metadata")).get("managedFields")
    for entry in entries if managers and isinstance(entries, list) else ():
        said = _mapping(entry)
        if said.get("manager") in managers:
            yield from _of_set(live, _mapping(said.get("fieldsV1")), "")


def _of_set(value: Any, fields: Object, path: str) -> Iterator[str]:
    """The leaves of a FieldsV1 set, found in the object."""
    for name, inner in fields.items():
        for key, part in _named(value, name):
            pointer = f"{path}/{str(key).replace('~', '~0').replace('/', '~1')}"
            below = {step: more for step, more in _mapping(inner).items() if step != "."}
            if below:
                yield from _of_set(part, below, pointer)
            else:
                yield pointer


def _named(value: Any, name: str) -> Iterator[tuple[str | int, Any]]:
    kind, _, said = name.partition(":")
    if kind == "f" and isinstance(value, dict) and said in value:
        yield said, value[said]
    if kind in ("k", "v", "i") and isinstance(value, list):
        with suppress(ValueError):
            wanted = json.loads(said)
            for index, entry in enumerate(value):
                if kind == "k":
                    matches = isinstance(entry, dict) and isinstance(wanted, dict) and all(entry.get(key) == part for key, part in wanted.items())
                else:
                    matches = entry == wanted if kind == "v" else index == wanted
                if matches:
                    yield index, entry


def _explains(moved: Change, change: Change) -> bool:
    """Does a difference of two versions account for one of the live object?"""
    if moved.path == change.path and isinstance(change.live, dict) and isinstance(moved.live, dict):
        # A mapping of plain values has no defaults: what is more in it somebody added.
        plain = not any(isinstance(part, dict | list) for part in change.live.values())
        return not plain or change.live == moved.live
    return _covers(moved.path, change.path) or _covers(change.path, moved.path)


def _revisions(said: Object) -> tuple[str, ...]:
    listed = said.get("revisions")
    if isinstance(listed, list) and listed:
        return tuple(entry if isinstance(entry, str) else "" for entry in listed)
    revision = said.get("revision")
    return (revision,) if isinstance(revision, str) and revision else ()


def _mapping(value: Any) -> Object:
    return value if isinstance(value, Mapping) else {}
