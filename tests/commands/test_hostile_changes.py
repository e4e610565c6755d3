"""Attempts of a hostile change to pass the gate, one a test, on real repositories; docs/ci.md lists the same ones.

The docstring of a test is its row there.
"""

import re
from types import FunctionType
from typing import Any

import pytest

from tests.commands.test_ci import APPLICATION
from tests.conftest import ROOT, Repository

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: team, namespace: argocd}
spec:
  sourceRepos: ["https://git.example/team"]
  destinations: [{server: "*", namespace: web}]
"""
CONFIGURATION = """\
repository: {urls: ["https://git.example/config"]}
baseline: .gitguard-baseline.json
environments:
  prod: {paths: [prod], authors: [alice], approvers: [alice, bob]}
"""
BASELINE = '{"version": 1, "findings": []}\n'
WORKFLOW = "on: [pull_request, merge_group]\njobs:\n  gate:\n    runs-on: ubuntu-latest\n    steps: [{run: gitguard ci --base origin/main}]\n"
HOOKS = "repos:\n  - {repo: 'https://github.com/example/gitguard', rev: v1, hooks: [{id: gitguard}]}\n"
OWNERS = "* @org/all\n.gitguard.yaml @org/platform\n"


def app(name: str, namespace: str = "web") -> str:
    return APPLICATION.replace("NAMESPACE", namespace).replace("NAME", name)


FORBIDDEN = app("evil", "kube-system")
SUPPRESSION = "# gitguard: ignore[destination-not-permitted] later"
# Accepted beside the namespace.
ACCEPTED = FORBIDDEN.replace(
    '{server: "https://kubernetes.default.svc", namespace: kube-system}',
    f'\n    server: "https://kubernetes.default.svc"\n    namespace: kube-system {SUPPRESSION} until=2998-01-31',
)


@pytest.fixture
def config(repository: Repository) -> Repository:
    """A guarded repository, on a branch that forks off main."""
    repository.commit(
        {
            ".gitguard.yaml": CONFIGURATION,
            ".gitguard-baseline.json": BASELINE,
            ".pre-commit-config.yaml": HOOKS,
            ".github/workflows/gate.yml": WORKFLOW,
            "CODEOWNERS": OWNERS,
            "projects/team.yaml": PROJECT,
            "projects/other.yaml": PROJECT.replace("team", "other"),
            "apps/web.yaml": app("web"),
            "prod/web.yaml": app("prod-web"),
        }
    )
    repository.git("checkout", "-q", "-b", "change")
    return repository


def verdict(config: Repository, *arguments: str, **variables: str) -> set[tuple[str, str]]:
    """(rule, path) of each new finding; the exit code is 1 exactly where there is one."""
    config.environment |= variables
    done = config.gitguard("ci", "--base", "main", "--format", "json", *arguments)
    found = {(item["rule"], item["path"]) for item in done.report["findings"] if item["status"] == "new" and item["level"] == "error"}
    assert done.code == (1 if found else 0), done
    return found


DENIED = ("destination-not-permitted", "apps/evil.yaml")


def test_ignore_added(config: Repository) -> None:
    """An `ignore` is added to `.gitguard.yaml`"""
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitguard.yaml": CONFIGURATION + "ignore: [{path: 'apps/*', reason: later}]\n"})
    assert verdict(config) >= {DENIED, ("gate-weakened", ".gitguard.yaml")}


def test_configuration_in_head_only(new_repository: Any) -> None:
    """A configuration is added to a repository that has none"""
    config = new_repository("bare")
    config.commit({"projects/team.yaml": PROJECT})
    config.git("checkout", "-q", "-b", "change")
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitguard.yaml": "ignore: [{path: '*', reason: later}]\n"})
    assert verdict(config) >= {DENIED, ("gate-weakened", ".gitguard.yaml")}


def test_configuration_removed(config: Repository) -> None:
    """The configuration is removed"""
    config.git("rm", "-q", ".gitguard.yaml")
    config.commit({"prod/web.yaml": app("prod-web") + "# changed\n"})
    found = verdict(config, GITGUARD_APPROVERS="", GITGUARD_AUTHOR="eve")
    assert found >= {("gate-weakened", ".gitguard.yaml"), ("environment-access", "prod/web.yaml")}


def test_configuration_unreadable(config: Repository) -> None:
    """The configuration is made unreadable"""
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitguard.yaml": "a: [\n"})
    assert verdict(config) >= {DENIED, ("gate-weakened", ".gitguard.yaml")}


def test_configuration_renamed_by_case(config: Repository) -> None:
    """The configuration is renamed by case only"""
    config.git("mv", ".gitguard.yaml", ".GitGuard.yaml")
    config.commit()
    assert verdict(config) >= {("gate-weakened", ".gitguard.yaml")}


def test_configuration_becomes_a_link(config: Repository) -> None:
    """The configuration becomes a symbolic link"""
    (config.path / "other.yaml").write_text(CONFIGURATION)
    (config.path / ".gitguard.yaml").unlink()
    (config.path / ".gitguard.yaml").symlink_to("other.yaml")
    config.commit()
    assert verdict(config) >= {("gate-weakened", ".gitguard.yaml")}


def test_configuration_lookalike(config: Repository) -> None:
    """A second configuration with a name that looks like it (`.gitguard.yml`, Cyrillic letters)"""
    accepting = "ignore: [{path: '*', reason: later}]\n"
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitguard.yml": accepting, ".gitgu\u0430rd.yaml": accepting, "apps/.gitguard.yaml": accepting})
    assert DENIED in verdict(config)


def test_inline_suppression(config: Repository) -> None:
    """An inline suppression is added beside the mistake"""
    config.commit({"apps/evil.yaml": f"{SUPPRESSION}\n{FORBIDDEN}"})
    assert verdict(config) == {DENIED, ("gate-weakened", "apps/evil.yaml")}


@pytest.fixture
def accepted(config: Repository) -> Repository:
    """With a mistake that is accepted, until a day, on the branch main."""
    config.git("checkout", "-q", "main")
    config.commit(
        {"apps/evil.yaml": ACCEPTED, ".gitguard.yaml": CONFIGURATION.replace("[prod]", "[prod], clusters: [prod]") + "  dev: {paths: [dev]}\n"}
    )
    config.git("checkout", "-q", "-B", "change")
    assert verdict(config) == set()
    return config


def test_suppression_prolonged(accepted: Repository) -> None:
    """The last day of a suppression is put off"""
    for longer in (ACCEPTED.replace("2998", "2999"), ACCEPTED.replace(" until=2998-01-31", "")):
        accepted.commit({"apps/evil.yaml": longer})
        assert verdict(accepted) == {("gate-weakened", "apps/evil.yaml")}


def test_value_changed_under_a_suppression(accepted: Repository) -> None:
    """A value is changed beside a suppression that stands there"""
    accepted.commit({"apps/evil.yaml": ACCEPTED.replace("kube-system", "vault")})
    assert verdict(accepted) == {DENIED, ("gate-weakened", "apps/evil.yaml")}


def test_neighbour_of_the_value_changed(accepted: Repository) -> None:
    """What is beside the value is changed (another cluster for an accepted namespace)"""
    accepted.commit({"apps/evil.yaml": ACCEPTED.replace("https://kubernetes.default.svc", "https://prod.example")})
    assert verdict(accepted) == {DENIED, ("gate-weakened", "apps/evil.yaml")}


def test_suppression_widened(accepted: Repository) -> None:
    """A suppression names another rule, or covers the object instead of a line"""
    bad_source = ACCEPTED.replace("git.example/team", "git.example/evil")
    wider = (
        bad_source.replace("[destination-not-permitted]", "[destination-not-permitted, source-not-permitted]"),
        SUPPRESSION.replace("destination", "source") + f" until=2998-01-31\n{bad_source}",
    )
    for text in wider:
        accepted.commit({"apps/evil.yaml": text})
        assert verdict(accepted) == {("source-not-permitted", "apps/evil.yaml"), ("gate-weakened", "apps/evil.yaml")}


def test_suppression_copied_with_its_object(accepted: Repository) -> None:
    """An object is copied, with its suppression, within its file"""
    for copy in (f"{ACCEPTED.replace('evil', 'worse')}---\n{ACCEPTED}", f"{ACCEPTED}---\n{ACCEPTED.replace('evil', 'worse')}"):
        accepted.commit({"apps/evil.yaml": copy})
        assert verdict(accepted) == {DENIED, ("gate-weakened", "apps/evil.yaml")}


def test_suppression_copied_into_another_environment(accepted: Repository) -> None:
    """A suppression is copied into another environment's file"""
    accepted.commit({"dev/web.yaml": ACCEPTED.replace("evil", "worse")})
    assert verdict(accepted) == {("destination-not-permitted", "dev/web.yaml"), ("gate-weakened", "dev/web.yaml")}


def test_suppression_moved_into_another_environment(accepted: Repository) -> None:
    """A file is moved, with its suppressions, into another environment's folder"""
    (accepted.path / "dev").mkdir()
    accepted.git("mv", "apps/evil.yaml", "dev/evil.yaml")
    accepted.commit()
    assert verdict(accepted) == {("gate-weakened", "dev/evil.yaml")}
    assert accepted.gitguard("ci", "--base", "main", "--format", "json").report["suppressed"] == []


def test_suppression_moved_to_where_it_matters(new_repository: Any) -> None:
    """A file that nothing applies is moved, with its suppressions, to where it is applied"""
    config = new_repository("rooted")
    config.commit({".gitguard.yaml": "roots: [live]\n", "live/team.yaml": PROJECT, "live/web.yaml": app("web"), "attic/evil.yaml": ACCEPTED})
    config.git("checkout", "-q", "-b", "change")
    config.git("mv", "attic/evil.yaml", "live/evil.yaml")
    config.commit()
    assert verdict(config) == {("destination-not-permitted", "live/evil.yaml"), ("gate-weakened", "live/evil.yaml")}


def test_hostile_reason(accepted: Repository) -> None:
    """The reason of a suppression holds commands for the CI system, or for a terminal"""
    reason = f"::error::\u202e%0A::stop-commands::x \U000e0001{'long ' * 20_000}"
    accepted.commit({"apps/evil.yaml": ACCEPTED.replace("later", reason)})
    assert verdict(accepted) == set()
    for name in ("text", "github", "markdown"):
        done = accepted.gitguard("ci", "--base", "main", "--format", name, "--verbose")
        assert done.code == 0
        assert not any(line.startswith(("::error", "::stop")) for line in done.out.splitlines())
        assert "\u202e" not in done.out
        assert len(done.out) < 5_000


def test_baseline_grown(config: Repository) -> None:
    """The baseline grows"""
    config.commit({"apps/evil.yaml": FORBIDDEN})
    assert config.gitguard("check", "--write-baseline", ".gitguard-baseline.json").code == 0
    config.commit()
    assert verdict(config) == {DENIED, ("gate-weakened", ".gitguard-baseline.json")}


def test_baseline_unreadable(config: Repository) -> None:
    """The baseline is made unreadable, or replaced by a link"""
    config.commit({".gitguard-baseline.json": '["everything"]\n'})
    assert verdict(config) == {("gate-weakened", ".gitguard-baseline.json")}
    (config.path / ".gitguard-baseline.json").unlink()
    (config.path / ".gitguard-baseline.json").symlink_to("CODEOWNERS")
    config.commit()
    assert verdict(config) == {("gate-weakened", ".gitguard-baseline.json")}


def test_urls_changed(config: Repository) -> None:
    """`repository.urls` no more names the repository"""
    config.commit({".gitguard.yaml": CONFIGURATION.replace("example/config", "example/elsewhere")})
    assert verdict(config) == {("gate-weakened", ".gitguard.yaml")}


def test_approver_added(config: Repository) -> None:
    """The author becomes an approver, or an author, of the environment"""
    config.commit(
        {".gitguard.yaml": CONFIGURATION.replace("[alice, bob]", "[alice, bob, eve]").replace("[alice]", "[eve]"), "prod/new.yaml": app("new")}
    )
    found = verdict(config, GITGUARD_APPROVERS="eve", GITGUARD_AUTHOR="mallory")
    assert found == {("gate-weakened", ".gitguard.yaml"), ("environment-access", "prod/new.yaml")}


def test_workflow_edited(config: Repository) -> None:
    """The workflow that runs gitguard is edited (a failure that is passed over, `continue-on-error`, `if: false`, `paths:`)"""
    for weaker in (
        WORKFLOW.replace("origin/main", "origin/main || true"),
        WORKFLOW.replace("  gate:", "  gate:\n    continue-on-error: true"),
        WORKFLOW.replace("  gate:", "  gate:\n    if: false"),
        WORKFLOW.replace("[pull_request, merge_group]", "{pull_request: {paths: [docs/**]}}"),
    ):
        config.commit({".github/workflows/gate.yml": weaker})
        assert verdict(config) == {("gate-weakened", ".github/workflows/gate.yml")}


def test_workflow_trusts_head(config: Repository) -> None:
    """The workflow gets `--trust-head`, or another `--base`"""
    for weaker in ("--base origin/main --trust-head", "--base HEAD"):
        config.commit({".github/workflows/gate.yml": WORKFLOW.replace("--base origin/main", weaker)})
        assert verdict(config) == {("gate-weakened", ".github/workflows/gate.yml")}


def test_workflow_removed(config: Repository) -> None:
    """The workflow that runs gitguard is removed, or renamed"""
    config.git("mv", ".github/workflows/gate.yml", ".github/workflows/gate.yml.off")
    config.commit()
    assert verdict(config) == {("gate-weakened", ".github/workflows/gate.yml")}


def test_second_check(config: Repository) -> None:
    """Another workflow gets a job, or a name, as the check `gitguard` has, so that its success counts"""
    second = "on: [pull_request]\njobs:\n  easy:\n    name: NAME\n    runs-on: ubuntu-latest\n    steps: [{run: 'true'}]\n"
    for evil in (
        second.replace("NAME", "gate"),
        second.replace("    name: NAME\n", "").replace("easy", "gate"),
        f"name: gate\n{second.replace('NAME', 'easy')}",
        second.replace("NAME", "${{ matrix.of }}").replace("    steps", "    strategy: {matrix: {of: [gate]}}\n    steps"),
    ):
        config.commit({".github/workflows/evil.yml": evil})
        assert verdict(config) == {("gate-weakened", ".github/workflows/evil.yml")}
    config.commit({".github/workflows/evil.yml": second.replace("NAME", "build ${{ github.ref }}")})
    assert verdict(config) == set()


def test_hook_removed(config: Repository) -> None:
    """The pre-commit hook is removed"""
    config.commit({".pre-commit-config.yaml": "repos: []\n"})
    assert verdict(config) == {("gate-weakened", ".pre-commit-config.yaml")}


def test_owners_changed(config: Repository) -> None:
    """`CODEOWNERS` gives the gate's files to somebody else"""
    config.commit({"CODEOWNERS": OWNERS.replace("@org/platform", "@eve")})
    assert verdict(config) == {("gate-weakened", "CODEOWNERS")}


def test_project_renamed_to_text(config: Repository) -> None:
    """An AppProject is renamed to `.txt`"""
    config.git("mv", "projects/team.yaml", "projects/team.txt")
    config.commit()
    assert verdict(config) >= {("project-not-found", "apps/web.yaml")}


def test_project_deleted(config: Repository) -> None:
    """An AppProject that Applications are judged by is deleted"""
    config.git("rm", "-q", "projects/team.yaml")
    config.commit()
    assert verdict(config) >= {("project-not-found", "apps/web.yaml")}


LAST = {"projects/team.yaml": PROJECT, "apps/web.yaml": app("web")}


@pytest.mark.parametrize("take_away", ["deleted", "renamed", "text", "left out", "templated"])
def test_last_project_taken_away(new_repository: Any, take_away: str) -> None:
    """The last AppProject is taken away: deleted, renamed, left out of its kustomization"""
    config = new_repository("last")
    kustomization = "kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nresources: [team.yaml]\n"
    config.commit({**LAST, "projects/kustomization.yaml": kustomization})
    config.git("checkout", "-q", "-b", "change")
    if take_away == "deleted":
        config.git("rm", "-q", "-r", "projects")
        config.commit()
    elif take_away == "renamed":
        config.commit({"projects/team.yaml": PROJECT.replace("name: team", "name: other")})
    elif take_away == "text":
        config.git("mv", "projects/team.yaml", "projects/team.txt")
        config.commit({"projects/kustomization.yaml": kustomization.replace("team.yaml", "")})
    elif take_away == "left out":
        config.commit({"projects/kustomization.yaml": kustomization.replace("team.yaml", "")})
    else:
        config.git("rm", "-q", "-r", "projects")
        config.commit({"chart/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n", "chart/templates/p.yaml": PROJECT.replace("web", "{{ .x }}")})
    assert verdict(config) == {("project-not-found", "apps/web.yaml")}


def test_last_project_of_a_namespace(new_repository: Any) -> None:
    config = new_repository("last")
    own = {path: content.replace("namespace: argocd", "namespace: team-cd") for path, content in LAST.items()}
    config.commit({**own, "projects/other.yaml": PROJECT.replace("team", "other")})
    config.git("checkout", "-q", "-b", "change")
    config.git("rm", "-q", "projects/team.yaml")
    config.commit()
    assert verdict(config) == {("project-not-found", "apps/web.yaml")}


def test_last_project_of_an_environment(new_repository: Any) -> None:
    config = new_repository("last")
    both = {f"{place}/{path}": content for place in ("prod", "test") for path, content in LAST.items()}
    config.commit({".gitguard.yaml": "environments: {prod: {paths: [prod]}, test: {paths: [test]}}\n", **both})
    config.git("checkout", "-q", "-b", "change")
    config.git("rm", "-q", "prod/projects/team.yaml")
    config.commit()
    assert verdict(config) == {("project-not-found", "prod/apps/web.yaml")}


def test_project_moved_out_of_the_roots(new_repository: Any) -> None:
    """An AppProject is moved to where nothing applies it"""
    config = new_repository("rooted")
    config.commit(
        {".gitguard.yaml": "roots: [live]\n", "live/team.yaml": PROJECT, "live/other.yaml": PROJECT.replace("team", "b"), "live/a.yaml": app("a")}
    )
    config.git("checkout", "-q", "-b", "change")
    (config.path / "attic").mkdir()
    config.git("mv", "live/team.yaml", "attic/team.yaml")
    config.commit()
    assert verdict(config) >= {("project-not-found", "live/a.yaml")}


def test_project_lookalike(config: Repository) -> None:
    """An Application names an AppProject by letters that look like its name"""
    config.commit({"apps/evil.yaml": app("evil").replace("project: team", "project: te\u0430m")})
    assert verdict(config) >= {("project-not-found", "apps/evil.yaml")}


def test_yaml_unreadable(config: Repository) -> None:
    """A manifest is made unreadable, so that it can't be judged"""
    config.commit({"apps/evil.yaml": f"{FORBIDDEN}---\na: [\n"})
    assert ("yaml-invalid", "apps/evil.yaml") in verdict(config)


def test_huge_file(config: Repository) -> None:
    """A mistake is hidden in a huge file"""
    padding = "".join(f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{number}, namespace: web}}\n" for number in range(5_000))
    config.commit({"apps/evil.yaml": f"{padding}---\n{'# padding' * 200_000}\n{FORBIDDEN}"})
    assert DENIED in verdict(config)


def test_manifest_becomes_a_link(config: Repository) -> None:
    """A manifest becomes a symbolic link"""
    (config.path / "apps/web.yaml").unlink()
    (config.path / "apps/web.yaml").symlink_to("/etc/hostname")
    config.commit()
    assert ("gate-weakened", "apps/web.yaml") in verdict(config)


def test_folder_becomes_a_submodule(config: Repository) -> None:
    """A submodule takes the place of a folder"""
    config.git("rm", "-q", "-r", "apps")
    config.git("update-index", "--add", "--cacheinfo", f"160000,{config.git('rev-parse', 'main').strip()},apps")
    config.git("commit", "-q", "-m", "change")
    assert ("gate-weakened", "apps") in verdict(config)


def test_attributes(config: Repository) -> None:
    """`.gitattributes` hides a file from archives or reviewers, or has it filtered or encoded"""
    config.commit({"apps/evil.yaml": FORBIDDEN})
    config.commit({".gitattributes": "apps/evil.yaml export-ignore -diff working-tree-encoding=ISO-8859-1 filter=hide\n"})
    assert verdict(config) >= {DENIED, ("gate-weakened", ".gitattributes")}


def test_replaced_objects(config: Repository) -> None:
    """`refs/replace` or grafts show git other objects than those that are pushed"""
    evil = config.commit({"apps/evil.yaml": FORBIDDEN})
    blobs = [config.git("rev-parse", name).strip() for name in ("HEAD:apps/evil.yaml", "main:apps/web.yaml")]
    config.git("replace", *blobs)
    config.git("replace", evil, "main")
    (config.path / ".git/info/grafts").write_text(f"{evil}\n")
    assert verdict(config) == {DENIED}


def test_commit_dates(config: Repository) -> None:
    """Commits are dated to 1970, or to the future"""
    for date in ("1970-01-01T00:00:01Z", "2099-01-01T00:00:00Z"):
        config.environment |= {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        config.commit({"apps/evil.yaml": f"{FORBIDDEN}# {date}\n"})
        assert verdict(config) == {DENIED}


def test_forged_author(config: Repository) -> None:
    """Commits claim to be by somebody who may change the environment"""
    config.write({"prod/new.yaml": app("new")})
    config.git("commit", "-q", "-m", "change", "--author", "alice <alice>")
    assert verdict(config, GITGUARD_AUTHOR="eve", GITGUARD_APPROVERS="bob") == {("environment-access", "prod/new.yaml")}


def test_own_approval(config: Repository) -> None:
    """The author approves the change"""
    config.commit({"prod/new.yaml": app("new")})
    assert verdict(config, GITGUARD_AUTHOR="alice", GITGUARD_APPROVERS="alice") == {("environment-access", "prod/new.yaml")}


def test_push_after_approval(config: Repository) -> None:
    """A commit is pushed after the approval"""
    config.commit({"prod/new.yaml": app("new")})
    assert verdict(config, GITGUARD_AUTHOR="alice", GITGUARD_APPROVERS="bob") == set()
    config.commit({"prod/newer.yaml": app("newer")})
    assert verdict(config, GITGUARD_APPROVERS="") == {("environment-access", "prod/new.yaml")}


def test_moved_out_of_the_environment(config: Repository) -> None:
    """A file is moved out of the environment's folder"""
    config.git("mv", "prod/web.yaml", "apps/moved.yaml")
    config.commit()
    assert ("environment-access", "prod/web.yaml") in verdict(config, GITGUARD_AUTHOR="eve", GITGUARD_APPROVERS="bob")


def test_merge_that_hides_a_change(config: Repository) -> None:
    """A merge commit brings what neither side has"""
    config.commit({"apps/fine.yaml": app("fine")})
    config.git("checkout", "-q", "main")
    config.commit({"apps/main.yaml": app("main")})
    config.git("checkout", "-q", "change")
    config.git("merge", "-q", "--no-commit", "main")
    config.commit({"apps/evil.yaml": FORBIDDEN})
    assert verdict(config) == {DENIED}


def test_base_merged_again(config: Repository) -> None:
    """The base is merged over and over, so that the mistake looks old"""
    config.commit({"apps/evil.yaml": FORBIDDEN})
    config.git("checkout", "-q", "main")
    config.commit({"apps/main.yaml": app("main")})
    config.git("checkout", "-q", "change")
    config.git("merge", "-q", "--no-edit", "main")
    assert verdict(config) == {DENIED}


def test_cache_of_another_run(config: Repository) -> None:
    """A run for the change fills the cache that later runs read"""
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitguard.yaml": CONFIGURATION + "ignore: [{path: '*', reason: later}]\n"})
    trusting = config.gitguard("ci", "--base", "main", "--format", "json", "--trust-head")
    assert DENIED[0] not in {item["rule"] for item in trusting.report["findings"]}
    assert verdict(config) == verdict(config, "--no-cache") >= {DENIED}


def test_variables_in_files(config: Repository) -> None:
    """The repository has files that set variables (`.env`, `.envrc`)"""
    told = "GITGUARD_APPROVERS=bob\nGITGUARD_AUTHOR=alice\n"
    config.commit({".env": told, ".envrc": told, "prod/new.yaml": app("new")})
    assert verdict(config, GITGUARD_AUTHOR="eve", GITGUARD_APPROVERS="") == {("environment-access", "prod/new.yaml")}


def test_nested_repository(config: Repository) -> None:
    """The repository holds a git directory whose configuration names programs"""
    marker = config.path.parent / "pwned"
    program = config.path / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    settings = (
        f'[core]\nrepositoryformatversion = 0\nbare = true\nfsmonitor = "{program}"\nhooksPath = "{config.path}"\n[diff]\nexternal = "{program}"\n'
    )
    config.commit(
        {"nested/HEAD": "ref: refs/heads/main\n", "nested/config": settings, "nested/objects/x": "", "nested/refs/x": "", "apps/evil.yaml": FORBIDDEN}
    )
    assert verdict(config) == {DENIED}
    assert not marker.exists()


def test_programs_in_git_configuration(config: Repository) -> None:
    """`.git/config` names programs: `core.fsmonitor`, hooks, `diff.external`, text converters, filters"""
    marker = config.path.parent / "pwned"
    program = config.path.parent / "program.sh"
    program.write_text(f"#!/bin/sh\ntouch {marker}\ncat\n")
    program.chmod(0o755)
    config.commit({"apps/evil.yaml": FORBIDDEN, ".gitattributes": "*.yaml diff=x filter=x merge=x\n"})
    for name in ("core.fsmonitor", "diff.external", "diff.x.textconv", "diff.x.command", "filter.x.smudge", "filter.x.clean", "core.pager"):
        config.git("config", name, str(program))
    marker.unlink(missing_ok=True)
    assert DENIED in verdict(config)
    assert not marker.exists()


def test_the_page_lists_the_attempts_that_are_tested() -> None:
    table = (ROOT / "docs/ci.md").read_text().partition("## What a hostile change may try")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| .+ \|$", table, re.MULTILINE)
    attempts = [one.__doc__ for one in globals().values() if isinstance(one, FunctionType) and one.__name__.startswith("test_") and one.__doc__]
    assert sorted(rows) == sorted([*attempts, "attempt"])
