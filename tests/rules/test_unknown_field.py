"""unknown-field: points at the field itself and suggests the right one."""

from tests.rules.deploying import BASE, deploying, told
from tests.rules.test_manifest_invalid import CRD, WIDGET


def test_the_finding_points_at_the_field(repository) -> None:
    repository.write({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  lables: {a: b}\n"})
    (finding,) = repository.check().report["findings"]
    assert (finding["pointer"], finding["line"], finding["column"]) == ("/metadata/lables", 5, 3)
    assert "did you mean `labels`?" in finding["message"]


def test_the_configured_version_decides(repository) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  trafficDistribution: PreferClose\n  ports: [{port: 80}]\n"
    repository.write({"a.yaml": service})
    assert repository.check().code == 0
    repository.write({".gitguard.yaml": 'kubernetes: "1.25"\n'})
    assert repository.check().rules() == ["unknown-field"]


def test_a_field_that_a_patch_adds_to_an_object_of_a_crd_is_found(repository) -> None:
    patch = "resources: [a.yaml]\npatches: [{target: {kind: Widget}, patch: '- {op: add, path: /spec/sise, value: 3}'}]\n"
    files = {"deploy/kustomization.yaml": patch, "deploy/a.yaml": WIDGET.replace("large", "3"), "crd.yaml": CRD}
    result = repository.write({**BASE, "a.yaml": deploying(), **files}).check()
    assert told(result.report) == [("unknown-field", "Widget a", "argocd/web")]
    assert "did you mean `size`?" in result.report["findings"][0]["message"]


def test_a_crd_that_preserves_unknown_fields_knows_all_of_them(repository) -> None:
    repository.write({"a.yaml": WIDGET.replace("large", "3\n  more: {less: 1}"), "crd.yaml": CRD})
    assert repository.check().rules() == ["unknown-field"]
    repository.write({"crd.yaml": CRD.replace("  scope:", "  preserveUnknownFields: true\n  scope:")})
    assert repository.check().rules() == []
    repository.write({"a.yaml": WIDGET + "  more: {less: 1}\n"})
    assert repository.check().rules() == ["manifest-invalid"]
    repository.write({"a.yaml": WIDGET.replace("large", "3\n  more: 1"), "crd.yaml": CRD.replace("k8s.io/v1", "k8s.io/v1beta1")})
    assert repository.check().rules() == ["api-removed"]
