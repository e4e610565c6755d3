"""What docs/outputs.md says each format tells, and how."""

import html.parser
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping

import pytest

from gitguard.commands.options import FORMATS, Options, rendered
from gitguard.model.finding import Failure, Finding, ObjectRef, Report, Site, Suppressed, Undetermined
from tests.commands.test_ci import PROJECT, app
from tests.conftest import ROOT, Repository
from tests.output.hostile import one
from tests.output.runners import commands

STATES = ("finding", "old", "fixed", "undetermined", "suppressed", "not judged")


def named(state: str, status: str = "") -> Finding:
    return one(message=f"m-{state}", status=status, site=Site(f"{state}.yaml", line=3, column=1))


REPORT = Report(
    findings=(named("finding", "new"), named("old", "old")),
    fixed=(named("fixed"),),
    undetermined=tuple(Undetermined("yaml-invalid", ObjectRef(), "m-undetermined", "b", Site(path)) for path in ("undetermined.yaml", "c.yaml")),
    suppressed=(Suppressed(named("suppressed"), "m-suppressed", ""),),
    failures=(Failure("not judged.yaml", "m-not judged"),),
)
COUNTED = {"old": "1 old finding", "fixed": "1 fixed", "undetermined": "2 undetermined", "suppressed": "1 suppressed"}


def _of_lines(text: str) -> Mapping[str, str]:
    """What a text for people says: an item is named by its message or, where only its place is told, by that."""
    told = {state: "counted" if COUNTED.get(state, "-") in text else "no" for state in STATES}
    told |= {state: "listed" for state in STATES if f"m-{state}" in text or f"{state}.yaml" in text}
    return told | ({"undetermined": "listed by cause"} if text.count("m-undetermined") == 1 else {})


def _of_json(text: str) -> Mapping[str, str]:
    document = json.loads(text)
    return {state: next(f"`{key}`" for key, items in document.items() if f"m-{state}" in json.dumps(items)) for state in STATES}


def _of_sarif(text: str) -> Mapping[str, str]:
    (run,) = json.loads(text)["runs"]
    told = {state: "counted" if run["properties"]["summary"].get(state) else "no" for state in STATES}
    for kind, items in (("result", run["results"]), ("notification", run["invocations"][0]["toolExecutionNotifications"])):
        told |= {state: kind for state in STATES if any(f"m-{state}" in item["message"]["text"] for item in items)}
    return told


def _of_github(text: str) -> Mapping[str, str]:
    messages = [message for _, _, message in commands(text)]
    return {state: "annotation" if f"m-{state}" in messages else "counted" if COUNTED[state] in text else "no" for state in STATES}


def _of_gitlab(text: str) -> Mapping[str, str]:
    descriptions = [issue["description"] for issue in json.loads(text)]
    told = {state: "issue" if any(f"m-{state}" in one for one in descriptions) else "no" for state in STATES}
    return told | ({"undetermined": "issue by cause"} if sum("m-undetermined" in one for one in descriptions) == 1 else {})


def _of_junit(text: str) -> Mapping[str, str]:
    told = {}
    for case in ElementTree.fromstring(text).iter("testcase"):  # noqa: S314 - our own
        result = {"name": case.get("name", ""), **{key: value for child in case for key, value in child.attrib.items()}}
        kind = next((child.tag for child in case), "passed")
        told |= {state: kind for state in STATES if re.search(f"m-{state}|{state}.yaml", str(result))}
    return told


class _Paragraphs(html.parser.HTMLParser):
    text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def _of_html(text: str) -> Mapping[str, str]:
    reader = _Paragraphs()
    reader.feed(text)
    told = _of_lines(reader.text)
    return told | {"undetermined": "listed"} if reader.text.count("m-undetermined") == 2 else told


READERS: Mapping[str, Callable[[str], Mapping[str, str]]] = {
    "text": _of_lines, "json": _of_json, "sarif": _of_sarif, "github": _of_github, "gitlab": _of_gitlab, "junit": _of_junit, "markdown": _of_lines,
    "summary": _of_lines, "html": _of_html,
}  # fmt: skip


def documented() -> Mapping[str, Mapping[str, str]]:
    text = (ROOT / "docs" / "outputs.md").read_text().partition("## What is told how\n\n")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {name.strip("`"): dict(zip(STATES, cells, strict=True)) for name, *cells in rows}


@pytest.mark.parametrize("name", [*FORMATS, "text --verbose"])
def test_each_state_is_told_as_documented(name: str) -> None:
    format_ = name.partition(" ")[0]
    text = rendered(REPORT, Options({}, format=format_, verbose=name.endswith("--verbose")))
    assert documented()[name] == READERS[format_](text)


def test_every_format_is_documented() -> None:
    assert documented().keys() == {*FORMATS, "text --verbose"}
    text = (ROOT / "docs" / "outputs.md").read_text()
    assert re.findall(r"^\| `(\w+)` \|", text.partition("## What is told how")[0], re.MULTILINE) == [
        *("text", "json", "sarif", "github", "gitlab", "junit", "markdown", "summary", "html")
    ]
    assert f"the same in {('eight', 'nine', 'ten')[len(FORMATS) - 8]} formats" in text


def test_quiet_text_has_findings_and_what_was_not_judged() -> None:
    told = _of_lines(rendered(REPORT, Options({}, quiet=True)))
    assert {state for state, how in told.items() if how != "no"} == {"finding", "not judged"}


def test_text_says_in_its_last_lines_what_was_not_judged() -> None:
    assert "\n1 not judged, no findings in 0 files" in rendered(Report(failures=(Failure("a", "b"),)), Options({}))


def test_text_lists_the_five_most_frequent_causes_of_undetermined_verdicts() -> None:
    many = [Undetermined("r", ObjectRef(), f"cause {cause}", "n", Site("a.yaml")) for cause in range(7) for _ in range(cause + 1)]
    text = rendered(Report(undetermined=tuple(many)), Options({}))
    assert re.findall(r"cause (\d)", text) == ["6", "5", "4", "3", "2"]
    assert "3 more for 2 other reasons (--verbose lists them)" in text


def test_a_long_message_is_shortened_in_its_middle(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "app.yaml": app("a", "a").replace("https://git.example/team", f"https://git.example/{'x' * 3_000}")})
    (finding,) = repository.check().report["findings"]
    assert len(finding["message"]) <= 1_000
    assert " … " in finding["message"]


def test_levels_are_told_as_documented() -> None:
    report = Report(findings=tuple(one(level=level, message=level) for level in ("error", "warning", "note")), failures=(Failure("a", "b"),))
    assert [issue["severity"] for issue in json.loads(rendered(report, Options({}, format="gitlab")))] == ["blocker", "major", "minor", "info"]
    assert [name for name, _, _ in commands(rendered(report, Options({}, format="github")))] == ["error", "error", "warning", "notice"]
    cases = list(ElementTree.fromstring(rendered(report, Options({}, format="junit"))).iter("testcase"))  # noqa: S314 - our own
    assert [case[0].tag for case in cases] == ["error", "failure", "skipped", "skipped"]
    assert [case[0].get("message", "") for case in cases[2:]] == ["warning: warning", "note: note"]


def test_a_run_in_which_something_was_not_judged_has_not_succeeded() -> None:
    for report, expected in ((Report(failures=(Failure("a", "b"),)), False), (Report(findings=(one(),)), True)):
        (run,) = json.loads(rendered(report, Options({}, format="sarif")))["runs"]
        assert run["invocations"][0]["executionSuccessful"] is expected
