"""duplicate-key: both lines are named."""


def test_both_lines_are_named(repository) -> None:
    repository.write({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n"})
    (finding,) = repository.check().report["findings"]
    assert (finding["rule"], finding["line"], finding["column"]) == ("duplicate-key", 5, 3)
    assert "line 4" in finding["message"]


def test_files_that_are_no_manifests_are_left_alone(repository) -> None:
    repository.write({"values.yaml": "a: 1\na: 2\n", "b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    assert repository.check().code == 0
