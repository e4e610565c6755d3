"""Which environments a change reaches: by its paths and by what else their Applications read."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gitguard.model.change import Change
from gitguard.model.configuration import Environment
from gitguard.model.finding import Site
from gitguard.model.repository import Application, Repository


class Reached(NamedTuple):
    """An environment that a change reaches, at the first path; `by` is the Application that reads it, "" where it lies in the environment itself."""

    environment: Environment
    site: Site
    by: str = ""


def reached(change: Change) -> Iterator[Reached]:
    """The environments that have a rule of access and whose folder, or whose Applications, the change reaches; of several branches only those that
    it goes to. A branch that nobody tells counts as each."""
    paths = sorted({path for one in change.paths for path in one.paths})
    for environment in change.after.configuration.environments:
        if change.occasion.base and not environment.receives(change.occasion.base):
            continue
        own = [path for path in paths if environment.has(path)]
        if own:
            yield Reached(environment, Site(own[0]))
            continue
        read = _read_by_applications(change, environment, paths)
        if read:
            first = min(read)
            yield Reached(environment, Site(first), read[first])


def _read_by_applications(change: Change, environment: Environment, paths: list[str]) -> Mapping[str, str]:
    """The changed paths that Applications of the environment lie in or read, each with one of these."""
    found: dict[str, str] = {}
    changed = frozenset(paths)
    for repository in (change.before, change.after):
        for application in repository.applications:
            if application.path in changed and belongs(application, environment, repository):
                found.setdefault(application.path, application.key)
        for deployed in repository.deployed:
            if belongs(deployed.application, environment, repository):
                touched = [path for path in paths if any(result.reads.touches(path) for result in deployed.sources)]
                found |= {path: deployed.application.key for path in touched if path not in found}
    return found


def belongs(application: Application, environment: Environment, repository: Repository) -> bool:
    """Is it an Application of the environment: by where it lies, where its sources lie, or which cluster it deploys to?"""
    if environment.paths and (
        environment.has(application.path) or any(source.path and environment.has(source.path.strip("/")) for source in application.spec.sources)
    ):
        return True
    destination = application.spec.destination
    servers = {known.server: known.name for known in repository.configuration.clusters}
    names = {destination.name, destination.server.rstrip("/"), servers.get(destination.server.rstrip("/"), "")} - {""}
    names |= {server for server, name in servers.items() if name == destination.name}
    return bool(names.intersection(environment.clusters))
