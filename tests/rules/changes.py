"""Two commits, and what one rule about the change between them says."""

from collections.abc import Mapping
from typing import Any

from tests.conftest import Repository

HERE = "https://git.example/config"
CONFIGURATION = f"repository: {{urls: ['{HERE}']}}\n"


def step(repository: Repository, before: Mapping[str, str], after: Mapping[str, str | None]) -> Repository:
    """Commit what was, then the files that are others now; None takes one away."""
    repository.commit({".gitguard.yaml": CONFIGURATION, **before})
    for path, content in after.items():
        if content is None:
            repository.git("rm", "-q", "-r", path)
    repository.commit({path: content for path, content in after.items() if content is not None})
    return repository


def told(repository: Repository, rule: str, *arguments: str) -> list[Any]:
    """Its findings."""
    report: Any = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json", *arguments).report
    assert not report["failures"], report["failures"]
    return [finding for finding in report["findings"] if finding["rule"] == rule]


def said(repository: Repository, rule: str, *arguments: str) -> list[str]:
    """The messages of its findings."""
    return [finding["message"] for finding in told(repository, rule, *arguments)]


def levels(repository: Repository, rule: str) -> list[str]:
    """The levels of its findings."""
    return [finding["level"] for finding in told(repository, rule)]


def undetermined(repository: Repository, rule: str) -> list[str]:
    """Why it can't tell."""
    report: Any = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json").report
    return [item["reason"] for item in report["undetermined"] if item["rule"] == rule]
