"""project-not-found: an Application whose AppProject does not exist."""

from collections.abc import Iterable

from gitguard.model.finding import Finding, ObjectRef, Related, Site, Undetermined
from gitguard.model.repository import Application, Repository
from gitguard.repository.choices import Choice, choose, project_name
from gitguard.rules.application_rule import EXAMPLE_PROJECT, applied, example_application, needs_rendering
from gitguard.rules.rule import Rule

_FIELD = "/spec/project"


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Look up the AppProject of each Application; what can't be known is said once for each cause, not for each Application."""
    yield from _templates(repository)
    for application in applied(repository):
        patched = needs_rendering("project-not-found", application)
        if patched is not None:
            yield patched
            continue
        choice = choose(repository, application)
        if choice.unknown:
            yield _undetermined(application, choice)
        elif choice.candidates:
            yield from _unknown_projects(choice)
        elif not choice.built_in:
            yield _missing(application, choice)


def _templates(repository: Repository) -> Iterable[Undetermined]:
    folders: dict[str, str] = {}
    for path, kinds in repository.templates:
        if "Application" in kinds or "ApplicationSet" in kinds:
            folders.setdefault(path.rpartition("/templates/")[0] or path, path)
    for folder, path in folders.items():
        reason = f"the templates in {folder} make Applications that only a renderer can see"
        yield Undetermined("project-not-found", ObjectRef(), reason, "rendering (Helm)", Site(path))


def _undetermined(application: Application, choice: Choice) -> Undetermined:
    # A missing declaration is one cause, however many Applications it stops: without an object it is said once.
    templated = "project" in application.unknown
    reference = application.reference if templated else ObjectRef()
    site = application.site(_FIELD) if templated else Site("")
    return Undetermined("project-not-found", reference, choice.unknown, choice.needs, site)


def _unknown_projects(choice: Choice) -> Iterable[Undetermined]:
    for declared in choice.candidates:
        reason, needs = declared.unknown
        if reason:
            yield Undetermined("source-not-permitted", ObjectRef(), reason, needs, declared.site(""))


def _missing(application: Application, choice: Choice) -> Finding:
    name = project_name(application)
    related = tuple(
        Related(declared.site("/metadata/name"), "declared here, but nothing applies this file: no kustomization takes it, no Application deploys it")
        for declared in choice.dead
    )
    message = (
        f"AppProject `{name}` does not exist" if name else "an ApplicationSet's template must name its AppProject: empty does not mean `default`"
    )
    if choice.removed:
        message += ": this change takes it away"
    fix = (
        "apply the file that declares it"
        if related
        else f"did you mean `{choice.similar}`?"
        if choice.similar
        else "keep the AppProject while it is in use"
        if choice.removed
        else "declare the AppProject"
    )
    return Finding(
        "project-not-found",
        "error",
        message,
        application.reference,
        application.site(_FIELD),
        related=related,
        application=application.key,
        fix=fix,
    )


RULE = Rule(
    id="project-not-found",
    level="error",
    summary="An Application's AppProject does not exist",
    why=(
        "Argo CD stops reconciling the Application: `Application referencing project … which does not exist`. It is a finding when the "
        "repository declares AppProjects, raw, in the values of an argocd-apps chart or under `external.projects`, and none has the name."
    ),
    fails=(EXAMPLE_PROJECT, example_application(project="wbe")),
    passes=(EXAMPLE_PROJECT, example_application()),
    fix="Correct the name, declare the AppProject, or list it under `external.projects` in .gitguard.yaml when it lives elsewhere.",
    check=check,
)
