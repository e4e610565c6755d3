"""suppression-invalid: every problem is told at its comment, and the others of the file count."""

from tests.conftest import Repository

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\n"


def test_one_that_is_wrong_leaves_the_others_alone(repository: Repository) -> None:
    text = f"{OBJECT}limit: 3 # gitguard: ignore[unknown-field]\nmore: 4 # gitguard: ignore[unknown-field] ours\n"
    found = [(item["rule"], item["line"]) for item in repository.write({"a.yaml": text}).check().report["findings"]]
    assert found == [("suppression-invalid", 4), ("unknown-field", 4)]


def test_what_only_speaks_of_gitguard_is_none(repository: Repository) -> None:
    text = f"# judged by gitguard: see docs\n{OBJECT}data: {{a: 'gitguard: ignore'}}\n"
    assert repository.write({"a.yaml": text}).check().rules() == []
