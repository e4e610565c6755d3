"""What one AppProject permits that another did not, by Argo CD's own answers to both: not by their text.

Every question is put for one text of each kind that the globs of both tell apart (`glob_classes`), and for what is really there: a permission
that is new for anything is new for one of these. Sync windows are asked at every time at which one of them opens or closes in a year.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from gitguard.argo.destinations import permits_destination
from gitguard.argo.filepath import malformed
from gitguard.argo.glob_classes import cases, plain, texts
from gitguard.argo.gobwas_1 import GlobUndecided
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.repository import normalize_git_url
from gitguard.argo.role_permissions import new_permissions
from gitguard.argo.sources import permits_source
from gitguard.argo.trust_changes import new_accounts, new_commits
from gitguard.argo.window_changes import new_times
from gitguard.model.argo import Cluster, Destination, KindEntry, Project, Verdict

# A URL that Argo CD compares as the empty text; it must not stand for those that only begin like it.
_COMPARED_AS_NOTHING = "//"


class Known(NamedTuple):
    """What is really there, and so comes first as a witness: URLs of sources, (cluster, namespace), (group, kind) with its scope, namespaces of
    Applications, and Applications with their destinations. `clusters` are all that Argo CD knows, None where that is not known."""

    sources: tuple[str, ...] = ()
    destinations: tuple[tuple[Cluster, str], ...] = ()
    kinds: tuple[tuple[str, str, bool], ...] = ()
    namespaces: tuple[str, ...] = ()
    applications: tuple[tuple[str, Destination], ...] = ()


NOTHING = Known()


class Witness(NamedTuple):
    """Something that was denied and is permitted now: in words, by which entry (JSON pointer), and whether it is really there."""

    text: str
    entry: str
    is_real: bool


class Widened(NamedTuple):
    """One way in which it permits more: "source", "destination", … `unknown` is why that can't be told, "" where it can; `witnesses` are some."""

    what: str
    witnesses: tuple[Witness, ...]
    unknown: str = ""


def widened(before: Project, after: Project, known: Known = NOTHING, version: str = "3.6") -> tuple[Widened, ...]:
    """Every way in which `after` permits more than `before`, and those of which that can't be told."""
    asked: tuple[tuple[str, Callable[[], Iterable[Witness]], bool], ...] = (
        ("source", lambda: _sources(before, after, known, version), before.source_repos != after.source_repos),
        ("destination", lambda: _destinations(before, after, known, version), before.destinations != after.destinations),
        ("cluster", lambda: _clusters(before, after), before.permit_only_project_scoped_clusters != after.permit_only_project_scoped_clusters),
        ("cluster-scoped kind", lambda: _kinds(before, after, known, version, namespaced=False), _cluster_lists(before) != _cluster_lists(after)),
        ("namespaced kind", lambda: _kinds(before, after, known, version, namespaced=True), _namespaced_lists(before) != _namespaced_lists(after)),
        ("namespace of Applications", lambda: _namespaces(before, after, known, version), before.source_namespaces != after.source_namespaces),
        ("role", lambda: _roles(before, after, version), before.roles != after.roles),
        ("sync", lambda: _windows(before, after, known, version), before.sync_windows != after.sync_windows),
        ("commit", lambda: _integrity(before, after, known, version), _integrity_of(before) != _integrity_of(after)),
        ("account", lambda: _accounts(before, after, known, version), before.destination_service_accounts != after.destination_service_accounts),
    )
    return tuple(made for what, ask, differs in asked if differs and (made := _answered(what, ask)) is not None)


def _answered(what: str, ask: Callable[[], Iterable[Witness]]) -> Widened | None:
    found: dict[str, Witness] = {}
    try:
        for witness in ask():
            found.setdefault(witness.text, witness)
    except GlobUndecided as error:
        return Widened(what, tuple(found.values()), str(error))
    return Widened(what, tuple(found.values())) if found else None


def _sources(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    patterns = [normalize_git_url(pattern.removeprefix("!"), version) for pattern in (*before.source_repos, *after.source_repos)]
    for url, is_real in _each(known.sources, map(plain, after.source_repos), texts((*patterns, _COMPARED_AS_NOTHING), "/")):
        verdict = permits_source(after, url, version)
        if verdict.permitted and not permits_source(before, url, version).permitted:
            yield Witness(f"`{url}`", verdict.entry, is_real)


def _destinations(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    entries = (*before.destinations, *after.destinations)
    servers, names, namespaces = (
        texts(pattern.removeprefix("!") for pattern in values)
        for values in zip(*((entry.server, entry.name, entry.namespace) for entry in entries), strict=True)
    )
    usual = ((Cluster(plain(entry.server), plain(entry.name)), plain(entry.namespace)) for entry in after.destinations)
    every = chain(usual, ((Cluster(server, name), namespace) for server, name, namespace in cases(servers, names, namespaces)))
    for cluster, namespace, is_real in (*((*one, True) for one in known.destinations), *((*one, False) for one in every)):
        verdict = permits_destination(after, cluster, namespace, version)
        if verdict.permitted and not permits_destination(before, cluster, namespace, version).permitted:
            yield Witness(f"`{cluster.name or cluster.server}/{namespace}`", verdict.entry, is_real)


def _clusters(before: Project, after: Project) -> Iterator[Witness]:
    if before.permit_only_project_scoped_clusters and not after.permit_only_project_scoped_clusters:
        yield Witness(
            "every cluster that its destinations name, also those that are not scoped to it", "/spec/permitOnlyProjectScopedClusters", False
        )


def _kinds(before: Project, after: Project, known: Known, version: str, *, namespaced: bool) -> Iterator[Witness]:
    lists = _namespaced_lists if namespaced else _cluster_lists
    entries: list[KindEntry] = [entry for project in (before, after) for some in lists(project) for entry in some or ()]
    groups, kinds = (_kind_classes([getattr(one, part) for one in entries]) for part in ("group", "kind"))
    names = _kind_classes([one.name for one in entries]) if any(one.name for one in entries) else ("",)
    real = [(group, kind, name, True) for group, kind, scope in sorted(known.kinds, key=_familiar) if scope == namespaced for name in names]
    every = [(group, kind, name, False) for group, kind, name in cases(groups, kinds, names) if kind]
    if namespaced:
        # Where one side has no list at all, any kind that the other does not name tells them apart.
        every.append(("example.com", "Any", "", False))
    for group, kind, name, is_real in (*real, *every):
        verdict = permits_kind(after, group, kind, name, namespaced=namespaced, version=version)
        if verdict.permitted and not permits_kind(before, group, kind, name, namespaced=namespaced, version=version).permitted:
            shown = f"{group}/{kind}" if group else kind
            yield Witness(f"`{shown}`{f' named `{name}`' if name else ''}", verdict.entry, is_real)


def _namespaces(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    entries = (*before.source_namespaces, *after.source_namespaces)
    unknown: Verdict | None = None
    for namespace, is_real in _each(known.namespaces, map(plain, after.source_namespaces), texts(entries), _inside(entries)):
        now, was = (permits_application_namespace(one, namespace, version=version) for one in (after, before))
        if now.permitted and was.permitted is False:
            yield Witness(f"`{namespace}`", now.entry, is_real)
        unknown = now if now.permitted is None else was if was.permitted is None else unknown
    if unknown is not None:
        raise GlobUndecided(unknown.reason)
    if _expressions(before) != _expressions(after):
        raise GlobUndecided("regular expressions of sourceNamespaces have changed, and what they match can't all be tried")


def _roles(before: Project, after: Project, version: str) -> Iterator[Witness]:
    for text, pointer in new_permissions(before, after, version):
        yield Witness(text, pointer, False)


def _windows(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    for text, pointer, is_real in new_times(before, after, known.applications, version):
        yield Witness(text, pointer, is_real)


def _integrity(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    entry = "/spec/sourceIntegrity" if after.source_integrity is not None else "/spec"
    for text, is_real in new_commits(before, after, known.sources, version):
        yield Witness(text, entry, is_real)


def _accounts(before: Project, after: Project, known: Known, version: str) -> Iterator[Witness]:
    for text, pointer, is_real in new_accounts(before, after, known.destinations, version):
        yield Witness(text, pointer, is_real)


def _cluster_lists(project: Project) -> tuple[tuple[KindEntry, ...], ...]:
    return project.cluster_resource_whitelist, project.cluster_resource_blacklist


def _namespaced_lists(project: Project) -> tuple[tuple[KindEntry, ...] | None, ...]:
    return project.namespace_resource_whitelist, project.namespace_resource_blacklist


def _integrity_of(project: Project) -> tuple[object, ...]:
    return project.signature_keys, project.source_integrity


def _expressions(project: Project) -> frozenset[str]:
    return frozenset(entry for entry in project.source_namespaces if len(entry) > 2 and entry.startswith("/") and entry.endswith("/"))


def _inside(entries: Iterable[str]) -> tuple[str, ...]:
    """What regular expressions may match: the words in them."""
    return tuple(dict.fromkeys(entry.strip("/").strip("^$").replace(".*", "x").replace("\\", "") for entry in entries))


def _kind_classes(patterns: Sequence[str]) -> tuple[str, ...]:
    """The same for patterns of filepath.Match, whose stars stop at slashes, and whose classes are negated by `^`."""
    return texts((_as_glob(pattern) for pattern in patterns if not malformed(pattern)), "/")


def _familiar(kind: tuple[str, str, bool]) -> tuple[bool, str, str]:
    """Kubernetes' own kinds first."""
    return "." in kind[0].replace(".k8s.io", ""), kind[0], kind[1]


def _as_glob(pattern: str) -> str:
    """A pattern of filepath.Match as a glob, as far as there is one: without braces as alternatives, and stars that are one."""
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern.replace("{", "\\{").replace("[^", "[!")


def _each(real: Iterable[str], *made: Iterable[str]) -> Iterator[tuple[str, bool]]:
    yield from ((text, True) for text in dict.fromkeys(real))
    yield from ((text, False) for some in made for text in some if text)
