"""Whatever a repository says, no runner of a CI system and no terminal obeys it: in any format, in any command, on stdout and on stderr."""

import io
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.commands.options import FORMATS, Options, rendered
from gitguard.edges import logs
from gitguard.model.finding import Report
from gitguard.output import markdown
from gitguard.output.printing import json_text, printable
from gitguard.parse.write import written
from tests.commands.test_ci import app
from tests.conftest import ROOT, Repository
from tests.output.hostile import NASTY, one, reports, words
from tests.output.runners import commands, lines, obeyed_anywhere

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec: {sourceRepos: ["*"], destinations: [{server: "*", namespace: "a"}]}
"""


def harmless(text: str) -> None:
    assert obeyed_anywhere(text) == []
    assert commands(text) == []
    assert all(line.isprintable() for line in lines(text)), text


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=60)
@given(reports, st.booleans())
def test_no_format_has_anything_that_a_runner_or_a_terminal_obeys(name: str, report: Report, verbose: bool) -> None:
    text = rendered(report, Options({}, format=name, verbose=verbose))
    assert obeyed_anywhere(text) == []
    own = len(report.failures) + sum(finding.status != "old" for finding in report.findings) if name == "github" else 0
    assert len(commands(text)) == own
    # JUnit's libraries and the HTML page break lines with nothing else.
    assert all(line.isprintable() for line in text.split("\n"))


@given(words, words)
def test_a_text_is_shown_on_one_line_and_shown_twice_it_is_the_same(before: str, after: str) -> None:
    harmless(printable(before + after))
    harmless(f"{printable(before)} {printable(after)}")
    assert printable(printable(before)) == printable(before)


@given(st.text("abc äß-/.[]()`", max_size=20))
def test_what_nobody_obeys_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_what_is_shown_is_what_is_documented() -> None:
    text = (ROOT / "docs" / "outputs.md").read_text()
    for said in ("##vso[…]", "::command::", "\n", "\x1b", "\u202e", "\udc80"):
        assert f"`{printable(said)}`" in text
    assert r"`\x3c!--`" in text
    assert r"\x3c!--" in markdown.code("<!--")


values = st.recursive(
    st.one_of(words, st.integers(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=5,
)


@given(values, st.sampled_from([None, 1]))
def test_json_says_what_it_said(value: object, indent: int | None) -> None:
    text = json_text(value, indent)
    assert json.loads(text) == json.loads(json.dumps(value))
    harmless(text)


@settings(deadline=None)
@given(st.dictionaries(words.filter(str.isascii), values.filter(lambda value: "\\ud" not in json.dumps(value)), max_size=3))
def test_yaml_says_what_it_said(manifest: dict[str, object]) -> None:
    text = written(manifest)
    assert yaml.safe_load(text) == manifest
    assert obeyed_anywhere(text) == []
    assert commands(text) == []
    assert all(line.replace("\t", "").isprintable() for line in text.split("\n"))


PATHS = ["##vso[task.complete result=Failed]x.yaml", "::error::x.yaml", "##[add-mask]x.yaml", "a\n::error::x.yaml", "\x9b31m\u202e.yaml"]


@pytest.mark.parametrize("path", PATHS)
def test_names_of_files_are_not_obeyed_as_logging_commands(repository: Repository, path: str) -> None:
    repository.commit({path: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: 1, '##vso[task.complete]': 2}\n"})
    for name in ("text", "json"):
        done = repository.gitguard("check", "--verbose", "--format", name)
        assert "must be text" in done.out
        harmless(done.out + done.err)


@pytest.mark.parametrize("key", ["a\\n::error::x", "##vso[task.complete result=Failed]", "##[error]x", "\\x1b[31m", "\\u202e"])
def test_a_key_of_the_configuration_puts_no_line_of_its_own_on_stderr(repository: Repository, key: str) -> None:
    repository.commit({".gitguard.yaml": f'"{key}": 1\n', "a.yaml": PROJECT})
    done = repository.gitguard("check")
    assert done.code == 2
    assert "unknown key" in done.err
    harmless(done.err)
    assert len(done.err.splitlines()) == 2


@pytest.mark.parametrize(
    "arguments", [("check", "##vso[task.complete]\n::error::x"), ("ci", "--base", "::error::x"), ("check", "--format", "##vso[x.y]"), ("##vso[x.y]",)]
)
def test_what_is_given_on_the_command_line_is_not_obeyed(repository: Repository, arguments: tuple[str, ...]) -> None:
    repository.commit({"a.yaml": PROJECT})
    done = repository.gitguard(*arguments)
    assert done.code == 2
    harmless(done.err)


def test_what_is_rendered_is_not_obeyed(repository: Repository) -> None:
    script = "#!/bin/sh\n::error::x\n##vso[task.complete]\n"
    deployed = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"run": script, "::error::k": "##[add-mask]a\u202e"}}
    repository.commit({"project.yaml": PROJECT, "app.yaml": app("shop", "a").replace("path: .", "path: shop"), "shop/a.yaml": json.dumps(deployed)})
    repository.git("remote", "add", "origin", "https://git.example/team")
    for name in ("text", "json"):
        done = repository.gitguard("render", "shop", "--format", name)
        assert "ConfigMap" in done.out, done
        harmless(done.out + done.err)
    shown = [item for item in yaml.safe_load_all(repository.gitguard("render", "shop").out) if item]
    assert [item["data"] for item in shown] == [deployed["data"]]


def test_an_answer_is_not_obeyed(repository: Repository) -> None:
    repository.commit({"a.yaml": PROJECT.replace('"*"]', '"##vso[task.complete]"]')})
    for more in ((), ("--format", "json")):
        done = repository.gitguard("can", "team", "source", "::error::x", *more)
        assert done.code == 1
        harmless(done.out + done.err)
    (repository.path / "asked").write_text(
        json.dumps({"project": {"spec": {"sourceRepos": ["##vso[a.b]"]}}, "source": {"repoURL": "##[error]"}}) + "\n"
    )
    harmless(repository.gitguard("can", "--batch", "asked").out)


@pytest.mark.parametrize("text", NASTY)
def test_the_log_of_the_watch_is_not_obeyed(text: str) -> None:
    stream = io.StringIO()
    logs.configure(stream, verbose=False)
    logs.Log("prod").warning("drift", actor=text)
    harmless(stream.getvalue())
    assert json.loads(stream.getvalue())["actor"][:50] == text[:50]


def test_a_policy_may_have_any_name() -> None:
    for name in FORMATS:
        text = rendered(Report(findings=(one(rule="##vso[x.y]\n::error::x"),)), Options({}, format=name))
        assert obeyed_anywhere(text) == []
        assert len(commands(text)) == (name == "github")
