"""An ApplicationSet to its Applications, as GenerateApplications and the validation after it do (applicationset/controllers of Argo CD 3.6.1)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from gitguard.applicationsets.combining import MOST_SETS
from gitguard.applicationsets.fields import known
from gitguard.applicationsets.generators import KINDS, Expanding, transform
from gitguard.applicationsets.model import Complaint, Context, Expansion, Generated, Refused, Unknowable, Unknown
from gitguard.applicationsets.patching import patched
from gitguard.applicationsets.rendering import Language
from gitguard.applicationsets.shapes import flag, items, mapping, text, text_list
from gitguard.applicationsets.templates import application, over
from gitguard.gotemplate import Budget, Undecided

# Steps of all templates of a set together; some ten seconds.
_MOST_STEPS = 5_000_000


class _Set:
    """What was read of one ApplicationSet, and what came of it so far."""

    def __init__(self, manifest: Mapping[str, Any], context: Context) -> None:
        spec = mapping(manifest.get("spec"), "/spec")
        metadata = mapping(manifest.get("metadata"), "/metadata")
        self.context = context
        self.name = text(metadata, "name", "/metadata")
        self.namespace = text(metadata, "namespace", "/metadata") or context.namespace
        self.generators = items(spec.get("generators"), "/spec/generators")
        self.template = self._known(mapping(spec.get("template"), "/spec/template"))
        self.patch = text(spec, "templatePatch", "/spec") if spec.get("templatePatch") is not None else None
        self.language = Language(
            flag(spec, "goTemplate", "/spec"), tuple(text_list(spec.get("goTemplateOptions"), "/spec/goTemplateOptions")), Budget(_MOST_STEPS)
        )
        self.preserve = flag(mapping(spec.get("syncPolicy"), "/spec/syncPolicy"), "preserveResourcesOnDeletion", "/spec/syncPolicy")
        self.project = text(mapping(self.template.get("spec"), "/spec/template/spec"), "project", "/spec/template/spec")
        self.applications: list[Generated] = []
        self.unknown: list[Unknown] = []
        self.complaints: list[Complaint] = []

    def _known(self, template: dict[str, Any]) -> dict[str, Any]:
        return template if self.context.schema is None else known(template, self.context.schema)

    def expand(self) -> Expansion:
        for number, generator in enumerate(self.generators):
            self._generator(generator, f"/spec/generators/{number}")
        self.complaints += _validated(self.applications, self.context)
        return Expansion(tuple(self.applications), tuple(dict.fromkeys(self.unknown)), tuple(dict.fromkeys(self.complaints)))

    def _generator(self, generator: Any, pointer: str) -> None:
        try:
            if isinstance(generator, Mapping) and not any(generator.get(kind) is not None for kind in KINDS):
                self.complaints.append(Complaint(pointer, "a generator of no known kind makes nothing", stops=False))
            found = transform(generator, pointer, 0, {}, Expanding(self.context, self.language, self.project))
        except Refused as refused:
            self.complaints.append(Complaint(refused.pointer, refused.message))
            return
        except Unknowable as unknowable:
            self.unknown.append(unknowable.unknown)
            return
        except Undecided as undecided:
            self.unknown.append(Unknown(pointer, f"the parameters depend on what is not known: {undecided}", str(undecided)))
            return
        for one in found:
            template = over(self._known(one.template), self.template) if one.template else self.template
            for parameters in one.parameters:
                if len(self.applications) >= MOST_SETS:
                    self.unknown.append(Unknown(pointer, f"more than {MOST_SETS} Applications", "a smaller ApplicationSet"))
                    return
                self._application(template, parameters, f"{pointer}/{one.kind}")

    def _application(self, template: Mapping[str, Any], parameters: dict[str, Any], pointer: str) -> None:
        try:
            made = application(template, parameters, self.language, preserve=self.preserve)
            if self.patch is not None:
                filled = self.language.fill(self.patch, parameters, "/spec/templatePatch", last=True)
                made = patched(made, filled, self.context.schema)
                made |= {field: mapping(made.get(field), "/spec/templatePatch") for field in ("metadata", "spec")}
        except Refused as refused:
            self.complaints.append(Complaint(refused.pointer, refused.message))
        except Unknowable as unknowable:
            self.unknown.append(unknowable.unknown)
        else:
            metadata = {**(made.get("metadata") or {}), "namespace": self.namespace}
            manifest = {**made, "apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata}
            self.applications.append(Generated(manifest, parameters, pointer))


def expand(manifest: Mapping[str, Any], context: Context) -> Expansion:
    """The Applications of an ApplicationSet, what is not known of them, and what Argo CD refuses. Never raises for what the manifest holds."""
    try:
        return _Set(manifest, context).expand()
    except RecursionError:
        return Expansion(unknown=(Unknown("", "the manifest is nested too deeply", "a flatter manifest"),))
    except Refused as refused:
        return Expansion(complaints=(Complaint(refused.pointer, refused.message),))


def _validated(applications: list[Generated], context: Context) -> Iterator[Complaint]:
    """What keeps single Applications from being made: no name, a name twice (then both are left out), a project that does not exist."""
    names = Counter(_name(one) for one in applications)
    projects = {_project(one) for one in applications}
    if names.pop("", 0):
        yield Complaint("/spec/template/metadata/name", "an Application without a name is not made", stops=False)
    for name, count in sorted(names.items()):
        if count > 1:
            yield Complaint("/spec/template/metadata/name", f"{count} Applications have the name `{name}`: none of them is made", stops=False)
    for project in sorted(projects):
        # Not even `default` is filled in, as it is for an Application that is written by hand.
        if not project:
            yield Complaint(
                "/spec/template/spec/project", "an Application of an ApplicationSet needs a project: an empty one is not `default`", stops=False
            )
        elif context.has_project(project) is False:
            yield Complaint("/spec/template/spec/project", f"the AppProject `{project}` does not exist", stops=False)


def _name(one: Generated) -> str:
    name = one.manifest["metadata"].get("name")
    return name if isinstance(name, str) else ""


def _project(one: Generated) -> str:
    project = (one.manifest.get("spec") or {}).get("project")
    return project if isinstance(project, str) else ""
