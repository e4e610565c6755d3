"""render-failed: the tools' own words, and what can't be rendered here."""

import pytest

from tests.rules.applications import project
from tests.rules.deploying import BASE, CHART, deploying, manifest, place, set_of, source

REMOTE = "resources: ['https://user:s3cret@github.com/example/bases//web?ref=v1']\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"deploy/kustomization.yaml": "resources: [missing.yaml]\n"}, "missing.yaml"),
        ({"deploy/kustomization.yaml": "resources: [a.yaml]\npatches: [{path: gone.yaml}]\n", "deploy/a.yaml": manifest()}, "gone.yaml"),
        ({"deploy/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "resources: [missing.yaml]\n"}, "missing.yaml"),
        ({"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": "{{ fail `not today` }}\n"}, "not today"),
        ({"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": "a: {{ required `give a name` .Values.name }}\n"}, "give a name"),
        ({"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": "a: {{ .Values.a | nosuchfunction }}\n"}, "nosuchfunction"),
    ],
)
def test_the_tools_message_is_reported_with_the_application(repository, files, words) -> None:
    (finding,) = repository.write({**BASE, **files, "a.yaml": deploying()}).check().report["findings"]
    assert finding["rule"] == "render-failed"
    assert finding["message"].startswith("Argo CD can't render this source: ")
    assert words in finding["message"]
    assert (place(finding), finding["pointer"], finding["application"]) == ("a.yaml:8", "/spec/source", "argocd/web")
    assert finding["object"] == {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "namespace": "argocd", "name": "web"}


def test_values_files_that_are_missing_are_named(repository) -> None:
    given = source(helm={"valueFiles": ["values-prod.yaml"]})
    repository.write({**BASE, "deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": manifest(), "a.yaml": deploying(source=given)})
    (finding,) = repository.check().report["findings"]
    assert "deploy/values-prod.yaml" in finding["message"]
    assert repository.write({"deploy/values-prod.yaml": "a: b\n"}).check().rules() == []


def test_the_source_of_several_that_fails_is_pointed_at_and_the_others_are_judged(repository) -> None:
    files = {"good/a.yaml": manifest("Namespace", "web-prod"), "bad/kustomization.yaml": "resources: [missing.yaml]\n"}
    result = repository.write({**BASE, **files, "a.yaml": deploying(sources=[source("good"), source("bad")])}).check()
    assert [(finding["rule"], finding["path"], finding["pointer"]) for finding in result.report["findings"]] == [
        ("render-failed", "a.yaml", "/spec/sources/1"),
        ("cluster-resource-not-permitted", "good/a.yaml", "/kind"),
    ]


def test_one_broken_application_costs_the_others_nothing(repository) -> None:
    files = {"good/a.yaml": manifest("Namespace", "web-prod"), "bad/kustomization.yaml": "resources: [missing.yaml]\n"}
    repository.write({**BASE, **files, "a.yaml": deploying("good"), "b.yaml": deploying("bad", name="other")})
    assert sorted(repository.check().rules()) == ["cluster-resource-not-permitted", "render-failed"]


def test_generated_applications_fail_by_their_own_names(repository) -> None:
    listed = set_of([{"list": {"elements": [{"name": "good"}, {"name": "bad"}]}}], path="{{name}}")
    repository.write({**BASE, "good/a.yaml": manifest(), "bad/kustomization.yaml": "resources: [missing.yaml]\n", "set.yaml": listed})
    (finding,) = repository.check().report["findings"]
    assert (finding["rule"], finding["object"]["kind"], finding["application"]) == ("render-failed", "ApplicationSet", "argocd/bad")
    assert finding["pointer"] == "/spec/template/spec/source"


@pytest.mark.parametrize(
    ("files", "given", "reason", "needs"),
    [
        ({"deploy/kustomization.yaml": REMOTE}, {}, "takes https://", "--render always"),
        (
            {"deploy/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": REMOTE},
            {},
            "the kustomization in base",
            "--render always",
        ),
        (
            {"deploy/kustomization.yaml": "helmCharts: [{name: redis, repo: 'https://charts.example'}]\n"},
            {},
            "inflates the chart redis",
            "vendored into the repository",
        ),
        ({"deploy/a.yaml": manifest()}, {"plugin": {"name": "cdk8s"}}, "plugin cdk8s", "gitguard runs none"),
        ({"deploy/a.yaml": manifest()}, {"targetRevision": "b" * 40}, "pinned to commit bbbbbbbbbbbb", "that commit's files"),
    ],
)
def test_what_cannot_be_rendered_here_is_undetermined_with_what_it_takes(repository, files, given, reason, needs) -> None:
    result = repository.write({**BASE, **files, "a.yaml": deploying(source=source(**given))}).check()
    assert (result.code, result.rules()) == (0, [])
    (said,) = result.report["undetermined"]
    assert (said["rule"], said["path"], said["object"]["name"]) == ("render-failed", "a.yaml", "web")
    assert reason in said["reason"]
    assert needs in said["needs"]
    assert "s3cret" not in result.out
    assert repository.check("--strict").code == 3


def test_it_is_not_worth_a_word_where_the_project_forbids_nothing(repository) -> None:
    free = project(destinations=[{"server": "*", "namespace": "*"}], clusterResourceWhitelist=[{"group": "*", "kind": "*"}])
    repository.write({**BASE, "deploy/kustomization.yaml": REMOTE, "a.yaml": deploying(), "project.yaml": free})
    assert repository.check().report["undetermined"] == []
    repository.write({"a.yaml": deploying(project="default"), "project.yaml": project()})
    assert repository.check().report["undetermined"] == []


@pytest.mark.parametrize(
    "given",
    [
        {"repoURL": "https://github.com/example/charts", "chart": "redis", "targetRevision": "1.2.3"},
        {"repoURL": "https://github.com/example/other", "path": "deploy"},
    ],
)
def test_what_is_deployed_from_elsewhere_is_skipped_with_a_reason(repository, given) -> None:
    result = repository.write({**BASE, "a.yaml": deploying(source=given)}).check("--strict")
    assert (result.code, result.report["undetermined"]) == (0, [])
    reasons = [item["reason"] for item in result.report["skipped"] if item["path"] == "a.yaml"]
    assert reasons == ["deployed from another repository, or a chart from elsewhere"]


def test_without_rendering_plain_folders_are_judged_and_the_rest_is_undetermined_for_that_reason(repository) -> None:
    namespace = manifest("Namespace", "web-prod")
    files = {"plain/a.yaml": namespace, "built/kustomization.yaml": "resources: [a.yaml]\n", "built/a.yaml": namespace}
    files |= {"chart/Chart.yaml": CHART, "chart/templates/a.yaml": namespace}
    repository.write({**BASE, **files, **{f"{name}.yaml": deploying(name, name=name) for name in ("plain", "built", "chart")}})
    result = repository.check("--render", "never")
    assert [(finding["rule"], finding["path"]) for finding in result.report["findings"]] == [("cluster-resource-not-permitted", "plain/a.yaml")]
    reasons = {item["path"]: (item["reason"], item["needs"]) for item in result.report["undetermined"]}
    assert reasons == dict.fromkeys(
        ("built.yaml", "chart.yaml"), ("what it deploys is not known: rendering is switched off", "`--render auto`, or `render: auto`")
    )
    repository.write({".gitguard.yaml": BASE[".gitguard.yaml"] + "render: never\n"})
    assert repository.check().report["undetermined"] == result.report["undetermined"]
    assert {place(finding) for finding in repository.check("--render", "auto").report["findings"]} >= {"built/a.yaml:2", "chart/templates/a.yaml:2"}


def test_hook_a_file_that_a_build_needs_and_that_is_taken_away_is_reported_though_it_is_no_manifest(repository) -> None:
    kustomization = "configMapGenerator: [{name: settings, envs: [settings.env]}]\n"
    broken = {"old/kustomization.yaml": "resources: [missing.yaml]\n", "old.yaml": deploying("old", name="old")}
    files = {"deploy/kustomization.yaml": kustomization, "deploy/settings.env": "A=b\n", "a.yaml": deploying()}
    repository.commit({**BASE, **broken, **files})
    repository.git("rm", "-q", "deploy/settings.env")
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert (finding["rule"], finding["application"], "settings.env" in finding["message"]) == ("render-failed", "argocd/web", True)


def test_hook_what_planning_refuses_is_reported_once_a_change_causes_it(repository) -> None:
    chart = {"deploy/Chart.yaml": CHART, "deploy/templates/a.yaml": manifest(), "values/prod.yaml": "a: b\n"}
    broken = {"old.yaml": deploying(name="old", source=source(helm={"valueFiles": ["gone.yaml"]}))}
    repository.commit({**BASE, **chart, **broken, "a.yaml": deploying(source=source(helm={"valueFiles": ["../values/prod.yaml"]}))})
    repository.git("rm", "-q", "values/prod.yaml")
    (finding,) = repository.gitguard("hook", "--format", "json").report["findings"]
    assert (finding["rule"], finding["application"], "values/prod.yaml" in finding["message"]) == ("render-failed", "argocd/web", True)
