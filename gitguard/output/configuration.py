"""The text of a `.gitguard.yaml` for what a look at a repository has shown: what differs from the defaults, and from what it was seen."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import indent, wrap
from typing import Any

from gitguard.argo.version import at_least
from gitguard.model.layout import Layout, SeenEnvironment
from gitguard.output.printing import printable
from gitguard.parse.write import shown

DOCUMENTATION = "https://github.com/gitguard-gitops/gitguard/blob/main"
_OLDEST, _NEWEST = (2, 14), "3.6"
_MOST = 20
_FEWER = 10
_LONGEST = 600
_WIDTH = 140


def configuration(seen: Layout) -> str:
    """A YAML document that says no more than the repository does; what a person has to decide stands in comments."""
    blocks = [_HEAD, *_kubernetes(seen), *_argocd(seen), *_repository(seen), *_clusters(seen), *_environments(seen), *_roots(seen), *_external(seen)]
    return "\n\n".join(blocks) + "\n"


_HEAD = f"""\
# Proposed by `gitguard init`. Everything works without this file: only what differs from the defaults is set.
# What stands in comments is for you to decide. All keys: {DOCUMENTATION}/schemas/config.schema.json"""


def _block(value: Mapping[str, Any], *reasons: str, commented: bool = False) -> str:
    """A key below the reasons for it."""
    text = shown(value).rstrip("\n")
    return "\n".join([*map(_comment, reasons), *((f"# {line}" for line in text.split("\n")) if commented else [text])])


def _comment(text: str) -> str:
    """Lines of comment, whatever is in the text."""
    line = printable(text)
    return "\n".join(f"# {part}" for part in wrap(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…", _WIDTH))


def _told(seen: Layout, about: str) -> Mapping[str, list[str]]:
    """Each value that is told, with the files that tell it."""
    found: dict[str, list[str]] = {}
    for hint in seen.hints:
        if hint.about == about:
            found.setdefault(hint.value, []).append(hint.path)
    return found


def _from(paths: Sequence[str]) -> str:
    return f"from {paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}"


def _kubernetes(seen: Layout) -> Iterator[str]:
    told = _told(seen, "kubernetes")
    if len(told) == 1:
        ((version, paths),) = told.items()
        yield _block(
            {"kubernetes": version}, f"Judged for this version ({_from(paths)}), and not for the newest: what later ones remove is not reported."
        )
    elif told:
        reasons = [f"{version}: {_from(paths)}" for version, paths in sorted(told.items())]
        yield _block({"kubernetes": max(told, key=_minor)}, "Files tell several versions of Kubernetes:", *reasons, commented=True)


def _minor(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _argocd(seen: Layout) -> Iterator[str]:
    value: dict[str, Any] = {}
    reasons = []
    told = _told(seen, "argocd")
    usable = [version for version in told if at_least(version, _OLDEST)]
    if len(told) == 1 and usable and not usable[0].startswith(_NEWEST):
        value["version"] = usable[0]
        reasons.append(f"The version is {_from(told[usable[0]])}.")
    if seen.control_plane and seen.control_plane != "argocd":
        value["namespace"] = seen.control_plane
        reasons.append(f"All {'AppProjects' if seen.projects else 'Applications'} that name a namespace are in {seen.control_plane}.")
    namespaces = _told(seen, "namespaces")
    patterns = sorted({part.strip() for text in namespaces for part in text.split(",") if part.strip()})
    if patterns:
        value["applicationNamespaces"] = patterns
        reasons.append(f"Applications are looked for there, too, {_from([path for paths in namespaces.values() for path in paths])}.")
    if value:
        yield _block({"argocd": value}, *reasons)
    if len(told) > 1:
        said = [f"{version}: {_from(paths)}" for version, paths in sorted(told.items())]
        yield _block({"argocd": {"version": min(told, key=_minor)}}, "Files tell several versions of Argo CD:", *said, commented=True)
    elif told and not usable:
        yield _comment(
            f"Argo CD {next(iter(told))}, {_from(next(iter(told.values())))}, is older than what gitguard knows: it judges as 2.14 at the oldest."
        )
    if not seen.control_plane and seen.namespaces and seen.namespaces != ("argocd",):
        reason = f"Argo CD's own namespace, if it is not argocd: objects of it are in {', '.join(seen.namespaces[:_MOST])}."
        yield _block({"argocd": {"namespace": seen.namespaces[0]}}, reason, commented=True)


def _repository(seen: Layout) -> Iterator[str]:
    if seen.url:
        here = f"which is none of its remotes: {seen.url.here} of {seen.url.named} folders that they name there are here."
        why = f"and the remote {seen.url.remote} is the same place, but not the same to Argo CD." if seen.url.remote else here
        mood = "name" if seen.url.sure else "may name"
        reason = f"Applications {mood} this repository by this URL, {why}"
        yield _block({"repository": {"urls": [seen.url.url]}}, reason, commented=not seen.url.sure)
    elif not seen.named and (seen.applications or seen.sets or seen.templates):
        reason = "No file names this repository by one of its remotes. If Applications name it by another URL:"
        yield _block({"repository": {"urls": ["https://HOST/ORGANISATION/REPOSITORY"]}}, reason, commented=True)


def _clusters(seen: Layout) -> Iterator[str]:
    told = [one for one in seen.clusters if one.told]
    if told:
        paths = sorted({one.told for one in told})
        yield _block(
            {"clusters": [{"name": one.name, "server": one.server} for one in told]}, f"Cluster secrets that an operator makes, {_from(paths)}."
        )
    partial = [one for one in seen.clusters if not one.name or not one.server]
    if partial:
        example = [{"name": one.name or "NAME", "server": one.server or "https://SERVER"} for one in partial[:_MOST]]
        reason = "Applications deploy to these clusters, by name or by server; where an AppProject names the other, gitguard has to know both:"
        yield _block({"clusters": example}, reason, commented=True)


def _environments(seen: Layout) -> Iterator[str]:
    if not seen.environments:
        yield "\n".join(f"# {line}" for line in _EXAMPLE)
        return
    lines = [f"# {_APART}", "environments:"]
    for one in seen.environments:
        lines += indent("\n".join(_environment(one)), "  ").split("\n")
    yield "\n".join([*lines, *(f"  # {line}" for line in _ACCESS)])


_EXAMPLE = (
    "Environments, where folders, branches or repositories are:",
    "environments:",
    "  prod: {paths: [envs/prod], approvers: [alice, bob], after: staging}",
)
_APART = "What lies in different environments is told apart: AppProjects of one name, and objects that several Applications deploy."
_ACCESS = (
    "Who may change an environment is yours to say, below its name (docs/ci.md):",
    "  approvers: [alice, bob]   # one of them, not the author, has to approve a change",
    "  authors: [carol]          # only they may open one",
    "  after: staging            # a version has to have been in that environment before",
)


def _environment(one: SeenEnvironment) -> Iterator[str]:
    value: dict[str, Any] = {}
    if one.paths:
        value["paths"] = list(one.paths)
        applications = f", {one.applications} Application{'s' * (one.applications != 1)}" if one.applications else ""
        yield _comment(f"{one.files} file{'s' * (one.files != 1)}{applications}")
    if one.branches:
        value["branches"] = list(one.branches)
        yield _comment("from the names of branches")
    if one.kind == "repository":
        yield _comment("from the name of this repository: all of it")
    yield from shown({one.name: value}).rstrip("\n").split("\n")
    if one.destinations:
        destinations = ", ".join(one.destinations[:_MOST])
        yield indent(_comment(f"its Applications deploy to {destinations}"), "  ")


def _roots(seen: Layout) -> Iterator[str]:
    if seen.roots:
        some = f" ({_FEWER} of {len(seen.roots)} are shown)" if len(seen.roots) > _FEWER else ""
        reason = f"What is applied by hand is found by looking{some}. If it is less, name it: what lies elsewhere counts as not applied."
        yield _block({"roots": [folder for folder, _ in seen.roots[:_FEWER]]}, reason, commented=True)


def _external(seen: Layout) -> Iterator[str]:
    if seen.missing:
        counted = ", ".join(f"{name} ({number})" for name, number in seen.missing[:_MOST])
        reasons = f"Applications name AppProjects that are not declared here: {counted}.", "If they are declared elsewhere:"
        yield _block({"external": {"projects": [name for name, _ in seen.missing[:_MOST]]}}, *reasons, commented=True)
