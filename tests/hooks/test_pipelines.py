"""What users copy into their CI: by the schemas of those who read it, and run as a runner would run it."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from tests.commands.test_ci import PROJECT, app
from tests.conftest import ROOT, Repository

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
WORKFLOW = ROOT / "hooks" / "github" / "gitguard.yml"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", WORKFLOW),
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.gitlab-ci", ROOT / "hooks" / "gitlab" / "gitguard.gitlab-ci.yml"),
    ],
)
def test_they_are_what_their_schemas_ask_for(schema: str, file: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    if schema == "vendor.gitlab-ci":
        command += ["--data-transform", "gitlab-ci"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actionlint_has_nothing_to_say(testbed: Callable[..., Path], tmp_path: Path) -> None:
    """Of the workflow, and of one that uses the action as it lies here."""
    actionlint = testbed("actionlint", "actionlint")
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    text = WORKFLOW.read_text()
    (folder / "released.yml").write_text(text)
    (folder / "own.yml").write_text(text.replace("gitguard-gitops/gitguard@v0.1.0", "./gitguard\n        with:\n          fail-on: warning"))
    (tmp_path / "gitguard").mkdir()
    (tmp_path / "gitguard" / "action.yml").write_bytes((ROOT / "action.yml").read_bytes())
    done = subprocess.run([str(actionlint), "-no-color"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    (folder / "own.yml").write_text(text.replace("gitguard-gitops/gitguard@v0.1.0", "./gitguard\n        with:\n          nonsense: 1"))
    assert "nonsense" in subprocess.run([str(actionlint), "-no-color"], cwd=tmp_path, capture_output=True, text=True).stdout


def test_the_workflow_runs_for_every_pull_request_and_with_no_more_rights_than_it_needs() -> None:
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    events = workflow[True]
    assert set(events) == {"pull_request", "merge_group", "push"}
    assert "paths" not in (events["pull_request"] or {})
    assert workflow["permissions"] == {"contents": "read"}
    (job,) = workflow["jobs"].values()
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    others = [
        step["uses"] for step in (*job["steps"], *ACTION["runs"]["steps"]) if "uses" in step and not step["uses"].startswith("gitguard-gitops/")
    ]
    assert all(re.search(r"@[0-9a-f]{40}$", one) for one in others), others


def test_no_expression_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def ran(repository: Repository, tmp_path: Path, event: Mapping[str, str], **inputs: str) -> tuple[int, str, str]:
    """The step that judges, as the runner runs it: (exit code, output, summary)."""
    (step,) = (one for one in ACTION["runs"]["steps"] if one.get("name") == "Judge the change")
    values = {f"inputs.{name}": inputs.get(name, str(one.get("default", ""))) for name, one in ACTION["inputs"].items()} | {
        f"github.{name}": text for name, text in event.items()
    }
    environment = {name: re.sub(r"\$\{\{ (.+?) \}\}", lambda found: values.get(found[1], ""), text) for name, text in step["env"].items()}
    for text in step["env"].values():
        (expression,) = re.findall(r"\$\{\{ (.+?) \}\}", text)
        assert expression.startswith("github.event.") or expression in values, expression
    script, summary = tmp_path / "script.sh", tmp_path / "summary.md"
    script.write_text(step["run"])
    bin_ = tmp_path / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "python").unlink(missing_ok=True)
    (bin_ / "python").symlink_to(sys.executable)
    path = f"{bin_}:{os.environ['PATH']}"
    # Through the link Python would not find its packages.
    packages = next(one for one in sys.path if one.endswith("site-packages"))
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=repository.path, capture_output=True, text=True, timeout=120,
        env={**repository.environment, **environment, "PATH": path, "PYTHONPATH": f"{ROOT}:{packages}", "GITHUB_STEP_SUMMARY": str(summary)},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr, summary.read_text() if summary.exists() else ""


@pytest.fixture
def pull_request(repository: Repository) -> tuple[Repository, str]:
    base = repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b")})
    repository.git("checkout", "-q", "-b", "$(touch${IFS}pwned);`touch${IFS}pwned`")
    repository.commit({"good.yaml": app("good", "a")})
    return repository, base


@pytest.mark.parametrize("event", ["pull_request", "merge_group", "push"])
def test_a_change_is_judged_at_each_event(pull_request: tuple[Repository, str], tmp_path: Path, event: str) -> None:
    repository, base = pull_request
    told = {
        "event_name": event,
        {"pull_request": "event.pull_request.base.sha", "merge_group": "event.merge_group.base_sha", "push": "event.before"}[event]: base,
    }
    code, output, summary = ran(repository, tmp_path, told)
    assert (code, "1 old finding" in output) == (0, True), output
    assert summary.startswith("### gitguard: ")
    repository.commit({"bad.yaml": app("bad", "b")})
    code, output, summary = ran(repository, tmp_path, told)
    assert code == 1
    assert "::error title=destination-not-permitted,file=bad.yaml" in output
    assert "destination-not-permitted" in summary
    assert (repository.path / "gitguard.sarif").exists()
    assert not (repository.path / "pwned").exists()


def test_the_first_push_of_a_branch_is_judged_whole(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    code, output, _ = ran(pull_request[0], tmp_path, {"event_name": "push", "event.before": "0" * 40})
    assert code == 1
    assert "file=old.yaml" in output


@pytest.mark.parametrize("told", [{"event_name": "schedule"}, {"event_name": "pull_request"}, {"event_name": "push", "event.before": "1" * 40}])
def test_what_it_does_not_expect_fails(pull_request: tuple[Repository, str], tmp_path: Path, told: dict[str, str]) -> None:
    code, _, _ = ran(pull_request[0], tmp_path, told)
    assert code == 2


def test_hostile_inputs_are_values(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    repository, _ = pull_request
    code, _, _ = ran(repository, tmp_path, {"event_name": "pull_request"}, base='"; touch pwned; echo "', **{"fail-on": "$(touch pwned)"})
    assert code == 2
    assert not (repository.path / "pwned").exists()


def test_the_shell_script_fetches_what_it_needs(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"project.yaml": PROJECT})
    for number in range(3):
        repository.commit({f"more-{number}.yaml": app(f"more-{number}", "a")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"bad.yaml": app("bad", "b")})
    clone = Repository(tmp_path / "clone", tmp_path / "home")
    clone.git("remote", "add", "origin", f"file://{repository.path}")
    clone.git("fetch", "-q", "--depth=1", "origin", "change")
    clone.git("checkout", "-q", "FETCH_HEAD")
    command = tmp_path / "bin"
    command.mkdir()
    (command / "gitguard").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitguard "$@"\n')
    (command / "gitguard").chmod(0o755)
    environment = {**clone.environment, "PATH": f"{command}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", str(ROOT / "hooks/shell/gitguard-ci.sh"), "main"], cwd=clone.path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "error[destination-not-permitted]" in done.stdout
    assert (clone.path / "gitguard.xml").exists()
    assert (clone.path / "gitguard.html").exists()
