"""What of a judgement is new, old or fixed: findings of two trees, matched."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from posixpath import basename, dirname
from typing import TypeVar

from gitguard.checker import Judgement
from gitguard.model.finding import Finding

Item = TypeVar("Item")

_INDEX = re.compile(r"(?<=/)\d+(?=/|$)")
_INDEX_IN_WORDS = re.compile(r"(?<=\[)\d+(?=\])")
# A path as messages quote it, from the repository's root on; whatever else looks like one is no key of what was renamed.
_PATH = re.compile(r"[^\s`'\",;:()\[\]/]+(?:/[^\s`'\",;:()\[\]/]+)*")


def caused(after: Judgement, before: Judgement) -> Judgement:
    """What `after` says and `before` did not: by fingerprint for findings, so that moved lines are no news."""
    return Judgement(
        _news(after.findings, before.findings, lambda finding: finding.fingerprint),
        _news(after.undetermined, before.undetermined, lambda item: (item.object, item.site.path, item.reason)),
        _news(after.failures, before.failures, lambda failure: failure),
    )


def compared(after: Judgement, before: Judgement, renamed: Mapping[str, str]) -> tuple[Judgement, tuple[Finding, ...]]:
    """`after` with each finding new or old, and the findings of `before` that are gone. `renamed` are the new paths of files that were elsewhere.

    Findings are the same by fingerprint; what is left is the same where it is said in the same words of an object of the same name, in
    whatever file that lies now, and however its lists have grown or shrunk around it. A path in these words may be an old one.
    """
    moved = [item._replace(site=item.site._replace(path=renamed.get(item.site.path, item.site.path))) for item in before.findings]
    news, gone = _unmatched(enumerate(after.findings), enumerate(moved), lambda finding: finding.fingerprint)
    news, gone = _unmatched(news, gone, _anywhere)
    names = _renamed_names(renamed)
    gone = [(number, finding._replace(message=_with_new_paths(finding.message, names))) for number, finding in gone]
    for identity in (_anywhere, _in_any_place, _in_any_place_of_the_file):
        news, gone = _unmatched(news, gone, identity)
    new, fixed = {number for number, _ in news}, {number for number, _ in gone}
    findings = tuple(finding._replace(status="new" if number in new else "old") for number, finding in enumerate(after.findings))
    return after._replace(findings=findings), tuple(finding for number, finding in enumerate(before.findings) if number in fixed)


def _unmatched(
    after: Iterable[tuple[int, Item]], before: Iterable[tuple[int, Item]], identity: Callable[[Item], Hashable | None]
) -> tuple[list[tuple[int, Item]], list[tuple[int, Item]]]:
    """What of each side the other has not; those without an identity are nobody's match."""
    left: dict[Hashable, list[tuple[int, Item]]] = {}
    alone: list[tuple[int, Item]] = []
    for one in before:
        key = identity(one[1])
        (alone if key is None else left.setdefault(key, [])).append(one)
    news = []
    for one in after:
        key = identity(one[1])
        if key is not None and left.get(key):
            left[key].pop(0)
        else:
            news.append(one)
    return news, [*alone, *(one for some in left.values() for one in some)]


def _news(after: Iterable[Item], before: Iterable[Item], identity: Callable[[Item], Hashable]) -> tuple[Item, ...]:
    return tuple(item for _, item in _unmatched(enumerate(after), enumerate(before), identity)[0])


def _anywhere(finding: Finding) -> Hashable | None:
    return (finding.rule, finding.object, finding.pointer or finding.site.pointer, finding.message, finding.deployer) if finding.object.name else None


def _in_any_place(finding: Finding) -> Hashable | None:
    return (finding.rule, finding.object, *_without_indices(finding), finding.deployer) if finding.object.name else None


def _in_any_place_of_the_file(finding: Finding) -> Hashable:
    return (finding.rule, finding.site.path, finding.object, *_without_indices(finding), finding.deployer)


def _without_indices(finding: Finding) -> tuple[str, str]:
    return _INDEX.sub("-", finding.pointer or finding.site.pointer), _INDEX_IN_WORDS.sub("-", finding.message)


def _renamed_names(renamed: Mapping[str, str]) -> Mapping[str, str]:
    """Old paths to new ones: of files, and of the folders that all that is renamed in them has moved to."""
    folders: dict[str, set[str]] = {}
    for old, new in renamed.items():
        for folder, place in _renamed_folders(old, new):
            folders.setdefault(folder, set()).add(place)
    return {**{folder: next(iter(places)) for folder, places in folders.items() if folder and len(places) == 1}, **renamed}


def _renamed_folders(old: str, new: str) -> Iterator[tuple[str, str]]:
    while old != new and basename(old) == basename(new):
        old, new = dirname(old), dirname(new)
        yield old, new


def _with_new_paths(message: str, names: Mapping[str, str]) -> str:
    def new(found: re.Match[str]) -> str:
        known, rest = found[0], ""
        while known and known not in names:
            known, rest = dirname(known), f"/{basename(known)}{rest}"
        return f"{names[known]}{rest}" if known else found[0]

    return _PATH.sub(new, message) if names else message
