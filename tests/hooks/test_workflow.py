"""When the jobs of the GitHub workflow run."""

import re
from collections.abc import Mapping

import yaml

from tests.hooks.test_pipelines import WORKFLOW


def test_the_upload_hides_no_failure_and_leaves_forks_out() -> None:
    """The gate's own job fails by itself; the upload runs after it, in a job of its own, where its token may write."""
    job, scanning = yaml.safe_load(WORKFLOW.read_text())["jobs"].values()
    assert not [one for one in (job, scanning, *job["steps"], *scanning["steps"]) if "continue-on-error" in one]
    assert [step.get("if") for step in job["steps"]] == [None, None, "${{ !cancelled() }}"]
    assert scanning["needs"] == "gitguard"
    expression = scanning["if"].removeprefix("${{").removesuffix("}}")
    for event, head, result, runs in (
        ("push", "", "failure", True),
        ("push", "", "skipped", False),
        ("pull_request", "org/config", "failure", True),
        ("pull_request", "org/config", "success", True),
        ("pull_request", "eve/config", "failure", False),
        ("merge_group", "", "success", False),
    ):
        told = {"github.event_name": event, "github.event.pull_request.head.repo.full_name": head, "github.repository": "org/config"}
        assert holds(expression, {**told, "needs.gitguard.result": result}) is runs, (event, head, result)
    (upload,) = (step for step in scanning["steps"] if "upload-sarif" in step["uses"])
    given = {step["uses"].partition("@")[0]: step.get("with", {}) for step in job["steps"]}
    assert given["gitguard-gitops/gitguard"]["sarif"] == given["actions/upload-artifact"]["path"] == upload["with"]["sarif_file"]


def holds(expression: str, values: Mapping[str, str]) -> bool:
    """A condition of a job, of those that GitHub's expressions have: equal, unequal, and, or, not, in a run that nobody has cancelled."""
    text = expression.replace("!cancelled()", "True").replace("&&", " and ").replace("||", " or ")
    text = re.sub(r"[a-z_]+(\.[a-z_]+)+", lambda found: repr(values[found.group()]), text)
    assert re.fullmatch(r"(?:[\s()]|==|!=|and|or|True|'[\w/-]*')+", text), text
    return bool(eval(" ".join(text.split())))  # noqa: S307
