"""A config repository as the rules see it: whole, however small the change that is judged."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.model.argo import ApplicationSpec, Cluster, Project, ProjectRepository, Upkeep
from gitguard.model.configuration import Configuration
from gitguard.model.files import FileFacts, ObjectFacts, Unreadable, Violation
from gitguard.model.finding import ObjectRef, Site, Skipped
from gitguard.model.rendering import Rendered, RenderedObject
from gitguard.model.suppression import Standing


class Reach(NamedTuple):
    """How a file gets to a cluster.

    `roots` are the folders (or "" for files applied as they lie) from which it is reached; none: nothing refers to it, it is dead.
    `namespaces` are those that kustomizations on the way put its objects in, `patched` the kinds that they change ("*": any).
    """

    roots: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    patched: frozenset[str] = frozenset()

    def changes(self, kind: str) -> bool:
        """May a kustomization on the way change objects of this kind?"""
        return kind in self.patched or "*" in self.patched


class Application(NamedTuple):
    """An Application, or the template of an ApplicationSet, that the repository applies.

    `unknown` holds the parts ("project", "source", "destination", "namespace") that can't be read off the file: templated in an
    ApplicationSet, or overridden by a generator. The places are those of the file; see `site`. `generated` is the name of the one
    Application of an ApplicationSet that this is about, "" for the template as it lies. `by` is the Application that deploys it, "" where
    it lies in a file that is read as it is.
    """

    path: str
    facts: ObjectFacts
    spec: ApplicationSpec
    reach: Reach
    namespace: str
    unknown: frozenset[str] = frozenset()
    generated: str = ""
    by: str = ""
    upkeep: Upkeep = Upkeep()

    @property
    def name(self) -> str:
        """The Application's name, "" for a template of many."""
        return self.generated or ("" if self.is_set else self.facts.name)

    @property
    def is_set(self) -> bool:
        """Is this the template of an ApplicationSet?"""
        return self.facts.kind == "ApplicationSet"

    @property
    def reference(self) -> ObjectRef:
        """Which object this is."""
        return ObjectRef(self.facts.api_version, self.facts.kind, self.namespace, self.facts.name)

    @property
    def key(self) -> str:
        """`namespace/name`, as Argo CD's own tools print it."""
        name = self.generated or self.facts.name
        return f"{self.namespace}/{name}" if self.namespace else name

    @property
    def changed_by_kustomize(self) -> bool:
        """Do patches make it something else than what the file says?"""
        return self.reach.changes(self.facts.kind)

    def site(self, pointer: str) -> Site:
        """The place of a field of the Application's spec, given as Argo CD names it ("/spec/destination")."""
        inside = f"/spec/template{pointer}" if self.is_set else pointer
        return Site(self.path, self.facts.document, self.facts.at(inside))


class DeclaredProject(NamedTuple):
    """An AppProject that the repository declares; not reached by anything where `reach.roots` is empty.

    `own` is what its manifest says, `project` what Argo CD judges by: `own`, what secrets scope to it, and what it inherits from global
    projects. `parts` says how many entries of each list come from where (the name of an AppProject, "" for secrets), `inherited` are the
    global ones; `missing_global` is one that it inherits from and that is not declared here.
    """

    path: str
    facts: ObjectFacts
    project: Project
    reach: Reach
    namespace: str
    own: Project = Project("")
    parts: tuple[tuple[str, Mapping[str, int]], ...] = ()
    inherited: tuple["DeclaredProject", ...] = ()
    missing_global: str = ""

    @property
    def unknown(self) -> tuple[str, str]:
        """Why nothing can be said of what it permits, and what would be needed to; ("", "") where it can be judged."""
        if self.reach.changes("AppProject"):
            return f"kustomize patches change AppProject {self.project.name} before it is applied", "rendering of its kustomization"
        if self.missing_global:
            reason = f"AppProject {self.project.name} inherits from the global project {self.missing_global}, which is not declared here"
            return reason, f"the manifest of AppProject {self.missing_global}"
        return "", ""

    def site(self, pointer: str) -> Site:
        """The place of a field of the AppProject."""
        return Site(self.path, self.facts.document, self.facts.at(pointer))


class Dependency(NamedTuple):
    """A dependency of a chart that has to be fetched: its name, the repository, and the place that names it."""

    name: str
    url: str
    path: str
    pointer: str


class Deployed(NamedTuple):
    """An Application and what each of its sources makes; `creates_namespace` is "" or says when Argo CD makes the destination's namespace.

    "new": when it does not exist yet; "always": it is kept with labels and annotations of the Application. `violations` are the rules that
    made objects break by themselves, where the files that they come from do not.
    """

    application: Application
    sources: tuple[Rendered, ...]
    creates_namespace: str = ""
    dependencies: tuple[Dependency, ...] = ()
    violations: tuple[tuple[RenderedObject, Violation], ...] = ()


class ExpandedSet(NamedTuple):
    """What is wrong with an ApplicationSet, and what is not known of it: (JSON pointer, message) and (JSON pointer, reason, needs)."""

    application: Application
    complaints: tuple[tuple[str, str], ...] = ()
    unknown: tuple[tuple[str, str, str], ...] = ()


class Settings(NamedTuple):
    """What an argocd-cm of the repository says about AppProjects: the value of `globalProjects`, parsed, and whether in-cluster is enabled."""

    path: str
    namespace: str
    global_projects: Any = None
    in_cluster: bool = True


class Repository(NamedTuple):
    """Everything that was read, joined: what is applied, which projects there are, which clusters are known.

    `not_objects` are the files that hold parts of objects, or input for a kustomization; `templates` are the files whose Argo CD objects only
    a renderer can tell, with the kinds that they mention; `scopes` says of the kinds (group, kind) that are known, by Kubernetes' data and the
    repository's CRDs, whether they are namespaced; `removed_projects` are the AppProjects that were applied before the change under judgement and
    are not any more, as they were declared.
    `scoped` are repositories that secrets scope to AppProjects, `tree` all paths of the tree, `doors` those of them that are symbolic links or
    submodules, behind which there may be folders; `deployed` the Applications that were rendered, `sets` the ApplicationSets that were expanded.
    `suppressions` is what became of each suppression, known once all other rules have been asked.
    """

    configuration: Configuration
    files: Mapping[str, FileFacts]
    not_objects: frozenset[str]
    applications: tuple[Application, ...] = ()
    projects: tuple[DeclaredProject, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    settings: tuple[Settings, ...] = ()
    scopes: Mapping[tuple[str, str], bool] = MappingProxyType({})
    templates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    removed_projects: tuple[DeclaredProject, ...] = ()
    scoped: tuple[ProjectRepository, ...] = ()
    tree: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    deployed: tuple[Deployed, ...] = ()
    sets: tuple[ExpandedSet, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    suppressions: tuple[Standing, ...] = ()
