"""A baseline: written, read, kept small; and what of a change counts."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CORPORA, ROOT, Repository

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: web}\nlimit: 3\n"
FILE = ".gitguard-baseline.json"
CONFIGURATION = f"baseline: {FILE}\n"


def bad(name: str) -> str:
    return OBJECT.replace("NAME", name)


@pytest.fixture
def adopted(repository: Repository) -> Repository:
    """An old repository with two findings, both in its baseline."""
    repository.write({"a.yaml": bad("a"), "b.yaml": bad("b")})
    assert repository.gitguard("check", "--write-baseline", FILE).code == 0
    repository.commit({".gitguard.yaml": CONFIGURATION})
    return repository


def test_all_that_is_found_counts_as_accepted_and_what_is_new_does_not(adopted: Repository) -> None:
    result = adopted.check()
    assert (result.code, result.report["findings"]) == (0, [])
    assert {(item["path"], item["reason"]) for item in result.report["suppressed"]} == {("a.yaml", "in the baseline"), ("b.yaml", "in the baseline")}
    result = adopted.write({"c.yaml": bad("c")}).check()
    assert [(item["rule"], item["path"]) for item in result.report["findings"]] == [("unknown-field", "c.yaml")]
    assert adopted.gitguard("hook").code == 1


def test_the_same_finding_once_more_is_new(adopted: Repository) -> None:
    result = adopted.write({"a.yaml": f"{bad('a')}---\n{bad('a')}"}).check()
    assert (len(result.report["findings"]), result.report["summary"]["suppressed"]) == (1, 2)


def test_it_is_sorted_the_same_each_time_and_has_no_messages(adopted: Repository) -> None:
    text = (adopted.path / FILE).read_text()
    value = json.loads(text)
    assert (value["version"], [item["path"] for item in value["findings"]]) == (1, ["a.yaml", "b.yaml"])
    assert all(list(item) == ["rule", "path", "object", "fingerprint", "count"] for item in value["findings"])
    assert adopted.gitguard("check", "--write-baseline", FILE).code == 0
    assert (adopted.path / FILE).read_text() == text
    assert "limit" not in text


def test_its_fingerprints_are_those_of_the_report(repository: Repository) -> None:
    shown = {item["fingerprint"] for item in repository.write({"a.yaml": f"{bad('a')}{'x' * 1_000}: 1\n"}).check().report["findings"]}
    repository.gitguard("check", "--write-baseline", FILE)
    assert {item["fingerprint"] for item in json.loads((repository.path / FILE).read_text())["findings"]} == shown
    assert len(shown) == 2


def test_branches_that_both_add_to_it_merge(adopted: Repository) -> None:
    for branch, name in (("one", "0"), ("two", "z")):
        adopted.git("checkout", "-q", "-b", branch, "main")
        adopted.write({f"{name}.yaml": bad(name)})
        adopted.gitguard("check", "--write-baseline", FILE)
        adopted.commit()
    adopted.git("merge", "-q", "--no-edit", "one")
    assert adopted.check().report["findings"] == []


def test_a_finding_that_two_branches_list_counts_once(adopted: Repository) -> None:
    value = json.loads((adopted.path / FILE).read_text())
    adopted.write({FILE: json.dumps({**value, "findings": value["findings"] * 2})})
    assert adopted.check().report["findings"] == []


def test_it_can_shrink(adopted: Repository) -> None:
    result = adopted.write({"a.yaml": bad("a").replace("limit: 3\n", "")}).check()
    (note,) = result.report["findings"]
    assert (result.code, note["rule"], note["level"], note["path"]) == (0, "suppression-unused", "note", FILE)
    assert note["message"] == "1 of the 2 findings in the baseline are gone: the baseline can shrink"
    adopted.gitguard("check", "--write-baseline", FILE)
    assert adopted.check().report["findings"] == []


def test_what_comments_accept_and_what_can_not_be_suppressed_is_not_in_it(repository: Repository) -> None:
    text = f"{bad('a')}more: 4 # gitguard: ignore[unknown-field] ours\n# gitguard: ignore x\ndata: {{}}\n"
    done = repository.write({"a.yaml": text}).gitguard("check", "--write-baseline", FILE)
    assert (done.code, f"{FILE}: a baseline of 1 finding was written" in done.out) == (1, True)
    assert [item["rule"] for item in json.loads((repository.path / FILE).read_text())["findings"]] == ["unknown-field"]
    assert repository.check("--baseline", FILE).rules() == ["suppression-invalid"]


class TestWriting:
    @pytest.mark.parametrize("content", ["", "a: 1\n", "[]\n", "{}\n", '{"version": 2, "findings": []}\n', '{"version": 1}\n'])
    def test_what_is_no_baseline_is_not_overwritten(self, repository: Repository, content: str) -> None:
        repository.write({"a.yaml": bad("a"), "other.json": content})
        done = repository.gitguard("check", "--write-baseline", "other.json")
        assert (done.code, done.out) == (2, "")
        assert "would overwrite a file that is no baseline" in done.err
        assert (repository.path / "other.json").read_text() == content

    def test_no_symbolic_link_is_followed(self, repository: Repository, tmp_path: Path) -> None:
        repository.write({"a.yaml": bad("a")})
        (repository.path / "link.json").symlink_to(tmp_path / "target.json")
        done = repository.gitguard("check", "--write-baseline", "link.json")
        assert (done.code, (tmp_path / "target.json").exists()) == (2, False)

    def test_not_while_another_is_accepted(self, repository: Repository) -> None:
        done = repository.write({"a.yaml": bad("a")}).gitguard("check", "--write-baseline", "a.json", "--baseline", "b.json")
        assert (done.code, "leave --baseline out" in done.err) == (2, True)

    def test_a_repository_without_findings(self, repository: Repository) -> None:
        repository.write({"a.yaml": bad("a").replace("limit: 3\n", "")})
        assert repository.gitguard("check", "--write-baseline", FILE).code == 0
        assert json.loads((repository.path / FILE).read_text()) == {"version": 1, "findings": []}
        assert repository.check("--baseline", FILE).report["findings"] == []


class TestBadInput:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "it is not JSON"),
            ("{", "it is not JSON"),
            ("[" * 100_000, "no baseline"),
            ("[]", "an object with `version` and `findings` is expected"),
            ('{"version": 2, "findings": []}', "a baseline of version 2; this gitguard reads version 1"),
            ('{"version": 1, "findings": ["a"]}', "findings[0] is no entry"),
            ('{"version": 1, "findings": [{"rule": "a", "path": "a", "object": "", "fingerprint": "a", "count": 1}]}', "findings[0] is no entry"),
            (f'{{"version": 1, "findings": []{" " * (32 * 1024 * 1024)}}}', "are the most"),
            (b"\xff\xfe\x00", "it is not JSON"),
        ],
    )
    def test_a_file_that_is_none(self, repository: Repository, content: str | bytes, message: str) -> None:
        repository.write({"a.yaml": bad("a"), FILE: content, ".gitguard.yaml": CONFIGURATION})
        done = repository.gitguard("check")
        assert (done.code, done.out) == (2, "")
        assert message in done.err
        assert FILE in done.err

    def test_one_that_is_missing_or_a_link(self, repository: Repository) -> None:
        repository.write({"a.yaml": bad("a"), ".gitguard.yaml": CONFIGURATION})
        done = repository.gitguard("check")
        assert (done.code, "git tracks no such file" in done.err, "git add" in done.err) == (2, True, True)
        (repository.path / FILE).symlink_to("a.yaml")
        repository.write({})
        assert "is a symbolic link" in repository.gitguard("check").err
        done = repository.gitguard("check", "--baseline", "nowhere.json")
        assert (done.code, "can't be read" in done.err) == (2, True)


class TestChanges:
    def test_it_is_read_from_the_base(self, adopted: Repository) -> None:
        adopted.git("checkout", "-q", "-b", "change")
        adopted.write({"c.yaml": bad("c")})
        adopted.gitguard("check", "--write-baseline", FILE)
        adopted.commit()
        done = adopted.gitguard("ci", "--base", "main", "--format", "json")
        assert {(item["rule"], item["path"]) for item in done.report["findings"]} == {("unknown-field", "c.yaml"), ("gate-weakened", FILE)}
        (said,) = [item["message"] for item in done.report["findings"] if item["rule"] == "gate-weakened"]
        assert said == "the baseline accepts 1 more finding: `unknown-field` at c.yaml"
        assert "unknown-field" not in adopted.gitguard("ci", "--base", "main", "--format", "json", "--trust-head").rules()

    def test_it_may_shrink_and_go(self, adopted: Repository) -> None:
        adopted.git("checkout", "-q", "-b", "change")
        adopted.write({"a.yaml": bad("a").replace("limit: 3\n", "")})
        adopted.gitguard("check", "--write-baseline", FILE)
        adopted.commit()
        done = adopted.gitguard("ci", "--base", "main", "--format", "json")
        # The base's baseline is in force, and it can shrink.
        assert (done.code, done.rules()) == (0, ["suppression-unused"])
        adopted.write({"b.yaml": bad("b").replace("limit: 3\n", ""), ".gitguard.yaml": "roots: []\n"})
        adopted.git("rm", "-q", "--cached", FILE)
        (adopted.path / FILE).unlink()
        adopted.commit()
        assert "gate-weakened" not in adopted.gitguard("ci", "--base", "main", "--format", "json").rules()

    def test_under_another_name_and_made_unreadable(self, repository: Repository) -> None:
        empty = '{"version": 1, "findings": []}'
        repository.commit({"a.yaml": bad("a"), ".gitguard.yaml": "baseline: ./ci/known.json\n", "ci/known.json": empty})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({"ci/known.json": "{"})
        done = repository.gitguard("ci", "--base", "main", "--format", "json")
        (said,) = [item for item in done.report["findings"] if item["rule"] == "gate-weakened"]
        assert (said["path"], "can't be compared" in said["message"]) == ("ci/known.json", True)

    def test_one_that_only_the_change_has_does_not_count(self, repository: Repository) -> None:
        repository.commit({"a.yaml": bad("a")})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({FILE: '{"version": 1, "findings": []}'})
        done = repository.gitguard("ci", "--base", "main", "--baseline", FILE)
        assert (done.code, "the base has no such file" in done.err) == (2, True)


class TestThePage:
    """docs/suppressions.md: its examples are suppressions, and its commands do what it says."""

    PAGE = (ROOT / "docs/suppressions.md").read_text()

    def run(self, repository: Repository, block: str) -> list[int]:
        """The exit codes of the commands of a block."""
        commands = [line.strip().removeprefix("$ ") for line in block.splitlines() if line.strip().startswith("$ ")]
        tool = f'gitguard() {{ {sys.executable} -m gitguard "$@"; }}'
        done = [subprocess.run(["bash", "-c", f"{tool}\n{one}"], cwd=repository.path, env=repository.environment) for one in commands]
        return [one.returncode for one in done]

    def test_the_steps_of_adopting(self, repository: Repository) -> None:
        repository.commit({"a.yaml": bad("a"), "b.yaml": bad("b")})
        look, write, commit, shrink = re.findall(r"```console\n(.*?)```", self.PAGE, re.DOTALL)
        assert self.run(repository, look) == [1]
        assert self.run(repository, write) == [0, 0, 0, 0]
        assert self.run(repository, commit) == [0]
        assert repository.git("status", "--porcelain") == ""
        (repository.path / "a.yaml").write_text(bad("a").replace("limit: 3\n", ""))
        assert repository.check().rules() == ["suppression-unused"]
        assert self.run(repository, shrink) == [0, 0]
        assert repository.check().rules() == []
        assert repository.gitguard("ci", "--base", "HEAD~1").code == 0

    def test_the_examples_are_suppressions(self, repository: Repository) -> None:
        comments, ignores = re.findall(r"```yaml\n(.*?)```", self.PAGE, re.DOTALL)
        assert comments.count("gitguard: ignore[") == 2
        found = repository.write({"a.yaml": comments, ".gitguard.yaml": ignores}).check().report["findings"]
        assert {item["rule"] for item in found} == {"suppression-unused"}
        assert len(found) == 4


@pytest.mark.corpus
@pytest.mark.parametrize("name", sorted(bundle.stem for bundle in CORPORA.glob("*.bundle")))
def test_the_real_repositories_have_nothing_new(name: str, corpora: dict[str, Path], repository: Repository, tmp_path: Path) -> None:
    file, config = tmp_path / "baseline.json", CORPORA / "configs" / f"{name}.yaml"
    before = repository.gitguard("check", "--format", "json", "--config", str(config), cwd=corpora[name])
    written = repository.gitguard("check", "--format", "json", "--config", str(config), "--write-baseline", str(file), cwd=corpora[name])
    assert written.report["summary"]["suppressed"] == len(before.report["findings"])
    done = repository.gitguard("check", "--format", "json", "--config", str(config), "--baseline", str(file), cwd=corpora[name])
    assert (done.code, done.report["findings"]) == (0, [])
    assert done.report["summary"]["suppressed"] == len(before.report["findings"])
