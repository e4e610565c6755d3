"""Plain directories, file by file as Argo CD reads them."""

import pytest

from tests.render.conftest import config_map

FILES = {
    "web/b.yaml": config_map("b"),
    "web/a.yml": config_map("a") + "---\n" + config_map("a2"),
    "web/c.json": '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}',
    "web/README.md": "no manifest",
    "web/sub/d.yaml": config_map("d"),
    "web/sub/skip.yaml": "# +argocd:skip-file-rendering\n" + config_map("skipped"),
}


def test_files_of_the_folder_come_in_the_order_of_their_names(bench) -> None:
    bench.repository.write(FILES)
    assert bench.names({"path": "web"}) == ["a", "a2", "b", "c"]


def test_recurse_takes_subfolders_but_not_files_that_ask_to_be_skipped(bench) -> None:
    bench.repository.write(FILES)
    assert bench.names({"path": "./web/", "directory": {"recurse": True}}) == ["a", "a2", "b", "c", "d"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"include": "*.yaml"}, ["b", "d"]),
        ({"exclude": "sub/*"}, ["a", "a2", "b", "c"]),
        ({"exclude": "{a.yml,c.json}"}, ["b", "d"]),
        ({"include": "*.yaml", "exclude": "b.yaml"}, ["d"]),
    ],
)
def test_include_and_exclude_are_globs_on_the_path_below_the_folder(bench, options, expected) -> None:
    bench.repository.write(FILES)
    assert bench.names({"path": "web", "directory": {"recurse": True, **options}}) == expected


@pytest.mark.parametrize(
    ("options", "tool"),
    [({"include": "a.yaml"}, "directory"), ({"exclude": "k*"}, "directory"), ({"recurse": False}, "kustomize"), ({"jsonnet": {}}, "kustomize")],
)
def test_a_directory_of_which_something_is_said_is_no_kustomization(bench, options, tool) -> None:
    bench.repository.write({"web/kustomization.yaml": "resources: [a.yaml]\n", "web/a.yaml": config_map("a")})
    assert bench.one({"path": "web", "directory": options}).tool == tool


def test_an_object_knows_its_file_and_document(bench) -> None:
    bench.repository.write(FILES)
    origins = [item.origin for item in bench.one({"path": "web"}).objects]
    assert [(origin.path, origin.document) for origin in origins] == [("web/a.yml", 0), ("web/a.yml", 1), ("web/b.yaml", 0), ("web/c.json", 0)]


def test_lists_are_taken_apart_and_null_lists_are_nothing(bench) -> None:
    items = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n"
    bench.repository.write({"web/l.yaml": items, "web/n.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems: null\n"})
    assert bench.names({"path": "web"}) == ["x"]


def test_yaml_without_anything_like_a_manifest_is_passed_over(bench) -> None:
    bench.repository.write({"web/values.yaml": "replicas: 2\n", "web/a.yaml": config_map("a"), "web/empty.yaml": "# nothing\n"})
    assert bench.names({"path": "web"}) == ["a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (config_map("a") + "---\nreplicas: 2\n", "Kind"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [}\n", "Failed to unmarshal"),
        ("apiVersion: v1\nmetadata: {}\n# kind:\n", "Kind"),
    ],
)
def test_a_file_that_looks_like_a_manifest_and_is_none_fails_the_application(bench, content, message) -> None:
    bench.repository.write({"web/a.yaml": content})
    result = bench.one({"path": "web"})
    assert message in result.failure
    assert "web/a.yaml" in result.failure


def test_json_holds_one_object(bench) -> None:
    bench.repository.write({"web/a.json": '{"kind": "A", "apiVersion": "v1"} {"kind": "B", "apiVersion": "v1"}'})
    assert "multiple objects" in bench.one({"path": "web"}).failure


def test_jsonnet_is_undetermined(bench) -> None:
    bench.repository.write({"web/a.jsonnet": "{}", "web/b.yaml": config_map("b")})
    result = bench.one({"path": "web"})
    assert result.undetermined
    assert "jsonnet" in result.undetermined.reason


def test_namespaces_come_from_the_destination_where_the_scope_is_known(bench) -> None:
    cluster = "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns, namespace: wrong}\n"
    own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own, namespace: other}\n"
    unknown = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
    bench.repository.write({"web/a.yaml": f"{config_map('a')}---\n{cluster}---\n{own}---\n{unknown}"})
    result = bench.one({"path": "web"})
    assert [(item.name, item.namespace) for item in result.objects] == [("a", "team"), ("ns", ""), ("own", "other"), ("w", "")]


def test_a_kind_whose_crd_is_rendered_beside_it_has_a_known_scope(bench) -> None:
    crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: w}\n"
    crd += "spec: {group: example.com, scope: Namespaced, names: {kind: Widget}}\n"
    bench.repository.write({"web/a.yaml": crd, "web/b.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"})
    assert bench.one({"path": "web"}).objects[1].namespace == "team"


def test_the_index_is_rendered_as_it_is_staged_not_as_it_lies(bench) -> None:
    bench.repository.write({"web/a.yaml": config_map("staged")})
    (bench.repository.path / "web/a.yaml").write_text(config_map("changed"))
    assert bench.names({"path": "web"}, stored=True) == ["staged"]
    assert bench.names({"path": "web"}) == ["changed"]


def test_more_than_argo_cd_reads_by_default_is_undetermined(bench) -> None:
    bench.repository.write({f"web/{number}.yaml": config_map(f"a{number}") + f"# {'x' * 2_000_000}\n" for number in range(6)})
    lacking = bench.one({"path": "web"}).undetermined
    assert lacking
    assert "10M" in lacking.needs
    for number in range(3):
        bench.repository.write({f"web/{number}.yaml": f"# +argocd:skip-file-rendering {'x' * 2_000_000}\n"})
    assert bench.names({"path": "web"}) == ["a3", "a4", "a5"]
