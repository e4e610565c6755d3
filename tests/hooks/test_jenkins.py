"""The pipeline for Jenkins: that it is Groovy, and its shell steps run as Jenkins would run them."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.commands.test_ci import PROJECT, app
from tests.conftest import ROOT, Repository
from tests.hooks.test_pipelines import SHELL, programs, shellcheck

JENKINS = ROOT / "hooks" / "jenkins" / "Jenkinsfile"


@pytest.fixture
def pull_request(repository: Repository) -> Repository:
    repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"good.yaml": app("good", "a")})
    return repository


def words(tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The tokens of a piece of Groovy, each with its kind."""
    if "leaf" in tree:
        yield tree["leaf"], tree["value"]
    for inner in tree.get("children", ()):
        yield from words(inner)


@pytest.fixture(scope="session")
def jenkinsfile() -> list[tuple[str, str]]:
    """By the grammar of Groovy 3; what Jenkins makes of the words is Jenkins' own."""
    # It takes its time to come up, and only these tests need it.
    from groovy_parser.parser import parse_and_digest_groovy_content

    return list(words(parse_and_digest_groovy_content(JENKINS.read_text())))


@pytest.fixture(scope="session")
def jenkins_steps(jenkinsfile: list[tuple[str, str]]) -> list[str]:
    """The shell steps of the Jenkinsfile. A text in which Groovy replaces something is no step of its own."""
    given = [after for (_, word), after in pairwise(jenkinsfile) if word == "sh"]
    assert [kind for kind, _ in given] == ["STRING_LITERAL"] * 2
    return [dedent(text.replace("\\\\", "\\")) for _, text in given]


def on_jenkins(repository: Repository, tmp_path: Path, step: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A shell step as Jenkins runs it, in a workspace with a folder beside it, where gitguard is as if the first step had installed it."""
    beside = Path(f"{repository.path}@tmp")
    if not (beside / "gitguard").exists():
        programs(tmp_path / "bin")
        (beside / "gitguard" / "bin").mkdir(parents=True)
        (tmp_path / "bin" / "gitguard").rename(beside / "gitguard" / "bin" / "gitguard")
    script = tmp_path / "script.sh"
    script.write_text(step)
    told = {"WORKSPACE": str(repository.path), "WORKSPACE_TMP": str(beside), "GITGUARD_VERSION": "0.1.0", "PIP_NO_INDEX": "1", **variables}
    return subprocess.run(
        ["sh", "-xe", str(script)], cwd=repository.path, env={**repository.environment, **told}, capture_output=True, text=True, timeout=120
    )


def test_the_jenkinsfile_judges_pull_requests_and_publishes_what_lies_beside_the_workspace(jenkinsfile: list[tuple[str, str]]) -> None:
    said = " ".join(word for _, word in jenkinsfile)
    assert "when { changeRequest (" in said
    assert "shallow : false" in said
    assert re.search(r"always \{ dir \( env \. WORKSPACE_TMP \) \{ junit testResults : gitguard\.xml", said), said
    assert not {"catchError", "returnStatus", "unstable", "warnError"} & {word for _, word in jenkinsfile}


def test_jenkins_and_the_shell_script_ask_for_the_same(jenkins_steps: list[str]) -> None:
    _, judging = jenkins_steps
    (asked,) = (line for line in SHELL.read_text().splitlines() if line.startswith("exec gitguard"))
    plain = " ".join(judging.replace('"$WORKSPACE_TMP/gitguard/bin/gitguard"', "exec gitguard").replace("\\\n", "").split())
    plain = re.sub(r'"\$WORKSPACE_TMP/([a-z.]+)"', r"\1", plain)
    assert plain.replace("CHANGE_TARGET", "target") == asked


@pytest.mark.parametrize(("bad", "code"), [(False, 0), (True, 1)])
def test_jenkins_judges_a_change(
    pull_request: Repository, tmp_path: Path, new_repository: Callable[[str], Repository], jenkins_steps: list[str], bad: bool, code: int
) -> None:
    repository = pull_request
    head = repository.commit({"bad.yaml": app("bad", "b")} if bad else {})
    clone = new_repository("clone")
    clone.git("fetch", "-q", str(repository.path), f"{head}:refs/remotes/origin/pr", "main:refs/remotes/origin/main")
    clone.git("checkout", "-q", head)
    done = on_jenkins(clone, tmp_path, jenkins_steps[1], CHANGE_TARGET="main")
    assert done.returncode == code, done.stderr
    assert ("error[destination-not-permitted]" in done.stdout) is bad
    beside = Path(f"{clone.path}@tmp")
    assert {"gitguard.xml", "gitguard.html"} < {file.name for file in beside.iterdir()}
    assert clone.git("status", "--porcelain") == ""
    assert on_jenkins(clone, tmp_path, jenkins_steps[1], CHANGE_TARGET="gone").returncode == 2


def test_jenkins_runs_nothing_of_the_change(pull_request: Repository, tmp_path: Path, jenkins_steps: list[str]) -> None:
    """No module of it when gitguard is installed, for which there is no index here, and no branch's name as a part of the script."""
    repository = pull_request
    run = f"import os\nos.system('touch {tmp_path / 'pwned'}')\n"
    names = ("gitguard/__init__.py", "pip/__init__.py", "pip/__main__.py", "venv/__main__.py", "ensurepip/__main__.py", "sitecustomize.py")
    repository.commit(dict.fromkeys(names, run))
    first, second = jenkins_steps
    hostile = on_jenkins(repository, tmp_path, second, CHANGE_TARGET="$(touch${IFS}pwned);`touch${IFS}pwned`")
    assert hostile.returncode == 2
    assert "there is no commit `refs/remotes/origin/$(touch" in hostile.stderr
    report = Path(f"{repository.path}@tmp") / "gitguard.xml"
    report.write_text("of another build")
    installing = on_jenkins(repository, tmp_path, first)
    assert installing.returncode == 1
    assert "No matching distribution found for gitguard-gitops" in installing.stderr
    assert not report.exists()
    assert not (tmp_path / "pwned").exists()
    assert not (repository.path / "pwned").exists()


def test_shellcheck_has_nothing_to_say_of_jenkins(jenkins_steps: list[str]) -> None:
    for step in jenkins_steps:
        shellcheck("sh", step)
