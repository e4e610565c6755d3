"""Rules over a repository, to a report. A rule that crashes loses its own findings only, and says so."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import NamedTuple, TypeVar

from gitguard.model.change import Change
from gitguard.model.finding import Counts, Failure, Finding, Related, Report, Site, Skipped, Undetermined, shortened
from gitguard.model.rendering import Reads, Rendered
from gitguard.model.repository import Deployed, Repository
from gitguard.model.suppression import Baseline, Standing
from gitguard.repository.suppressing import Accepting, Settled, commented, settled
from gitguard.rules import CATALOGUE, MANIFEST_RULES, OBJECT_RULES, SUPPRESSION_RULES, ChangeRule, Rule

_RULE_IDS = frozenset(rule.id for rule in CATALOGUE)
# Longer names are not compared with those that there are.
_LONGEST_ID = 60
# What judges the objects of Applications, and what judges those that charts and kustomizations make.
_OF_DEPLOYED = frozenset(rule.id for rule in OBJECT_RULES)
_OF_MADE = frozenset(rule.id for rule in MANIFEST_RULES) | _OF_DEPLOYED
_NO_BASELINE = Baseline()
Subject = TypeVar("Subject")
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
    findings, undetermined, failures = _asked([(rule.id, rule.check) for rule in rules], repository)
    return Judgement(
        _once(findings, lambda said: (said.rule, said.site, said.message, said.deployer)),
        _once(undetermined, lambda said: (said.object, said.site.path, said.reason)),
        (*(Failure(item.path, item.message) for item in repository.unreadable), *failures),
    )


def judge_change(change: Change, rules: Iterable[ChangeRule]) -> Judgement:
    """Ask every rule about a change: what it finds is new. What is said of one field in the same words is said once, however often it is there."""
    findings, undetermined, failures = _asked([(rule.id, rule.check) for rule in rules], change)
    new = [finding._replace(status="new") for finding in findings]
    return Judgement(
        _once(new, lambda said: said.fingerprint),
        _once(undetermined, lambda said: (said.rule, said.object, said.reason)),
        tuple(failures),
    )


def _asked(
    checks: Iterable[tuple[str, Callable[[Subject], Iterable[Finding | Undetermined]]]], subject: Subject
) -> tuple[list[Finding], list[Undetermined], list[Failure]]:
    """All that is said; of a rule that crashes what it had said before."""
    findings: list[Finding] = []
    undetermined: list[Undetermined] = []
    failures: list[Failure] = []
    for name, check in checks:
        try:
            for said in check(subject):
                if isinstance(said, Finding):
                    findings.append(said)
                else:
                    undetermined.append(said)
        except Exception as error:
            failures.append(Failure("", f"rule {name} crashed: {type(error).__name__}: {error}; its findings are incomplete", name))
    return findings, undetermined, failures


def _once(items: Iterable[Item], identity: Callable[[Item], Hashable]) -> tuple[Item, ...]:
    """The first of each identity."""
    found: dict[Hashable, Item] = {}
    for item in items:
        found.setdefault(identity(item), item)
    return tuple(found.values())


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


def settle(repository: Repository, judgement: Judgement, locate: Locate, today: str, accepting: Accepting | None = None) -> Settled:
    """Which of the findings are suppressed: by default by all that the repository says. `today` is YYYY-MM-DD."""
    accepting = accepting or accepted(repository)
    beside = commented(accepting.files)
    placed_ = iter(_placed([finding for finding in judgement.findings if finding.site.path in beside], locate))
    return settled((next(placed_) if finding.site.path in beside else finding for finding in judgement.findings), accepting, today)


def accepted(repository: Repository, baseline: Baseline = _NO_BASELINE) -> Accepting:
    """What the comments of a repository suppress, its configuration, and a baseline."""
    return Accepting(repository.files, repository.configuration.ignore, repository.configuration.source, baseline)


def about_suppressions(repository: Repository, judgement: Judgement, settled_: Settled, *, whole: bool = True) -> Judgement:
    """What the suppressions themselves have against them. Not `whole`: what they suppress elsewhere was not asked, so that none is called unused."""
    unjudged = _Unjudged(repository, judgement)

    def is_open(one: Standing) -> bool:
        is_withheld = one.origin == "comment" and (one.site.path, one.site.line) in settled_.withheld
        return not whole or is_withheld or ((not one.suppresses or one.idle > 0) and unjudged.may_be_found(one))

    standing = tuple(known._replace(is_open=is_open(known)) for known in map(_known, settled_.standing))
    return judge(repository._replace(suppressions=standing, unreadable=()), SUPPRESSION_RULES)


def _known(one: Standing) -> Standing:
    """With its problem where it names a rule that there is not."""
    unknown = next((name for name in one.rules if name not in _RULE_IDS), "") if one.origin != "baseline" else ""
    if one.problem or not unknown:
        return one
    near = get_close_matches(unknown, sorted(_RULE_IDS), n=1) if len(unknown) <= _LONGEST_ID else []
    advice = f"did you mean `{near[0]}`?" if near else "`gitguard rules` lists them"
    return one._replace(problem=f"there is no rule `{unknown}`: {advice}")


class _Unjudged:
    """What could not be judged of a repository: whether a suppression may be for that."""

    def __init__(self, repository: Repository, judgement: Judgement) -> None:
        self._repository = repository
        self._failed = bool(judgement.failures)
        self._places = {(item.rule, path) for item in judgement.undetermined for path in ("", item.site.path)}
        self._paths: dict[str, bool] = {}

    def may_be_found(self, one: Standing) -> bool:
        """Is there anything that it may suppress and that was not judged? For a comment only what is found in its file."""
        rules, path = set(one.rules) or _RULE_IDS, one.site.path if one.origin == "comment" else ""
        if self._failed or any((rule, path) in self._places for rule in rules):
            return True
        # An object that lies in a file was judged there, whatever is made of it.
        return not rules.isdisjoint(_OF_DEPLOYED if one.object.kind else _OF_MADE) and self._may_be_made(path)

    def _may_be_made(self, path: str) -> bool:
        if path not in self._paths:
            self._paths[path] = any(_may_be_made_of(path, result, one) for one in self._repository.deployed for result in one.sources)
        return self._paths[path]


def _may_be_made_of(path: str, result: Rendered, deployed: Deployed) -> bool:
    """Was something not rendered whose objects come from that file, or, of no file, from any of the repository?"""
    if not (result.undetermined or result.failure or result.skipped):
        return False
    is_elsewhere = result.undetermined is not None and result.undetermined.elsewhere
    if not path:
        return not is_elsewhere
    return path == deployed.application.path or result.reads.touches(path) or (not is_elsewhere and result.reads == Reads())


def report(repository: Repository, judgement: Judgement, settled_: Settled, about: Judgement, locate: Locate) -> Report:
    """Look up lines and put everything in its order. `settled_` are the findings of `judgement`, `about` is said of suppressions."""
    kept = (*settled_.kept, *about.findings)
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
        tuple(sorted(settled_.suppressed, key=lambda item: item.finding.sort_key())),
        tuple(sorted((*judgement.failures, *about.failures), key=lambda item: (item.path, item.message))),
    )


def unexpanded(repository: Repository, judgement: Judgement) -> tuple[str, ...]:
    """What is not judged, since it is not known that an ApplicationSet makes it: one remark a reason. Where an AppProject restricts it, that is
    undetermined, and not said again."""
    told = {item.object for item in judgement.undetermined}
    making = {(item.namespace, item.facts.name) for item in repository.applications if item.generated}
    # What stands before and behind the number of them.
    causes: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in repository.sets:
        name = one.application.namespace, one.application.facts.name
        if one.application.reference in told or one.complaints:
            continue
        if one.unknown:
            _, reason, needs = one.unknown[0]
            cause = "not all of what ", f" is known, and so not judged: {reason}{f' (needs {needs})' if needs else ''}"
            causes.setdefault(cause, set()).add(name)
        elif name not in making:
            number = len(repository.clusters)
            known = f"the {f'{number} clusters that are' if number > 1 else 'one cluster that is'} known here" if number else "what is known here"
            causes.setdefault(("", f" nothing by {known}: are there others (`clusters:`)?"), set()).add(name)
    return tuple(
        f"{start}{'1 ApplicationSet makes' if len(names) == 1 else f'{len(names)} ApplicationSets make'}{end}"
        for (start, end), names in sorted(causes.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    )


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
