"""A config repository as the rules see it: whole, however small the change that is judged."""

from collections.abc import Mapping
from typing import NamedTuple

from gitguard.model.argo import ApplicationSpec, Cluster, Project
from gitguard.model.configuration import Configuration
from gitguard.model.files import FileFacts, ObjectFacts, Unreadable
from gitguard.model.finding import ObjectRef, Site, Skipped


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
    ApplicationSet, or overridden by a generator. The places are those of the file; see `site`.
    """

    path: str
    facts: ObjectFacts
    spec: ApplicationSpec
    reach: Reach
    namespace: str
    unknown: frozenset[str] = frozenset()

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
        return f"{self.namespace}/{self.facts.name}" if self.namespace else self.facts.name

    @property
    def changed_by_kustomize(self) -> bool:
        """Do patches make it something else than what the file says?"""
        return self.reach.changes(self.facts.kind)

    def site(self, pointer: str) -> Site:
        """The place of a field of the Application's spec, given as Argo CD names it ("/spec/destination")."""
        inside = f"/spec/template{pointer}" if self.is_set else pointer
        return Site(self.path, self.facts.document, self.facts.at(inside))


class DeclaredProject(NamedTuple):
    """An AppProject that the repository declares; not reached by anything where `reach.roots` is empty."""

    path: str
    facts: ObjectFacts
    project: Project
    reach: Reach
    namespace: str

    @property
    def changed_by_kustomize(self) -> bool:
        """Do patches make it something else than what the file says?"""
        return self.reach.changes("AppProject")

    def site(self, pointer: str) -> Site:
        """The place of a field of the AppProject."""
        return Site(self.path, self.facts.document, self.facts.at(pointer))


class Repository(NamedTuple):
    """Everything that was read, joined: what is applied, which projects there are, which clusters are known.

    `not_objects` are the files that hold parts of objects, or input for a kustomization; `templates` are the files whose Argo CD objects only
    a renderer can tell, with the kinds that they mention; `removed_projects` are the AppProjects that the change under judgement takes away.
    """

    configuration: Configuration
    files: Mapping[str, FileFacts]
    not_objects: frozenset[str]
    applications: tuple[Application, ...] = ()
    projects: tuple[DeclaredProject, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    templates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    removed_projects: frozenset[str] = frozenset()
    skipped: tuple[Skipped, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
