"""Hooks, sync options and ignored fields, as Argo CD's code reads them."""

from typing import Any

import pytest

from gitguard.argo.syncing import Rule, care, is_hook, of_application, of_settings, tracking_label

UNREADABLE = Rule("*", "*", expressions=("an entry that can't be read",))


def object_(**annotations: str) -> dict[str, Any]:
    named = {key.replace("_", "-").replace("--", "/"): value for key, value in annotations.items()}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "annotations": named}}


def argo(**annotations: str) -> dict[str, Any]:
    return object_(**{f"argocd.argoproj.io__{name}".replace("__", "--"): value for name, value in annotations.items()})


def app(**policy: Any) -> dict[str, Any]:
    return {"spec": {"syncPolicy": policy}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (argo(hook="PreSync"), True),
        (argo(hook="Skip"), True),
        (argo(hook="garbage"), True),
        (argo(hook=""), True),
        ({"metadata": {"annotations": {"helm.sh/hook": "pre-install"}}}, True),
        ({"metadata": {"annotations": {"helm.sh/hook": "test"}}}, True),
        ({"metadata": {"annotations": {"helm.sh/hook": "crd-install"}}}, False),
        ({"metadata": {"annotations": None}}, False),
        ({}, False),
    ],
)
def test_hooks_are_what_either_tool_calls_so(manifest, expected) -> None:
    assert is_hook(manifest) is expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, (False, False)),
        ({"automated": {}}, (True, False)),
        ({"automated": {"selfHeal": True}}, (True, True)),
        ({"automated": {"enabled": False, "selfHeal": True}}, (False, False)),
        ({"automated": None}, (False, False)),
    ],
)
def test_an_application_syncs_by_itself_where_git_says_so(policy, expected) -> None:
    found = care(object_(), app(**policy))
    assert (found.automated, found.self_heal) == expected


@pytest.mark.parametrize(
    ("own", "common", "expected"),
    [
        ("", [], (True, True, False, False)),
        ("Prune=false", [], (False, True, False, False)),
        ("Prune=confirm,Delete=confirm", [], (False, False, False, False)),
        ("", ["Prune=false", "Delete=false"], (False, False, False, False)),
        ("Replace=true , ServerSideApply=true", [], (True, True, True, True)),
        ("Replace=false,ServerSideApply=false", ["Replace=true", "ServerSideApply=true"], (True, True, False, False)),
        ("", ["Replace=true", "ServerSideApply=true", 5], (True, True, True, True)),
    ],
)
def test_sync_options_of_the_object_come_before_those_of_its_application(own, common, expected) -> None:
    found = care(argo(sync_options=own), app(syncOptions=common))
    assert (found.prune, found.delete, found.replace, found.server_side_apply) == expected


def test_waves_and_what_nobody_minds() -> None:
    found = care(argo(sync_wave="5", compare_options="ServerSideDiff=true,IgnoreExtraneous"), {})
    assert (found.wave, found.extraneous, found.automated) == (5, True, True)
    assert care(argo(sync_wave="soon"), {}).wave == 0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"group": "apps", "kind": "Deployment"}, True),
        ({"group": "*", "kind": "*"}, True),
        ({"group": "ap*", "kind": "Deploy*", "name": "web", "namespace": "shop"}, True),
        ({"kind": "Deployment"}, False),
        ({"group": "apps", "kind": "Deployment", "name": "we*"}, False),
        ({"group": "apps", "kind": "Deployment", "namespace": "other"}, False),
    ],
)
def test_rules_are_for_kinds_by_glob_and_for_names_as_they_are(rule, expected) -> None:
    spec = {"ignoreDifferences": [{**rule, "jsonPointers": ["/spec/replicas"]}, "x"]}
    assert bool(care(object_(), {"spec": spec}).fields) is expected


def test_an_object_may_ignore_fields_of_its_own_since_3_6() -> None:
    manifest = argo(ignore_differences="jsonPointers: [/spec/replicas, '']")
    assert [named.text for named in care(manifest, {}).fields] == ["/spec/replicas"]
    assert care(manifest, {}, version="3.5").fields == ()
    assert care(argo(ignore_differences="{"), {}).fields == ()


def test_rules_of_argocd_cm() -> None:
    data = {
        "resource.customizations": "apps/Deployment:\n  ignoreDifferences: |\n    jsonPointers: [/a]\n  health.lua: x\nSecret: {}\n",
        "resource.customizations.ignoreDifferences.all": "managedFieldsManagers: [x]",
        "resource.customizations.ignoreDifferences.apps_StatefulSet": "jqPathExpressions: [.b]",
        "resource.customizations.ignoreDifferences.Service": "jsonPointers: [/c]",
        "resource.customizations.health.apps_DaemonSet": "return",
    }
    assert list(of_settings(data)) == [
        Rule("apps", "Deployment", pointers=("/a",)),
        Rule("*", "*", managers=("x",)),
        Rule("apps", "StatefulSet", expressions=(".b",)),
        Rule("", "Service", pointers=("/c",)),
    ]


@pytest.mark.parametrize("data", [{"resource.customizations": "{"}, {"resource.customizations.ignoreDifferences.all": "a: [1"}])
def test_rules_that_cannot_be_read_leave_every_object_undecided(data) -> None:
    assert list(of_settings(data)) == [UNREADABLE]
    assert care(object_(), {}, of_settings(data)).undecided == UNREADABLE.expressions


def test_what_is_no_rule_says_nothing() -> None:
    assert list(of_application({"spec": {"ignoreDifferences": "x"}})) == []
    assert list(of_settings({"resource.customizations": 5, "other": "x"})) == []


@pytest.mark.parametrize(
    ("data", "version", "label"),
    [
        ({}, "3.6", ""),
        ({}, "2.14", "app.kubernetes.io/instance"),
        ({"application.resourceTrackingMethod": "annotation"}, "2.14", ""),
        ({"application.resourceTrackingMethod": "annotation+label", "application.instanceLabelKey": "a.b/c"}, "3.6", "a.b/c"),
    ],
)
def test_the_label_that_argo_cd_tracks_by(data, version, label) -> None:
    assert tracking_label(data, version) == label
