"""application-namespace-not-permitted: an Application outside of the control plane's namespace that its AppProject does not admit."""

from collections.abc import Iterable

from gitguard.argo.namespaces import permits_application_namespace
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.argo import Verdict
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import Application, DeclaredProject, Repository
from gitguard.repository.choices import control_plane
from gitguard.rules.application_rule import EXAMPLE_PROJECT, applied, because, candidates, denied_by_all, example_application
from gitguard.rules.rule import Rule


def check(repository: Repository) -> Iterable[Finding | Undetermined]:
    """Ask the AppProject about the namespace that the Application lives in; one that names none goes where its parent puts it."""
    version = repository.configuration.argocd.version
    for application in applied(repository):
        declared = candidates(repository, application)
        if not declared or application.changed_by_kustomize or not application.namespace or TEMPLATE_MARK.search(application.namespace):
            continue
        namespace, home = application.namespace, control_plane(repository, application)

        def judge(item: DeclaredProject, namespace: str = namespace, home: str = home) -> Verdict:
            return permits_application_namespace(item.project, namespace, home, version)

        judged = denied_by_all(declared, judge)
        if judged.denials:
            yield _finding(application, judged.denials, home)
        elif judged.undetermined:
            reason = judged.reason or "the AppProjects of this name disagree about the namespace it lives in"
            needs = "an entry that is plainer" if judged.reason else "environments or roots that tell them apart"
            yield Undetermined("application-namespace-not-permitted", application.reference, reason, needs, application.site(""))


def _finding(application: Application, denials: tuple[tuple[DeclaredProject, Verdict], ...], home: str) -> Finding:
    names = ", ".join(sorted({item.project.name for item, _ in denials}))
    site = application.site("/metadata/namespace")
    if application.is_set:
        # Generated Applications live where the ApplicationSet lives, whatever the template says.
        site = type(site)(application.path, application.facts.document, application.facts.at("/metadata/namespace"))
    return Finding(
        "application-namespace-not-permitted",
        "error",
        f"AppProject `{names}` does not admit Applications from namespace `{application.namespace}` (Argo CD's own is `{home}`)",
        application.reference,
        site,
        related=because(denials, "/spec/sourceNamespaces"),
        application=application.key,
        fix=f"move it to `{home}`, or add the namespace to sourceNamespaces of AppProject `{names}`",
    )


RULE = Rule(
    id="application-namespace-not-permitted",
    level="error",
    summary="An AppProject does not admit Applications from this namespace",
    why=(
        "Argo CD refuses the Application: `application … in namespace … is not permitted to use project …`. Outside of the control "
        "plane's namespace (`argocd.namespace` in .gitguard.yaml) an AppProject admits only what its `sourceNamespaces` match."
    ),
    fails=(EXAMPLE_PROJECT, example_application(home="team-a")),
    passes=(EXAMPLE_PROJECT, example_application()),
    fix="Put the Application into Argo CD's namespace, or add its namespace to the AppProject's `sourceNamespaces`.",
    check=check,
)
