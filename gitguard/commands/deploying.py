"""From the repository as it lies to what Argo CD would deploy of it: ApplicationSets expanded, sources rendered, and so on with what they make."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from gitguard.applicationsets import Cluster as SetCluster
from gitguard.applicationsets import Context, expand
from gitguard.argo.repository import one_of
from gitguard.commands.charts import Dependencies, installed_by_hand
from gitguard.commands.cluster import cluster
from gitguard.commands.judging import judged
from gitguard.commands.options import Options
from gitguard.commands.reading import Reader, open_cache
from gitguard.edges import cache as caching
from gitguard.edges import tools
from gitguard.edges.confined import USUAL, Limits
from gitguard.edges.renderer import Progress, Renderer
from gitguard.edges.sources import opened
from gitguard.model.files import Entry
from gitguard.model.rendering import Reads, Rendered, RenderedObject
from gitguard.model.repository import Application, DeclaredProject, Deployed, ExpandedSet, Reach, Repository
from gitguard.render.parts import parts
from gitguard.render.plans import Cluster, Part
from gitguard.render.tree import folders_of
from gitguard.repository.inheritance import inheriting
from gitguard.repository.making import (
    application,
    creates_namespace,
    declared_project,
    defined_kinds,
    document,
    generated,
    is_argo,
    made_elsewhere,
    whole,
)

_MOST_GENERATIONS = 8
_COMMIT = re.compile(r"[0-9a-f]{40}")


class Node(NamedTuple):
    """An Application with its whole manifest."""

    application: Application
    manifest: Mapping[str, Any]


class Deployments:
    """Renders what one repository deploys, generation by generation. Nothing is rendered twice in one run.

    `wanted` says of an Application, and of what one of its sources reads, whether its objects matter; those that can make further
    Applications are rendered anyhow. `render` "never" reads only plain directories. `plain` objects have the values of their secrets; `target`
    is the cluster that renderings are for, where more is known of it than the repository tells.
    """

    def __init__(
        self,
        reader: Reader,
        entries: Sequence[Entry],
        repository: Repository,
        environment: Mapping[str, str],
        *,
        cached: bool = True,
        progress: Progress | None = None,
        limits: Limits = USUAL,
        render: str = "auto",
        wanted: Callable[[Application, Reads], bool] = lambda application, reads: True,
        plain: bool = False,
        target: Cluster | None = None,
    ) -> None:
        self.reader = reader
        self.entries = entries
        self.repository = repository
        self.progress = progress
        self.wanted = wanted
        self.render = render
        self.environment = environment
        self.cached = cached
        self.limits = limits
        self._by_path = {entry.path: entry for entry in entries}
        self._dependencies = Dependencies(reader.git, self._by_path)
        folder = caching.directory(environment)
        cache = open_cache(cached, environment, "renders")
        found = tools.Tools(off=True) if render == "never" else tools.find(environment)
        sources = opened(reader.git, render, folder if cached else None, cache, environment, found.helm, progress)
        self.renderer = Renderer(sources, cache, found, folder, limits, plain=plain)
        self._cluster = target or cluster(reader, repository)
        self._is_here = one_of(repository.configuration.urls)
        self._context = self._of_sets()
        lying: list[Application | DeclaredProject] = [*repository.applications, *repository.projects]
        self._changed = [item for item in lying if _is_changed(item)]
        self._as_applied = {_identity(item) for item in lying if item.reach.roots and not _is_changed(item)}
        # What makes Argo CD's objects that nobody can read off a file.
        self._makers = [path for path, _ in repository.templates] + [item.path for item in self._changed]
        self.applications: list[Application] = []
        self.projects: list[DeclaredProject] = []
        self.sets: list[ExpandedSet] = []
        self._replaced: set[tuple[str, int, str]] = set()
        self._seen: set[str] = set()
        self._read: set[str] = set()
        # Every source that was to be rendered.
        self.sources: list[Part] = []
        # What somebody applies by hand, by the folder of its kustomization or chart.
        self.by_hand: dict[str, Rendered] = {}
        # The files that the generators of ApplicationSets read, by the file of the ApplicationSet.
        self._asked: dict[str, set[str]] = {}
        # What decides which Applications there are, and the ones that matter.
        self._shaping: list[Reads] = []
        # Every Application that was made or found, in order, and by its number there what it deploys, where that matters.
        self._nodes: list[Node] = []
        self._deployed: dict[int, Deployed] = {}

    def repository_deployed(self) -> Repository:
        """The repository with everything that could be expanded and rendered."""
        self.followed()
        return self._joined()

    def followed(self) -> tuple[Node, ...]:
        """Every Application that was found or made, with its whole manifest; what they deploy is there for `made`."""
        pending = [*self._as_they_lie(), *(self._by_hand() if self.render != "never" else ())]
        for _ in range(_MOST_GENERATIONS):
            fresh = [node for node in pending if self._is_new(node)]
            if not fresh:
                break
            self.applications += [node.application for node in fresh]
            pending = list(self._generation(fresh))
        return tuple(self._nodes)

    @property
    def made(self) -> tuple[tuple[Node, Deployed], ...]:
        """The Applications that matter, each with what it deploys."""
        return tuple((self._nodes[number], self._deployed[number]) for number in sorted(self._deployed))

    @property
    def unread(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Files of which only a renderer can tell Argo CD's objects, with the kinds that they mention, and that nothing rendered."""
        return tuple((path, kinds) for path, kinds in self.repository.templates if path not in self._read)

    def built(self, folders: Sequence[str]) -> Mapping[str, Rendered]:
        """What the kustomizations in these folders make, each once."""
        missing = [folder for folder in folders if folder not in self.by_hand]
        self.by_hand |= zip(missing, self._render([_kustomization(folder) for folder in missing]), strict=True)
        return {folder: self.by_hand[folder] for folder in folders}

    def is_shaped_by(self, paths: Iterable[str]) -> bool:
        """Could a change of these files make other Applications, not only other objects of theirs?"""
        shaping = [*self._shaping, *(Reads(files=tuple(asked)) for asked in self._asked.values())]
        return any(reads.touches(path) for path in paths for reads in shaping)

    def deployed_from(self, entries: Sequence[Entry], repository: Repository) -> tuple[Deployed, ...]:
        """What the Applications that matter deploy from another tree, in which they are the same: `is_shaped_by` tells."""
        other = Deployments(
            self.reader,
            entries,
            repository,
            self.environment,
            cached=self.cached,
            progress=self.progress,
            limits=self.limits,
            render=self.render,
            wanted=self.wanted,
        )
        for _ in other._generation([self._nodes[number] for number in sorted(self._deployed)]):
            pass
        return other._judged()

    def ahead(self, sources: Sequence[Part] = ()) -> AbstractContextManager[None]:
        """Meanwhile, render these sources of another tree from this one, which most likely has them, too; without any, what is applied by hand."""
        if self.render == "never":
            return nullcontext()
        return self.renderer.ahead(self.entries, sources or [part for _, part in self._roots()], self._cluster, self.progress)

    def widened(self, wanted: Callable[[Application, Reads], bool]) -> Repository:
        """The repository with what those Applications deploy that did not matter before and do by `wanted`."""
        self.wanted = wanted
        for _ in self._made_by([number for number in range(len(self._nodes)) if number not in self._deployed]):
            pass
        return self._joined()

    def _judged(self) -> tuple[Deployed, ...]:
        return judged([self._deployed[number] for number in sorted(self._deployed)], self.repository, self.reader, self._by_path)

    def _joined(self) -> Repository:
        repository, deployed = self.repository, self._judged()
        kept = [item for item in repository.applications if _identity(item) not in self._replaced]
        lying = {_identity(item) for item in kept}
        applications = kept + [item for item in self.applications if item.generated or item.by or _identity(item) not in lying]
        return repository._replace(
            applications=tuple(applications),
            projects=self.merged_projects(),
            deployed=deployed,
            sets=tuple(self.sets),
            templates=self.unread,
            scopes={**repository.scopes, **defined_kinds(deployed)},
            skipped=(*repository.skipped, *made_elsewhere(deployed)),
        )

    def merged_projects(self) -> tuple[DeclaredProject, ...]:
        """The AppProjects of files and those that were rendered, with what they inherit."""
        repository = self.repository
        own = {_identity(item): item._replace(project=item.own, parts=(), inherited=(), missing_global="") for item in repository.projects}
        projects = [item for key, item in own.items() if key not in self._replaced] + self.projects
        return tuple(inheriting(repository.configuration, projects, repository.settings, repository.scoped, repository.clusters))

    def _is_new(self, node: Node) -> bool:
        key = repr((node.application.reach.roots, node.application.key, node.application.path, node.manifest.get("spec")))
        new = key not in self._seen
        self._seen.add(key)
        return new

    def _as_they_lie(self) -> Iterator[Node]:
        """The Applications of files, and those of the ApplicationSets of files."""
        live = [item for item in self.repository.applications if item.reach.roots and not item.changed_by_kustomize]
        for item, manifest in self._manifests(live):
            if item.is_set:
                yield from self._expanded(item, manifest)
            elif not item.unknown:
                yield Node(item, manifest)

    def _by_hand(self) -> Iterator[Node]:
        """What comes of kustomizations and charts of Argo CD's objects that no Application deploys: somebody applies them."""
        made = self._roots()
        results = self._render([part for _, part in made])
        for (root, _), result in zip(made, results, strict=True):
            self.by_hand[root] = result
            yield from self._children(result, None, Reach(frozenset({root})))

    def _roots(self) -> list[tuple[str, Part]]:
        patched = sorted({root for item in self._changed for root in item.reach.roots if root})
        return [*((root, _kustomization(root)) for root in patched), *installed_by_hand(self.repository, self._by_path)]

    def _manifests(self, items: Sequence[Application]) -> Iterator[tuple[Application, Mapping[str, Any]]]:
        """Each with its whole manifest, as it would be applied."""
        paths = dict.fromkeys(item.path for item in items)
        contents = {entry.path: content for entry, content in self.reader.git.read([self._by_path[path] for path in paths])}
        for item in items:
            content = contents[item.path]
            manifest = whole(content, item) if isinstance(content, bytes) else None
            if manifest is not None:
                yield item, manifest

    # ApplicationSets

    def _of_sets(self) -> Context:
        said = [item.content for facts in self.repository.files.values() for item in facts.objects if item.content and "cluster" in item.content]
        labels = {one["cluster"].get("server", "").rstrip("/"): one.get("labels") for one in said}
        known = [SetCluster(item.name, item.server, item.project, labels.get(item.server)) for item in self.repository.clusters]
        return Context(
            is_here=self._is_this_tree,
            directories=lambda: sorted(folders_of(self._by_path) - {""}),
            files=lambda: sorted(self._by_path),
            read=self._content,
            clusters=known or None,
            namespace=self.repository.configuration.argocd.namespace,
        )

    def _is_this_tree(self, url: str, revision: str) -> bool:
        return not _COMMIT.fullmatch(revision) and self._is_here(url)

    def _content(self, path: str) -> bytes:
        for _, content in self.reader.git.read([self._by_path[path]]):
            return content if isinstance(content, bytes) else b""
        return b""

    def _expanded(self, item: Application, manifest: Mapping[str, Any]) -> Iterator[Node]:
        asked = self._asked.setdefault(item.path, set())

        def content(path: str) -> bytes:
            asked.add(path)
            return self._content(path)

        found = expand(manifest, self._context._replace(read=content))
        complaints = tuple((complaint.pointer, complaint.message) for complaint in found.complaints)
        self.sets.append(ExpandedSet(item, complaints, tuple((one.pointer, one.reason, one.needs) for one in found.unknown)))
        if not found.unknown and found.applications:
            # All that the template makes is known: it need not be judged for what it may become.
            self._replaced.add(_identity(item))
        if any(complaint.stops for complaint in found.complaints):
            return
        named = Counter(str(one.manifest["metadata"].get("name") or "") for one in found.applications)
        for one in found.applications:
            # Two of one name, or one without, are not made.
            if named[str(one.manifest["metadata"].get("name") or "")] == 1 and one.manifest["metadata"].get("name"):
                yield Node(generated(item, one.manifest), one.manifest)

    def _generation(self, nodes: Sequence[Node]) -> Iterator[Node]:
        """Render these Applications; what comes of them is the next generation."""
        first = len(self._nodes)
        self._nodes += nodes
        for owner, made in self._made_by(range(first, len(self._nodes))):
            for result in made:
                yield from self._children(result, owner, Reach(owner.reach.roots))

    def _made_by(self, numbers: Sequence[int]) -> Iterator[tuple[Application, tuple[Rendered, ...]]]:
        """Render the Applications of these numbers, and keep what the ones that matter deploy."""
        nodes = [self._nodes[number] for number in numbers]
        namespace = self.repository.configuration.argocd.namespace
        listed = [parts(node.manifest, self._is_here, namespace) for node in nodes]
        owners = [node.application for node, of_one in zip(nodes, listed, strict=True) for _ in of_one]
        results = iter(self._render([part for of_one in listed for part in of_one], owners))
        for number, node, of_one in zip(numbers, nodes, listed, strict=True):
            made = tuple(next(results) for _ in of_one)
            yield node.application, made
            if made and not any(_was_refused(result) or self._matters(node.application, result.reads) for result in made):
                continue
            needed = tuple(found for part in of_one if "" in part.here for found in self._dependencies.of(str(part.source.get("path") or "")))
            self._deployed[number] = Deployed(node.application, made, creates_namespace(node.manifest), needed)

    def _children(self, result: Rendered, by: Application | None, reach: Reach) -> Iterator[Node]:
        """The Argo CD objects among what was made, but those that were read from their files already."""
        if not result.failure and not result.undetermined:
            self._read |= {path for path, _ in self.repository.templates if result.reads.touches(path)}
        kinds = ("Application", "ApplicationSet", "AppProject")
        fresh = [item for item in result.objects if any(is_argo(item, kind) for kind in kinds) and not self._is_known(item)]
        if fresh:
            # Templates whose kinds are templated, too, are seen for makers by what comes of them.
            self._shaping.append(result.reads)
        for item in fresh:
            if item.kind == "AppProject":
                self.projects.append(declared_project(item, by, reach, self.repository))
                continue
            made = application(item, by, reach, self.repository)
            if item.kind == "ApplicationSet":
                self.applications.append(made)
                yield from self._expanded(made, item.manifest)
            else:
                yield Node(made, item.manifest)

    def _is_known(self, item: RenderedObject) -> bool:
        """Was the object read from the file that it comes from, as it is applied? What is changed on the way replaces what was read."""
        source = document(item, self.repository)
        if source is None:
            return False
        identity = (item.origin.path, source.document, source.prefix)
        if identity in self._as_applied:
            return True
        self._replaced.add(identity)
        return False

    def _matters(self, owner: Application, reads: Reads) -> bool:
        """`wanted`, where what an ApplicationSet's generators read counts for its Applications too."""
        asked = self._asked.get(owner.path, ()) if owner.generated else ()
        return self.wanted(owner, reads._replace(files=(*reads.files, *asked)))

    def _render(self, made: Sequence[Part], owners: Sequence[Application] = ()) -> Sequence[Rendered]:
        if not made:
            return ()

        def wanted(number: int, reads: Reads) -> bool:
            return not owners or self._matters(owners[number], reads) or any(reads.touches(path) for path in self._makers)

        self.sources += made
        given = self._cluster, self.repository.scopes, self.progress
        results = list(self.renderer.render(self.entries, made, *given, wanted))
        # Of an Application that matters all sources do: what they make is compared.
        whole = {id(owner) for owner, result in zip(owners, results, strict=bool(owners)) if result.objects}
        left = [number for number, owner in enumerate(owners) if results[number].skipped and id(owner) in whole]
        for number, result in zip(left, self.renderer.render(self.entries, [made[number] for number in left], *given), strict=True):
            results[number] = result
        self._shaping += [result.reads for result in results if not owners or any(result.reads.touches(path) for path in self._makers)]
        return results


def deployments(
    reader: Reader,
    entries: Sequence[Entry],
    repository: Repository,
    options: Options,
    wanted: Callable[[Application, Reads], bool] = lambda application, reads: True,
) -> Deployments:
    """What the repository deploys, to be looked into as far as the options let the tools run."""
    render = options.render or repository.configuration.render
    return Deployments(
        reader, entries, repository, options.environment, cached=options.cache, progress=options.progress, render=render, wanted=wanted
    )


def _identity(item: Application | DeclaredProject) -> tuple[str, int, str]:
    return item.path, item.facts.document, item.facts.prefix


def _kustomization(folder: str) -> Part:
    """What `kubectl apply -k` of a folder would be."""
    return Part(folder, "", "", "", "", {"path": folder, "kustomize": {"version": "own"}})


def _is_changed(item: Application | DeclaredProject) -> bool:
    return item.reach.changes(item.facts.kind)


def _was_refused(result: Rendered) -> bool:
    """Did planning end early, so that nobody knows what it would have read?"""
    lacking = result.undetermined is not None and not result.undetermined.elsewhere
    return (bool(result.failure) or lacking) and result.reads == Reads()
