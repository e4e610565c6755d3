"""`gitguard can`: an AppProject asked on the command line and in JSON lines."""

import json
import subprocess
import sys

import pytest

from tests.rules.applications import application, project

MANIFEST = {
    "metadata": {"name": "p"},
    "spec": {"sourceRepos": ["https://github.com/org/*"], "destinations": [{"server": "https://a", "namespace": "x"}]},
}


def batch(repository, lines: list[str]) -> tuple[int, list[dict]]:
    done = subprocess.run(
        [sys.executable, "-m", "gitguard", "can", "--batch", "-"],
        input="\n".join(lines),
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_denied_source_names_the_line_and_ends_with_1(repository) -> None:
    repository.write({"p.yaml": project(sourceRepos=["https://github.com/org/*"])})
    assert repository.gitguard("can", "web", "source", "https://github.com/org/repo").code == 0
    result = repository.gitguard("can", "web", "source", "https://github.com/other/repo")
    assert result.code == 1
    assert "p.yaml" in result.out


def test_an_unknown_project_is_a_usage_error_that_names_a_similar_one(repository) -> None:
    result = repository.write({"p.yaml": project()}).gitguard("can", "wep", "source", "https://github.com/org/repo")
    assert result.code == 2
    assert "did you mean web?" in result.err


def test_the_default_project_that_nobody_declared_permits_all_but_cluster_kinds(repository) -> None:
    repository.write({"a.yaml": application(project="default")})
    assert repository.gitguard("can", "default", "source", "https://github.com/org/repo").code == 0
    assert repository.gitguard("can", "default", "kind", "apps/Deployment").code == 0


def test_a_kind_of_unknown_scope_is_undetermined_until_it_is_said(repository) -> None:
    repository.write({"p.yaml": project()})
    result = repository.gitguard("can", "web", "kind", "example.com/Widget")
    assert result.code == 3
    assert "--namespaced" in result.out
    assert repository.gitguard("can", "web", "kind", "example.com/Widget", "--namespaced").code == 0


def test_a_sync_at_a_time_obeys_the_windows(repository) -> None:
    window = {"kind": "deny", "schedule": "0 10 * * *", "duration": "1h", "applications": ["*"]}
    repository.write({"p.yaml": project(syncWindows=[window])})
    assert repository.gitguard("can", "web", "sync", "--at", "2027-01-31T10:30Z").code == 1
    assert repository.gitguard("can", "web", "sync", "--at", "2027-01-31T12:00Z").code == 0
    assert repository.gitguard("can", "web", "sync", "--at", "tomorrow").code == 2


@pytest.mark.parametrize(
    ("question", "permitted"),
    [
        ({"source": {"repoURL": "https://github.com/org/repo"}}, True),
        ({"source": {"repoURL": "https://github.com/org/a/b"}}, False),
        ({"destination": {"server": "https://a", "name": "", "namespace": "x"}}, True),
        ({"destination": {"server": "https://a", "name": "", "namespace": "y"}}, False),
    ],
)
def test_a_line_gets_a_verdict_with_its_reason(repository, question, permitted) -> None:
    code, (said,) = batch(repository, [json.dumps({"project": MANIFEST, **question})])
    assert (code == 2, said["permitted"]) == (False, permitted)
    assert said["reason"]


def test_bad_lines_get_an_error_each_and_the_others_their_answer(repository) -> None:
    good = json.dumps({"project": MANIFEST, "source": {"repoURL": "https://github.com/org/repo"}})
    code, said = batch(repository, ["{", "[]", '{"source": {"repoURL": "x"}}', good])
    assert code != 0
    assert ["reason" in line for line in said] == [False, False, False, True]
    assert all(line["error"] for line in said[:3])
