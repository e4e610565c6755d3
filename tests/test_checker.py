"""A rule that crashes loses its own findings only."""

from collections.abc import Iterable

from gitguard import checker
from gitguard.model.configuration import Configuration
from gitguard.model.finding import Finding, ObjectRef, Site
from gitguard.model.repository import Repository
from gitguard.rules import RULES

EMPTY = Repository(Configuration(), {}, frozenset())


def crashing(repository: Repository) -> Iterable[Finding]:
    yield Finding("a", "error", "found before the crash", ObjectRef(), Site("a.yaml"))
    raise KeyError("boom")


def test_a_crashed_rule_is_a_failure_beside_the_findings() -> None:
    good = RULES[0]._replace(id="good", check=lambda _: [Finding("good", "error", "found", ObjectRef(), Site("b.yaml"))])
    judged = checker.judge(EMPTY, [RULES[0]._replace(id="bad", check=crashing), good])
    assert [finding.message for finding in judged.findings] == ["found before the crash", "found"]
    (failure,) = judged.failures
    assert (failure.rule, "KeyError" in failure.message) == ("bad", True)


def test_the_order_of_rules_changes_nothing() -> None:
    forward, backward = checker.judge(EMPTY, RULES), checker.judge(EMPTY, tuple(reversed(RULES)))
    assert set(forward.findings) == set(backward.findings)
