"""Removed and deprecated API versions, from data over Kubernetes' releases."""

import json

import pytest

from gitguard.edges import data
from gitguard.schema import Schemas, aging
from gitguard.schema.lifecycle import served
from gitguard.schema.scopes import built_in
from gitguard.schema.versions import nearest


@pytest.mark.parametrize(
    ("kubernetes", "api", "kind", "rule", "words"),
    [
        ("1.37", "extensions/v1beta1", "Ingress", "api-removed", "removed in 1.22, replaced by networking.k8s.io/v1 Ingress"),
        ("1.37", "policy/v1beta1", "PodSecurityPolicy", "api-removed", "removed in 1.25"),
        ("1.26", "autoscaling/v2beta2", "HorizontalPodAutoscaler", "api-removed", "removed in 1.26"),
        ("1.25", "autoscaling/v2beta2", "HorizontalPodAutoscaler", "api-deprecated", "since Kubernetes 1.23, removed in 1.26"),
        ("1.37", "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "api-removed", "apiextensions.k8s.io/v1"),
        ("1.30", "resource.k8s.io/v1", "ResourceClaim", "api-removed", "not serve resource.k8s.io/v1 ResourceClaim yet"),
    ],
)
def test_old_and_too_new_api_versions_are_named(kubernetes: str, api: str, kind: str, rule: str, words: str) -> None:
    ((found, message, _),) = aging(Schemas(kubernetes, "3.6", data.load), api, kind)
    assert found == rule
    assert words in message


@pytest.mark.parametrize(("api", "kind"), [("apps/v1", "Deployment"), ("v1", "ConfigMap"), ("example.com/v1", "Deployment"), ("batch/v1", "CronJob")])
def test_current_and_foreign_kinds_are_left_alone(api: str, kind: str) -> None:
    assert list(aging(Schemas("", "3.6", data.load), api, kind)) == []


def test_versions_are_compared_as_numbers() -> None:
    assert nearest("1.9", ["1.25", "1.37"]) == "1.25"
    assert nearest("1.100", ["1.25", "1.37"]) == "1.37"
    assert nearest("v1.31.4", ["1.25", "1.30", "1.31", "1.32"]) == "1.31"
    assert nearest("", ["1.9", "1.37", "1.25"]) == "1.37"


@pytest.mark.parametrize("kubernetes", ["1.25", "1.29", "1.33", "1.37"])
def test_the_table_agrees_with_the_schemas_of_each_release(kubernetes: str) -> None:
    """No kind that the API server of a release serves is called removed, and every removed one is gone from its schemas."""
    definitions = json.loads(data.load(f"kubernetes/{kubernetes}/_definitions.json") or b"{}")["$defs"]
    schemas = Schemas(kubernetes, "3.6", data.load)
    kinds = {
        ("/".join(filter(None, (gvk["group"], gvk["version"]))), gvk["kind"])
        for definition in definitions.values()
        for gvk in definition.get("x-kubernetes-group-version-kind", ())
    }
    assert len(kinds) > 200
    called = {pair for pair in kinds if any(rule == "api-removed" for rule, _, _ in aging(schemas, *pair))}
    assert called == set()


def test_a_cluster_serves_what_is_stable_and_no_alpha_or_late_beta() -> None:
    kinds = built_in(data.load)
    assert {"v1", "v1/Pod", "apps/v1/Deployment", "networking.k8s.io/v1/Ingress"} <= set(served(Schemas("1.37", "3.6", data.load), kinds))
    assert {"policy/v1beta1", "policy/v1beta1/PodSecurityPolicy", "extensions/v1beta1/Ingress"}.isdisjoint(
        served(Schemas("1.37", "3.6", data.load), kinds)
    )
    assert not [name for name in served(Schemas("1.37", "3.6", data.load), kinds) if "alpha" in name]
