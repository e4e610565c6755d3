"""From a repository to how it is laid out: what names it, what is applied by hand, where it deploys."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from gitguard.argo.clusters import IN_CLUSTER_NAME, IN_CLUSTER_SERVER
from gitguard.argo.repository import normalize_git_url, one_of
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.layout import Hint, Layout, OwnUrl, SeenCluster, Surroundings
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import choose, project_name
from gitguard.repository.deployments import deployments
from gitguard.repository.environment_layout import environments, repository_names
from gitguard.repository.reach import Deployments

_CREDENTIALS = re.compile(r"://[^/@]*@")
_HOST_AND_PATH = re.compile(r"(?:\w+://)?(?:[^/@]*@)?([^/:@]+)(?::\d+)?[:/]+(.+?)(?:\.git)?/*")
_CONTROL_PLANE = re.compile(r"argo-?cd|.*gitops.*", re.IGNORECASE)
_FEW = 2
_MOST = 0.75


def layout(repository: Repository, around: Surroundings, hints: Iterable[Hint], files: int, url: OwnUrl | None = None) -> Layout:
    """What is to be seen in a repository of `files` tracked files. `hints` are what its files tell by the way; `url` is what `own_url` has found."""
    told = tuple(dict.fromkeys(hints))
    live = [item for item in repository.applications if item.reach.roots]
    namespaces = _namespaces(repository)
    return Layout(
        files=files,
        manifests=sum(len(facts.objects) for facts in repository.files.values()),
        applications=sum(not item.is_set or bool(item.generated) for item in live),
        sets=len({(item.path, item.facts.document, item.facts.prefix) for item in live if item.is_set}),
        projects=len(repository.projects),
        dead=len(repository.applications) - len(live),
        url=url,
        named=_is_named(repository),
        environments=environments(repository, around),
        clusters=tuple(_clusters(repository, told)),
        roots=tuple(_roots(repository)),
        namespaces=namespaces,
        control_plane=_control_plane(repository, namespaces),
        missing=_missing(repository),
        hints=told,
        templates=tuple(path for path, _ in repository.templates),
        unread=tuple(sorted({one.path for one in repository.unreadable} | set(_broken(repository)))),
    )


def _broken(repository: Repository) -> Iterator[str]:
    return (path for path, facts in repository.files.items() if any(found.rule == "yaml-invalid" for found in facts.violations))


# Which URL is this repository's own


def own_url(repository: Repository, around: Surroundings) -> OwnUrl | None:
    """The URL that Applications mean this repository by where that is none of its remotes; None where one is, or where nothing fits.

    Sure is the host and path of a remote (a clone by ssh, or with a token in its URL), or what names at least two folders, and of four at most one
    that is not here, or that ends with this repository's name.
    """
    if _is_named(repository):
        return None
    remotes = {_place(remote): remote for remote in around.remotes if _place(remote)}
    alike = Counter(url for url in _urls(repository) if _place(url) in remotes and not _CREDENTIALS.search(url))
    if alike:
        url = max(sorted(alike), key=lambda one: alike[one])
        return OwnUrl(url, remote=remotes[_place(url)])
    folders = {path[:end] for path in repository.tree for end, character in enumerate(path) if character == "/"}
    asked: dict[str, set[str]] = {}
    written: dict[str, Counter[str]] = {}
    for url, path in _asked(repository):
        normal = normalize_git_url(url) or url
        asked.setdefault(normal, set()).add(path)
        written.setdefault(normal, Counter())[url] += 1
    names = {name.lower() for name in repository_names(around)}
    found = []
    for normal, paths in sorted(asked.items()):
        here = len(paths & folders)
        sure = here >= _MOST * len(paths) and (here >= _FEW or normal.rpartition("/")[2].lower() in names)
        found.append(OwnUrl(written[normal].most_common(1)[0][0], here, len(paths), sure=sure))
    best = max(found, key=lambda one: one.here, default=None)
    if best is None or not best.here:
        return None
    return best._replace(sure=best.sure and sum(one.here == best.here for one in found) == 1)


def _place(url: str) -> str:
    """Host and path of a URL, however one gets there; "" for what has none."""
    match = _HOST_AND_PATH.fullmatch(url)
    return f"{match.group(1)}/{match.group(2)}".lower() if match else ""


def _is_named(repository: Repository) -> bool:
    """Does any source or generator name this repository by one of its URLs?"""
    is_here = one_of(repository.configuration.urls)
    return any(is_here(url) for url in _urls(repository))


def _urls(repository: Repository) -> Iterator[str]:
    for facts in repository.files.values():
        for item in facts.objects:
            urls = (source.get("repoURL") for source in _sources(item.content))
            yield from (url for url in urls if isinstance(url, str) and url.isprintable())


def _asked(repository: Repository) -> Iterator[tuple[str, str]]:
    """(URL, folder) of each source and generator that names a folder which tells something."""
    for facts in repository.files.values():
        for item in facts.objects:
            for source in _sources(item.content):
                url, path = source.get("repoURL"), source.get("path")
                if not isinstance(url, str) or not isinstance(path, str) or not url.isprintable():
                    continue
                folder = _whole(path)
                if folder and not _CREDENTIALS.search(url) and not TEMPLATE_MARK.search(url + path):
                    yield url, folder


def _whole(path: str) -> str:
    """The folder of a path, that above its first pattern; "" for the repository's root."""
    before, star, _ = path.partition("*")
    folder = before.rpartition("/")[0] if star else before
    cleaned = folder.strip("/").removeprefix("./")
    return "" if cleaned == "." else cleaned


def _sources(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping within, at any depth, that has a repoURL; the folders of a git generator as sources of their own."""
    if isinstance(value, list):
        for inner in value:
            yield from _sources(inner)
    if isinstance(value, dict):
        yield value
        for directory in value.get("directories") or ():
            if isinstance(directory, dict) and not directory.get("exclude"):
                yield {"repoURL": value.get("repoURL"), "path": directory.get("path")}
        for inner in value.values():
            yield from _sources(inner)


# What is applied by hand


def _roots(repository: Repository) -> Iterator[tuple[str, int]]:
    """The folders of kustomizations and of plain files with Argo CD's objects that no Application of this repository deploys."""
    is_here = one_of(repository.configuration.urls)
    found = (
        deployment
        for path, facts in repository.files.items()
        if path not in repository.not_objects
        for item in facts.objects
        if item.content is not None
        for deployment in deployments(path, item, is_here)
    )
    deployed = Deployments(found)
    counted: Counter[str] = Counter()
    for item in {(one.path, one.facts.document, one.facts.prefix): one for one in _lying(repository)}.values():
        folder = item.path.rpartition("/")[0]
        counted.update(root for root in item.reach.roots if root)
        if "" in item.reach.roots and all(deployment.covers(deployment.by) for deployment in deployed.covering(item.path)):
            counted[folder or "."] += 1
    return iter(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _lying(repository: Repository) -> Iterator[Application | DeclaredProject]:
    yield from (item for item in repository.applications if not item.by)
    yield from repository.projects


# Control planes and clusters


def _namespaces(repository: Repository) -> tuple[str, ...]:
    """The namespaces that AppProjects say they are in or, where none says so, the Applications; the most frequent first."""
    said = Counter(item.namespace for item in repository.projects if _is_plain(item.namespace))
    said = said or Counter(item.namespace for item in repository.applications if _is_plain(item.namespace))
    return tuple(name for name, _ in sorted(said.items(), key=lambda pair: (-pair[1], pair[0])))


def _control_plane(repository: Repository, namespaces: Collection[str]) -> str:
    """The namespace of Argo CD, where the repository is sure of it: AppProjects count only there, Applications may lie elsewhere."""
    (only,) = namespaces if len(namespaces) == 1 else ("",)
    declared = any(_is_plain(item.namespace) for item in repository.projects)
    return only if declared or _CONTROL_PLANE.fullmatch(only) else ""


def _is_plain(text: str) -> bool:
    return bool(text) and text.isprintable() and not TEMPLATE_MARK.search(text)


def _clusters(repository: Repository, hints: Iterable[Hint]) -> Iterator[SeenCluster]:
    """The clusters by name or server, those that Applications deploy to first."""
    known = {cluster.server: SeenCluster(cluster.name, cluster.server, declared="here") for cluster in repository.clusters}
    for hint in hints:
        if hint.about == "cluster" and hint.value not in known:
            known[hint.value] = SeenCluster(hint.name, hint.value, told=hint.path)
    by_name = {one.name: server for server, one in known.items() if one.name}
    counted: Counter[tuple[str, str]] = Counter()
    for application in repository.applications:
        destination = application.spec.destination
        if not application.reach.roots or _CREDENTIALS.search(destination.server):
            continue
        # A template is no Application yet, but where it deploys is known.
        number = int(not application.is_set or bool(application.generated))
        if destination.server and "server" not in application.unknown:
            server = destination.server.rstrip("/")
            counted["", server] += number
        elif destination.name and "name" not in application.unknown:
            name = destination.name
            server = by_name.get(name, IN_CLUSTER_SERVER if name == IN_CLUSTER_NAME else "")
            counted["" if server else name, server] += number
    found = {(("", server) if server else (one.name, "")): one for server, one in known.items() if not _CREDENTIALS.search(server)}
    for key, number in counted.items():
        name, server = key
        usual = SeenCluster(IN_CLUSTER_NAME if server == IN_CLUSTER_SERVER else name, server)
        found[key] = found.get(key, usual)._replace(applications=number)
    return iter(sorted(found.values(), key=lambda one: (-one.applications, one.name, one.server)))


def _missing(repository: Repository) -> tuple[tuple[str, int], ...]:
    """AppProjects that Applications name and that are not there, while others are."""
    found: Counter[str] = Counter()
    for application in repository.applications:
        if application.reach.roots:
            choice = choose(repository, application)
            if not (choice.candidates or choice.built_in or choice.unknown):
                found[project_name(application)] += 1
    return tuple(sorted((name, number) for name, number in found.items() if name))
