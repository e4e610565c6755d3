"""Which findings somebody accepts, and what becomes of each suppression: of the comments in files, of the configuration and of a baseline."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import NamedTuple

from gitguard.manifests.suppressions import is_day
from gitguard.model.configuration import Ignore
from gitguard.model.files import FileFacts
from gitguard.model.finding import Finding, ObjectRef, Site, Suppressed, shortened
from gitguard.model.suppression import Baseline, Standing, Suppression

# What judges the gate, or an exception from it: an exception from that would be the way through it.
NEVER_SUPPRESSED = frozenset({"gate-weakened", "suppression-expired", "suppression-invalid", "suppression-unused"})
IN_THE_BASELINE = "in the baseline"
# How far a comment of a change is believed: for every finding, for those that were there before, for none.
EVERYTHING, OLD_ONES, NOTHING = _DEGREES = ("everything", "old", "nothing")


class Accepting(NamedTuple):
    """All that suppresses. `files` have comments; `ignores` are those of the configuration, which is the file `configuration`. `believed` says of the
    comments, by path and line, how far they count; those that it does not name count for everything."""

    files: Mapping[str, FileFacts]
    ignores: tuple[Ignore, ...] = ()
    configuration: str = ""
    baseline: Baseline = Baseline()
    believed: Mapping[tuple[str, int], str] = MappingProxyType({})


class Settled(NamedTuple):
    """What is left of the findings, what is suppressed, what became of each suppression, and the comments (by path and line) that would have
    suppressed more, had they counted."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    standing: tuple[Standing, ...]
    withheld: frozenset[tuple[str, int]] = frozenset()


def commented(files: Mapping[str, FileFacts]) -> frozenset[str]:
    """The files whose comments suppress something: where the lines of findings have to be known."""
    return frozenset(path for path, facts in files.items() if any(not one.problem for one in facts.suppressions))


def settled(findings: Iterable[Finding], accepting: Accepting, today: str) -> Settled:
    """Every finding is kept or suppressed. Those in commented files have their lines; `today` is YYYY-MM-DD."""
    beside = _by_place(accepting, today)
    comments, ignores, listed = Counter[_Place](), Counter[int](), Counter({item.fingerprint: item.number for item in accepting.baseline.entries})
    withheld: set[_Place] = set()
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    for finding in findings:
        reasons: list[tuple[str, str]] = []
        for place in _places(finding):
            if place in beside:
                believed, one = beside[place][0]
                if believed == EVERYTHING or (believed == OLD_ONES and finding.status == "old"):
                    comments[place] += 1
                    reasons.append((one.reason, one.until))
                else:
                    withheld.add(place)
        for number, ignore in enumerate(accepting.ignores):
            if _ignores(ignore, finding, today):
                ignores[number] += 1
                reasons.append((ignore.reason, ignore.until))
        if listed and not reasons and finding.rule not in NEVER_SUPPRESSED and listed[fingerprint := as_listed(finding)] > 0:
            listed[fingerprint] -= 1
            reasons.append((IN_THE_BASELINE, ""))
        if reasons:
            suppressed.append(Suppressed(finding, *reasons[0]))
        else:
            kept.append(finding)
    standing = (
        *_comments_standing(accepting.files, comments, today),
        *_ignores_standing(accepting, ignores, today),
        *_baseline_standing(accepting.baseline, listed),
    )
    return Settled(tuple(kept), tuple(suppressed), standing, frozenset((place.path, one.line) for place in withheld for _, one in beside[place]))


class _Place(NamedTuple):
    """Where the comments stand that suppress the same findings: a line, or a document where that is -1; and the rule."""

    path: str
    line: int
    document: int
    rule: str


def _places(finding: Finding) -> Iterator[_Place]:
    if finding.rule not in NEVER_SUPPRESSED:
        yield _Place(finding.site.path, finding.site.line, -1, finding.rule)
        yield _Place(finding.site.path, -1, finding.site.document, finding.rule)


def _places_of(path: str, one: Suppression) -> Iterator[_Place]:
    for rule in one.rules:
        yield _Place(path, one.covers, -1, rule) if one.covers > 0 else _Place(path, -1, one.document, rule)


def _by_place(accepting: Accepting, today: str) -> Mapping[_Place, Sequence[tuple[str, Suppression]]]:
    """Those that hold today, each with how far it is believed; those that count for more come first."""
    found: dict[_Place, list[tuple[str, Suppression]]] = {}
    for path in commented(accepting.files):
        for one in accepting.files[path].suppressions:
            if not one.problem and not _is_over(one.until, today):
                believed = accepting.believed.get((path, one.line), EVERYTHING)
                for place in _places_of(path, one):
                    found.setdefault(place, []).append((believed, one))
    return {place: sorted(some, key=lambda pair: _DEGREES.index(pair[0])) for place, some in found.items()}


def as_listed(finding: Finding) -> str:
    """The fingerprint that reports and baselines have of a finding: of its message as it is shown."""
    return finding._replace(message=shortened(finding.message)).fingerprint


def _is_over(until: str, today: str) -> bool:
    return bool(until) and until < today


def _ignores(ignore: Ignore, finding: Finding, today: str) -> bool:
    if finding.rule in NEVER_SUPPRESSED or _is_over(ignore.until, today):
        return False
    if ignore.rule and ignore.rule != finding.rule:
        return False
    if ignore.path and not fnmatchcase(finding.site.path, ignore.path):
        return False
    return not ignore.object or ignore.object in _names(finding.object)


def _names(reference: ObjectRef) -> tuple[str, str]:
    return f"{reference.kind}/{reference.name}", f"{reference.kind}/{reference.namespace}/{reference.name}"


def _comments_standing(files: Mapping[str, FileFacts], used: Counter[_Place], today: str) -> Iterator[Standing]:
    for path in sorted(path for path, facts in files.items() if facts.suppressions):
        for one in files[path].suppressions:
            site = Site(path, one.document, "", one.line, 1)
            yield Standing(
                *("comment", f"`ignore[{', '.join(one.rules)}]`" if one.rules else "the comment", one.rules, site),
                object=object_at(files[path], one.document),
                until=one.until,
                problem=one.problem or _never(one.rules),
                expired=_is_over(one.until, today),
                suppresses=sum(used[place] for place in _places_of(path, one)),
            )


def object_at(facts: FileFacts, document: int) -> ObjectRef:
    """The object of a document, the first of several."""
    found = next((item for item in facts.objects if item.document == document), None)
    return ObjectRef(found.api_version, found.kind, found.namespace, found.name) if found else ObjectRef()


def _ignores_standing(accepting: Accepting, used: Counter[int], today: str) -> Iterator[Standing]:
    for number, one in enumerate(accepting.ignores):
        rules = (one.rule,) if one.rule else ()
        what = ", ".join(f"{name} `{value}`" for name, value in (("rule", one.rule), ("path", one.path), ("object", one.object)) if value)
        no_day = "" if not one.until or is_day(one.until) else f"`until: {one.until}` is no day: write YYYY-MM-DD, the last day on which it holds"
        yield Standing(
            *("ignore", f"the ignore of {what}", rules, Site(accepting.configuration, 0, f"/ignore/{number}")),
            until=one.until,
            problem=no_day or _never(rules),
            expired=_is_over(one.until, today),
            suppresses=used[number],
        )


def _never(rules: Sequence[str]) -> str:
    named = next((rule for rule in rules if rule in NEVER_SUPPRESSED), "")
    return f"`{named}` can't be suppressed" if named else ""


def _baseline_standing(baseline: Baseline, left: Mapping[str, int]) -> Iterator[Standing]:
    if baseline.source:
        rules = tuple(sorted({item.rule for item in baseline.entries if left[item.fingerprint] > 0}))
        idle, count = sum(left.values()), sum(item.number for item in baseline.entries)
        yield Standing("baseline", "the baseline", rules, Site(baseline.source, 0, "", 1, 1), suppresses=count - idle, idle=idle)
