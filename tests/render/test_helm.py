"""Charts of the repository, with values in Argo CD's order of precedence."""

import pytest

from gitguard.render.plans import Cluster
from tests.render.conftest import config_map

IT = "{{ .Values.it }}"


def it(bench, helm, source=None, **options):
    return bench.manifest({"path": "charts/web", "helm": helm, **(source or {})}, **options)["data"]["it"]


def test_release_and_namespace_are_the_applications_unless_it_says_otherwise(chart) -> None:
    bench = chart()
    assert bench.manifest({"path": "charts/web"})["metadata"] == {"name": "web", "namespace": "team"}
    named = {"path": "charts/web", "helm": {"releaseName": "r", "namespace": "n1"}}
    assert bench.manifest(named)["metadata"] == {"name": "r", "namespace": "n1"}


def test_the_name_of_a_release_is_checked(chart) -> None:
    assert "invalid release name" in chart().one({"path": "charts/web"}, name="Bad_Name").failure


VALUES = {"charts/web/values.yaml": "it: chart\n", "charts/web/a.yaml": "it: a\n", "charts/web/b.yaml": "it: b\n", "env/prod.yaml": "it: prod\n"}


@pytest.mark.parametrize(
    ("helm", "expected"),
    [
        ({"releaseName": "x"}, "chart"),
        ({"valueFiles": ["a.yaml", "b.yaml"]}, "b"),
        ({"valueFiles": ["b.yaml", "a.yaml"]}, "a"),
        ({"valueFiles": ["/env/prod.yaml"]}, "prod"),
        ({"valueFiles": ["../../env/$ENV.yaml", "../../env/prod.yaml"], "ignoreMissingValueFiles": True}, "prod"),
        ({"valueFiles": ["a.yaml"], "values": "it: inline"}, "inline"),
        ({"values": "it: inline", "valuesObject": {"it": "object"}}, "object"),
        ({"valuesObject": {"it": "object"}, "parameters": [{"name": "it", "value": "parameter"}]}, "parameter"),
        ({"parameters": [{"name": "it", "value": "1"}, {"name": "it", "value": "2"}]}, "2"),
        ({"parameters": [{"name": "it", "value": "$ARGOCD_APP_NAME"}]}, "web"),
        ({"parameters": [{"name": "it", "value": "a,b"}]}, "a,b"),
        ({"parameters": [{"name": "it", "value": "{a,b}"}]}, "[a b]"),
        ({"parameters": [{"name": "it", "value": "plain"}], "fileParameters": [{"name": "it", "path": "a.yaml"}]}, "it: a"),
        ({"valueFiles": ["*.yaml"]}, "chart"),
        ({"valueFiles": ["[ab].yaml"]}, "b"),
        ({"valueFiles": ["/**/prod.yaml"]}, "prod"),
        ({"valueFiles": ["[ab].yaml", "a.yaml"]}, "a"),
        ({"valueFiles": ["none*.yaml"], "ignoreMissingValueFiles": True}, "chart"),
    ],
)
def test_values_in_order_of_precedence(chart, helm, expected) -> None:
    files = {path: content for path, content in VALUES.items() if "*.yaml" not in helm.get("valueFiles", ()) or path.endswith("values.yaml")}
    files["charts/web/Chart.yaml"] = "apiVersion: v2\nname: web-chart\nversion: 1.0.0\n"
    bench = chart(files, IT)
    assert it(bench, helm).strip() == expected


@pytest.mark.parametrize(("force", "expected"), [(False, "float64 int64"), (True, "string")])
def test_force_string_keeps_a_number_text(chart, force, expected) -> None:
    bench = chart(data="{{ kindOf .Values.it }}")
    assert it(bench, {"parameters": [{"name": "it", "value": "5", "forceString": force}]}) in expected


def test_nested_parameters_join_the_values(chart) -> None:
    bench = chart({"charts/web/values.yaml": "a: {b: {c: 1, d: 2}}\n"}, "{{ .Values.a.b.c }}{{ .Values.a.b.d }}")
    assert it(bench, {"parameters": [{"name": "a.b.c", "value": "7"}]}) == "72"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["no.yaml"], "does not exist"),
        (["no*.yaml"], "matched no files"),
        (["../../../x.yaml"], "leads out of the repository"),
        (["/../x"], "leads out"),
    ],
)
def test_values_files_that_are_refused(chart, files, message) -> None:
    assert message in chart().one({"path": "charts/web", "helm": {"valueFiles": files}}).failure


@pytest.mark.parametrize("file", ["https://u:secret@example.com/v.yaml", "secrets://v.yaml", "s3://bucket/v.yaml"])
def test_values_files_elsewhere_are_undetermined(chart, file) -> None:
    lacking = chart().one({"path": "charts/web", "helm": {"valueFiles": [file]}}).undetermined
    assert lacking
    assert "secret@" not in lacking.reason


def test_values_files_of_another_source_are_found_by_its_ref(chart) -> None:
    bench = chart({**VALUES}, IT)
    source = {"path": "charts/web", "helm": {"valueFiles": ["$cfg/env/$ARGOCD_APP_NAME.yaml", "$cfg/env/*.yaml"], "ignoreMissingValueFiles": True}}
    (result,) = bench.render([source, {"ref": "cfg"}])
    assert result.objects[0].manifest["data"]["it"] == "prod"


@pytest.mark.parametrize(
    ("ref", "failure", "undetermined"),
    [
        ({"path": "env"}, "no source has a 'ref' field defined", ""),
        ({"ref": "other"}, "which is not one of the available sources ($other)", ""),
        ({"ref": "cfg", "chart": "c"}, "'chart' field defined", ""),
        ({"ref": "cfg", "repoURL": "https://github.com/other/values"}, "", "another repository"),
        ({"ref": "cfg", "targetRevision": "v2"}, "", "one revision for both"),
    ],
)
def test_refs_that_do_not_resolve(chart, ref, failure, undetermined) -> None:
    results = chart(VALUES, IT).render([{"path": "charts/web", "helm": {"valueFiles": ["$cfg/env/prod.yaml"]}}, ref])
    assert failure in results[0].failure
    assert bool(undetermined) == bool(results[0].undetermined)


PARTS = {
    "charts/web/crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: crd}\n",
    "charts/web/templates/t.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: 'test, pre-install'}}\n",
    "charts/web/templates/h.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n",
    "charts/web/templates/NOTES.txt": "notes",
    "charts/web/templates/_helpers.tpl": '{{ define "x" }}y{{ end }}',
    "charts/web/templates/off.yaml": "{{ if .Values.never }}\nkind: X\n{{ end }}",
}


@pytest.mark.parametrize(
    ("helm", "expected"),
    [({}, ["crd", "hook", "test", "web"]), ({"skipCrds": True}, ["hook", "test", "web"]), ({"skipTests": True}, ["crd", "hook", "web"])],
)
def test_crds_hooks_and_tests_are_included_unless_skipped_and_notes_never(chart, helm, expected) -> None:
    assert sorted(chart(PARTS).names({"path": "charts/web", "helm": helm})) == expected


def test_each_object_knows_its_template(chart) -> None:
    origins = {item.name: item.origin.path for item in chart(PARTS).one({"path": "charts/web"}).objects}
    assert origins == {
        "crd": "charts/web/crds/c.yaml",
        "hook": "charts/web/templates/h.yaml",
        "test": "charts/web/templates/t.yaml",
        "web": "charts/web/templates/cm.yaml",
    }


def test_the_schema_of_values_is_enforced_unless_skipped(chart) -> None:
    bench = chart({"charts/web/values.schema.json": '{"required": ["x"]}'})
    assert "missing property" in bench.one({"path": "charts/web"}).failure
    assert bench.names({"path": "charts/web", "helm": {"skipSchemaValidation": True}}) == ["web"]


def test_the_version_of_kubernetes_is_the_clusters_unless_the_application_sets_it(chart) -> None:
    bench = chart(data="{{ .Capabilities.KubeVersion.Version }}")
    assert it(bench, {}, cluster=Cluster("1.31.0")) == "v1.31.0"
    assert it(bench, {"kubeVersion": "v1.29.3-gke.1"}, cluster=Cluster("1.31.0")) == "v1.29.3"
    assert "could not parse" in bench.one({"path": "charts/web", "helm": {"kubeVersion": "latest"}}).failure


def test_a_chart_for_another_version_of_kubernetes_is_refused(chart) -> None:
    bench = chart(metadata='kubeVersion: "<1.20"\n')
    assert "incompatible with Kubernetes" in bench.one({"path": "charts/web"}).failure
    assert bench.names({"path": "charts/web", "helm": {"kubeVersion": "1.19.0"}}) == ["web"]


def test_api_versions_are_assumed_and_said_to_be(chart) -> None:
    bench = chart(data='{{ .Capabilities.APIVersions.Has "example.com/v1/Widget" }}')
    result = bench.one({"path": "charts/web"}, cluster=Cluster("1.37.0", ("example.com/v1", "example.com/v1/Widget")))
    assert result.objects[0].manifest["data"]["it"] == "true"
    assert "API versions" in result.assumed[0]
    assert it(bench, {"apiVersions": ["apps/v1"]}, cluster=Cluster("1.37.0", ("example.com/v1/Widget",))) == "false"


def test_lookup_finds_nothing_and_is_said(chart) -> None:
    bench = chart(data='{{ lookup "v1" "Secret" "a" "b" | len }}')
    result = bench.one({"path": "charts/web"})
    assert result.objects[0].manifest["data"]["it"] == "0"
    assert "looks up" in result.assumed[0]


def test_an_old_helm_is_refused(chart) -> None:
    bench = chart()
    assert "helm version 'v2' is not supported" in bench.one({"path": "charts/web", "helm": {"version": "v2"}}).failure
    assert bench.names({"path": "charts/web", "helm": {"version": "v3"}}) == ["web"]


def test_a_library_chart_is_refused(chart) -> None:
    assert "library" in chart(metadata="type: library\n").one({"path": "charts/web"}).failure


SUB = {"Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "templates/s.yaml": config_map("sub")}
DEPENDS = "dependencies: [{{name: sub, version: 1.0.0, repository: '{}', condition: sub.enabled}}]\n"


def test_vendored_dependencies_are_rendered_where_their_condition_holds(chart) -> None:
    bench = chart({f"charts/web/charts/sub/{path}": content for path, content in SUB.items()}, metadata=DEPENDS.format("https://charts.example"))
    result = bench.one({"path": "charts/web"})
    assert {item.name: item.origin.path for item in result.objects}["sub"] == "charts/web/charts/sub/templates/s.yaml"
    assert bench.names({"path": "charts/web", "helm": {"valuesObject": {"sub": {"enabled": False}}}}) == ["web"]


def test_dependencies_that_lie_elsewhere_in_the_repository_are_put_in_place(chart) -> None:
    bench = chart({f"charts/sub/{path}": content for path, content in SUB.items()}, metadata=DEPENDS.format("file://../sub"))
    result = bench.one({"path": "charts/web"})
    assert {item.name: item.origin.path for item in result.objects} == {"sub": "charts/sub/templates/s.yaml", "web": "charts/web/templates/cm.yaml"}
    assert result.reads.touches("charts/sub/templates/s.yaml")


def test_dependencies_that_would_be_downloaded_are_undetermined(chart) -> None:
    lacking = chart(metadata=DEPENDS.format("https://u:secret@charts.example")).one({"path": "charts/web"}).undetermined
    assert lacking
    assert "depends on sub" in lacking.reason
    assert "secret" not in lacking.reason


def test_a_dependency_outside_the_repository_is_refused(chart) -> None:
    assert "leads out of the repository" in chart(metadata=DEPENDS.format("file://../../../sub")).one({"path": "charts/web"}).failure


@pytest.mark.parametrize(
    ("template", "message"),
    [('{{ fail "no way" }}', "no way"), ('{{ required "give me it" .Values.it }}', "give me it"), ("{{ if }}", "missing value for if"), ("a: [", "")],
)
def test_a_template_that_fails_tells_what_and_where(chart, template, message) -> None:
    failure = chart({"charts/web/templates/x.yaml": template}).one({"path": "charts/web"}).failure
    assert message in failure
    assert "x.yaml" in failure or template == "a: ["
    assert failure
    assert "/tmp" not in failure
