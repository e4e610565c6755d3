"""Entries of an AppProject that can never match what their author means: Argo CD looks over them without a word."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from gitguard.argo.accounts import account_problem
from gitguard.argo.filepath import malformed
from gitguard.argo.glob import compiles
from gitguard.argo.integrity import key_problem
from gitguard.argo.kinds import unusual
from gitguard.argo.repository import normalize_git_url
from gitguard.model.argo import Cluster, Complaint, KindEntry, Project

Scopes = Mapping[tuple[str, str], bool]
_WILD = re.compile(r"[*?\[{\\]")
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_POISON = re.compile(r"[{}|\\^<>\" `]|[^\x00-\x7f]")
_KIND = re.compile(r"[A-Z]")
# Groups of Kubernetes itself, whose kinds are all known; gateway.networking.k8s.io and its like are not among them.
_KUBERNETES_GROUP = re.compile(
    r"|[a-z]+|(?:admissionregistration|apiextensions|apiregistration|authentication|authorization|certificates|coordination|discovery|events"
    r"|flowcontrol\.apiserver|internal\.apiserver|lifecycle|networking|node|rbac\.authorization|resource|scheduling|storage|storagemigration)\.k8s\.io"
)


def never_matching(project: Project, clusters: Sequence[Cluster], scopes: Scopes, version: str = "3.6") -> Iterable[Complaint]:
    """What each says is what Argo CD really does. `clusters` are those that are known, `scopes` whether kinds are namespaced."""
    for number, pattern in enumerate(project.source_repos):
        yield from _said(f"/spec/sourceRepos/{number}", "" if pattern.startswith("!") else source_problem(pattern, version))
    names = frozenset(cluster.name for cluster in clusters if cluster.name) | {"in-cluster"}
    for number, entry in enumerate(project.destinations):
        pointer = f"/spec/destinations/{number}"
        if not entry.server and not entry.name:
            yield Complaint(pointer, "the entry names neither a server nor a cluster, so it matches no destination at all")
        for field, value, problem in (("server", entry.server, server_problem), ("name", entry.name, name_problem)):
            if value and not value.startswith("!"):
                yield from _said(f"{pointer}/{field}", problem(value, names, version))
        if not entry.namespace.startswith("!"):
            yield from _said(f"{pointer}/namespace" if entry.namespace else pointer, namespace_problem(entry.namespace, version))
    for number, pattern in enumerate(project.source_namespaces):
        yield from _said(f"/spec/sourceNamespaces/{number}", "" if pattern.startswith("!") else _source_namespace_problem(pattern, version))
    yield from _kinds(project, scopes)
    yield from _accounts(project, names, version)
    for number, key in enumerate(project.signature_keys):
        yield from _said(f"/spec/signatureKeys/{number}", key and key_problem(key))
    for number, policy in enumerate(project.source_integrity or ()):
        for index, key in enumerate(policy.keys):
            yield from _said(f"/spec/sourceIntegrity/git/policies/{number}/gpg/keys/{index}", key_problem(key))


def source_problem(pattern: str, version: str) -> str:
    """Why a pattern of sourceRepos matches no repository that it looks like; "" where it may."""
    if pattern in ("*", "**"):
        return ""
    normalized = normalize_git_url(pattern, version)
    if not pattern:
        return "an empty entry matches only repository URLs that can't be parsed"
    if not normalized:
        return f"`{pattern}` can't be parsed as a URL, so it matches only repository URLs that can't be parsed either"
    if compiles(normalized, version):
        return f"`{pattern}` is no glob: {compiles(normalized, version)}"
    if _POISON.search(pattern) and _WILD.search(pattern):
        character = _POISON.search(pattern)
        return f"`{pattern}` has `{character.group() if character else ''}`, which makes Argo CD escape the whole path: nothing in it is a wildcard"
    if pattern.endswith("/"):
        return f"`{pattern}` ends in `/`, and a repository URL without it does not match: Argo CD compares trailing slashes"
    if re.match(r"\*[^*/]", pattern):
        return f"`{pattern}` begins with one `*`, which does not cross the `//` of a URL: `**` would"
    return ""


def server_problem(pattern: str, names: frozenset[str], version: str) -> str:
    """Why a server of a destination matches no cluster; "" where it may."""
    if compiles(pattern, version):
        return f"`{pattern}` is no glob: {compiles(pattern, version)}"
    if pattern.endswith("/"):
        return f"the server `{pattern}` ends in `/`, and Argo CD cuts trailing slashes off clusters' URLs"
    if pattern in names:
        return f"`{pattern}` is the name of a cluster: in `server` it matches no cluster, in `name` it would"
    if not _WILD.search(pattern) and "://" not in pattern:
        return f"the server `{pattern}` is no URL; a cluster's name belongs in `name`"
    return ""


def name_problem(pattern: str, names: frozenset[str], version: str) -> str:
    """Why a cluster's name of a destination matches no cluster; "" where it may. `names` is taken for symmetry with servers."""
    if compiles(pattern, version):
        return f"`{pattern}` is no glob: {compiles(pattern, version)}"
    return f"`{pattern}` is a server's URL: in `name` it matches no cluster, in `server` it would" if "://" in pattern else ""


def namespace_problem(pattern: str, version: str) -> str:
    """Why a namespace of a destination matches none; "" where it may."""
    if not pattern:
        return "the entry has no namespace, so it matches only Applications without a destination namespace"
    if compiles(pattern, version):
        return f"`{pattern}` is no glob: {compiles(pattern, version)}"
    if not _WILD.search(pattern) and not _NAMESPACE.fullmatch(pattern):
        return f"`{pattern}` can't be the name of a namespace"
    return ""


def _source_namespace_problem(pattern: str, version: str) -> str:
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        return ""
    return namespace_problem(pattern, version) if pattern else "an empty entry admits nothing"


def _kinds(project: Project, scopes: Scopes) -> Iterable[Complaint]:
    lists = (
        ("clusterResourceWhitelist", project.cluster_resource_whitelist, False),
        ("namespaceResourceWhitelist", project.namespace_resource_whitelist or (), True),
    )
    for field, entries, namespaced in lists:
        for number, entry in enumerate(entries):
            yield from _said(f"/spec/{field}/{number}", kind_problem(entry, scopes, namespaced=namespaced))


def kind_problem(entry: KindEntry, scopes: Scopes, *, namespaced: bool) -> str:
    """Why an entry of a list of kinds matches none; "" where it may. `namespaced`: the list is the one of namespaced kinds."""
    broken = next((f"in `{pattern}`, {malformed(pattern)}: Argo CD looks over the entry" for pattern in entry if malformed(pattern)), "")
    if broken or unusual(entry):
        return broken or unusual(entry)
    if entry.group in ("core", "v1"):
        return f'the core group is written "", and `{entry.group}` matches no kind'
    if "/" in entry.group:
        return f"`{entry.group}` has a version, and a group is compared without one"
    if _WILD.search(entry.kind) or _WILD.search(entry.group):
        return ""
    return _unknown_kind(entry, scopes, namespaced)


def _unknown_kind(entry: KindEntry, scopes: Scopes, namespaced: bool) -> str:
    scope = scopes.get((entry.group, entry.kind))
    if scope is not None:
        here, there = ("cluster-scoped", "clusterResource") if namespaced else ("namespaced", "namespaceResource")
        return "" if scope == namespaced else f"{entry.kind} is {here}, and only the {there} lists are asked about it"
    kinds = [kind for group, kind in scopes if group == entry.group]
    if not kinds and _KIND.match(entry.kind):
        return ""
    same = next((kind for kind in kinds if kind.lower() == entry.kind.lower()), "")
    if not same and kinds and not _KUBERNETES_GROUP.fullmatch(entry.group):
        # Of a group that CustomResourceDefinitions make there may be more kinds than are known here.
        return ""
    elsewhere = sorted({group for group, kind in scopes if kind == entry.kind})
    if elsewhere:
        return f"the group `{entry.group}` has no kind {entry.kind}; it belongs to {' or '.join(f'`{group}`' for group in elsewhere)}"
    similar = same or "".join(get_close_matches(entry.kind, kinds, n=1))
    meant = f"; did you mean {similar}?" if similar else ""
    return (
        f"there is no kind `{entry.kind}` in the group `{entry.group}`{meant}" if kinds else f"`{entry.kind}` is no kind: kinds begin with a capital"
    )


def _accounts(project: Project, names: frozenset[str], version: str) -> Iterable[Complaint]:
    for number, entry in enumerate(project.destination_service_accounts):
        pointer = f"/spec/destinationServiceAccounts/{number}"
        broken = compiles(entry.server, version) or compiles(entry.namespace, version)
        if account_problem(entry.account) or "!" in entry.server + entry.namespace or broken:
            continue
        yield from _said(f"{pointer}/server", server_problem(entry.server, names, version) if entry.server else "an empty server matches no cluster")
        if not entry.namespace:
            yield Complaint(pointer, "the entry has no namespace, so it matches only Applications without a destination namespace")


def _said(pointer: str, problem: str) -> Iterable[Complaint]:
    if problem:
        yield Complaint(pointer, problem)
