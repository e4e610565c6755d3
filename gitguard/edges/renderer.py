"""Renders the sources of Applications with the real tools: in parallel, confined, remembered by the content of what they read."""

import json
import signal
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha1, sha256
from pathlib import Path
from typing import NamedTuple

import gitguard
from gitguard.edges import cache as caching
from gitguard.edges import confined
from gitguard.edges.crew import crew
from gitguard.edges.git import GitRepository
from gitguard.edges.runs import Run, Runner
from gitguard.edges.scratch import scratch
from gitguard.edges.tools import INSTALL, Tools
from gitguard.model.files import SUBMODULE, SYMLINK, Entry
from gitguard.model.rendering import Lacking, Origin, Reads, Rendered, RenderedObject
from gitguard.render.kustomize import copies_annotations
from gitguard.render.outcomes import Refused
from gitguard.render.planning import plan
from gitguard.render.plans import Cluster, HelmPlan, KustomizePlan, Part, Plan
from gitguard.render.tree import Tree

_METADATA = ("kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml", "requirements.yaml")
_encoder = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))


class Job(NamedTuple):
    """One plan with what it takes to remember what came of it; `numbers` are the parts that it serves."""

    plan: Plan
    target: str
    key: str
    numbers: tuple[int, ...]


class Renderer:
    """Renders from one tree of one repository. `scratch` is the folder for its scratch files, None for the system's."""

    def __init__(self, git: GitRepository, cache: caching.Cache, tools: Tools, folder: Path | None, limits: confined.Limits = confined.USUAL) -> None:
        self.git = git
        self.cache = cache
        self.tools = tools
        self.folder = folder
        self.limits = limits
        self._code = caching.stamp(Path(gitguard.__file__).parent)
        self._last: tuple[Sequence[Entry], _Contents, Tree] | None = None

    def render(
        self,
        entries: Sequence[Entry],
        parts: Sequence[Part],
        cluster: Cluster,
        scopes: Mapping[tuple[str, str], bool],
        progress: Callable[[int, int], None] | None = None,
        wanted: Callable[[int, Reads], bool] = lambda number, reads: True,
        *,
        origins: bool = True,
    ) -> tuple[Rendered, ...]:
        """One result a part, in order; a part that fails, or never ends, costs the others nothing but its time.

        `wanted` says of a part, by its number and what it reads, whether its objects matter. Without `origins`, kustomize is not asked which
        file each object comes from, which saves a fifth of its time.
        """
        contents, tree = self._seen(entries)
        results: list[Rendered | None] = [None] * len(parts)
        jobs: dict[str, Job] = {}
        for number, part in enumerate(parts):
            made = plan(part, tree, cluster)
            if not origins and isinstance(made, KustomizePlan):
                made = made._replace(annotating="")
            early = self._early(part, made)
            if early is not None:
                results[number] = early
            elif not isinstance(made, str | Lacking) and not wanted(number, made.reads):
                results[number] = Rendered(part.key, part.pointer, reads=made.reads, skipped=True)
            elif not isinstance(made, str | Lacking):
                key = self._key(made, part.target, contents, cluster, scopes)
                job = jobs.get(key, Job(made, part.target, key, ()))
                jobs[key] = job._replace(numbers=(*job.numbers, number))
        known = self.cache.get(jobs)
        missing = [job for key, job in jobs.items() if key not in known]
        for key, job in jobs.items():
            if key in known:
                _hand_out(known[key], job, parts, results)
        if missing:
            self._run(missing, parts, results, contents, tree, scopes, progress)
        return tuple(result for result in results if result is not None)

    def _seen(self, entries: Sequence[Entry]) -> tuple["_Contents", Tree]:
        """What was read of these entries; the last ones are remembered, since one run asks several times."""
        if self._last is None or self._last[0] is not entries:
            contents = _Contents(self.git, entries)
            self._last = (entries, contents, Tree(entries, contents.links, contents.read))
        return self._last[1:]

    def _early(self, part: Part, made: Plan | Lacking | str) -> Rendered | None:
        """The result where nothing has to be run."""
        common = Rendered(part.key, part.pointer)
        if isinstance(made, str):
            return common._replace(failure=made)
        if isinstance(made, Lacking):
            return common._replace(undetermined=made)
        if self.tools.off and isinstance(made, KustomizePlan | HelmPlan):
            return common._replace(reads=made.reads, undetermined=Lacking("rendering is switched off", "`--render auto`, or `render: auto`"))
        if isinstance(made, KustomizePlan) and self.tools.kustomize is None:
            return common._replace(reads=made.reads, undetermined=Lacking("there is neither kustomize nor kubectl on this machine", INSTALL))
        if isinstance(made, HelmPlan) and self.tools.helm is None:
            return common._replace(reads=made.reads, undetermined=Lacking("there is no helm on this machine", INSTALL))
        return None

    def _key(self, made: Plan, target: str, contents: "_Contents", cluster: Cluster, scopes: Mapping[tuple[str, str], bool]) -> str:
        tool = self.tools.kustomize if isinstance(made, KustomizePlan) else self.tools.helm if isinstance(made, HelmPlan) else None
        digest = sha256(f"{gitguard.__version__} {self._code} {tool} {target} {hash_of(scopes)}\0".encode())
        digest.update(repr(made).encode("utf-8", "surrogateescape"))
        for path in made.files:
            digest.update(contents.identity(path).encode())
        return f"render:{digest.hexdigest()}"

    def _run(
        self,
        jobs: Sequence[Job],
        parts: Sequence[Part],
        results: list[Rendered | None],
        contents: "_Contents",
        tree: Tree,
        scopes: Mapping[tuple[str, str], bool],
        progress: Callable[[int, int], None] | None,
    ) -> None:
        with scratch(self.folder) as place:
            wanted = contents.entries_of(path for job in jobs for path in job.plan.files)
            marked = place.fill(self.git, wanted, copies_annotations)
            place.overlay(_overlay(jobs, marked))
            runner = Runner(place, self.tools, self.limits, tree, scopes, marked)

            def prepare() -> None:
                # A worker that is told to end takes the tool that it waits for with it.
                signal.signal(signal.SIGTERM, signal.default_int_handler)
                runner.prepare()

            fresh: dict[str, str] = {}
            try:
                for done, (index, text) in enumerate(crew(lambda job: _encoded(runner.run(job.plan, job.target)), jobs, prepare), 1):
                    job = jobs[index]
                    answer = text or _encoded(Run(failure="its worker died, for want of memory or by a signal"))
                    _hand_out(answer, job, parts, results)
                    if text and json.loads(text[: text.index(",")] + "]")[0]:
                        fresh[job.key] = text
                    if progress is not None:
                        progress(done, len(jobs))
            finally:
                self.cache.put(fresh)


class _Contents:
    """The contents of a tree's files, read when they are asked for, the small ones that say how to render all at once."""

    def __init__(self, git: GitRepository, entries: Sequence[Entry]) -> None:
        self.git = git
        self.entries = {entry.path: entry for entry in entries}
        self._known: dict[str, bytes] = {}
        self._identities: dict[str, str] = {}
        links = [entry for entry in entries if entry.mode == SYMLINK]
        self.links = {entry.path: content.decode("utf-8", "surrogateescape") for entry, content in git.read(links) if isinstance(content, bytes)}
        said = [entry for entry in entries if _says_how(entry.path.rpartition("/")[2]) and entry.mode not in (SYMLINK, SUBMODULE)]
        self._known |= {entry.path: content for entry, content in git.read(said) if isinstance(content, bytes)}

    def read(self, path: str) -> bytes:
        """A file's content; Refused where it can't be read."""
        if path not in self._known:
            for _, content in self.git.read([self.entries[path]]):
                if isinstance(content, OSError):
                    raise Refused(f"{path}: can't be read: {content.strerror or content}")
                self._known[path] = content
        return self._known[path]

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


def _says_how(name: str) -> bool:
    return name.endswith(_METADATA) or name.startswith(".argocd-source")


def _overlay(jobs: Sequence[Job], marked: frozenset[str]) -> dict[str, str]:
    """Kustomizations that are built as they stand, but for the switch that makes the build tell where objects come from."""
    plans = [job.plan for job in jobs if isinstance(job.plan, KustomizePlan) and not job.plan.content]
    return {plan.file: plan.annotating for plan in plans if plan.annotating and marked.isdisjoint(plan.files)}


def _encoded(run: Run) -> str:
    lacking = [run.undetermined.reason, run.undetermined.needs] if run.undetermined else None
    objects = [[one.api_version, one.kind, one.namespace, one.name, *one.origin, one.manifest] for one in run.objects]
    return _encoder.encode([run.lasting, run.tool, run.failure, lacking, run.assumed, objects])


def _hand_out(text: str, job: Job, parts: Sequence[Part], results: list[Rendered | None]) -> None:
    _, tool, failure, lacking, assumed, objects = json.loads(text)
    made = tuple(RenderedObject(api, kind, space, name, Origin(*origin), value) for api, kind, space, name, *origin, value in objects)
    for number in job.numbers:
        part = parts[number]
        undetermined = Lacking(*lacking) if lacking else None
        results[number] = Rendered(part.key, part.pointer, tool, made, job.plan.reads, failure, undetermined, tuple(assumed))
