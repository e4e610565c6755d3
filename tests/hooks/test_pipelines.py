"""What users copy into their CI: by the schemas of those who read it, and run as a runner would run it."""

import json
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


GITLAB = ROOT / "hooks" / "gitlab" / "gitguard.gitlab-ci.yml"
SHELL = ROOT / "hooks" / "shell" / "gitguard-ci.sh"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", WORKFLOW),
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.gitlab-ci", GITLAB),
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
    own = text.replace("gitguard-gitops/gitguard@v0.1.0\n        with:\n", "./gitguard\n        with:\n          RELEASED\n")
    assert "RELEASED" in own
    (folder / "own.yml").write_text(own.replace("RELEASED", "fail-on: warning"))
    (tmp_path / "gitguard").mkdir()
    (tmp_path / "gitguard" / "action.yml").write_bytes((ROOT / "action.yml").read_bytes())
    done = subprocess.run([str(actionlint), "-no-color"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
    (folder / "own.yml").write_text(own.replace("RELEASED", "nonsense: 1"))
    assert "nonsense" in subprocess.run([str(actionlint), "-no-color"], cwd=tmp_path, capture_output=True, text=True).stdout


def test_the_workflow_runs_for_every_pull_request_and_with_no_more_rights_than_it_needs() -> None:
    text = WORKFLOW.read_text()
    workflow = yaml.safe_load(text)
    events = workflow[True]
    assert set(events) == {"pull_request", "merge_group", "push"}
    assert "paths" not in (events["pull_request"] or {})
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"].keys() == {"gitguard", "code-scanning"}
    job, scanning = workflow["jobs"].values()
    assert "permissions" not in job
    assert scanning["permissions"] == {"security-events": "write"}
    assert job["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    steps = (*job["steps"], *scanning["steps"], *ACTION["runs"]["steps"])
    others = [step["uses"] for step in steps if "uses" in step and not step["uses"].startswith("gitguard-gitops/")]
    assert all(re.search(r"@[0-9a-f]{40}$", one) for one in others), others


def test_no_expression_is_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def programs(folder: Path) -> str:
    """A PATH with `python`, and with `gitguard` as an installer would have made it."""
    folder.mkdir(exist_ok=True)
    for name, text in (
        ("gitguard", f"#!{sys.executable}\nfrom gitguard.cli import entry\nentry()\n"),
        ("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def ran(repository: Repository, tmp_path: Path, event: Mapping[str, str], step: str = "Judge the change", /, **inputs: str) -> tuple[int, str, str]:
    """A step of the action, as the runner runs it: (exit code, output, summary)."""
    (found,) = (one for one in ACTION["runs"]["steps"] if one.get("name") == step)
    values = {f"inputs.{name}": inputs.get(name, str(one.get("default", ""))) for name, one in ACTION["inputs"].items()} | {
        "github.sha": repository.git("rev-parse", "HEAD").strip(),
        **{name if name.startswith("steps.") else f"github.{name}": text for name, text in event.items()},
    }
    environment = {}
    for name, text in found.get("env", {}).items():
        expression = re.fullmatch(r"\$\{\{ (github|inputs|steps)\.[\w.-]+ \}\}", text)
        assert expression is not None, text
        # What an event does not have is empty; whatever else is not known is a mistake of the action.
        key = text.removeprefix("${{ ").removesuffix(" }}")
        assert key in values or key.startswith(("github.event.", "steps.approvals.")) or key == "github.token", key
        environment[name] = values.get(key, "")
    script, summary = tmp_path / "script.sh", tmp_path / "summary.md"
    script.write_text(found["run"])
    output = tmp_path / "output"
    environment |= {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REPOSITORY": "org/config",
        "PATH": programs(tmp_path / "bin"),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)], cwd=repository.path, capture_output=True, text=True, timeout=120,
        env={**repository.environment, **environment, "PIP_NO_INDEX": "1", "PIP_TARGET": str(tmp_path / "installed")},
    )  # fmt: skip
    # pip's own are none of ours.
    assert "Traceback" not in done.stderr or step == "Install gitguard"
    return done.returncode, done.stdout + done.stderr, summary.read_text() if summary.exists() else ""


def event_of(name: str, repository: Repository, base: str) -> dict[str, str]:
    """What the runner tells of an event for what is checked out."""
    head = repository.git("rev-parse", "HEAD").strip()
    told = {
        "pull_request": {"event.pull_request.base.ref": "main", "event.pull_request.base.sha": base, "event.pull_request.head.sha": head},
        "merge_group": {"event.merge_group.base_sha": base, "event.merge_group.head_sha": head},
        "push": {"event.before": base},
    }
    return {"event_name": name, **told[name.replace("_review", "").replace("_target", "")]}


@pytest.fixture
def pull_request(repository: Repository) -> tuple[Repository, str]:
    base = repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b")})
    repository.git("checkout", "-q", "-b", "$(touch${IFS}pwned);`touch${IFS}pwned`")
    repository.commit({"good.yaml": app("good", "a")})
    return repository, base


@pytest.mark.parametrize("event", ["pull_request", "pull_request_review", "merge_group", "push"])
def test_a_change_is_judged_at_each_event(pull_request: tuple[Repository, str], tmp_path: Path, event: str) -> None:
    repository, base = pull_request
    code, output, summary = ran(repository, tmp_path, event_of(event, repository, base))
    assert (code, "1 old finding" in output) == (0, True), output
    assert summary.startswith("### gitguard: ")
    repository.commit({"bad.yaml": app("bad", "b")})
    code, output, summary = ran(repository, tmp_path, event_of(event, repository, base))
    assert code == 1
    assert "::error title=destination-not-permitted,file=bad.yaml" in output
    assert "destination-not-permitted" in summary
    assert (repository.path / "gitguard.sarif").exists()
    assert not (repository.path / "pwned").exists()


def review(login: str, state: str, commit: str) -> dict[str, object]:
    return {"user": {"login": login}, "state": state, "commit_id": commit}


NEW, OLD = "a" * 40, "b" * 40
GONE = {"user": None, "state": "APPROVED", "commit_id": NEW}


@pytest.mark.parametrize(
    ("pages", "approvers"),
    [
        ([[]], ""),
        ([[review("carol", "APPROVED", NEW)]], "carol"),
        ([[review("carol", "APPROVED", OLD)]], ""),
        ([[review("carol", "APPROVED", OLD), review("carol", "APPROVED", NEW), review("dave", "APPROVED", NEW)]], "carol,dave"),
        ([[review("carol", "APPROVED", NEW)], [review("carol", "CHANGES_REQUESTED", NEW)]], ""),
        ([[review("carol", "APPROVED", NEW)], [review("carol", "COMMENTED", NEW)]], "carol"),
        ([[review("carol", "DISMISSED", NEW), review("dave", "CHANGES_REQUESTED", OLD)], [review("dave", "APPROVED", NEW)]], "dave"),
        ([[GONE, review("carol", "PENDING", NEW)]], ""),
    ],
)
def test_approvals_of_the_newest_commit_count(
    pull_request: tuple[Repository, str], tmp_path: Path, pages: list[list[dict[str, object]]], approvers: str
) -> None:
    """`gh` is one that has these pages, and nothing else."""
    programs(tmp_path / "bin")
    answer = "\n".join(json.dumps(page) for page in pages)
    gh = tmp_path / "bin" / "gh"
    gh.write_text(f"#!/bin/sh\n[ \"$*\" = 'api --paginate repos/org/config/pulls/7/reviews?per_page=100' ] || exit 9\ncat <<'END'\n{answer}\nEND\n")
    gh.chmod(0o755)
    told = {"event_name": "pull_request", "event.pull_request.number": "7", "event.pull_request.head.sha": NEW}
    code, said, _ = ran(pull_request[0], tmp_path, told, "Ask who has approved the change")
    assert (code, (tmp_path / "output").read_text()) == (0, f"approvers={approvers}\n"), said


def test_reviews_that_are_not_to_be_had_fail(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    programs(tmp_path / "bin")
    (tmp_path / "bin" / "gh").write_text("#!/bin/sh\necho 'HTTP 403' >&2\nexit 1\n")
    (tmp_path / "bin" / "gh").chmod(0o755)
    assert ran(pull_request[0], tmp_path, {"event_name": "pull_request"}, "Ask who has approved the change")[0] == 1


@pytest.mark.parametrize(("outcome", "approvers", "code"), [("success", "carol", 0), ("success", "", 1), ("success", "alice", 1), ("skipped", "", 0)])
def test_who_has_approved_is_handed_on(repository: Repository, tmp_path: Path, outcome: str, approvers: str, code: int) -> None:
    """Where nobody was asked it is undetermined."""
    base = repository.commit({"project.yaml": PROJECT, ".gitguard.yaml": "environments:\n  prod: {approvers: [carol]}\n"})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"more.yaml": app("more", "a")})
    told = event_of("pull_request", repository, base)
    asked = {"steps.approvals.outcome": outcome, "steps.approvals.outputs.approvers": approvers}
    assert ran(repository, tmp_path, told | asked)[0] == code


def test_a_fork_is_judged_by_the_newest_of_the_branch_that_it_goes_to(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    """The merge that GitHub makes of both is checked out, of a fork whose branch nobody here has; what the event calls the base may be old."""
    repository, base = pull_request
    head = repository.commit({"bad.yaml": app("bad", "b")})
    repository.git("checkout", "-q", "main")
    repository.commit({".gitguard.yaml": "ignore: [{path: bad.yaml, reason: known}]\n"})
    repository.git("merge", "-q", "--no-ff", "-m", "merge", head)
    clone = Repository(tmp_path / "clone", tmp_path / "home")
    clone.git("fetch", "-q", str(repository.path), "HEAD")
    clone.git("checkout", "-q", "--detach", "FETCH_HEAD")
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD^1")
    told = {**event_of("pull_request", clone, base), "event.pull_request.head.sha": head}
    assert ran(clone, tmp_path, told)[0] == 0
    clone.git("update-ref", "refs/remotes/origin/main", base)
    assert ran(clone, tmp_path, told)[0] == 1


def test_the_first_push_of_a_branch_is_judged_whole(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    code, output, _ = ran(pull_request[0], tmp_path, {"event_name": "push", "event.before": "0" * 40})
    assert code == 1
    assert "file=old.yaml" in output


@pytest.mark.parametrize("told", [{"event_name": "schedule"}, {"event_name": "pull_request"}, {"event_name": "push", "event.before": "1" * 40}])
def test_what_it_does_not_expect_fails(pull_request: tuple[Repository, str], tmp_path: Path, told: dict[str, str]) -> None:
    code, _, _ = ran(pull_request[0], tmp_path, told)
    assert code == 2


def test_a_checkout_of_something_else_fails(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    """`pull_request_target` checks out the branch that the change goes to: nothing would be found in it."""
    repository, base = pull_request
    repository.commit({"bad.yaml": app("bad", "b")})
    told = event_of("pull_request_target", repository, base)
    repository.git("checkout", "-q", "main")
    code, output, _ = ran(repository, tmp_path, told)
    assert (code, output) == (
        2,
        "::error title=gitguard::the change is not checked out, or not all of it: actions/checkout needs fetch-depth: 0, and no ref\n",
    )


@pytest.mark.parametrize("event", ["pull_request", "merge_group", "push"])
def test_a_shallow_clone_fails_and_says_what_is_needed(
    pull_request: tuple[Repository, str], tmp_path: Path, new_repository: Callable[[str], Repository], event: str
) -> None:
    repository, base = pull_request
    told = event_of(event, repository, base)
    clone = new_repository("clone")
    clone.git("fetch", "-q", "--depth=1", f"file://{repository.path}", "HEAD")
    clone.git("checkout", "-q", "FETCH_HEAD")
    code, output, _ = ran(clone, tmp_path, told)
    assert code == 2
    assert "fetch-depth: 0" in output


def test_hostile_inputs_are_values(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    repository, base = pull_request
    told = event_of("pull_request", repository, base)
    for inputs in ({"base": '"; touch pwned; echo "'}, {"base": "--output=pwned"}, {"fail-on": "$(touch pwned)"}, {"sarif": "$(touch pwned)"}):
        code, _, _ = ran(repository, tmp_path, told, **inputs)
        assert code == (0 if "sarif" in inputs else 2)
    hostile = {**told, "event.pull_request.base.ref": "$(touch${IFS}pwned);`touch${IFS}pwned`", "event.pull_request.head.sha": "`touch pwned`"}
    assert ran(repository, tmp_path, hostile)[0] == 2
    assert not (repository.path / "pwned").exists()


@pytest.mark.parametrize("step", ["Install gitguard", "Judge the change"])
def test_modules_of_the_change_are_not_run(pull_request: tuple[Repository, str], tmp_path: Path, step: str) -> None:
    """Python looks for modules where it is started, unless it is told not to. Nothing is installed: there is no index here."""
    repository, base = pull_request
    run = f"import os\nos.system('touch {tmp_path / 'pwned'}')\n"
    names = ("gitguard/__init__.py", "gitguard/__main__.py", "pip/__init__.py", "pip/__main__.py", "yaml.py", "json.py", "sitecustomize.py")
    repository.commit(dict.fromkeys(names, run))
    code, output, _ = ran(repository, tmp_path, event_of("pull_request", repository, base), step)
    assert (code == 0) is (step == "Judge the change"), output
    assert not (tmp_path / "pwned").exists()


def test_the_summary_of_a_change_with_very_many_mistakes_is_one_that_github_takes(pull_request: tuple[Repository, str], tmp_path: Path) -> None:
    repository, base = pull_request
    bad = [f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {'a' * 200}-{number}}}\ndata: {{{'k' * 240}: 1}}\n" for number in range(2_500)]
    repository.commit({"bad.yaml": "---\n".join(bad)})
    code, output, summary = ran(repository, tmp_path, event_of("pull_request", repository, base))
    assert (code, output.count("::error ")) == (1, 2_500), output[:2_000]
    assert len(summary.encode()) < 1024 * 1024
    assert re.search(r"\*\*Not shown here: \d+ findings, 1 old finding, 1 remark\.\*\*", summary)


@pytest.mark.parametrize("link", ["gitguard.sarif", "reports"])
def test_a_report_is_not_written_where_a_link_of_the_change_leads(pull_request: tuple[Repository, str], tmp_path: Path, link: str) -> None:
    repository, base = pull_request
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (repository.path / link).symlink_to(elsewhere / "victim" if link == "gitguard.sarif" else elsewhere)
    repository.commit()
    told = event_of("pull_request", repository, base)
    code, output, _ = ran(repository, tmp_path, told, sarif="gitguard.sarif" if link == "gitguard.sarif" else "reports/gitguard.sarif")
    assert code == 2
    assert "a symbolic link" in output
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("file", [ROOT / "hooks" / "pre-receive", SHELL], ids=lambda one: one.name)
def test_shellcheck_has_nothing_to_say_of_scripts(file: Path) -> None:
    shellcheck("sh", file.read_text())


def test_shellcheck_has_nothing_to_say_of_steps() -> None:
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            shellcheck("bash", step["run"])
    job = yaml.safe_load(GITLAB.read_text())["gitguard"]
    shellcheck("sh", "\n".join(job["before_script"] + job["script"]))


def shellcheck(shell: str, text: str) -> None:
    done = subprocess.run(["shellcheck", "--shell", shell, "-"], input=text, capture_output=True, text=True, env=tools())
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def tools() -> dict[str, str]:
    """The environment, with the programs of the development packages."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def test_zizmor_has_nothing_to_say() -> None:
    """Of what a workflow can do wrong, however unlikely. That the release is named by its tag is for those who copy it to change."""
    files = [str(ROOT / "action.yml"), str(WORKFLOW)]
    done = subprocess.run(
        ["zizmor", "--offline", "--persona", "pedantic", "--format", "json", *files], capture_output=True, text=True, env=tools(), timeout=120
    )
    assert [one["ident"] for one in json.loads(done.stdout)] == ["unpinned-uses"], done.stdout + done.stderr


@pytest.mark.parametrize("source", ["merge_request_event", "push", "schedule"])
def test_the_gitlab_job_judges_by_the_newest_of_the_target(
    pull_request: tuple[Repository, str], tmp_path: Path, new_repository: Callable[[str], Repository], source: str
) -> None:
    """A merge request that left an old commit does not bring back what was in force then. A schedule tells of no commit before: all is judged."""
    repository, base = pull_request
    head = repository.commit({"bad.yaml": app("bad", "b")})
    repository.git("checkout", "-q", "main")
    repository.commit({".gitguard.yaml": "ignore: [{path: bad.yaml, reason: known}]\n"})
    clone = new_repository("clone")
    clone.git("remote", "add", "origin", str(repository.path))
    clone.git("fetch", "-q", str(repository.path), head)
    clone.git("checkout", "-q", head)
    told = {"merge_request_event": {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}, "push": {"CI_COMMIT_BEFORE_SHA": base}}
    environment = {**clone.environment, "PATH": programs(tmp_path / "bin"), "CI_COMMIT_BEFORE_SHA": "0" * 40, **told.get(source, {})}
    script = "\n".join(yaml.safe_load(GITLAB.read_text())["gitguard"]["script"])
    done = subprocess.run(["sh", "-e", "-c", script], cwd=clone.path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == {"merge_request_event": 0, "push": 1, "schedule": 1}[source], done.stdout + done.stderr
    assert ("old.yaml" in done.stdout) is (source == "schedule")
    assert (clone.path / "gl-code-quality-report.json").exists()


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
    environment = {**clone.environment, "PATH": programs(tmp_path / "bin")}
    done = subprocess.run(["sh", str(SHELL), "main"], cwd=clone.path, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "error[destination-not-permitted]" in done.stdout
    assert (clone.path / "gitguard.xml").exists()
    assert (clone.path / "gitguard.html").exists()
