"""gate-weakened: which changes of the gate's own files count, and which do not."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.repository.gate_configuration import weakened
from tests.conftest import Repository

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: web}\n"
CONFIGURATION = """\
argocd: {version: "3.6"}
environments:
  prod: {paths: [prod], branches: [main], approvers: [alice, bob], authors: [alice], signers: ["*@example.com"], after: staging}
  staging: {paths: [staging]}
ignore:
  - {rule: shared-resource, path: "old/*", reason: known, until: "2099-01-31"}
external: {projects: [platform]}
"""
WORKFLOW = """\
name: gate
on: [pull_request, merge_group]
permissions: {contents: read}
jobs:
  other: {runs-on: ubuntu-latest, steps: [{run: make}]}
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - run: gitguard ci --base origin/main
"""
HOOKS = """\
repos:
  - repo: https://github.com/example/gitguard
    rev: v1.0.0
    hooks: [{id: gitguard}]
  - repo: https://github.com/example/other
    rev: v1
    hooks: [{id: other}]
"""


def told(repository: Repository, path: str, before: str | bytes | None, after: str | bytes | None) -> list[str]:
    """The messages of gate-weakened about a change of one file."""
    repository.commit({"web.yaml": OBJECT, **({} if before is None else {path: before})})
    repository.git("checkout", "-q", "-b", "change")
    if after is None:
        repository.git("rm", "-q", path)
    repository.commit({} if after is None else {path: after})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert done.err == ""
    found = [item for item in done.report["findings"] if item["rule"] == "gate-weakened"]
    assert all((item["path"], item["level"], item["status"]) == (path, "error", "new") for item in found)
    assert done.code == (1 if found else 0)
    return [item["message"] for item in found]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("ignore:\n", "ignore:\n  - {path: 'new/*', reason: x}\n", "an ignore is added: path `new/*`"),
        ('until: "2099-01-31"', 'until: "2099-02-01"', "an ignore holds for longer: rule `shared-resource`, path `old/*`, until 2099-02-01"),
        (', until: "2099-01-31"', "", "an ignore holds for longer: rule `shared-resource`, path `old/*`, for ever"),
        ("approvers: [alice, bob]", "approvers: [alice, bob, eve]", "`eve` may now approve a change of environment `prod`"),
        ("approvers: [alice, bob], ", "", "`approvers` of environment `prod` is removed: anybody may approve a change of it"),
        ("authors: [alice]", "authors: [eve]", "`eve` may now change environment `prod`"),
        ('["*@example.com"]', '["*"]', "`*` may now sign commits of environment `prod`"),
        ("  staging: {paths: [staging]}\n", "  staging: {paths: [stage]}\n", "`staging` belongs no more to environment `staging` (paths)"),
        (", after: staging", "", "what reaches environment `prod` need not have been anywhere before, no more in `staging`"),
        ("[platform]", "[platform, team]", "AppProject `team` counts as declared elsewhere, so that its Applications are not judged by it"),
        ("argocd:", "render: never\nargocd:", "render becomes `never`, from `auto`: less of what Applications deploy is judged"),
        ('"3.6"', '"3.5"', '`argocd.version` becomes `"3.5"`, from `"3.6"`'),
        ("argocd:", "roots: [apps]\nargocd:", '`roots` becomes `["apps"]`, from its default'),
        ("argocd:", "repository: {urls: []}\nargocd:", '`repository` becomes `{"urls": []}`, from its default'),
        ("argocd:", "reconcile: {cap: null}\nargocd:", '`reconcile` becomes `{"cap": null}`, from its default'),
    ],
)
def test_a_weaker_configuration_is_told_by_what_it_means(repository, old, new, message) -> None:
    assert old in CONFIGURATION
    assert told(repository, ".gitguard.yaml", CONFIGURATION, CONFIGURATION.replace(old, new)) == [message]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("argocd:", "# a comment\nargocd:"),
        ('"3.6"', "v3.6"),
        ("[alice, bob]", "[bob, alice]"),
        ("[alice, bob]", "[bob]"),
        ("reason: known", "reason: known better"),
        ('until: "2099-01-31"', 'until: "2098-01-31"'),
        ("[platform]", "[]"),
        ("  staging:", "  dev: {paths: [dev]}\n  staging:"),
        ("argocd:", "render: always\nargocd:"),
    ],
)
def test_other_words_and_stricter_settings_are_silent(repository, old, new) -> None:
    assert old in CONFIGURATION
    assert told(repository, ".gitguard.yaml", CONFIGURATION, CONFIGURATION.replace(old, new)) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (CONFIGURATION, None, "gitguard's configuration is removed"),
        (None, "external: {projects: [a]}\n", "AppProject `a` counts as declared elsewhere, so that its Applications are not judged by it"),
        (CONFIGURATION, "a: [\n", "the file changes, and can't be compared: "),
        (CONFIGURATION, f"{CONFIGURATION}# {'x' * 1_000_001}\n", "the file changes, and is too large to tell how"),
    ],
)
def test_a_configuration_removed_added_or_unreadable(repository, before, after, message) -> None:
    (said,) = told(repository, ".gitguard.yaml", before, after)
    assert said.startswith(message)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  gate:", "  gate:\n    continue-on-error: true", "its failure counts for nothing"),
        ("  gate:", "  gate:\n    if: false", "it may not run"),
        ("[pull_request, merge_group]", "{pull_request: {paths: ['apps/**']}, merge_group: {}}", "it runs for some files only"),
        ("origin/main", "HEAD", "gitguard ci --base HEAD"),
        ("origin/main", "origin/main || true", "|| true"),
        ("fetch-depth: 0", "fetch-depth: 0, repository: elsewhere", "elsewhere"),
        ("{contents: read}", "{contents: write}", "it runs with other permissions"),
        ("gitguard ci --base origin/main", "true", "the job `gate`, which runs gitguard, no longer does"),
        ("  gate:", "  gate2:", "the job `gate`, which runs gitguard, is removed"),
        ("on: [", "on: [", None),
        ("run: make", "run: make test", None),
        ("name: gate", "# who judges\nname: The gate", None),
    ],
)
def test_a_workflow_that_runs_gitguard(repository, old, new, message) -> None:
    assert old in WORKFLOW
    said = told(repository, ".github/workflows/gate.yml", WORKFLOW, WORKFLOW.replace(old, new))
    assert said == [] if message is None else len(said) == 1 and message in said[0]


def test_a_second_job_of_the_gates_name_in_its_own_workflow(repository) -> None:
    second = "  gate:\n    name: gate\n    runs-on: ubuntu-latest\n"
    (message,) = told(
        repository, ".github/workflows/gate.yml", WORKFLOW, WORKFLOW.replace("  other:", second.replace("  gate:", "  more:") + "  other:")
    )
    assert message == "a second check is called `gate`: where it succeeds, a required check of that name may count as passed"


def test_a_workflow_that_has_had_the_gates_name_and_one_that_only_moves_are_silent(repository) -> None:
    other = "on: push\njobs: {gate: {runs-on: ubuntu-latest, steps: [{run: make}]}}\n"
    repository.commit({".github/workflows/other.yml": other, ".github/workflows/gate.yml": WORKFLOW})
    assert told(repository, ".github/workflows/other.yml", other, other.replace("make", "make all")) == []
    repository.git("mv", ".github/workflows/other.yml", ".github/workflows/moved.yml")
    repository.commit()
    assert repository.gitguard("ci", "--base", "HEAD~1", "--format", "json").report["findings"] == []


def test_jobs_that_the_gate_needs_belong_to_it(repository) -> None:
    before = WORKFLOW.replace("  gate:\n", "  gate:\n    needs: other\n")
    (said,) = told(repository, ".github/workflows/gate.yml", before, before.replace("run: make", "run: exit 1"))
    assert "jobs.other.steps" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rev: v1.0.0", "rev: v0.1.0", "another version is run"),
        ("{id: gitguard}", "{id: gitguard, exclude: prod}", "it does not see some files"),
        ("{id: gitguard}", "{id: gitguard, stages: [manual]}", "it runs at other times"),
        ("[{id: gitguard}]", "[]", "the hook `gitguard` is removed"),
        ("repos:", "exclude: prod\nrepos:", "it does not see some files"),
        ("repos:", "ci: {skip: [gitguard]}\nrepos:", "the hook `gitguard` is skipped in pre-commit.ci"),
        ("rev: v1\n", "rev: v2\n", None),
    ],
)
def test_the_hook(repository, old, new, message) -> None:
    assert old in HOOKS
    said = told(repository, ".pre-commit-config.yaml", HOOKS, HOOKS.replace(old, new))
    assert said == [] if message is None else len(said) == 1 and message in said[0]


@pytest.mark.parametrize(
    ("path", "before", "after", "count"),
    [
        (".gitlab-ci.yml", "gate: {script: [gitguard ci --base $B]}\n", "gate: {script: [gitguard ci --base $B], allow_failure: true}\n", 1),
        (".gitlab-ci.yml", "gate: {script: [gitguard ci]}\n", "gate: {script: [gitguard ci]}\nbuild: {script: [make]}\n", 0),
        ("Jenkinsfile", "sh 'gitguard ci --base origin/main'\n", "sh 'gitguard ci --base HEAD'\n", 1),
        ("ci/gate.sh", "gitguard ci --base origin/main\n", None, 1),
        ("ci/other.sh", "make\n", "make test\n", 0),
        (".github/workflows/other.yml", "jobs: {a: {}}\n", "jobs: {b: {}}\n", 0),
        (".gitguard-baseline.json", "{}\n", '{"a": 1}\n', 1),
        (".gitattributes", "*.md text\n", "*.md text\nprod/** filter=lfs linguist-generated\n", 2),
        (".gitattributes", "*.md text\n", "*.md text\n* text=auto\n", 0),
    ],
)
def test_other_files_of_the_gate(repository, path, before, after, count) -> None:
    assert len(told(repository, path, before, after)) == count


def test_owners_of_the_gates_files(repository) -> None:
    repository.commit({".github/workflows/gate.yml": WORKFLOW})
    owners = "* @org/all\n/.github/ @org/platform\n"
    said = told(repository, "CODEOWNERS", owners, f"{owners}/.github/workflows/ @eve\n")
    assert said == ["`.github/workflows/gate.yml` is owned by `@eve`, no more by `@org/platform`"]


def test_a_second_list_of_owners_may_come_before_the_first(repository) -> None:
    repository.commit({"CODEOWNERS": "* @org/all\n"})
    (said,) = told(repository, ".github/CODEOWNERS", None, "* @eve\n")
    assert said.startswith("another list of owners is added")


def test_it_can_not_be_ignored(repository) -> None:
    accepting = "ignore:\n  - {rule: gate-weakened, reason: x}\n  - {path: '*', reason: x}\n"
    assert told(repository, ".gitguard.yaml", accepting, f"{accepting}  - {{path: b, reason: x}}\n") == ["an ignore is added: path `b`"]


NAMES = st.lists(st.sampled_from(["alice", "bob", "eve", "mallory"]), unique=True, min_size=1)
IGNORES = st.lists(
    st.fixed_dictionaries(
        {"path": st.sampled_from("abcd"), "reason": st.just("x")}, optional={"until": st.sampled_from(["2027-01-01", "2028-01-01"])}
    )
)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from(["prod", "staging"]), st.fixed_dictionaries({}, optional={"paths": NAMES, "approvers": NAMES, "authors": NAMES})
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={"ignore": IGNORES, "environments": ENVIRONMENTS, "roots": NAMES, "render": st.sampled_from(["auto", "never"]), "external": st.just({})},
)


@given(SETTINGS, st.randoms(use_true_random=False))
def test_the_same_settings_in_another_order_are_silent(value, chance: random.Random) -> None:
    assert list(weakened(value, _shuffled(json.loads(json.dumps(value)), chance))) == []


@given(SETTINGS, st.fixed_dictionaries({"path": st.sampled_from("wxyz"), "reason": st.just("x")}))
def test_an_ignore_of_something_else_is_always_told_and_its_removal_never(value, ignore) -> None:
    more = {**value, "ignore": [*value.get("ignore", []), ignore]}
    assert [one.message for one in weakened(value, more)] == [f"an ignore is added: path `{ignore['path']}`"]
    assert list(weakened(more, value)) == []


def _shuffled(value, chance: random.Random):
    if isinstance(value, dict):
        return dict(sorted(((key, _shuffled(item, chance)) for key, item in value.items()), key=lambda pair: chance.random()))
    if isinstance(value, list):
        return sorted((_shuffled(item, chance) for item in value), key=lambda item: chance.random())
    return value
