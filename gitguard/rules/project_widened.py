"""project-widened: a change lets an AppProject permit what it denied."""

from collections.abc import Iterable, Iterator, Mapping

from gitguard.argo.widening import Known, Widened, widened
from gitguard.model.argo import Cluster, Destination, Project
from gitguard.model.change import Change
from gitguard.model.finding import Finding, ObjectRef, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import BUILT_IN_DEFAULT
from gitguard.rules.change_rule import ChangeRule
from gitguard.rules.project_rule import example

_ID = "project-widened"
_SHOWN = 3
_NOTHING = Project("", namespace_resource_whitelist=())
_Identity = tuple[str, str, str]


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """Compare every AppProject that is applied with what it was; one that is new permitted nothing before."""
    was, now = _by_identity(change.before, change.renamed), _by_identity(change.after, {})
    moved = {path: identity for identity, found in was.items() for path in (change.renamed.get(found.path, found.path),)}
    for identity, declared in now.items():
        old = was.get(identity) or (
            was.get(moved[declared.path]) if declared.path in moved and moved[declared.path][1] == declared.project.name else None
        )
        before = old.project if old is not None else _NOTHING
        if old is None and declared.project.name == "default":
            # Argo CD makes one that permits everything, where none is declared.
            before = BUILT_IN_DEFAULT
        if before != declared.project or (old is not None and old.unknown != declared.unknown):
            yield from _judged(change.after, declared, old, before)


def _judged(repository: Repository, declared: DeclaredProject, old: DeclaredProject | None, before: Project) -> Iterator[Finding | Undetermined]:
    reference = ObjectRef(declared.facts.api_version, "AppProject", declared.namespace, declared.project.name)
    for one in (declared, *([old] if old is not None else [])):
        reason, needs = one.unknown
        if reason:
            yield Undetermined(_ID, reference, reason, needs, declared.site(""))
            return
    ways = widened(before, declared.project, _known(repository, declared), repository.configuration.argocd.version)
    if old is None and any(way.witnesses for way in ways):
        said = "; ".join(_permitted(way) for way in ways if way.witnesses)
        yield Finding(_ID, "warning", f"AppProject `{declared.project.name}` is new and permits {said}", reference, declared.site("/spec"), fix=_FIX)
    for way in ways:
        if way.witnesses and old is not None:
            message = f"AppProject `{declared.project.name}` now permits {_permitted(way)}"
            yield Finding(_ID, "warning", message, reference, declared.site(_entry(declared, way)), fix=_FIX)
        if way.unknown:
            yield Undetermined(_ID, reference, f"whether it permits more ({way.what}): {way.unknown}", "plainer patterns", declared.site(""))


_LISTED = ("role", "cluster-scoped kind")
_FIX = "have somebody approve it who may decide that, or take it back"


def _permitted(way: Widened) -> str:
    real = [witness for witness in way.witnesses if witness.is_real]
    # What is made up to tell globs apart says no more than its first.
    counted = real or (way.witnesses if way.what in _LISTED else way.witnesses[:1])
    shown, rest = counted[:_SHOWN], len(counted[_SHOWN:])
    names = ", ".join(witness.text for witness in shown) + (f" and {rest} more" if rest else "")
    example_ = "" if real or way.what in (*_LISTED, "sync", "commit", "account", "cluster") else "for example "
    what = "" if way.what in ("role", "sync", "commit", "account", "cluster") else f" as a {way.what}"
    return f"{example_}{names}{what}"


def _entry(declared: DeclaredProject, way: Widened) -> str:
    """The entry that permits it, where it is the AppProject's own; what it inherits lies elsewhere."""
    entry = next((witness.entry for witness in way.witnesses if witness.is_real), way.witnesses[0].entry)
    field, _, number = entry.removeprefix("/spec/").partition("/")
    own = len(getattr(declared.own, _FIELDS.get(field, ""), None) or ())
    index = number.partition("/")[0]
    return "/spec" if index.isdecimal() and field in _FIELDS and int(index) >= own else entry or "/spec"


_FIELDS = {
    "sourceRepos": "source_repos", "destinations": "destinations", "sourceNamespaces": "source_namespaces", "roles": "roles",
    "clusterResourceWhitelist": "cluster_resource_whitelist", "namespaceResourceWhitelist": "namespace_resource_whitelist",
    "syncWindows": "sync_windows",
}  # fmt: skip


def _by_identity(repository: Repository, renamed: Mapping[str, str]) -> dict[_Identity, DeclaredProject]:
    """Those that something applies: by control plane, name and, where there are several of a name, by environment or place."""
    found: dict[tuple[str, str], list[DeclaredProject]] = {}
    for declared in repository.projects:
        if declared.reach.roots:
            found.setdefault((declared.namespace, declared.project.name), []).append(declared)
    made: dict[_Identity, DeclaredProject] = {}
    for (namespace, name), listed in found.items():
        for declared in listed:
            path = renamed.get(declared.path, declared.path)
            where = "" if len(listed) == 1 else repository.configuration.environment_of(path) or path
            made.setdefault((namespace, name, where), declared)
    return made


def _known(repository: Repository, declared: DeclaredProject) -> Known:
    """What is really there: the sources and destinations of all Applications, its own Applications, and the kinds that are known."""
    own = [one for one in repository.applications if (one.spec.project or "default") == declared.project.name and not one.is_set]
    sources = dict.fromkeys(
        source.repo_url for one in repository.applications for source in one.spec.sources if source.repo_url and "{{" not in source.repo_url
    )
    places = dict.fromkeys(one.spec.destination for one in repository.applications if "destination" not in one.unknown)
    resolved = [(cluster, place.namespace) for place in places for cluster in _clusters(place, repository)]
    kinds = tuple((group, kind, namespaced) for (group, kind), namespaced in repository.scopes.items())
    return Known(tuple(sources), tuple(dict.fromkeys(resolved)), kinds, tuple(dict.fromkeys(one.namespace for one in own)), tuple(_placed(own)))


def _clusters(place: Destination, repository: Repository) -> Iterator[Cluster]:
    named = [one for one in repository.clusters if (place.server and one.server == place.server) or (place.name and one.name == place.name)]
    yield from named
    if not named and place.server and "{{" not in place.server:
        yield Cluster(place.server, "")


def _placed(applications: Iterable[Application]) -> Iterator[tuple[str, Destination]]:
    for one in applications:
        if one.name and not one.unknown:
            yield one.name, one.spec.destination


RULE = ChangeRule(
    id=_ID,
    level="warning",
    summary="A change lets an AppProject permit what it denied",
    why=(
        "An AppProject is what keeps an Application where it belongs. What is compared is what it permits, by Argo CD's own answers, not its text: a "
        "new entry, a wider glob, a deny entry that is gone, a list that is absent now, a role that may do more, a window that opens. It may be "
        "meant; then somebody who may decide that should have seen it. `--fail-on warning` makes it count."
    ),
    before=(example("  sourceRepos: [https://github.com/example/web]\n  destinations: [{server: '*', namespace: web}]\n"),),
    fails=(example("  sourceRepos: [https://github.com/example/*]\n  destinations: [{server: '*', namespace: web}]\n"),),
    passes=(example("  destinations:\n    - namespace: web\n      server: '*'\n  sourceRepos: [https://github.com/example/web.git]\n"),),
    fix="Narrow it to what is needed, or have it approved by whoever owns the AppProject.",
    check=check,
)
