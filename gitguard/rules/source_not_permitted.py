"""source-not-permitted: an Application whose AppProject does not permit its repository."""

from collections.abc import Iterable

from gitguard.argo.sources import could_permit_source, permits_source
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.argo import Source, Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.rules.application_rule import EXAMPLE_PROJECT, applied, because, candidates, denied_by_all, example_application
from gitguard.rules.rule import Rule


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about every source, as Argo CD does."""
    for application in applied(repository):
        declared = candidates(repository, application)
        if declared and not application.changed_by_kustomize:
            for source in application.spec.sources:
                if source.repo_url:
                    yield from _judged(repository, application, source, declared)


def _judged(
    repository: Repository, application: Application, source: Source, declared: tuple[DeclaredProject, ...]
) -> Iterable[Finding | Undetermined]:
    version = repository.configuration.argocd.version
    replaced = "source" in application.unknown and not any(TEMPLATE_MARK.search(other.repo_url) for other in application.spec.sources)
    unknown = replaced or TEMPLATE_MARK.search(source.repo_url) is not None
    site = application.site(f"{source.pointer}/repoURL")

    def judge(project: DeclaredProject) -> Verdict | None:
        if not unknown:
            return permits_source(project.project, source.repo_url, version)
        verdict = could_permit_source(project.project)
        return None if verdict is None else Verdict(verdict, "it permits no repository at all" if not verdict else "it permits every repository", "")

    judged = denied_by_all(declared, judge)
    if judged.denials:
        names = ", ".join(sorted({project.project.name for project, _ in judged.denials}))
        message = f"AppProject `{names}` does not permit the repository {_without_credentials(source.repo_url)}"
        fix = f"add the repository to sourceRepos of AppProject `{names}`, or use one that it permits"
        related = because(judged.denials, "/spec/sourceRepos")
        yield Finding("source-not-permitted", "error", message, application.reference, site, related=related, application=application.key, fix=fix)
    elif judged.undetermined:
        if judged.reason:
            reason, needs = judged.reason, "an entry that is plainer"
        elif unknown:
            reason, needs = "its repoURL is templated", "the values that the template is filled with"
        else:
            reason, needs = "the AppProjects of this name disagree about its repository", "environments or roots that tell them apart"
        yield Undetermined("source-not-permitted", application.reference, reason, needs, site)


def _without_credentials(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}…@{authority.rpartition('@')[2]}{slash}{path}" if separator and ":" in authority.rpartition("@")[0] else url


RULE = Rule(
    id="source-not-permitted",
    level="error",
    summary="An Application's AppProject does not permit its repository",
    why=(
        "Argo CD stops reconciling the Application: `application repo … is not permitted in project …`. URLs are compared as Argo CD "
        "compares them: lower-cased, without `.git`; `*` stops at `/`, a trailing slash counts, and a deny entry that does not match permits."
    ),
    fails=(EXAMPLE_PROJECT, example_application(repository="https://github.com/elsewhere/web")),
    passes=(EXAMPLE_PROJECT, example_application(repository="https://github.com/Example/web.git")),
    fix="Add the repository to the AppProject's `sourceRepos`, or use one that is permitted.",
    check=check,
)
