"""The nouns of Argo CD's semantics: what an Application asks for and what an AppProject permits."""

from typing import NamedTuple


class Source(NamedTuple):
    """One source of an Application; `pointer` is its JSON pointer ("/spec/source", "/spec/sources/1", …). Absent fields are ""."""

    repo_url: str = ""
    path: str = ""
    chart: str = ""
    target_revision: str = ""
    ref: str = ""
    name: str = ""
    pointer: str = "/spec/source"
    tools: tuple[str, ...] = ()
    value_files: tuple[str, ...] = ()


class Destination(NamedTuple):
    """Where an Application deploys, as written: a cluster by `server` or by `name`, and a namespace that may be ""."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class Cluster(NamedTuple):
    """A cluster as its secret names it; `name` may be ""."""

    server: str
    name: str


class DestinationEntry(NamedTuple):
    """One entry of an AppProject's destinations: globs, `!` denies; an absent field matches only ""."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class Project(NamedTuple):
    """The parts of an AppProject that decide about Applications."""

    name: str
    source_repos: tuple[str, ...] = ()
    destinations: tuple[DestinationEntry, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    permit_only_project_scoped_clusters: bool = False


class Hydrator(NamedTuple):
    """The parts of `sourceHydrator` beside its dry source; `hydrate_to` is None where the block is absent."""

    sync_repo_url: str = ""
    sync_branch: str = ""
    sync_path: str = ""
    hydrate_to: str | None = None


class ApplicationSpec(NamedTuple):
    """An Application's spec after Argo CD's source selection: sourceHydrator before sources before source."""

    project: str = ""
    destination: Destination = Destination()
    sources: tuple[Source, ...] = ()
    multi: bool = False
    hydrator: Hydrator | None = None


class Verdict(NamedTuple):
    """An AppProject's answer: why, and by which entry (JSON pointer in the AppProject, "" where no entry matched)."""

    permitted: bool
    reason: str
    entry: str


class Complaint(NamedTuple):
    """Something in a spec that Argo CD refuses; `pointer` within the Application."""

    pointer: str
    message: str
