"""Deny entries of an AppProject that deny nothing, or permit instead: `!` turns a match round, and what never matches is then always permitted."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gitguard.argo.glob import compiles
from gitguard.argo.never_matches import Scopes, kind_problem
from gitguard.argo.repository import normalize_git_url
from gitguard.argo.version import at_least
from gitguard.model.argo import DestinationEntry, Project

_WILD = re.compile(r"[*?\[{\\]")
_ANY = ("*", "**")


class Surprise(NamedTuple):
    """What Argo CD makes of a deny entry. `permits`: it makes the list permit what the author did not mean to, beyond denying nothing."""

    pointer: str
    message: str
    permits: bool


def without_effect(project: Project, scopes: Scopes, version: str = "3.6") -> Iterable[Surprise]:
    """Every deny entry that does not do what it says, and lists of nothing but denials."""
    yield from _sources(project, version)
    yield from _destinations(project, version)
    lists = (
        ("clusterResourceBlacklist", project.cluster_resource_blacklist, False),
        ("namespaceResourceBlacklist", project.namespace_resource_blacklist, True),
    )
    for field, entries, namespaced in lists:
        for number, entry in enumerate(entries):
            problem = kind_problem(entry, scopes, namespaced=namespaced)
            if problem:
                yield Surprise(f"/spec/{field}/{number}", f"it denies nothing: {problem}", permits=True)
    selectors: list[tuple[str, Sequence[str]]] = [("/spec/sourceNamespaces", project.source_namespaces)]
    for number, window in enumerate(project.sync_windows):
        if window is not None:
            base = f"/spec/syncWindows/{number}"
            fields = (("applications", window.applications), ("namespaces", window.namespaces), ("clusters", window.clusters))
            selectors += [(f"{base}/{field}", chosen) for field, chosen in fields]
    for base, patterns in selectors:
        for number, pattern in enumerate(patterns):
            if pattern.startswith("!"):
                message = f"`{pattern}` excludes nothing: `!` is an ordinary character in this list, and no name begins with one"
                yield Surprise(f"{base}/{number}", message, permits=False)


def _sources(project: Project, version: str) -> Iterable[Surprise]:
    useless = False
    for number, pattern in enumerate(project.source_repos):
        if pattern.startswith("!"):
            message = _source(pattern[1:], version)
            useless = useless or bool(message)
            if message:
                yield Surprise(f"/spec/sourceRepos/{number}", f"`{pattern}` {message}", permits=True)
    patterns = project.source_repos
    if patterns and not useless and all(pattern.startswith("!") and pattern != "!**" for pattern in patterns):
        message = "the list has only deny entries, and Argo CD then permits every other repository: a deny entry that is not hit permits"
        yield Surprise("/spec/sourceRepos", message, permits=True)


def _source(denied: str, version: str) -> str:
    if not denied:
        return "denies nothing but unparsable URLs, and permits every other repository"
    normalized = normalize_git_url(denied, version)
    if not normalized:
        return "can't be parsed as a URL: it denies nothing that can be, and permits every other repository"
    if compiles(normalized, version):
        return f"is no glob ({compiles(normalized, version)}): it denies nothing, and permits every repository"
    if denied == "*":
        return "denies only URLs without a `/`, which none is, and permits every other repository: `!**` would deny all"
    if denied.endswith("/") and not _WILD.search(denied[-2:-1]):
        return "ends in `/`, so it denies only URLs that do, and permits every other repository"
    if "*" in denied and re.search(r"[{}|\\^<>\" `]|[^\x00-\x7f]", denied):
        return "has a character that makes Argo CD escape the whole path, so that nothing in it is a wildcard: it permits every other repository"
    return ""


def _destinations(project: Project, version: str) -> Iterable[Surprise]:
    entries = project.destinations
    seen = False
    for number, entry in enumerate(entries):
        for field, message in _destination(entry, version):
            seen = True
            yield Surprise(f"/spec/destinations/{number}{field}", message, permits=True)
    if entries and not seen and all(entry.server.startswith("!") or entry.name.startswith("!") for entry in entries):
        message = "every entry denies, and Argo CD then permits every other cluster: a deny entry that is not hit permits"
        yield Surprise("/spec/destinations", message, permits=True)


def _destination(entry: DestinationEntry, version: str) -> Iterable[tuple[str, str]]:
    """(field, what is wrong)"""
    for field, value in (("server", entry.server), ("name", entry.name), ("namespace", entry.namespace)):
        if value.startswith("!") and compiles(value[1:], version):
            yield f"/{field}", f"`{value}` is no glob ({compiles(value[1:], version)}): it denies nothing, and the entry permits every {field}"
        elif value == "!":
            yield f"/{field}", f"`!` denies only an empty {field}, and the entry permits every other one"
    if entry.server.startswith("!") and entry.server.endswith("/"):
        yield (
            "/server",
            f"the server `{entry.server}` ends in `/`, and clusters' URLs never do: it denies nothing, and the entry permits every cluster",
        )
    if entry.name.startswith("!") and entry.server in _ANY:
        yield "/name", f"`{entry.name}` denies nothing: server and name are alternatives, and the server `{entry.server}` matches every cluster first"
    elif entry.name.startswith("!") and entry.server and not entry.server.startswith("!"):
        yield "/name", f"server and name are alternatives: the entry permits every cluster that is not `{entry.name[1:]}`, whatever its server"
    if entry.namespace.startswith("!") and not entry.server and entry.name:
        yield "/namespace", f"`{entry.namespace}` denies nothing: a namespace is denied by the entry's server only, and this one has a name"
    by_name_alone = entry.name.startswith("!") and not entry.server
    if at_least(version, (3, 6)) and by_name_alone and entry.namespace not in _ANY and not entry.namespace.startswith("!"):
        where = f"in the namespace `{entry.namespace}`" if entry.namespace else "for Applications without a namespace"
        yield "/name", f"`{entry.name}` is denied {where} only: elsewhere on that cluster this entry denies nothing"
