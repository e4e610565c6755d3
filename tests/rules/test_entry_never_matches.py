"""entry-never-matches."""

from typing import Any

import pytest

from tests.rules.applications import application, project
from tests.rules.projects import said

RULE = "entry-never-matches"
IN_CLUSTER = "https://kubernetes.default.svc"


@pytest.mark.parametrize(
    ("spec", "pointer", "words"),
    [
        ({"sourceRepos": ["https://github.com/example/"]}, "/spec/sourceRepos/0", "ends in `/`"),
        ({"sourceRepos": ["ssh://git@github.com:example/web"]}, "/spec/sourceRepos/0", "can't be parsed as a URL"),
        ({"sourceRepos": ["https://github.com/[a"]}, "/spec/sourceRepos/0", "is no glob"),
        ({"sourceRepos": ["https://github.com/{a,b}/*"]}, "/spec/sourceRepos/0", "nothing in it is a wildcard"),
        ({"sourceRepos": ["*github.com/**"]}, "/spec/sourceRepos/0", "`**` would"),
        ({"destinations": [{"server": f"{IN_CLUSTER}/", "namespace": "*"}]}, "/spec/destinations/0/server", "cuts trailing slashes"),
        ({"destinations": [{"server": "in-cluster", "namespace": "*"}]}, "/spec/destinations/0/server", "in `name` it would"),
        ({"destinations": [{"server": "prod", "namespace": "*"}]}, "/spec/destinations/0/server", "is no URL"),
        ({"destinations": [{"name": IN_CLUSTER, "namespace": "*"}]}, "/spec/destinations/0/name", "in `server` it would"),
        ({"destinations": [{"namespace": "*"}]}, "/spec/destinations/0", "names neither a server nor a cluster"),
        ({"destinations": [{"server": "*"}]}, "/spec/destinations/0", "has no namespace"),
        ({"destinations": [{"server": "*", "namespace": "Web_Prod"}]}, "/spec/destinations/0/namespace", "can't be the name of a namespace"),
        ({"destinations": [{"server": "*", "namespace": "{web"}]}, "/spec/destinations/0/namespace", "is no glob"),
        ({"sourceNamespaces": ["[a"]}, "/spec/sourceNamespaces/0", "is no glob"),
        ({"clusterResourceWhitelist": [{"group": "v1", "kind": "Namespace"}]}, "/spec/clusterResourceWhitelist/0", 'the core group is written ""'),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Deployment"}]}, "/spec/clusterResourceWhitelist/0", "it belongs to `apps`"),
        ({"clusterResourceWhitelist": [{"group": "apps", "kind": "Deployment"}]}, "/spec/clusterResourceWhitelist/0", "only the namespaceResource lists"),
        ({"clusterResourceWhitelist": [{"group": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}]}, "/spec/clusterResourceWhitelist/0", "has a version"),
        ({"namespaceResourceWhitelist": [{"group": "rbac.authorization.k8s.io", "kind": "ClusterRole"}]}, "/spec/namespaceResourceWhitelist/0", "ClusterRole is cluster-scoped"),
        ({"namespaceResourceWhitelist": [{"group": "apps", "kind": "Deploymnet"}]}, "/spec/namespaceResourceWhitelist/0", "did you mean Deployment?"),
        ({"namespaceResourceWhitelist": [{"group": "example.com", "kind": "things"}]}, "/spec/namespaceResourceWhitelist/0", "begin with a capital"),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "{Pod,Secret}"}]}, "/spec/namespaceResourceWhitelist/0", "an entry of its own"),
        ({"destinationServiceAccounts": [{"server": "in-cluster", "namespace": "*", "defaultServiceAccount": "x"}]}, "/spec/destinationServiceAccounts/0/server", "is the name of a cluster"),
        ({"destinationServiceAccounts": [{"server": "*", "defaultServiceAccount": "x"}]}, "/spec/destinationServiceAccounts/0", "has no namespace"),
        ({"signatureKeys": [{"keyID": "4aee18f83afdeb23"}]}, "/spec/signatureKeys/0", "upper case"),
        ({"signatureKeys": [{"keyID": "alice@example.com"}]}, "/spec/signatureKeys/0", "40"),
    ],
)  # fmt: skip
def test_a_dead_entry_is_reported_with_what_is_wrong(repository, spec: dict[str, Any], pointer: str, words: str) -> None:
    ((level, found_pointer, message),) = said(repository, RULE, **spec)
    assert (level, found_pointer) == ("warning", pointer)
    assert words in message


@pytest.mark.parametrize(
    "spec",
    [
        {"sourceRepos": ["*", "**", "git@github.com:example/*", "https://*/org/*", "ghcr.io/example/**", "https://github.com/example/*.git"]},
        {"destinations": [{"server": "*", "namespace": "{a,b}"}, {"name": "prod-*", "namespace": "web"}, {"server": IN_CLUSTER, "namespace": "!x"}]},
        {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}, {"group": "", "kind": "Namespace", "name": "web-*"}]},
        {"namespaceResourceWhitelist": [{"group": "", "kind": "[CS]*"}, {"group": "example.com", "kind": "Thing"}]},
        {"sourceNamespaces": ["/team-[ab]/", "team-*"]},
        {"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}]},
    ],
)
def test_an_entry_that_may_match_is_fine(repository, spec: dict[str, Any]) -> None:
    assert said(repository, RULE, **spec) == []


CRD = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec:\n  group: example.com\n"
    "  scope: Cluster\n  names: {kind: Thing, plural: things}\n  versions:\n  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}\n"
)


def test_kinds_of_the_repositorys_own_crds_are_known(repository) -> None:
    repository.write({"crd.yaml": CRD})
    ((_, _, message),) = said(repository, RULE, namespaceResourceWhitelist=[{"group": "example.com", "kind": "Thing"}])
    assert "Thing is cluster-scoped" in message


def test_the_name_of_a_configured_cluster_in_the_server_field(repository) -> None:
    repository.write({".gitguard.yaml": "clusters:\n- {name: 'prod.example', server: 'https://prod.example'}\n", "app.yaml": application()})
    ((_, _, message),) = said(repository, RULE, destinations=[{"server": "prod.example", "namespace": "web-*"}])
    assert "is the name of a cluster" in message
    repository.write({"project.yaml": project()})
    assert repository.check().code == 0


def test_a_kind_of_a_group_of_custom_resources_that_is_not_known_here_may_exist(repository) -> None:
    kinds = [
        {"group": "argoproj.io", "kind": "Rollout"},
        {"group": "argoproj.io", "kind": "Sensor"},
        {"group": "gateway.networking.k8s.io", "kind": "X"},
    ]
    assert said(repository, "entry-never-matches", namespaceResourceWhitelist=kinds) == []
    (only,) = said(repository, "entry-never-matches", namespaceResourceWhitelist=[{"group": "argoproj.io", "kind": "application"}])
    assert "did you mean Application?" in only[2]
