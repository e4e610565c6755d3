"""suppression-unused: of two that suppress the same finding both are used; of a baseline the count is told."""

import pytest

from tests.conftest import Repository
from tests.rules.deploying import BASE, CHART, deploying, manifest

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: web}\n"
COMMENT = "# gitguard: ignore[unknown-field] ours\n"


def test_of_two_for_one_finding_both_are_used(repository: Repository) -> None:
    files = {"a.yaml": f"{COMMENT}{OBJECT}{COMMENT}limit: 3\n", ".gitguard.yaml": "ignore: [{path: a.yaml, reason: x}]\n"}
    assert repository.write(files).check().rules() == []


@pytest.mark.parametrize("never", [False, True])
def test_where_a_chart_can_not_be_rendered_none_of_its_is_called_unused(repository: Repository, never: bool) -> None:
    chart = f"{CHART}dependencies: [{{name: other, version: 1.0.0, repository: 'https://charts.example'}}]\n"
    repository.write({**BASE, "deploy/Chart.yaml": CHART if never else chart, "deploy/values.yaml": f"{COMMENT}a: 1\n", "a.yaml": deploying()})
    repository.write({"deploy/templates/a.yaml": manifest(), "b.yaml": f"{COMMENT}{OBJECT}"})
    arguments = ["--render", "never"] if never else []
    found = repository.check(*arguments).report["findings"]
    assert [(item["rule"], item["path"]) for item in found if item["rule"] != "helm-dependency-not-permitted"] == [("suppression-unused", "b.yaml")]
