"""A rule that crashes loses its own findings only; and what of a change is new, old and fixed."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from gitguard import checker
from gitguard.checker import Judgement, compared
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


some = st.builds(
    Finding,
    rule=st.sampled_from(["a", "b"]),
    level=st.just("error"),
    message=st.sampled_from(["x", "y"]),
    object=st.sampled_from([ObjectRef(), ObjectRef("v1", "ConfigMap", "", "one")]),
    site=st.sampled_from([Site("p"), Site("q")]),
    **dict.fromkeys(("pointer", "application", "fix", "status"), st.just("")),
    related=st.just(()),
)
many = st.lists(some, max_size=6)


@given(many, many)
def test_every_finding_of_a_change_is_new_old_or_fixed(before: list[Finding], after: list[Finding]) -> None:
    def judged(findings: list[Finding]) -> Judgement:
        return Judgement(tuple(findings), (), ())

    made, fixed = compared(judged(after), judged(before), {})
    assert [finding._replace(status="") for finding in made.findings] == after
    old = sum(finding.status == "old" for finding in made.findings)
    assert len(fixed) + old == len(before)
    assert not Counter(fixed) - Counter(before)
    # The other way round what is new is what was fixed.
    back, gone = compared(judged(before), judged(after), {})
    assert Counter(gone) == Counter(finding._replace(status="") for finding in made.findings if finding.status == "new")
    assert Counter(fixed) == Counter(finding._replace(status="") for finding in back.findings if finding.status == "new")
    same, none = compared(judged(after), judged(after[::-1]), {"p": "p"})
    assert none == ()
    assert {finding.status for finding in same.findings} <= {"old"}
