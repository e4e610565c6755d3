"""helm-dependency-not-permitted: dependencies that have to be fetched, and those that are in the repository."""

import pytest
import yaml

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, deploying, manifest, place, source

TEMPLATE = {"deploy/templates/a.yaml": manifest()}
VENDORED = {"deploy/charts/redis/Chart.yaml": "apiVersion: v2\nname: redis\nversion: 1.2.3\n"}


def chart(*repositories: str, name: str = "redis") -> dict[str, str]:
    listed = [{"name": f"{name}{number or ''}", "version": "1.2.3", "repository": url} for number, url in enumerate(repositories)]
    return {"deploy/Chart.yaml": CHART + yaml.safe_dump({"dependencies": listed}, sort_keys=False), **TEMPLATE}


def test_the_repository_in_the_chart_is_pointed_at(repository) -> None:
    files = chart("https://github.com/example/charts", "https://charts.example.com")
    result = repository.write({**BASE, **files, "a.yaml": deploying()}).check("--fail-on", "warning")
    assert result.code == 1
    (finding,) = result.report["findings"]
    assert (finding["rule"], finding["level"], finding["application"]) == ("helm-dependency-not-permitted", "warning", "argocd/web")
    assert (place(finding), finding["pointer"]) == ("deploy/Chart.yaml:10", "/dependencies/1/repository")
    assert finding["message"] == "the chart depends on redis1 from https://charts.example.com, which AppProject `web` does not permit"
    assert [place(related) for related in finding["related"]] == ["a.yaml:7", "project.yaml:7"]


@pytest.mark.parametrize(
    ("url", "permitted"),
    [
        ("https://github.com/example/charts", True),
        ("https://github.com/Example/Charts.git", True),
        ("https://charts.example.com", False),
        ("oci://registry.example.com/charts", False),
        ("file://../redis", True),
        ("@stable", True),
        ("", True),
    ],
)
def test_only_repositories_by_url_are_asked_about(repository, url, permitted) -> None:
    library = {"redis/Chart.yaml": "apiVersion: v2\nname: redis\nversion: 1.2.3\n"}
    rules = repository.write({**BASE, **chart(url), **library, "a.yaml": deploying()}).check().rules()
    assert rules == ([] if permitted else ["helm-dependency-not-permitted"])


@pytest.mark.parametrize("vendored", [VENDORED, {"deploy/charts/redis-1.2.3.tgz": b"\x1f\x8b"}])
def test_what_is_vendored_is_not_fetched(repository, vendored) -> None:
    repository.write({**BASE, **chart("https://charts.example.com"), **vendored, "a.yaml": deploying()})
    assert "helm-dependency-not-permitted" not in repository.check().rules()


def test_a_vendored_dependency_is_rendered_and_one_that_is_not_leaves_the_objects_undetermined(repository) -> None:
    repository.write({**BASE, **chart("https://github.com/example/charts"), "a.yaml": deploying()})
    (said,) = repository.check().report["undetermined"]
    assert "depends on redis from https://github.com/example/charts, which is not in its charts/" in said["reason"]
    assert "helm dependency build" in said["needs"]
    inside = {"deploy/charts/redis/templates/a.yaml": manifest("Namespace", "spare")}
    result = repository.write({**VENDORED, **inside}).check()
    assert result.report["undetermined"] == []
    assert [(finding["rule"], finding["path"]) for finding in result.report["findings"]] == [
        ("cluster-resource-not-permitted", "deploy/charts/redis/templates/a.yaml")
    ]


def test_requirements_of_old_charts_are_read(repository) -> None:
    old = {"deploy/Chart.yaml": CHART.replace("v2", "v1"), **TEMPLATE}
    old["deploy/requirements.yaml"] = "dependencies:\n  - name: redis\n    version: 1.2.3\n    repository: https://charts.example.com\n"
    (finding,) = repository.write({**BASE, **old, "a.yaml": deploying()}).check().report["findings"]
    assert (finding["rule"], place(finding)) == ("helm-dependency-not-permitted", "deploy/requirements.yaml:4")


def test_the_project_decides(repository) -> None:
    repository.write({**BASE, **chart("https://charts.example.com"), "a.yaml": deploying(project="default")})
    assert repository.check().rules() == []
    both = project(sourceRepos=["https://github.com/example/*", "https://charts.example.com"])
    assert repository.write({"project.yaml": both, "a.yaml": deploying()}).check().rules() == []


def test_a_folder_that_is_no_source_of_this_repository_is_not_looked_into(repository) -> None:
    given = {**source("deploy"), "repoURL": "https://github.com/example/other"}
    assert repository.write({**BASE, **chart("https://charts.example.com"), "a.yaml": deploying(source=given)}).check().rules() == []


def test_hook_a_dependency_that_is_new_is_reported_and_one_that_was_there_is_not(repository) -> None:
    repository.commit({**BASE, **chart("https://old.example.com"), "a.yaml": deploying()})
    repository.write(chart("https://old.example.com", "https://new.example.com"))
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert "https://new.example.com" in finding["message"]


def test_the_archive_of_another_chart_whose_name_begins_alike_vendors_nothing(repository) -> None:
    other = {"deploy/charts/redis-cluster-1.0.0.tgz": b"\x1f\x8b"}
    repository.write({**BASE, **chart("https://charts.example.com"), **other, "a.yaml": deploying()})
    assert "helm-dependency-not-permitted" in repository.check().rules()
