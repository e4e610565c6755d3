"""The catalogue is closed: every rule has a file, a test and a section in the docs, and its examples do what they say."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gitguard.output import catalogue
from gitguard.rules import CATALOGUE, CHANGE_RULES, RULES, SUPPRESSION_RULES, ChangeRule, Rule

ROOT = Path(__file__).resolve().parents[2]
SHARED = {"__init__", "rule", "change_rule", "application_rule", "object_rule", "object_rule_examples", "project_rule"}


def test_rules_files_tests_and_docs_are_the_same_set() -> None:
    ids = {rule.id for rule in CATALOGUE}
    assert len(ids) == len(CATALOGUE)
    assert ids == {file.stem.replace("_", "-") for file in (ROOT / "gitguard" / "rules").glob("*.py") if file.stem not in SHARED}
    tests = {file.stem.removeprefix("test_").replace("_", "-") for file in Path(__file__).parent.glob("test_*.py")} - {"catalogue"}
    assert ids == tests
    documented = {line.removeprefix("## ") for line in (ROOT / "docs" / "rules.md").read_text().splitlines() if line.startswith("## ")}
    assert ids == documented


def test_the_page_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "rules.md").read_text() == catalogue.page(CATALOGUE), "run `make docs`"


@pytest.mark.parametrize("rule", RULES + SUPPRESSION_RULES, ids=lambda rule: rule.id)
def test_the_examples_fail_and_pass_as_documented(rule: Rule, new_repository: Callable) -> None:
    failing = new_repository("fails").write(dict(rule.fails)).check("--fail-on", rule.level)
    assert failing.code == 1, failing.out
    assert set(failing.rules()) == {rule.id}
    assert {finding["level"] for finding in failing.report["findings"]} == {rule.level}
    passing = new_repository("passes").write(dict(rule.passes)).check("--fail-on", "note")
    assert passing.code == 0, passing.out


@pytest.mark.parametrize("rule", CHANGE_RULES, ids=lambda rule: rule.id)
def test_the_examples_of_changes_fail_and_pass_as_documented(rule: ChangeRule, new_repository: Callable) -> None:
    for name, becomes in (("fails", rule.fails), ("passes", rule.passes)):
        config = new_repository(name)
        config.commit(dict(rule.before))
        config.git("rm", "-q", "-r", ".")
        config.commit(dict(becomes))
        judged = config.gitguard("ci", "--base", "HEAD~1", "--format", "json", "--fail-on", rule.level if name == "fails" else "note")
        new = [finding for finding in judged.report["findings"] if finding["status"] == "new"]
        assert {(finding["rule"], finding["level"]) for finding in new} == ({(rule.id, rule.level)} if name == "fails" else set())
        assert judged.code == (1 if name == "fails" else 0), judged.out


def test_rules_and_explain_print_the_catalogue(repository) -> None:
    listed = repository.gitguard("rules")
    assert listed.code == 0
    assert [line.split()[0] for line in listed.out.splitlines()] == [rule.id for rule in CATALOGUE]
    assert {rule["id"] for rule in repository.gitguard("rules", "--format", "json").report["rules"]} == {rule.id for rule in CATALOGUE}
    for rule in CATALOGUE:
        explained = repository.gitguard("explain", rule.id)
        assert explained.code == 0
        assert all(words in explained.out for words in (rule.why, "Fails:", "Passes:", rule.fix))


def test_explain_suggests_the_rule_that_is_meant(repository) -> None:
    result = repository.gitguard("explain", "project-notfound")
    assert result.code == 2
    assert "did you mean `project-not-found`?" in result.err
