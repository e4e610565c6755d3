"""Join the facts of all files into one repository."""

from collections.abc import Iterable, Mapping
from typing import Any

from gitguard.argo.applications import application_spec
from gitguard.argo.projects import project
from gitguard.argo.repository import one_of
from gitguard.argo.upkeep import of_set, upkeep
from gitguard.manifests.classify import Charts
from gitguard.manifests.facts import NOT_A_MANIFEST, TEMPLATE, TEMPLATE_MARK
from gitguard.model.argo import ApplicationSpec, Cluster, ProjectRepository, Upkeep
from gitguard.model.configuration import Configuration
from gitguard.model.files import FileFacts, ObjectFacts, Unreadable
from gitguard.model.finding import ObjectRef, Skipped
from gitguard.model.repository import Application, DeclaredProject, Reach, Repository, Settings
from gitguard.parse import read
from gitguard.repository.deployments import deployments
from gitguard.repository.inheritance import inheriting
from gitguard.repository.kustomize import Kustomizations, kustomizations
from gitguard.repository.reach import Deployments, Walk

NO_SCHEMA = "no schema: its CustomResourceDefinition is not in the repository"
PATCH = "kustomize patch"
USED = "input of a kustomization"
_VALUES_SUFFIX = "values"


def assemble(
    configuration: Configuration,
    files: Mapping[str, FileFacts],
    reasons: Mapping[str, str],
    unreadable: Iterable[Unreadable],
    scopes: Mapping[tuple[str, str], bool],
) -> Repository:
    """`files` are the facts of every file that was read, `reasons` why a path holds no manifests where the path alone tells.

    `scopes` are the kinds that are known without the repository's CRDs: (group, kind) to whether it is namespaced.
    """
    joined = kustomizations(files)
    charts = Charts(reasons)
    not_objects = joined.patches | joined.used | frozenset(_stray_patches(files, joined))
    argo = _argo(files, not_objects)
    walk = walked(configuration, files, not_objects, joined, charts)
    clusters = tuple(dict.fromkeys(_clusters(configuration, argo)))
    settings = tuple(_settings(files))
    scoped = tuple(_repositories(argo))
    return Repository(
        configuration,
        files,
        not_objects,
        applications=tuple(_applications(argo, walk)),
        projects=tuple(inheriting(configuration, tuple(_projects(argo, walk)), settings, scoped, clusters)),
        clusters=clusters,
        settings=settings,
        scopes={**scopes, **dict(_scopes(argo))},
        templates=tuple((path, facts.declares) for path, facts in files.items() if facts.declares),
        skipped=tuple(_skipped(files, reasons, not_objects, joined, charts)),
        unreadable=tuple(unreadable),
        scoped=scoped,
    )


def walked(configuration: Configuration, files: Mapping[str, FileFacts], not_objects: frozenset[str], joined: Kustomizations, charts: Charts) -> Walk:
    """How each file gets to its cluster: through kustomizations, and through the Applications that deploy its folder."""
    is_here = one_of(configuration.urls)
    found = (deployment for path, facts in _argo(files, not_objects) for deployment in deployments(path, facts, is_here))
    return Walk(joined, Deployments(found), charts, configuration.roots)


def _argo(files: Mapping[str, FileFacts], not_objects: frozenset[str]) -> list[tuple[str, ObjectFacts]]:
    """The objects that rules read: Argo CD's."""
    return [(path, facts) for path, read in files.items() for facts in read.objects if facts.content is not None and path not in not_objects]


def _applications(argo: Iterable[tuple[str, ObjectFacts]], walk: Walk) -> Iterable[Application]:
    for path, facts in argo:
        if facts.kind not in ("Application", "ApplicationSet") or facts.content is None:
            continue
        reach = _reach(path, facts, walk)
        content = facts.content
        if facts.kind == "ApplicationSet":
            template = content["spec"]["template"]
            spec = application_spec(template["spec"])
            unknown = unknown_parts(spec) | overridden(content["spec"])
        else:
            spec = application_spec(content["spec"])
            unknown = unknown_parts(spec)
        own = of_set(Upkeep(), content) if facts.kind == "ApplicationSet" else upkeep(content)
        yield Application(path, facts, spec, reach, _namespace(facts, reach), frozenset(unknown), upkeep=own)


def _projects(argo: Iterable[tuple[str, ObjectFacts]], walk: Walk) -> Iterable[DeclaredProject]:
    for path, facts in argo:
        if facts.kind == "AppProject" and facts.content is not None:
            reach = _reach(path, facts, walk)
            metadata = {"name": facts.name, "labels": facts.content["metadata"].get("labels")}
            own = project({"metadata": metadata, "spec": facts.content["spec"]})
            yield DeclaredProject(path, facts, own, reach, _namespace(facts, reach), own)


def _stray_patches(files: Mapping[str, FileFacts], joined: Kustomizations) -> Iterable[str]:
    """Files named as patches that the kustomization around them leaves out: parts of objects, and nobody's."""
    for path in files:
        if "patch" in path.lower() and path not in joined.takers and joined.governing(path) is not None:
            yield path


def _reach(path: str, facts: ObjectFacts, walk: Walk) -> Reach:
    # Values are handed to a chart that something outside of git installs: whoever keeps them here means them to be applied.
    return Reach(frozenset({""})) if facts.in_values else walk.reach(path)


def _namespace(facts: ObjectFacts, reach: Reach) -> str:
    if len(reach.namespaces) == 1:
        return next(iter(reach.namespaces))
    return facts.namespace


def _clusters(configuration: Configuration, argo: Iterable[tuple[str, ObjectFacts]]) -> Iterable[Cluster]:
    yield from (Cluster(known.server.rstrip("/"), known.name) for known in configuration.clusters)
    for _, facts in argo:
        said = (facts.content or {}).get("cluster", {})
        if said.get("server") and not TEMPLATE_MARK.search("".join(said.values())):
            namespaces = tuple(part.strip() for part in said.get("namespaces", "").split(",") if part.strip())
            yield Cluster(said["server"].rstrip("/"), said.get("name", ""), said.get("project", ""), namespaces)


def _repositories(argo: Iterable[tuple[str, ObjectFacts]]) -> Iterable[ProjectRepository]:
    for _, facts in argo:
        said = (facts.content or {}).get("repository", {})
        if said.get("url") and said.get("project") and not TEMPLATE_MARK.search("".join(said.values())):
            yield ProjectRepository(said["url"], said["project"])


def _settings(files: Mapping[str, FileFacts]) -> Iterable[Settings]:
    """Every argocd-cm, the patches of kustomizations included: it is often one over what Argo CD is installed from."""
    for path, read_facts in files.items():
        for facts in read_facts.objects:
            said = (facts.content or {}).get("settings")
            if said is not None:
                yield Settings(path, facts.namespace, _parsed(said.get("globalProjects", "")), said.get("cluster.inClusterEnabled") != "false")


def _parsed(text: str) -> Any:
    reading = read(text.encode("utf-8", "surrogatepass"))
    return reading.documents[0].value if reading.documents and not reading.problems else None


def _scopes(argo: Iterable[tuple[str, ObjectFacts]]) -> Iterable[tuple[tuple[str, str], bool]]:
    for _, facts in argo:
        said = (facts.content or {}).get("defines", {})
        if isinstance(said.get("group"), str) and isinstance(said.get("kind"), str) and said.get("scope") in ("Namespaced", "Cluster"):
            yield (said["group"], said["kind"]), said["scope"] == "Namespaced"


def unknown_parts(spec: ApplicationSpec) -> set[str]:
    """Parts that a template engine fills in before Argo CD sees them."""
    destination = spec.destination
    parts = {
        "project": (spec.project,),
        "server": (destination.server,),
        "name": (destination.name,),
        "namespace": (destination.namespace,),
        "source": tuple(source.repo_url for source in spec.sources),
    }
    return {part for part, texts in parts.items() if any(TEMPLATE_MARK.search(text) for text in texts)}


def overridden(content: Mapping[str, Any]) -> set[str]:
    """Parts of an ApplicationSet's template that a generator's own template or a templatePatch may replace."""
    unknown: set[str] = set()
    pending = list(content.get("generators", ()))
    while pending:
        for body in pending.pop().values():
            pending.extend(body.get("generators", ()))
            unknown |= _replaced(body.get("template", {}))
    return unknown | _replaced(dict.fromkeys(content.get("templatePatch", ()), True))


def _replaced(override: Mapping[str, Any]) -> set[str]:
    replaced: set[str] = set()
    if override.get("project"):
        replaced.add("project")
    if override.get("source") or override.get("sources"):
        replaced.add("source")
    if override.get("destination"):
        replaced |= {"server", "name", "namespace"}
    return replaced


def _skipped(
    files: Mapping[str, FileFacts], reasons: Mapping[str, str], not_objects: frozenset[str], joined: Kustomizations, charts: Charts
) -> Iterable[Skipped]:
    for path, reason in reasons.items():
        facts = files.get(path)
        if facts is None or facts.declares or (reason and not facts.objects and not facts.violations):
            yield Skipped(path, reason or TEMPLATE)
            continue
        if path in not_objects:
            yield Skipped(path, PATCH if path not in joined.used else USED)
            continue
        for why in facts.skipped:
            yield Skipped(path, _better(why, path, reason, joined, charts))
        for item in facts.objects:
            if not item.schema or item.schema == "templated":
                yield Skipped(path, TEMPLATE if item.schema else NO_SCHEMA, ObjectRef(item.api_version, item.kind, item.namespace, item.name))


def _better(why: str, path: str, reason: str, joined: Kustomizations, charts: Charts) -> str:
    """A reason that tells more than "no apiVersion and kind", where the file's place does."""
    if why != NOT_A_MANIFEST:
        return why
    name = path.rpartition("/")[2]
    if reason or charts.around(path) is not None or _VALUES_SUFFIX in name:
        return reason or "Helm values"
    return USED if path in joined.used else why
