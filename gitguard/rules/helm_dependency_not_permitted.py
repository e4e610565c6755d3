"""helm-dependency-not-permitted: a chart whose dependencies come from a repository that the AppProject does not permit."""

from collections.abc import Iterable

from gitguard.argo.sources import permits_source
from gitguard.model.argo import Verdict
from gitguard.model.finding import Finding, Site
from gitguard.model.repository import DeclaredProject, Repository
from gitguard.rules.application_rule import because, candidates, denied_by_all
from gitguard.rules.object_rule import deployed_by
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project
from gitguard.rules.rule import Rule

_ID = "helm-dependency-not-permitted"
_CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n  - name: redis\n    version: 1.0.0\n    repository: {}\n"


def check(repository: Repository) -> Iterable[Finding]:
    """Ask the AppProject about the repositories of dependencies that are not vendored."""
    version = repository.configuration.argocd.version
    for deployed in repository.deployed:
        application = deployed.application
        for dependency in deployed.dependencies:

            def judge(declared: DeclaredProject, url: str = dependency.url) -> Verdict:
                return permits_source(declared.project, url, version)

            denials = denied_by_all(candidates(repository, application), judge).denials
            if denials:
                names = ", ".join(sorted({declared.project.name for declared, _ in denials}))
                message = f"the chart depends on {dependency.name} from {dependency.url}, which AppProject `{names}` does not permit"
                site = Site(dependency.path, 0, dependency.pointer)
                related = (deployed_by(application), *because(denials, "/spec/sourceRepos"))
                fix = "add the repository to sourceRepos of the AppProject, or commit the dependency below charts/"
                yield Finding(_ID, "warning", message, application.reference, site, related=related, application=application.key, fix=fix)


RULE = Rule(
    id=_ID,
    level="warning",
    summary="A chart's dependency comes from a repository that the AppProject does not permit",
    why=(
        "Argo CD hands the credentials of permitted repositories only to `helm dependency build`: a dependency elsewhere fails as soon as it needs "
        "any, with `helm repos … are not permitted in project …`. One that is public is fetched all the same, whatever the AppProject says."
    ),
    fails=(CONFIGURATION, example_project(), example_application(), ("deploy/Chart.yaml", _CHART.format("https://charts.example.com"))),
    passes=(CONFIGURATION, example_project(), example_application(), ("deploy/Chart.yaml", _CHART.format("https://github.com/example/charts"))),
    fix="Permit the repository in the AppProject, or vendor the dependency.",
    check=check,
)
