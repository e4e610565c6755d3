"""namespaced-resource-not-permitted: lists that are absent, empty, or name the kind."""

from typing import Any

import pytest
import yaml

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, deploying, manifest, place, source, told

ONLY_CONFIG_MAPS: dict[str, Any] = {"namespaceResourceWhitelist": [{"group": "", "kind": "ConfigMap"}]}


@pytest.mark.parametrize(
    ("files", "name", "at"),
    [
        ({"deploy/a.yaml": f"{manifest()}---\n{manifest('Secret', 's')}"}, "Secret s", "deploy/a.yaml:7"),
        (
            {"deploy/kustomization.yaml": "namePrefix: p-\nresources: [a.yaml]\n", "deploy/a.yaml": manifest("Secret", "s")},
            "Secret p-s",
            "deploy/a.yaml:2",
        ),
        (
            {"deploy/kustomization.yaml": "secretGenerator: [{name: s, literals: [a=b], options: {disableNameSuffixHash: true}}]\n"},
            "Secret s",
            "deploy/kustomization.yaml:1",
        ),
        (
            {"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": manifest("Secret", "{{ .Release.Name }}")},
            "Secret web",
            "deploy/templates/a.yaml:2",
        ),
    ],
)
def test_the_finding_points_at_what_made_the_object(repository, files, name, at) -> None:
    result = repository.write({**BASE, "project.yaml": project(**ONLY_CONFIG_MAPS), **files, "a.yaml": deploying()}).check()
    assert told(result.report) == [("namespaced-resource-not-permitted", name, "argocd/web")]
    (finding,) = result.report["findings"]
    assert place(finding) == at
    assert [(place(related), related["message"]) for related in finding["related"]] == [
        ("a.yaml:7", "Application argocd/web deploys it"),
        ("project.yaml:12", 'AppProject web: it permits only `""/ConfigMap`'),
    ]


@pytest.mark.parametrize(
    ("spec", "permitted", "why"),
    [
        ({}, True, ""),
        ({"namespaceResourceWhitelist": []}, False, "namespaceResourceWhitelist is empty, which permits no namespaced kind"),
        ({"namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}]}, True, ""),
        ({"namespaceResourceWhitelist": [{"group": "*", "kind": "*"}]}, True, ""),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "Deployment"}]}, False, 'permits only `""/Deployment`'),
        ({"namespaceResourceWhitelist": [{"group": "apps", "kind": "deployments"}]}, False, "a kind is written in the singular"),
        ({"namespaceResourceBlacklist": [{"group": "apps", "kind": "Deploy*"}]}, False, "`apps/Deploy*` denies it"),
        ({"namespaceResourceBlacklist": [{"group": "apps", "kind": "StatefulSet"}]}, True, ""),
        (
            {"namespaceResourceWhitelist": [{"group": "*", "kind": "*"}], "namespaceResourceBlacklist": [{"group": "apps", "kind": "Deployment"}]},
            False,
            "`apps/Deployment` denies it",
        ),
        ({"clusterResourceBlacklist": [{"group": "*", "kind": "*"}]}, True, ""),
    ],
)
def test_the_lists_of_the_project_decide(repository, spec, permitted, why) -> None:
    deployment = yaml.safe_load(manifest("Deployment", "web", api="apps/v1"))
    deployment["spec"] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}},
    }
    files = {"project.yaml": project(**spec), "deploy/a.yaml": yaml.safe_dump(deployment), "a.yaml": deploying()}
    report = repository.write({**BASE, **files}).check().report
    findings = [finding for finding in report["findings"] if finding["rule"] == "namespaced-resource-not-permitted"]
    assert len(findings) == (0 if permitted else 1)
    assert all(why in finding["related"][1]["message"] for finding in findings)


def test_cluster_scoped_objects_are_not_asked_about(repository) -> None:
    spec = {"namespaceResourceWhitelist": [], "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}]}
    repository.write({**BASE, "project.yaml": project(**spec), "deploy/a.yaml": manifest("Namespace", "web-prod"), "a.yaml": deploying()})
    assert repository.check().rules() == []


def test_the_objects_of_every_source_are_judged(repository) -> None:
    files = {"one/a.yaml": manifest(), "two/b.yaml": manifest("Secret", "s"), "a.yaml": deploying(sources=[source("one"), source("two")])}
    result = repository.write({**BASE, "project.yaml": project(**ONLY_CONFIG_MAPS), **files}).check()
    assert told(result.report) == [("namespaced-resource-not-permitted", "Secret s", "argocd/web")]


def test_the_entry_of_a_global_project_is_pointed_at(repository) -> None:
    settings = "globalProjects: |\n    - projectName: global\n      labelSelector: {matchLabels: {strict: 'yes'}}\n"
    own = yaml.safe_load(project())
    own["metadata"]["labels"] = {"strict": "yes"}
    files = {
        "cm.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: argocd-cm, namespace: argocd}}\ndata:\n  {settings}",
        "project.yaml": yaml.safe_dump(own),
        "global.yaml": project("global", sourceRepos=[], destinations=[]),
        "deploy/a.yaml": manifest("Secret", "s"),
        "a.yaml": deploying(),
    }
    repository.commit({**BASE, **files})
    assert repository.check().rules() == []
    denying = project("global", sourceRepos=[], destinations=[], namespaceResourceBlacklist=[{"group": "", "kind": "Secret"}])
    repository.write({"global.yaml": denying})
    # The hook, too, though neither the Application nor its own AppProject changes.
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert (finding["rule"], finding["path"], finding["related"][1]["path"]) == ("namespaced-resource-not-permitted", "deploy/a.yaml", "global.yaml")


def test_hook_a_project_that_is_narrowed_reports_the_objects_that_it_no_longer_permits(repository) -> None:
    files = {"deploy/a.yaml": manifest(), "deploy/b.yaml": manifest("Secret", "s"), "deploy/c.yaml": manifest("ResourceQuota", "q")}
    before = project(namespaceResourceBlacklist=[{"group": "", "kind": "ResourceQuota"}])
    others = {"other.yaml": project("other"), "b.yaml": deploying(name="b", project="other", into="web-b")}
    repository.commit({**BASE, **files, **others, "project.yaml": before, "a.yaml": deploying()})
    assert told(repository.check().report) == [("namespaced-resource-not-permitted", "ResourceQuota q", "argocd/web")]
    repository.write({"project.yaml": project(namespaceResourceBlacklist=[{"group": "", "kind": "ResourceQuota"}, {"group": "", "kind": "Secret"}])})
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, told(result.report)) == (1, [("namespaced-resource-not-permitted", "Secret s", "argocd/web")])
    assert result.report["findings"][0]["path"] == "deploy/b.yaml"


def test_hook_taking_one_of_two_projects_of_a_name_away_leaves_the_one_that_denies(repository) -> None:
    files = {"strict.yaml": project(namespaceResourceWhitelist=[]), "deploy/a.yaml": manifest(), "a.yaml": deploying()}
    repository.commit({**BASE, **files})
    repository.git("rm", "-q", "project.yaml")
    assert told(repository.gitguard("hook", "--format", "json").report) == [("namespaced-resource-not-permitted", "ConfigMap web", "argocd/web")]


def test_hook_values_of_a_chart_are_a_change_of_its_objects_by_schemas_too(repository) -> None:
    service = manifest("Service", "web") + "spec:\n  ports:\n    - port: {{ .Values.port }}\n"
    files = {"deploy/Chart.yaml": CHART, "deploy/values.yaml": "port: 80\n", "deploy/templates/a.yaml": service, "a.yaml": deploying()}
    repository.commit({**BASE, **files})
    repository.write({"deploy/values.yaml": "port: http\n"})
    result = repository.gitguard("hook", "--format", "json")
    assert told(result.report) == [("manifest-invalid", "Service web", "argocd/web")]
