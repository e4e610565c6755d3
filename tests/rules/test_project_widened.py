"""project-widened: what a change lets an AppProject permit, and what only reads otherwise."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.rules.applications import application

SPEC = {
    "sourceRepos": ["https://git.example/team/*"],
    "destinations": [{"server": "https://prod.example", "namespace": "team-*"}, {"server": "https://prod.example", "namespace": "!team-kube"}],
    "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
    "clusterResourceWhitelist": [{"group": "", "kind": "*"}],
    "namespaceResourceWhitelist": [{"group": "apps", "kind": "Deployment"}],
    "sourceNamespaces": ["apps"],
    "roles": [{"name": "ci", "policies": ["p, proj:team:ci, applications, get, team/*, allow"], "groups": ["devs"]}],
    "syncWindows": [{"kind": "deny", "schedule": "0 8 * * *", "duration": "10h", "applications": ["*"]}],
    "permitOnlyProjectScopedClusters": True,
    "signatureKeys": [{"keyID": "ABCDEF0123456789"}],
    "destinationServiceAccounts": [{"server": "*", "namespace": "team-*", "defaultServiceAccount": "deployer"}],
}


def project(name: str = "team", **spec: Any) -> str:
    metadata = {"name": name, "namespace": "argocd"}
    return yaml.safe_dump(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": {**SPEC, **spec}}, sort_keys=False
    )


def said(repository: Repository, *arguments: str) -> list[tuple[str, str]]:
    report = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json", *arguments).report
    assert not report["failures"]
    return [
        (finding["message"].partition("permits ")[2], finding["pointer"]) for finding in report["findings"] if finding["rule"] == "project-widened"
    ]


@pytest.mark.parametrize(
    ("spec", "message", "pointer"),
    [
        ({"sourceRepos": ["https://git.example/*/*"]}, "for example `https://git.example/x/x` as a source", "/spec/sourceRepos/0"),
        (
            {"destinations": SPEC["destinations"][:1]},
            "for example `https://prod.example/team-kube` as a destination",
            "/spec/destinations/0",
        ),
        ({"permitOnlyProjectScopedClusters": False}, "every cluster that its destinations name", "/spec/permitOnlyProjectScopedClusters"),
        ({"clusterResourceBlacklist": []}, "`Namespace` as a cluster-scoped kind", "/spec/clusterResourceWhitelist/0"),
        ({"namespaceResourceWhitelist": None}, "`ConfigMap`, `Endpoints`", "/spec"),
        ({"sourceNamespaces": ["apps", "more-*"]}, "for example `more-x` as a namespace of Applications", "/spec/sourceNamespaces/1"),
        ({"roles": [{**SPEC["roles"][0], "groups": ["devs", "all"]}]}, "group `all` in role `ci`", "/spec/roles/0/groups/1"),
        (
            {"roles": [{**SPEC["roles"][0], "policies": ["p, proj:team:ci, applications, *, team/*, allow"]}]},
            "`applications, x, team/x` for role `ci`",
            "/spec/roles/0",
        ),
        ({"syncWindows": []}, "a sync of an Application that the windows are for, as on Monday 01 January 08:00 UTC", "/spec/syncWindows"),
        ({"syncWindows": [{**SPEC["syncWindows"][0], "manualSync": True}]}, "a sync by hand", "/spec/syncWindows/0"),
        ({"signatureKeys": [{"keyID": "ABCDEF0123456789"}, {"keyID": "0123456789ABCDEF"}]}, "commits of `x` signed with `0123456789ABCDEF`", "/spec"),
        ({"signatureKeys": []}, "commits of `x` that nobody signed", "/spec"),
        (
            {"destinationServiceAccounts": [{"server": "*", "namespace": "team-*", "defaultServiceAccount": "kube-system:root"}]},
            "`system:serviceaccount:kube-system:root` syncs to `x/team-`",
            "/spec/destinationServiceAccounts/0",
        ),
        ({"syncWindows": [{**SPEC["syncWindows"][0], "syncOverrun": True}]}, "a sync that has begun to go on", "/spec/syncWindows/0"),
    ],
    ids=[
        "source",
        "deny-entry-gone",
        "scoped-clusters",
        "blacklist",
        "list-absent",
        "namespace",
        "group",
        "policy",
        "window",
        "manual-sync",
        "key",
        "no-keys",
        "account",
        "overrun",
    ],
)
def test_what_was_denied_and_is_permitted(repository: Repository, spec: dict[str, Any], message: str, pointer: str) -> None:
    repository.commit({"project.yaml": project()})
    repository.commit(
        {
            "project.yaml": project(**{key: value for key, value in spec.items() if value is not None})
            if None not in spec.values()
            else project_without(spec)
        }
    )
    (found,) = said(repository)
    assert found[0].startswith(message), found
    assert found[1] == pointer


def project_without(spec: dict[str, Any]) -> str:
    value = yaml.safe_load(project())
    for key in spec:
        del value["spec"][key]
    return yaml.safe_dump(value)


@pytest.mark.parametrize(
    "spec",
    [
        {"sourceRepos": ["https://git.example/team/*", "https://git.example/team/web"]},
        {"sourceRepos": ["https://git.example/team/a*", "https://git.example/team/*"]},
        {"sourceRepos": ["https://git.example/team/web"]},
        {"destinations": SPEC["destinations"][::-1]},
        {"sourceNamespaces": []},
        {"roles": []},
        {"syncWindows": [{**SPEC["syncWindows"][0], "duration": "11h"}]},
        {"namespaceResourceWhitelist": []},
        {"description": "other words"},
    ],
)
def test_what_reads_otherwise_or_permits_less_is_silent(repository: Repository, spec: dict[str, Any]) -> None:
    repository.commit({"project.yaml": project()})
    repository.commit({"project.yaml": project(**spec)})
    assert said(repository) == []


def test_a_file_that_moves_or_is_written_in_another_way_is_silent(repository: Repository) -> None:
    repository.commit({"project.yaml": project(), "a/more.yaml": project("more")})
    repository.git("mv", "project.yaml", "a/team.yaml")
    repository.commit({"a/team.yaml": "# moved\n" + yaml.safe_dump(yaml.safe_load(project()), default_flow_style=True)})
    assert said(repository) == []


def test_what_is_really_there_is_the_witness(repository: Repository) -> None:
    repository.commit(
        {
            "project.yaml": project(sourceRepos=[]),
            "app.yaml": application(project="team", source={"repoURL": "https://git.example/team/web", "path": "a"}),
        }
    )
    repository.commit({"project.yaml": project()})
    assert said(repository) == [("`https://git.example/team/web` as a source", "/spec/sourceRepos/0")]


def test_a_new_appproject_says_all_that_it_permits(repository: Repository) -> None:
    repository.commit({"more.yaml": project("more")})
    repository.commit({"project.yaml": project("fresh", syncWindows=[], roles=[], sourceNamespaces=[])})
    texts = [text for text, _ in said(repository)]
    assert any("as a source" in text for text in texts)
    assert any("as a destination" in text for text in texts)


def test_the_first_default_is_compared_with_the_built_in_one(repository: Repository) -> None:
    repository.commit({"more.yaml": project("more")})
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
    metadata = {"name": "default", "namespace": "argocd"}
    repository.commit(
        {"default.yaml": yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec})}
    )
    assert said(repository) == []
    repository.commit(
        {
            "default.yaml": yaml.safe_dump(
                {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": {**spec, "sourceNamespaces": ["x"]}}
            )
        }
    )
    assert said(repository) == [("for example `x` as a namespace of Applications", "/spec/sourceNamespaces/0")]


def test_a_removed_appproject_permits_nothing_more(repository: Repository) -> None:
    repository.commit({"project.yaml": project(), "more.yaml": project("more")})
    repository.git("rm", "-q", "project.yaml")
    repository.commit()
    assert said(repository) == []


def test_what_a_global_project_permits_its_heirs_permit(new_repository: Callable[[str], Repository]) -> None:
    repository = new_repository("global")
    settings = {
        "globalProjects": yaml.safe_dump([{"projectName": "common", "labelSelector": {"matchExpressions": [{"key": "all", "operator": "Exists"}]}}])
    }
    cm = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": settings,
    }
    heir = yaml.safe_load(project("heir"))
    heir["metadata"]["labels"] = {"all": "yes"}
    repository.commit({"cm.yaml": yaml.safe_dump(cm), "common.yaml": project("common"), "heir.yaml": yaml.safe_dump(heir)})
    repository.commit({"common.yaml": project("common", clusterResourceWhitelist=[{"group": "*", "kind": "*"}], clusterResourceBlacklist=[])})
    report = repository.gitguard("ci", "--base", "HEAD~1", "--format", "json").report
    widened = [finding["object"]["name"] for finding in report["findings"] if finding["rule"] == "project-widened"]
    assert set(widened) == {"common", "heir"}
