"""How far the suppressions in the comments of a change are believed: as far as those were there before, for what they stood beside."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gitguard.model.change import Change, ChangedPath, SuppressionChange
from gitguard.model.files import FileFacts
from gitguard.model.finding import ObjectRef, Site
from gitguard.model.suppression import Suppression
from gitguard.parse import fields_at, read
from gitguard.repository.gate import Contents
from gitguard.repository.suppressing import EVERYTHING, NOTHING, OLD_ONES, object_at

_EVER = "9999"
Key = tuple[str, int]


class Believed(NamedTuple):
    """What of a change's comments counts for what, by path and line; which are told of in any case, and which where they would have suppressed
    something."""

    degrees: Mapping[Key, str]
    told: tuple[SuppressionChange, ...]
    altered: Mapping[Key, SuppressionChange]


class _Covered(NamedTuple):
    """A suppression with what it covers: which fields of which object, and what they and the whole document hold, as JSON; None where that can't be
    told. `is_plain`: no mapping and no list."""

    suppression: Suppression
    object: ObjectRef
    fields: tuple[str, ...]
    value: str | None
    document: str | None
    is_plain: bool

    @property
    def until(self) -> str:
        return self.suppression.until or _EVER

    def is_within(self, other: "_Covered") -> bool:
        """Does it name no other rules, and hold no longer?"""
        return set(self.suppression.rules) <= set(other.suppression.rules) and self.until <= other.until


def believed(change: Change, contents: Mapping[str, Contents]) -> Believed:
    """Compare the comments of each file with those of the file as it was; `contents` are those of `files_to_compare`, by their paths now."""
    degrees: dict[Key, str] = {}
    told: list[SuppressionChange] = []
    altered: dict[Key, SuppressionChange] = {}
    moved = {after: before for before, after in change.renamed.items()}
    for path, (was, now) in contents.items():
        before = _of_before(change, moved.get(path, path), path)
        earlier = list(_covered(was, before)) if was is not None and before is not None else []
        for one, in_place, said_in_place in _compared(list(_covered(now or b"", change.after.files[path])), earlier):
            degree, how = (OLD_ONES, _MOVED) if in_place == EVERYTHING and path in moved else (in_place, said_in_place)
            key = path, one.suppression.line
            degrees[key] = degree
            message = how.format(what=f"the suppression of {', '.join(f'`{rule}`' for rule in one.suppression.rules)}")
            said = SuppressionChange(Site(path, one.suppression.document, "", one.suppression.line, 1), one.object, message)
            if how in (_ALTERED, _MOVED):
                altered[key] = said
            elif how:
                told.append(said)
    return Believed(degrees, tuple(told), altered)


def files_to_compare(change: Change) -> Iterator[ChangedPath]:
    """The files that the change touches and whose comments suppress something."""
    for one in change.paths:
        facts = change.after.files.get(one.path) if one.after is not None else None
        if facts is not None and any(not item.problem for item in facts.suppressions):
            yield one


def _of_before(change: Change, earlier: str, path: str) -> FileFacts | None:
    """The facts of the file where it was; none where that was another environment, for which nobody accepted anything here."""
    settings = change.before.configuration
    return change.before.files.get(earlier) if settings.environment_of(earlier) == settings.environment_of(path) else None


_ALTERED = "what {what} covers is changed: it does not count for what is new there"
_MOVED = "{what} was moved with its file: it does not count for what is new there"


def _compared(after: list[_Covered], before: list[_Covered]) -> Iterator[tuple[_Covered, str, str]]:
    """Each of `after` with how far it is believed, and what is to be said of `{what}`. Each of `before` stands for one of them."""
    left: dict[ObjectRef, list[_Covered]] = {}
    for old in before:
        left.setdefault(old.object, []).append(old)
    waiting = []
    for one in after:
        there = [old for old in left.get(one.object, ()) if one.fields == old.fields and one.is_within(old)]
        same = [old for old in there if one.value is not None and one.value == old.value]
        found = next((old for old in same if old.document == one.document), same[0] if same else None)
        if found is None:
            waiting.append(one)
        else:
            left[one.object].remove(found)
            yield (one, EVERYTHING, "") if one.document == found.document else (one, OLD_ONES, _ALTERED)
    for one in waiting:
        in_object = left.get(one.object, [])
        within = next((old for old in in_object if one.fields == old.fields and one.is_within(old)), None)
        if within is not None:
            in_object.remove(within)
            yield one, (NOTHING if one.is_plain else OLD_ONES), _ALTERED
        else:
            yield one, NOTHING, _how(one, in_object)


def _how(one: _Covered, in_object: list[_Covered]) -> str:
    """What the suppression accepts more than those that are left of the object."""
    rules = set(one.suppression.rules)
    there = [set(old.suppression.rules) for old in in_object if old.fields == one.fields]
    if any(rules <= old for old in there):
        return f"{{what}} holds for longer: {'for ever' if one.until == _EVER else f'until {one.until}'}"
    if any(rules & old for old in there):
        return "{what} names more rules than before"
    if one.suppression.covers == 0 and any(rules & set(old.suppression.rules) for old in in_object):
        return "{what} covers the whole object, and did a line of it before"
    return "{what} is added"


def _covered(data: bytes, facts: FileFacts) -> Iterator[_Covered]:
    """The suppressions that count, in their order."""
    counting = [one for one in facts.suppressions if not one.problem]
    values = {document.number: document.value for document in read(data).documents}
    fields = fields_at(data, {(one.document, one.covers) for one in counting if one.covers > 0})
    for one in counting:
        value = values.get(one.document)
        if one.covers == 0:
            yield _Covered(one, object_at(facts, one.document), (), _text(value), _text(value), is_plain=False)
            continue
        pointers = fields.get((one.document, one.covers), ())
        held = [_at(value, pointer) for pointer in pointers]
        is_plain = not any(isinstance(item, dict | list) for item in held)
        places = tuple(_without_numbers(pointer) for pointer in pointers)
        yield _Covered(one, object_at(facts, one.document), places, _text(held) if pointers else None, _text(value), is_plain)


def _at(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _without_numbers(pointer: str) -> str:
    """Where in a list an item stands does not matter."""
    return "/".join("-" if step.isdecimal() else step for step in pointer.split("/"))


def _text(value: Any) -> str | None:
    try:
        return None if value is None else json.dumps(value, sort_keys=True)
    except RecursionError:
        return None
