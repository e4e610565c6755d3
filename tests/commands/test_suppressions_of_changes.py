"""`gitguard ci` and comments: those of the change count as far as they were there before, for what they stood beside."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.commands.test_suppressions import DOCUMENTS, written
from tests.conftest import Repository

RULE = "unknown-field"
SAYS = f"# gitguard: ignore[{RULE}] ours"
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: web}\n"
BASE = f"{HEAD}limit: 3 {SAYS}\nmore: 4\n"
LIST = f"{HEAD}rules: {SAYS}\n  - a: 1\n  - b: 2\nmore: 4\n"


def judged(repository: Repository, before: dict[str, str], after: dict[str, str | None], *arguments: str) -> dict[str, Any]:
    """The report on a change from these files to those."""
    repository.commit(before)
    repository.git("checkout", "-q", "-b", "change")
    for path, content in after.items():
        if content is None:
            repository.git("rm", "-q", path)
    repository.commit({path: content for path, content in after.items() if content is not None})
    done = repository.gitguard("ci", "--base", "main", "--format", "json", *arguments)
    assert done.code == (1 if any(item["status"] == "new" and item["level"] == "error" for item in done.report["findings"]) else 0), done
    return done.report


def told(report: dict[str, Any]) -> list[tuple[str, str, int]]:
    """(rule, status, line) of the findings, those that were there before included."""
    return [(item["rule"], item["status"], item["line"]) for item in report["findings"]]


def weakened(report: dict[str, Any]) -> list[str]:
    return [item["message"] for item in report["findings"] if item["rule"] == "gate-weakened"]


OLD = (RULE, "old", 5)


class TestWhatCountsStill:
    @pytest.mark.parametrize(
        "after",
        [
            BASE,
            # Lines that move, other words for the same, a better reason, an earlier end, a line instead of two.
            f"# first\n\n{BASE}",
            BASE.replace("limit: 3", "'limit':   3"),
            BASE.replace("ours", "theirs, see the ticket"),
            BASE.replace("ours", "ours until=2999-01-01"),
            f"{HEAD}{SAYS}\nlimit: 3\nmore: 4\n",
            BASE.replace("metadata: {name: one, namespace: web}", "metadata:\n  namespace: web\n  name: one"),
        ],
    )
    def test_the_same_suppression_of_the_same(self, repository: Repository, after: str) -> None:
        report = judged(repository, {"a.yaml": BASE}, {"a.yaml": f"{after}# end\n"})
        assert weakened(report) == []
        assert [item["reason"][:4] for item in report["suppressed"]] in (["ours"], ["thei"])
        assert [item["status"] for item in report["findings"]] == ["old"]

    def test_in_a_file_that_the_change_leaves_alone_and_in_one_that_it_renames(self, repository: Repository) -> None:
        other = BASE.replace("one", "other")
        report = judged(repository, {"a.yaml": BASE, "b.yaml": other}, {"b.yaml": None, "c/b.yaml": f"{other}# moved\n"})
        assert (weakened(report), len(report["suppressed"])) == ([], 2)

    def test_one_that_is_removed(self, repository: Repository) -> None:
        report = judged(repository, {"a.yaml": BASE}, {"a.yaml": BASE.replace(SAYS, "")})
        assert told(report) == [(RULE, "old", 4), OLD]

    def test_elsewhere_in_the_object_something_else_changes(self, repository: Repository) -> None:
        report = judged(repository, {"a.yaml": BASE}, {"a.yaml": BASE.replace("more: 4", "data: {a: b}")})
        assert (weakened(report), len(report["suppressed"]), report["findings"]) == ([], 1, [])

    def test_a_whole_object_whose_other_fields_change(self, repository: Repository) -> None:
        whole = f"{SAYS}\n{HEAD}limit: 3\ndata: {{a: b}}\n"
        report = judged(repository, {"a.yaml": whole}, {"a.yaml": whole.replace("a: b", "a: c")})
        assert (weakened(report), len(report["suppressed"]), report["findings"]) == ([], 1, [])

    def test_a_list_in_which_an_item_changes(self, repository: Repository) -> None:
        report = judged(repository, {"a.yaml": LIST}, {"a.yaml": LIST.replace("b: 2", "b: 3")})
        assert (weakened(report), len(report["suppressed"])) == ([], 1)

    def test_a_finding_that_the_change_brings_into_a_file_it_leaves_alone(self, repository: Repository) -> None:
        crd = (
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: tests.example.com}\nspec:\n  group: example.com\n"
            "  names: {kind: Test, plural: tests}\n  scope: Namespaced\n  versions:\n    - name: v1\n      served: true\n      storage: true\n"
            "      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {a: {type: string}}}}}}\n"
        )
        test = "apiVersion: example.com/v1\nkind: Test\nmetadata: {name: a}\nspec:\n  b: c # gitguard: ignore[unknown-field] ours\n"
        report = judged(repository, {"test.yaml": test}, {"crd.yaml": crd})
        assert (report["findings"], len(report["suppressed"])) == ([], 1)


class TestWhatDoesNotCount:
    @pytest.mark.parametrize(
        ("before", "after", "message"),
        [
            (BASE, BASE.replace("more: 4", f"more: 4 {SAYS}"), "the suppression of `unknown-field` is added"),
            (HEAD, BASE, "the suppression of `unknown-field` is added"),
            (None, BASE, "the suppression of `unknown-field` is added"),
            (BASE.replace("ours", "ours until=2999-01-01"), BASE, "holds for longer: for ever"),
            (BASE.replace("ours", "ours until=2999-01-01"), BASE.replace("ours", "ours until=2999-01-02"), "holds for longer: until 2999-01-02"),
            (BASE.replace("ours", "ours until=2020-01-01"), BASE.replace("ours", "ours until=2999-01-02"), "holds for longer: until 2999-01-02"),
            (BASE, BASE.replace(f"[{RULE}]", f"[{RULE}, manifest-invalid]"), "names more rules than before"),
            (BASE, f"{SAYS}\n{HEAD}limit: 3\nmore: 4\n", "covers the whole object, and did a line of it before"),
            (BASE, BASE.replace("limit: 3", "limit: 5"), "what the suppression of `unknown-field` covers is changed"),
            # The same comment beside another field, in another object, a second time.
            (BASE, f"{HEAD}limit: 3\nmore: 4 {SAYS}\n", "is added"),
            (BASE, BASE.replace("name: one", "name: two"), "is added"),
            (BASE, f"{BASE}---\n{BASE.replace('one', 'two')}", "is added"),
            (BASE, f"{BASE}---\n{BASE}", "is added"),
        ],
    )
    def test_it_is_told_and_suppresses_nothing(self, repository: Repository, before: str | None, after: str, message: str) -> None:
        files = {"plain.yaml": HEAD.replace("one", "plain")}
        report = judged(repository, files | ({} if before is None else {"a.yaml": before}), {"a.yaml": after})
        (said,) = weakened(report)
        assert message in said
        place = next(item for item in report["findings"] if item["rule"] == "gate-weakened")
        assert "gitguard: ignore" in after.splitlines()[place["line"] - 1]
        assert "suppression-unused" not in {item["rule"] for item in report["findings"] if item["line"] == place["line"]}
        # Of two, the one that was there before still counts.
        assert len(report["suppressed"]) == max(0, after.count(SAYS) - 1)

    def test_a_new_value_below_one_that_covers_more_counts_by_itself(self, repository: Repository) -> None:
        whole = f"{SAYS}\n{HEAD}limit: 3\n"
        report = judged(repository, {"a.yaml": whole}, {"a.yaml": f"{whole}new: 5\n"})
        assert [one.partition(":")[0] for one in weakened(report)] == ["what the suppression of `unknown-field` covers is changed"]
        assert (RULE, "new", 6) in told(report)
        assert len(report["suppressed"]) == 1

    def test_what_is_mended_though_the_comment_stays_weakens_nothing(self, repository: Repository) -> None:
        report = judged(repository, {"a.yaml": BASE}, {"a.yaml": BASE.replace("limit: 3", "immutable: true")})
        assert weakened(report) != []  # beside another field it is another suppression
        beside = f"{HEAD}data: {{a: b}} # gitguard: ignore[manifest-invalid] ours\n"
        repository.git("checkout", "-q", "main")
        repository.commit({"b.yaml": beside.replace("{a: b}", "{a: 1}")})
        repository.git("checkout", "-q", "-b", "mended")
        repository.commit({"b.yaml": beside})
        done = repository.gitguard("ci", "--base", "main", "--format", "json")
        assert [(item["rule"], item["status"]) for item in done.report["findings"]] == [(RULE, "old"), ("suppression-unused", "new")]
        assert done.code == 0

    def test_copied_into_the_file_of_another_environment(self, repository: Repository) -> None:
        settings = "environments:\n  dev: {paths: [dev]}\n  prod: {paths: [prod]}\n"
        report = judged(repository, {".gitguard.yaml": settings, "dev/a.yaml": BASE}, {"prod/a.yaml": BASE})
        assert [item["path"] for item in report["findings"] if item["rule"] == "gate-weakened"] == ["prod/a.yaml"]

    def test_moved_into_another_environment(self, repository: Repository) -> None:
        settings = "environments:\n  dev: {paths: [dev]}\n  prod: {paths: [prod]}\n"
        report = judged(repository, {".gitguard.yaml": settings, "dev/a.yaml": BASE}, {"dev/a.yaml": None, "prod/a.yaml": BASE})
        assert [item["path"] for item in report["findings"] if item["rule"] == "gate-weakened"] == ["prod/a.yaml"]

    def test_twenty_thousand_that_are_added(self, repository: Repository) -> None:
        many = f"{HEAD}{f'{SAYS}{chr(10)}' * 20_000}limit: 3\nmore: 4\n"
        report = judged(repository, {"a.yaml": BASE}, {"a.yaml": many})
        # One of them was there before, beside the same field.
        assert (weakened(report), len(report["suppressed"])) == (["the suppression of `unknown-field` is added"], 1)

    def test_the_head_is_trusted_where_that_is_said(self, repository: Repository) -> None:
        report = judged(repository, {"a.yaml": HEAD}, {"a.yaml": BASE}, "--trust-head")
        assert [item["rule"] for item in report["suppressed"]] == [RULE]
        assert told(report) == [("gate-weakened", "new", 4), (RULE, "new", 5)]


@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_comment_of_a_change_hides_what_the_change_brings(repository: Repository, before: Any, after: Any) -> None:
    about = ("gate-weakened", "suppression-invalid", "suppression-expired", "suppression-unused")
    repository.git("checkout", "-q", "-B", "main")
    repository.commit({"plain.yaml": HEAD, "a.yaml": written(before, comments=True)})
    reports = []
    for comments in (False, True):
        repository.git("checkout", "-q", "-B", "change", "main")
        repository.commit({"a.yaml": written(after, comments=comments)})
        reports.append(repository.gitguard("ci", "--base", "main", "--format", "json").report)
    every, left = ([(item["rule"], item["status"], item["line"]) for item in one["findings"] if item["rule"] not in about] for one in reports)
    assert reports[0]["suppressed"] == []
    assert set(left) <= set(every)
    assert {one for one in every if one[1] == "new"} <= set(left)
    assert len(left) + len(reports[1]["suppressed"]) == len(every)


class TestFindingsAboutSuppressions:
    def test_those_that_were_there_before_are_old(self, repository: Repository) -> None:
        wrong = (
            f"{HEAD}# gitguard: ignore x\n# gitguard: ignore[api-removed] ours until=2020-01-01\n# gitguard: ignore[api-removed] ours\ndata: {{}}\n"
        )
        report = judged(repository, {"a.yaml": wrong}, {"a.yaml": f"# moved\n{wrong}", "b.yaml": f"{HEAD}# gitguard: ignore y\ndata: {{}}\n"})
        assert told(report) == [
            ("suppression-invalid", "old", 5),
            ("suppression-expired", "old", 6),
            ("suppression-unused", "old", 7),
            ("suppression-invalid", "new", 4),
        ]

    def test_what_the_change_makes_idle_and_what_it_removes(self, repository: Repository) -> None:
        beside = f"{HEAD}data: {{a: 1}} # gitguard: ignore[manifest-invalid] ours\n"
        wrong = f"{HEAD}# gitguard: ignore x\ndata: {{}}\n"
        report = judged(repository, {"a.yaml": beside, "b.yaml": wrong}, {"a.yaml": beside.replace("a: 1", "a: b"), "b.yaml": HEAD})
        assert told(report) == [("suppression-unused", "new", 4)]
        assert "suppression-invalid" in [item["rule"] for item in report["fixed"]]
