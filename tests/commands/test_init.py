"""`gitguard init`: what it sees, what it proposes, and that it writes nothing over anything."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import settings as settings_of
from hypothesis import strategies as st

from gitguard import __version__
from gitguard.edges import data
from gitguard.model.layout import Hint, Layout, OwnUrl, SeenCluster, SeenEnvironment
from gitguard.output.configuration import configuration
from gitguard.parse import read
from tests.commands.test_ci import PROJECT, app
from tests.conftest import CORPORA, ROOT, Repository, Result

URL = "https://github.com/example/config"
OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: b}\n"
KUSTOMIZATION = "resources: []\n"
CONFIGURATION, HOOK, WORKFLOW = ".gitguard.yaml", ".pre-commit-config.yaml", ".github/workflows/gitguard.yml"
GITLAB, GITLAB_START = ".gitlab/gitguard.gitlab-ci.yml", ".gitlab-ci.yml"


def application(name: str, path: str = "shop", url: str = URL, **spec: Any) -> str:
    source = {"repoURL": url, "path": path, "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "shop"}
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": spec.pop("namespace", "argocd")},
        "spec": {"project": "default", "source": source, "destination": destination, **spec},
    }
    return json.dumps(manifest)


def files(result: Result) -> dict[str, str]:
    """The proposed files by path, as they are shown."""
    assert result.code == 0, result.err
    parts = re.split(r"(?m)^--- (\S+) \(new\)\n", result.out)
    ended = [re.split(r"(?m)^(?:--- |note: |Nothing is written|wrote )", text)[0].rstrip("\n") + "\n" for text in parts[2::2]]
    return dict(zip(parts[1::2], ended, strict=True))


def settings(result: Result) -> Any:
    return yaml.safe_load(files(result)[CONFIGURATION])


def on_disk(repository: Repository) -> dict[str, str]:
    """Every file of the work tree, with what it holds or where it leads."""
    found = (path for path in sorted(repository.path.rglob("*")) if ".git" not in path.relative_to(repository.path).parts[:1])
    return {
        path.relative_to(repository.path).as_posix(): f"-> {path.readlink()}" if path.is_symlink() else "/" if path.is_dir() else path.read_text()
        for path in found
    }


def row(result: Result, environment: str) -> str:
    """The row of an environment in the table."""
    (line,) = [line for line in result.out.split("\n") if line.split()[:1] == [environment] and line.startswith("  ")]
    return line


class TestEnvironments:
    def test_a_folder_for_each(self, repository: Repository) -> None:
        for name in ("prod", "dev", "staging"):
            repository.write({f"envs/{name}/{kind}.yaml": application(f"{kind}-{name}") for kind in ("shop", "mail")})
        result = repository.gitguard("init")
        assert settings(result) == {"environments": {name: {"paths": [f"envs/{name}"]} for name in ("dev", "staging", "prod")}}
        assert list(settings(result)["environments"]) == ["dev", "staging", "prod"]
        assert "Applications     6\n" in result.out
        assert row(result, "staging").split() == ["staging", "envs/staging", "2", "2", "https://kubernetes.default.svc"]
        assert "a folder for each environment" in result.out
        assert "# 2 files, 2 Applications" in files(result)[CONFIGURATION]

    def test_folders_of_environments_may_have_any_name(self, repository: Repository) -> None:
        repository.write({"environments/idfprod/a.yaml": OBJECT, "environments/summit/a.yaml": OBJECT, "environments/base/a.yaml": OBJECT})
        environments = settings(repository.gitguard("init"))["environments"]
        assert environments == {name: {"paths": [f"environments/{name}"]} for name in ("idfprod", "summit")}

    def test_overlays_of_each_application(self, repository: Repository) -> None:
        repository.write({f"apps/{name}/base/kustomization.yaml": KUSTOMIZATION for name in ("a", "b", "c")})
        repository.write({f"apps/{name}/overlays/{to}/kustomization.yaml": KUSTOMIZATION for name in ("a", "b", "c") for to in ("staging", "prod")})
        environments = settings(repository.gitguard("init"))["environments"]
        assert environments == {name: {"paths": [f"apps/*/overlays/{name}"]} for name in ("staging", "prod")}

    def test_folders_of_clusters_that_name_their_environment(self, repository: Repository) -> None:
        names = ("prod-eu", "prod-us", "staging-eu", "homelab", "production-staging")
        repository.write({f"clusters/{name}/a.yaml": OBJECT for name in names})
        environments = settings(repository.gitguard("init"))["environments"]
        assert environments == {"staging": {"paths": ["clusters/staging-eu"]}, "prod": {"paths": ["clusters/prod-eu", "clusters/prod-us"]}}

    def test_two_spellings_are_one_environment(self, repository: Repository) -> None:
        repository.write({f"{name}/production/a.yaml": OBJECT for name in ("a", "b")} | {"c/prod/a.yaml": OBJECT, "c/dev/a.yaml": OBJECT})
        environments = settings(repository.gitguard("init"))["environments"]
        assert environments == {"dev": {"paths": ["c/dev"]}, "production": {"paths": ["a/production", "b/production", "c/prod"]}}

    def test_files_of_values(self, repository: Repository) -> None:
        chart = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
        names = ("values.yaml", "values-staging.yaml", "values-prod.yaml", "values-common.yaml", "values-gpu.yaml")
        repository.write({"charts/web/Chart.yaml": chart} | {f"charts/web/{name}": "a: 1\n" for name in names})
        result = repository.gitguard("init")
        assert settings(result)["environments"] == {name: {"paths": [f"charts/web/values-{name}.yaml"]} for name in ("staging", "prod")}
        assert "files of values for each environment" in result.out

    def test_a_branch_for_each(self, repository: Repository, new_repository: Callable[[str], Repository]) -> None:
        repository.commit({"a.yaml": OBJECT})
        for branch in ("env/prod", "staging", "feature/production-fix"):
            repository.git("branch", branch)
        clone = cloned(repository, new_repository)
        result = clone.gitguard("init")
        assert settings(result)["environments"] == {"staging": {"branches": ["staging"]}, "prod": {"branches": ["env/prod"]}}
        assert "branch env/prod" in row(result, "prod")
        assert "main (changes go there)" in result.out

    @pytest.mark.parametrize("branches", [("dev",), ("dev", "test"), ("live", "demo"), ("dev", "production-2")])
    def test_branches_on_which_people_work_are_none(self, repository: Repository, branches: tuple[str, ...]) -> None:
        repository.commit({"a.yaml": OBJECT})
        for branch in branches:
            repository.git("branch", branch)
        assert settings(repository.gitguard("init")) is None

    def test_folders_count_before_branches(self, repository: Repository) -> None:
        repository.commit({"envs/staging/a.yaml": OBJECT, "envs/prod/a.yaml": OBJECT})
        repository.git("branch", "prod")
        repository.git("branch", "staging")
        assert settings(repository.gitguard("init"))["environments"] == {name: {"paths": [f"envs/{name}"]} for name in ("staging", "prod")}

    def test_a_repository_for_each(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", "git@git.example:org/config-production.git")
        result = repository.write({"a.yaml": OBJECT}).gitguard("init")
        assert settings(result)["environments"] == {"production": {}}
        assert "a repository for each environment" in result.out

    def test_what_only_sounds_like_one_is_none(self, repository: Repository) -> None:
        repository.write(
            {
                "components/integration/a.yaml": OBJECT,
                "docs/envs/prod/a.yaml": OBJECT,
                "tests/staging/a.yaml": OBJECT,
                "images/production/config.yaml": "log: debug\n",
                "images/staging/config.yaml": "log: debug\n",
                "apps/production/a.yaml": OBJECT,
                "apps/my-values.yaml": "a: 1\n",
            }
        )
        result = repository.gitguard("init")
        assert settings(result) is None
        assert "neither folders, branches nor names tell several apart" in result.out


def cloned(repository: Repository, new_repository: Callable[[str], Repository]) -> Repository:
    clone = new_repository("clone")
    clone.git("remote", "add", "origin", str(repository.path))
    clone.git("fetch", "-q", "origin")
    clone.git("remote", "set-head", "origin", "main")
    clone.git("checkout", "-q", "-b", "work", "origin/main")
    return clone


class TestWhatIsTold:
    def test_a_clone_by_ssh_is_not_what_applications_name(self, repository: Repository) -> None:
        """BUG that was expected: without `repository.urls` such a clone judges nothing of what its Applications deploy."""
        repository.git("remote", "add", "origin", "git@github.com:example/config.git")
        repository.write({"a.yaml": application("a", "gone")})
        assert "source-path-missing" not in repository.check().rules()
        result = repository.gitguard("init", "--yes")
        assert settings(result)["repository"] == {"urls": [URL]}
        repository.git("add", "-A")
        assert "source-path-missing" in repository.check().rules()

    def test_a_fork_s_applications_name_where_it_comes_from(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", "https://github.com/somebody/fork")
        repository.write({f"{name}.yaml": application(name, f"apps/{name}") for name in "abc"} | {f"apps/{name}/a.yaml": OBJECT for name in "ab"})
        unsure = repository.gitguard("init")
        assert settings(unsure) is None
        assert "2 of 3 folders that they name there are here" in files(unsure)[CONFIGURATION]
        assert f"# repository:\n#   urls: ['{URL}']" in files(unsure)[CONFIGURATION]
        result = repository.write({"apps/c/a.yaml": OBJECT}).gitguard("init")
        assert settings(result)["repository"] == {"urls": [URL]}
        assert "3 of 3 folders that they name there are here" in files(result)[CONFIGURATION]

    def test_another_repository_s_root_is_not_this_one(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", "https://github.com/somebody/fork")
        repository.write({f"{name}.yaml": application(name, ".") for name in "abc"})
        assert settings(repository.gitguard("init")) is None

    def test_the_remote_that_applications_name_is_the_default(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", f"{URL}.git")
        assert settings(repository.write({"a.yaml": application("a")}).gitguard("init")) is None

    def test_passwords_in_urls_are_nowhere(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", "https://alice:hunter2@github.com/example/config")
        other = application("b", "x", "https://alice:hunter2@github.com/example/config")
        server = application("c", destination={"server": "https://alice:hunter2@prod.example", "namespace": "c"})
        repository.write({"a.yaml": application("a"), "b.yaml": other, "c.yaml": server, "x/a.yaml": OBJECT})
        result = repository.gitguard("init", "--yes")
        assert "hunter2" not in result.out + result.err + "".join(on_disk(repository)[path] for path in (CONFIGURATION, HOOK, WORKFLOW))

    @pytest.mark.parametrize(
        ("path", "text", "version"),
        [
            ("kustomization.yaml", "resources: ['https://github.com/argoproj/argo-cd//manifests/cluster-install?ref=v3.1.0']\n", "3.1.0"),
            ("kustomization.yaml", "resources: ['github.com/argoproj/argo-cd/manifests/ha/base?timeout=90s&ref=v3.1.0']\n", "3.1.0"),
            ("kustomization.yaml", "resources: ['https://raw.githubusercontent.com/argoproj/argo-cd/v3.1.0/manifests/install.yaml']\n", "3.1.0"),
            (
                "kustomization.yaml",
                "resources: ['https://github.com/argoproj/argo-cd//manifests?ref=v3.0.0']\nimages: [{name: quay.io/argoproj/argocd, newTag: v3.1.2}]\n",
                "3.1.2",
            ),
            ("argocd.yaml", "apiVersion: argoproj.io/v1beta1\nkind: ArgoCD\nmetadata: {name: a}\nspec: {version: v3.1.0}\n", "3.1.0"),
        ],
    )
    def test_the_version_of_argo_cd_that_is_installed(self, repository: Repository, path: str, text: str, version: str) -> None:
        result = repository.write({f"argocd/{path}": text, "a.yaml": OBJECT}).gitguard("init")
        assert settings(result)["argocd"] == {"version": version}
        assert f"argocd/{path}" in files(result)[CONFIGURATION]

    def test_the_version_of_an_installed_server_not_of_a_tool(self, repository: Repository) -> None:
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "sync-job"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "a", "image": "quay.io/argoproj/argocd:v3.2.1"}]},
                },
            },
        }
        result = repository.write({"tool.yaml": json.dumps(deployment)}).gitguard("init")
        assert settings(result) is None
        deployment["metadata"] = {"name": "argocd-server"}
        assert settings(repository.write({"server.yaml": json.dumps(deployment)}).gitguard("init"))["argocd"] == {"version": "3.2.1"}

    def test_a_chart_s_version_is_not_argo_cd_s(self, repository: Repository) -> None:
        chart = {"repoURL": "https://argoproj.github.io/argo-helm", "chart": "argo-cd", "targetRevision": "8.1.0"}
        assert settings(repository.write({"a.yaml": application("argocd", source=chart)}).gitguard("init")) is None

    def test_several_versions_are_shown_and_none_is_set(self, repository: Repository) -> None:
        base = "resources: ['https://github.com/argoproj/argo-cd//manifests?ref=%s']\n"
        repository.write({"a/kustomization.yaml": base % "v3.1.0", "b/kustomization.yaml": base % "v3.2.0"})
        result = repository.gitguard("init")
        assert settings(result) is None
        assert "# argocd: {version: 3.1.0}" in files(result)[CONFIGURATION].replace("'", "")
        assert "3.2.0: from b/kustomization.yaml" in files(result)[CONFIGURATION]

    def test_the_control_plane_s_namespace(self, repository: Repository) -> None:
        repository.write({"p.yaml": PROJECT.replace("namespace: argocd", "namespace: gitops"), "a.yaml": application("a", namespace="team-a")})
        repository.write(
            {"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cmd-params-cm}\ndata: {application.namespaces: 'team-*, ops'}\n"}
        )
        assert settings(repository.gitguard("init"))["argocd"] == {"namespace": "gitops", "applicationNamespaces": ["ops", "team-*"]}

    def test_applications_alone_tell_no_namespace_but_one_of_argo_cd_s_usual_ones(self, repository: Repository) -> None:
        result = repository.write({"a.yaml": application("a", namespace="team-a")}).gitguard("init")
        assert settings(result) is None
        assert "# argocd: {namespace: team-a}" in files(result)[CONFIGURATION]
        result = repository.write({"a.yaml": application("a", namespace="openshift-gitops")}).gitguard("init")
        assert settings(result) == {"argocd": {"namespace": "openshift-gitops"}}

    def test_the_version_of_kubernetes_where_it_is_told(self, repository: Repository) -> None:
        plane = "apiVersion: controlplane.cluster.x-k8s.io/v1beta1\nkind: KubeadmControlPlane\nmetadata: {name: %s}\nspec: {version: %s}\n"
        assert settings(repository.write({"a.yaml": plane % ("a", "v1.33.4")}).gitguard("init")) == {"kubernetes": "1.33"}
        result = repository.write({"b.yaml": plane % ("b", "v1.32.1")}).gitguard("init")
        assert settings(result) is None
        assert "# kubernetes: '1.33'" in files(result)[CONFIGURATION]

    def test_clusters(self, repository: Repository) -> None:
        labels = {"labels": {"argocd.argoproj.io/secret-type": "cluster"}}
        declared = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "dev", **labels}}
        declared["stringData"] = {"name": "dev", "server": "https://dev.example", "config": "{'bearerToken': 'hunter2'}"}
        made = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "prod"}}
        template = {"metadata": labels, "data": {"name": "prod", "server": "https://prod.example:6443/", "config": "{{ .config }}"}}
        made["spec"] = {"target": {"template": template}}
        repository.write({"dev.yaml": json.dumps(declared), "prod.yaml": json.dumps(made)})
        for name, to in {"a": {"name": "prod"}, "b": {"server": "https://dev.example"}, "c": {"name": "lab"}, "d": {"name": "in-cluster"}}.items():
            repository.write({f"{name}.yaml": application(name, destination={**to, "namespace": name})})
        result = repository.gitguard("init")
        assert settings(result)["clusters"] == [{"name": "prod", "server": "https://prod.example:6443"}]
        assert "dev at https://dev.example: 1 Application, declared here" in result.out
        assert "in-cluster at https://kubernetes.default.svc: 1 Application" in result.out
        assert "lab (its server is not known): 1 Application" in result.out
        assert "# - {name: lab, server: 'https://SERVER'}" in files(result)[CONFIGURATION]
        assert "hunter2" not in result.out

    def test_missing_projects_are_shown_and_still_found(self, repository: Repository) -> None:
        repository.write({"p.yaml": PROJECT, "a.yaml": app("a", "a"), "b.yaml": app("b", "a").replace("project: team", "project: platform")})
        result = repository.gitguard("init", "--yes")
        assert settings(result) is None
        assert "platform (1)" in files(result)[CONFIGURATION]
        assert "# external:\n#   projects: [platform]" in files(result)[CONFIGURATION]
        repository.git("add", "-A")
        assert repository.check().rules() == ["project-not-found"]

    def test_roots_are_shown_and_not_set(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", URL)
        repository.write({"bootstrap/root.yaml": application("root", "apps"), "apps/shop.yaml": application("shop", "shop"), "shop/a.yaml": OBJECT})
        result = repository.gitguard("init")
        assert settings(result) is None
        assert "# roots: [bootstrap]" in files(result)[CONFIGURATION]
        assert "bootstrap (1 object of Argo CD)" in result.out


class TestPipelines:
    @pytest.mark.parametrize(
        ("remote", "there", "written"),
        [
            ("https://github.com/example/config", "a.yaml", [WORKFLOW]),
            ("git@github.example:example/config.git", "a.yaml", [WORKFLOW]),
            ("https://git.example/config", ".github/workflows/other.yml", [WORKFLOW]),
            ("https://gitlab.com/example/config", "a.yaml", [GITLAB, GITLAB_START]),
            ("ssh://git@gitlab.example:22/example/config", "a.yaml", [GITLAB, GITLAB_START]),
            ("https://gitlab.com/example/config", ".github/workflows/left-over.yml", [GITLAB, GITLAB_START]),
            ("https://git.example/config", GITLAB_START, [GITLAB]),
            ("https://github.com/example/config", "Jenkinsfile", []),
            ("https://bitbucket.org/example/config", "a.yaml", []),
        ],
    )
    def test_the_forge_decides(self, repository: Repository, remote: str, there: str, written: list[str]) -> None:
        repository.git("remote", "add", "origin", remote)
        result = repository.write({there: OBJECT}).gitguard("init")
        assert list(files(result)) == [CONFIGURATION, HOOK, *written]
        jenkins = there == "Jenkinsfile"
        assert ("--- for your CI system (not written)" in result.out) is (not written and not jenkins)
        assert ("exec gitguard ci --base" in result.out) is (not written and not jenkins)
        assert ("--- for Jenkins (not written)" in result.out) is jenkins
        assert ((ROOT / "hooks" / "jenkins" / "Jenkinsfile").read_text() in result.out) is jenkins

    def test_the_workflow_is_good_and_for_this_repository_s_branches(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("branch", "-m", "trunk")
        repository.git("remote", "add", "origin", URL)
        repository.commit({"a.yaml": OBJECT})
        for branch in ("staging", "prod", "trunk"):
            repository.git("update-ref", f"refs/remotes/origin/{branch}", "HEAD")
        repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
        assert repository.gitguard("init", "--yes").code == 0
        workflow = yaml.safe_load((repository.path / WORKFLOW).read_text())
        template = yaml.safe_load((ROOT / "hooks" / "github" / "gitguard.yml").read_text())
        assert workflow[True]["push"] == {"branches": ["trunk", "staging", "prod"]}
        template[True]["push"] = workflow[True]["push"]
        assert workflow == template
        assert schema_says("vendor.github-workflows", repository.path / WORKFLOW) == ""

    def test_the_gitlab_pipeline_is_good(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", "https://gitlab.com/example/config")
        assert repository.gitguard("init", "--yes").code == 0
        assert yaml.safe_load((repository.path / GITLAB_START).read_text()) == {"include": [{"local": GITLAB}]}
        for path in (GITLAB, GITLAB_START):
            assert schema_says("vendor.gitlab-ci", repository.path / path, "--data-transform", "gitlab-ci") == ""

    def test_a_gitlab_pipeline_that_is_there_is_to_include_it(self, repository: Repository) -> None:
        result = repository.write({GITLAB_START: "stages: [test]\n"}).gitguard("init")
        assert list(files(result)) == [CONFIGURATION, HOOK, GITLAB]
        assert f"--- {GITLAB_START}: left alone, it is there\nAdd this to it:\n\n    include:\n      - local: {GITLAB}\n" in result.out

    def test_a_pipeline_that_runs_gitguard_is_enough(self, repository: Repository) -> None:
        result = repository.write({".github/workflows/gate.yml": "jobs: {a: {steps: [{run: gitguard ci}]}}\n"}).gitguard("init")
        assert list(files(result)) == [CONFIGURATION, HOOK]
        assert f"--- {WORKFLOW}: left alone, .github/workflows/gate.yml names gitguard already" in result.out

    def test_the_hook_is_read_by_pre_commit(self, repository: Repository) -> None:
        assert repository.gitguard("init", "--yes").code == 0
        command = [sys.executable, "-m", "pre_commit", "validate-config", HOOK]
        done = subprocess.run(command, cwd=repository.path, env=repository.environment | {"PYTHONWARNINGS": ""}, capture_output=True, text=True)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
        (entry,) = yaml.safe_load((repository.path / HOOK).read_text())["repos"]
        assert entry["hooks"][0]["id"] in {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
        assert entry["rev"] == f"v{__version__}"

    def test_what_is_copied_names_the_release_that_it_comes_with(self) -> None:
        assert f"gitguard-gitops/gitguard@v{__version__}" in data.hook("github/gitguard.yml")
        assert f'GITGUARD_VERSION: "{__version__}"' in data.hook("gitlab/gitguard.gitlab-ci.yml")

    def test_a_hook_configuration_that_is_there_is_to_have_the_entry(self, repository: Repository) -> None:
        there = "repos:\n  - repo: local\n    hooks: []\n"
        result = repository.write({HOOK: there}).gitguard("init", "--yes")
        assert on_disk(repository)[HOOK] == there
        added = result.out.partition("Add this to it:\n\n")[2].partition("\n\n")[0]
        both = yaml.safe_load(there + "\n".join(line.removeprefix("    ") for line in added.split("\n")))
        assert [entry["repo"] for entry in both["repos"]] == ["local", "https://github.com/gitguard-gitops/gitguard"]


def schema_says(schema: str, file: Path, *more: str) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *more, str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


class TestWriting:
    def test_nothing_is_written_where_nobody_can_be_asked(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", URL)
        before = on_disk(repository.write({"a.yaml": OBJECT}))
        result = repository.gitguard("init")
        assert on_disk(repository) == before
        assert result.out.endswith("Nothing is written. To write these 3 files: gitguard init --yes\n")

    def test_what_is_written_is_what_was_shown(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", URL)
        result = repository.write({"envs/prod/a.yaml": OBJECT, "envs/dev/a.yaml": OBJECT}).gitguard("init", "--yes")
        shown = files(result)
        assert {path: on_disk(repository)[path] for path in shown} == shown
        for number, step in enumerate(
            ("pre-commit install", f"git add {CONFIGURATION} {HOOK} {WORKFLOW} && git commit", "gate-weakened", "docs/ci.md"), 1
        ):
            assert re.search(rf"(?m)^  {number}\. .*{re.escape(step)}", result.out)

    def test_a_second_time_there_is_nothing_to_write(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", URL)
        repository.write({"a.yaml": OBJECT}).gitguard("init", "--yes")
        before = on_disk(repository)
        for stage in (lambda: None, lambda: repository.git("add", "-A")):
            stage()
            result = repository.gitguard("init", "--yes")
            assert (result.code, result.out.endswith("Nothing to write.\n")) == (0, True)
        assert on_disk(repository) == before

    def test_from_a_folder_inside_it_goes_to_the_root(self, repository: Repository) -> None:
        repository.write({"apps/a.yaml": OBJECT})
        assert repository.gitguard("init", "--yes", cwd=repository.path / "apps").code == 0
        assert repository.gitguard("init", "--yes", "apps/a.yaml").out.endswith("Nothing to write.\n")
        assert set(on_disk(repository)) == {"apps", "apps/a.yaml", CONFIGURATION, HOOK}

    @pytest.mark.parametrize(
        ("path", "make", "reason"),
        [
            (CONFIGURATION, lambda place, _: place.write_text("kubernetes: '1.33'\n"), "it is there"),
            (CONFIGURATION, lambda place, outside: place.symlink_to(outside / "nowhere"), "it is a symbolic link"),
            (HOOK, lambda place, outside: place.symlink_to(outside), "it is a symbolic link"),
            (HOOK, lambda place, _: place.mkdir(), "a folder is in its place"),
            (WORKFLOW, lambda place, outside: place.parent.parent.symlink_to(outside), ".github is a symbolic link"),
            (WORKFLOW, lambda place, _: place.parent.parent.write_text("a file"), ".github is no folder"),
            (WORKFLOW, lambda place, _: (place.parent.parent.with_name(".GitHub")).mkdir(), ".GitHub is there, the same name"),
            (CONFIGURATION, lambda place, _: place.with_name(".GitGuard.yaml").write_text("{}\n"), ".GitGuard.yaml is there, the same name"),
            (
                CONFIGURATION,
                lambda place, _: place.with_name(".gitguard.yml").write_text("{}\n"),
                ".gitguard.yml is there, and that name is never read",
            ),
        ],
    )
    def test_what_is_in_the_way_is_left_alone(
        self, repository: Repository, tmp_path: Path, path: str, make: Callable[[Path, Path], object], reason: str
    ) -> None:
        repository.git("remote", "add", "origin", URL)
        (tmp_path / "outside").mkdir()
        make(repository.path / path, tmp_path / "outside")
        before = on_disk(repository)
        result = repository.gitguard("init", "--yes")
        assert result.code == 0, result.err
        assert f"--- {path}: left alone, {reason}" in result.out
        after = on_disk(repository)
        assert {name: after[name] for name in before} == before
        assert {one for one in (CONFIGURATION, HOOK, WORKFLOW) if one in after and one not in before} == {CONFIGURATION, HOOK, WORKFLOW} - {path}
        assert list((tmp_path / "outside").iterdir()) == []

    def test_a_file_that_git_has_and_the_work_tree_has_not_is_there(self, repository: Repository) -> None:
        repository.commit({CONFIGURATION: "kubernetes: '1.33'\n", "a.yaml": OBJECT})
        (repository.path / CONFIGURATION).unlink()
        repository.gitguard("init", "--yes")
        assert CONFIGURATION in on_disk(repository) or "D" in repository.git("status", "--porcelain", CONFIGURATION)
        repository.git("sparse-checkout", "set", "--no-cone", "a.yaml")
        assert f"--- {CONFIGURATION}: left alone, it is there" in repository.gitguard("init", "--yes").out

    def test_a_disk_that_fills_up_leaves_whole_files_only_and_says_which(self, repository: Repository) -> None:
        repository.git("remote", "add", "origin", URL)
        repository.write({"a.yaml": OBJECT})
        command = f"ulimit -f 2; exec {sys.executable} -m gitguard init --yes"
        done = subprocess.run(["sh", "-c", command], cwd=repository.path, env=repository.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 3, done.stdout + done.stderr
        assert f"wrote {CONFIGURATION}\nwrote {HOOK}\n" in done.stdout
        assert f"not written: {WORKFLOW}: File too large" in done.stderr
        assert set(on_disk(repository)) == {"a.yaml", CONFIGURATION, HOOK, ".github", ".github/workflows"}

    @pytest.mark.parametrize(("answer", "writes"), [("y\n", True), ("n\n", False), ("\n", False), ("\x04", False), ("\x03", False)])
    def test_a_terminal_is_asked(self, repository: Repository, answer: str, writes: bool) -> None:
        repository.write({"a.yaml": OBJECT})
        code, said = on_a_terminal(repository, lambda: answer)
        assert "Write these 2 files? [y/N]" in said
        assert code == (130 if answer in "\x03\x04" else 0)
        assert (set(on_disk(repository)) == {"a.yaml", CONFIGURATION, HOOK}) is writes
        assert (set(on_disk(repository)) == {"a.yaml"}) is not writes

    def test_a_link_that_appears_while_it_asks_is_not_followed(self, repository: Repository, tmp_path: Path) -> None:
        repository.git("remote", "add", "origin", URL)
        repository.write({"a.yaml": OBJECT})
        (tmp_path / "outside").mkdir()

        def answer() -> str:
            (repository.path / ".github").symlink_to(tmp_path / "outside")
            (repository.path / HOOK).symlink_to(tmp_path / "outside" / "hook")
            return "y\n"

        code, said = on_a_terminal(repository, answer)
        assert code == 3
        assert f"wrote {CONFIGURATION}" in said
        assert f"{HOOK}: File exists" in said
        assert WORKFLOW in said.partition("not written: ")[2]
        assert list((tmp_path / "outside").iterdir()) == []


def on_a_terminal(repository: Repository, answer: Callable[[], str]) -> tuple[int, str]:
    """Run it on a pseudo-terminal and answer its question: the exit code, and all that it said."""
    pid, main = pty.fork()
    if not pid:
        # Who runs the tests in the background has it ignored.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(repository.path)
        os.execve(sys.executable, [sys.executable, "-m", "gitguard", "init", "--no-color"], repository.environment)  # noqa: S606 (a terminal of its own)
    said, reply = b"", b""
    for _ in range(30):
        while select.select([main], [], [], 2)[0]:
            try:
                said += os.read(main, 65536)
            except OSError:
                break
            if b"[y/N]" in said and not reply:
                reply = answer().encode()
                os.write(main, reply)
        else:
            # A key that was hit before anybody listened is hit again.
            os.write(main, reply)
            continue
        break
    os.close(main)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), said.decode().replace("\r\n", "\n")


class TestBadInput:
    def test_no_repository(self, tmp_path: Path, repository: Repository) -> None:
        (tmp_path / "plain").mkdir()
        done = repository.gitguard("init", "--yes", cwd=tmp_path / "plain")
        assert (done.code, list((tmp_path / "plain").iterdir())) == (2, [])
        assert "is not inside a git repository" in done.err

    def test_a_bare_repository(self, repository: Repository, tmp_path: Path) -> None:
        repository.commit({"a.yaml": OBJECT})
        repository.git("clone", "-q", "--bare", str(repository.path), str(tmp_path / "bare.git"))
        before = sorted((tmp_path / "bare.git").rglob("*"))
        done = repository.gitguard("init", "--yes", cwd=tmp_path / "bare.git")
        assert done.code == 2
        assert "a bare repository" in done.err
        assert "run gitguard init in a clone of it" in done.err
        assert sorted((tmp_path / "bare.git").rglob("*")) == before

    def test_a_repository_without_commits_and_files(self, repository: Repository) -> None:
        result = repository.gitguard("init", "--yes")
        assert result.code == 0
        assert "there is no Kubernetes manifest among the tracked files" in result.out
        assert settings(result) is None
        assert set(on_disk(repository)) == {CONFIGURATION, HOOK}

    def test_manifests_that_cannot_be_read(self, repository: Repository) -> None:
        repository.write({"a.yaml": OBJECT, "bad.yaml": "a: [\n", "gone.yaml": "a: 1\n"})
        (repository.path / "link.yaml").symlink_to("/etc/passwd")
        repository.git("add", "-A")
        result = repository.gitguard("init")
        assert result.code == 0
        assert re.search(r"not read +bad.yaml, link.yaml: `gitguard check` says why", result.out)

    def test_a_configuration_that_is_wrong(self, repository: Repository) -> None:
        done = repository.write({CONFIGURATION: "rooots: []\n", "a.yaml": OBJECT}).gitguard("init", "--yes")
        assert done.code == 2
        assert "unknown key `rooots`" in done.err
        assert HOOK not in on_disk(repository)


class TestHostileNames:
    @pytest.mark.parametrize("branch", ["${{github.token}}", 'a"],b', "x';id;'", "a#b", "!a", "on+"])
    def test_a_default_branch_is_never_more_than_a_name(self, repository: Repository, branch: str) -> None:
        repository.git("remote", "add", "origin", URL)
        repository.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        repository.commit({"a.yaml": OBJECT})
        result = repository.gitguard("init", "--yes")
        assert result.code == 0
        text = (repository.path / WORKFLOW).read_text()
        assert yaml.safe_load(text)[True]["push"] == {"branches": ["main"]}
        assert branch not in text.replace("${{ github.ref }}", "")
        assert f"the name of the branch `{branch}` has unusual characters" in result.out

    def test_names_of_folders_objects_and_projects_stay_in_their_place(self, repository: Repository) -> None:
        evil = ("a\nignore: [{path: '*', reason: x}]\n", "# x: y", '"}, {', "'", "\u202eabc", "\u2028roots: [a]", "${{ x }}", "*", "[p]rod")
        repository.write({"p.yaml": PROJECT, "envs/prod/a.yaml": OBJECT, "envs/dev/a.yaml": OBJECT})
        for number, name in enumerate(evil):
            manifest = json.loads(application(name, namespace=name, project=name, destination={"name": name, "namespace": "a"}))
            repository.write(
                {
                    f"{number}.yaml": json.dumps(manifest),
                    f"envs/{name.replace('/', '')}/a.yaml": OBJECT,
                    f"{name.replace('/', '')}/prod/a.yaml": OBJECT,
                }
            )
        result = repository.gitguard("init", "--yes")
        assert result.code == 0, result.err
        text = (repository.path / CONFIGURATION).read_text()
        assert set(yaml.safe_load(text)) == {"environments"}
        assert set(yaml.safe_load(text)["environments"]) == {"dev", "prod"}
        assert all(path.startswith(("envs/", "prod")) for one in yaml.safe_load(text)["environments"].values() for path in one["paths"])
        assert all(character.isprintable() or character == "\n" for character in text + result.out)
        repository.git("add", CONFIGURATION)
        assert repository.check().code in (0, 1)


HOSTILE = st.sampled_from(["a\nroots: [x]", "# a", "a: b", '"', "'", "\u2028b: c", "\x85d: e", "\u202ex", "null", "1.0", "y", "{", "- a"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | HOSTILE
# Names of files need be no text at all; what is set is always some.
RAW = st.text(max_size=20) | HOSTILE
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,10}", fullmatch=True)


@settings_of(max_examples=60, deadline=None)
@example(urls="0E0", spaces="08", clusters=[("1e3", "0o7")], roots=[], missing=[], paths=["0E0"], names=["08"], hinted=[])
@given(
    urls=TEXTS, spaces=TEXTS, clusters=st.lists(st.tuples(TEXTS, TEXTS), max_size=3), roots=st.lists(RAW, max_size=3),
    missing=st.lists(RAW, max_size=3), paths=st.lists(TEXTS, max_size=3), names=st.lists(NAMES, max_size=3, unique=True),
    hinted=st.lists(st.tuples(st.sampled_from(["kubernetes", "argocd"]), st.sampled_from(["1.33", "2.13", "3.1.0"]), RAW), max_size=4),
)  # fmt: skip
def test_whatever_names_there_are_the_configuration_says_what_was_meant(
    urls: str,
    spaces: str,
    clusters: list[tuple[str, str]],
    roots: list[str],
    missing: list[str],
    paths: list[str],
    names: list[str],
    hinted: list[Any],
) -> None:
    seen = Layout(
        applications=1,
        url=OwnUrl(urls, 1, 2) if urls else None,
        named=False,
        environments=tuple(SeenEnvironment(name, "folder", tuple(paths), tuple(paths), 1, 1, tuple(roots)) for name in names),
        clusters=tuple(SeenCluster(name, server, 1, told=name) for name, server in clusters) + tuple(SeenCluster("", text, 1) for text in roots),
        roots=tuple((text, 1) for text in roots),
        namespaces=(spaces, "b"),
        control_plane=spaces,
        missing=tuple((text, 1) for text in missing),
        hints=tuple(Hint(about, version, path) for about, version, path in hinted),
    )
    text = configuration(seen)
    assert all(character.isprintable() or character == "\n" for character in text)
    (document,) = read(text.encode()).documents or (None,)
    value = (document.value if document else None) or {}
    assert set(value) <= {"kubernetes", "argocd", "repository", "clusters", "environments"}
    assert value.get("repository") == ({"urls": [urls]} if urls else None)
    named = [{"name": name, "server": server} for name, server in clusters if name]
    assert value.get("clusters") == (named or None)
    listed = {key: paths for key in ("paths", "branches") if paths}
    assert value.get("environments") == (dict.fromkeys(names, listed) or None)
    assert value.get("argocd", {}).get("namespace") == (spaces if spaces not in ("", "argocd") else None)


ENVIRONMENTS: dict[str, list[str]] = {
    "GiganticMinecraft+seichi_infra": [],
    "lsst-sqre+phalanx": ["idfdev", "idfint", "idfprod", "usdfprod", "summit", "minikube"],
    "rackerlabs+understack": [],
    "redhat-appstudio+infra-deployments": ["development", "staging", "production"],
    "theepicsaxguy+homelab": [],
}


@pytest.mark.corpus
class TestCorpora:
    @pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
    def test_the_proposal_is_right_and_loses_no_finding(self, corpora: dict[str, Path], tmp_path: Path, name: str) -> None:
        home = Repository(tmp_path / "other", tmp_path / "home")
        result = home.gitguard("init", str(corpora[name]))
        proposal = tmp_path / "proposal.yaml"
        proposal.write_text(files(result)[CONFIGURATION])
        value = yaml.safe_load(proposal.read_text()) or {}
        environments = list(value.get("environments", {}))
        assert set(ENVIRONMENTS[name]) <= set(environments)
        assert bool(environments) is bool(ENVIRONMENTS[name])
        (configured,) = yaml.safe_load((CORPORA / "configs" / f"{name}.yaml").read_text())["repository"]["urls"]
        found = value.get("repository", {}).get("urls", [configured])
        assert [url.removesuffix(".git") for url in found] == [configured]

        def findings(*options: str) -> Counter[str]:
            told = home.check("--render", "never", *options, str(corpora[name])).report["findings"]
            return Counter(json.dumps(one, sort_keys=True) for one in told)

        assert findings() - findings("--config", str(proposal)) == Counter()
        if "repository" in value:
            # With the URL that the corpus is said to have, what is proposed besides changes nothing at all.
            assert findings("--config", str(CORPORA / "configs" / f"{name}.yaml")) == findings("--config", str(proposal))
