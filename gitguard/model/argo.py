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
    """A cluster as its secret names it; `name` may be "". `project` is the AppProject that it is scoped to, "" for none.

    `namespaces` are those that Argo CD is confined to there, none: all.
    """

    server: str
    name: str
    project: str = ""
    namespaces: tuple[str, ...] = ()


class ProjectRepository(NamedTuple):
    """A repository whose secret is scoped to an AppProject."""

    url: str
    project: str


class DestinationEntry(NamedTuple):
    """One entry of an AppProject's destinations: globs, `!` denies; an absent field matches only ""."""

    server: str = ""
    name: str = ""
    namespace: str = ""


class KindEntry(NamedTuple):
    """One entry of a list of kinds: patterns of Go's filepath.Match. `name` exists in cluster lists only; "" is any name there."""

    group: str = ""
    kind: str = ""
    name: str = ""


class Role(NamedTuple):
    """A role of an AppProject: lines of policy, and the groups that have it."""

    name: str = ""
    policies: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class SyncWindow(NamedTuple):
    """A sync window: `kind` allow or deny, a cron `schedule`, a Go `duration`; selectors are globs."""

    kind: str = ""
    schedule: str = ""
    duration: str = ""
    applications: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    manual_sync: bool = False
    time_zone: str = ""
    and_operator: bool = False
    description: str = ""
    sync_overrun: bool = False


class AccountEntry(NamedTuple):
    """One entry of destinationServiceAccounts: globs without negation, and the service account to sync as."""

    server: str = ""
    namespace: str = ""
    account: str = ""


class IntegrityPolicy(NamedTuple):
    """A policy of sourceIntegrity.git: globs of repository URLs, and how GPG signatures are checked (None: not at all)."""

    repos: tuple[str, ...] = ()
    mode: str | None = None
    keys: tuple[str, ...] = ()


class Project(NamedTuple):
    """An AppProject. `namespace_resource_whitelist` is None where the key is absent: that permits every kind, an empty list none.

    `source_integrity` is None where the block is absent; its `git` part is None where only that is.
    """

    name: str
    source_repos: tuple[str, ...] = ()
    destinations: tuple[DestinationEntry, ...] = ()
    source_namespaces: tuple[str, ...] = ()
    permit_only_project_scoped_clusters: bool = False
    cluster_resource_whitelist: tuple[KindEntry, ...] = ()
    cluster_resource_blacklist: tuple[KindEntry, ...] = ()
    namespace_resource_whitelist: tuple[KindEntry, ...] | None = None
    namespace_resource_blacklist: tuple[KindEntry, ...] = ()
    sync_windows: tuple[SyncWindow | None, ...] = ()
    roles: tuple[Role, ...] = ()
    destination_service_accounts: tuple[AccountEntry, ...] = ()
    signature_keys: tuple[str, ...] = ()
    source_integrity: tuple[IntegrityPolicy, ...] | None = None
    labels: tuple[tuple[str, str], ...] = ()


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


class Upkeep(NamedTuple):
    """What becomes of an Application's objects. `cascades`: they are deleted with it. `prunes`: automated syncs delete those that are gone from git,
    all of them only with `empties`; `pruning` and `deletion` are its sync options Prune and Delete, None where it has none.

    Of an ApplicationSet: `stays`: an Application is not deleted when it is made no more; `outlives`: nor when the set is.
    """

    cascades: bool = False
    prunes: bool = False
    empties: bool = False
    pruning: str | None = None
    deletion: str | None = None
    stays: bool = False
    outlives: bool = False


class Verdict(NamedTuple):
    """An AppProject's answer: why, and by which entry (JSON pointer in the AppProject, "" where no entry matched).

    `permitted` is None where it can't be told; the reason is then what stands in the way.
    """

    permitted: bool | None
    reason: str
    entry: str


class Complaint(NamedTuple):
    """Something in a spec that Argo CD refuses; `pointer` within the Application."""

    pointer: str
    message: str
