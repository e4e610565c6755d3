"""Eleven traps that real repositories set for a checker of AppProjects; none of them may give a false alarm."""

import yaml

from tests.rules.applications import application, application_set, project

HERE = "https://github.com/example/config"
URLS = {".gitguard.yaml": f"repository: {{urls: ['{HERE}']}}\n"}
BAD = {"server": "https://kubernetes.default.svc", "namespace": "payments"}


def source(path: str, url: str = HERE, **directory: object) -> dict[str, object]:
    return {"repoURL": url, "path": path} | ({"directory": directory} if directory else {})


def test_1_projects_in_helm_values_are_known_and_judged(repository) -> None:
    spec = {"namespace": "argocd", "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "web-*"}]}
    for values in (
        {"projects": {"web": spec}},
        {"projects": [{"name": "web", **spec}]},
        {"server": {"additionalProjects": [{"name": "web", **spec}]}},
    ):
        files = {"bootstrap/values.yaml": yaml.safe_dump(values), "p.yaml": project("other"), "app.yaml": application()}
        assert repository.write(files).check().report["findings"] == []
        (finding,) = repository.write({"app.yaml": application(destination=BAD)}).check().report["findings"]
        assert finding["related"][0]["path"] == "bootstrap/values.yaml"
        assert finding["related"][0]["line"] > 1


def test_1_projects_that_a_chart_may_make_are_undetermined(repository) -> None:
    template = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: {{ .Values.name }}\n"
    files = {"chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n", "chart/templates/p.yaml": template, "p.yaml": project("other")}
    result = repository.write({**files, "app.yaml": application()}).check()
    assert result.report["findings"] == []
    assert "may be made by the template chart/templates/p.yaml" in result.report["undetermined"][0]["reason"]


def test_2_overlays_of_another_environment_are_not_mixed_up(repository) -> None:
    files = {
        "base/app.yaml": application(),
        "base/kustomization.yaml": "resources: [app.yaml]\n",
        "prod/kustomization.yaml": "resources: [../base, project.yaml]\n",
        "prod/project.yaml": project(),
        "dev/kustomization.yaml": "resources: [app.yaml, project.yaml]\n",
        "dev/app.yaml": application("dev", destination=BAD),
        "dev/project.yaml": project(destinations=[{"server": "*", "namespace": "*"}]),
    }
    assert repository.write(files).check().report["findings"] == []


def test_3_files_that_no_kustomization_takes_are_dead(repository) -> None:
    files = {"k/kustomization.yaml": "resources: [p.yaml]\n", "k/p.yaml": project(), "k/dead.yaml": application(destination=BAD)}
    assert repository.write(files).check().report["findings"] == []
    assert repository.write({"k/kustomization.yaml": "resources: [p.yaml, dead.yaml]\n"}).check().rules() == ["destination-not-permitted"]


def test_3_dead_files_are_still_judged_by_their_schemas(repository) -> None:
    files = {"k/kustomization.yaml": "resources: [p.yaml]\n", "k/p.yaml": project(), "k/dead.yaml": application(destination={"servr": "x"})}
    assert repository.write(files).check().rules() == ["unknown-field"]


def test_4_a_path_in_another_repository_is_not_resolved_here(repository) -> None:
    elsewhere = application(
        "root", source=source(".", "https://github.com/example/elsewhere", recurse=True), destination={**BAD, "namespace": "web-a"}
    )
    files = {**URLS, "root.yaml": elsewhere, "p.yaml": project(), "apps/a.yaml": application(destination=BAD)}
    assert repository.write(files).check().rules() == ["destination-not-permitted"]


def test_4_a_path_in_this_repository_is_followed_with_its_options(repository) -> None:
    everything = project("root", sourceRepos=["*"], destinations=[{"server": "*", "namespace": "*"}])
    root = application("root", project="root", source=source("apps"))
    files = {**URLS, "root.yaml": root, "p.yaml": project(), "root-project.yaml": everything, "apps/sub/a.yaml": application(destination=BAD)}
    assert repository.write(files).check().report["findings"] == []
    files = {"root.yaml": application("root", project="root", source=source("apps", recurse=True))}
    assert repository.write(files).check().rules() == ["destination-not-permitted"]
    files = {"root.yaml": application("root", project="root", source=source("apps", recurse=True, exclude="sub/*"))}
    assert repository.write(files).check().report["findings"] == []


def test_5_fragments_of_projects_are_patches_and_not_projects(repository) -> None:
    patch = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: web}\nspec:\n  destinations: []\n"
    files = {
        "k/kustomization.yaml": "resources: [p.yaml, app.yaml]\npatches:\n- path: patch.yaml\n",
        "k/p.yaml": project(),
        "k/app.yaml": application(destination=BAD),
        "k/patch.yaml": patch,
    }
    result = repository.write(files).check()
    assert result.report["findings"] == []
    assert any("patches change AppProject web" in item["reason"] for item in result.report["undetermined"])
    assert {"path": "k/patch.yaml", "reason": "kustomize patch"} in result.report["skipped"]


def test_6_projects_of_one_name_in_several_environments_are_not_merged(repository) -> None:
    files = {
        ".gitguard.yaml": "environments: {dev: {paths: [dev]}, prod: {paths: [prod]}}\n",
        "dev/p.yaml": project(destinations=[{"server": "*", "namespace": "*"}]),
        "prod/p.yaml": project(),
        "dev/a.yaml": application(destination=BAD),
        "prod/a.yaml": application(),
    }
    assert repository.write(files).check().report["findings"] == []
    (finding,) = repository.write({"prod/a.yaml": application(destination=BAD)}).check().report["findings"]
    assert finding["path"] == "prod/a.yaml"
    assert [related["path"] for related in finding["related"]] == ["prod/p.yaml"]


def test_7_applications_of_one_raw_name_are_two(repository) -> None:
    files = {"p.yaml": project()}
    for environment in ("a", "b"):
        files[f"{environment}/kustomization.yaml"] = f"nameSuffix: -{environment}\nresources: [app.yaml]\n"
        files[f"{environment}/app.yaml"] = application(destination=BAD)
    result = repository.write(files).check()
    assert [finding["path"] for finding in result.report["findings"]] == ["a/app.yaml", "b/app.yaml"]
    assert len({finding["fingerprint"] for finding in result.report["findings"]}) == 2


def test_8_a_cluster_that_is_matched_in_a_secret_outside_git_is_undetermined(repository) -> None:
    files = {
        "p.yaml": project(destinations=[{"name": "prod", "namespace": "*"}]),
        "a.yaml": application(destination={**BAD, "server": "https://1.2.3.4"}),
    }
    result = repository.write(files).check()
    assert result.report["findings"] == []
    assert "the name of server https://1.2.3.4 is not known" in result.report["undetermined"][0]["reason"]


def test_9_a_list_of_only_denials_permits_everything_else(repository) -> None:
    denying = project(sourceRepos=["!https://github.com/evil/**"], destinations=[{"server": "*", "namespace": "!kube-system"}])
    result = repository.write({"p.yaml": denying, "a.yaml": application(destination=BAD)}).check()
    assert (result.code, result.rules()) == (0, ["deny-without-effect"])
    repository.write({"a.yaml": application(destination={**BAD, "namespace": "kube-system"})})
    assert sorted(repository.check().rules()) == ["deny-without-effect", "destination-not-permitted"]


def test_10_templates_generators_and_remote_bases_give_no_verdict(repository) -> None:
    files = {
        "p.yaml": project(),
        "set.yaml": application_set(project="{{project}}", destination={"name": "{{name}}", "namespace": "{{namespace}}"}),
        "free.yaml": application("free", project="${project}", destination={"server": "${server}", "namespace": "${namespace}"}),
        "k/kustomization.yaml": "resources:\n- https://github.com/example/base?ref=v1\n- github.com/example/other//deploy?ref=v1\n",
    }
    result = repository.write(files).check()
    assert result.report["findings"] == []
    assert {item["object"]["name"] for item in result.report["undetermined"]} == {"webs", "free"}


def test_11_an_absent_list_and_an_empty_one_differ(repository) -> None:
    absent = project()
    empty = project(sourceRepos=[])
    assert repository.write({"p.yaml": absent, "a.yaml": application()}).check().report["findings"] == []
    (finding,) = repository.write({"p.yaml": empty}).check().report["findings"]
    assert "sourceRepos is empty" in finding["related"][0]["message"]
