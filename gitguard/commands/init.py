"""`gitguard init`: look at a repository, propose a configuration, a hook and a pipeline for it, and write those of them that are not there."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gitguard import __version__
from gitguard.commands.deploying import deployments
from gitguard.commands.options import Options
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.edges import data, git, new_files
from gitguard.edges.git import GitRepository
from gitguard.manifests.classify import CONFIGURATION
from gitguard.model.errors import RepositoryError
from gitguard.model.files import REGULAR, Entry
from gitguard.model.layout import Hint, Layout, LeftFile, Proposal, ProposedFile, Surroundings
from gitguard.model.repository import Repository
from gitguard.output.configuration import DOCUMENTATION
from gitguard.output.configuration import configuration as configuration_of
from gitguard.parse import read
from gitguard.repository.gate import is_pipeline, names_gitguard
from gitguard.repository.hints import MARKS, hints
from gitguard.repository.layout import layout, own_url

_HOOK = ".pre-commit-config.yaml"
_WORKFLOW = ".github/workflows/gitguard.yml"
_GITLAB = ".gitlab/gitguard.gitlab-ci.yml"
_GITLAB_START = ".gitlab-ci.yml"
# A name that people give the configuration, and that is never read.
_MISTAKEN = ".gitguard.yml"
_CREDENTIALS = re.compile(r"(\w+://)[^/@]*@")
_HOST = re.compile(r"(?:\w+://)?(?:[^/@]*@)?([^/:]+)")
_JENKINSFILE = re.compile(r"Jenkinsfile[^/]*")
# Where a file of the repository is no place for the pipeline, or nobody knows its form.
_SHOWN = {"jenkins": "jenkins/Jenkinsfile", "other": "shell/gitguard-ci.sh"}
_PIPELINES = (_WORKFLOW, _GITLAB, _GITLAB_START)
_PUSH = "branches: [main]"
_PLAIN_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_INCLUDE = f"include:\n  - local: {_GITLAB}\n"


class Look(NamedTuple):
    """Where was looked, and what is proposed."""

    root: Path
    proposal: Proposal


def look(path: Path | None, options: Options) -> Look:
    """Look at the repository around `path` (default: the current directory); nothing is written, rendered or fetched."""
    found = git.find(path or Path(), options.environment, named=path is not None)
    if found.bare:
        raise RepositoryError(f"{found.root} is a bare repository: it has no work tree to write to", "run gitguard init in a clone of it")
    entries = found.work_tree()
    around = _surroundings(found)
    seen = _seen(found, entries, around, options)
    return Look(found.root, _proposal(found, entries, seen, around))


def write(found: Look) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Write what is proposed: the paths that are there now, and those that could not be made, each with the reason."""
    made, failed = [], []
    for file in found.proposal.files:
        try:
            new_files.create(found.root, file.path, file.text.encode())
            made.append(file.path)
        except OSError as error:
            failed.append((file.path, error.strerror or str(error)))
    return tuple(made), tuple(failed)


def next_steps(proposal: Proposal, made: Sequence[str]) -> Iterator[str]:
    """What a person does when the files `made` are there."""
    yield "pip install pre-commit && pre-commit install    # in every clone"
    yield from (f"add to {file.path} what is shown above" for file in proposal.left if file.lines)
    yield f"git add {' '.join(made)} && git commit"
    if CONFIGURATION in made:
        yield f"merge it, read by who answers for the gate: `gitguard ci` may call a new {CONFIGURATION} `gate-weakened`"
    yield f"make the check required, and protect the gate's files: {DOCUMENTATION}/docs/ci.md"


# Looking


def _surroundings(found: GitRepository) -> Surroundings:
    remotes = tuple(dict.fromkeys(_CREDENTIALS.sub(r"\1", url) for url in found.urls()))
    listed = _lines(found, "for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes")
    branches = [name for name in listed if name != "HEAD"] or _lines(found, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads")
    told = _lines(found, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    current = _lines(found, "symbolic-ref", "--quiet", "--short", "HEAD")
    usual = [name for name in ("main", "master") if name in branches]
    default = [*(name.removeprefix("refs/remotes/origin/") for name in told), *usual, *current, ""][0]
    return Surroundings(remotes, tuple(dict.fromkeys(branches)), default, found.root.name)


def _lines(found: GitRepository, *arguments: str) -> list[str]:
    return [line for line in found.ask(*arguments, allow=(0, 1)).decode("utf-8", "surrogateescape").split("\n") if line]


def _seen(found: GitRepository, entries: Sequence[Entry], around: Surroundings, options: Options) -> Layout:
    cache = open_cache(options.cache, options.environment)
    settings = configuration(found, None, entries, cache)
    reader = Reader(found, settings, cache)
    repository = reader.repository(entries)
    url = own_url(repository, around)
    if url and url.sure:
        # Read as it will be read with that URL.
        reader = Reader(found, settings._replace(urls=(url.url,)), cache)
        repository = reader.repository(entries)
    told = list(_hints(found, entries, repository))
    deployed = deployments(reader, entries, repository, options._replace(render="never")).repository_deployed()
    cache.close()
    return layout(deployed, around, told, len(entries), url)


def _hints(found: GitRepository, entries: Sequence[Entry], repository: Repository) -> Iterator[Hint]:
    wanted = [entry for entry in entries if entry.path in repository.files and entry.mode in REGULAR]
    for entry, content in found.read(wanted):
        if isinstance(content, bytes) and MARKS.search(content):
            documents = [document.value for document in read(content).documents]
            yield from hints(entry.path, documents, kustomization=repository.files[entry.path].kustomization is not None)


# Proposing


def _proposal(found: GitRepository, entries: Sequence[Entry], seen: Layout, around: Surroundings) -> Proposal:
    tracked = {entry.path for entry in entries}
    ci = _ci(around, tracked)
    running = _running(found, entries)
    hook = _hook()
    wanted = [(CONFIGURATION, configuration_of(seen), ""), (_HOOK, f"repos:\n{hook}", f"# below `repos:`\n{hook}"), *_pipelines(ci, seen, around)]
    files: list[ProposedFile] = []
    left: list[LeftFile] = []
    for path, text, lines in wanted:
        there = new_files.obstacle(found.root, path, tracked)
        if there and path != CONFIGURATION and names_gitguard(new_files.content(found.root, path)):
            left.append(LeftFile(path, f"{there}, and names gitguard"))
        elif there:
            left.append(LeftFile(path, there, lines))
        elif path in _PIPELINES and running:
            left.append(LeftFile(path, f"{running[0]} names gitguard already"))
        elif path == CONFIGURATION and (_MISTAKEN in tracked or new_files.obstacle(found.root, _MISTAKEN, tracked)):
            left.append(LeftFile(path, f"{_MISTAKEN} is there, and that name is never read: is it meant to be {CONFIGURATION}?"))
        else:
            files.append(ProposedFile(path, text))
    script = data.hook(_SHOWN[ci]) if ci in _SHOWN and not running else ""
    return Proposal(seen, around, ci, tuple(files), tuple(left), script, tuple(_remarks(seen, around, ci)))


def _running(found: GitRepository, entries: Sequence[Entry]) -> tuple[str, ...]:
    """The pipelines of the repository that name gitguard, without the one that is proposed."""
    wanted = [entry for entry in entries if entry.mode in REGULAR and entry.path not in (_WORKFLOW, _GITLAB) and _is_pipeline(entry.path)]
    return tuple(entry.path for entry, content in found.read(wanted) if isinstance(content, bytes) and names_gitguard(content))


def _is_pipeline(path: str) -> bool:
    return is_pipeline(path) or _JENKINSFILE.fullmatch(path) is not None


def _ci(around: Surroundings, tracked: Collection[str]) -> str:
    """Which CI system: that of the forge, unless the repository has files for another one only."""
    there = {"github": any(path.startswith(".github/workflows/") for path in tracked), "gitlab": _GITLAB_START in tracked}
    jenkins = any(_JENKINSFILE.fullmatch(path) for path in tracked)
    hosts = [match.group(1).lower() for match in map(_HOST.match, around.remotes) if match]
    forge = next((one for host in hosts for one in there if one in host), "")
    if forge and (there[forge] or not jenkins):
        return forge
    return next((one for one, has in there.items() if has), "jenkins" if jenkins else "other")


def _hook() -> str:
    """The entry for the release that runs now."""
    return f"  - repo: https://github.com/gitguard-gitops/gitguard\n    rev: v{__version__}\n    hooks:\n      - id: gitguard\n"


def _pipelines(ci: str, seen: Layout, around: Surroundings) -> list[tuple[str, str, str]]:
    """(path, text, lines to add where the file is there) of what the CI system needs."""
    if ci == "github":
        return [(_WORKFLOW, _workflow(seen, around), "")]
    if ci == "gitlab":
        return [(_GITLAB, data.hook("gitlab/gitguard.gitlab-ci.yml"), ""), (_GITLAB_START, _INCLUDE, _INCLUDE)]
    return []


def _workflow(seen: Layout, around: Surroundings) -> str:
    """The workflow, for pushes to the branches that this repository has. Others' names are put in as data, and only plain ones."""
    return data.hook("github/gitguard.yml").replace(_PUSH, f"branches: [{', '.join(map(json.dumps, _pushed(seen, around)))}]")


def _pushed(seen: Layout, around: Surroundings) -> list[str]:
    named = [around.default, *(branch for one in seen.environments for branch in one.branches)]
    return list(dict.fromkeys(branch for branch in named if _PLAIN_BRANCH.fullmatch(branch))) or ["main"]


def _remarks(seen: Layout, around: Surroundings, ci: str) -> Iterator[str]:
    if not seen.manifests:
        yield "there is no Kubernetes manifest among the tracked files: gitguard reads what `git add` has been told of"
    if ci == "github" and around.default and not _PLAIN_BRANCH.fullmatch(around.default):
        yield f"the name of the branch `{around.default}` has unusual characters: put it into the workflow's `branches:` yourself"
