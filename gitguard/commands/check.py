"""`gitguard check`: judge the work tree, or a commit, as a whole."""

from pathlib import Path

from gitguard import checker
from gitguard.commands.deploying import deployments
from gitguard.commands.options import Options, Outcome, outcome
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.edges import clock, git
from gitguard.model.finding import Failure, Report
from gitguard.rules import RULES


def run(path: Path | None, commit: str, options: Options) -> Outcome:
    """Judge the repository around `path` (default: the current directory), its work tree or the commit that is named."""
    started = clock.monotonic()
    found = git.find(path or Path(), options.environment, named=path is not None)
    entries = found.commit(commit) if commit else found.work_tree()
    cache = open_cache(options.cache, options.environment)
    reader = Reader(found, configuration(found, options.config, entries, cache), cache)
    repository = deployments(reader, entries, reader.repository(entries), options).repository_deployed()
    report = checker.report(repository, checker.judge(repository, RULES), reader.places(entries), clock.today())
    cache.close()
    report = checker.below(_nothing_is_not_clean(report), found.below)._replace(seconds=clock.monotonic() - started)
    return outcome(report, options, found.root)


def _nothing_is_not_clean(report: Report) -> Report:
    """A check that found nothing to judge has not passed: the path or the checkout is wrong."""
    if report.counts.manifests or report.findings:
        return report
    nothing = Failure("", "nothing to judge: the repository tracks no Kubernetes manifest (untracked files are not read)")
    return report._replace(failures=(*report.failures, nothing))
