"""`gitguard render`: an Application's objects on the command line."""

import json
import os
from typing import Any

import pytest
import yaml

from tests.render.conftest import URL, config_map

CONFIGURATION = f"repository: {{urls: ['{URL}']}}\n"


def application(name: str, source: dict[str, Any], **metadata: Any) -> str:
    spec = {
        "project": "default",
        "destination": {"server": "https://kubernetes.default.svc", "namespace": "team"},
        "source": {"repoURL": URL, **source},
    }
    return yaml.safe_dump(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd", **metadata}, "spec": spec}
    )


@pytest.fixture
def web(repository):
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n"
    return repository.write(
        {
            ".gitguard.yaml": CONFIGURATION,
            "apps/web.yaml": application("web", {"path": "web"}),
            "web/a.yaml": f"# first\n---\n{config_map('a', key='0644')}---\n{secret}",
        }
    )


def test_objects_are_yaml_with_a_comment_that_says_where_each_comes_from(web) -> None:
    result = web.gitguard("render", "web")
    assert result.code == 0, result.err
    assert "# from web/a.yaml:3\n" in result.out
    first, second = yaml.safe_load_all(result.out)
    assert first == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "team"}, "data": {"key": "0644"}}
    assert second["stringData"] == {"password": "***"}
    assert "hunter2" not in result.out


def test_json_tells_what_was_read_and_by_which_tool(web) -> None:
    shown = json.loads(web.gitguard("render", "argocd/web", "--format", "json").out)
    assert (shown["application"], shown["path"]) == ("argocd/web", "apps/web.yaml")
    assert shown["sources"][0]["tool"] == "directory"
    assert shown["sources"][0]["reads"]["folders"] == ["web"]
    assert [(item["kind"], item["namespace"], item["path"], item["line"]) for item in shown["objects"]] == [
        ("ConfigMap", "team", "web/a.yaml", 3),
        ("Secret", "team", "web/a.yaml", 9),
    ]


def test_an_unknown_application_is_a_usage_error_that_names_a_similar_one(web) -> None:
    result = web.gitguard("render", "wep")
    assert result.code == 2
    assert "did you mean web?" in result.err


def test_what_argo_cd_refuses_ends_with_1_and_what_cannot_be_told_with_3(repository) -> None:
    repository.write(
        {
            ".gitguard.yaml": CONFIGURATION,
            "apps/bad.yaml": application("bad", {"path": "nowhere"}),
            "apps/far.yaml": application("far", {"chart": "c", "targetRevision": "1.0.0", "repoURL": "https://charts.example"}),
        }
    )
    bad = repository.gitguard("render", "bad")
    assert (bad.code, "app path does not exist" in bad.out) == (1, True)
    far = repository.gitguard("render", "far")
    assert (far.code, "undetermined" in far.out) == (3, True)


def test_objects_of_a_chart_have_the_line_of_their_part_of_the_template(repository) -> None:
    one, other = config_map("{{ .Release.Name }}-one"), config_map("other")
    files = {"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "web/templates/all.yaml": f"{one}---\n{other}"}
    repository.write({".gitguard.yaml": CONFIGURATION, "apps/web.yaml": application("web", {"path": "web"}), **files})
    shown = json.loads(repository.gitguard("render", "web", "--format", "json").out)
    assert [(item["name"], item["path"], item["line"]) for item in shown["objects"]] == [
        ("web-one", "web/templates/all.yaml", 2),
        ("other", "web/templates/all.yaml", 7),
    ]
    assert "# from web/templates/all.yaml:7\n" in repository.gitguard("render", "web").out


def test_an_application_that_another_one_makes_is_found(repository) -> None:
    chart = {"Chart.yaml": "apiVersion: v2\nname: root\nversion: 1.0.0\n", "templates/child.yaml": application("PLACE", {"path": "web"})}
    files = {f"root/{path}": content.replace("PLACE", "{{ .Values.child }}") for path, content in chart.items()}
    repository.write({".gitguard.yaml": CONFIGURATION, "web/a.yaml": config_map("a"), **files})
    repository.write({"apps/root.yaml": application("root", {"path": "root", "helm": {"parameters": [{"name": "child", "value": "child-one"}]}})})
    result = repository.gitguard("render", "child-one")
    assert result.code == 0, result.err
    assert "# from web/a.yaml:1\n" in result.out


def test_an_application_that_a_kustomization_applied_by_hand_changes_is_rendered_as_changed(repository) -> None:
    patch = "[{target: {kind: Application}, patch: '- {op: replace, path: /spec/source/path, value: other}'}]"
    repository.write({".gitguard.yaml": CONFIGURATION, "web/a.yaml": config_map("web"), "other/a.yaml": config_map("other")})
    repository.write({"apps/kustomization.yaml": f"resources: [web.yaml]\npatches: {patch}\n", "apps/web.yaml": application("web", {"path": "web"})})
    result = repository.gitguard("render", "web")
    assert result.code == 0, result.err
    assert "# from other/a.yaml:1\n" in result.out


def test_two_applications_of_one_name_are_both_shown(repository) -> None:
    for place in ("dev", "prod"):
        repository.write({f"{place}/apps/web.yaml": application("web", {"path": f"{place}/web"}), f"{place}/web/a.yaml": config_map(place)})
    repository.write({".gitguard.yaml": CONFIGURATION})
    result = repository.gitguard("render", "web")
    assert "# Application argocd/web of dev/apps/web.yaml" in result.out
    assert "# Application argocd/web of prod/apps/web.yaml" in result.out


def test_nothing_is_written_beside_the_cache(web) -> None:
    before = sorted(str(file) for file in web.path.rglob("*") if ".git/" not in str(file))
    web.write({"web/kustomization.yaml": "resources: [a.yaml]\n"})
    assert web.gitguard("render", "web").code == 0
    after = sorted(str(file) for file in web.path.rglob("*") if ".git/" not in str(file))
    assert after == sorted([*before, str(web.path / "web/kustomization.yaml")])
    cache = os.path.join(web.environment["XDG_CACHE_HOME"], "gitguard")
    assert [name for name in os.listdir(cache) if not name.startswith(("facts.sqlite3", "renders.sqlite3"))] == []


def test_build_options_are_those_of_the_argocd_cm_that_the_repository_declares(repository) -> None:
    settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata: {kustomize.buildOptions: --load-restrictor LoadRestrictionsNone}\n"
    repository.write({".gitguard.yaml": CONFIGURATION, "apps/web.yaml": application("web", {"path": "web"}), "shared/a.yaml": config_map("a")})
    repository.write({"web/kustomization.yaml": "resources: [../shared/a.yaml]\n"})
    assert repository.gitguard("render", "web").code == 3
    assert repository.write({"argocd/cm.yaml": settings}).gitguard("render", "web").code == 0


def test_a_commit_is_rendered_as_it_was(web) -> None:
    web.commit()
    web.write({"web/a.yaml": config_map("changed")})
    assert "name: a\n" in web.gitguard("render", "web", "--commit", "HEAD").out
    assert "name: changed\n" in web.gitguard("render", "web").out
