"""Which tool a source calls for, what overrides it, and what can't be told."""

import pytest

from tests.render.conftest import URL, config_map

KUSTOMIZATION = {"web/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: k-\n", "web/a.yaml": config_map("a")}


def test_a_kustomization_is_found(bench) -> None:
    bench.repository.write(KUSTOMIZATION)
    assert bench.names({"path": "web"}) == ["k-a"]


def test_a_directory_that_is_named_wins_over_a_kustomization(bench) -> None:
    bench.repository.write(KUSTOMIZATION)
    assert bench.names({"path": "web", "directory": {"recurse": True, "include": "a.yaml"}}) == ["a"]


def test_where_a_chart_and_a_kustomization_lie_together_the_kustomization_is_built(bench) -> None:
    bench.repository.write({**KUSTOMIZATION, "web/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n"})
    assert bench.one({"path": "web"}).tool == "kustomize"


def test_two_tools_are_refused(bench) -> None:
    bench.repository.write(KUSTOMIZATION)
    result = bench.one({"path": "web", "helm": {"releaseName": "x"}, "kustomize": {"namePrefix": "x"}})
    assert result.failure == "multiple application sources defined: Kustomize,Helm"


def test_argocd_source_files_override_the_applications_parameters_its_own_last(bench) -> None:
    overrides = {
        "web/.argocd-source.yaml": "kustomize: {namePrefix: all-, nameSuffix: -s}\npath: elsewhere\n",
        "web/.argocd-source-web.yaml": "kustomize: {namePrefix: web-}\n",
    }
    bench.repository.write({**KUSTOMIZATION, **overrides})
    assert bench.names({"path": "web"}) == ["web-a-s"]
    assert bench.names({"path": "web"}, name="other") == ["all-a-s"]


def test_broken_overrides_are_refused(bench) -> None:
    bench.repository.write({**KUSTOMIZATION, "web/.argocd-source.yaml": "kustomize: [\n"})
    assert ".argocd-source.yaml" in bench.one({"path": "web"}).failure


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"path": "nowhere"}, "app path does not exist"),
        ({"path": "web/a.yaml"}, "app path is not a directory"),
        ({"path": "/web"}, "app path is absolute"),
        ({"path": "../web"}, "app path outside root"),
        ({"path": "web/../../web"}, "app path outside root"),
    ],
)
def test_paths_that_argo_cd_refuses(bench, source, message) -> None:
    bench.repository.write(KUSTOMIZATION)
    assert message in bench.one(source).failure


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"chart": "redis", "targetRevision": "1.2.3", "repoURL": "https://u:secret@charts.example"}, "redis 1.2.3"),
        ({"path": "web", "repoURL": "https://github.com/other/repo"}, "another repository"),
        ({"path": "web", "plugin": {"name": "cdk"}}, "plugin cdk"),
        ({"path": "web", "targetRevision": "a" * 40}, "pinned"),
    ],
)
def test_what_lies_elsewhere_is_undetermined_with_what_it_needs(bench, source, reason) -> None:
    bench.repository.write(KUSTOMIZATION)
    lacking = bench.one(source).undetermined
    assert lacking
    assert reason in lacking.reason
    assert lacking.needs
    assert "secret" not in lacking.reason


def test_each_source_of_several_is_rendered_and_those_that_only_lend_files_are_not(bench) -> None:
    bench.repository.write({**KUSTOMIZATION, "plain/b.yaml": config_map("b")})
    results = bench.render([{"path": "web"}, {"ref": "values"}, {"path": "plain"}])
    assert [(result.pointer, [item.name for item in result.objects]) for result in results] == [
        ("/spec/sources/0", ["k-a"]),
        ("/spec/sources/2", ["b"]),
    ]


def test_a_hydrated_application_is_rendered_from_its_dry_source(bench) -> None:
    bench.repository.write(KUSTOMIZATION)
    dry = {"repoURL": URL, "path": "web"}
    manifest = {"metadata": {"name": "web"}, "spec": {"sourceHydrator": {"drySource": dry, "syncSource": {"path": "x"}}}}
    (result,) = bench.render([manifest])
    assert (result.pointer, result.objects[0].name) == ("/spec/sourceHydrator/drySource", "k-a")


def test_a_link_inside_the_repository_is_followed(bench) -> None:
    bench.repository.write(KUSTOMIZATION)
    (bench.repository.path / "linked").symlink_to("web")
    (bench.repository.path / "plain").mkdir()
    (bench.repository.path / "plain/b.yaml").symlink_to("../web/a.yaml")
    bench.repository.git("add", "-A")
    assert bench.names({"path": "linked"}) == ["k-a"]
    assert bench.names({"path": "plain"}) == ["a"]


@pytest.mark.parametrize("target", ["/etc", "../../outside", "sub/../../../etc"])
def test_a_link_out_of_the_repository_fails_every_application_of_it(bench, target) -> None:
    bench.repository.write(KUSTOMIZATION)
    (bench.repository.path / "out").symlink_to(target)
    bench.repository.git("add", "-A")
    assert bench.one({"path": "web"}).failure == "repository contains out-of-bounds symlinks. file: out"


def test_a_submodule_is_undetermined(bench, new_repository) -> None:
    library = new_repository("library")
    library.commit({"a.yaml": config_map("a")})
    bench.repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "vendor")
    lacking = bench.one({"path": "vendor"}).undetermined
    assert lacking
    assert "submodule" in lacking.reason
