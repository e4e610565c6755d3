"""Manifests against Kubernetes', Argo CD's and CRDs' schemas: all errors, in words, and no false ones."""

from typing import Any

import pytest

from gitguard.edges import data
from gitguard.schema import Schemas


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas("1.37", "3.6", data.load)


def deployment(**container: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": None, "creationTimestamp": None},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "web", "image": "web:1", **container}]}}},
        "status": {},
    }


def test_a_manifest_that_fits_has_no_violations(schemas: Schemas) -> None:
    made = deployment(resources={"limits": {"cpu": 1, "memory": "1Gi"}}, livenessProbe={"httpGet": {"port": "http"}})
    assert schemas.violations(made) == ()


def test_every_error_of_an_object_is_reported_once(schemas: Schemas) -> None:
    made = deployment(ports=[{"containerPort": "http"}], image=3, contianerPort=1)
    made["spec"]["replicas"] = "3"
    found = {violation.pointer: violation for violation in schemas.violations(made) or ()}
    base = "/spec/template/spec/containers/0"
    assert set(found) == {"/spec/replicas", f"{base}/ports/0/containerPort", f"{base}/image", f"{base}/contianerPort"}
    assert found["/spec/replicas"].message == "`spec.replicas` must be an integer, and is text: take the quotes away"
    assert found[f"{base}/image"].message.endswith("must be text, and is a number: put it in quotes")


def test_an_unknown_field_suggests_the_one_that_is_meant(schemas: Schemas) -> None:
    made = deployment()
    made["spec"]["template"]["spec"]["contianers"] = []
    (violation,) = schemas.violations(made) or ()
    assert (violation.rule, violation.pointer) == ("unknown-field", "/spec/template/spec/contianers")
    assert "did you mean `containers`?" in violation.message
    assert violation.fix == "rename it to `containers`"


def test_a_missing_field_points_at_its_parent(schemas: Schemas) -> None:
    (violation,) = schemas.violations({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"name": "http"}]}}) or ()
    assert violation.pointer == "/spec/ports/0"
    assert violation.message == "`spec.ports[0].port` is required"


def test_a_value_that_is_text_or_number_says_so(schemas: Schemas) -> None:
    (violation,) = schemas.violations(deployment(livenessProbe={"httpGet": {"port": [80]}})) or ()
    assert violation.message.endswith("must be text or an integer, and is a list")


def test_values_are_never_quoted(schemas: Schemas) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"password": 12345678, "other": ["hunter2"]}}
    messages = " ".join(violation.message + violation.fix for violation in schemas.violations(secret) or ())
    assert "stringData.password" in messages
    assert "12345678" not in messages
    assert "hunter2" not in messages


def test_a_kind_without_schema_is_not_judged(schemas: Schemas) -> None:
    assert schemas.violations({"apiVersion": "example.com/v1", "kind": "Widget"}) is None


def test_a_misspelt_whitelist_is_found_in_an_appproject(schemas: Schemas) -> None:
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "a"}, "spec": {"clusterResourceWhiteList": []}}
    (violation,) = schemas.violations(project) or ()
    assert violation.rule == "unknown-field"
    assert "`clusterResourceWhitelist`" in violation.message
    assert "drops it in silence" in violation.message


@pytest.mark.parametrize(("version", "known"), [("3.2", False), ("3.3", True), ("3.10", True), ("2.9", False)])
def test_argo_cds_schemas_follow_its_version_compared_as_numbers(version: str, known: bool) -> None:
    item = {"group": "", "kind": "Namespace", "name": "team-*"}
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "a"}, "spec": {"clusterResourceWhitelist": [item]}}
    assert (Schemas("", version, data.load).violations(project) == ()) is known


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["size", "colour"],
                                "properties": {
                                    "size": {"type": "integer", "minimum": 1},
                                    "colour": {"type": "string", "enum": ["red", "green"], "default": "red"},
                                    "port": {"x-kubernetes-int-or-string": True},
                                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "odd": {"type": "string", "pattern": "(?P<go>\\p{Greek})["},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


def widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": spec}


def test_crds_judge_their_own_objects(schemas: Schemas) -> None:
    judged = schemas.with_crds([CRD])
    assert judged.violations(widget(size=1, port="http", free={"anything": [1]}, odd="x")) == ()
    found = {violation.pointer: violation.rule for violation in judged.violations(widget(size=0, colour="rad", sise=2)) or ()}
    assert found == {"/spec/size": "manifest-invalid", "/spec/colour": "manifest-invalid", "/spec/sise": "unknown-field"}
    assert schemas.violations(widget(size=0)) is None


def test_a_broken_crd_judges_nothing(schemas: Schemas) -> None:
    broken = {"spec": {**CRD["spec"], "versions": [{"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": 3}}}}]}}
    for crd in (broken, {"spec": None}, {"spec": {"names": [], "versions": {}}}, {}):
        assert schemas.with_crds([crd]).violations(widget(size=0)) is None
