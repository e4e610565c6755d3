"""applicationset-invalid: what keeps Applications from being made, and which Applications are not known."""

from typing import Any

import pytest
import yaml

from tests.rules.applications import project
from tests.rules.deploying import BASE, HERE, deploying, manifest, set_of, told

OBJECT = {"deploy/a.yaml": manifest()}
ONE = [{"list": {"elements": [{"name": "one"}]}}]
CLUSTERS: list[Any] = [{"clusters": {}}]


def git(**what: Any) -> dict[str, Any]:
    return {"git": {"repoURL": HERE, "revision": "main", **what}}


def line_of(text: str, marked: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if marked in line)


@pytest.mark.parametrize(
    ("made", "pointer", "words", "marked"),
    [
        (set_of(ONE, name="{{.nam"), None, None, None),
        (set_of([{}]), "/spec/generators/0", "a generator of no known kind makes nothing", "- {}"),
        (
            set_of([*ONE, {"matrix": {"generators": ONE}}]),
            "/spec/generators/1/matrix/generators",
            "exactly two generators, not 1",
            "      generators:",
        ),
        (set_of([*ONE, *ONE]), "/spec/template/metadata/name", "2 Applications have the name `one`", "name: '{{name}}'"),
        (set_of(ONE, name="{{.nope}}", goTemplate=True, goTemplateOptions=["missingkey=error"]), "/spec/template/metadata/name", "nope", "{{.nope}}"),
        (set_of(ONE, name="{{ .name | nosuch }}", goTemplate=True), "/spec/template/metadata/name", "nosuch", "{{ .name | nosuch }}"),
        (set_of(ONE, name="{{ if false }}x{{ end }}", goTemplate=True), "/spec/template/metadata/name", "without a name is not made", "{{ if false"),
        (set_of(ONE, project=""), None, None, None),
    ],
)
def test_complaints_point_at_the_field_that_is_wrong(repository, made, pointer, words, marked) -> None:
    result = repository.write({**BASE, **OBJECT, "set.yaml": made}).check()
    complaints = [finding for finding in result.report["findings"] if finding["rule"] == "applicationset-invalid"]
    if pointer is None:
        assert complaints == []
        return
    (finding,) = complaints
    assert (finding["pointer"], words in finding["message"]) == (pointer, True), finding
    assert (finding["object"]["kind"], finding["object"]["name"], finding["path"]) == ("ApplicationSet", "webs", "set.yaml")
    assert finding["line"] == line_of(made, marked)


@pytest.mark.parametrize("field", ["metadata", "spec"])
@pytest.mark.parametrize("value", [True, ["a"], "text"])
def test_a_template_of_the_wrong_type_is_a_complaint_and_costs_the_others_nothing(repository, field, value) -> None:
    made = yaml.safe_load(set_of(ONE))
    made["spec"]["template"][field] = value
    other = {"other/a.yaml": manifest("Namespace", "spare"), "a.yaml": deploying("other")}
    result = repository.write({**BASE, **OBJECT, **other, "set.yaml": yaml.safe_dump(made)}).check()
    complaints = [finding for finding in result.report["findings"] if finding["rule"] == "applicationset-invalid"]
    assert [(finding["pointer"], finding["message"]) for finding in complaints] == [(f"/spec/template/{field}", "a mapping is expected here")]
    assert ("cluster-resource-not-permitted", "Namespace spare", "argocd/web") in told(result.report)


@pytest.mark.parametrize("patch", ["metadata: [1]\n", "metadata: text\n"])
def test_a_patch_that_leaves_no_application_is_a_complaint(repository, patch) -> None:
    made = set_of(ONE, name="{{.name}}", goTemplate=True, templatePatch=patch)
    (finding,) = repository.write({**BASE, **OBJECT, "set.yaml": made}).check().report["findings"]
    assert (finding["rule"], finding["pointer"], finding["message"]) == (
        "applicationset-invalid",
        "/spec/templatePatch",
        "a mapping is expected here",
    )


def test_a_complaint_that_stops_leaves_no_application_to_judge_and_one_that_does_not_leaves_the_others(repository) -> None:
    bad = {"deploy/b.yaml": manifest("Namespace", "web-prod")}
    stopping = set_of([*ONE, {"matrix": {"generators": ONE}}])
    assert repository.write({**BASE, **bad, "set.yaml": stopping}).check().rules() == ["applicationset-invalid"]
    elements = [{"name": name} for name in ("one", "twin", "twin")]
    result = repository.write({"set.yaml": set_of([{"list": {"elements": elements}}])}).check()
    assert told(result.report) == [
        ("cluster-resource-not-permitted", "Namespace web-prod", "argocd/one"),
        ("applicationset-invalid", "ApplicationSet webs", ""),
    ]


def test_what_is_outside_of_git_is_undetermined_with_what_it_takes(repository) -> None:
    generator = {"scmProvider": {"github": {"organization": "example"}}}
    result = repository.write({**BASE, **OBJECT, "set.yaml": set_of([generator])}).check()
    assert (result.code, result.rules()) == (0, [])
    (said,) = result.report["undetermined"]
    assert said["reason"] == "its Applications are not all known: what a `scmProvider` generator finds is outside of git"
    assert said["needs"] == "the repositories of the SCM provider"
    free = project(destinations=[{"server": "*", "namespace": "*"}], clusterResourceWhitelist=[{"group": "*", "kind": "*"}])
    assert repository.write({"project.yaml": free}).check().report["undetermined"] == []


def test_clusters_are_those_that_are_known(repository) -> None:
    made = yaml.safe_load(set_of(CLUSTERS))
    made["spec"]["template"]["spec"]["destination"] = {"server": "{{server}}", "namespace": "web-prod"}
    permitted = project(destinations=[{"server": "https://dev.example", "namespace": "*"}])
    repository.write({**BASE, **OBJECT, "project.yaml": permitted, "set.yaml": yaml.safe_dump(made)})
    assert any("its Applications are not all known" in item["reason"] for item in repository.check().report["undetermined"])
    known = "clusters: [{name: dev, server: 'https://dev.example'}, {name: prod, server: 'https://prod.example'}]\n"
    result = repository.write({".gitguard.yaml": BASE[".gitguard.yaml"] + known}).check()
    assert [rule_object for rule_object in told(result.report) if rule_object[2] != "argocd/in-cluster"] == [
        ("destination-not-permitted", "ApplicationSet webs", "argocd/prod")
    ]


@pytest.mark.parametrize(
    ("generators", "names"),
    [
        ([{"list": {"elements": [{"name": "bad"}, {"name": "good"}]}}], "{{.name}}"),
        ([git(directories=[{"path": "apps/*"}, {"path": "apps/odd", "exclude": True}])], "{{.path.basename}}"),
        ([{"matrix": {"generators": [git(directories=[{"path": "apps/*"}]), {"list": {"elements": [{"stage": "a"}]}}]}}], "{{.path.basename}}"),
        ([git(files=[{"path": "apps/*/app.json"}])], "{{.path.basename}}"),
    ],
)
def test_the_objects_of_each_generated_application_are_judged(repository, generators, names) -> None:
    files = {"apps/bad/a.yaml": manifest("Namespace", "spare"), "apps/good/a.yaml": manifest(), "apps/odd/a.yaml": manifest(name="odd")}
    files |= {f"apps/{name}/app.json": "{}" for name in ("bad", "good")}
    made = set_of(generators, path=f"apps/{names}", name=names, goTemplate=True)
    parsed = yaml.safe_load(made)
    parsed["spec"]["template"]["spec"]["source"]["directory"] = {"exclude": "*.json"}
    result = repository.write({**BASE, **files, "set.yaml": yaml.safe_dump(parsed)}).check()
    assert told(result.report) == [("cluster-resource-not-permitted", "Namespace spare", "argocd/bad")]
    assert result.report["findings"][0]["related"][0]["path"] == "set.yaml"
    assert result.report["undetermined"] == []


def test_a_namespace_that_comes_of_a_parameter_is_judged_per_application(repository) -> None:
    elements = [{"name": "web-a"}, {"name": "payments"}]
    result = repository.write({**BASE, **OBJECT, "set.yaml": set_of([{"list": {"elements": elements}}], into="{{name}}")}).check()
    assert told(result.report) == [("destination-not-permitted", "ApplicationSet webs", "argocd/payments")]


def test_hook_a_parameter_in_a_file_that_a_generator_reads_is_a_change_of_the_application(repository) -> None:
    for given, changed, rule in (
        ({"into": "{{.at}}"}, "payments", "destination-not-permitted"),
        ({"path": "{{.at}}"}, "forbidden", "cluster-resource-not-permitted"),
    ):
        made = set_of([git(files=[{"path": "settings/*.json"}])], name="made", goTemplate=True, **given)
        objects = {"deploy/a.yaml": manifest(), "web-a/a.yaml": manifest(), "forbidden/a.yaml": manifest("Namespace", "spare")}
        repository.commit({**BASE, **objects, "settings/one.json": '{"at": "web-a"}\n', "set.yaml": made})
        assert repository.check().rules() == []
        repository.write({"settings/one.json": f'{{"at": "{changed}"}}\n'})
        result = repository.gitguard("hook", "--format", "json")
        assert [(finding["rule"], finding["application"]) for finding in result.report["findings"]] == [(rule, "argocd/made")]


def test_hook_a_folder_that_makes_a_new_application_is_judged_and_the_others_are_not_reported(repository) -> None:
    made = set_of(
        [git(directories=[{"path": "apps/*"}])], path="{{.path.path}}", into="{{.path.basename}}", name="{{.path.basename}}", goTemplate=True
    )
    repository.commit({**BASE, "apps/web-a/a.yaml": manifest("Namespace", "old"), "apps/orders/a.yaml": manifest(), "set.yaml": made})
    repository.write({"apps/payments/a.yaml": manifest(), "apps/web-b/a.yaml": manifest("Namespace", "new")})
    assert told(repository.gitguard("hook", "--format", "json").report) == [
        ("cluster-resource-not-permitted", "Namespace new", "argocd/web-b"),
        ("destination-not-permitted", "ApplicationSet webs", "argocd/payments"),
    ]
