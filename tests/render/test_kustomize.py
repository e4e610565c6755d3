"""Kustomizations, with the Application's own options applied as `kustomize edit` would."""

import re
from typing import Any

import pytest

from gitguard.render.plans import Cluster
from tests.render.conftest import config_map

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: d, labels: {own: x}}
spec:
  replicas: 1
  selector: {matchLabels: {app: d}}
  template:
    metadata: {labels: {app: d}}
    spec: {containers: [{name: c, image: "nginx:1"}]}
"""
FILES = {"web/kustomization.yaml": "resources: [d.yaml]\n", "web/d.yaml": DEPLOYMENT}


def built(bench, options: dict[str, Any], kustomization: str = "resources: [d.yaml]\n") -> Any:
    bench.repository.write({**FILES, "web/kustomization.yaml": kustomization})
    return bench.manifest({"path": "web", "kustomize": options})


def image(manifest: Any) -> str:
    return manifest["spec"]["template"]["spec"]["containers"][0]["image"]


def test_prefix_and_suffix_replace_those_of_the_kustomization(bench) -> None:
    manifest = built(bench, {"namePrefix": "p-", "nameSuffix": "-s"}, "resources: [d.yaml]\nnamePrefix: old-\n")
    assert manifest["metadata"]["name"] == "p-d-s"


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (["nginx=registry/nginx:2"], "registry/nginx:2"),
        (["nginx:3"], "nginx:3"),
        (["nginx@sha256:abc"], "nginx@sha256:abc"),
        (["nginx=other"], "other:7"),
        (["nginx=*:9"], "mirror/nginx:9"),
        (["nginx=x/$ARGOCD_APP_NAME:${ARGOCD_APP_NAMESPACE}"], "x/web:team"),
        (["redis:1"], "mirror/nginx:7"),
        (["nginx=quay.io:5000/a/b"], "quay.io:5000/a/b:1"),
        (["nginx=quay.io:5000/a/b:2@sha256:abc"], "quay.io:5000/a/b:2@sha256:abc"),
        (["nginx:4@sha256:abc"], "nginx:4@sha256:abc"),
        (["nginx=*:*"], "mirror/nginx:7"),
        (["nginx:*"], "nginx:7"),
        (["nginx="], "nginx:1"),
        (["=nginx:5"], "nginx:5"),
        (["nginx:5", "nginx:6"], "nginx:6"),
    ],
)
def test_images_replace_those_of_the_same_name(bench, images, expected) -> None:
    own = "resources: [d.yaml]\nimages: [{name: nginx, newName: mirror/nginx, newTag: '7'}]\n"
    if expected == "other:7":
        # Of an image that is named again nothing is kept, unless it is asked for by `*`.
        expected = "other:1"
    assert image(built(bench, {"images": images}, own)) == expected


@pytest.mark.parametrize("written", ["nginx", "", "quay.io:5000/nginx"])
def test_an_image_without_tag_or_digest_is_refused(bench, written) -> None:
    bench.repository.write(FILES)
    assert "is no image" in bench.one({"path": "web", "kustomize": {"images": [written]}}).failure


def test_what_an_image_keeps_by_a_star_loses_the_suffix_of_its_tag(bench) -> None:
    own = "resources: [d.yaml]\nimages: [{name: nginx, newName: '*', newTag: '7', tagSuffix: -x}]\n"
    assert image(built(bench, {"images": ["redis:1"]}, own)) == "nginx:7"


@pytest.mark.parametrize(
    ("options", "refusal"),
    [
        ({"images": ["-x:1"]}, "for an option"),
        ({"replicas": [{"name": "-d", "count": 1}]}, "for an option"),
        ({"commonLabels": {"-f": "x"}}, "for an option"),
        ({"components": ["-x"]}, "for an option|no match"),
        ({"replicas": [{"name": "d", "count": "1_0"}]}, "expected integer value"),
        ({"replicas": [{"name": "a=b", "count": 1}]}, "invalid format of replica"),
        ({"commonAnnotations": {"": "x"}}, "need k:v pair"),
        ({"components": [""]}, "no match"),
        ({"components": ["."]}, "cycle"),
        ({"components": ["["]}, "syntax error in pattern"),
        ({"components": ["parts/*"]}, "no match"),
    ],
)
def test_what_kustomize_edit_refuses(bench, options, refusal) -> None:
    bench.repository.write(FILES)
    assert re.search(refusal, bench.one({"path": "web", "kustomize": options}).failure)


@pytest.mark.parametrize(
    ("kustomization", "options"),
    [
        ("a: [\n", {"namePrefix": "x-"}),
        ("[]\n", {"namePrefix": "x-"}),
        ("# nothing\n", {"patches": [{"path": "p.yaml"}]}),
        ("resources: [d.yaml]\nimages: [nginx]\n", {"images": ["nginx:2"]}),
        ("resources: [d.yaml]\nimages: [{name: nginx, tag: '3'}]\n", {"images": ["nginx:2"]}),
        ("resources: [d.yaml]\nreplicas: [{name: d, count: '3'}]\n", {"replicas": [{"name": "d", "count": 3}]}),
        ("resources: [d.yaml]\ncommonLabels: {a: 1}\n", {"commonLabels": {"a": "1"}, "forceCommonLabels": True}),
        ("resources: [d.yaml]\nnamePrefix: 5\n", {"namePrefix": "x-"}),
        ("resources: [d.yaml]\nbases: ../base\n", {"namePrefix": "x-"}),
        ("resources: [d.yaml]\nlabels: [{includeSelectors: false}]\n", {"commonLabels": {"a": "b"}, "labelWithoutSelector": True}),
    ],
)
def test_a_kustomization_that_kustomize_edit_cannot_read_is_not_mended_by_options(bench, kustomization, options) -> None:
    bench.repository.write({**FILES, "web/kustomization.yaml": kustomization, "web/p.yaml": DEPLOYMENT})
    assert bench.one({"path": "web", "kustomize": options}).failure


def test_fields_are_read_in_any_case(bench) -> None:
    own = "Resources: [d.yaml]\nIMAGES: [{Name: nginx, NEWTAG: '7'}]\nLabels: [{Pairs: {a: b}}]\nreplicas: [{Name: d, Count: 5}]\n"
    options = {"images": ["nginx=x:*"], "commonLabels": {"c": "d"}, "labelWithoutSelector": True, "replicas": [{"name": "d", "count": 2}]}
    manifest = built(bench, options, own)
    assert manifest["spec"]["replicas"] == 2
    assert (image(manifest), manifest["metadata"]["labels"]) == ("x:7", {"own": "x", "a": "b", "c": "d"})


@pytest.mark.parametrize(("count", "expected"), [(3, 3), ("4", 4)])
def test_replicas(bench, count, expected) -> None:
    manifest = built(bench, {"replicas": [{"name": "d", "count": count}]}, "resources: [d.yaml]\nreplicas: [{name: d, count: 9}]\n")
    assert manifest["spec"]["replicas"] == expected


def test_of_replicas_of_one_name_the_first_counts(bench) -> None:
    own = "resources: [d.yaml]\nreplicas: [{name: d, count: 3}, {name: d, count: 4}]\n"
    bench.repository.write({"web/e.yaml": DEPLOYMENT.replace("name: d,", "name: e,")})
    own = own.replace("d.yaml", "d.yaml, e.yaml")
    bench.repository.write({**FILES, "web/kustomization.yaml": own})
    result = bench.one({"path": "web", "kustomize": {"replicas": [{"name": "e", "count": "+6"}]}})
    assert [item.manifest["spec"]["replicas"] for item in result.objects] == [3, 6]


@pytest.mark.parametrize(
    ("value", "expected"), [("a,b:c", "a,b:c"), ('"q"', "q"), ('"', '"'), ("'s'", "'s'"), ("a:b", "a:b"), ("", ""), ("$NO", ""), ("$$x", "$x")]
)
def test_values_of_annotations_and_labels_arrive_whole(bench, value, expected) -> None:
    metadata = built(bench, {"commonAnnotations": {"a": value}, "commonAnnotationsEnvsubst": True, "commonLabels": {"l": value}})["metadata"]
    assert (metadata["annotations"]["a"], metadata["labels"]["l"]) == (expected, expected)


def test_labels_without_selector_join_the_first_entry_of_their_kind(bench) -> None:
    own = (
        "resources: [d.yaml]\nlabels: [{pairs: {team: sel}, includeSelectors: true}, {pairs: {team: old}, fields: [{path: spec/x, create: true}]}]\n"
    )
    bench.repository.write({**FILES, "web/kustomization.yaml": own})
    options = {"commonLabels": {"team": "new"}, "labelWithoutSelector": True}
    assert "team already in kustomization file" in bench.one({"path": "web", "kustomize": options}).failure
    manifest = built(bench, {**options, "forceCommonLabels": True}, own)
    assert (manifest["metadata"]["labels"]["team"], manifest["spec"]["x"]) == ("new", {"team": "new"})


def test_common_labels_go_into_selectors(bench) -> None:
    manifest = built(bench, {"commonLabels": {"team": "$ARGOCD_APP_NAME"}})
    assert manifest["metadata"]["labels"] == {"own": "x", "team": "web"}
    assert manifest["spec"]["selector"]["matchLabels"] == {"app": "d", "team": "web"}


def test_labels_without_selector_stay_out_of_them_and_of_templates(bench) -> None:
    manifest = built(bench, {"commonLabels": {"team": "a"}, "labelWithoutSelector": True})
    assert manifest["metadata"]["labels"]["team"] == "a"
    assert "team" not in manifest["spec"]["selector"]["matchLabels"]
    assert "team" not in manifest["spec"]["template"]["metadata"]["labels"]


def test_labels_may_be_included_in_templates(bench) -> None:
    manifest = built(bench, {"commonLabels": {"team": "a"}, "labelWithoutSelector": True, "labelIncludeTemplates": True})
    assert manifest["spec"]["template"]["metadata"]["labels"] == {"app": "d", "team": "a"}
    assert "team" not in manifest["spec"]["selector"]["matchLabels"]


def test_templates_without_the_other_option_are_refused(bench) -> None:
    bench.repository.write(FILES)
    result = bench.one({"path": "web", "kustomize": {"commonLabels": {"a": "b"}, "labelIncludeTemplates": True}})
    assert "--without-selector flag must be specified" in result.failure


@pytest.mark.parametrize("field", ["commonLabels", "commonAnnotations"])
def test_what_the_kustomization_has_already_is_replaced_by_force_only(bench, field) -> None:
    own = f"resources: [d.yaml]\n{field}: {{team: old}}\n"
    bench.repository.write({**FILES, "web/kustomization.yaml": own})
    force = f"force{field[0].upper()}{field[1:]}"
    assert "team already in kustomization file" in bench.one({"path": "web", "kustomize": {field: {"team": "new"}}}).failure
    metadata = bench.manifest({"path": "web", "kustomize": {field: {"team": "new"}, force: True}})["metadata"]
    assert metadata["labels" if field == "commonLabels" else "annotations"]["team"] == "new"


@pytest.mark.parametrize(("substitute", "expected"), [(True, "web"), (False, "$ARGOCD_APP_NAME")])
def test_annotations_are_substituted_where_that_is_asked_for(bench, substitute, expected) -> None:
    manifest = built(bench, {"commonAnnotations": {"by": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": substitute})
    assert manifest["metadata"]["annotations"] == {"by": expected}


def test_namespace_is_that_of_the_application_before_the_destinations(bench) -> None:
    assert built(bench, {"namespace": "mine"}, "resources: [d.yaml]\nnamespace: theirs\n")["metadata"]["namespace"] == "mine"
    assert bench.manifest({"path": "web"})["metadata"]["namespace"] == "theirs"


def test_patches_come_after_those_of_the_kustomization(bench) -> None:
    def patch(value: int) -> dict[str, Any]:
        return {"target": {"kind": "Deployment"}, "patch": f"- {{op: replace, path: /spec/replicas, value: {value}}}"}

    own = f"resources: [d.yaml]\npatches:\n- target: {{kind: Deployment}}\n  patch: '{patch(5)['patch']}'\n"
    assert built(bench, {"patches": [patch(6)]}, own)["spec"]["replicas"] == 6


def test_patches_that_are_null_are_refused_unless_an_edit_takes_them_away_before(bench) -> None:
    own = "resources: [d.yaml]\npatches:\n"
    bench.repository.write({**FILES, "web/kustomization.yaml": own, "web/p.yaml": "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: d}\n"})
    assert "to be a list" in bench.one({"path": "web", "kustomize": {"patches": [{"path": "p.yaml"}]}}).failure
    assert built(bench, {"patches": [{"path": "p.yaml"}], "namePrefix": "x-"}, own)["metadata"]["name"] == "x-d"


def test_patches_under_a_name_in_another_case_are_decoded_over(bench) -> None:
    patch = {"patch": "- {op: replace, path: /spec/replicas, value: 6}", "target": {"kind": "Deployment"}}
    own = "resources: [d.yaml]\nPatches: [{path: p.yaml}]\n"
    bench.repository.write({**FILES, "web/kustomization.yaml": own, "web/p.yaml": DEPLOYMENT})
    assert "patch and path can't be set at the same time" in bench.one({"path": "web", "kustomize": {"patches": [patch]}}).failure
    assert built(bench, {"patches": [patch], "namePrefix": "x-"}, own)["spec"]["replicas"] == 6


def test_a_patch_has_the_fields_only_that_an_application_can_have(bench) -> None:
    patch = {"patch": "- {op: replace, path: /spec/replicas, value: 6}", "target": {"kind": "Deployment", "nope": "x"}, "nope": 1}
    assert built(bench, {"patches": [patch]})["spec"]["replicas"] == 6


def test_a_patch_by_path_is_read_from_the_folder(bench) -> None:
    bench.repository.write({"web/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 8}\n"})
    assert built(bench, {"patches": [{"path": "p.yaml"}]})["spec"]["replicas"] == 8


COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -{}\n"


def test_components_are_added(bench) -> None:
    bench.repository.write({f"components/{name}/kustomization.yaml": COMPONENT.format(name) for name in ("a", "b")})
    assert built(bench, {"components": ["../components/a", "../components/b"]})["metadata"]["name"] == "d-a-b"


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        (["../components/*"], "d-a-b"),
        (["../components/[b]", "../components/a", "../components/b"], "d-b-a"),
        (["../*/a"], "d-a"),
        (["../components/a", "../components/a"], "d-a"),
        (["parts/?"], "d-x"),
        (["../[c]"], "d-c"),
        (["../components/.*"], "d-h"),
    ],
)
def test_components_may_be_globs(bench, components, expected) -> None:
    folders = {"components/a": "a", "components/b": "b", "components/.h": "h", "web/parts/x": "x", "[c]": "c"}
    bench.repository.write({f"{folder}/kustomization.yaml": COMPONENT.format(name) for folder, name in folders.items()})
    assert built(bench, {"components": components})["metadata"]["name"] == expected


def test_a_missing_component_is_refused(bench) -> None:
    bench.repository.write(FILES)
    assert "../no has no match" in bench.one({"path": "web", "kustomize": {"components": ["../no"]}}).failure


def test_of_components_that_may_be_missing_only_the_first_that_exists_is_added(bench) -> None:
    bench.repository.write({f"components/{name}/kustomization.yaml": COMPONENT.format(name) for name in ("a", "b")})
    options = {"components": ["../no", "../components/a", "../components/b"], "ignoreMissingComponents": True}
    assert built(bench, options)["metadata"]["name"] == "d-a"


def test_options_need_exactly_one_kustomization_file(bench) -> None:
    bench.repository.write({"web/d.yaml": DEPLOYMENT})
    assert "kustomization file" in bench.one({"path": "web", "kustomize": {"namePrefix": "x"}}).failure


def test_two_applications_with_options_of_their_own_share_a_folder(bench) -> None:
    bench.repository.write(FILES)
    from tests.render.conftest import application

    manifests = [application({"path": "web", "kustomize": {"nameSuffix": f"-{name}"}}, name) for name in ("a", "b")]
    assert [result.objects[0].name for result in bench.render([*manifests, application({"path": "web"})])] == ["d-a", "d-b", "d"]


def test_each_object_knows_the_file_that_made_it_and_no_trace_of_that_is_left(bench) -> None:
    top = "resources: [../base, own.yaml]\nconfigMapGenerator: [{name: g, literals: [a=b], options: {disableNameSuffixHash: true}}]\n"
    bench.repository.write({"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": DEPLOYMENT})
    bench.repository.write({"web/kustomization.yaml": top, "web/own.yaml": config_map("own")})
    result = bench.one({"path": "web"})
    assert {item.name: item.origin.path for item in result.objects} == {
        "d": "base/d.yaml",
        "own": "web/own.yaml",
        "g": "web/kustomization.yaml",
    }
    assert "annotations" not in result.objects[0].manifest["metadata"]


def test_origin_annotations_are_not_copied_by_a_patch_that_copies_all_annotations(bench) -> None:
    patch = (
        "- {op: add, path: /metadata/annotations/a, value: b}\n- {op: copy, from: /metadata/annotations, path: /spec/template/metadata/annotations}\n"
    )
    bench.repository.write(
        {**FILES, "web/kustomization.yaml": "resources: [d.yaml]\npatches: [{target: {kind: Deployment}, path: p.yaml}]\n", "web/p.yaml": patch}
    )
    assert "config.kubernetes.io/origin" not in repr(bench.manifest({"path": "web"}))


def test_what_a_build_reads_is_known(bench) -> None:
    top = "resources: [../base]\npatches: [{path: p.yaml}]\nconfigMapGenerator: [{name: g, files: [k=f.txt], envs: [e.env]}]\n"
    bench.repository.write({"base/kustomization.yaml": "resources: [d.yaml]\n", "base/d.yaml": DEPLOYMENT, "base/unused.yaml": "x: y\n"})
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 2}\n"
    bench.repository.write({"web/kustomization.yaml": top, "web/p.yaml": patch, "web/f.txt": "f", "web/e.env": "A=b"})
    reads = bench.one({"path": "web"}).reads
    touched = ["web/p.yaml", "web/f.txt", "web/e.env", "base/d.yaml", "base/kustomization.yaml", "base/kustomization.yml"]
    assert [path for path in touched if not reads.touches(path)] == []
    assert not reads.touches("base/unused.yaml")


@pytest.mark.parametrize(
    "entry",
    [
        "https://github.com/org/repo//base?ref=v1",
        "github.com/org/repo/base",
        "git@github.com:org/repo.git",
        "ssh://git@example.com/org/repo",
        "https://user:secret@example.com/x.yaml",
        "git::https://example.com/org/repo",
    ],
)
@pytest.mark.parametrize("field", ["resources", "components"])
def test_remote_bases_are_undetermined_and_nothing_is_started(bench, entry, field) -> None:
    bench.repository.write({"base/kustomization.yaml": f"{field}: ['{entry}']\n", "web/kustomization.yaml": "resources: [../base]\n"})
    lacking = bench.one({"path": "web"}).undetermined
    assert lacking
    assert "secret" not in lacking.reason
    assert "base" in lacking.reason
    assert "--render always" in lacking.needs


@pytest.mark.parametrize(
    "kustomization",
    [
        "helmCharts: [{name: c, repo: 'https://x', version: 1.0.0}]\n",
        "helmChartInflationGenerator: [{chartName: c, chartRepoUrl: 'https://x'}]\n",
        "generators: [g.yaml]\n",
    ],
)
def test_charts_in_a_kustomization_take_a_switch_of_argocd_cm(bench, kustomization) -> None:
    generator = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: c\nrepo: https://x\n"
    bench.repository.write({"web/kustomization.yaml": kustomization, "web/g.yaml": generator})
    assert "must specify --enable-helm" in bench.one({"path": "web"}).failure
    for options in (None, "--enable-helm"):
        lacking = bench.one({"path": "web"}, cluster=Cluster("1.37.0", build_options=options)).undetermined
        assert lacking
        assert "inflates the chart c" in lacking.reason
        assert "--render always" in lacking.needs


def test_files_outside_the_kustomization_are_refused_unless_argocd_cm_lifts_that(bench) -> None:
    bench.repository.write({"web/kustomization.yaml": "resources: [../other/a.yaml]\n", "other/a.yaml": config_map("a")})
    assert "security" in bench.one({"path": "web"}).failure
    lacking = bench.one({"path": "web"}, cluster=Cluster("1.37.0", build_options=None)).undetermined
    assert lacking
    assert "argocd-cm" in lacking.needs
    cluster = Cluster("1.37.0", build_options="--load-restrictor LoadRestrictionsNone --enable-exec")
    assert bench.names({"path": "web"}, cluster=cluster) == ["a"]


def test_the_applications_kubernetes_version_and_apis_change_nothing_in_a_kustomization(bench) -> None:
    assert built(bench, {"kubeVersion": "1.20", "apiVersions": ["x/v1"], "version": "v5"})["metadata"]["name"] == "d"


def test_an_empty_kustomization_is_refused_as_kustomize_refuses_it(bench) -> None:
    bench.repository.write({"web/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"})
    assert "empty" in bench.one({"path": "web"}).failure


def test_a_kustomization_file_may_be_a_link(bench) -> None:
    bench.repository.write({"web/real.yaml": "resources: [d.yaml]\n", "web/d.yaml": DEPLOYMENT})
    (bench.repository.path / "web/kustomization.yaml").symlink_to("real.yaml")
    bench.repository.git("add", "-A")
    assert bench.names({"path": "web"}) == ["d"]
    assert bench.names({"path": "web", "kustomize": {"namePrefix": "p-"}}) == ["p-d"]


@pytest.mark.parametrize(
    "kustomization", ["Resources: [d.yaml]\n", "resources: []\nresources: [d.yaml]\n", "resources: [d.yaml]\n---\nresources: [no.yaml]\n"]
)
def test_kustomizations_are_read_as_kustomize_reads_them(bench, kustomization) -> None:
    bench.repository.write({"web/kustomization.yaml": kustomization, "web/d.yaml": DEPLOYMENT})
    assert bench.names({"path": "web"}) == ["d"]


def test_origins_are_left_out_where_nobody_asks_for_them(bench) -> None:
    bench.repository.write(FILES)
    assert [item.origin.path for item in bench.one({"path": "web"}, origins=False).objects] == [""]
    assert [item.origin.path for item in bench.one({"path": "web"}).objects] == ["web/d.yaml"]


def test_a_failure_in_a_base_tells_the_base_and_the_cause_only(bench) -> None:
    bench.repository.write(
        {"web/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "configMapGenerator: [{name: g, files: [no.sh]}]\n"}
    )
    failure = bench.one({"path": "web"}).failure
    assert failure.startswith("in 'base': loading KV pairs: file sources: [no.sh]"), failure
    assert "render-" not in failure
