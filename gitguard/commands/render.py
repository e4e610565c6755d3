"""`gitguard render APP`: the objects that an Application would deploy, each with the file that it comes from."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path

from gitguard.checker import Locate
from gitguard.commands.deploying import deployments
from gitguard.commands.options import Options, Outcome
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.edges import git
from gitguard.model.errors import ExitCode, UsageError
from gitguard.model.files import Entry
from gitguard.model.rendering import Rendered
from gitguard.model.repository import Deployed, Repository
from gitguard.output import objects as output


def run(application: str, commit: str, options: Options) -> Outcome:
    """Render the Application of that name, or `namespace/name`, which the repository around the current directory declares or makes.

    `commit` is the commit to look at, "" for the work tree.
    """
    found = git.find(Path(), options.environment, named=False)
    entries = found.commit(commit) if commit else found.work_tree()
    cache = open_cache(options.cache, options.environment)
    reader = Reader(found, configuration(found, options.config, entries, cache), cache)
    repository = reader.repository(entries)
    found_ones = _named(application, reader, entries, repository, options)
    places = reader.places(entries)
    shown = [output.Shown(one.application.path, one.application.key, one.sources) for one in found_ones]
    text = output.render(shown, options.format == "json", _lines(found_ones, places))
    cache.close()
    return Outcome(text, _exit_code(one.sources for one in found_ones), judged=found.root)


def _named(application: str, reader: Reader, entries: Sequence[Entry], repository: Repository, options: Options) -> list[Deployed]:
    """The Applications of that name; others are rendered only where they have to be, to see what they make."""
    whole = deployments(reader, entries, repository, options, lambda one, reads: application in (one.name, one.key)).repository_deployed()
    matching = [one for one in whole.deployed if application in (one.application.name, one.application.key)]
    if not matching:
        names = sorted({one.name for one in whole.applications if one.name})
        near = get_close_matches(application.rpartition("/")[2], names, n=1)
        advice = f"did you mean {near[0]}?" if near else "Applications of which not all is known, or that nothing applies, are not rendered"
        raise UsageError(f"the repository has no Application {application}", advice)
    return matching


def _lines(found: Iterable[Deployed], places: Locate) -> output.Lines:
    """(path, document) to the line where the object starts, for the objects whose document is known."""
    wanted: dict[str, set[int]] = {}
    for deployed_one in found:
        for one in deployed_one.sources:
            for item in one.objects:
                if item.origin.document >= 0:
                    wanted.setdefault(item.origin.path, set()).add(item.origin.document)
    fields = {path: [(document, field) for document in sorted(documents) for field in ("/apiVersion", "/kind")] for path, documents in wanted.items()}
    lines: dict[tuple[str, int], int] = {}
    for path, found_there in places(fields).items():
        for (document, _), (line, _) in found_there.items():
            lines[path, document] = min(line, lines.get((path, document), line))
    return lines


def _exit_code(rendered: Iterable[tuple[Rendered, ...]]) -> ExitCode:
    """A source that Argo CD would refuse is a finding; one that can't be told leaves the answer incomplete."""
    parts = [one for listed in rendered for one in listed]
    if any(one.failure for one in parts):
        return ExitCode.FINDINGS
    return ExitCode.INCOMPLETE if any(one.undetermined for one in parts) else ExitCode.CLEAN
