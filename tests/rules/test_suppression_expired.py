"""suppression-expired: the last day counts, the next does not."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.conftest import Repository

TEXT = "# gitguard: ignore[unknown-field] ours until={}\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: web}}\nlimit: 3\n"


@pytest.mark.parametrize(("days", "rules"), [(1, []), (-2, ["suppression-expired", "unknown-field"])])
def test_the_day_is_the_last_one(repository: Repository, days: int, rules: list[str]) -> None:
    day = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    assert repository.write({"a.yaml": TEXT.format(day)}).check().rules() == rules


def test_one_that_is_over_is_not_called_unused_too(repository: Repository) -> None:
    assert repository.write({"a.yaml": TEXT.format("2020-01-01").replace("limit: 3\n", "")}).check().rules() == ["suppression-expired"]
