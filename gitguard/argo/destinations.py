"""May an AppProject's Applications deploy to a cluster and namespace? Argo CD's IsDestinationPermitted (app_project_types.go)."""

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from gitguard.argo.glob import compiles, match, matcher, permits
from gitguard.argo.version import at_least
from gitguard.model.argo import Cluster, DestinationEntry, Project, Verdict

_Matcher = Callable[[str], bool]
_SHOWN = 5
_SCOPED_ONLY = "/spec/permitOnlyProjectScopedClusters"


def permits_destination(
    project: Project, cluster: Cluster, namespace: str, version: str = "3.6", clusters: Iterable[Cluster] | None = None
) -> Verdict:
    """`cluster` is the resolved one: both its server and its name are compared, and one of them is enough.

    `clusters` are all that Argo CD knows, for permitOnlyProjectScopedClusters; without them that second question is not asked.
    """
    fixed = at_least(version, (3, 6))
    server, name = cluster.server, cluster.name
    allowed = ""
    for number, (entry, by_server, by_name, in_namespace) in enumerate(_compiled(project.destinations, version)):
        answer = _answer(entry, name != "" and by_name(name), server != "" and by_server(server), in_namespace(namespace), fixed)
        if answer is False:
            return Verdict(False, f"the entry {_shown(entry)} denies it", f"/spec/destinations/{number}")
        if answer and not allowed:
            allowed = f"/spec/destinations/{number}"
    if allowed and clusters is not None and project.permit_only_project_scoped_clusters and not _is_scoped(project, cluster, clusters):
        return Verdict(False, "permitOnlyProjectScopedClusters is set, and the cluster is not scoped to the project", _SCOPED_ONLY)
    if allowed:
        entry = project.destinations[int(allowed.rpartition("/")[2])]
        return Verdict(True, f"the entry {_shown(entry)} permits it", allowed)
    return _nearest_miss(project, cluster, namespace, version)


def _is_scoped(project: Project, cluster: Cluster, clusters: Iterable[Cluster]) -> bool:
    """Argo CD asks for an equal name or an equal server; two empty names are equal."""
    own = (known for known in clusters if known.project and known.project == project.name)
    return any(known.name == cluster.name or known.server == cluster.server for known in own)


@lru_cache(maxsize=256)
def _compiled(entries: tuple[DestinationEntry, ...], version: str) -> tuple[tuple[DestinationEntry, _Matcher, _Matcher, _Matcher], ...]:
    made = partial(matcher, version=version)
    return tuple((entry, made(entry.server), made(entry.name), made(entry.namespace)) for entry in entries)


def could_permit_destination(project: Project, server: str | None, name: str | None, namespace: str | None, version: str = "3.6") -> bool | None:
    """The verdict where some parts are not known (None): True or False only where every possible value gives that one, else None."""
    possible = [frozenset(_possible(entry, server, name, namespace, version)) for entry in project.destinations]
    if any(answers == {False} for answers in possible) or not any(True in answers for answers in possible):
        return False
    surely = any(answers == {True} for answers in possible) and not any(False in answers for answers in possible)
    return True if surely else None


def _possible(entry: DestinationEntry, server: str | None, name: str | None, namespace: str | None, version: str) -> Iterable[bool | None]:
    """What an entry may answer, over every combination of what its three globs may say of the unknown parts."""
    fixed = at_least(version, (3, 6))
    for by_name in _outcomes(entry.name, name, version, of="name"):
        for by_server in _outcomes(entry.server, server, version, of="server"):
            for in_namespace in _outcomes(entry.namespace, namespace, version, of="namespace"):
                yield _answer(entry, by_name, by_server, in_namespace, fixed)


def _outcomes(pattern: str, value: str | None, version: str, *, of: str) -> tuple[bool, ...]:
    """What a glob may say of a value that is not known: a cluster's server is never empty, its name and a namespace may be."""
    if value is not None:
        return ((of == "namespace" or value != "") and permits(pattern, value, version=version),)
    if pattern == "" and of != "namespace":
        return (False,)
    if pattern in ("*", "**"):
        return (True, False) if of == "name" else (True,)
    if pattern in ("!**", "!*"):
        return (False,)
    if compiles(pattern.removeprefix("!"), version):
        return (pattern.startswith("!"), False) if of == "name" else (pattern.startswith("!"),)
    return (True, False)


def _answer(entry: DestinationEntry, by_name: bool, by_server: bool, in_namespace: bool, fixed: bool) -> bool | None:
    """True: the entry permits; False: it denies, which is final; None: it says nothing."""
    if (by_name or by_server) and in_namespace:
        return True
    name_denies = not by_name and entry.name.startswith("!")
    server_denies = not by_server and entry.server.startswith("!")
    # Before 3.6 an operator's precedence let a name's denial hold whatever the namespace.
    if (in_namespace and (name_denies or server_denies)) or (not fixed and name_denies):
        return False
    if not in_namespace and entry.namespace.startswith("!") and by_server:
        return False
    return None


def _shown(entry: DestinationEntry) -> str:
    parts = [f"{field}: {value}" for field, value in (("server", entry.server), ("name", entry.name), ("namespace", entry.namespace)) if value]
    return "{" + ", ".join(parts) + "}"


def _nearest_miss(project: Project, cluster: Cluster, namespace: str, version: str) -> Verdict:
    if not project.destinations:
        return Verdict(False, "it permits no destination: destinations is empty", "")
    here: list[str] = []
    for number, entry in enumerate(project.destinations):
        pointer = f"/spec/destinations/{number}"
        by_server = entry.server != "" and permits(entry.server, cluster.server, version=version)
        on_cluster = by_server or (entry.name != "" and permits(entry.name, cluster.name, version=version))
        if on_cluster and entry.namespace == "":
            return Verdict(False, f"the entry {_shown(entry)} has no namespace, so it matches only Applications without one", pointer)
        if on_cluster:
            here.append(entry.namespace)
        elif permits(entry.namespace, namespace, version=version):
            why = _why_missed(entry, cluster, version)
            if why:
                return Verdict(False, f"the entry {_shown(entry)} does not match: {why}", pointer)
    if here:
        shown = ", ".join(f"`{pattern}`" for pattern in sorted(set(here))[:_SHOWN])
        more = f" and {len(set(here)) - _SHOWN} more" if len(set(here)) > _SHOWN else ""
        return Verdict(False, f"on this cluster it permits only {shown}{more}", "")
    return Verdict(False, f"no entry is for cluster {cluster.name or cluster.server}", "")


def _why_missed(entry: DestinationEntry, cluster: Cluster, version: str) -> str:
    """Why an entry that means this cluster does not match it; "" where it means another."""
    if not entry.server and not entry.name:
        return "it names neither a server nor a cluster"
    if entry.server and match(entry.server.rstrip("/"), cluster.server, version=version) and entry.server.endswith("/"):
        return "its server URL ends in `/`, and cluster URLs never do"
    if entry.server and cluster.name and entry.server == cluster.name:
        return "it has the cluster's name in the server field"
    if entry.name and entry.name == cluster.server:
        return "it has the server's URL in the name field"
    if entry.server and match(entry.server.lower(), cluster.server.lower(), version=version):
        return "it differs in upper and lower case"
    return compiles(entry.server, version) or compiles(entry.name, version)
