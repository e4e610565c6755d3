"""The nouns of Argo CD's semantics: what an Application asks for and what an AppProject permits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
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


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an Application deploys, as written: a cluster by `server` or by `name`, and a namespace that may be ""."""

    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as its secret names it; `name` may be ""."""

    server: str
    name: str


@dataclass(frozen=True, slots=True)
class DestinationEntry:
    """One entry of an AppProject's destinations: globs, `!` denies; an absent field matches only ""."""

    server: str = ""
    name: str = ""
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """The parts of an AppProject that decide about Applications."""

    name: str
    source_repos: tuple[str, ...] = ()
    destinations: tuple[DestinationEntry, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    permit_only_project_scoped_clusters: bool = False


@dataclass(frozen=True, slots=True)
class Hydrator:
    """The parts of `sourceHydrator` beside its dry source; `hydrate_to` is None where the block is absent."""

    sync_repo_url: str = ""
    sync_branch: str = ""
    sync_path: str = ""
    hydrate_to: str | None = None


@dataclass(frozen=True, slots=True)
class ApplicationSpec:
    """An Application's spec after Argo CD's source selection: sourceHydrator before sources before source."""

    project: str = ""
    destination: Destination = Destination()
    sources: tuple[Source, ...] = ()
    multi: bool = False
    hydrator: Hydrator | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An AppProject's answer: why, and by which entry (JSON pointer in the AppProject, "" where no entry matched)."""

    permitted: bool
    reason: str
    entry: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something in a spec that Argo CD refuses; `pointer` within the Application."""

    pointer: str
    message: str
