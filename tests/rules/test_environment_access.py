"""environment-access: who may change which environment, with whose approval, and in which order."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Repository
from tests.rules.deploying import BASE, deploying, manifest

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME, namespace: web}\n"


def pod(tag: str, name: str = "web") -> str:
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n    - {{name: {name}, image: 'r.example/web:{tag}'}}\n"


def branch(repository: Repository, environments: str, changed: dict[str, str], before: dict[str, str] | None = None) -> None:
    """A change of some files on a branch of its own."""
    repository.commit({".gitguard.yaml": f"environments:\n{environments}", "prod/a.yaml": OBJECT.replace("NAME", "a"), **(before or {})})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit(changed)


def ask(repository: Repository, *arguments: str, **variables: str) -> tuple[list[str], list[str]]:
    """The messages of the rule, and its reasons for not telling."""
    repository.environment |= variables
    done = repository.gitguard("ci", "--base", "main", "--format", "json", *arguments)
    assert done.err == ""
    said = [item["message"] for item in done.report["findings"] if item["rule"] == "environment-access"]
    assert done.code == (1 if said else 0)
    prefix = "the change reaches environment `prod`: "
    return [text.removeprefix(prefix) for text in said], [
        item["reason"] for item in done.report["undetermined"] if item["rule"] == "environment-access"
    ]


PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: open, namespace: argocd}
spec:
  sourceRepos: ["https://git.example/any"]
  destinations: [{server: "https://*", namespace: web}]
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: sly, namespace: argocd}
spec:
  project: open
  source: {repoURL: "https://git.example/any", path: ., targetRevision: main}
  destination: {server: "SERVER", namespace: web}
"""
CHANGED = {"prod/b.yaml": OBJECT.replace("NAME", "b")}
APPROVERS = "  prod: {paths: [prod], approvers: [alice, Bob]}\n"
AUTHORS = "  prod: {paths: [prod], authors: [alice, test@example.com]}\n"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GITGUARD_APPROVERS": "alice"}, None),
        ({"GITGUARD_APPROVERS": "eve, bob"}, None),
        ({"GITGUARD_APPROVERS": "eve"}, "approval of one of `alice`, `Bob` is missing; approved by `eve`"),
        ({"GITGUARD_APPROVERS": ""}, "approval of one of `alice`, `Bob` is missing"),
        ({"GITGUARD_APPROVERS": "Alice", "GITGUARD_AUTHOR": "alice"}, "approval of one of `Bob` is missing; approved by `Alice`"),
    ],
)
def test_one_of_the_approvers_other_than_the_author_has_to_approve(repository, variables, message) -> None:
    branch(repository, APPROVERS, CHANGED)
    assert ask(repository, **variables) == ([message] if message else [], [])


def test_where_nobody_tells_of_approvals_it_can_not_be_told(repository) -> None:
    branch(repository, APPROVERS, CHANGED)
    assert ask(repository) == ([], ["nobody tells who has approved the change of `prod`"])


@pytest.mark.parametrize(
    "change",
    [
        {"prod/a.yaml": OBJECT.replace("NAME", "other")},
        {"prod/deep/er.yaml": OBJECT.replace("NAME", "c")},
    ],
)
def test_every_file_of_the_folder_counts(repository, change) -> None:
    branch(repository, APPROVERS, change)
    assert len(ask(repository, GITGUARD_APPROVERS="")[0]) == 1


@pytest.mark.parametrize("command", [("mv", "prod/a.yaml", "a.yaml"), ("rm", "-q", "prod/a.yaml"), ("mv", "other.yaml", "prod/other.yaml")])
def test_what_is_moved_in_or_out_or_deleted_counts(repository, command) -> None:
    branch(repository, APPROVERS, {}, {"other.yaml": OBJECT.replace("NAME", "other")})
    repository.git(*command)
    repository.commit()
    assert len(ask(repository, GITGUARD_APPROVERS="")[0]) == 1


def test_what_lies_elsewhere_does_not_count(repository) -> None:
    branch(repository, APPROVERS, {"production/b.yaml": OBJECT.replace("NAME", "b")})
    assert ask(repository, GITGUARD_APPROVERS="") == ([], [])


def test_a_base_that_an_application_of_the_environment_reads_counts(repository) -> None:
    base = {"base/kustomization.yaml": "resources: [cm.yaml]\n", "base/cm.yaml": manifest(name="base")}
    prod = {"prod/kustomization.yaml": "resources: [../base]\n"}
    files = {**{name: text for name, text in BASE.items() if name != ".gitguard.yaml"}, **base, **prod, "apps/web.yaml": deploying("prod")}
    own = BASE.get(".gitguard.yaml", "")
    repository.commit({**files, ".gitguard.yaml": f"{own}environments:\n{APPROVERS}", "other.yaml": OBJECT.replace("NAME", "other")})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"other.yaml": OBJECT.replace("NAME", "another")})
    assert ask(repository, GITGUARD_APPROVERS="") == ([], [])
    repository.commit({"base/cm.yaml": manifest(name="changed")})
    (message,) = ask(repository, GITGUARD_APPROVERS="")[0]
    assert message.startswith("the change reaches environment `prod`, by way of Application argocd/web: approval")


@pytest.mark.parametrize("rendering", ["auto", "never"])
@pytest.mark.parametrize(("server", "found"), [("https://prod.example", 1), ("https://dev.example", 0)])
def test_an_application_that_deploys_to_a_cluster_of_the_environment_counts(repository, rendering, server, found) -> None:
    settings = (
        f"render: {rendering}\nclusters: [{{name: prod, server: 'https://prod.example'}}]\n"
        "environments:\n  prod: {paths: [prod], clusters: [prod], approvers: [alice]}\n"
    )
    repository.commit({".gitguard.yaml": settings, "project.yaml": PROJECT})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"elsewhere/app.yaml": APPLICATION.replace("SERVER", server)})
    said, _ = ask(repository, GITGUARD_APPROVERS="")
    assert len(said) == found
    assert all("by way of Application argocd/sly: approval" in message for message in said)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"GITGUARD_AUTHOR": "Alice"}, None),
        ({"CHANGE_AUTHOR": "alice"}, None),
        ({"GITLAB_USER_LOGIN": "eve"}, "`eve` may not change it, only `alice`, `test@example.com`"),
        ({"GITGUARD_AUTHOR": "eve"}, "`eve` may not change it, only `alice`, `test@example.com`"),
    ],
)
def test_the_author_is_who_the_ci_system_says(repository, variables, message) -> None:
    branch(repository, AUTHORS, CHANGED)
    assert ask(repository, **variables) == ([message] if message else [], [])


def test_an_unsigned_commit_proves_no_author_but_may_disprove_one(repository) -> None:
    branch(repository, AUTHORS, CHANGED)
    reasons = ["nobody but unsigned commits says who changes `prod`: anybody can write any author into a commit"]
    assert ask(repository) == ([], reasons)
    repository.git("commit", "-q", "--allow-empty", "-m", "x", "--author", "Eve <eve@example.com>")
    (message,) = ask(repository)[0]
    assert "is by `eve@example.com`, who may not change it" in message


def test_github_tells_the_author_and_the_branch_in_its_event(repository, tmp_path: Path) -> None:
    branch(repository, "  prod: {branches: [release/*], authors: [alice]}\n", CHANGED)
    event = tmp_path / "event.json"
    for base, login, found in (("release/1", "eve", 1), ("release/1", "alice", 0), ("main", "eve", 0)):
        event.write_text(json.dumps({"pull_request": {"base": {"ref": base}, "head": {"ref": "x"}, "user": {"login": login}}}))
        assert len(ask(repository, GITHUB_EVENT_PATH=str(event))[0]) == found
    event.write_text(json.dumps({"merge_group": {"base_ref": "refs/heads/release/1"}}))
    assert ask(repository, GITHUB_EVENT_PATH=str(event), GITGUARD_AUTHOR="eve")[0] == ["`eve` may not change it, only `alice`"]
    event.write_text("no JSON")
    assert ask(repository, GITHUB_EVENT_PATH=str(event), GITHUB_BASE_REF="main")[0] == []


@pytest.fixture
def key(repository, tmp_path: Path) -> Path:
    """An SSH key that git knows as test@example.com's."""
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True, capture_output=True)
    known = tmp_path / "signers"
    known.write_text(f"test@example.com {file.with_suffix('.pub').read_text()}")
    for name, value in (("gpg.format", "ssh"), ("user.signingkey", str(file)), ("gpg.ssh.allowedSignersFile", str(known))):
        repository.git("config", name, value)
    return file


@pytest.mark.parametrize(("signers", "found"), [("[test@example.com]", 0), ("['*@example.com']", 0), ("[alice@example.com]", 1)])
def test_commits_have_to_be_signed_by_one_of_the_signers(repository, key, signers, found) -> None:
    branch(repository, f"  prod: {{paths: [prod], signers: {signers}}}\n", {})
    repository.write(CHANGED)
    repository.git("commit", "-q", "-S", "-m", "signed")
    repository.git("reset", "-q", "--soft", "main")
    repository.git("commit", "-q", "-S", "-m", "signed")
    said, _ = ask(repository)
    assert len(said) == found
    assert all("is signed by `test@example.com`" in message for message in said)
    repository.commit({"prod/c.yaml": OBJECT.replace("NAME", "c")})
    (message,) = ask(repository)[0]
    assert "is not signed" in message


def test_a_key_that_nobody_knows_signs_for_nobody(repository, key, tmp_path: Path) -> None:
    branch(repository, "  prod: {paths: [prod], signers: ['*']}\n", {})
    repository.git("reset", "-q", "--soft", "main")
    (tmp_path / "signers").write_text("")
    repository.write(CHANGED)
    repository.git("commit", "-q", "-S", "-m", "signed")
    assert len(ask(repository)[0]) == 1


def test_a_key_that_is_named_itself_need_not_be_vouched_for(repository, key, tmp_path: Path) -> None:
    (tmp_path / "signers").write_text("")
    shown = subprocess.run(["ssh-keygen", "-lf", f"{key}.pub"], check=True, capture_output=True, text=True).stdout.split()[1]
    branch(repository, f"  prod: {{paths: [prod], signers: ['{shown}'], authors: ['{shown}']}}\n", {})
    repository.git("reset", "-q", "--soft", "main")
    repository.write(CHANGED)
    repository.git("commit", "-q", "-S", "-m", "signed")
    assert ask(repository) == ([], [])


@pytest.fixture
def gpg(repository, tmp_path: Path) -> Iterator[Callable[..., bytes]]:
    """gpg, with a keyring that has a key that says that it is test@example.com's, trusted as one's own."""
    home = tmp_path / "g"
    home.mkdir(mode=0o700)
    repository.environment["GNUPGHOME"] = str(home)

    def run(*arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["gpg", "--batch", "--quiet", *arguments], env=repository.environment, input=given, check=True, capture_output=True
        ).stdout

    run("--passphrase", "", "--quick-generate-key", "Test <test@example.com>", "ed25519", "sign", "never")
    yield run
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=repository.environment, check=True)


def test_a_key_may_say_any_name_of_itself(repository, gpg) -> None:
    """Git says U of a good signature by a key whose owner nobody vouches for."""
    branch(repository, "  prod: {paths: [prod], signers: [test@example.com]}\n", {})
    repository.git("reset", "-q", "--soft", "main")
    repository.write(CHANGED)
    repository.git("commit", "-q", "-S", "-m", "signed")
    assert ask(repository) == ([], [])
    gpg("--import-ownertrust", given=gpg("--export-ownertrust").replace(b":6:", b":2:"))
    (message,) = ask(repository)[0]
    assert "and nothing here tells whose that is" in message


ORDER = "  staging: {paths: [staging]}\n  prod: {paths: [prod], after: staging}\n"


@pytest.mark.parametrize(
    ("staging", "prod", "message"),
    [
        ({"staging/web.yaml": pod("v2")}, pod("v2"), None),
        ({"staging/web.yaml": pod("v2")}, pod("v3"), "`r.example/web:v3` (image) was not in `staging` before: it never had it there"),
        ({"staging/web.yaml": pod("v2", "sidecar")}, pod("v2"), "`r.example/web:v2` (image) was not in `staging` before: it never had it there"),
        ({}, pod("v2"), "`r.example/web:v2` (image) was not in `staging` before: it has no such file"),
        ({}, pod("v1") + "  restartPolicy: Never\n", None),
        ({}, OBJECT, None),
    ],
)
def test_a_version_has_to_have_been_in_the_environment_before(repository, staging, prod, message) -> None:
    branch(repository, ORDER, {"prod/web.yaml": prod}, {"prod/web.yaml": pod("v1"), **staging})
    assert ask(repository) == ([message] if message else [], [])


GLOBS = "  staging: {paths: ['apps/*/staging']}\n  prod: {paths: ['apps/*/prod'], after: staging}\n"


@pytest.mark.parametrize(("folder", "found"), [("apps/a", 0), ("apps/b", 1), ("apps/b/c", 1)])
def test_a_star_stands_for_the_same_in_both_environments(repository, folder, found) -> None:
    branch(repository, GLOBS, {f"{folder}/prod/web.yaml": pod("v2")}, {"apps/a/staging/web.yaml": pod("v2"), "apps/b/staging/web.yaml": pod("v1")})
    assert len(ask(repository)[0]) == found


@pytest.mark.parametrize(("revision", "found"), [("v2", 0), ("v3", 1)])
def test_the_revision_of_a_remote_base_is_a_version(repository, revision, found) -> None:
    base = "kind: Kustomization\nresources: ['https://git.example/a?timeout=9&ref=REVISION']\n"
    before = {
        "staging/kustomization.yaml": base.replace("[", "[a.yaml, ").replace("REVISION", "v2"),
        "prod/kustomization.yaml": base.replace("REVISION", "v1"),
    }
    branch(repository, ORDER, {"prod/kustomization.yaml": base.replace("REVISION", revision)}, {**before, "staging/a.yaml": OBJECT})
    said, _ = ask(repository)
    assert said == ["`v3` (https://git.example/a) was not in `staging` before: it never had it there"] * found


def test_staging_in_the_same_change_is_not_before(repository) -> None:
    branch(
        repository, ORDER, {"prod/web.yaml": pod("v2"), "staging/web.yaml": pod("v2")}, {"prod/web.yaml": pod("v1"), "staging/web.yaml": pod("v1")}
    )
    assert len(ask(repository)[0]) == 1


def test_a_version_that_has_left_staging_again_was_there(repository) -> None:
    repository.commit({"staging/web.yaml": pod("v2")})
    branch(repository, ORDER, {"prod/web.yaml": pod("v2")}, {"prod/web.yaml": pod("v1"), "staging/web.yaml": pod("v4")})
    assert ask(repository) == ([], [])


def test_a_file_that_can_not_be_read_leaves_the_order_open(repository) -> None:
    branch(repository, ORDER, {"prod/x.yaml": "a: [\n"})
    repository.environment["GITGUARD_AUTHOR"] = "alice"
    done = repository.gitguard("ci", "--base", "main", "--format", "json")
    assert [item["reason"] for item in done.report["undetermined"]] == ["prod/x.yaml can't be read: which versions it brings to `prod` can't be told"]


BRANCHES = "  staging: {branches: [staging]}\n  prod: {branches: [main], after: staging}\n"


def test_a_branch_takes_only_commits_of_the_branch_before(repository) -> None:
    branch(repository, BRANCHES, CHANGED)
    assert ask(repository) == ([], ["the branch of `staging` is not fetched: whether it had the change first can't be told"])
    repository.git("branch", "staging", "main")
    (message,) = ask(repository)[0]
    assert message.endswith("is not on the branch of `staging` yet")
    repository.git("branch", "-f", "staging", "change")
    assert ask(repository) == ([], [])


def test_a_merge_may_add_nothing_by_hand(repository) -> None:
    branch(repository, BRANCHES, CHANGED)
    repository.git("branch", "staging")
    repository.git("checkout", "-q", "main")
    repository.commit({"prod/main.yaml": OBJECT.replace("NAME", "main")})
    repository.git("checkout", "-q", "change")
    repository.git("merge", "-q", "--no-edit", "main")
    assert ask(repository) == ([], [])
    repository.write({"prod/evil.yaml": OBJECT.replace("NAME", "evil")})
    repository.git("commit", "-q", "--amend", "--no-edit")
    assert len(ask(repository)[0]) == 1


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        ("{prod: {after: stagin}, staging: {}}", "there is no environment `stagin`: did you mean `staging`?"),
        ("{a: {after: b}, b: {after: a}}", "would come after itself"),
        ("{a: {after: a}}", "`a` would come after itself"),
    ],
)
def test_an_order_that_makes_no_sense_is_a_mistake_of_the_configuration(repository, environments, message) -> None:
    done = repository.write({".gitguard.yaml": f"kubernetes: '1.30'\nenvironments: {environments}\n"}).gitguard("check")
    assert done.code == 2
    assert done.err.startswith("gitguard: .gitguard.yaml:2:")
    assert message in done.err


def test_a_shared_base_brings_nothing_to_two_environments_at_once(repository) -> None:
    folders = {f"{name}/kustomization.yaml": "resources: [../base]\n" for name in ("staging", "prod")}
    apps = {f"apps/{name}.yaml": deploying(name, name=name) for name in ("staging", "prod")}
    rest = {name: text for name, text in BASE.items() if name != ".gitguard.yaml"}
    base = {"base/kustomization.yaml": "resources: [pod.yaml]\n", "base/pod.yaml": pod("v1")}
    settings = f"{BASE['.gitguard.yaml']}environments:\n{ORDER}"
    repository.commit({**rest, **base, **folders, **apps, ".gitguard.yaml": settings})
    repository.git("checkout", "-q", "-b", "change")
    repository.commit({"base/pod.yaml": pod("v2")})
    (message,) = ask(repository)[0]
    assert message.endswith("Application argocd/prod will run `r.example/web:v2` in `prod`, and no Application in `staging` did before")
    repository.commit(
        {"base/pod.yaml": pod("v1"), "staging/kustomization.yaml": "resources: [../base]\nimages: [{name: r.example/web, newTag: v2}]\n"}
    )
    assert ask(repository) == ([], [])


def test_a_base_that_is_no_branch_leaves_open_which_one_is_meant(repository) -> None:
    branch(repository, "  prod: {branches: [main], authors: [alice]}\n", CHANGED)
    commit = repository.git("rev-parse", "main").strip()
    reasons = ["nobody tells which branch the change goes to"]
    done = repository.gitguard("ci", "--base", commit, "--format", "json")
    assert [item["reason"] for item in done.report["undetermined"]] == reasons
    assert ask(repository, GITGUARD_AUTHOR="eve")[0] == ["`eve` may not change it, only `alice`"]
