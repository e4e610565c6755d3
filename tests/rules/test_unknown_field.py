"""unknown-field: points at the field itself and suggests the right one."""


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
