"""namespace-creation-not-permitted: a warning where the namespace may be there, an error where Argo CD keeps it."""

from typing import Any

import pytest

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, deploying, manifest, place, set_of, told

CREATE: dict[str, Any] = {"syncOptions": ["CreateNamespace=true"]}
MANAGED: dict[str, Any] = {**CREATE, "managedNamespaceMetadata": {"labels": {"team": "web"}}}
OBJECT = {"deploy/a.yaml": manifest()}


@pytest.mark.parametrize(
    ("policy", "level", "when"), [(CREATE, "warning", "unless it exists already"), (MANAGED, "error", "on every sync"), ({}, "", "")]
)
def test_the_level_tells_whether_a_namespace_that_exists_helps(repository, policy, level, when) -> None:
    findings = repository.write({**BASE, **OBJECT, "a.yaml": deploying(syncPolicy=policy)}).check().report["findings"]
    assert [finding["level"] for finding in findings] == ([level] if level else [])
    for finding in findings:
        assert when in finding["message"]
        assert (place(finding), finding["pointer"], finding["application"]) == ("a.yaml:16", "/spec/syncPolicy/syncOptions", "argocd/web")
        assert [(place(related), related["message"]) for related in finding["related"]] == [
            ("project.yaml:6", "AppProject web: it permits no cluster-scoped kind: clusterResourceWhitelist is absent or empty")
        ]


@pytest.mark.parametrize(
    ("whitelist", "permitted"),
    [
        ([{"group": "", "kind": "Namespace"}], True),
        ([{"group": "*", "kind": "*"}], True),
        ([{"group": "", "kind": "Namespace", "name": "web-*"}], True),
        ([{"group": "", "kind": "Namespace", "name": "team-*"}], False),
        ([{"group": "rbac.authorization.k8s.io", "kind": "*"}], False),
    ],
)
def test_the_name_of_the_namespace_is_asked_for(repository, whitelist, permitted) -> None:
    repository.write({**BASE, **OBJECT, "project.yaml": project(clusterResourceWhitelist=whitelist), "a.yaml": deploying(syncPolicy=CREATE)})
    assert repository.check().rules() == ([] if permitted else ["namespace-creation-not-permitted"])


@pytest.mark.parametrize(
    "declared",
    [
        {"namespaces/prod.yaml": manifest("Namespace", "web-prod")},
        {"other.yaml": deploying("other", name="other", project="default"), "other/a.yaml": manifest("Namespace", "web-prod")},
        {
            "other.yaml": deploying("other", name="other", project="default"),
            "other/Chart.yaml": CHART,
            "other/templates/a.yaml": "{{- range list `dev` `prod` }}\n---\n" + manifest("Namespace", "web-{{ . }}") + "{{- end }}\n",
        },
    ],
)
def test_a_namespace_that_the_repository_makes_elsewhere_is_there_already(repository, declared) -> None:
    repository.write({**BASE, **OBJECT, **declared, "a.yaml": deploying(syncPolicy=CREATE)})
    assert repository.check().rules() == []
    # With metadata to keep up, it is part of every sync all the same.
    result = repository.write({"a.yaml": deploying(syncPolicy=MANAGED)}).check()
    assert [(finding["rule"], finding["level"]) for finding in result.report["findings"]] == [("namespace-creation-not-permitted", "error")]


def test_another_namespace_that_is_declared_does_not_help(repository) -> None:
    repository.write({**BASE, **OBJECT, "ns.yaml": manifest("Namespace", "web-dev"), "a.yaml": deploying(syncPolicy=CREATE)})
    assert repository.check().rules() == ["namespace-creation-not-permitted"]


@pytest.mark.parametrize("options", [["CreateNamespace=false"], ["ServerSideApply=true"], []])
def test_without_the_option_nothing_is_created(repository, options) -> None:
    repository.write({**BASE, **OBJECT, "a.yaml": deploying(syncPolicy={**MANAGED, "syncOptions": options})})
    assert repository.check().rules() == []


def test_a_chart_from_elsewhere_needs_its_namespace_too(repository) -> None:
    chart = {"repoURL": "https://github.com/example/charts", "chart": "redis", "targetRevision": "1.2.3"}
    assert repository.write({**BASE, "a.yaml": deploying(source=chart, syncPolicy=CREATE)}).check().rules() == ["namespace-creation-not-permitted"]


def test_the_default_project_permits_it_until_it_is_declared(repository) -> None:
    repository.write({**BASE, **OBJECT, "a.yaml": deploying(project="default", syncPolicy=MANAGED)})
    assert repository.check().rules() == []
    assert repository.write({"default.yaml": project("default")}).check().rules() == ["namespace-creation-not-permitted"]


def test_generated_applications_are_asked_one_by_one(repository) -> None:
    made = set_of([{"list": {"elements": [{"name": "a"}, {"name": "b"}]}}], into="web-{{name}}")
    made = made.replace("      destination:", "      syncPolicy: {syncOptions: [CreateNamespace=true]}\n      destination:")
    named = project(clusterResourceWhitelist=[{"group": "", "kind": "Namespace", "name": "web-a"}])
    result = repository.write({**BASE, **OBJECT, "project.yaml": named, "set.yaml": made}).check()
    assert told(result.report) == [("namespace-creation-not-permitted", "ApplicationSet webs", "argocd/b")]


def test_hook_metadata_that_the_application_begins_to_keep_is_reported(repository) -> None:
    repository.commit({**BASE, **OBJECT, "ns.yaml": manifest("Namespace", "web-prod"), "a.yaml": deploying(syncPolicy=CREATE)})
    repository.write({"a.yaml": deploying(syncPolicy=MANAGED)})
    result = repository.gitguard("hook", "--format", "json")
    assert (result.code, result.rules()) == (1, ["namespace-creation-not-permitted"])
