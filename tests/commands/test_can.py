"""`gitguard can`: an AppProject asked on the command line and in JSON lines."""

import json
import subprocess
import sys

import pytest
import yaml

from tests.rules.applications import application, project

MANIFEST = {
    "metadata": {"name": "p"},
    "spec": {"sourceRepos": ["https://github.com/org/*"], "destinations": [{"server": "https://a", "namespace": "x"}]},
}


def batch(repository, lines: list[str], *options: str) -> tuple[int, list[dict]]:
    done = subprocess.run(
        [sys.executable, "-m", "gitguard", "can", "--batch", "-", *options],
        input="\n".join(lines),
        cwd=repository.path,
        env=repository.environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_a_denied_source_names_the_line_and_ends_with_1(repository) -> None:
    repository.write({"p.yaml": project(sourceRepos=["https://github.com/org/*"])})
    assert repository.gitguard("can", "web", "source", "https://github.com/org/repo").code == 0
    result = repository.gitguard("can", "web", "source", "https://github.com/other/repo")
    assert result.code == 1
    assert "p.yaml" in result.out


def test_an_unknown_project_is_a_usage_error_that_names_a_similar_one(repository) -> None:
    result = repository.write({"p.yaml": project()}).gitguard("can", "wep", "source", "https://github.com/org/repo")
    assert result.code == 2
    assert "did you mean web?" in result.err


def test_the_default_project_that_nobody_declared_permits_everything(repository) -> None:
    repository.write({"a.yaml": application(project="default")})
    assert repository.gitguard("can", "default", "source", "https://github.com/org/repo").code == 0
    assert repository.gitguard("can", "default", "kind", "apps/Deployment").code == 0
    assert repository.gitguard("can", "default", "kind", "rbac.authorization.k8s.io/ClusterRole").code == 0
    assert repository.gitguard("can", "default", "namespace", "team-a").code == 1


def test_a_kind_of_unknown_scope_is_undetermined_until_it_is_said(repository) -> None:
    repository.write({"p.yaml": project()})
    result = repository.gitguard("can", "web", "kind", "example.com/Widget")
    assert result.code == 3
    assert "--namespaced" in result.out
    assert repository.gitguard("can", "web", "kind", "example.com/Widget", "--namespaced").code == 0


def test_a_sync_at_a_time_obeys_the_windows(repository) -> None:
    window = {"kind": "deny", "schedule": "0 10 * * *", "duration": "1h", "applications": ["*"]}
    repository.write({"p.yaml": project(syncWindows=[window])})
    assert repository.gitguard("can", "web", "sync", "--at", "2027-01-31T10:30Z").code == 1
    assert repository.gitguard("can", "web", "sync", "--at", "2027-01-31T12:00Z").code == 0
    assert repository.gitguard("can", "web", "sync", "--at", "tomorrow").code == 2


@pytest.mark.parametrize(
    ("question", "permitted"),
    [
        ({"source": {"repoURL": "https://github.com/org/repo"}}, True),
        ({"source": {"repoURL": "https://github.com/org/a/b"}}, False),
        ({"destination": {"server": "https://a", "name": "", "namespace": "x"}}, True),
        ({"destination": {"server": "https://a", "name": "", "namespace": "y"}}, False),
    ],
)
def test_a_line_gets_a_verdict_with_its_reason(repository, question, permitted) -> None:
    code, (said,) = batch(repository, [json.dumps({"project": MANIFEST, **question})])
    assert (code == 2, said["permitted"]) == (False, permitted)
    assert said["reason"]


def test_bad_lines_get_an_error_each_and_the_others_their_answer(repository) -> None:
    good = json.dumps({"project": MANIFEST, "source": {"repoURL": "https://github.com/org/repo"}})
    code, said = batch(repository, ["{", "[]", '{"source": {"repoURL": "x"}}', good])
    assert code != 0
    assert ["reason" in line for line in said] == [False, False, False, True]
    assert all(line["error"] for line in said[:3])


def test_answers_are_ascii_so_that_every_reader_finds_the_same_lines(repository) -> None:
    pattern = "\u0085\u2028é*"
    line = {"project": {"metadata": {"name": "p"}, "spec": {"sourceRepos": [pattern]}}, "source": {"repoURL": "x"}}
    _, (said,) = batch(repository, [json.dumps(line)])
    assert pattern in said["reason"]


@pytest.mark.parametrize(("version", "permitted"), [("3.5", True), ("3.6", False)])
def test_a_batch_is_answered_for_the_configured_version(repository, tmp_path, version, permitted) -> None:
    destinations = [{"server": "*", "namespace": "a*ant"}]
    line = json.dumps(
        {"project": {"metadata": {"name": "p"}, "spec": {"destinations": destinations}}, "destination": {"server": "x", "namespace": "ant"}}
    )
    assert batch(repository, [line], "--argocd", version)[1][0]["permitted"] is permitted
    (tmp_path / "other.yaml").write_text(f"argocd: {{version: '{version}'}}\n")
    assert batch(repository, [line], "--config", str(tmp_path / "other.yaml"))[1][0]["permitted"] is permitted
    repository.write({".gitguard.yaml": f"argocd: {{version: '{version}'}}\n"})
    assert batch(repository, [line])[1][0]["permitted"] is permitted


def test_a_version_that_is_none_and_a_configuration_that_can_t_be_read_are_usage_errors(repository) -> None:
    assert repository.gitguard("can", "--batch", "-", "--argocd", "new").code == 2
    assert repository.gitguard("can", "--batch", "-", "--config", "missing.yaml").code == 2
    assert repository.write({".gitguard.yaml": "argo: {}\n"}).gitguard("can", "--batch", "-").code == 2


def test_project_scoped_clusters_only_means_none_where_none_is_known(repository) -> None:
    spec = {"destinations": [{"server": "*", "namespace": "*"}], "permitOnlyProjectScopedClusters": True}
    line = {"project": {"metadata": {"name": "p"}, "spec": spec}, "destination": {"server": "https://a", "namespace": "x"}}
    _, (said,) = batch(repository, [json.dumps(line)])
    assert (said["permitted"], said["entry"]) == (False, "/spec/permitOnlyProjectScopedClusters")


def config_map(**data: str) -> str:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm", "namespace": "argocd"}, "data": data}
    return yaml.safe_dump(manifest)


def secret(kind: str, **data: str) -> str:
    labels = {"argocd.argoproj.io/secret-type": kind}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": kind, "namespace": "argocd", "labels": labels}, "stringData": data}
    return yaml.safe_dump(manifest)


def test_an_entry_that_is_inherited_is_named_in_the_manifest_that_it_comes_from(repository) -> None:
    repository.write({
        "web.yaml": project(), "platform.yaml": project("platform", sourceRepos=["https://github.com/shared/*"], destinations=[]),
        "cm.yaml": config_map(globalProjects="- projectName: platform\n  labelSelector: {}\n"),
    })  # fmt: skip
    result = repository.gitguard("can", "web", "source", "https://github.com/shared/x", "--format", "json")
    said = json.loads(result.out)
    assert (result.code, said["permitted"], said["path"]) == (0, True, "platform.yaml")
    assert repository.gitguard("can", "platform", "source", "https://github.com/example/x").code == 1


def test_secrets_scope_repositories_and_clusters_to_their_project(repository) -> None:
    repository.write({
        "web.yaml": project(), "other.yaml": project("other"), "repo.yaml": secret("repository", url="https://git.example/own", project="web"),
        "cluster.yaml": secret("cluster", name="edge", server="https://edge.example", project="web", namespaces="shop,cart"),
    })  # fmt: skip
    assert repository.gitguard("can", "web", "source", "https://git.example/own").code == 0
    assert repository.gitguard("can", "other", "source", "https://git.example/own").code == 1
    assert repository.gitguard("can", "web", "destination", "edge/cart").code == 0
    assert repository.gitguard("can", "web", "destination", "edge/bank").code == 1
    assert repository.gitguard("can", "other", "destination", "edge/cart").code == 1


def test_every_environment_s_project_of_the_name_answers(repository) -> None:
    repository.write({
        "envs/dev/web.yaml": project(sourceRepos=["*"]), "envs/prod/web.yaml": project(sourceRepos=["https://github.com/org/*"]),
        ".gitguard.yaml": "environments: {dev: {paths: [envs/dev]}, prod: {paths: [envs/prod]}}\n",
    })  # fmt: skip
    result = repository.gitguard("can", "web", "source", "https://elsewhere/x", "--format", "json")
    said = [json.loads(line) for line in result.out.splitlines()]
    assert result.code == 1
    assert {one["path"]: one["permitted"] for one in said} == {"envs/dev/web.yaml": True, "envs/prod/web.yaml": False}


@pytest.mark.parametrize(
    ("entries", "subject", "why"),
    [
        ({"sourceRepos": ["https://github.com/*"]}, ("source", "https://github.com/a/b"), "`*` stops at `/`; `**` would match"),
        ({"sourceRepos": ["https://github.com/a/b/"]}, ("source", "https://github.com/a/b"), "ends in `/`"),
        ({"sourceRepos": ["http://github.com/a/*"]}, ("source", "https://github.com/a/b"), "scheme, port or user differ"),
        ({"destinations": [{"server": "https://kubernetes.default.svc/", "namespace": "*"}]}, ("destination", "in-cluster/x"), "ends in `/`"),
        ({"destinations": [{"server": "in-cluster", "namespace": "*"}]}, ("destination", "in-cluster/x"), "cluster's name in the server field"),
        ({"destinations": [{"server": "*"}]}, ("destination", "in-cluster/x"), "has no namespace"),
        ({"namespaceResourceWhitelist": [{"group": "apps/v1", "kind": "Deployment"}]}, ("kind", "apps/Deployment"), "a group has no version"),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "namespace"}]}, ("kind", "Namespace"), "upper and lower case"),
    ],
)
def test_a_near_miss_says_why_it_missed(repository, entries, subject, why) -> None:
    repository.write({"p.yaml": project(**entries)})
    result = repository.gitguard("can", "web", *subject)
    assert result.code == 1
    assert why in result.out
