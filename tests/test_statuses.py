"""What of a change is new, old and fixed."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gitguard.checker import Judgement
from gitguard.model.finding import Finding, ObjectRef, Site
from gitguard.statuses import compared

some = st.builds(
    Finding,
    rule=st.sampled_from(["a", "b"]),
    level=st.just("error"),
    message=st.sampled_from(["x", "`p` is gone", "`q` is gone"]),
    object=st.sampled_from([ObjectRef(), ObjectRef("v1", "ConfigMap", "", "one")]),
    site=st.sampled_from([Site("p"), Site("q")]),
    pointer=st.sampled_from(["", "/a/0", "/a/1", "/a/1b"]),
    **dict.fromkeys(("application", "fix", "status"), st.just("")),
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
