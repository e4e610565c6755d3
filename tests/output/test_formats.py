"""Every format, read by somebody else: whatever a repository says, the report has exactly its findings, and nothing of theirs is obeyed."""

import html.parser
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for
from markdown_it import MarkdownIt

from gitguard.model.finding import LEVELS, Counts, Failure, Finding, ObjectRef, Related, Report, Site, Suppressed, Undetermined
from gitguard.output import github, gitlab, junit, markdown, sarif
from gitguard.output import html as page
from gitguard.output.printing import printable
from tests.conftest import Repository

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())
NASTY = [
    "a\n::error::x", "<script>alert(1)</script>", "`` ` ```", "a|b", "@team #1 https://evil.example", "![x](https://evil.example/x)", "\x1b[31m", "\x00\x08",
    "\u202eabc", "\udc80", "]]>", "-->", "%0A::warning::", "a,line=1", "a:b", "\r\n", "\\", "**x**", "</code></pre><img src=x onerror=alert(1)>",
]  # fmt: skip
words = st.one_of(st.sampled_from(NASTY), st.text(st.characters(codec=None), max_size=30))
sites = st.builds(Site, words, line=st.integers(-1, 99), column=st.integers(-1, 99))
findings = st.builds(
    Finding,
    rule=st.sampled_from(["source-not-permitted", "yaml-invalid", "a-policy"]),
    level=st.sampled_from(LEVELS),
    message=words,
    object=st.builds(ObjectRef, words, words, words, words),
    site=sites,
    related=st.lists(st.builds(Related, sites, words), max_size=2).map(tuple),
    fix=words,
    status=st.sampled_from(["", "new", "old"]),
)
reports = st.builds(
    Report,
    counts=st.just(Counts()),
    findings=st.lists(findings, max_size=4).map(tuple),
    undetermined=st.lists(st.builds(Undetermined, words, st.builds(ObjectRef, words, words), words, words, sites), max_size=2).map(tuple),
    suppressed=st.lists(st.builds(Suppressed, findings, words, st.just("")), max_size=2).map(tuple),
    failures=st.lists(st.builds(Failure, words, words), max_size=2).map(tuple),
    fixed=st.one_of(st.none(), st.lists(findings, max_size=2).map(tuple)),
    remarks=st.lists(words, max_size=2).map(tuple),
)


def one(**more: Any) -> Finding:
    usual = {"rule": "yaml-invalid", "level": "error", "message": "no", "object": ObjectRef(), "site": Site("a.yaml", line=3, column=2)}
    return Finding(**{**usual, **more})


class TestSarif:
    @settings(deadline=None)
    @given(reports)
    def test_it_is_valid_and_has_all_of_them(self, report: Report) -> None:
        made = json.loads(sarif.render(report))
        assert [str(error) for error in validator_for(SCHEMA).iter_errors(made)] == []
        (run,) = made["runs"]
        live = [result for result in run["results"] if "suppressions" not in result and result.get("baselineState") != "absent"]
        assert sorted(result["partialFingerprints"]["gitguard/v1"] for result in live) == sorted(finding.fingerprint for finding in report.findings)
        assert len(run["results"]) == len(report.findings) + len(report.suppressed) + len(report.fixed or ())
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]
            assert place["region"]["startLine"] >= 1
            assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"])
        told = run["invocations"][0]["toolExecutionNotifications"]
        assert len(told) == len(report.failures) + len(report.undetermined) + len(report.remarks)

    def test_rules_and_places_are_told_as_github_reads_them(self) -> None:
        related = (Related(Site("b c.yaml", line=7), "the entry"),)
        made = json.loads(sarif.render(Report(findings=(one(related=related, status="old", site=Site("ä b/#1?.yaml", line=3)),))))
        run = made["runs"][0]
        (result,) = run["results"]
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert (rule["id"], rule["defaultConfiguration"]["level"], bool(rule["help"]["markdown"])) == ("yaml-invalid", "error", True)
        assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == "ä b/#1?.yaml"
        assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b%20c.yaml"
        assert result["baselineState"] == "unchanged"

    def test_more_than_github_takes_is_said_and_the_least_is_left_out(self) -> None:
        many = tuple(one(level="note", message=str(number)) for number in range(25_000))
        run = json.loads(sarif.render(Report(findings=(*many, one(message="the error")))))["runs"][0]
        assert len(run["results"]) == 25_000
        assert run["results"][0]["message"]["text"] == "the error"
        (told,) = run["invocations"][0]["toolExecutionNotifications"]
        assert told["message"]["text"].startswith("1 result more")


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As the runner reads a step's output (ActionCommand.TryParseV2): one command a line, (name, properties, message)."""
    made = []
    for line in re.split(r"\r\n|\r|\n", text):
        found = re.match(r"\s*::([^: ]+)(?: (.*?))?::(.*)$", line)
        if found:
            pairs = [part.split("=", 1) for part in (found[2] or "").split(",") if "=" in part]
            made.append((found[1], {key: _unescaped(value, properties=True) for key, value in pairs}, _unescaped(found[3], properties=False)))
    return made


def _unescaped(text: str, *, properties: bool) -> str:
    signs = [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if properties else []), ("%25", "%")]
    for escaped, plain in signs:
        text = text.replace(escaped, plain)
    return text


class TestGitHub:
    @settings(deadline=None)
    @given(reports)
    def test_the_runner_reads_each_that_is_no_old_one_and_nothing_else(self, report: Report) -> None:
        made = commands(github.render(report))
        told = [finding for finding in report.findings if finding.status != "old"]
        assert len(made) == len(told) + len(report.failures)
        assert all(name in ("error", "warning", "notice") for name, _, _ in made)
        said = sorted(message.split("\n")[0] for _, properties, message in made if properties["title"] != "gitguard: incomplete")
        assert said == sorted(printable(finding.message) for finding in told)

    def test_a_file_is_named_as_it_is(self) -> None:
        (made,) = commands(github.render(Report(findings=(one(site=Site("a,b:c%d.yaml", line=3, column=2)),))))
        assert made == ("error", {"title": "yaml-invalid", "file": "a,b:c%d.yaml", "line": "3", "col": "2"}, "no")

    def test_more_than_github_shows_is_said(self) -> None:
        text = github.render(Report(findings=tuple(one(message=str(number)) for number in range(11))))
        assert len(commands(text)) == 11
        assert "GitHub shows 10 annotations" in text
        assert "GitHub shows" not in github.render(Report(findings=(one(),)))


class TestGitLab:
    @settings(deadline=None)
    @given(reports)
    def test_every_object_is_complete_and_none_is_dropped(self, report: Report) -> None:
        made = json.loads(gitlab.render(report))
        assert len(made) == len(report.findings) + len(report.failures)
        assert len({issue["fingerprint"] for issue in made}) == len(made)
        for issue in made:
            assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert issue["check_name"]
            assert issue["location"]["path"]
            assert issue["location"]["lines"]["begin"] >= 1


class TestJUnit:
    @settings(deadline=None)
    @given(reports)
    def test_it_is_xml_with_a_case_for_each(self, report: Report) -> None:
        root = ElementTree.fromstring(junit.render(report))  # noqa: S314 - our own
        cases = root.findall("./testsuite/testcase")
        told = len(report.findings) + len(report.failures) + len(report.undetermined) + len(report.suppressed)
        good = len(report.fixed or ()) + len(report.remarks)
        # One that says so where there is nothing else to report.
        assert len(cases) == told + good + (not report.findings and not report.failures and not good)
        failing = sum(finding.level == "error" and finding.status != "old" for finding in report.findings)
        assert (len(root.findall(".//failure")), len(root.findall(".//error"))) == (failing, len(report.failures))
        assert (int(root.get("failures", "")), int(root.get("errors", ""))) == (failing, len(report.failures))
        for suite in root.findall("./testsuite"):
            names = [case.get("name") for case in suite]
            assert len(set(names)) == len(names)


class TestMarkdown:
    @settings(deadline=None)
    @given(reports)
    def test_what_others_say_is_nothing_but_code(self, report: Report) -> None:
        text = markdown.render(report)
        tokens = [token for block in MarkdownIt("gfm-like", {"linkify": False}).parse(text) for token in (block, *(block.children or ()))]
        kinds = {token.type for token in tokens}
        assert not kinds & {"link_open", "image", "html_inline", "html_block", "fence", "code_block", "table_open"}, kinds
        spans = {token.content for token in tokens if token.type == "code_inline"}
        for finding in report.findings:
            assert printable(finding.message).strip() in {span.strip() for span in spans}
        outside = "".join(token.content for token in tokens if token.type == "text")
        assert not re.search(r"[@#<]|https?:", outside.replace("#", "") if not report.findings else outside)

    def test_pages_are_below_the_limit_and_nothing_is_cut(self) -> None:
        many = tuple(one(message=f"number {number} {'x' * 200}", status="new") for number in range(1_000))
        made = markdown.pages(Report(findings=many, fixed=()))
        assert len(made) > 1
        assert all(len(text) <= markdown.PAGE for text in made)
        assert all(f"Page {number} of {len(made)}" in text for number, text in enumerate(made, 1))
        assert all(sum(f"number {number} " in text for text in made) == 1 for number in range(1_000))
        assert "1000 errors (new)" in made[0]
        assert markdown.render(Report(findings=many, fixed=())).split(markdown.BREAK) == list(made)


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


class TestHtml:
    @settings(deadline=None)
    @given(reports)
    def test_it_has_our_tags_only(self, report: Report) -> None:
        reader = _Reader()
        reader.feed(page.render(report))
        tags = [tag for tag, _ in reader.tags]
        assert tags.count("script") == 1
        assert not set(tags) & {"img", "iframe", "a", "form", "link", "object", "svg"}
        assert not any(name.startswith("on") or name in ("src", "href", "style") for _, given_ in reader.tags for name in given_)
        assert tags.count("article") == len(report.findings) + len(report.failures) + len(report.fixed or ())
        for finding in report.findings:
            assert printable(finding.message) in reader.text


BAD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {a: 1}
"""


@pytest.mark.parametrize("name", ["text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html"])
@pytest.mark.parametrize("path", ["a\n::error::x.yaml", "<script>.yaml", "`|@a`.yaml", "\x1b[31m\u202e.yaml"])
def test_names_of_files_are_told_and_not_obeyed(repository: Repository, name: str, path: str) -> None:
    repository.commit({path: BAD})
    done = repository.gitguard("check", "--format", name)
    assert done.code == (0 if name == "sarif" else 1)
    assert "must be text" in done.out
    if name == "github":
        assert len(commands(done.out)) == 1
    assert "\x1b" not in done.out
    assert not re.search("^::error::x", done.out, re.MULTILINE)
    if name == "html":
        assert "<script>.yaml" not in done.out


def test_one_run_writes_several_reports(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.yaml": BAD})
    files = {name: tmp_path / f"report.{name}" for name in ("sarif", "junit", "gitlab", "markdown", "html")}
    done = repository.gitguard("check", "--format", "github", *(f"--report={name}={file}" for name, file in files.items()))
    assert done.code == 1
    assert len(commands(done.out)) == 1
    assert all("must be text" in file.read_text() for file in files.values())


@pytest.mark.parametrize("given_", ["nothing", "text=a", "sarif=", "pdf=a"])
def test_a_report_needs_a_format_and_a_file(repository: Repository, given_: str) -> None:
    repository.commit({"a.yaml": BAD})
    done = repository.gitguard("check", "--report", given_)
    assert done.code == 2
    assert "--report FORMAT=FILE" in done.err


def test_sarif_has_the_exit_code_of_findings_only_when_it_is_asked_for(repository: Repository) -> None:
    repository.commit({"a.yaml": BAD})
    assert repository.gitguard("check", "--format", "sarif").code == 0
    assert repository.gitguard("check", "--format", "sarif", "--exit-code").code == 1
    assert repository.gitguard("check", "--format", "sarif", "--no-such-option").code == 2
