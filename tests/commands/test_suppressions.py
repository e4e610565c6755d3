"""Suppressions by comments and by the configuration: where they stand, what they cover, how long; what of a change counts."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.commands.test_ci import PROJECT, app
from tests.conftest import Repository, Result

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: web}\n"
ONE = HEAD.replace("NAME", "one")
RULE = "unknown-field"


def found(result: Result) -> list[tuple[str, int]]:
    """(rule, line) of each finding."""
    assert result.code in (0, 1), result
    return [(item["rule"], item["line"]) for item in result.report["findings"]]


def judged(repository: Repository, content: str | bytes, path: str = "a.yaml") -> list[tuple[str, int]]:
    result = repository.write({path: content}).check()
    lost = result.report["summary"]["suppressed"]
    assert lost == len(result.report["suppressed"])
    return found(result)


class TestWhereItStands:
    @pytest.mark.parametrize(
        ("content", "left"),
        [
            (f"{ONE}limit: 3 # gitguard: ignore[{RULE}] ours\n", []),
            (f"{ONE}# gitguard: ignore[{RULE}] ours\nlimit: 3\n", []),
            (f"{ONE}# gitguard: ignore[{RULE}] ours\n# and why\nlimit: 3\n", []),
            (f"{ONE}limit: 3 # why it is there # gitguard: ignore[{RULE}] ours\n", []),
            (f"{ONE}limit: 3 # gitguard: ignore[api-removed, {RULE}] ours\n", []),
            (f"{ONE}limit: | # gitguard: ignore[{RULE}] ours\n  text\n", []),
            (f"# gitguard: ignore[{RULE}] ours\n{ONE}limit: 3\nmore: 4\n", []),
            (f"# gitguard: ignore[{RULE}] ours\n---\n{ONE}limit: 3\nmore: 4\n", []),
            (f"---\n# gitguard: ignore[{RULE}] ours\n\n{ONE}limit: 3\n", []),
            (f"--- # gitguard: ignore[{RULE}] ours\n{ONE}limit: 3\n", []),
            (ONE.replace("v1\n", f"v1 # gitguard: ignore[{RULE}] ours\n") + "limit: 3\n", []),
            (f"{ONE}limit: 3 # gitguard: ignore[{RULE}] ours\nmore: 4\n", [(RULE, 5)]),
            # Of the objects of a file only the one below.
            (f"# gitguard: ignore[{RULE}] ours\n{ONE}limit: 3\n---\n{ONE}limit: 3\n", [(RULE, 10)]),
            (f"{ONE}limit: 3\n---\n# gitguard: ignore[{RULE}] ours\n{ONE}limit: 3\n", [(RULE, 4)]),
        ],
    )
    def test_beside_the_line_or_above_it_or_above_the_object(self, repository: Repository, content: str, left: list[Any]) -> None:
        assert judged(repository, content) == left

    @pytest.mark.parametrize(
        ("content", "left"),
        [
            (f"{ONE}# gitguard: ignore[{RULE}] ours\n\nlimit: 3\n", [("suppression-invalid", 4), (RULE, 6)]),
            (f"{ONE}limit: 3\n# gitguard: ignore[{RULE}] ours\n", [(RULE, 4), ("suppression-invalid", 5)]),
            (f"{ONE}limit: 3\n# gitguard: ignore[{RULE}] ours\n---\n{ONE}", [(RULE, 4), ("suppression-invalid", 5)]),
            # No comments, whatever they look like.
            (f"{ONE}limit: 'a # gitguard: ignore[{RULE}] ours'\n", [(RULE, 4)]),
            (f'{ONE}limit: "# gitguard: ignore[{RULE}] ours"\n', [(RULE, 4)]),
            (f"{ONE}data:\n  a: |\n    # gitguard: ignore[{RULE}] ours\nlimit: 3\n", [(RULE, 7)]),
            (f"{ONE}limit: >-\n  # gitguard: ignore[{RULE}] ours\n", [(RULE, 4)]),
            (f"{ONE}limit: 3 # see gitguard: ignore[{RULE}]\n", [(RULE, 4)]),
        ],
    )
    def test_elsewhere_it_suppresses_nothing(self, repository: Repository, content: str, left: list[Any]) -> None:
        assert judged(repository, content) == left

    @pytest.mark.parametrize("encode", [str.encode, lambda text: text.encode("utf-16"), lambda text: text.encode("utf-8-sig")])
    @pytest.mark.parametrize("ending", ["\n", "\r\n"])
    def test_in_every_encoding_and_with_every_line_ending(self, repository: Repository, encode: Any, ending: str) -> None:
        content = f"{ONE}# gitguard: ignore[{RULE}] für uns\nlimit: 3\nmore: 4 # gitguard: ignore[{RULE}] ours\nlast: 5\n"
        assert judged(repository, encode(content.replace("\n", ending))) == [(RULE, 7)]

    def test_json_has_no_comments(self, repository: Repository) -> None:
        content = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "limit": "# gitguard: ignore[unknown-field] ours"}'
        assert judged(repository, content, "a.json") == [(RULE, 1)]

    def test_in_a_template_it_is_told_that_it_does_not_count(self, repository: Repository) -> None:
        files = {
            "chart/Chart.yaml": "apiVersion: v2\nname: chart\nversion: 1.0.0\n",
            "chart/templates/a.yaml": f"# gitguard: ignore[{RULE}] ours\n{ONE}limit: {{{{ .Values.limit }}}}\n",
            "plain.yaml": ONE,
        }
        result = repository.write(files).check()
        assert [(item["rule"], item["path"], item["line"]) for item in result.report["findings"]] == [
            ("suppression-invalid", "chart/templates/a.yaml", 1)
        ]
        assert "comments of templates are not read" in result.report["findings"][0]["message"]

    def test_a_broken_file_has_those_before_the_break(self, repository: Repository) -> None:
        repository.write({"whole.yaml": ONE})
        assert judged(repository, f"# gitguard: ignore[yaml-invalid] being moved\n{ONE}limit: [\n") == []

    def test_a_list_item_and_a_rule_about_applications(self, repository: Repository) -> None:
        bad = app("bad", "b").replace("NAME", "x")
        line = "  destination: "
        repository.write({"project.yaml": PROJECT})
        beside = bad.replace(line, f"  # gitguard: ignore[destination-not-permitted] moves in spring\n{line}")
        assert [rule for rule, _ in judged(repository, bad)] == ["destination-not-permitted"]
        assert judged(repository, beside) == []


class TestWhatIsWrongWithIt:
    @pytest.mark.parametrize(
        ("comment", "message"),
        [
            ("ignore[unknown-field]", "it has no reason"),
            ("ignore[unknown-field] until=2099-01-31", "it has no reason"),
            ("ignore[unknown-field]  \t ", "it has no reason"),
            ("ignore unknown-field ours", "names its rules in brackets"),
            ("ignore[unknown-field ours", "names its rules in brackets"),
            ("ignore[] ours", "a rule is missing between the brackets"),
            ("ignore[unknown-field,] ours", "a rule is missing between the brackets"),
            ("ignore[unknown-fields] ours", "did you mean `unknown-field`?"),
            ("ignore[*] ours", "there is no rule `*`"),
            ("ignore[gate-weakened] ours", "`gate-weakened` can't be suppressed"),
            ("ignore[suppression-invalid] ours", "`suppression-invalid` can't be suppressed"),
            ("ignore[unknown-field] ours until=2099-02-30", "is no day"),
            ("ignore[unknown-field] ours until=soon", "is no day"),
            ("ignore[unknown-field] ours until=", "is no day"),
            ("ignore[unknown-field] ours until=2099-01-31 until=2099-01-30", "it names several days"),
            ("allow[unknown-field] ours", "is all that a comment can say"),
            (f"ignore[{'x' * 100_000}] ours", "no rule has such a name"),
        ],
    )
    def test_it_is_an_error_and_suppresses_nothing(self, repository: Repository, comment: str, message: str) -> None:
        result = repository.write({"a.yaml": f"{ONE}# gitguard: {comment}\nlimit: 3\n"}).check()
        assert found(result) == [("suppression-invalid", 4), (RULE, 5)]
        told = result.report["findings"][0]
        assert (told["level"], told["object"]["name"]) == ("error", "one")
        assert message in told["message"]
        assert len(told["message"]) < 1_100

    @pytest.mark.parametrize(
        ("ignore", "message"),
        [
            ("{rule: unknown-fields, reason: x}", "there is no rule `unknown-fields`"),
            ("{rule: gate-weakened, reason: x}", "can't be suppressed"),
            ("{path: a.yaml, reason: x, until: '2099-02-30'}", "is no day"),
        ],
    )
    def test_in_the_configuration_too(self, repository: Repository, ignore: str, message: str) -> None:
        result = repository.write({"a.yaml": ONE, ".gitguard.yaml": f"ignore:\n  - {ignore}\n"}).check()
        (told,) = result.report["findings"]
        assert (result.code, told["rule"], told["path"], told["line"]) == (1, "suppression-invalid", ".gitguard.yaml", 2)
        assert message in told["message"]

    def test_when_it_is_over_the_finding_counts_again(self, repository: Repository) -> None:
        text = f"{ONE}# gitguard: ignore[{RULE}] ours until=DAY\nlimit: 3\n"
        result = repository.write({"a.yaml": text.replace("DAY", "2020-01-01")}).check()
        assert found(result) == [("suppression-expired", 4), (RULE, 5)]
        assert result.report["findings"][0]["level"] == "warning"
        result = repository.write({"a.yaml": text.replace("DAY", "2999-01-01")}).check()
        assert result.report["suppressed"] == [{"rule": RULE, "path": "a.yaml", "reason": "ours", "until": "2999-01-01"}]

    def test_one_of_the_configuration_runs_out_and_one_suppresses_nothing(self, repository: Repository) -> None:
        ignores = "ignore:\n  - {path: a.yaml, reason: x, until: '2020-01-01'}\n  - {path: gone.yaml, reason: x}\n"
        result = repository.write({"a.yaml": ONE, ".gitguard.yaml": ignores}).check()
        assert (result.code, found(result)) == (0, [("suppression-expired", 2), ("suppression-unused", 3)])

    def test_it_suppresses_nothing(self, repository: Repository) -> None:
        assert judged(repository, f"{ONE}# gitguard: ignore[api-removed] ours\ndata: {{}}\n") == [("suppression-unused", 4)]

    def test_unused_is_not_said_where_not_all_could_be_judged(self, repository: Repository) -> None:
        repository.write({"a.yaml": f"{ONE}# gitguard: ignore[api-removed] ours\ndata: {{}}\n"})
        (repository.path / "out.yaml").symlink_to("/etc/hostname")
        repository.git("add", "-A")
        result = repository.check()
        assert (result.code, result.report["findings"]) == (3, [])

    def test_the_rules_about_suppressions_can_not_be_suppressed(self, repository: Repository) -> None:
        ignore = "ignore:\n  - {path: '*', reason: all}\n"
        unused = f"# gitguard: ignore[api-removed] ours\n{ONE}# gitguard: ignore x\ndata: {{}}\n"
        result = repository.write({"a.yaml": unused, "b.yaml": f"{ONE}limit: 3\n", ".gitguard.yaml": ignore}).check()
        assert [item["rule"] for item in result.report["findings"]] == ["suppression-unused", "suppression-invalid"]


class TestHostileReasons:
    @pytest.mark.parametrize("format_", ["text", "json", "github", "gitlab", "sarif", "junit", "markdown", "html"])
    def test_no_reason_gets_to_the_reader_as_it_is(self, repository: Repository, format_: str) -> None:
        for reason in ("::error::pwned", "<script>alert(1)</script>", "%0A::stop-commands::x", "\u202egnitteser", "]] ![x](https://evil.example)"):
            repository.write({"a.yaml": f"{ONE}limit: 3 # gitguard: ignore[{RULE}] {reason}\n"})
            done = repository.gitguard("check", "--format", format_, "--verbose")
            assert done.code == 0, done
            assert not any(line.startswith(("::error", "::stop")) for line in done.out.splitlines())
            assert "\x1b" not in done.out
            assert format_ != "html" or "<script>alert" not in done.out
            assert format_ not in ("text", "markdown") or "\u202e" not in done.out

    def test_a_control_character_makes_the_file_unreadable(self, repository: Repository) -> None:
        assert [rule for rule, _ in judged(repository, f"{ONE}limit: 3 # gitguard: ignore[{RULE}] \x1b[31mred\n")] == ["yaml-invalid"]

    def test_a_long_one_is_cut(self, repository: Repository) -> None:
        result = repository.write({"a.yaml": f"{ONE}limit: 3 # gitguard: ignore[{RULE}] {'long ' * 20_000}\n"}).check()
        (told,) = result.report["suppressed"]
        assert len(told["reason"]) < 1_000

    def test_what_it_covers_in_a_secret_is_in_no_cache(self, repository: Repository) -> None:
        secret = ONE.replace("ConfigMap", "Secret")
        covered = f"{secret}stringData: {{a: hunter2hunter2}} # gitguard: ignore[{RULE}] ours\nlimit: hunter3 # gitguard: ignore[{RULE}] ours\n"
        repository.commit({"a.yaml": covered})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({"a.yaml": covered.replace("hunter3", "hunter4")})
        repository.check()
        assert repository.gitguard("ci", "--base", "main", "--format", "json").code in (0, 1)
        cached = b"".join(file.read_bytes() for file in (repository.path.parent / "home").rglob("*") if file.is_file())
        assert RULE.encode() in cached
        assert b"hunter" not in cached
        # The comment is kept, and of what it covers nothing but where that is.
        rows = [json.loads(text) for text in _cached(repository) if "ours" in text]
        assert [sorted(one[2] for one in row[6]) for row in rows] == [[4, 5], [4, 5]]
        assert {len(one) for row in rows for one in row[6]} == {7}


def _cached(repository: Repository) -> list[str]:
    import sqlite3

    (file,) = (repository.path.parent / "home").rglob("facts.sqlite3")
    with sqlite3.connect(file) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM facts")]


LINES = ["limit: 3", "more: 4", "last: 5", "data: {a: b}"]
RULES = st.lists(st.sampled_from([RULE, "api-removed", "manifest-invalid", "nonsense"]), min_size=1, max_size=2, unique=True).map(", ".join)
COMMENTS = st.one_of(
    st.just(""),
    st.builds("# gitguard: ignore[{}] {}".format, RULES, st.sampled_from(["ours", "", "ours until=2999-01-01", "ours until=2020-01-01"])),
)
DOCUMENTS = st.lists(
    st.tuples(COMMENTS, st.lists(st.tuples(COMMENTS, st.booleans(), st.sampled_from(LINES)), max_size=4, unique_by=lambda x: x[2])), max_size=3
)


def written(documents: Any, *, comments: bool) -> str:
    """With the same lines, with and without comments."""
    parts = []
    for number, (above, fields) in enumerate(documents):
        lines = [above if comments else "#", HEAD.replace("NAME", f"n{number}").rstrip("\n")]
        for comment, beside, field in fields:
            told = comment if comments else "#"
            lines += [f"{field} {told}"] if beside else [told or "#", field]
        parts.append("\n".join(lines) + "\n")
    return "---\n".join(parts)


@given(DOCUMENTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_finding_is_reported_or_suppressed(repository: Repository, documents: Any) -> None:
    own = ("suppression-invalid", "suppression-expired", "suppression-unused")
    with_them = repository.write({"plain.yaml": ONE, "a.yaml": written(documents, comments=True)}).check("--no-cache").report
    without = repository.write({"a.yaml": written(documents, comments=False)}).check("--no-cache").report
    left = sorted((item["rule"], item["line"]) for item in with_them["findings"] if item["rule"] not in own)
    every = sorted((item["rule"], item["line"]) for item in without["findings"])
    assert len(left) + len(with_them["suppressed"]) == len(every)
    assert not [item for item in without["findings"] if item["rule"] in own]
    assert set(left) <= set(every)
    assert sorted([item["rule"] for item in with_them["suppressed"]] + [rule for rule, _ in left]) == [rule for rule, _ in every]
    assert with_them["summary"]["suppressed"] == len(with_them["suppressed"])


class TestHook:
    def test_it_takes_those_of_the_index_and_never_calls_one_unused(self, repository: Repository) -> None:
        repository.commit({"a.yaml": ONE})
        repository.write({"a.yaml": f"{ONE}limit: 3 # gitguard: ignore[{RULE}] ours\n# gitguard: ignore[api-removed] ours\ndata: {{}}\n"})
        result = repository.gitguard("hook", "--format", "json")
        assert (result.code, result.report["findings"], result.report["summary"]["suppressed"]) == (0, [], 1)

    def test_one_that_is_no_suppression_is_told_once(self, repository: Repository) -> None:
        repository.commit({"a.yaml": f"{ONE}# gitguard: ignore x\ndata: {{}}\n"})
        repository.write({"a.yaml": f"{ONE}# gitguard: ignore x\ndata: {{a: b}}\n"})
        assert repository.gitguard("hook", "--format", "json").report["findings"] == []
        repository.write({"a.yaml": f"{ONE}# gitguard: ignore[{RULE}]\n# gitguard: ignore x\ndata: {{a: b}}\n"})
        assert found(repository.gitguard("hook", "--format", "json")) == [("suppression-invalid", 4)]

    def test_files_by_themselves(self, repository: Repository) -> None:
        repository.write({"a.yaml": f"{ONE}limit: 3 # gitguard: ignore[{RULE}] ours\n", "b.yaml": f"{ONE}limit: 3 # gitguard: ignore x\n"})
        assert repository.gitguard("hook", "a.yaml").code == 0
        assert found(repository.gitguard("hook", "--format", "json", "b.yaml")) == [("suppression-invalid", 4), (RULE, 4)]
