"""Which kinds are namespaced: the tables that ship."""

import json

import pytest

from gitguard.edges import data
from gitguard.schema.scopes import built_in, common
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("group", "kind", "namespaced"),
    [
        ("argoproj.io", "AppProject", True),
        ("argoproj.io", "ClusterAnalysisTemplate", False),
        ("argoproj.io", "Rollout", True),
        ("cert-manager.io", "Certificate", True),
        ("cert-manager.io", "ClusterIssuer", False),
        ("external-secrets.io", "ClusterSecretStore", False),
        ("external-secrets.io", "ExternalSecret", True),
        ("gateway.networking.k8s.io", "GatewayClass", False),
        ("gateway.networking.k8s.io", "HTTPRoute", True),
        ("helm.toolkit.fluxcd.io", "HelmRelease", True),
        ("karpenter.sh", "NodePool", False),
        ("kyverno.io", "ClusterPolicy", False),
        ("monitoring.coreos.com", "ServiceMonitor", True),
        ("networking.istio.io", "VirtualService", True),
        ("snapshot.storage.k8s.io", "VolumeSnapshotClass", False),
    ],
)
def test_kinds_of_common_definitions_are_known(group: str, kind: str, namespaced: bool) -> None:
    assert common(data.load)[group, kind] is namespaced


def test_what_is_in_no_table_is_unknown() -> None:
    assert ("cert-manager.io", "Deployment") not in common(data.load)
    assert ("example.com", "Certificate") not in common(data.load)


def test_without_the_file_nothing_is_known() -> None:
    assert common(lambda _: None) == {}


def test_the_tables_do_not_contradict_each_other() -> None:
    own, others = built_in(data.load), common(data.load)
    assert {key for key in own if others.get(key, own[key]) is not own[key]} == set()
    assert {group for group, _ in own} & {group for group, _ in others} == {"argoproj.io"}


def test_the_table_is_sorted_and_holds_identifiers_and_booleans_only() -> None:
    table = json.loads(data.load("common-scopes.json") or b"{}")
    assert set(table) == {"sources", "scopes"}
    assert list(table["scopes"]) == sorted(table["scopes"])
    for group, kinds in table["scopes"].items():
        assert "." in group
        assert list(kinds) == sorted(kinds)
        assert all(kind.isalnum() and isinstance(namespaced, bool) for kind, namespaced in kinds.items())


def test_every_source_has_its_version_and_licence() -> None:
    sources = json.loads(data.load("common-scopes.json") or b"{}")["sources"]
    assert len({source["module"] for source in sources}) == len(sources) > 25
    for source in sources:
        assert set(source) == {"module", "version", "license"}
        assert source["version"].startswith("v")
        assert source["license"] in {"Apache-2.0", "MIT"}
    assert "scripts/generate_common_scopes.py" in (ROOT / "schemas" / "README.md").read_text()
