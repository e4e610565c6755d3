"""`gitguard ci --base REF`: judge HEAD against where it branched off; what is new, what is fixed, and what the change itself does."""

from pathlib import Path

from gitguard import checker, statuses
from gitguard.checker import Judgement, Locate
from gitguard.commands.accepting import baseline
from gitguard.commands.circumstances import compared_contents, known
from gitguard.commands.deploying import Deployments, deployments
from gitguard.commands.options import Options, Outcome, outcome
from gitguard.commands.reading import Reader, behind, configuration, open_cache, place_in
from gitguard.edges import clock, git
from gitguard.edges.git import GitRepository
from gitguard.edges.history import History
from gitguard.model.change import Change
from gitguard.model.errors import ConfigurationError
from gitguard.model.files import Entry
from gitguard.model.finding import Failure, Report
from gitguard.model.repository import Repository
from gitguard.model.suppression import Baseline
from gitguard.repository.choices import removed
from gitguard.repository.suppression_changes import Believed, believed, files_to_compare
from gitguard.rules import CHANGE_RULES, RULES


def run(base: str, head: str, options: Options, *, trust_head: bool = False) -> Outcome:
    """Judge the change that leads to `head`. The configuration is that of the newest `base`, unless the change is trusted with its own."""
    started = clock.monotonic()
    found = git.find(Path(), options.environment, named=False)
    history = History(found)
    named, base, head = base, history.commit(base), history.commit(head)
    parted, *others = history.merge_bases(base, head)
    entries = {commit: found.commit(commit) for commit in {base, head, parted}}
    if not trust_head:
        for file in (options.config, options.baseline):
            _refuse_own(found, file, entries[head], entries[base])
    cache = open_cache(options.cache, options.environment)
    governing = entries[head if trust_head else base]
    settings = configuration(found, options.config, governing, cache)
    accepted = baseline(found, settings, options, governing)
    reader = Reader(found, settings._replace(baseline=accepted.source), cache)
    was, now = (deployments(reader, entries[one], reader.repository(entries[one]), options) for one in (parted, head))
    before, after, judged = _deployed(was, now)
    change = Change(before, after, history.between(parted, head), history.commits(base, head))
    change = known(change, found, options.environment, named, (base, head), entries[parted])
    comments = believed(change, compared_contents(files_to_compare(change), found))
    if trust_head:
        comments = comments._replace(degrees={})
    report = _report(change, judged, accepted, comments, (reader.places(entries[parted]), reader.places(entries[head])))
    cache.close()
    remarks = [_extent(was, now), *report.remarks]
    if others:
        remarks.append(f"the branches were merged crosswise and parted in {len(others) + 1} commits: what is new is told against {parted[:12]}")
    if not report.counts.manifests and not before.files:
        nothing = Failure("", "nothing to judge: neither side of the change has a Kubernetes manifest")
        report = report._replace(failures=(*report.failures, nothing))
    return outcome(report._replace(remarks=tuple(remarks), seconds=clock.monotonic() - started), options, found.root)


def _refuse_own(found: GitRepository, file: Path | None, head: tuple[Entry, ...], base: tuple[Entry, ...]) -> None:
    """A file that is named and that only the change has does not count."""
    inside = place_in(found, file, base) if file is not None else ""
    if behind(inside, head) and not behind(inside, base):
        raise ConfigurationError(f"{file}: the base has no such file, and the change's own does not count", "merge it first, or --trust-head")


def _deployed(was: Deployments, now: Deployments) -> tuple[Repository, Repository, Judgement]:
    """Both sides with what they deploy, and what the rules say of the one before."""
    # What differs is rendered while the base, which the cache knows as a rule, is gone through and judged.
    with now.ahead():
        before = was.repository_deployed()
        with now.ahead(was.sources):
            judged = checker.judge(before, RULES)
    after = now.repository_deployed()
    return before, after._replace(removed_projects=removed(before, after)), judged


def _report(change: Change, was: Judgement, accepted: Baseline, comments: Believed, places: tuple[Locate, Locate]) -> Report:
    """What is new, old and fixed, and what the change itself does. `was` is said of the base, `places` has the lines of both sides."""
    before, after, (earlier, later), today = change.before, change.after, places, clock.today()
    judged, fixed = statuses.compared(checker.judge(after, RULES), was, change.renamed)
    # Suppressions: those of the change count as far as they were there before.
    accepting = checker.accepted(after, accepted)._replace(believed=comments.degrees)
    withheld = checker.settle(after, judged, later, today, accepting).withheld
    change = change._replace(suppressions=(*comments.told, *(said for key, said in comments.altered.items() if key in withheld)))
    own = checker.judge_change(change, CHANGE_RULES)
    # What is said of what is gone has its lines where it was.
    gone = tuple(finding for finding in own.findings if finding.site.path not in after.tree)
    left = tuple(finding for finding in own.findings if finding.site.path in after.tree)
    judgement = checker.joined(judged, own._replace(findings=(*left, *checker.placed(gone, earlier))))
    settled = checker.settle(after, judgement, later, today, accepting)
    about, mended = statuses.compared(
        checker.about_suppressions(after, judgement, settled),
        checker.about_suppressions(before, was, checker.settle(before, was, earlier, today, checker.accepted(before, accepted))),
        change.renamed,
    )
    report = checker.report(after, judgement, settled, about, later)
    return report._replace(fixed=checker.placed((*fixed, *mended), earlier), remarks=checker.unexpanded(after, judgement))


def _extent(before: Deployments, after: Deployments) -> str:
    """What was judged, and what of it had to be rendered."""
    renderings = before.renderer.asked | after.renderer.asked
    anew = len(renderings & (before.renderer.anew | after.renderer.anew))
    extent = f"{len(renderings)} rendering{'' if len(renderings) == 1 else 's'}, {anew} anew, {len(renderings) - anew} from the cache"
    return f"both sides of the change are judged whole: {extent if renderings else 'nothing had to be rendered'}"
