"""Rules over a repository, to a report. A rule that crashes loses its own findings only, and says so."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeVar

from gitguard.model.change import Change
from gitguard.model.configuration import Ignore
from gitguard.model.finding import Counts, Failure, Finding, ObjectRef, Related, Report, Site, Skipped, Suppressed, Undetermined, shortened
from gitguard.model.repository import Repository
from gitguard.rules import ChangeRule, Rule

# What judges the gate itself: an exception from it would be the way through it.
NEVER_SUPPRESSED = frozenset({"gate-weakened"})
Item = TypeVar("Item")
# The fields of each file, to their lines and columns.
Locate = Callable[[Mapping[str, Sequence[tuple[int, str]]]], Mapping[str, Mapping[tuple[int, str], tuple[int, int]]]]


class Judgement(NamedTuple):
    """What the rules say of a repository, before lines are looked up and suppressions applied."""

    findings: tuple[Finding, ...]
    undetermined: tuple[Undetermined, ...]
    failures: tuple[Failure, ...]


def judge(repository: Repository, rules: Iterable[Rule]) -> Judgement:
    """Ask every rule. The order of rules and files changes nothing but the order of what comes out."""
    findings: dict[tuple[str, Site, str, str], Finding] = {}
    undetermined: dict[tuple[ObjectRef, str, str], Undetermined] = {}
    failures: list[Failure] = [Failure(item.path, item.message) for item in repository.unreadable]
    for rule in rules:
        try:
            for said in rule.check(repository):
                if isinstance(said, Finding):
                    findings.setdefault((said.rule, said.site, said.message, said.deployer), said)
                else:
                    undetermined.setdefault((said.object, said.site.path, said.reason), said)
        except Exception as error:
            failures.append(Failure("", f"rule {rule.id} crashed: {type(error).__name__}: {error}; its findings are incomplete", rule.id))
    return Judgement(tuple(findings.values()), tuple(undetermined.values()), tuple(failures))


def judge_change(change: Change, rules: Iterable[ChangeRule]) -> Judgement:
    """Ask every rule about a change: what it finds is new."""
    findings: dict[str, Finding] = {}
    undetermined: dict[tuple[str, ObjectRef, str], Undetermined] = {}
    failures = []
    for rule in rules:
        try:
            for said in rule.check(change):
                if isinstance(said, Finding):
                    findings.setdefault(said.fingerprint, said._replace(status="new"))
                else:
                    undetermined.setdefault((said.rule, said.object, said.reason), said)
        except Exception as error:
            failures.append(Failure("", f"rule {rule.id} crashed: {type(error).__name__}: {error}; its findings are incomplete", rule.id))
    return Judgement(tuple(findings.values()), tuple(undetermined.values()), tuple(failures))


def joined(*judgements: Judgement) -> Judgement:
    """All of them as one."""
    return Judgement(
        tuple(item for one in judgements for item in one.findings),
        tuple(item for one in judgements for item in one.undetermined),
        tuple(item for one in judgements for item in one.failures),
    )


def placed(findings: Iterable[Finding], locate: Locate) -> tuple[Finding, ...]:
    """The findings in their order, each with its line."""
    return tuple(sorted(_placed(findings, locate), key=Finding.sort_key))


def report(repository: Repository, judgement: Judgement, locate: Locate, today: str) -> Report:
    """Apply the suppressions, look up lines and put everything in its order. `today` is YYYY-MM-DD."""
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    for finding in judgement.findings:
        ignore = _suppression(finding, repository.configuration.ignore, today)
        if ignore is None:
            kept.append(finding)
        else:
            suppressed.append(Suppressed(finding, ignore.reason, ignore.until))
    return Report(
        counts(repository),
        tuple(sorted(_placed(kept, locate), key=Finding.sort_key)),
        tuple(
            sorted(
                (item._replace(reason=shortened(item.reason)) for item in judgement.undetermined),
                key=lambda item: (item.site.path, item.object, item.rule),
            )
        ),
        tuple(sorted(repository.skipped, key=lambda item: (item.path, item.reason))),
        tuple(sorted(suppressed, key=lambda item: item.finding.sort_key())),
        tuple(sorted(judgement.failures, key=lambda item: (item.path, item.message))),
    )


def caused(after: Judgement, before: Judgement) -> Judgement:
    """What `after` says and `before` did not: by fingerprint for findings, so that moved lines are no news."""
    return Judgement(
        tuple(_news(after.findings, before.findings, lambda finding: finding.fingerprint)),
        tuple(_news(after.undetermined, before.undetermined, lambda item: (item.object, item.site.path, item.reason))),
        tuple(_news(after.failures, before.failures, lambda failure: failure)),
    )


def compared(after: Judgement, before: Judgement, renamed: Mapping[str, str]) -> tuple[Judgement, tuple[Finding, ...]]:
    """`after` with each finding new or old, and the findings of `before` that are gone. `renamed` are the new paths of files that were elsewhere.

    Findings are the same by fingerprint; what is left is the same where it is said in the same words of an object of the same name, in
    whatever file that lies now.
    """
    moved = [item._replace(site=item.site._replace(path=renamed.get(item.site.path, item.site.path))) for item in before.findings]
    news, gone = _unmatched(enumerate(after.findings), enumerate(moved), lambda finding: finding.fingerprint)
    news, gone = _unmatched(news, gone, _anywhere)
    new, fixed = {number for number, _ in news}, {number for number, _ in gone}
    findings = tuple(finding._replace(status="new" if number in new else "old") for number, finding in enumerate(after.findings))
    return after._replace(findings=findings), tuple(finding for number, finding in enumerate(before.findings) if number in fixed)


_Numbered = tuple[int, Finding]


def _unmatched(
    after: Iterable[_Numbered], before: Iterable[_Numbered], identity: Callable[[Finding], Hashable | None]
) -> tuple[list[_Numbered], list[_Numbered]]:
    """What of each side the other has not; those without an identity are nobody's match."""
    left: dict[Hashable, list[_Numbered]] = {}
    alone: list[_Numbered] = []
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


def _anywhere(finding: Finding) -> Hashable | None:
    return (finding.rule, finding.object, finding.pointer or finding.site.pointer, finding.message, finding.deployer) if finding.object.name else None


def _news(after: Iterable[Item], before: Iterable[Item], identity: Callable[[Item], Hashable]) -> Iterable[Item]:
    old = Counter(identity(item) for item in before)
    for item in after:
        if old[identity(item)] > 0:
            old[identity(item)] -= 1
        else:
            yield item


def counts(repository: Repository) -> Counts:
    """How much was read: each object of a file that holds manifests is judged or skipped."""
    objects = [item for path, facts in repository.files.items() if path not in repository.not_objects for item in facts.objects]
    return Counts(
        files=len({skip.path for skip in repository.skipped} | repository.files.keys() | {item.path for item in repository.unreadable}),
        manifests=len(objects),
        applications=sum(1 for item in objects if item.content is not None and item.kind in ("Application", "ApplicationSet")),
        projects=sum(1 for item in objects if item.content is not None and item.kind == "AppProject"),
        judged=sum(1 for item in objects if item.schema and item.schema != "templated"),
    )


def below(whole: Report, folder: str) -> Report:
    """Only what is said of files at or below `folder`; the counts stay those of the repository, which was judged as a whole."""
    return _where(whole, lambda path: path == folder or path.startswith(f"{folder}/")) if folder else whole


def only(whole: Report, paths: Set[str]) -> Report:
    """Only what is said of these files; the counts stay those of the repository."""
    return _where(whole, lambda path: path in paths)


def _where(whole: Report, wanted: Callable[[str], bool]) -> Report:
    return whole._replace(
        findings=tuple(item for item in whole.findings if wanted(item.site.path)),
        undetermined=tuple(item for item in whole.undetermined if wanted(item.site.path)),
        skipped=tuple(item for item in whole.skipped if wanted(item.path)),
        suppressed=tuple(item for item in whole.suppressed if wanted(item.finding.site.path)),
        failures=tuple(item for item in whole.failures if not item.path or wanted(item.path)),
    )


def _suppression(finding: Finding, ignores: Sequence[Ignore], today: str) -> Ignore | None:
    if finding.rule in NEVER_SUPPRESSED:
        return None
    for ignore in ignores:
        if ignore.until and ignore.until < today:
            continue
        if ignore.rule and ignore.rule != finding.rule:
            continue
        if ignore.path and not fnmatchcase(finding.site.path, ignore.path):
            continue
        if ignore.object and ignore.object not in _names(finding.object):
            continue
        return ignore
    return None


def _names(reference: ObjectRef) -> tuple[str, str]:
    return f"{reference.kind}/{reference.name}", f"{reference.kind}/{reference.namespace}/{reference.name}"


def _placed(findings: Iterable[Finding], locate: Locate) -> Iterable[Finding]:
    """Give every place its line; a file is read again only where a rule that names fields has something to say about it."""
    findings = list(findings)
    wanted: dict[str, set[tuple[int, str]]] = {}
    for finding in findings:
        for site in (finding.site, *(related.site for related in finding.related)):
            if site.path and not site.column:
                wanted.setdefault(site.path, set()).add(site.field)
    places = locate({path: sorted(fields) for path, fields in wanted.items()})

    def placed(site: Site) -> Site:
        return site if site.column or site.path not in places else site.located(*places[site.path].get(site.field, (1, 1)))

    for finding in findings:
        yield finding._replace(
            site=placed(finding.site),
            message=shortened(finding.message),
            fix=shortened(finding.fix),
            pointer=finding.pointer or finding.site.pointer,
            related=tuple(Related(placed(related.site), shortened(related.message)) for related in finding.related),
        )


def skipped_by_reason(skipped: Iterable[Skipped]) -> Mapping[str, int]:
    """How often each reason occurs, the most frequent first."""
    tally: dict[str, int] = {}
    for item in skipped:
        tally[item.reason] = tally.get(item.reason, 0) + 1
    return dict(sorted(tally.items(), key=lambda pair: (-pair[1], pair[0])))
