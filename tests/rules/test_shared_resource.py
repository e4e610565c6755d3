"""shared-resource: two Applications of one control plane and one cluster."""

import pytest

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, CONFIGURATION, IN_CLUSTER, deploying, manifest, place, set_of, told

DEV, PROD = "https://dev.example", "https://prod.example"
ANYWHERE = project(destinations=[{"server": "*", "namespace": "*"}])
OBJECTS = {"one/a.yaml": f"# first\n{manifest()}", "two/b.yaml": f"{manifest(name='other')}---\n{manifest()}"}
TWO = {"a.yaml": deploying("one", name="one"), "b.yaml": deploying("two", name="two")}


def test_both_applications_and_both_objects_are_pointed_at(repository) -> None:
    result = repository.write({**BASE, **OBJECTS, **TWO}).check("--fail-on", "warning")
    assert (result.code, told(result.report)) == (1, [("shared-resource", "ConfigMap web", "argocd/two")])
    (finding,) = result.report["findings"]
    assert (place(finding), finding["level"]) == ("two/b.yaml:6", "warning")
    assert finding["message"] == "ConfigMap `web` is deployed by two Applications: argocd/one and argocd/two"
    assert [(related["path"], related["message"]) for related in finding["related"]] == [
        ("a.yaml", "Application argocd/one"),
        ("b.yaml", "Application argocd/two"),
        ("one/a.yaml", "the object of the first"),
    ]


def test_one_folder_that_two_applications_deploy_to_one_namespace_is_shared(repository) -> None:
    files = {"one/a.yaml": manifest(), "a.yaml": deploying("one", name="one"), "b.yaml": deploying("one", name="two")}
    assert repository.write({**BASE, **files}).check().rules() == ["shared-resource"]
    assert repository.write({"b.yaml": deploying("one", name="two", into="web-other")}).check().rules() == []


def test_cluster_scoped_objects_are_shared_across_namespaces(repository) -> None:
    free = project(clusterResourceWhitelist=[{"group": "*", "kind": "*"}])
    files = {
        "one/a.yaml": manifest("Namespace", "shared"),
        "a.yaml": deploying("one", name="one"),
        "b.yaml": deploying("one", name="two", into="web-b"),
    }
    assert repository.write({**BASE, **files, "project.yaml": free}).check().rules() == ["shared-resource"]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ({"server": DEV}, {"server": DEV}, True),
        ({"server": DEV}, {"server": PROD}, False),
        ({"server": DEV}, {"name": "dev"}, True),
        ({"name": "prod"}, {"name": "dev"}, False),
        ({"name": "unheard"}, {"name": "unheard"}, True),
        ({"name": "unheard"}, {"name": "dev"}, False),
        ({"server": IN_CLUSTER}, {"name": "in-cluster"}, True),
        ({"server": f"{DEV}/"}, {"server": DEV}, True),
    ],
)
def test_the_cluster_counts_however_it_is_named(repository, first, second, same) -> None:
    known = f"clusters: [{{name: dev, server: '{DEV}'}}, {{name: prod, server: '{PROD}'}}]\n"
    files = {"one/a.yaml": manifest(), "project.yaml": ANYWHERE, ".gitguard.yaml": CONFIGURATION + known}
    for file, name, destination in (("a.yaml", "one", first), ("b.yaml", "two", second)):
        files[file] = deploying("one", name=name, destination={**destination, "namespace": "web-prod"})
    assert ("shared-resource" in repository.write({**BASE, **files}).check().rules()) == same


def test_what_environments_deploy_to_a_cluster_of_the_same_name_is_not_shared(repository) -> None:
    environments = "environments: {dev: {paths: [dev]}, prod: {paths: [prod]}}\n"
    files = {"dev/a.yaml": TWO["a.yaml"], "prod/b.yaml": TWO["b.yaml"], "dev/p.yaml": project(), "prod/p.yaml": project(), "project.yaml": "a: 1\n"}
    repository.write({**BASE, **OBJECTS, **files})
    assert repository.check().rules() == ["shared-resource"]
    assert repository.write({".gitguard.yaml": CONFIGURATION + environments}).check().rules() == []
    assert "shared-resource" in repository.write({"both.yaml": deploying("two", name="two")}).check().rules()


def test_roots_keep_applications_apart_and_every_pair_within_one_is_compared(repository) -> None:
    roots = {".gitguard.yaml": f"{CONFIGURATION}roots: [dev, prod]\n", "project.yaml": "a: 1\n", "dev/p.yaml": project(), "prod/p.yaml": project()}
    repository.write({**BASE, **OBJECTS, **roots, "dev/a.yaml": TWO["a.yaml"], "prod/b.yaml": TWO["b.yaml"]})
    assert repository.check().rules() == []
    repository.write({"three/c.yaml": manifest(), "prod/c.yaml": deploying("three", name="three")})
    (finding,) = repository.check().report["findings"]
    assert finding["message"] == "ConfigMap `web` is deployed by two Applications: argocd/two and argocd/three"


def test_objects_of_different_tools_and_of_generated_applications_are_compared(repository) -> None:
    files = {
        "chart/Chart.yaml": CHART,
        "chart/templates/a.yaml": manifest(name="shared"),
        "built/kustomization.yaml": "namePrefix: sha\nresources: [b.yaml]\n",
        "built/b.yaml": manifest(name="red"),
        "set.yaml": set_of([{"list": {"elements": [{"name": "chart"}, {"name": "built"}]}}], path="{{name}}"),
    }
    (finding,) = repository.write({**BASE, **files}).check().report["findings"]
    assert (finding["rule"], finding["application"]) == ("shared-resource", "argocd/built")
    assert (place(finding), finding["related"][2]["path"]) == ("built/b.yaml:1", "chart/templates/a.yaml")


def test_an_object_of_unknown_scope_may_be_in_the_namespace_of_its_application(repository) -> None:
    widget = {"one/a.yaml": manifest("Widget", "w", api="example.com/v1")}
    apart = {"a.yaml": deploying("one", name="one", into="web-a"), "b.yaml": deploying("one", name="two", into="web-b")}
    assert repository.write({**BASE, **widget, **apart}).check().rules() == []
    assert "shared-resource" in repository.write({"b.yaml": deploying("one", name="two", into="web-a")}).check().rules()


def test_an_object_twice_in_one_application_is_not_shared(repository) -> None:
    repository.write({**BASE, "one/a.yaml": manifest(), "one/b.yaml": manifest(), "a.yaml": deploying("one")})
    assert repository.check().rules() == ["duplicate-object"]


def test_hook_two_applications_that_a_change_makes_share_an_object_are_reported(repository) -> None:
    base = {"base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": manifest(name="old")}
    overlays = {f"{name}/kustomization.yaml": "resources: [../base]\n" for name in ("dev", "prod")}
    repository.commit({**BASE, **base, **overlays, **{f"{name}.yaml": deploying(name, name=name) for name in ("dev", "prod")}})
    assert repository.check().rules() == ["shared-resource"]
    repository.write({"base/a.yaml": f"{manifest(name='old')}---\n{manifest(name='new')}"})
    assert told(repository.gitguard("hook", "--format", "json").report) == [("shared-resource", "ConfigMap new", "argocd/prod")]
