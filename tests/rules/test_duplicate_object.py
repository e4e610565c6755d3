"""duplicate-object: what makes two objects one, and where both of them are."""

import pytest

from tests.rules.deploying import BASE, CHART, deploying, manifest, place, set_of, source, told


def test_both_objects_of_two_sources_are_pointed_at(repository) -> None:
    files = {"one/a.yaml": f"# first\n{manifest()}", "two/b.yaml": f"{manifest(name='other')}---\n{manifest(namespace='web-prod')}"}
    result = repository.write({**BASE, **files, "a.yaml": deploying(sources=[source("one"), source("two")])}).check("--fail-on", "warning")
    assert (result.code, told(result.report)) == (1, [("duplicate-object", "ConfigMap web", "argocd/web")])
    (finding,) = result.report["findings"]
    assert (place(finding), finding["level"]) == ("two/b.yaml:9", "warning")
    assert [related["path"] for related in finding["related"]] == ["a.yaml", "one/a.yaml"]


@pytest.mark.parametrize(
    ("second", "same"),
    [
        (manifest(), True),
        (manifest(namespace="web-prod"), True),
        (manifest(namespace="web-other"), False),
        (manifest(name="other"), False),
        (manifest("ServiceAccount"), False),
        (manifest("ConfigMap", api="example.com/v1"), False),
    ],
)
def test_group_kind_namespace_and_name_make_an_object(repository, second, same) -> None:
    repository.write({**BASE, "deploy/a.yaml": f"{manifest()}---\n{second}", "a.yaml": deploying()})
    assert ("duplicate-object" in repository.check().rules()) == same


def test_the_version_makes_no_difference(repository) -> None:
    old = manifest("CronJob", "web", api="batch/v1beta1")
    repository.write({**BASE, ".gitguard.yaml": BASE[".gitguard.yaml"] + "kubernetes: '1.24'\n", "a.yaml": deploying()})
    repository.write({"deploy/a.yaml": f"{manifest('CronJob', 'web', api='batch/v1')}---\n{old}"})
    assert "duplicate-object" in repository.check().rules()


def test_objects_of_different_tools_are_compared(repository) -> None:
    files = {
        "chart/Chart.yaml": CHART,
        "chart/templates/a.yaml": manifest(name="{{ .Release.Name }}-x"),
        "built/kustomization.yaml": "nameSuffix: -x\nresources: [b.yaml]\n",
        "built/b.yaml": manifest(),
    }
    repository.write({**BASE, **files, "a.yaml": deploying(sources=[source("chart"), source("built")])})
    (finding,) = repository.check().report["findings"]
    assert (finding["rule"], finding["object"]["name"], place(finding)) == ("duplicate-object", "web-x", "built/b.yaml:4")
    assert place(finding["related"][1]) == "chart/templates/a.yaml:2"


def test_only_the_last_one_is_judged_since_only_it_is_applied(repository) -> None:
    namespace = manifest("Namespace", "spare")
    repository.write({**BASE, "deploy/a.yaml": namespace, "deploy/b.yaml": namespace, "a.yaml": deploying()})
    assert [(finding["rule"], finding["path"]) for finding in repository.check().report["findings"]] == [
        ("cluster-resource-not-permitted", "deploy/b.yaml"),
        ("duplicate-object", "deploy/b.yaml"),
    ]


def test_names_that_kubernetes_makes_up_are_not_compared(repository) -> None:
    job = manifest().replace("name:", "generateName:")
    assert "duplicate-object" not in repository.write({**BASE, "deploy/a.yaml": f"{job}---\n{job}", "a.yaml": deploying()}).check().rules()


def test_two_applications_of_a_set_have_their_own_objects(repository) -> None:
    made = set_of([{"list": {"elements": [{"name": "a"}, {"name": "b"}]}}], into="web-{{name}}")
    assert repository.write({**BASE, "deploy/a.yaml": manifest(), "set.yaml": made}).check().rules() == []
    result = repository.write({"deploy/b.yaml": manifest()}).check()
    assert sorted(told(result.report)) == [("duplicate-object", "ConfigMap web", f"argocd/{name}") for name in ("a", "b")]


def test_hook_an_object_that_another_source_has_already_is_reported(repository) -> None:
    sources = [source("one"), source("two")]
    files = {"one/a.yaml": manifest(), "one/b.yaml": f"{manifest(name='old')}---\n{manifest(name='old')}", "two/a.yaml": manifest(name="other")}
    repository.commit({**BASE, **files, "a.yaml": deploying(sources=sources)})
    assert told(repository.check().report) == [("duplicate-object", "ConfigMap old", "argocd/web")]
    repository.write({"two/a.yaml": manifest()})
    assert told(repository.gitguard("hook", "--format", "json").report) == [("duplicate-object", "ConfigMap web", "argocd/web")]
