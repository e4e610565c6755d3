"""`gitguard ci`: what depends on a change is judged again, wherever it lies, and nothing else is rendered again."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.rules.applications import application, project
from tests.rules.deploying import BASE, CONFIGURATION, IN_CLUSTER, deploying, manifest, overlays, set_of

Builds = Callable[[], list[str]]
SERVER = "https://prod.example:6443"


def change(repository: Repository, before: Mapping[str, str], after: Mapping[str, str]) -> Any:
    """Judge the base, so that the cache has it and nothing else; then the change."""
    repository.commit(before)
    repository.gitguard("check", "--commit", "main")
    repository.git("checkout", "-q", "-b", "change")
    repository.commit(after)
    return repository.gitguard("ci", "--base", "main", "--format", "json").report


def news(report: Any) -> list[tuple[str, str]]:
    """(rule, file) of what the change brings."""
    return sorted((finding["rule"], finding["path"]) for finding in report["findings"] if finding["status"] == "new")


def extent(report: Any) -> str:
    (said,) = report["remarks"]
    return str(said)


def test_of_a_changed_base_only_its_dependents_are_built(repository: Repository, builds: Builds) -> None:
    repository.commit(overlays())
    repository.gitguard("check", "--commit", "main")
    assert builds() == ["a", "b", "c"]
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"deploy/base/shared.yaml": manifest("Namespace", "shared")})
    report = repository.gitguard("ci", "--base", "main", "--format", "json").report
    assert builds() == ["a", "b"]
    assert ("cluster-resource-not-permitted", "deploy/base/shared.yaml") in news(report)
    assert {finding["application"] for finding in report["findings"] if finding["status"] == "new"} == {"argocd/a", "argocd/b"}
    assert extent(report) == "both sides of the change are judged whole: 5 renderings, 2 anew, 3 from the cache"
    repository.gitguard("ci", "--base", "main")
    assert builds() == []


def test_a_change_that_nothing_renders_says_so(repository: Repository) -> None:
    report = change(repository, {"a.yaml": manifest()}, {"a.yaml": manifest(name="other")})
    assert extent(report) == "both sides of the change are judged whole: nothing had to be rendered"
    assert "judged whole" in repository.gitguard("ci", "--base", "main").out
    assert "judged whole" in repository.gitguard("ci", "--base", "main", "--format", "markdown").out


def patching(kind: str, field: str, value: str) -> str:
    patch = f'[{{"op": "add", "path": "{field}", "value": "{value}"}}]'
    return yaml.safe_dump({"patches": [{"patch": patch, "target": {"kind": kind}}]})


def nested() -> dict[str, str]:
    """A root sets what its Application deploys: an overlay that changes an ApplicationSet, whose Application deploys a kustomization."""
    return {
        **BASE,
        "root/kustomization.yaml": "resources: [apps.yaml]\n" + patching("Application", "/spec/source/path", "overlay"),
        "root/apps.yaml": deploying("elsewhere", name="apps", into="web-apps"),
        "overlay/kustomization.yaml": "resources: [../sets]\n" + patching("ApplicationSet", "/spec/template/metadata/namespace", "argocd"),
        "sets/kustomization.yaml": "resources: [set.yaml]\n",
        "sets/set.yaml": set_of([{"list": {"elements": [{"name": "web"}]}}], path="web"),
        "web/kustomization.yaml": "resources: [cm.yaml]\n",
        "web/cm.yaml": manifest(),
    }


def test_a_kustomization_that_is_applied_by_hand_and_deployed_is_built_once(repository: Repository, builds: Builds) -> None:
    files = nested()
    repository.commit(files)
    repository.gitguard("check", "--commit", "main")
    assert builds() == ["overlay", "root", "web"]
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"sets/set.yaml": files["sets/set.yaml"].replace("web-prod", "payments")})
    report = repository.gitguard("ci", "--base", "main", "--format", "json").report
    assert builds() == ["overlay"]
    assert ("destination-not-permitted", "sets/set.yaml") in news(report)


def test_of_a_changed_app_project_every_application_is_judged_again_and_nothing_is_built(repository: Repository, builds: Builds) -> None:
    repository.commit(overlays())
    repository.gitguard("check", "--commit", "main")
    builds()
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"web.yaml": project(namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}])})
    report = repository.gitguard("ci", "--base", "main", "--format", "json").report
    rule = "namespaced-resource-not-permitted"
    assert {one for one in news(report) if one[0] == rule} == {(rule, f"deploy/{path}.yaml") for path in ("a/own", "b/own", "base/shared")}
    assert builds() == []


def settings(**data: str) -> str:
    metadata = {"name": "argocd-cm", "namespace": "argocd"}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def secret(name: str) -> str:
    metadata = {"name": "cluster", "labels": {"argocd.argoproj.io/secret-type": "cluster"}}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"name": name, "server": SERVER}})


STRICT = {"namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]}
GLOBAL = {
    **BASE,
    "global.yaml": project("global", sourceRepos=[], destinations=[]),
    "deploy/a.yaml": manifest("Secret", "s"),
    "a.yaml": deploying(),
    "project.yaml": project().replace("metadata:\n", "metadata:\n  labels: {strict: 'yes'}\n"),
    "cm.yaml": settings(globalProjects="- projectName: global\n  labelSelector: {matchLabels: {strict: 'yes'}}\n"),
}
NARROW = project("global", sourceRepos=[], destinations=[], **STRICT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (GLOBAL, {"global.yaml": NARROW}),
        ({**GLOBAL, "global.yaml": NARROW, "cm.yaml": settings()}, {"cm.yaml": GLOBAL["cm.yaml"]}),
    ],
    ids=["the global project itself", "what is global"],
)
def test_of_a_changed_global_project_those_that_inherit_from_it_are_judged_again(
    repository: Repository, before: Mapping[str, str], after: Mapping[str, str]
) -> None:
    assert ("namespaced-resource-not-permitted", "deploy/a.yaml") in news(change(repository, before, after))


def test_of_a_changed_cluster_secret_the_applications_that_go_there_are_judged_again(repository: Repository) -> None:
    files = {
        **BASE,
        "project.yaml": project(destinations=[{"name": "prod", "namespace": "*"}]),
        "a.yaml": application(destination={"server": SERVER, "namespace": "web"}),
        "secret.yaml": secret("prod"),
    }
    assert news(change(repository, files, {"secret.yaml": secret("staging")})) == [("destination-not-permitted", "a.yaml")]


def test_of_a_changed_definition_its_objects_are_judged_again(repository: Repository) -> None:
    files = {**BASE, "project.yaml": project(destinations=[{"server": IN_CLUSTER, "namespace": "web-*"}])}
    shape = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "toys.example.com"},
        "spec": {
            "group": "example.com",
            "names": {"kind": "Toy", "plural": "toys"},
            "scope": "Namespaced",
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": shape}}],
        },
    }
    toy = manifest("Toy", "toy", api="example.com/v1") + "spec: {size: 1}\n"
    before = {**files, "crd.yaml": yaml.safe_dump(definition), "deploy/toy.yaml": toy, "a.yaml": deploying()}
    definition["spec"]["scope"] = "Cluster"
    report = change(repository, before, {"crd.yaml": yaml.safe_dump(definition)})
    assert ("cluster-resource-not-permitted", "deploy/toy.yaml") in news(report)
    assert extent(report).endswith("1 rendering, 0 anew, 1 from the cache")


def test_a_changed_configuration_judges_everything_anew(repository: Repository) -> None:
    old = manifest("CronJob", "job", api="batch/v1beta1") + "spec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {}}}}}\n"
    repository.commit({".gitguard.yaml": f"{CONFIGURATION}kubernetes: '1.25'\n", "job.yaml": old, "a.yaml": manifest()})
    assert "api-removed" in repository.gitguard("check", "--format", "json").rules()
    repository.commit({".gitguard.yaml": f"{CONFIGURATION}ignore: [{{rule: api-removed, path: job.yaml, reason: moving}}]\n"})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({".gitguard.yaml": f"{CONFIGURATION}kubernetes: '1.37'\n", "a.yaml": manifest(name="other")})
    # The base's counts: what it ignores, of a file that nobody touches, is ignored; with the change's own, it is judged by that.
    rules = repository.gitguard("ci", "--base", "main", "--format", "json").rules()
    assert "api-removed" not in rules
    assert "gate-weakened" in rules
    assert "api-removed" in repository.gitguard("ci", "--base", "main", "--format", "json", "--trust-head").rules()
