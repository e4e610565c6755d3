"""An AppProject for the tests of the rules on AppProjects, and what one rule says of it."""

from typing import Any

from tests.conftest import Repository
from tests.rules.applications import project


def said(repository: Repository, rule: str, name: str = "web", **spec: Any) -> list[tuple[str, str, str]]:
    """(level, pointer, message) of every finding of the rule; other rules may have their say too."""
    repository.write({"project.yaml": project(name, **spec)})
    report = repository.check().report
    assert not report["failures"]
    return [(item["level"], item["pointer"], item["message"]) for item in report["findings"] if item["rule"] == rule]
