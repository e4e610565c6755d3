"""manifest-invalid: Kubernetes' kinds, lists, CRDs of the repository and made ones, made objects."""

from tests.rules.deploying import BASE, CHART, deploying, told

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              size: {type: integer}
"""
WIDGET = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec:\n  size: large\n"


def test_items_of_a_list_have_their_own_places(repository) -> None:
    items = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n  spec:\n    ports: 80\n"
    (finding,) = repository.write({"list.yaml": items}).check().report["findings"]
    assert (finding["pointer"], finding["line"], finding["column"]) == ("/items/0/spec/ports", 8, 5)
    assert finding["object"] == {"apiVersion": "v1", "kind": "Service", "namespace": "", "name": "a"}


def test_crds_of_the_repository_judge_their_objects_and_without_one_they_are_skipped(repository) -> None:
    alone = repository.write({"widget.yaml": WIDGET}).check()
    assert alone.code == 0
    assert "no schema" in alone.report["skipped"][0]["reason"]
    assert alone.report["skipped"][0]["object"]["kind"] == "Widget"
    (finding,) = repository.write({"crd.yaml": CRD}).check().report["findings"]
    assert (finding["rule"], finding["pointer"], finding["line"]) == ("manifest-invalid", "/spec/size", 5)
    (again,) = repository.check().report["findings"]
    assert again == finding
    assert repository.write({"crd.yaml": CRD.replace("integer", "string")}).check().code == 0


def test_fields_that_a_template_fills_in_are_not_judged(repository) -> None:
    result = repository.write({"a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: ${PORT}\n"}).check()
    assert result.code == 0
    assert "template" in result.report["skipped"][0]["reason"]


MADE = {
    **BASE,
    "a.yaml": deploying(),
    "deploy/Chart.yaml": CHART,
    "deploy/values.yaml": "size: large\n",
    "deploy/templates/a.yaml": WIDGET.replace("large", "{{ .Values.size }}"),
}
WRONG = [("manifest-invalid", "Widget a", "argocd/web")]
# The CRD, made by a chart of its own.
OPERATOR = {
    "b.yaml": deploying("operator", name="operator", project="default"),
    "operator/Chart.yaml": CHART,
    "operator/templates/crd.yaml": CRD.replace("integer", "{{ .Values.type }}"),
    "operator/values.yaml": "type: integer\n",
}


def test_crds_of_the_repository_judge_objects_that_a_chart_makes(repository) -> None:
    result = repository.write({**MADE, "crd.yaml": CRD}).check()
    assert (result.code, told(result.report)) == (1, WRONG)
    (finding,) = result.report["findings"]
    assert (finding["path"], finding["pointer"], finding["related"][0]["path"]) == ("deploy/templates/a.yaml", "/spec/size", "a.yaml")
    assert repository.write({"deploy/values.yaml": "size: 3\n"}).check().rules() == []


def test_crds_that_another_application_makes_judge_and_so_do_those_that_come_with_the_object(repository) -> None:
    assert told(repository.write({**MADE, **OPERATOR}).check().report) == WRONG
    assert told(repository.check().report) == WRONG
    assert repository.write({"operator/values.yaml": "type: string\n"}).check().rules() == []
    repository.git("rm", "-qrf", "operator", "b.yaml")
    repository.write({"deploy/templates/crd.yaml": CRD, "a.yaml": deploying(project="default")})
    assert told(repository.check().report) == WRONG


def test_an_object_that_a_chart_makes_need_fit_one_crd_of_several_that_differ(repository) -> None:
    """Which environment's CRD the cluster has is not known."""
    repository.write({**MADE, **OPERATOR, "crd.yaml": CRD, "old/crd.yaml": CRD.replace("integer", "string")})
    assert repository.check().rules() == []
    repository.git("rm", "-qf", "old/crd.yaml")
    assert told(repository.check().report) == WRONG


def test_each_version_of_a_crd_judges_the_objects_of_its_own(repository) -> None:
    second = CRD[CRD.index("  - name: v1") :].replace("v1", "v2").replace("integer", "string").replace("storage: true", "storage: false")
    repository.write({**MADE, "crd.yaml": CRD + second})
    assert told(repository.check().report) == WRONG
    repository.write({"deploy/templates/a.yaml": WIDGET.replace("/v1", "/v2")})
    assert repository.check().rules() == []
    repository.write({"deploy/templates/a.yaml": WIDGET.replace("/v1", "/v3")})
    assert repository.check().rules() == []


def test_what_a_patch_adds_to_a_crd_is_known_of_objects_that_a_kustomization_makes(repository) -> None:
    patch = CRD.replace("size: {type: integer}", "colour: {type: string}")
    files = {"crds/kustomization.yaml": "resources: [crd.yaml]\npatches: [{path: patch.yaml}]\n", "crds/crd.yaml": CRD, "crds/patch.yaml": patch}
    taken = {"deploy/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: my-\n", "deploy/a.yaml": WIDGET.replace("large", "3")}
    repository.write({**BASE, "a.yaml": deploying(), **files, **taken})
    assert repository.check().rules() == []
    repository.write({"deploy/a.yaml": WIDGET.replace("size: large", "colour: red")})
    assert repository.check().rules() == []


def test_what_a_file_and_what_is_made_of_it_break_alike_is_said_once(repository) -> None:
    files = {"deploy/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: my-\n", "deploy/a.yaml": WIDGET, "crd.yaml": CRD}
    assert told(repository.write({**BASE, "a.yaml": deploying(), **files}).check().report) == [("manifest-invalid", "Widget a", "")]


def test_hook_a_crd_that_is_staged_judges_the_objects_that_charts_make(repository) -> None:
    repository.commit(MADE)
    repository.write({"crd.yaml": CRD})
    assert told(repository.gitguard("hook", "--format", "json").report) == WRONG
    repository.commit()
    repository.write({"deploy/values.yaml": "size: larger\n"})
    assert repository.gitguard("hook").code == 0
