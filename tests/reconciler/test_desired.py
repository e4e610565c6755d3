"""What is behind and what is drift, what git leaves to others, and which revisions an Application's status tells."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.argo.jq_paths import path
from gitguard.argo.syncing import pointer
from gitguard.model.desired import Care, LeftOut, Synced, Wanted
from gitguard.model.drift import ObjectKey
from gitguard.reconciler.comparison import compared
from gitguard.reconciler.desired import ignored, is_behind, joined, pointers, synced

A, B, C = "a" * 40, "b" * 40, "c" * 40


def object_(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


def behind(wanted: Any, live: Any, *versions: Any, predicted: bool = False) -> bool:
    changes = compared(wanted, live, wanted) if wanted and live else ()
    return is_behind(live, changes, wanted, versions, (lambda version: version) if predicted else lambda version: None)


OLD, NEW = object_(image="web:1"), object_(image="web:2", extra="x")


@pytest.mark.parametrize("predicted", [False, True])
def test_another_version_of_git_is_behind_and_an_edit_is_not(predicted: bool) -> None:
    assert behind(NEW, OLD, OLD, predicted=predicted)
    assert behind(OLD, NEW, object_(image="web:0"), NEW, predicted=predicted)
    assert not behind(NEW, object_(image="evil"), OLD, predicted=predicted)
    assert not behind(NEW, OLD, predicted=predicted)


@pytest.mark.parametrize("predicted", [False, True])
def test_what_somebody_added_to_another_version_is_drift(predicted: bool) -> None:
    assert not behind(NEW, object_(image="web:1", hostNetwork=True), OLD, predicted=predicted)
    assert not behind(OLD, object_(image="web:1", hostNetwork=True), OLD, predicted=predicted)
    annotated = {**OLD, "metadata": {**OLD["metadata"], "annotations": {"a": "1"}}}
    worse = {**OLD, "metadata": {**OLD["metadata"], "annotations": {"a": "1", "evil": "2"}}}
    assert behind(OLD, annotated, annotated, predicted=predicted)
    assert not behind(OLD, worse, annotated, predicted=predicted)


def test_an_object_that_another_version_does_not_have_is_behind_where_it_is_not_there() -> None:
    assert is_behind(None, (), NEW, [OLD, None])
    assert not is_behind(None, (), NEW, [OLD])
    assert is_behind(OLD, (), None, [None, OLD])
    assert not is_behind(OLD, (), None, [None])


VALUES = st.recursive(
    st.integers(0, 3) | st.sampled_from(["a", "b"]), lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3), max_leaves=6
)
OBJECTS = st.builds(lambda spec: object_(**spec), st.dictionaries(st.sampled_from("xyz"), VALUES, max_size=3))


@settings(max_examples=300, deadline=None)
@given(OBJECTS, st.lists(OBJECTS, max_size=3), OBJECTS)
def test_with_the_answers_of_dry_runs_behind_is_being_equal_to_a_version(wanted: Any, versions: list[Any], live: Any) -> None:
    assert behind(wanted, live, *versions, predicted=True) == any(not compared(version, live, version) for version in versions)


@settings(max_examples=300, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_version_itself_is_always_behind(wanted: Any, version: Any) -> None:
    assert behind(wanted, version, version)


def told(care: Care, git: Any, live: Any) -> list[str]:
    left = ignored(care, live)
    return [change.path for change in compared(git, live, git) if not left(change)]


CONTAINERS = [{"name": "web", "image": "web:1"}, {"name": "proxy", "image": "proxy:1"}]


@pytest.mark.parametrize(
    ("fields", "git", "live", "expected"),
    [
        ([pointer("/spec/replicas")], {"replicas": 2}, {"replicas": 5}, []),
        ([pointer("/spec/replicas")], {"replicas": 2}, {"replicas": 5, "paused": True}, ["/spec/paused"]),
        ([pointer("/spec/replicas")], {}, {"replicas": 5}, []),
        ([pointer("/spec/template")], {"template": {"a": 1}}, {"template": {"a": 2}}, []),
        ([pointer("/spec/a~1b")], {"a/b": 1}, {"a/b": 2}, []),
        ([pointer("/spec/map/x")], {}, {"map": {"x": 1}}, []),
        ([pointer("/spec/map/x")], {}, {"map": {"x": 1, "y": 2}}, ["/spec/map"]),
        ([pointer("/spec/map/x")], {"map": {"x": 1}}, {}, []),
        ([pointer("/spec/map/x")], {"map": {"y": 1}}, {}, ["/spec/map"]),
        ([pointer("/spec/rep")], {"replicas": 2}, {"replicas": 5}, ["/spec/replicas"]),
        ([path(".spec.containers[0].image")], {"containers": CONTAINERS}, {"containers": [{"name": "web", "image": "x"}, CONTAINERS[1]]}, []),
        ([path(".spec.containers[].image")], {"containers": CONTAINERS}, {"containers": [{"name": "web", "image": "x"}, CONTAINERS[1]]}, []),
        ([path('.spec.containers[] | select(.name == "proxy")')], {"containers": CONTAINERS[:1]}, {"containers": CONTAINERS}, []),
        ([path('.spec.containers[] | select(.name == "proxy") | .image')], {"containers": CONTAINERS}, {"containers": [CONTAINERS[0], {"name": "proxy", "image": "x"}]}, []),
        ([path('.spec.containers[] | select(.name == "proxy")')], {"containers": CONTAINERS}, {"containers": [{"name": "web", "image": "x"}, CONTAINERS[1]]}, ["/spec/containers/0/image"]),
        ([pointer("/spec/list/-1")], {"list": [1, 2]}, {"list": [1, 3]}, []),
        ([pointer("/spec/list/0")], {"list": [1, 2]}, {"list": [1, 3]}, ["/spec/list"]),
        ([pointer("/spec/list/²")], {"list": [1, 2]}, {"list": [1, 3]}, ["/spec/list"]),
        ([pointer("/spec/flag")], {"other": True}, {"other": 1}, ["/spec/other"]),
    ],
)  # fmt: skip
def test_fields_that_git_leaves_to_others_are_not_compared(fields, git, live, expected) -> None:
    assert told(Care(fields=tuple(fields)), object_(**git), object_(**live)) == expected


def test_fields_that_a_trusted_manager_owns_are_left_to_it_where_both_have_them() -> None:
    live = object_(replicas=5, added=1, containers=[{"name": "web", "image": "x"}], args=["b"])
    owned = {"f:spec": {"f:replicas": {}, "f:added": {}, "f:args": {}, "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}}}}
    live["metadata"]["managedFields"] = [{"manager": "hpa", "fieldsV1": owned}]
    git = object_(replicas=2, containers=[{"name": "web", "image": "web:1"}], args=["a"])
    everything = ["/spec/added", "/spec/args", "/spec/containers/0/image", "/spec/replicas"]
    assert told(Care(), git, live) == told(Care(managers=("vpa",)), git, live) == everything
    assert told(Care(managers=("hpa",)), git, live) == ["/spec/added"]


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        (".spec.replicas", ["/spec/replicas"]),
        ('.spec["a.b"]', ["/spec/a.b"]),
        ('.spec."a.b"', ["/spec/a.b"]),
        (".spec.list[]?", ["/spec/list/0", "/spec/list/1"]),
        (".spec.list[-1].n", ["/spec/list/1/n"]),
        (".spec.list[] | select(.n == 2) | .v", ["/spec/list/1/v"]),
        ('.spec.list[] | select(.deep.er == "x").v', ["/spec/list/0/v"]),
        (".spec.absent.more", []),
        (".spec[]", ["/spec/a.b", "/spec/list", "/spec/replicas"]),
    ],
)
def test_plain_paths_of_jq_name_what_jq_names(expression: str, named: list[str]) -> None:
    found = path(expression)
    value = object_(replicas=2, list=[{"n": 1, "v": "a", "deep": {"er": "x"}}, {"n": 2, "v": "b"}], **{"a.b": 1})
    assert found is not None
    assert sorted(pointers(value, [found])) == named


@pytest.mark.parametrize(
    "expression",
    [
        "",
        ".",
        "..",
        ".spec | keys",
        ".a[1:2]",
        ".a, .b",
        "select(.a)",
        ".a | select(.b == 1)",
        '.a[] | select(.b != "c")',
        ".a[] | select(.b)",
        ".[",
        "x",
        '.a["\\(.b)"]',
        ".a" * 600,
    ],
)
def test_programs_of_jq_can_not_be_told(expression: str) -> None:
    assert path(expression) is None


def status(**parts: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "status": parts}


def operation(revision: str, phase: str = "Succeeded", **sync: Any) -> dict[str, Any]:
    return {"phase": phase, "syncResult": {"revision": revision}, "operation": {"sync": sync}}


HISTORY = [{"id": 1, "revision": A}, {"id": 2, "revision": B}]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (status(), Synced()),
        ({"status": None}, Synced()),
        (status(sync={"status": "Synced", "revision": C}, operationState=operation(B), history=HISTORY), Synced((C,), (B,))),
        (status(sync={"status": "OutOfSync", "revision": C}, operationState=operation(B), history=HISTORY), Synced((B,), (A,))),
        (status(sync={"status": "OutOfSync", "revision": C}, operationState=operation(C, "Failed"), history=HISTORY), Synced((B,), (A,))),
        (status(operationState=operation(C, resources=[{"kind": "ConfigMap"}]), history=HISTORY), Synced((B,), (A,))),
        (status(operationState=operation(C, manifests=["{}"]), history=HISTORY), Synced((B,), (A,))),
        (status(sync={"status": "Synced", "revisions": [A, B], "revision": ""}), Synced((A, B))),
        (status(sync="x", operationState=[], history={"a": 1}), Synced()),
    ],
)
def test_which_revision_was_synced_is_what_the_whole_of_it_was_brought_to(live, expected) -> None:
    assert synced(live) == expected


def test_two_different_words_for_an_object_are_none_and_two_equal_ones_are_one() -> None:
    web, other = ObjectKey("", "ConfigMap", "shop", "web"), ObjectKey("", "Namespace", "", "shop")
    wanted = [Wanted(web, OLD, "a.yaml", A), Wanted(web, NEW, "b.yaml", A), Wanted(other, OLD, "a.yaml", A), Wanted(other, OLD, "b.yaml", A)]
    desired = joined(A, wanted, [LeftOut("x", "y")])
    assert list(desired.objects) == [other]
    assert desired.left_out == (LeftOut("x", "y"), LeftOut("ConfigMap shop/web", "it is declared 2 times, and not alike: a.yaml, b.yaml"))
    assert not desired.complete
    assert joined(A, wanted[2:], []).complete


def test_the_values_of_an_object_are_not_in_what_is_printed_of_it() -> None:
    assert "web:1" not in repr(Wanted(ObjectKey("", "Secret", "shop", "web"), OLD, "a.yaml", A))
