"""`gitguard check`: judge the work tree, or a commit, as a whole."""

from pathlib import Path

from gitguard import checker
from gitguard.commands.accepting import baseline, writable
from gitguard.commands.deploying import deployments
from gitguard.commands.options import FileOutput, Options, Outcome, outcome
from gitguard.commands.reading import Reader, configuration, open_cache, untracked_configuration
from gitguard.edges import clock, git
from gitguard.model.errors import UsageError
from gitguard.model.finding import Failure, Report
from gitguard.model.suppression import Baseline
from gitguard.repository.baseline import parsed, written
from gitguard.rules import RULES


def run(path: Path | None, commit: str, options: Options, write: Path | None = None) -> Outcome:
    """Judge the repository around `path` (default: the current directory), its work tree or the commit that is named.

    With `write`, all that is found goes into a baseline there, and counts as accepted.
    """
    started = clock.monotonic()
    if write is not None:
        if options.baseline is not None:
            raise UsageError("--write-baseline lists all that is found, and --baseline accepts a part of it", "leave --baseline out")
        writable(write)
    found = git.find(path or Path(), options.environment, named=path is not None)
    entries = found.commit(commit) if commit else found.work_tree()
    cache = open_cache(options.cache, options.environment)
    settings = configuration(found, options.config, entries, cache)
    accepted = baseline(found, settings, options, entries) if write is None else Baseline()
    reader = Reader(found, settings, cache)
    repository = deployments(reader, entries, reader.repository(entries), options).repository_deployed()
    judgement, places = checker.judge(repository, RULES), reader.places(entries)
    settled = checker.settle(repository, judgement, places, clock.today(), checker.accepted(repository, accepted))
    text = ""
    if write is not None:
        text = written(settled.kept)
        accepted = parsed(text.encode(), str(write))
        settled = checker.settle(repository, judgement, places, clock.today(), checker.accepted(repository, accepted))
    about = checker.about_suppressions(repository, judgement, settled)
    remarks = (*checker.unexpanded(repository, judgement), *([] if commit or options.config is not None else untracked_configuration(found, entries)))
    report = checker.report(repository, judgement, settled, about, places)._replace(remarks=remarks)
    cache.close()
    report = checker.below(_nothing_is_not_clean(report), found.below)._replace(seconds=clock.monotonic() - started)
    if write is None:
        return outcome(report, options, found.root)
    count = sum(entry.number for entry in accepted.entries)
    report = report._replace(remarks=(*report.remarks, f"{write}: a baseline of {count} {'finding' if count == 1 else 'findings'} was written"))
    made = outcome(report, options, found.root)
    return made._replace(further=(FileOutput(write, text, "--write-baseline"), *made.further))


def _nothing_is_not_clean(report: Report) -> Report:
    """A check that found nothing to judge has not passed: the path or the checkout is wrong."""
    if report.counts.manifests or report.findings:
        return report
    nothing = Failure("", "nothing to judge: the repository tracks no Kubernetes manifest (untracked files are not read)")
    return report._replace(failures=(*report.failures, nothing))
