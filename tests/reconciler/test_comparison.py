"""Git's word and the live object, field by field."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.model.drift import ABSENT, Change
from gitguard.reconciler.comparison import compared, proposed, restored

LEAVES = st.one_of(st.integers(0, 3), st.text("ab", max_size=2), st.booleans())
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.dictionaries(st.sampled_from(["a", "b/c", "d~", "0"]), inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=6,
)
NAMED = st.lists(
    st.fixed_dictionaries({"name": st.sampled_from("abcd")}, optional={"image": LEAVES, "env": TREES}),
    max_size=4,
    unique_by=lambda entry: entry["name"],
)
OBJECTS = st.fixed_dictionaries(
    {"metadata": st.just({"name": "web"}), "spec": st.fixed_dictionaries({}, optional={"containers": NAMED, "tree": TREES, "roles": NAMED})}
)


@settings(max_examples=400, deadline=None)
@given(OBJECTS, OBJECTS)
def test_after_the_changes_are_taken_back_nothing_is_left_to_take_back(git: Any, live: Any) -> None:
    changes = compared(git, live, git)
    assert compared(git, restored(live, changes), git) == ()
    if repr(git) == repr(live):
        assert changes == ()


@settings(max_examples=400, deadline=None)
@given(OBJECTS, OBJECTS, st.randoms())
def test_the_order_of_the_changes_does_not_matter_and_some_may_be_left_out(git: Any, live: Any, random: Any) -> None:
    changes = list(compared(git, live, git))
    shuffled = random.sample(changes, len(changes))
    assert restored(live, shuffled) == restored(live, changes)
    left = compared(git, restored(live, [change for change in changes if change.live is not ABSENT][:1]), git)
    assert len(left) <= len(changes)


def object_(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec}


WEB, SIDECAR = {"name": "web", "image": "web:1"}, {"name": "spy", "image": "spy:1"}


@pytest.mark.parametrize(
    ("git", "live", "expected"),
    [
        ({"replicas": 2}, {"replicas": 5}, [Change("/spec/replicas", 2, 5, True)]),
        ({"replicas": 2}, {}, [Change("/spec/replicas", 2, ABSENT, True)]),
        ({}, {"hostNetwork": True}, [Change("/spec/hostNetwork", ABSENT, True)]),
        ({"containers": [WEB]}, {"containers": [SIDECAR, WEB]}, [Change("/spec/containers/0", ABSENT, SIDECAR)]),
        ({"containers": [WEB, SIDECAR]}, {"containers": [WEB]}, [Change("/spec/containers/1", SIDECAR, ABSENT, True)]),
        ({"containers": [WEB, SIDECAR]}, {"containers": [SIDECAR, {**WEB, "image": "x"}]}, [Change("/spec/containers/1/image", "web:1", "x", True)]),
        ({"args": ["a", "b"]}, {"args": ["a"]}, [Change("/spec/args", ["a", "b"], ["a"], True)]),
        ({"flag": True}, {"flag": 1}, [Change("/spec/flag", True, 1, True)]),
        ({"none": None}, {}, []),
        ({"automated": {}}, {}, [Change("/spec/automated", {}, ABSENT, True)]),
        ({"a/b": {"c~d": 1}}, {"a/b": {"c~d": 2}}, [Change("/spec/a~1b/c~0d", 1, 2, True)]),
    ],
)
def test_each_field_that_differs_is_told_with_both_values(git, live, expected) -> None:
    assert list(compared(object_(**git), object_(**live), object_(**git))) == expected


def test_state_and_bookkeeping_are_nobodys_word_unless_git_names_them() -> None:
    git, live = object_(), object_()
    live["status"] = {"phase": "Running"}
    live["metadata"] |= {"resourceVersion": "7", "uid": "u", "managedFields": [{}], "annotations": {"argocd.argoproj.io/tracking-id": "x"}}
    assert compared(git, live, git) == ()
    git["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "y"}
    assert [change.path for change in compared(git, live, git)] == ["/metadata/annotations/argocd.argoproj.io~1tracking-id"]


def test_without_a_dry_run_fields_that_git_does_not_name_say_nothing() -> None:
    git, live = object_(replicas=2, containers=[WEB]), object_(replicas=3, strategy="Recreate", containers=[{**WEB, "ports": []}, SIDECAR])
    assert list(compared(git, live, None)) == [Change("/spec/replicas", 2, 3, True)]


def test_a_dry_run_is_an_update_of_the_live_object_at_its_version() -> None:
    git, live = object_(replicas=2), object_(replicas=3)
    live["metadata"] |= {"resourceVersion": "7", "uid": "u", "finalizers": ["a/b"], "ownerReferences": [{"uid": "o"}]}
    body = proposed({**git, "status": {"x": 1}}, live)
    assert body["metadata"] == {**git["metadata"], "resourceVersion": "7", "uid": "u", "finalizers": ["a/b"], "ownerReferences": [{"uid": "o"}]}
    assert (body["spec"], "status" in body) == ({"replicas": 2}, False)
    git["metadata"]["finalizers"] = []
    assert proposed(git, live)["metadata"]["finalizers"] == []
