"""Every format, read by somebody else: whatever a repository says, the report has exactly its findings, and nothing of theirs is obeyed."""

import html.parser
import json
import random
import re
import xml.etree.ElementTree as ElementTree
import zlib
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from pathlib import Path
from time import process_time
from urllib.parse import unquote

import junitparser
import pytest
from hypothesis import given, settings
from jsonschema_rs import validator_for
from markdown_it import MarkdownIt

from gitguard.commands.options import FORMATS
from gitguard.model.finding import Failure, ObjectRef, Related, Report, Site, Skipped, Suppressed, Undetermined
from gitguard.output import github, gitlab, junit, markdown, sarif, summary
from gitguard.output import html as page
from gitguard.output.printing import printable
from gitguard.rules import CATALOGUE
from tests.conftest import Repository
from tests.output.hostile import NASTY, one, reports
from tests.output.runners import commands

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())


class TestSarif:
    @settings(deadline=None)
    @given(reports)
    def test_it_is_valid_and_has_all_of_them(self, report: Report) -> None:
        made = json.loads(sarif.render(report))
        assert [str(error) for error in validator_for(SCHEMA).iter_errors(made)] == []
        (run,) = made["runs"]
        fingerprints = [result["partialFingerprints"]["gitguard/v1"] for result in run["results"]]
        assert sorted(fingerprints) == sorted(finding.fingerprint for finding in report.findings)
        alerts = {result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]}
        assert len(alerts) == len(report.findings)
        for result in run["results"]:
            places = [place["physicalLocation"] for place in (*result["locations"], *result.get("relatedLocations", ()))]
            assert all(place["region"]["startLine"] >= 1 for place in places)
            assert all(re.fullmatch(r"[A-Za-z0-9._~/%-]+", place["artifactLocation"]["uri"]) for place in places)
        told = run["invocations"][0]["toolExecutionNotifications"]
        assert len(told) == len(report.failures) + len(report.undetermined) + len(report.suppressed) + len(report.remarks)

    @settings(deadline=None)
    @given(reports)
    def test_the_only_links_in_a_message_lead_to_its_own_places(self, report: Report) -> None:
        for result in json.loads(sarif.render(report))["runs"][0]["results"]:
            text = result["message"]["text"]
            found = re.findall(r"(?<!\\)\[((?:[^\\\[\]]|\\.)*)\]\(([^)]*)\)", text)
            places = {str(place["id"]) for place in result.get("relatedLocations", ())}
            assert [to for _, to in found] == sorted(places)
            assert len(re.findall(r"\]\(", text)) == len(places)

    def test_each_finding_is_an_alert_of_its_own_wherever_its_line_moves(self) -> None:
        def alerts(line: int) -> list[str]:
            found = tuple(one(site=Site("a.yaml", line=line), message=text) for text in ("first", "second", "second"))
            results = json.loads(sarif.render(Report(findings=found)))["runs"][0]["results"]
            return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

        assert len(set(alerts(3))) == 3
        assert alerts(3) == alerts(40)

    def test_rules_and_places_are_told_as_github_reads_them(self) -> None:
        related = (Related(Site("b c.yaml", line=7), "the [entry]"),)
        made = json.loads(sarif.render(Report(findings=(one(fix="do it", related=related, status="old", site=Site("ä b/#1?.yaml", line=3)),))))
        run = made["runs"][0]
        (result,) = run["results"]
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert (rule["id"], rule["defaultConfiguration"]["level"], bool(rule["help"]["markdown"])) == ("yaml-invalid", "error", True)
        assert rule["helpUri"].endswith("/docs/rules.md#yaml-invalid")
        assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == "ä b/#1?.yaml"
        assert result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "b%20c.yaml"
        assert result["message"]["text"] == r"no. do it. See [the \[entry\]](1)"
        assert result["baselineState"] == "unchanged"

    def test_rules_are_within_githubs_limits(self) -> None:
        findings = tuple(one(rule=rule.id) for rule in CATALOGUE)
        rules = json.loads(sarif.render(Report(findings=findings)))["runs"][0]["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == [rule.id for rule in CATALOGUE]
        for rule in rules:
            assert len(rule["name"]) <= 255
            assert all(0 < len(rule[part]["text"]) <= 1024 for part in ("shortDescription", "fullDescription"))
            assert len(rule["properties"]["tags"]) <= 10

    def test_what_is_suppressed_or_fixed_opens_no_alert_and_is_told(self) -> None:
        report = Report(suppressed=(Suppressed(one(message="accepted"), "until it is moved", "2027-01-01"),), fixed=(one(message="gone"),))
        (run,) = json.loads(sarif.render(report))["runs"]
        assert run["results"] == []
        (told,) = run["invocations"][0]["toolExecutionNotifications"]
        assert told["message"]["text"] == "suppressed (yaml-invalid): accepted: until it is moved (until 2027-01-01)"
        assert (told["level"], told["locations"][0]["physicalLocation"]["region"]["startLine"]) == ("note", 3)
        assert (run["properties"]["summary"]["suppressed"], run["properties"]["summary"]["fixed"]) == (1, 1)

    def test_the_same_report_is_the_same_file(self) -> None:
        report = Report(findings=(one(),))
        assert sarif.render(report._replace(seconds=1.0)) == sarif.render(report._replace(seconds=2.0))

    def test_more_than_github_takes_is_said_and_the_least_is_left_out(self) -> None:
        many = tuple(one(level="note", message=str(number)) for number in range(25_000))
        run = json.loads(sarif.render(Report(findings=(*many, one(message="the error")))))["runs"][0]
        assert len(run["results"]) == 25_000
        assert run["results"][0]["message"]["text"] == "the error"
        (told,) = run["invocations"][0]["toolExecutionNotifications"]
        assert told["message"]["text"].startswith("1 result more")

    def test_more_places_than_github_takes_of_a_result_are_said(self) -> None:
        related = tuple(Related(Site("b.yaml", line=number), str(number)) for number in range(1, 1_100))
        run = json.loads(sarif.render(Report(findings=(one(related=related),))))["runs"][0]
        (result,) = run["results"]
        assert len(result["locations"]) + len(result["relatedLocations"]) == 1_000
        (told,) = run["invocations"][0]["toolExecutionNotifications"]
        assert told["message"]["text"].startswith("100 places more")

    def test_a_file_that_is_too_large_for_github_is_cut_and_that_is_said(self) -> None:
        noise = random.Random(1)
        many = tuple(one(level="note", message=noise.randbytes(2_000).hex()) for _ in range(6_000))
        undetermined = tuple(Undetermined("r", ObjectRef(), noise.randbytes(500).hex(), "n", Site("a.yaml")) for _ in range(6_000))
        text = sarif.render(Report(findings=(*many, one(message="the error")), undetermined=undetermined, failures=(Failure("", "not read"),)))
        assert len(zlib.compress(text.encode())) <= 10_000_000
        (run,) = json.loads(text)["runs"]
        assert run["results"][0]["message"]["text"] == "the error"
        first, second, *rest = run["invocations"][0]["toolExecutionNotifications"]
        assert (second["level"], second["message"]["text"]) == ("error", "not read")
        results, notifications = re.findall(r"\d+", first["message"]["text"])
        assert len(run["results"]) + int(results) == 6_001
        assert 1 + len(rest) + int(notifications) == 6_001
        assert len(run["results"]) > 1_000


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
        causes = {(item.reason, item.needs) for item in report.undetermined}
        assert len(made) == len(report.findings) + len(report.failures) + len(causes)
        assert len({issue["fingerprint"] for issue in made}) == len(made)
        for issue in made:
            assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
            assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
            assert issue["description"]
            assert issue["check_name"]
            assert issue["location"]["path"].encode()
            assert issue["location"]["lines"]["begin"] >= 1
        paths = {issue["location"]["path"] for issue in made}
        real = {finding.site.path for finding in report.findings if finding.site.path and not re.search("[\ud800-\udfff]", finding.site.path)}
        assert real <= paths

    def test_two_equal_findings_are_two(self) -> None:
        made = json.loads(gitlab.render(Report(findings=(one(), one()), failures=(Failure("a", "b"), Failure("a", "b")))))
        assert len({issue["fingerprint"] for issue in made}) == 4

    def test_what_is_about_no_file_names_one_of_the_repository(self) -> None:
        crashed = Failure("", "rule a crashed")
        for report in (Report(findings=(one(),)), Report(skipped=(Skipped("a.yaml", "no manifest"),)), Report(failures=(Failure("a.yaml", "no"),))):
            made = json.loads(gitlab.render(report._replace(failures=(crashed, *report.failures))))
            assert (made[0]["severity"], made[0]["location"]["path"]) == ("blocker", "a.yaml")
        assert json.loads(gitlab.render(Report(failures=(crashed,))))[0]["location"]["path"] == ".gitguard.yaml"

    def test_one_cause_of_many_undetermined_verdicts_is_one_issue(self) -> None:
        many = [Undetermined("r", ObjectRef("v1", "App", "", f"a{number}"), "not known", "argocd-cm", Site("a.yaml")) for number in range(5)]
        (made,) = json.loads(gitlab.render(Report(undetermined=tuple(many))))
        assert made["description"] == "undetermined for App a0, App a1, App a2 and 2 more: not known; needs argocd-cm"
        assert made["severity"] == "info"
        assert json.loads(gitlab.render(Report(undetermined=tuple(many[:1]))))[0]["fingerprint"] == made["fingerprint"]


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
        by_suite = {suite.get("name"): suite for suite in root.findall("./testsuite")}
        for name, items in (("undetermined", report.undetermined), ("suppressed", report.suppressed)):
            assert int(by_suite[name].get("skipped", "") if items else 0) == len(items)
        for suite in (root, *by_suite.values()):
            counts = Counter(child.tag for child in suite.iter() if child.tag in ("failure", "error", "skipped"))
            assert [int(suite.get(name, "")) for name in ("failures", "errors", "skipped")] == [
                counts["failure"], counts["error"], counts["skipped"]
            ]  # fmt: skip
            assert int(suite.get("tests", "")) == len(suite.findall(".//testcase"))
        own = junitparser.JUnitXml.fromstring(junit.render(report).encode())
        assert sum(len(list(suite)) for suite in own) == len(cases)

    def test_very_many_findings_take_no_more_than_their_time(self) -> None:
        """Cases that are added one by one are counted anew for each: 20,000 took minutes."""
        started = process_time()
        root = ElementTree.fromstring(junit.render(Report(findings=tuple(one(message=str(number)) for number in range(20_000)))))  # noqa: S314 - our own
        assert (root.get("tests"), process_time() - started < 30) == ("20000", True)


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
            assert shown(finding.message) in {span.strip() for span in spans}
        outside = "".join(token.content for token in tokens if token.type == "text")
        assert not re.search(r"[@#<]|https?:", outside.replace("#", "") if not report.findings else outside)

    @settings(deadline=None)
    @given(reports)
    def test_no_text_can_look_like_the_mark_between_pages(self, report: Report) -> None:
        assert "<!--" not in markdown.render(report)
        assert markdown.render(report).split(markdown.BREAK.strip()) == [markdown.pages(report)[0]]

    @settings(deadline=None, max_examples=30)
    @given(reports)
    def test_no_page_is_too_long_whatever_is_on_it(self, report: Report) -> None:
        related = tuple(Related(Site(text * 100, line=1), text * 100) for text in NASTY)
        report = report._replace(findings=tuple(finding._replace(related=related, message=finding.message * 50) for finding in report.findings))
        assert all(len(text) <= markdown.PAGE for text in markdown.pages(report))
        if report.findings:
            assert f"and {len(NASTY) - 10} more places: the JSON report has them" in markdown.render(report)

    def test_each_page_says_which_rule_it_goes_on_with(self) -> None:
        many = tuple(one(message="x" * 1_000, status="old") for _ in range(200))
        made = markdown.pages(Report(findings=many, fixed=()))
        assert len(made) > 2
        assert all(text.count("#### Old findings\n\n❌ **`yaml-invalid`**\n\n- ") == 1 for text in made)

    def test_pages_are_below_the_limit_and_nothing_is_cut(self) -> None:
        many = tuple(one(message=f"number {number} {'x' * 200}", status="new") for number in range(1_000))
        made = markdown.pages(Report(findings=many, fixed=()))
        assert len(made) > 1
        assert all(len(text) <= markdown.PAGE for text in made)
        assert all(f"Page {number} of {len(made)}" in text for number, text in enumerate(made, 1))
        assert all(sum(f"number {number} " in text for text in made) == 1 for number in range(1_000))
        assert "1000 errors (new)" in made[0]
        assert markdown.render(Report(findings=many, fixed=())).split(markdown.BREAK) == list(made)


def shown(text: str) -> str:
    """A text of a repository in a code span, as a reader of Markdown has it."""
    (token,) = [child for block in MarkdownIt().parse(markdown.code(text)) for child in block.children or ()]
    assert token.type == "code_inline"
    # Long ones are cut, and so are long runs of backticks.
    short = re.sub("`{4,}", "```", printable(text)).replace("<!--", "")
    assert short[:100].strip() == re.sub(r" \(\d+ backticks\)", "", token.content).replace(r"\x3c!--", "")[: len(short[:100])].strip()
    return token.content.strip()


class TestSummary:
    def test_one_that_github_would_drop_is_cut_and_says_so(self) -> None:
        many = tuple(one(message=f"number {number} {'ä' * 200}", status="new") for number in range(9_000))
        old = tuple(one(level="note", message=f"old {number}", status="old") for number in range(9))
        text = summary.render(Report(findings=(*old, *many), fixed=(), failures=(Failure("a", "not read"),)))
        assert 900_000 < len(text.encode()) <= 1_000_000
        left_out = re.search(r"\*\*Not shown here: (\d+) findings, 9 old findings\.\*\*", text)
        assert left_out is not None
        assert text.count("- `number ") + int(left_out[1]) == 9_000
        assert text.index("not read") < text.index("number 0 ")
        assert "in the log of this step; `--report json=FILE` has everything" in text

    @settings(deadline=None, max_examples=30)
    @given(reports)
    def test_one_that_is_short_is_the_page_for_a_comment(self, report: Report) -> None:
        assert [summary.render(report)] == list(markdown.pages(report))


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
        assert (tags.count("script"), tags.count("fieldset")) == ((1, 1) if report.findings else (0, 0))
        assert not set(tags) & {"img", "iframe", "a", "form", "link", "object", "svg"}
        assert not any(name.startswith("on") or name in ("src", "href", "style") for _, given_ in reader.tags for name in given_)
        assert tags.count("article") == len(report.findings) + len(report.failures) + len(report.fixed or ())
        for finding in report.findings:
            assert printable(finding.message) in reader.text
        policy = next(given_["content"] or "" for tag, given_ in reader.tags if given_.get("http-equiv") == "Content-Security-Policy")
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-")
        for script in re.findall("<script>(.*?)</script>", page.render(report), re.DOTALL):
            assert b64encode(sha256(script.encode()).digest()).decode() in policy
        main = page.render(report).partition("<main>")
        assert main[0].count(">not judged<") == len(report.failures)
        assert main[2].count(">not judged<") == 0


@pytest.mark.parametrize("report", [Report(), Report(fixed=()), Report(findings=(one(status="old"),), fixed=())])
def test_what_could_not_be_judged_is_said_first_of_all(report: Report) -> None:
    report = report._replace(failures=(Failure("a.yaml", "it can't be read"), Failure("", "a rule crashed")))
    nothing = "nothing else new" if report.fixed is not None else "nothing else found"
    assert commands(github.render(report))[0][2] == "it can't be read"
    assert f"gitguard: 2 not judged, {nothing}" in github.render(report)
    for text in (markdown.render(report), summary.render(report)):
        assert text.startswith(f"### gitguard: 2 not judged, {nothing}")
        assert "it can't be read" in text.partition("yaml-invalid")[0]
    assert f"<h1>gitguard: 2 not judged, {nothing}" in page.render(report)
    assert "nothing to report" not in junit.render(report)
    done = [suite.get("name") for suite in ElementTree.fromstring(junit.render(report)).iter("testsuite")]  # noqa: S314 - our own
    assert done[0] == "incomplete"


BAD = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {a: 1}
"""


@pytest.mark.parametrize("name", FORMATS)
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
    repository.git("rm", "-q", "a.yaml")
    assert repository.gitguard("check", "--format", "sarif").code == 3
