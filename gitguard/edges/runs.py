"""One plan, carried out: the tool started on the scratch files, and what it wrote turned into objects."""

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from posixpath import join
from typing import NamedTuple

from gitguard.edges import confined
from gitguard.edges.helm_sdk import HelmSdk
from gitguard.edges.helm_shim import write_shim
from gitguard.edges.scratch import Scratch
from gitguard.edges.tools import Tool, Tools
from gitguard.model.rendering import Lacking, Origin, RenderedObject
from gitguard.render import directory, helm, masking, objects, origins, template_lines
from gitguard.render.mounts import described, root_of
from gitguard.render.outcomes import Refused
from gitguard.render.plans import DirectoryPlan, HelmPlan, KustomizePlan, Plan
from gitguard.render.tree import Tree

_NOISE = re.compile(r"^(?:Error: |error: |Error: error: )")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_WARNING = re.compile(r"^(?:# Warning|level=|W\d{4}|I\d{4}|walk\.go|Use --debug)")
_INNER = "recursed accumulation of path "
_LONGEST = 500
_INFLATION = "the kustomization inflates Helm charts: `--enable-helm` is assumed to be among the `kustomize.buildOptions` of argocd-cm"
_EXCEEDED = {
    "time": "did not end within {seconds:g} seconds",
    "memory": "took more memory than {memory} MiB",
    "output": "wrote more than {output} MiB",
}


class Run(NamedTuple):
    """What came of one plan. `lasting` is False where another run, or another machine, could give something else."""

    tool: str = ""
    objects: tuple[RenderedObject, ...] = ()
    failure: str = ""
    undetermined: Lacking | None = None
    assumed: tuple[str, ...] = ()
    lasting: bool = False


class Runner:
    """Carries out plans in one scratch folder; each worker process has its own."""

    def __init__(
        self,
        place: Scratch,
        tools: Tools,
        limits: confined.Limits,
        tree: Tree,
        marked: frozenset[str],
        *,
        plain: bool = False,
    ) -> None:
        self.place = place
        self.tools = tools
        self.limits = limits
        self.tree = tree
        self.plain = plain
        # Files with which a build is not asked for origins.
        self.marked = marked
        self.environment = confined.environment(place.home)
        self._sdk: HelmSdk | None = None
        # What files of several builds hold, and whether a patch of theirs may rename what it patches.
        self._identities: dict[str, frozenset[origins.Identity] | None] = {}
        self._renaming: dict[str, bool] = {}

    def prepare(self) -> None:
        """Once in each worker: nothing that it starts may reach a network, or take more than its share."""
        confined.isolate()
        confined.confine(self.limits)

    def run(self, plan: Plan) -> Run:
        """Never raises for what is wrong with the plan's input."""
        try:
            if isinstance(plan, DirectoryPlan):
                made = self._directory(plan)
            else:
                made = self._kustomize(plan) if isinstance(plan, KustomizePlan) else self._helm(plan)
            copies = dict(plan.copies) if isinstance(plan, KustomizePlan) else {}
            return made._replace(objects=tuple(item._replace(origin=self._outside(item.origin, copies)) for item in made.objects))
        except Refused as error:
            return Run(failure=self._said(str(error)), lasting=True)
        except (OSError, RecursionError, MemoryError) as error:
            return Run(failure=f"rendering failed here: {type(error).__name__}: {error}"[:_LONGEST])

    def _outside(self, origin: Origin, copies: Mapping[str, str]) -> Origin:
        """The origin as people know it, where the file lies outside of the repository."""
        path = copies.get(origin.path, origin.path)
        root = root_of(path)
        if not root:
            return origin
        remote = self.tree.mounts[root]
        return Origin(remote=described(remote) + ("" if remote.kind == "file" else f": {path[len(root) + 1 :]}"))

    def _directory(self, plan: DirectoryPlan) -> Run:
        found, size = [], 0
        for path in plan.files:
            content = (self.place.shared / path).read_bytes()
            size += directory.counted(content)
            if size > directory.MOST_BYTES:
                return Run("directory", undetermined=Lacking(f"{plan.folder} holds more than 10 MB of manifests", directory.LIMIT), lasting=True)
            found += [(Origin(path, number), value) for number, value in directory.manifests(path, content)]
        return Run("directory", objects.rendered(found, plain=self.plain), lasting=True)

    def _kustomize(self, plan: KustomizePlan) -> Run:
        tool = self.tools.kustomize
        assert tool is not None  # noqa: S101
        made_of = origins.materials(plan, self.tree) if plan.annotating else None
        if made_of is not None and self._may_rename(made_of):
            made_of = None
        can_annotate = bool(plan.annotating) and self.marked.isdisjoint(plan.files)
        annotated = can_annotate and made_of is None
        done = self._built(tool, plan, annotated)
        if plan.unrestricted is None and b"security; file" in done.errors:
            reason = f"a kustomization reads files outside of its folder: {self._said(done.errors.decode('utf-8', 'replace'))}"
            return Run(tool.name, undetermined=Lacking(reason, "argocd-cm, whose `kustomize.buildOptions` may allow it"), lasting=True)
        if done.exceeded or done.code:
            return self._failed(tool.name, done)
        found = list(objects.of_kustomize(done.output, plan.folder, annotated))
        if made_of is not None:
            traced = origins.origins([manifest for _, manifest in found], made_of, self._identities_of)
            if traced is None and can_annotate:
                again = self._built(tool, plan, annotated=True)
                traced = None if again.exceeded or again.code else list(objects.of_kustomize(again.output, plan.folder, annotated=True))
            found = traced or found
        assumed = (_INFLATION,) if plan.inflation and not plan.inflation.known else ()
        return Run("kustomize", objects.rendered(found, plain=self.plain), assumed=assumed, lasting=True)

    def _built(self, tool: Tool, plan: KustomizePlan, annotated: bool) -> confined.Finished:
        """One build; `annotated`, it is asked where its objects come from."""
        content = plan.annotating if annotated else plan.content
        changed = {**dict(plan.rewritten), **({plan.file: content} if content else {})}
        own = self.place.private(plan.files, changed, dict(plan.copies)) if annotated or plan.is_own else nullcontext(self.place.shared)
        with own as root, self._helm_for(plan) as (environment, inflating):
            flags = ("--load-restrictor=LoadRestrictionsNone",) if plan.unrestricted else ()
            return confined.run((*tool.command, *flags, *inflating, str(root / plan.folder)), root, environment, self.limits)

    def _may_rename(self, made_of: origins.Materials) -> bool:
        for path in made_of.patches - self._renaming.keys():
            file = self.place.shared / path
            self._renaming[path] = not file.is_file() or origins.may_rename(file.read_bytes())
        return any(self._renaming[path] for path in made_of.patches) or any(origins.may_rename(one.encode()) for one in made_of.inline)

    def _identities_of(self, path: str) -> frozenset[origins.Identity] | None:
        if path not in self._identities:
            self._identities[path] = origins.identities((self.place.shared / path).read_bytes())
        return self._identities[path]

    @contextmanager
    def _helm_for(self, plan: KustomizePlan) -> Iterator[tuple[Mapping[str, str], tuple[str, ...]]]:
        """The environment and the flags of a build; one that inflates charts gets helm, and a folder for its scratch files."""
        if plan.inflation is None:
            yield self.environment, ()
            return
        assert self.tools.helm is not None  # noqa: S101
        with tempfile.TemporaryDirectory(prefix="inflating-", dir=self.place.folder) as name:
            helm_command = self.tools.helm.command[0] if self.tools.helm.name == "helm" else str(write_shim(Path(name)))
            versions = [word for version in plan.inflation.api_versions for word in ("--helm-api-versions", version)]
            kube = ["--helm-kube-version", plan.inflation.kube_version] if plan.inflation.kube_version else []
            yield {**self.environment, "TMPDIR": name}, ("--enable-helm", f"--helm-command={helm_command}", *kube, *versions)

    def _helm(self, plan: HelmPlan) -> Run:
        tool = self.tools.helm
        assert tool is not None  # noqa: S101
        dependencies = helm.local_dependencies(plan.folder, self.tree)
        without_schemas = plan.skip_schema_validation and tool.name != "helm"
        files = [path for path in plan.files if not (without_schemas and path.endswith("/values.schema.json"))]
        copies = {join(plan.folder, "charts", name): folder for name, folder in dependencies.items()}
        extra = self.place.folder / f"values-{os.getpid()}.yaml"
        own = self.place.private(files, {}, copies) if copies or without_schemas else nullcontext(self.place.shared)
        try:
            if plan.extra:
                extra.write_text(plan.extra, encoding="utf-8", errors="surrogateescape")
            with own as root:
                done = self._templated(plan, root, extra if plan.extra else None)
        finally:
            extra.unlink(missing_ok=True)
        if done.exceeded or done.code:
            return self._failed("helm", done)
        found = objects.of_helm(done.output, plan.folder, dependencies, plan.skip_tests)
        asked = helm.assumptions((self.place.shared / path).read_bytes() for path in plan.files if "/templates/" in f"/{path}")
        made = objects.rendered(found, plain=self.plain)
        texts = {
            path: (self.place.shared / path).read_text("utf-8", "replace") for path in {one.origin.path for one in made}.intersection(plan.files)
        }
        return Run("helm", template_lines.placed(made, texts), assumed=asked, lasting=True)

    def _templated(self, plan: HelmPlan, root: Path, extra: Path | None) -> confined.Finished:
        tool = self.tools.helm
        assert tool is not None  # noqa: S101
        values = [str(root / path) for path in plan.values] + ([str(extra)] if extra else [])
        sets = [("--set", *pair) for pair in plan.sets] + [("--set-string", *pair) for pair in plan.strings]
        sets += [("--set-file", name, str(root / path)) for name, path in plan.set_files]
        if tool.name != "helm":
            if self._sdk is None:
                self._sdk = HelmSdk(tool.command, self.place.home, self.environment, self.limits)
            return self._sdk.template(_request(plan, str(root / plan.folder), values, sets))
        command = [*tool.command, "template", ".", "--name-template", plan.release, "--include-crds"]
        command += ["--namespace", plan.namespace] if plan.namespace else []
        command += ["--kube-version", plan.kube_version] if plan.kube_version else []
        command += [word for flag, name, value in sets for word in (flag, f"{name}={value}")]
        command += [word for path in values for word in ("--values", path)]
        command += [word for version in plan.api_versions for word in ("--api-versions", version)]
        command += ["--skip-schema-validation"] if plan.skip_schema_validation else []
        if plan.skip_crds:
            command.remove("--include-crds")
        return confined.run(command, root / plan.folder, self.environment, self.limits)

    def _failed(self, name: str, done: confined.Finished) -> Run:
        if done.exceeded:
            said = {"seconds": self.limits.seconds, "memory": self.limits.memory >> 20, "output": self.limits.output >> 20}
            return Run(name, failure=f"{name} {_EXCEEDED[done.exceeded].format(**said)} and was stopped")
        said_text = done.errors.decode("utf-8", "replace")
        if "an index into a list takes helm itself" in said_text:
            return Run(name, undetermined=Lacking(self._said(said_text), "helm on PATH"), lasting=True)
        return Run(name, failure=self._said(said_text) or f"{name} failed without a word", lasting=True)

    def _said(self, text: str) -> str:
        """A tool's message: without warnings, without our folders and without what could be a secret, and short."""
        text = text.replace(f"{self.place.folder}/", "")
        text = re.sub(r"\b(?:tree|own-\w+)/", "", text)
        for root, remote in self.tree.mounts.items():
            text = text.replace(root, described(remote)) if root in text else text
        lines = [line.strip() for line in text.splitlines() if line.strip() and not _WARNING.match(line.strip())]
        # Kustomize tells the whole way; what went wrong comes last.
        before, inner, cause = _NOISE.sub("", " ".join(lines)).rpartition(_INNER)
        message = masking.quiet(_CONTROL.sub("", f"in {cause}" if inner else before + cause))
        return message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"


def _request(plan: HelmPlan, chart: str, values: list[str], sets: list[tuple[str, str, str]]) -> str:
    return json.dumps(
        {
            "chart": chart,
            "name": plan.release,
            "namespace": plan.namespace,
            "kube_version": plan.kube_version,
            "api_versions": list(plan.api_versions),
            "values": values,
            "sets": sets,
            "skip_crds": plan.skip_crds,
        }
    )
