"""manifest-invalid: Kubernetes' kinds, lists, CRDs of the repository."""

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
