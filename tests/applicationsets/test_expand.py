"""ApplicationSets to Applications: every kind of generator, and what is refused or not known."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.applicationsets import Cluster, Expansion, expand
from tests.applicationsets.worlds import DEV, PROD, git, listed, manifest, world


def names(made: Expansion) -> list[str]:
    return sorted(one.manifest["metadata"].get("name", "") for one in made.applications)


def only(made: Expansion) -> Any:
    (one,) = made.applications
    return one.manifest


def complained(made: Expansion) -> list[tuple[str, bool]]:
    return [(complaint.pointer, complaint.stops) for complaint in made.complaints]


def test_a_list() -> None:
    made = expand(manifest(listed({"name": "a"}, {"name": "b"})), world())
    assert names(made) == ["a", "b"]
    assert not made.unknown
    assert not made.complaints
    first = made.applications[0]
    assert first.pointer == "/spec/generators/0/list"
    assert first.parameters == {"name": "a"}
    assert first.manifest["kind"] == "Application"
    assert first.manifest["metadata"] == {"name": "a", "namespace": "argocd", "finalizers": ["resources-finalizer.argocd.argoproj.io"]}


def test_elements_yaml_of_a_matrix() -> None:
    inner = {"list": {"elementsYaml": "{{ .items | toJson }}"}}
    made = expand(
        manifest({"matrix": {"generators": [listed({"items": [{"name": "x"}, {"name": "y"}]}), inner]}}, goTemplate=True, name="{{ .name }}"), world()
    )
    assert names(made) == ["x", "y"]


def test_directories_without_hidden_ones() -> None:
    made = expand(
        manifest(git(directories=[{"path": "apps/*"}, {"path": "apps/api", "exclude": True}]), name="{{path.basename}}-{{path[0]}}-{{path[7]}}"),
        world(),
    )
    assert names(made) == ["web-apps-{{path[7]}}"]


def test_directories_in_go_templates() -> None:
    source = git(directories=[{"path": "apps/*"}], pathParamPrefix="dir", values={"team": "t-{{ .dir.path.basename }}"})
    made = expand(manifest(source, goTemplate=True, name="{{ .values.team }}-{{ index .dir.path.segments 0 }}"), world())
    assert names(made) == ["t-api-apps", "t-web-apps"]


def test_files_flat_and_nested() -> None:
    flat = expand(manifest(git(files=[{"path": "apps/*/app.yaml"}]), name="{{name}}-{{port}}-{{team.name}}-{{path.basename}}"), world())
    # git's star crosses slashes and knows nothing of hidden folders.
    assert names(flat) == ["api-9090-{{team.name}}-api", "hidden-{{port}}-{{team.name}}-.hidden", "web-8080-a-web"]
    nested = expand(manifest(git(files=[{"path": "list.json"}]), goTemplate=True, name="{{ .name }}-{{ .path.filename }}"), world())
    assert names(nested) == ["one-list.json", "two-list.json"]


def test_globbing_of_files_old_and_new() -> None:
    pattern = manifest(git(files=[{"path": "*.yaml"}, {"path": "broken.yaml", "exclude": True}]))
    assert names(expand(pattern, world())) == ["api", "hidden", "web"]
    assert names(expand(pattern, world(doublestar=True))) == []
    assert names(expand(manifest(git(files=[{"path": "apps/**/app.yaml"}])), world(doublestar=True))) == ["api", "hidden", "web"]
    refused = expand(manifest(git(files=[{"path": "apps/*"}])), world(doublestar=True))
    assert complained(refused) == [("/spec/generators/0/git/files/0/path", True)]


def test_a_file_that_can_not_be_read() -> None:
    assert complained(expand(manifest(git(files=[{"path": "broken.yaml"}])), world())) == [("/spec/generators/0/git", True)]


def test_clusters() -> None:
    made = expand(
        manifest({"clusters": {"values": {"x": "{{name}}!"}}}, name="{{nameNormalized}}-{{metadata.labels.env}}-{{project}}-{{values.x}}"), world()
    )
    assert names(made) == ["dev-2-dev-team-Dev_2!", "in-cluster-{{metadata.labels.env}}--in-cluster!", "prod-prod--prod!"]
    selected = expand(manifest({"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}), world())
    assert names(selected) == ["prod"]
    local = Cluster("local", "https://kubernetes.default.svc", labels={}, annotations={})
    assert names(expand(manifest({"clusters": {}}), world(clusters=(local,)))) == ["local"]
    flat = expand(manifest({"clusters": {"flatList": True}}, goTemplate=True, name="{{ range .clusters }}{{ .name }},{{ end }}"), world())
    assert names(flat) == ["prod,Dev_2,in-cluster,"]


def test_annotations_of_argo_cd_are_no_parameters() -> None:
    made = expand(
        manifest({"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}, goTemplate=True, name="{{ .metadata.annotations }}"), world()
    )
    assert names(made) == ["map[owner:a]"]


def test_clusters_that_are_not_known() -> None:
    assert not expand(manifest({"clusters": {}}), world(clusters=None)).applications
    half = (Cluster("prod", "https://prod.example"),)
    assert names(expand(manifest({"clusters": {}}), world(clusters=half))) == ["in-cluster", "prod"]
    selected = expand(manifest({"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}), world(clusters=half))
    assert [unknown.pointer for unknown in selected.unknown] == ["/spec/generators/0/clusters/selector"]
    for go, name in ((False, "{{name}}{{metadata.labels.env}}"), (True, "{{ .name }}{{ .metadata.labels.env }}")):
        asked = expand(manifest({"clusters": {}}, goTemplate=go, goTemplateOptions=["missingkey=zero"], name=name), world(clusters=half))
        assert [unknown.pointer for unknown in asked.unknown] == ["/spec/template/metadata/name"]


def test_a_matrix() -> None:
    made = expand(
        manifest(
            {"matrix": {"generators": [listed({"env": "prod"}), {"clusters": {"selector": {"matchLabels": {"env": "{{env}}"}}}}]}},
            name="{{name}}-{{env}}",
        ),
        world(),
    )
    assert names(made) == ["prod-prod"]
    clash = expand(manifest({"matrix": {"generators": [listed({"env": "a"}), listed({"env": "b"})]}}), world())
    assert complained(clash) == [("/spec/generators/0/matrix", True)]
    go = expand(
        manifest(
            {"matrix": {"generators": [listed({"name": "a", "x": {"p": 1}}), listed({"name": "b", "x": {"p": 2, "q": 3}})]}},
            goTemplate=True,
            name="{{ .name }}{{ .x }}",
        ),
        world(),
    )
    assert names(go) == ["amap[p:1 q:3]"]


def test_a_merge() -> None:
    made = expand(
        manifest(
            {
                "merge": {
                    "mergeKeys": ["name"],
                    "generators": [{"clusters": {"values": {"path": "base"}}}, listed({"name": "prod", "values.path": "own"})],
                }
            },
            name="{{name}}-{{values.path}}",
        ),
        world(),
    )
    assert names(made) == ["Dev_2-base", "in-cluster-base", "prod-own"]


@pytest.mark.parametrize(
    ("generator", "pointer"),
    [
        ({"matrix": {"generators": [listed()]}}, "/spec/generators/0/matrix/generators"),
        ({"matrix": {"generators": [listed(), listed(), listed()]}}, "/spec/generators/0/matrix/generators"),
        ({"matrix": {"generators": [listed({"a": "b"}), {}]}}, "/spec/generators/0/matrix/generators/1"),
        ({"merge": {"generators": [listed()], "mergeKeys": ["x"]}}, "/spec/generators/0/merge/generators"),
        ({"merge": {"generators": [listed(), listed()]}}, "/spec/generators/0/merge"),
        ({"merge": {"generators": [listed({"a": "1"}, {"a": "2"}), listed()], "mergeKeys": ["x"]}}, "/spec/generators/0/merge"),
        (
            {"matrix": {"generators": [{"matrix": {"generators": [{"matrix": {}}, listed()]}}, listed()]}},
            "/spec/generators/0/matrix/generators/0/matrix/generators/0",
        ),
        ({"matrix": {"generators": [{**listed(), "clusters": {}}, listed()]}}, "/spec/generators/0/matrix/generators/0"),
        (listed({"a": 1}), "/spec/generators/0/list/elements/0/a"),
        ({**listed(), "selector": {"matchLabels": {"a b": "x"}}}, "/spec/generators/0/selector"),
        ({"clusters": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}}, "/spec/generators/0/clusters/selector"),
        (git(), "/spec/generators/0/git"),
        (git(files=[{"path": "../x"}]), "/spec/generators/0/git/files/0/path"),
        (["no mapping"], "/spec/generators/0"),
    ],
)
def test_what_stops_the_set(generator: Any, pointer: str) -> None:
    assert complained(expand(manifest(generator), world())) == [(pointer, True)]


@pytest.mark.parametrize(
    ("generator", "kind"),
    [
        ({"scmProvider": {}}, "scmProvider"),
        ({"pullRequest": {}}, "pullRequest"),
        ({"plugin": {}}, "plugin"),
        ({"clusterDecisionResource": {}}, "clusterDecisionResource"),
        ({"oci": {}}, "oci"),
        ({"git": {"repoURL": "https://elsewhere", "revision": "HEAD", "directories": [{"path": "*"}]}}, "git"),
        (git(revision="other", directories=[{"path": "*"}]), "git"),
    ],
)
def test_what_is_outside(generator: Any, kind: str) -> None:
    made = expand(manifest(generator, listed({"name": "a"})), world())
    assert [unknown.pointer for unknown in made.unknown] == [f"/spec/generators/0/{kind}"]
    assert names(made) == ["a"]
    assert all(unknown.needs for unknown in made.unknown)


def test_selectors_over_parameters() -> None:
    elements = listed({"name": "a", "values": {"env": "prod"}}, {"name": "b", "values": {"env": "https://a b"}})
    for go, name in ((False, "{{name}}"), (True, "{{ .name }}")):
        made = expand(manifest({**elements, "selector": {"matchLabels": {"values.env": "https://a b"}}}, goTemplate=go, name=name), world())
        assert names(made) == ["b"]


def test_the_template_of_a_generator() -> None:
    own = {"metadata": {"labels": {"own": "yes"}}, "spec": {"source": {"path": "own"}, "project": ""}}
    made = only(expand(manifest({"list": {"elements": [{"name": "a"}], "template": own}}), world()))
    assert made["metadata"]["labels"] == {"own": "yes"}
    assert made["spec"]["source"]["path"] == "own"
    assert made["spec"]["source"]["repoURL"].endswith("here.git")
    assert made["spec"]["project"] == "team"


def test_a_patch_changes_everything_but_the_project() -> None:
    patch = "metadata: {labels: {a: '{{name}}'}}\nspec: {project: other, syncPolicy: {automated: {prune: true}}}\n"
    made = only(expand(manifest(listed({"name": "a"}), templatePatch=patch), world()))
    assert made["metadata"]["labels"] == {"a": "a"}
    assert made["spec"]["project"] == "team"
    assert made["spec"]["syncPolicy"] == {"automated": {"prune": True}}
    for broken in ("text", "- a", "a: [", '{"a"', "spec: {destination: {$patch: what}}"):
        assert complained(expand(manifest(listed({"name": "a"}), templatePatch=broken), world())) == [("/spec/templatePatch", True)]


def test_without_parameters_the_template_stays() -> None:
    made = only(expand(manifest(listed({})), world()))
    assert made["metadata"] == {"name": "{{name}}", "namespace": "argocd"}


def test_finalizers_are_left_out_where_resources_are_preserved() -> None:
    made = only(expand(manifest(listed({"name": "a"}), syncPolicy={"preserveResourcesOnDeletion": True}), world()))
    assert "finalizers" not in made["metadata"]


def test_single_applications_that_are_not_made() -> None:
    twice = expand(manifest(listed({"name": "a"}, {"name": "a"})), world())
    assert complained(twice) == [("/spec/template/metadata/name", False)]
    assert "none of them" in twice.complaints[0].message
    assert complained(expand(manifest(listed({"name": ""})), world())) == [("/spec/template/metadata/name", False)]
    gone = expand(manifest(listed({"name": "a"})), world(has_project=lambda name: False))
    assert complained(gone) == [("/spec/template/spec/project", False)]


def test_a_git_generator_needs_the_project_of_the_set() -> None:
    made = expand(manifest(git(directories=[{"path": "apps/*"}])), world(has_project=lambda name: False))
    assert complained(made) == [("/spec/template/spec/project", True)]


def test_a_template_error_leaves_the_others() -> None:
    made = expand(manifest(listed({"name": "a"}, {}), goTemplate=True, goTemplateOptions=["missingkey=error"], name="{{ .name }}"), world())
    assert names(made)[0] == "a" or names(made) == ["a", "{{ .name }}"]
    two = expand(manifest(listed({"name": "a"}, {"x": "y"}), goTemplate=True, goTemplateOptions=["missingkey=error"], name="{{ .name }}"), world())
    assert names(two) == ["a"]
    assert complained(two) == [("/spec/template/metadata/name", True)]


def test_templates_that_change_their_parameters() -> None:
    change = '{{ $_ := set . "name" "other" }}{{ .name }}'
    made = expand(manifest(listed({"name": "a"}), goTemplate=True, name=change), world())
    assert [unknown.pointer for unknown in made.unknown] == ["/spec/template/metadata/name"]
    fresh = '{{ $d := dict "name" "own" }}{{ $_ := set $d "name" "other" }}{{ $d.name }}'
    assert names(expand(manifest(listed({"name": "a"}), goTemplate=True, name=fresh), world())) == ["other"]
    patch = f"metadata: {{labels: {{x: '{change}'}}}}"
    assert only(expand(manifest(listed({"name": "a"}), goTemplate=True, name="{{ .name }}", templatePatch=patch), world()))["metadata"]["labels"] == {
        "x": "other"
    }


def test_huge_matrices_are_not_made() -> None:
    many = listed(*({"name": str(number)} for number in range(300)))
    more = listed(*({"other": str(number)} for number in range(300)))
    made = expand(manifest({"matrix": {"generators": [many, more]}}), world())
    assert made.unknown
    assert not made.applications


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "{{name}}", "{{ .name }}", "{{", "*", "a/*", "\ud800", "{{ toYaml . }}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "spec",
                    "metadata",
                    "name",
                    "generators",
                    "template",
                    "list",
                    "elements",
                    "git",
                    "directories",
                    "files",
                    "path",
                    "matrix",
                    "merge",
                    "mergeKeys",
                    "clusters",
                    "selector",
                    "matchLabels",
                    "matchExpressions",
                    "values",
                    "goTemplate",
                    "goTemplateOptions",
                    "templatePatch",
                    "elementsYaml",
                    "repoURL",
                    "revision",
                    "source",
                    "labels",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(_JSON, _JSON, st.booleans())
@settings(max_examples=300, deadline=None)
def test_no_manifest_is_an_exception(generators: Any, template: Any, go: bool) -> None:
    body = {"spec": {"generators": generators if isinstance(generators, list) else [generators], "template": template, "goTemplate": go}}
    for context in (world(), world(clusters=(PROD._replace(labels=None), DEV)), world(doublestar=True)):
        made = expand(body, context)
        assert all(one.manifest["kind"] == "Application" for one in made.applications)
        assert expand(body, context) == made


@given(st.lists(st.dictionaries(st.sampled_from(["name", "env", "x"]), st.sampled_from(["a", "b", "{{name}}"]), min_size=1), max_size=5))
def test_as_many_applications_as_elements(elements: list[dict[str, str]]) -> None:
    made = expand(manifest(listed(*elements)), world())
    assert len(made.applications) == len(elements)
    assert [dict(one.parameters) for one in made.applications] == elements
