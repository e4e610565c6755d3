"""Renders the sources of Applications with the real tools: in parallel, confined, remembered by the content of what they read."""

import json
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from copy import copy
from functools import cached_property
from hashlib import sha1, sha256
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import gitguard
from gitguard.edges import cache as caching
from gitguard.edges import confined
from gitguard.edges.crew import crew
from gitguard.edges.runs import Run, Runner
from gitguard.edges.scratch import scratch
from gitguard.edges.sources import Sources
from gitguard.edges.tools import INSTALL, Tools
from gitguard.model.files import SUBMODULE, SYMLINK, Entry
from gitguard.model.rendering import Lacking, Origin, Reads, Remote, Rendered, RenderedObject
from gitguard.render.kustomize import copies_annotations
from gitguard.render.objects import deployed
from gitguard.render.outcomes import Refused
from gitguard.render.planning import plan
from gitguard.render.plans import Cluster, DirectoryPlan, HelmPlan, KustomizePlan, Part, Plan
from gitguard.render.tree import Tree

_METADATA = ("kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml", "requirements.yaml")
# How often what was fetched may ask for more to be fetched.
_MOST_ROUNDS = 10
_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


Progress = Callable[[str, int, int], None]


class Job(NamedTuple):
    """One plan with what it takes to remember what came of it; `numbers` are the parts that it serves, whatever their destinations."""

    plan: Plan
    key: str
    numbers: tuple[int, ...]


class _Seen(NamedTuple):
    """What is known of one tree, and which things from outside were asked for."""

    contents: "_Contents"
    tree: Tree
    asked: frozenset[Remote]


class Renderer:
    """Renders from one tree of one repository. `folder` is where its scratch files go, None for the system's place for them.

    With `plain` objects come with the values of their secrets. Those are rendered anew each time, for they are never put into the cache.
    """

    def __init__(
        self,
        sources: Sources,
        cache: caching.Cache,
        tools: Tools,
        folder: Path | None,
        limits: confined.Limits = confined.USUAL,
        *,
        plain: bool = False,
    ) -> None:
        self.sources = sources
        self.cache = cache
        self.tools = tools
        self.folder = folder
        self.limits = limits
        self.plain = plain
        self._code = caching.stamp(Path(gitguard.__file__).parent)
        self._last: tuple[Sequence[Entry], _Seen] | None = None
        # The renderings that were asked for, and those of them that were not in the cache.
        self.asked: set[str] = set()
        self.anew: set[str] = set()

    def render(
        self,
        entries: Sequence[Entry],
        parts: Sequence[Part],
        cluster: Cluster,
        scopes: Mapping[tuple[str, str], bool],
        progress: Progress | None = None,
        wanted: Callable[[int, Reads], bool] = lambda number, reads: True,
        *,
        origins: bool = True,
    ) -> tuple[Rendered, ...]:
        """One result a part, in order; a part that fails, or never ends, costs the others nothing but its time.

        `wanted` says of a part, by its number and what it reads, whether its objects matter. Without `origins`, kustomize is not asked which
        file each object comes from, which saves a fifth of its time.
        """
        seen, plans = self._planned(entries, parts, cluster, wanted)
        contents, tree, _ = seen
        results: list[Rendered | None] = [None] * len(parts)
        jobs: dict[str, Job] = {}
        for number, (part, planned) in enumerate(zip(parts, plans, strict=True)):
            made = planned._replace(annotating="") if not origins and isinstance(planned, KustomizePlan) else planned
            early = self._early(part, made)
            if early is not None:
                results[number] = early
            elif not isinstance(made, str | Lacking) and not wanted(number, made.reads):
                results[number] = Rendered(part.key, part.pointer, reads=made.reads, skipped=True)
            elif not isinstance(made, str | Lacking):
                key = self._key(made, contents)
                job = jobs.get(key, Job(made, key, ()))
                jobs[key] = job._replace(numbers=(*job.numbers, number))
        self.asked |= jobs.keys()
        known = self.cache.get(jobs)
        if self.plain:
            known = {key: text for key, text in known.items() if not _has_secrets(text)}
        missing = [job for key, job in jobs.items() if key not in known]
        for key, job in jobs.items():
            if key in known:
                _hand_out(known[key], job, parts, scopes, results)
        if missing:
            for _ in self._running(missing, parts, results, contents, tree, scopes, progress):
                pass
        return tuple(result for result in results if result is not None)

    @contextmanager
    def ahead(self, entries: Sequence[Entry], parts: Sequence[Part], cluster: Cluster, progress: Progress | None = None) -> Iterator[None]:
        """Have workers render what these parts make, and is not in the cache, while something else is done; at the end of that the cache has it.

        A `render` would come to some of them later, when it knows that it needs them.
        """
        contents, tree, _ = self._tree(entries)
        jobs: dict[str, Job] = {}
        for part in parts:
            made = plan(part, tree, cluster)
            if self._early(part, made) is None and not isinstance(made, str | Lacking):
                key = self._key(made, contents)
                jobs[key] = Job(made, key, ())
        # Where the cache has nothing of it, what is done meanwhile most likely renders the same.
        held = frozenset() if self.plain else self.cache.holds(jobs)
        missing = [job for key, job in jobs.items() if held and key not in held and key not in self.anew]
        with closing(self._running(missing, (), [], contents, tree, {}, progress)) as running:
            next(running)
            yield
            for _ in running:
                pass

    def _tree(self, entries: Sequence[Entry]) -> "_Seen":
        """What is known of the tree of these entries so far."""
        if self._last is None or self._last[0] is not entries:
            contents = _Contents(self.sources, [entry for entry in entries if not entry.path.startswith(".git/")])
            self._last = (entries, _Seen(contents, contents.tree(), frozenset()))
        return self._last[1]

    def _planned(
        self, entries: Sequence[Entry], parts: Sequence[Part], cluster: Cluster, wanted: Callable[[int, Reads], bool]
    ) -> tuple["_Seen", list[Plan | Lacking | str]]:
        """The plans, with everything from outside that they ask for and that could be had: what is found may ask for more."""
        seen = self._tree(entries)
        plans = [plan(part, seen.tree, cluster) for part in parts]
        for _ in range(_MOST_ROUNDS):
            lacking = {
                number: made.remotes for number, made in enumerate(plans) if isinstance(made, Lacking) and not seen.asked.issuperset(made.remotes)
            }
            asking = [number for number in lacking if wanted(number, _may_read(parts[number], plans[number]))]
            asked = dict.fromkeys(remote for number in asking for remote in lacking[number] if remote not in seen.asked)
            if not asked:
                break
            found = self.sources.find(list(asked))
            contents = seen.contents.with_more(found.entries) if found.entries else seen.contents
            tree = contents.tree({**seen.tree.failed, **found.failed}) if found.entries or found.failed else seen.tree
            seen = _Seen(contents, tree, seen.asked | asked.keys())
            for number, remotes in lacking.items():
                if not asked.keys().isdisjoint(remotes):
                    plans[number] = plan(parts[number], tree, cluster)
        self._last = (entries, seen)
        return seen, plans

    def _early(self, part: Part, made: Plan | Lacking | str) -> Rendered | None:
        """The result where nothing has to be run."""
        common = Rendered(part.key, part.pointer)
        if isinstance(made, str):
            return common._replace(failure=made)
        if isinstance(made, Lacking):
            return common._replace(undetermined=made)
        if self.tools.off and isinstance(made, KustomizePlan | HelmPlan):
            return common._replace(reads=made.reads, undetermined=Lacking("rendering is switched off", "`--render auto`, or `render: auto`"))
        inflates = isinstance(made, KustomizePlan) and made.inflation is not None
        if isinstance(made, KustomizePlan) and self.tools.kustomize is None:
            return common._replace(reads=made.reads, undetermined=Lacking("there is neither kustomize nor kubectl on this machine", INSTALL))
        if (inflates or isinstance(made, HelmPlan)) and self.tools.helm is None:
            return common._replace(reads=made.reads, undetermined=Lacking("there is no helm on this machine", INSTALL))
        return None

    def _key(self, made: Plan, contents: "_Contents") -> str:
        tools = (isinstance(made, KustomizePlan) and self.tools.kustomize, not isinstance(made, DirectoryPlan) and self.tools.helm)
        digest = sha256(f"{gitguard.__version__} {self._code} {tools}\0".encode())
        digest.update(repr(made).encode("utf-8", "surrogateescape"))
        for path in made.files:
            digest.update(contents.identity(path).encode())
        return f"render:{digest.hexdigest()}"

    def _running(
        self,
        jobs: Sequence[Job],
        parts: Sequence[Part],
        results: list[Rendered | None],
        contents: "_Contents",
        tree: Tree,
        scopes: Mapping[tuple[str, str], bool],
        progress: Progress | None,
    ) -> Generator[None, None, None]:
        """Comes back once when the workers are at work, and again when all is done."""
        if not jobs:
            yield
            return
        self.anew |= {job.key for job in jobs}
        with scratch(self.folder) as place:
            wanted = contents.entries_of(path for job in jobs for path in job.plan.files)
            marked = place.fill(self.sources, wanted, copies_annotations)
            runner = Runner(place, self.tools, self.limits, tree, marked, plain=self.plain)

            def prepare() -> None:
                # A worker that is told to end takes the tool that it waits for with it.
                signal.signal(signal.SIGTERM, signal.default_int_handler)
                runner.prepare()

            fresh: dict[str, str] = {}
            with closing(crew(lambda job: _encoded(runner.run(job.plan)), jobs, prepare)) as answers:
                yield
                try:
                    for done, (index, text) in enumerate(answers, 1):
                        job = jobs[index]
                        answer = text or _encoded(Run(failure="its worker died, for want of memory or by a signal"))
                        _hand_out(answer, job, parts, scopes, results)
                        if text and json.loads(text[: text.index(",")] + "]")[0] and not (self.plain and _has_secrets(text)):
                            fresh[job.key] = text
                        if progress is not None:
                            progress("rendered", done, len(jobs))
                finally:
                    self.cache.put(fresh)


class _Contents:
    """The contents of a tree's files, read when they are asked for, the small ones that say how to render all with the first of them."""

    def __init__(self, sources: Sources, entries: Sequence[Entry]) -> None:
        self.sources = sources
        self.entries: dict[str, Entry] = {}
        self.links: dict[str, str] = {}
        self.mounts: tuple[Remote, ...] = ()
        self._known: dict[str, bytes] = {}
        self._identities: dict[str, str] = {}
        self._add(entries)

    def _add(self, entries: Sequence[Entry]) -> None:
        self.entries |= {entry.path: entry for entry in entries}
        links = [entry for entry in entries if entry.mode == SYMLINK]
        read = self.sources.read(links)
        self.links |= {entry.path: content.decode("utf-8", "surrogateescape") for entry, content in read if isinstance(content, bytes)}

    def with_more(self, mounted: Mapping[Remote, Sequence[Entry]]) -> "_Contents":
        """These and what was mounted."""
        made = copy(self)
        made.__dict__.pop("_said", None)
        made.entries, made.links, made._known = dict(self.entries), dict(self.links), dict(self._known)
        made.mounts = (*self.mounts, *mounted)
        made._add([entry for entries in mounted.values() for entry in entries])
        return made

    def tree(self, failed: Mapping[Remote, str] = MappingProxyType({})) -> Tree:
        """The tree that they make."""
        return Tree(tuple(self.entries.values()), self.links, self.read, self.mounts, failed)

    def read(self, path: str) -> bytes:
        """A file's content; Refused where it can't be read."""
        if path not in self._known and _says_how(path):
            self._known |= self._said
        if path not in self._known:
            for _, content in self.sources.read([self.entries[path]]):
                if isinstance(content, OSError):
                    raise Refused(f"{path}: can't be read: {content.strerror or content}")
                self._known[path] = content
        return self._known[path]

    @cached_property
    def _said(self) -> Mapping[str, bytes]:
        said = [entry for entry in self.entries.values() if _says_how(entry.path) and entry.mode not in (SYMLINK, SUBMODULE)]
        return {entry.path: content for entry, content in self.sources.read(said) if isinstance(content, bytes)}

    def identity(self, path: str) -> str:
        """Path, mode and git's object id of a file."""
        if path not in self._identities:
            entry = self.entries[path]
            blob = entry.blob
            if not blob:
                content = self.links[path].encode("utf-8", "surrogateescape") if path in self.links else self.read(path)
                blob = sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            self._identities[path] = f"{path}\0{entry.mode}\0{blob}\0"
        return self._identities[path]

    def entries_of(self, paths: Iterable[str]) -> list[Entry]:
        """The entries at these paths, each once."""
        return [self.entries[path] for path in dict.fromkeys(paths) if path in self.entries]


def hash_of(scopes: Mapping[tuple[str, str], bool]) -> str:
    """Changes whenever what is known of kinds does."""
    return sha256(repr(sorted(scopes.items())).encode()).hexdigest()


def _may_read(part: Part, made: Plan | Lacking | str) -> Reads:
    """What of the repository a source may read of which the plan is not known yet: nothing, where it lies elsewhere, or anything."""
    return Reads() if isinstance(made, Lacking) and made.elsewhere and not part.here else Reads(folders=("",))


def _says_how(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(_METADATA) or name.startswith(".argocd-source")


def _encoded(run: Run) -> str:
    lacking = [run.undetermined.reason, run.undetermined.needs] if run.undetermined else None
    objects = [[one.api_version, one.kind, one.namespace, one.name, list(one.origin), one.manifest, one.secret] for one in run.objects]
    return _encoder.encode([run.lasting, run.tool, run.failure, lacking, run.assumed, objects])


def _has_secrets(text: str) -> bool:
    *_, objects = json.loads(text)
    return any(secret for *_, secret in objects)


def _hand_out(text: str, job: Job, parts: Sequence[Part], scopes: Mapping[tuple[str, str], bool], results: list[Rendered | None]) -> None:
    if not job.numbers:
        return
    _, tool, failure, lacking, assumed, objects = json.loads(text)
    made = tuple(RenderedObject(api, kind, space, name, Origin(*origin), value, secret) for api, kind, space, name, origin, value, secret in objects)
    undetermined = Lacking(*lacking) if lacking else None
    # Where it goes is no part of what is remembered: one build serves every destination, and kinds that become known later.
    by_target: dict[str, tuple[RenderedObject, ...]] = {}
    for number in job.numbers:
        part = parts[number]
        if part.target not in by_target:
            by_target[part.target] = deployed(made, part.target, scopes)
        results[number] = Rendered(part.key, part.pointer, tool, by_target[part.target], job.plan.reads, failure, undetermined, tuple(assumed))
