"""`gitguard ci --base REF`: judge HEAD against where it branched off; what is new, what is fixed, and what the change itself does."""

from pathlib import Path

from gitguard import checker
from gitguard.commands.accepting import baseline
from gitguard.commands.circumstances import compared_contents, known
from gitguard.commands.deploying import deployments
from gitguard.commands.options import Options, Outcome, outcome
from gitguard.commands.reading import Reader, configuration, open_cache, place_in
from gitguard.edges import clock, git
from gitguard.edges.git import GitRepository
from gitguard.edges.history import History
from gitguard.model.change import Change
from gitguard.model.errors import ConfigurationError
from gitguard.model.files import Entry
from gitguard.model.finding import Failure
from gitguard.repository.suppression_changes import believed, files_to_compare
from gitguard.rules import CHANGE_RULES, RULES


def run(base: str, head: str, options: Options, *, trust_head: bool = False) -> Outcome:
    """Judge the change that leads to `head`. The configuration is that of the newest `base`, unless the change is trusted with its own."""
    started = clock.monotonic()
    found = git.find(Path(), options.environment, named=False)
    history = History(found)
    named, base, head = base, history.commit(base), history.commit(head)
    parted = history.merge_base(base, head)
    entries = {commit: found.commit(commit) for commit in {base, head, parted}}
    if not trust_head:
        for file in (options.config, options.baseline):
            _refuse_own(found, file, entries[head], entries[base])
    cache = open_cache(options.cache, options.environment)
    governing = entries[head if trust_head else base]
    settings = configuration(found, options.config, governing, cache)
    accepted = baseline(found, settings, options, governing)
    reader = Reader(found, settings._replace(baseline=accepted.source), cache)
    before, after = (deployments(reader, entries[one], reader.repository(entries[one]), options).repository_deployed() for one in (parted, head))
    earlier, later = reader.places(entries[parted]), reader.places(entries[head])
    change = Change(before, after, history.between(parted, head), history.commits(base, head))
    change = known(change, found, options.environment, named, (base, head))
    was = checker.judge(before, RULES)
    judged, fixed = checker.compared(checker.judge(after, RULES), was, change.renamed)
    # Suppressions: those of the change count as far as they were there before.
    comments = believed(change, compared_contents(files_to_compare(change), found))
    accepting = checker.accepted(after, accepted)
    if not trust_head:
        accepting = accepting._replace(believed=comments.degrees)
    withheld = checker.settle(after, judged, later, clock.today(), accepting).withheld
    change = change._replace(suppressions=(*comments.told, *(said for key, said in comments.altered.items() if key in withheld)))
    own = checker.judge_change(change, CHANGE_RULES)
    # What is said of what is gone has its lines where it was.
    gone = tuple(finding for finding in own.findings if finding.site.path not in after.tree)
    left = tuple(finding for finding in own.findings if finding.site.path in after.tree)
    judgement = checker.joined(judged, own._replace(findings=(*left, *checker.placed(gone, earlier))))
    settled = checker.settle(after, judgement, later, clock.today(), accepting)
    about, mended = checker.compared(
        checker.about_suppressions(after, judgement, settled),
        checker.about_suppressions(before, was, checker.settle(before, was, earlier, clock.today(), checker.accepted(before, accepted))),
        change.renamed,
    )
    report = checker.report(after, judgement, settled, about, later)
    report = report._replace(fixed=checker.placed((*fixed, *mended), earlier), seconds=clock.monotonic() - started)
    cache.close()
    if not report.counts.manifests and not before.files:
        nothing = Failure("", "nothing to judge: neither side of the change has a Kubernetes manifest")
        report = report._replace(failures=(*report.failures, nothing))
    return outcome(report, options)


def _refuse_own(found: GitRepository, file: Path | None, head: tuple[Entry, ...], base: tuple[Entry, ...]) -> None:
    """A file that is named and that only the change has does not count."""
    inside = place_in(found, file) if file is not None else ""
    if inside in {entry.path for entry in head} - {entry.path for entry in base}:
        raise ConfigurationError(f"{file}: the base has no such file, and the change's own does not count", "merge it first, or --trust-head")
