"""`gitguard ci --base REF`: judge HEAD against where it branched off; what is new, what is fixed, and what the change itself does."""

from pathlib import Path

from gitguard import checker
from gitguard.commands.circumstances import known
from gitguard.commands.deploying import deployments
from gitguard.commands.options import Options, Outcome, outcome
from gitguard.commands.reading import Reader, configuration, open_cache, place_in
from gitguard.edges import clock, git
from gitguard.edges.history import History
from gitguard.model.change import Change
from gitguard.model.errors import ConfigurationError
from gitguard.model.finding import Failure
from gitguard.rules import CHANGE_RULES, RULES


def run(base: str, head: str, options: Options, *, trust_head: bool = False) -> Outcome:
    """Judge the change that leads to `head`. The configuration is that of the newest `base`, unless the change is trusted with its own."""
    started = clock.monotonic()
    found = git.find(Path(), options.environment, named=False)
    history = History(found)
    named, base, head = base, history.commit(base), history.commit(head)
    parted = history.merge_base(base, head)
    entries = {commit: found.commit(commit) for commit in {base, head, parted}}
    named_file = place_in(found, options.config) if options.config is not None and not trust_head else ""
    if named_file in {entry.path for entry in entries[head]} - {entry.path for entry in entries[base]}:
        raise ConfigurationError(
            f"{options.config}: the base has no such file, and the change's own does not count", "merge it first, or --trust-head"
        )
    cache = open_cache(options.cache, options.environment)
    reader = Reader(found, configuration(found, options.config, entries[head if trust_head else base], cache), cache)
    before, after = (deployments(reader, entries[one], reader.repository(entries[one]), options).repository_deployed() for one in (parted, head))
    change = Change(before, after, history.between(parted, head), history.commits(base, head))
    change = known(change, found, options.environment, named, (base, head))
    judged, fixed = checker.compared(checker.judge(after, RULES), checker.judge(before, RULES), change.renamed)
    own = checker.judge_change(change, CHANGE_RULES)
    # What is said of what is gone has its lines where it was.
    gone = tuple(finding for finding in own.findings if finding.site.path not in after.tree)
    left = tuple(finding for finding in own.findings if finding.site.path in after.tree)
    own = own._replace(findings=(*left, *checker.placed(gone, reader.places(entries[parted]))))
    judgement = checker.joined(judged, own)
    report = checker.report(after, judgement, reader.places(entries[head]), clock.today())
    report = report._replace(fixed=checker.placed(fixed, reader.places(entries[parted])), seconds=clock.monotonic() - started)
    cache.close()
    if not report.counts.manifests and not before.files:
        nothing = Failure("", "nothing to judge: neither side of the change has a Kubernetes manifest")
        report = report._replace(failures=(*report.failures, nothing))
    return outcome(report, options, found.root)
