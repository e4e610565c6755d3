"""`gitguard check`: what it reads, what it says, and how it ends, on good and on bad input."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest

from tests.conftest import Repository
from tests.rules.applications import application, project

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: good\n"
BROKEN = "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  ports: 80\n"


def test_tracked_files_only_and_deletions_count(repository) -> None:
    repository.commit({"a.yaml": BROKEN, "b.yaml": GOOD})
    (repository.path / "untracked.yaml").write_text(BROKEN)
    assert [finding["path"] for finding in repository.check().report["findings"]] == ["a.yaml"]
    (repository.path / "a.yaml").unlink()
    assert repository.check().code == 0


def test_the_work_tree_is_judged_and_a_commit_on_demand(repository) -> None:
    first = repository.commit({"a.yaml": BROKEN})
    repository.commit({"a.yaml": GOOD})
    (repository.path / "a.yaml").write_text(BROKEN + "# changed\n")
    assert repository.check().code == 1
    assert repository.check("--commit", "HEAD").code == 0
    assert repository.check("--commit", first).code == 1
    missing = repository.gitguard("check", "--commit", "nope")
    assert missing.code == 2
    assert "no commit `nope`" in missing.err


def test_the_json_report_has_the_interfaces_shape(repository) -> None:
    repository.write({"p.yaml": project(), "a.yaml": application(destination={"server": "https://kubernetes.default.svc", "namespace": "x"})})
    report = repository.check().report
    assert list(report) == ["version", "summary", "findings", "undetermined", "skipped", "suppressed", "failures"]
    assert set(report["summary"]) == {
        *("files", "manifests", "applications", "projects", "judged", "skipped", "undetermined", "suppressed", "error", "warning", "note", "seconds")
    }
    (finding,) = report["findings"]
    assert set(finding) == {
        *("rule", "level", "message", "object", "path", "line", "column", "pointer", "related", "application", "fingerprint", "fix")
    }
    assert (report["summary"]["applications"], report["summary"]["projects"], report["summary"]["files"]) == (1, 1, 2)


def test_fingerprints_are_stable_while_lines_move(repository) -> None:
    repository.write({"a.yaml": BROKEN})
    (before,) = repository.check().report["findings"]
    repository.write({"a.yaml": "# a comment\n\n" + BROKEN})
    (after,) = repository.check().report["findings"]
    assert after["line"] == before["line"] + 2
    assert after["fingerprint"] == before["fingerprint"]


def test_the_text_names_rule_place_reason_and_fix(repository) -> None:
    repository.write({"p.yaml": project(), "a.yaml": application(destination={"server": "https://kubernetes.default.svc", "namespace": "x"})})
    result = repository.gitguard("check")
    assert result.code == 1
    for words in (
        *(
            "error[destination-not-permitted]: AppProject `web` does not permit namespace `x`",
            "--> a.yaml:14:5",
            "see p.yaml:9:3",
            "permits only `web-*`",
        ),
        *("fix use a destination", "1 error in 2 files: 2 manifests, 2 judged, 1 Application, 1 AppProject; 0 undetermined, 0 suppressed"),
    ):
        assert words in result.out
    assert "\x1b[" not in result.out


def test_control_characters_of_a_repository_do_not_reach_the_terminal(repository) -> None:
    repository.write({"a\x1b[31mred.yaml": 'apiVersion: v1\nkind: Service\nmetadata: {name: "a\\e[31mred"}\nspec: {ports: 1}\n'})
    result = repository.gitguard("check", "--verbose")
    assert result.code == 1
    assert "\x1b" not in result.out


def test_a_path_below_the_root_limits_what_is_reported(repository) -> None:
    repository.write({"a/a.yaml": BROKEN, "b/b.yaml": BROKEN})
    (finding,) = repository.check(str(repository.path / "b")).report["findings"]
    assert finding["path"] == "b/b.yaml"
    assert [item["path"] for item in repository.check(str(repository.path / "a" / "a.yaml")).report["findings"]] == ["a/a.yaml"]


def test_output_goes_to_a_file(repository, tmp_path: Path) -> None:
    repository.write({"a.yaml": GOOD})
    result = repository.check("--output", str(tmp_path / "report.json"))
    assert (result.code, result.out) == (0, "")
    assert json.loads((tmp_path / "report.json").read_text())["version"] == 1
    assert repository.check("--output", str(tmp_path / "none" / "report.json")).code == 2


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ("kuberntes: '1.30'\n", "1:1: unknown key `kuberntes`: did you mean `kubernetes`?"),
        ("argocd:\n  namspace: x\n", "2:3: unknown key `namspace`: did you mean `namespace`?"),
        ("kubernetes: 1.30\n", "1:1: `kubernetes`"),
        ("ignore:\n- {path: a.yaml}\n", "ignore.0"),
        ("a: [\n", "2:"),
        ("- a\n", "the file"),
        ("render: auto\n---\nrender: never\n", "2 YAML documents"),
    ],
)
def test_a_wrong_configuration_ends_with_2_and_says_where(repository, configuration: str, words: str) -> None:
    result = repository.write({"a.yaml": GOOD, ".gitguard.yaml": configuration}).gitguard("check")
    assert (result.code, result.out) == (2, "")
    assert ".gitguard.yaml" in result.err
    assert words in result.err


def test_the_configurations_schema_is_a_schema() -> None:
    schema = json.loads((Path(__file__).resolve().parents[2] / "schemas" / "config.schema.json").read_text())
    jsonschema_rs.meta.validate(schema)


def test_another_configuration_may_be_named(repository, tmp_path: Path) -> None:
    repository.write({"a.yaml": GOOD, ".gitguard.yaml": "wrong: 1\n"})
    (tmp_path / "other.yaml").write_text("kubernetes: '1.30'\n")
    assert repository.gitguard("check", "--config", str(tmp_path / "other.yaml")).code == 0
    missing = repository.gitguard("check", "--config", str(tmp_path / "none.yaml"))
    assert missing.code == 2
    assert "none.yaml" in missing.err


def test_suppressions_are_counted_and_run_out(repository) -> None:
    for until, code in (("2999-01-01", 0), ("2020-01-01", 1)):
        ignore = f"ignore:\n- {{rule: manifest-invalid, path: a.yaml, reason: legacy, until: '{until}'}}\n"
        result = repository.write({"a.yaml": BROKEN, ".gitguard.yaml": ignore}).check()
        assert (result.code, result.report["summary"]["suppressed"]) == (code, 1 - code)


def test_an_empty_repository_has_not_passed(repository) -> None:
    result = repository.gitguard("check")
    assert result.code == 3
    assert "nothing to judge" in result.out


def test_a_path_that_does_not_exist_and_one_outside_of_git(repository, tmp_path: Path) -> None:
    missing = repository.gitguard("check", str(tmp_path / "nowhere"))
    assert (missing.code, "no such file or directory" in missing.err) == (2, True)
    (tmp_path / "plain").mkdir()
    outside = repository.gitguard("check", str(tmp_path / "plain"))
    assert (outside.code, "not inside a git repository" in outside.err) == (2, True)


def test_without_git_the_message_says_so(repository, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    repository.environment["PATH"] = str(tmp_path / "bin")
    result = repository.gitguard("check")
    assert result.code == 2
    assert "git is not on PATH" in result.err


def test_a_bare_repository_needs_a_commit(repository, tmp_path: Path) -> None:
    repository.commit({"a.yaml": BROKEN})
    subprocess.run(["git", "clone", "-q", "--bare", str(repository.path), str(tmp_path / "bare.git")], check=True, capture_output=True)
    refused = repository.gitguard("check", str(tmp_path / "bare.git"))
    assert refused.code == 2
    assert "bare repository" in refused.err
    assert "--commit" in refused.err
    assert repository.check("--commit", "HEAD", str(tmp_path / "bare.git")).rules() == ["manifest-invalid"]


def test_links_are_judged_where_they_lead_and_broken_ones_make_the_run_incomplete(repository) -> None:
    repository.write({"a/real.yaml": GOOD})
    os.symlink("a/real.yaml", repository.path / "link.yaml")
    assert repository.write({}).check().code == 0
    os.symlink("nowhere.yaml", repository.path / "broken.yaml")
    os.symlink("loop2.yaml", repository.path / "loop1.yaml")
    os.symlink("loop1.yaml", repository.path / "loop2.yaml")
    os.symlink("/etc/passwd", repository.path / "out.yaml")
    result = repository.write({}).check()
    assert result.code == 3
    assert {failure["path"] for failure in result.report["failures"]} == {"broken.yaml", "loop1.yaml", "loop2.yaml", "out.yaml"}
    assert repository.write({"bad.yaml": BROKEN}).check().code == 1


def test_submodules_are_skipped_with_their_reason(repository, new_repository) -> None:
    other = new_repository("other")
    other.commit({"bad.yaml": BROKEN})
    repository.commit({"a.yaml": GOOD})
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.path), "vendor")
    result = repository.check()
    assert result.code == 0
    assert {"path": "vendor", "reason": "git submodule"} in result.report["skipped"]


def test_a_sparse_checkout_is_judged_whole(repository) -> None:
    repository.commit({"in/a.yaml": GOOD, "out/b.yaml": BROKEN})
    repository.git("sparse-checkout", "set", "in")
    assert not (repository.path / "out").exists()
    assert [finding["path"] for finding in repository.check().report["findings"]] == ["out/b.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file: nothing is unreadable")
def test_an_unreadable_file_does_not_lose_the_other_findings(repository) -> None:
    repository.write({"a.yaml": GOOD, "b.yaml": BROKEN})
    (repository.path / "a.yaml").write_text(GOOD + "# changed\n")
    (repository.path / "a.yaml").chmod(0)
    result = repository.check()
    assert (result.code, result.rules()) == (1, ["manifest-invalid"])
    assert result.report["failures"][0]["path"] == "a.yaml"


def test_content_that_git_lost_makes_the_run_incomplete(repository) -> None:
    repository.commit({"a.yaml": GOOD, "b.yaml": BROKEN})
    blob = repository.git("rev-parse", "HEAD:a.yaml").strip()
    (repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert repository.check("--no-cache").code == 1
    result = repository.check("--no-cache", "--commit", "HEAD")
    assert (result.code, result.rules()) == (1, ["manifest-invalid"])
    assert [failure["path"] for failure in result.report["failures"]] == ["a.yaml"]


def test_large_and_many_documents_are_read(repository) -> None:
    large = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n  text: |\n" + "    0123456789abcdef\n" * 500_000
    many = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: n{number}}}\n" for number in range(100_000))
    result = repository.write({"large.yaml": large, "many.yaml": many}).check()
    assert result.code == 0
    assert result.report["summary"]["manifests"] == 100_001


def test_the_cache_changes_no_verdict_and_its_loss_costs_only_time(repository) -> None:
    repository.write({"p.yaml": project(), "a.yaml": application(project="none"), "b.yaml": BROKEN})
    cold, warm, without = repository.check(), repository.check(), repository.check("--no-cache")
    assert cold.report["findings"] == warm.report["findings"] == without.report["findings"]
    (cache,) = (repository.path.parent / "home").rglob("facts.sqlite3")
    cache.write_bytes(b"this is no database" * 100)
    assert repository.check().report["findings"] == cold.report["findings"]
    shutil.rmtree(cache.parent)
    cache.parent.parent.chmod(0o500)
    assert repository.check().report["findings"] == cold.report["findings"]
    cache.parent.parent.chmod(0o700)


def test_secrets_never_reach_the_cache_or_the_report(repository) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: hunter2hunter2\n  number: 31337\n"
    helm = application(source={"repoURL": "https://github.com/example/web", "path": "a", "helm": {"values": "password: hunter2hunter2\n"}})
    generator = "secretGenerator:\n- name: a\n  literals: [password=hunter2hunter2]\n"
    files = {"secret.yaml": secret, "app.yaml": helm, "p.yaml": project(), "k/kustomization.yaml": generator}
    result = repository.write(files).check()
    assert result.code == 1
    cached = b"".join(file.read_bytes() for file in (repository.path.parent / "home").rglob("*") if file.is_file())
    assert len(cached) > 1000
    for text in ("hunter2", "31337"):
        assert text not in result.out
        assert text.encode() not in cached


def test_every_core_finds_the_same(repository) -> None:
    files = {f"f{number}.yaml": (BROKEN if number % 7 == 0 else GOOD).replace("name: ", f"name: n{number}") for number in range(400)}
    repository.write(files)
    wide = repository.check("--no-cache").report["findings"]
    repository.environment["PYTHONPATH"] += os.pathsep + str(repository.path.parent)
    (repository.path.parent / "sitecustomize.py").write_text("import os\nos.cpu_count = lambda: 1\n")
    assert repository.check("--no-cache").report["findings"] == wide
    assert len(wide) == 58


def test_wrong_options_end_with_2(repository) -> None:
    result = repository.gitguard("check", "--formt", "json")
    assert result.code == 2
    assert "--formt" in result.err
    assert repository.gitguard("chek").code == 2


def test_a_closed_pipe_makes_no_noise(repository: Repository) -> None:
    repository.write({f"f{number}.yaml": BROKEN for number in range(300)})
    command = f"{sys.executable} -m gitguard check | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=repository.path, env=repository.environment, capture_output=True, text=True)
    assert done.stdout.startswith("error[")
    assert done.stderr == ""


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: NAME, namespace: argocd}
spec:
  generators: [GENERATOR]
  template:
    metadata: {name: "NAME-{{name}}"}
    spec:
      project: default
      source: {repoURL: "https://git.example/config", path: web, targetRevision: main}
      destination: {server: "{{server}}", namespace: web}
"""


def test_what_application_sets_are_not_known_to_make_is_said(repository: Repository) -> None:
    here = "repository: {urls: ['https://git.example/config']}\n"
    for name, generator in (("all", "{clusters: {}}"), ("prod", "{clusters: {selector: {matchLabels: {stage: prod}}}}")):
        repository.write({f"{name}.yaml": SET.replace("NAME", name).replace("GENERATOR", generator)})
    repository.write({".gitguard.yaml": here, "web/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    (remark,) = repository.check().report["remarks"]
    assert remark.startswith("not all of what 2 ApplicationSets make is known, and so not judged: ")
    labels = "{argocd.argoproj.io/secret-type: cluster, stage: test}"
    secret = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: test, namespace: argocd, labels: LABELS}\nstringData: {name: test, server: 'https://test'}\n"
    )
    repository.write({"cluster.yaml": secret.replace("LABELS", labels)})
    (remark,) = repository.check().report["remarks"]
    assert remark == "1 ApplicationSet makes nothing by the one cluster that is known here: are there others (`clusters:`)?"


def test_a_configuration_that_git_does_not_know_is_told_of(repository: Repository) -> None:
    repository.write({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    (repository.path / ".gitguard.yaml").write_text("kubernetes: '1.30'\n")
    assert repository.check().report["remarks"] == [".gitguard.yaml is not tracked, and so not read: `git add .gitguard.yaml`"]
    repository.git("add", ".gitguard.yaml")
    assert "remarks" not in repository.check().report


def test_braces_in_what_a_generator_needs_are_text(repository: Repository) -> None:
    generator = "{git: {repoURL: 'https://git.example/{0}/{org}{', revision: main, directories: [{path: '*'}]}}"
    repository.write({"set.yaml": SET.replace("NAME", "all").replace("GENERATOR", generator)})
    (remark,) = repository.check().report["remarks"]
    assert remark.startswith("not all of what 1 ApplicationSet makes is known, and so not judged: ")
    assert "https://git.example/{0}/{org}{" in remark
