"""`gitguard ci --base REF`: a change against where it branched off."""

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


def test_old_findings_count_only_when_all_are_asked_for(repository: Repository) -> None:
    repository.commit({"project.yaml": PROJECT, "old.yaml": app("old", "b")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"new.yaml": app("new", "a")})
    assert repository.gitguard("ci", "--base", "main").code == 0
    assert repository.gitguard("ci", "--base", "main", "--all").code == 1
