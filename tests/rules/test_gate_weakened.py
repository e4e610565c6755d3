"""gate-weakened: what a change does to the files that decide how changes are judged."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gitguard.repository.gate import weakened
from tests.conftest import Repository
from tests.rules.changes import CONFIGURATION, said, step

RULE = "gate-weakened"
MAP = {"web.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}
WORKFLOW = "on: [pull_request]\njobs:\n  gitguard:\n    runs-on: x\n    steps:\n      - run: gitguard ci --base origin/main\n"
HOOKS = "repos:\n  - repo: https://git.example/gitguard\n    rev: v1\n    hooks:\n      - id: gitguard\n  - repo: https://git.example/other\n    rev: v1\n    hooks: [{id: other}]\n"
FILE = ".github/workflows/check.yml"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (None, "gitguard's configuration is taken away"),
        ("a: [", "gitguard's configuration can't be read any more"),
        (
            f"{CONFIGURATION}ignore: [{{rule: project-widened, reason: because}}]\n",
            "`ignore` has one more entry: `rule project-widened, reason because`",
        ),
        (f"{CONFIGURATION}external: {{projects: [other]}}\n", "`external.projects` has one more entry: `other`"),
        (f"{CONFIGURATION}render: never\n", "`render` is `never`, and was not set"),
        (f"{CONFIGURATION}roots: [nothing]\n", "`roots` is `['nothing']`, and was not set"),
        ("repository: {urls: [https://other.example]}\n", "`repository.urls` is"),
    ],
    ids=["removed", "broken", "ignore", "external", "render", "roots", "urls"],
)
def test_the_configuration(repository: Repository, after: str | None, words: str) -> None:
    step(repository, MAP, {".gitguard.yaml": after})
    (message,) = said(repository, RULE)
    assert message.startswith(".gitguard.yaml: ")
    assert words in message


def test_other_words_for_the_same_and_less_suppressed_are_silent(repository: Repository) -> None:
    before = f"{CONFIGURATION}ignore: [{{rule: unknown-field, path: a, reason: old}}, {{rule: unknown-field, path: b, reason: old}}]\n"
    step(
        repository,
        {**MAP, ".gitguard.yaml": before},
        {".gitguard.yaml": "# less\n" + yaml.safe_dump({**yaml.safe_load(before), "ignore": [yaml.safe_load(before)["ignore"][1]]})},
    )
    assert said(repository, RULE) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (None, "taken away"),
        (HOOKS.replace("      - id: gitguard\n", "      - id: none\n"), "the pre-commit hook `gitguard` is taken away"),
        (HOOKS.replace("rev: v1", "rev: v2", 1), "the pre-commit hook `gitguard` is run otherwise: rev"),
        (HOOKS.replace("- id: gitguard", "- id: gitguard\n        args: [--fail-on, error]\n        stages: [manual]"), "args, stages"),
        (f"exclude: ^prod/\n{HOOKS}", "`exclude` of the pre-commit configuration is changed"),
    ],
    ids=["file", "hook", "rev", "args", "exclude"],
)
def test_the_hook(repository: Repository, after: str | None, words: str) -> None:
    step(repository, {**MAP, ".pre-commit-config.yaml": HOOKS}, {".pre-commit-config.yaml": after})
    messages = said(repository, RULE)
    assert any(words in message for message in messages), messages


def test_other_hooks_are_nobodys_business(repository: Repository) -> None:
    step(repository, {**MAP, ".pre-commit-config.yaml": HOOKS}, {".pre-commit-config.yaml": HOOKS.replace("{id: other}", "{id: another}")})
    assert said(repository, RULE) == []


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (None, "the pipeline that runs gitguard is taken away"),
        (WORKFLOW.replace("gitguard", "nothing"), "the pipeline runs gitguard no more"),
        (WORKFLOW.replace("origin/main", "origin/main || true"), "the pipeline that runs gitguard is changed: jobs"),
        (WORKFLOW.replace("[pull_request]", "{pull_request: {paths: [docs/**]}}"), "is changed"),
        (WORKFLOW.replace("    runs-on: x", "    runs-on: x\n    continue-on-error: true"), "is changed: jobs"),
    ],
    ids=["removed", "without", "or-true", "paths", "continue-on-error"],
)
def test_the_pipeline(repository: Repository, after: str | None, words: str) -> None:
    step(
        repository,
        {**MAP, FILE: WORKFLOW, ".github/workflows/docs.yml": "on: [push]\n"},
        {FILE: after, ".github/workflows/docs.yml": "on: [pull_request]\n"},
    )
    (message,) = said(repository, RULE)
    assert words in message


def test_a_second_pipeline_of_the_name(repository: Repository) -> None:
    step(repository, {**MAP, FILE: WORKFLOW}, {".github/workflows/own.yml": "name: gitguard\non: [pull_request]\n"})
    (message,) = said(repository, RULE)
    assert "a check of its name may be another's" in message


@pytest.mark.parametrize("after", [None, "* @mallory\n"])
def test_who_has_to_approve(repository: Repository, after: str | None) -> None:
    step(repository, {**MAP, "CODEOWNERS": "# owners\n* @security\n"}, {"CODEOWNERS": after})
    assert len(said(repository, RULE)) == 1
    step(repository, {"CODEOWNERS": "* @security\n"}, {"CODEOWNERS": "# only a comment\n\n* @security\n"})
    assert said(repository, RULE) == []


def test_a_link_in_the_place_of_the_configuration(repository: Repository) -> None:
    repository.commit({**MAP, ".gitguard.yaml": CONFIGURATION, "other.yaml": "ignore: [{rule: yaml-invalid, reason: x}]\n"})
    (repository.path / ".gitguard.yaml").unlink()
    (repository.path / ".gitguard.yaml").symlink_to("other.yaml")
    repository.commit()
    assert any("it is a symbolic link now" in message for message in said(repository, RULE))


def test_a_rename_is_a_removal(repository: Repository) -> None:
    repository.commit({**MAP, FILE: WORKFLOW, ".gitguard.yaml": CONFIGURATION})
    repository.git("mv", FILE, ".github/workflows/check.yml.off")
    repository.git("mv", ".gitguard.yaml", "gitguard.yaml")
    repository.commit()
    messages = said(repository, RULE)
    assert any(message.startswith(f"{FILE}: the pipeline that runs gitguard is taken away") for message in messages)
    assert any(message.startswith(".gitguard.yaml: gitguard's configuration is taken away") for message in messages)


values = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 9), st.sampled_from(["a", "b", "on"])),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["render", "roots", "ignore", "external", "argocd"]), values, max_size=4))
def test_the_same_settings_in_another_order_are_no_change(settings: dict[str, object]) -> None:
    one = yaml.safe_dump(settings, sort_keys=True).encode()
    other = yaml.safe_dump(dict(reversed(list(settings.items()))), sort_keys=False, default_flow_style=True).encode()
    assert list(weakened(".gitguard.yaml", one, other)) == []
    assert list(weakened(".gitguard.yaml", other, None)) != []
