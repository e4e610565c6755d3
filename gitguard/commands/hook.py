"""`gitguard hook`: judge what the index would make of the repository, and report what the staged change causes."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from os.path import normpath
from pathlib import Path
from posixpath import dirname
from typing import TYPE_CHECKING, Any

from gitguard.commands.options import Options, Outcome, outcome
from gitguard.edges import clock, git
from gitguard.manifests.classify import CONFIGURATION, is_candidate
from gitguard.model.errors import ExitCode, UsageError
from gitguard.model.files import SYMLINK, Entry, FileFacts
from gitguard.model.finding import Report
from gitguard.model.rendering import Reads
from gitguard.model.repository import Application, Deployed, Repository

if TYPE_CHECKING:
    from gitguard.checker import Judgement, Locate
    from gitguard.model.suppression import Baseline

_MAKERS = ("kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml")


def run(files: Sequence[str], options: Options) -> Outcome:
    """Judge the staged change; with `files`, only what is wrong within these files, as they are staged."""
    started = clock.monotonic()
    found = git.find(Path(), options.environment, named=False)
    if found.bare:
        raise UsageError("a bare repository has no index", "run the hook in a work tree, or `gitguard check --commit REF`")
    if files:
        report = _files_alone(found, files, options)
    else:
        staged = found.staged()
        if not any(is_candidate(change.path) for change in staged) and not _is_read(found.index(), staged):
            return outcome(Report(), options, found.root) if options.format != "text" or options.further else Outcome("", ExitCode.CLEAN)
        report = _caused(found, staged, options)
    report = report._replace(seconds=clock.monotonic() - started)
    return outcome(report, options, found.root)


def _caused(found: git.GitRepository, staged: Sequence[git.Staged], options: Options) -> Report:
    # Imported late: a commit that touches no manifest waits for none of it.
    from gitguard import checker, statuses
    from gitguard.commands.accepting import baseline
    from gitguard.commands.deploying import deployments
    from gitguard.commands.reading import Reader, configuration, open_cache
    from gitguard.repository.choices import removed
    from gitguard.rules import MANIFEST_RULES, RULES

    index = found.index()
    cache = open_cache(options.cache, options.environment)
    settings = configuration(found, options.config, index, cache)
    accepted = baseline(found, settings, options, index)
    reader = Reader(found, settings, cache)
    after = reader.repository(index)
    touched = {change.path for change in staged}
    was = reader.facts([change.before for change in staged if change.before is not None], index)
    now = {path: facts for path, facts in after.files.items() if path in touched}
    changed = [*was.values(), *now.values()]
    projects = {item.name for facts in changed for item in facts.objects if item.kind == "AppProject"} | _inheriting(after, touched)
    everything = any(map(_changes_what_is_known, changed))
    affected = partial(_is_affected, touched, projects, everything)

    decisive = any(map(_decides_about_others, changed)) or any(map(_is_special, staged))
    entries = _before(index, staged)
    before = reader.repository(entries) if decisive else None
    made = deployments(reader, index, after, options, affected)
    after = made.repository_deployed()
    moved = any(change.before is None or change.after is None for change in staged)
    generators = [item for item in after.sets if (moved or item.complaints) and _reads_the_tree(item.application)]
    if before is None and not moved:
        # What planning refused it refuses still: kustomizations, charts and which files there are have not changed.
        after = after._replace(deployed=_planned(after.deployed))
    if before is None and (made.is_shaped_by(touched) or generators or (moved and after.deployed)):
        before = reader.repository(entries)
    if before is not None:
        was_made = deployments(reader, entries, before, options, affected)
        whole = was_made.repository_deployed()
        others = _changed_projects(whole, after) - projects
        if others:
            # What a chart or a kustomization makes of an AppProject is seen only now: its Applications are judged again, too.
            affected = partial(_is_affected, touched, projects | others, everything)
            after, whole = made.widened(affected), was_made.widened(affected)
        after = after._replace(removed_projects=removed(whole, after))
        caused = statuses.caused(checker.judge(after, RULES), checker.judge(whole, RULES))
    elif after.deployed:
        # The Applications are the same, and so is the repository but for the files that are staged.
        intact = tuple(item for item in after.unreadable if item.path not in touched)
        same = after._replace(files={**after.files, **was}, unreadable=intact)
        same = same._replace(deployed=_planned(made.deployed_from(entries, same)))
        caused = statuses.caused(checker.judge(after, RULES), checker.judge(same, RULES))
    else:
        # Only what is wrong within these files can have changed: the rest of HEAD need not be judged again.
        local = after._replace(files=now, unreadable=tuple(item for item in after.unreadable if item.path in touched))
        caused = statuses.caused(checker.judge(local, MANIFEST_RULES), checker.judge(after._replace(files=was, unreadable=()), MANIFEST_RULES))
    report = _report(after, was, caused, accepted, touched, reader.places(index))
    cache.close()
    return report


def _report(
    after: Repository, was: Mapping[str, FileFacts], caused: "Judgement", accepted: "Baseline", touched: Set[str], places: "Locate"
) -> Report:
    """What the staged change causes and is not suppressed, and what is wrong with the suppressions that it stages; `was` are its files before."""
    from gitguard import checker, statuses

    today = clock.today()
    settled = checker.settle(after, caused, places, today, checker.accepted(after, accepted))
    # Of suppressions it is known here only what is wrong with them by themselves.
    staged_ones = settled._replace(standing=tuple(item for item in settled.standing if item.site.path in touched))
    earlier = after._replace(files=was, configuration=after.configuration._replace(ignore=()))
    former_ones = checker.settle(earlier, checker.Judgement((), (), ()), places, today)
    about = statuses.caused(*(checker.about_suppressions(after, caused, one, whole=False) for one in (staged_ones, former_ones)))
    report = checker.report(after, caused, settled, about, places)
    return report._replace(skipped=tuple(item for item in report.skipped if item.path in touched))


def _planned(deployed: Iterable[Deployed]) -> tuple[Deployed, ...]:
    return tuple(item for item in deployed if any(result.reads != Reads() for result in item.sources))


def _is_affected(touched: Set[str], projects: Set[str], everything: bool, application: Application, reads: Reads) -> bool:
    """Can the staged change make other objects of this source, or another verdict on them?"""
    changed = everything or application.path in touched or (application.spec.project or "default") in projects
    return changed or any(reads.touches(path) for path in touched)


def _is_read(index: Iterable[Entry], staged: Iterable[git.Staged]) -> bool:
    """Does one of them, though it can hold no manifest, lie in a chart or below a kustomization, which may read it?"""
    makers = {dirname(entry.path) for entry in index if entry.path.endswith(_MAKERS)}
    return any(not makers.isdisjoint(_folders_above(change.path)) for change in staged)


def _folders_above(path: str) -> Iterable[str]:
    while path:
        path = dirname(path)
        yield path


def _inheriting(repository: Repository, paths: Set[str]) -> frozenset[str]:
    """The AppProjects that inherit from a global one at these paths."""
    return frozenset(item.own.name for item in repository.projects if any(one.path in paths for one in item.inherited))


def _changed_projects(before: Repository, after: Repository) -> frozenset[str]:
    """The AppProjects, read or made, that are not the same in both."""
    was, now = _projects_by_name(before), _projects_by_name(after)
    return frozenset(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))


def _projects_by_name(repository: Repository) -> Mapping[str, Sequence[tuple[Any, ...]]]:
    """All that decides what the AppProjects of each name permit, and to which Applications; not where exactly it is written."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for item in repository.projects:
        found.setdefault(item.project.name, []).append((item.path, item.namespace, item.reach, item.project, item.missing_global))
    return found


def _changes_what_is_known(facts: FileFacts) -> bool:
    """Can a file change the verdict on the objects of any Application: a CRD, a cluster's secret, argocd-cm?"""
    return bool(facts.custom_resources) or any(not {"defines", "cluster", "settings"}.isdisjoint(item.content or ()) for item in facts.objects)


def _reads_the_tree(application: Application) -> bool:
    """Is it an ApplicationSet whose Applications depend on which files and folders there are?"""
    pending = list((application.facts.content or {}).get("spec", {}).get("generators", ()))
    while pending:
        generator = pending.pop()
        if "git" in generator:
            return True
        pending += [inner for body in generator.values() for inner in body.get("generators", ())]
    return False


def _decides_about_others(facts: FileFacts) -> bool:
    """Can a file change the verdict on another one (or another one its own): Argo CD's objects, kustomizations, templates, CRDs?"""
    joins = facts.kustomization is not None or facts.declares or facts.custom_resources
    return bool(joins) or any(item.content is not None or item.schema == "custom" for item in facts.objects)


def _is_special(change: git.Staged) -> bool:
    """Does its name or its mode make a file more than its content: configuration, charts, symbolic links?"""
    named = change.path == CONFIGURATION or change.path.endswith("Chart.yaml")
    return named or any(entry is not None and entry.mode == SYMLINK for entry in (change.before, change.after))


def _before(index: Sequence[Entry], staged: Iterable[git.Staged]) -> list[Entry]:
    """The tree of HEAD: the index with the staged change taken back."""
    entries = {entry.path: entry for entry in index}
    for change in staged:
        if change.before is None:
            entries.pop(change.path, None)
        else:
            entries[change.path] = change.before
    return list(entries.values())


def _files_alone(found: git.GitRepository, files: Sequence[str], options: Options) -> Report:
    from gitguard import checker
    from gitguard.commands.accepting import baseline
    from gitguard.commands.reading import Reader, configuration, open_cache
    from gitguard.rules import MANIFEST_RULES

    index = found.index()
    base = Path.cwd()
    root = found.root.resolve()
    named = [Path(normpath(base / file)) for file in files]
    wanted = {file.relative_to(root).as_posix() for file in named if file.is_relative_to(root)}
    cache = open_cache(options.cache, options.environment)
    settings = configuration(found, options.config, index, cache)
    reader = Reader(found, settings, cache)
    # Charts and kustomizations decide what a file is, and CRDs how it is judged: they are read, though not reported on.
    repository = reader.repository(index)
    judged = checker.judge(repository, MANIFEST_RULES)
    accepting = checker.accepted(repository, baseline(found, settings, options, index))
    settled = checker.settle(repository, judged, reader.places(index), clock.today(), accepting)
    about = checker.about_suppressions(repository, judged, settled, whole=False)
    report = checker.report(repository, judged, settled, about, reader.places(index))
    cache.close()
    return checker.only(report, wanted)
