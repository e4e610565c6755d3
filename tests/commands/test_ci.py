"""`gitguard ci --base REF`: a change against where it branched off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Repository

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec:
  sourceRepos: ["https://git.example/team"]
  destinations: [{server: "*", namespace: a}]
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: NAME, namespace: argocd}
spec:
  project: team
  source: {repoURL: "https://git.example/team", path: ., targetRevision: main}
  destination: {server: "https://kubernetes.default.svc", namespace: NAMESPACE}
"""


def app(name: str, namespace: str) -> str:
    return APPLICATION.replace("NAMESPACE", namespace).replace("NAME", name)


def test_findings_are_new_or_old_and_what_the_change_removes_is_fixed(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b"), "mended.yaml": app("mended", "b"), "moved.yaml": app("moved", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.git("mv", "moved.yaml", "elsewhere.yaml")
    repository.commit({"new.yaml": app("new", "b"), "mended.yaml": app("mended", "a"), "elsewhere.yaml": "# further down\n" + app("moved", "b")})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert done.code == 1
    told = {finding["object"]["name"]: finding["status"] for finding in done.report["findings"]}
    assert told == {"old": "old", "moved": "old", "new": "new"}
    assert [(finding["object"]["name"], finding["path"]) for finding in done.report["fixed"]] == [("mended", "mended.yaml")]


def test_a_configuration_that_is_named_is_the_base_s_too(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "strict.yml": "kubernetes: '1.37'\n"})
    repository.git("checkout", "-q", "-b", "change")
    ignoring = "ignore: [{path: '*', reason: mine}]\n"
    repository.commit({"bad.yaml": app("bad", "b"), "strict.yml": ignoring, "new.yml": ignoring})
    assert repository.gitguard("ci", "--base", "main", "--config", "strict.yml").code == 1
    assert repository.gitguard("ci", "--base", "main", "--config", "strict.yml", "--trust-head").code == 0
    done = repository.gitguard("ci", "--base", "main", "--config", "new.yml")
    assert done.code == 2
    assert "the base has no such file" in done.err


@pytest.mark.parametrize("link", ["conf/strict.yml", "conf"])
def test_a_configuration_that_is_named_is_read_through_no_link(repository: Repository, link: str) -> None:
    ignoring = "ignore: [{path: '*', reason: mine}]\n"
    repository.commit({"project.yaml": PROJECT, "conf/strict.yml": "kubernetes: '1.37'\n"})
    repository.git("checkout", "-q", "-b", "change")
    repository.git("rm", "-q", "-r", "conf")
    repository.write({"bad.yaml": app("bad", "b"), "mine/strict.yml": ignoring})
    (repository.path / link).parent.mkdir(exist_ok=True)
    (repository.path / link).symlink_to(repository.path / "mine" / ("strict.yml" if "/" in link else ""))
    repository.commit()
    # The base's own file is read, by the path that is named.
    assert repository.gitguard("ci", "--base", "main", "--config", "conf/strict.yml").code == 1
    assert repository.gitguard("ci", "--base", "main", "--config", str(repository.path / "conf/strict.yml")).code == 1
    refused = repository.gitguard("check", "--config", "conf/strict.yml")
    assert refused.code == 2
    assert "symbolic link" in refused.err
    # Where the base has a link, there is nothing that could be trusted.
    refused = repository.gitguard("ci", "--base", "change", "--config", "conf/strict.yml")
    assert refused.code == 2
    assert "symbolic link" in refused.err


def test_a_configuration_that_is_named_lies_in_no_submodule_of_the_change(
    repository: Repository, new_repository: Callable[[str], Repository]
) -> None:
    other = new_repository("other")
    other.commit({"strict.yml": "ignore: [{path: '*', reason: mine}]\n"})
    repository.commit({"project.yaml": PROJECT})
    repository.git("checkout", "-q", "-b", "change")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.path), "conf")
    repository.commit({"bad.yaml": app("bad", "b")})
    done = repository.gitguard("ci", "--base", "main", "--config", "conf/strict.yml")
    assert done.code == 2
    assert "the base has no such file" in done.err


def test_an_object_that_moves_into_another_file_is_no_news(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "one.yaml": app("one", "b"), "two.yaml": app("two", "a")})
    repository.git("checkout", "-q", "-b", "change")
    repository.git("rm", "-q", "one.yaml")
    repository.commit({"two.yaml": app("two", "a") + "---\n" + app("one", "b")})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert [finding["status"] for finding in done.report["findings"]] == ["old"]
    assert done.report["fixed"] == []


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: a}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      containers:
        - {name: b, image: b, tpyo: 1}
"""


def test_a_list_that_grows_before_a_finding_makes_no_news(repository: Repository) -> None:
    repository.commit({"a.yaml": DEPLOYMENT})
    repository.git("checkout", "-q", "-b", "change")
    added = "containers:\n        - {name: a, image: a}\n"
    repository.commit({"a.yaml": DEPLOYMENT.replace("containers:\n", added)})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert [(finding["pointer"], finding["status"]) for finding in done.report["findings"]] == [("/spec/template/spec/containers/1/tpyo", "old")]
    assert done.report["fixed"] == []
    repository.commit({"a.yaml": DEPLOYMENT.replace("containers:\n", added.replace("image: a", "image: a, tpyo: 1"))})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert sorted(finding["status"] for finding in done.report["findings"]) == ["new", "old"]


def test_a_folder_that_is_renamed_makes_no_news(repository: Repository) -> None:
    repository.git("remote", "add", "origin", "https://git.example/team")
    repository.commit(
        {
            "one/b/c/kustomization.yaml": "resources: [gone.yaml]\n",
            "one/b/d/deployment.yaml": DEPLOYMENT,
            "one/b/bad.yaml": "a: [\n",
            "one/b/app.yaml": app("bad", "b"),
            "project.yaml": PROJECT,
            "c.yaml": app("c", "a").replace("path: .", "path: one/b/c"),
        }
    )
    assert {"unknown-field", "render-failed", "yaml-invalid", "destination-not-permitted"} <= set(repository.check().rules())
    repository.git("checkout", "-q", "-b", "change")
    repository.git("mv", "one", "two")
    repository.commit({"c.yaml": app("c", "a").replace("path: .", "path: two/b/c")})
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert [finding for finding in done.report["findings"] if finding["status"] == "new"] == []
    assert done.report["fixed"] == []


def test_old_findings_count_only_when_all_are_asked_for(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"new.yaml": app("new", "a")})
    assert repository.gitguard("ci", "--base", "main").code == 0
    assert repository.gitguard("ci", "--base", "main", "--all").code == 1


def test_the_summary_says_what_is_old_and_what_is_fixed(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b"), "mended.yaml": app("mended", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"mended.yaml": app("mended", "a")})
    done = repository.gitguard("ci", "--base", "main")
    assert "besides: 1 old finding, 1 fixed" in done.out
    assert "old.yaml" not in done.out
    shown = repository.gitguard("ci", "--base", "main", "--verbose").out
    assert "error[destination-not-permitted]: old: AppProject `team`" in shown
    assert "fixed: destination-not-permitted at mended.yaml:" in shown


def test_swapped_sides_swap_new_and_fixed(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "one.yaml": app("one", "b"), "same.yaml": app("same", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"one.yaml": app("one", "a"), "two.yaml": app("two", "b")})
    there = repository.gitguard("ci", "--base", "main", "--format", "json").report
    back = repository.git("commit-tree", "main^{tree}", "-p", "change", "-m", "back").strip()
    again = repository.gitguard("ci", "--base", "change", "--head", back, "--format", "json").report

    def prints(findings: list[Any]) -> list[str]:
        return sorted(one["fingerprint"] for one in findings if one["rule"] == "destination-not-permitted" and one.get("status") != "old")

    assert prints(there["findings"]) == prints(again["fixed"]) != []
    assert prints(there["fixed"]) == prints(again["findings"]) != []


class TestBadInput:
    def history(self, repository: Repository) -> None:
        repository.commit({"project.yaml": PROJECT})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({"a.yaml": app("a", "b")})
        repository.git("checkout", "-q", "main")
        repository.commit({"b.yaml": app("b", "a")})

    def test_a_shallow_clone_says_what_to_fetch(self, repository: Repository, new_repository: Callable[[str], Repository]) -> None:
        self.history(repository)
        clone = new_repository("clone")
        clone.git("fetch", "-q", "--depth=1", f"file://{repository.path}", "main:refs/remotes/origin/main", "change")
        clone.git("checkout", "-q", "FETCH_HEAD")
        done = clone.gitguard("ci", "--base", "origin/main", "--head", clone.git("ls-remote", str(repository.path), "refs/heads/change").split()[0])
        assert done.code == 2
        assert "this clone is shallow" in done.err
        assert "fetch-depth: 0" in done.err

    def test_a_partial_clone_says_what_to_fetch(self, repository: Repository, new_repository: Callable[[str], Repository]) -> None:
        self.history(repository)
        repository.git("checkout", "-q", "change")
        repository.git("mv", "project.yaml", "team.yaml")
        repository.commit({"team.yaml": PROJECT + "# moved\n"})
        repository.git("config", "uploadpack.allowFilter", "true")
        clone = new_repository("clone")
        clone.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repository.path}", "partial")
        done = clone.gitguard("ci", "--base", "origin/main", "--head", "origin/change", cwd=clone.path / "partial")
        assert done.code == 2
        assert "is a partial clone" in done.err
        assert "--no-filter" in done.err

    def test_branches_that_were_merged_crosswise(self, repository: Repository) -> None:
        self.history(repository)
        repository.git("branch", "before")
        repository.git("merge", "-q", "-m", "one", "change")
        repository.git("checkout", "-q", "change")
        repository.git("merge", "-q", "-m", "two", "before")
        repository.commit({"c.yaml": app("c", "b")})
        done = repository.gitguard("ci", "--base", "main", "--format", "json")
        assert [one["object"]["name"] for one in done.report["findings"] if one["status"] == "new"][-1] == "c"
        assert [remark for remark in done.report["remarks"] if "parted in 2 commits" in remark] != []

    def test_a_repository_of_sha_256(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("init", "-q", "-b", "main", "--object-format=sha256", str(tmp_path / "longer"))
        longer = Repository(tmp_path / "longer", tmp_path / "home")
        longer.write({"a.yaml": app("a", "b"), "project.yaml": PROJECT})
        assert longer.gitguard("hook").code == 1
        longer.commit()
        longer.git("checkout", "-q", "-b", "change")
        longer.commit({"c.yaml": app("c", "b")})
        done = longer.gitguard("ci", "--base", "main", "--format", "json")
        assert [one["status"] for one in done.report["findings"]] == ["old", "new"]

    def test_unrelated_histories(self, repository: Repository) -> None:
        self.history(repository)
        repository.git("checkout", "-q", "--orphan", "other")
        repository.commit({"a.yaml": app("a", "a")})
        done = repository.gitguard("ci", "--base", "main")
        assert done.code == 2
        assert "have no commit in common" in done.err

    @pytest.mark.parametrize("base", ["nowhere", "--all", "-h", "", "main:project.yaml", "HEAD~99"])
    def test_a_base_that_is_no_commit(self, repository: Repository, base: str) -> None:
        self.history(repository)
        done = repository.gitguard("ci", f"--base={base}")
        assert done.code == 2
        assert "there is no commit" in done.err

    def test_a_repository_without_commits(self, repository: Repository) -> None:
        assert repository.gitguard("ci", "--base", "main").code == 2

    def test_the_change_is_the_base(self, repository: Repository) -> None:
        self.history(repository)
        done = repository.gitguard("ci", "--base", "main", "--head", "main", "--format", "json")
        assert (done.code, done.report["fixed"]) == (0, [])

    def test_a_bare_repository(self, repository: Repository, tmp_path: Path) -> None:
        self.history(repository)
        repository.git("clone", "-q", "--bare", str(repository.path), str(tmp_path / "bare.git"))
        done = repository.gitguard("ci", "--base", "main", "--head", "change", "--format", "json", cwd=tmp_path / "bare.git")
        assert done.code == 1
        assert [one["status"] for one in done.report["findings"] if one["rule"] == "destination-not-permitted"] == ["new"]

    def test_a_base_whose_configuration_is_broken(self, repository: Repository) -> None:
        repository.commit({"project.yaml": PROJECT, ".gitguard.yaml": "rooots: []\n"})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({".gitguard.yaml": "roots: []\n"})
        done = repository.gitguard("ci", "--base", "main")
        assert done.code == 2
        assert "unknown key `rooots`" in done.err
        assert repository.gitguard("ci", "--base", "main", "--trust-head").code in (0, 1)

    def test_a_base_whose_manifests_are_broken(self, repository: Repository) -> None:
        repository.commit({"project.yaml": PROJECT, "a.yaml": "a: [\n"})
        repository.git("checkout", "-q", "-b", "change")
        repository.commit({"a.yaml": app("a", "a")})
        done = repository.gitguard("ci", "--base", "main", "--format", "json")
        assert (done.code, [one["rule"] for one in done.report["fixed"]]) == (0, ["yaml-invalid"])

    def test_a_huge_change(self, repository: Repository) -> None:
        repository.commit({"project.yaml": PROJECT, **{f"many/{number}.yaml": "# nothing\n" for number in range(5_000)}})
        repository.git("checkout", "-q", "-b", "change")
        repository.git("mv", "many", "moved")
        repository.commit({"a.yaml": app("a", "b")})
        assert repository.gitguard("ci", "--base", "main").code == 1
