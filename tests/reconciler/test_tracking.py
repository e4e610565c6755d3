"""What is remembered of live objects between two looks."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitguard.model.drift import ABSENT, Change
from gitguard.reconciler.tracking import Since, known, number, tracked


def live(version: str = "7", **more: Any) -> dict[str, Any]:
    metadata = {"name": "web", "uid": "u", "resourceVersion": version, "generation": 1, "managedFields": [{"manager": version}]}
    return {"metadata": {**metadata, **more.pop("metadata", {})}, "spec": {"a": 1}, **more}


def test_status_and_bookkeeping_are_nobodys_word() -> None:
    assert known(live("8", status={"ready": 1}, operation={"sync": {}})).digest == known(live("7")).digest
    assert known(live("8")).version == 8


def test_everything_else_is() -> None:
    same = known(live()).digest
    assert known(live(spec={"a": 2})).digest != same
    assert known(live(spec={"a": True})).digest != same
    assert known(live(metadata={"labels": {"a": "b"}})).digest != same
    assert known(live(metadata={"deletionTimestamp": "x"})).digest != same


def test_numbers() -> None:
    assert [number(one) for one in ("12", "", None, 3, "1e3", "٣")] == [12, 0, 0, 0, 0, 0]


def test_a_difference_is_since_the_version_that_first_had_its_value() -> None:
    image = Change("/spec/image", "web", "evil", True)
    first = tracked({}, [image], "10", is_certain=True)
    assert first == {"/spec/image": Since("10", True, "", "evil")}
    # Another field, by somebody else.
    second = tracked(first, [image, Change("/spec/more", ABSENT, 1)], "11", is_certain=True)
    assert {path: since.version for path, since in second.items()} == {"/spec/image": "10", "/spec/more": "11"}
    # The same field with another value, in versions of which not all were seen.
    third = tracked(second, [image._replace(live="worse")], "15", is_certain=False, after="11")
    assert third == {"/spec/image": Since("15", False, "11", "worse")}
    # 1 is not true.
    assert tracked(tracked({}, [Change("/a", 0, 1)], "1", is_certain=True), [Change("/a", 0, True)], "2", is_certain=True)["/a"].version == "2"


@given(st.lists(st.dictionaries(st.sampled_from(["/a", "/b", "/c"]), st.integers(0, 2)), max_size=8))
def test_the_first_version_of_each_run_of_one_value(versions: list[dict[str, int]]) -> None:
    since: dict[str, Since] = {}
    for position, state in enumerate(versions):
        since = tracked(since, [Change(path, None, value) for path, value in state.items()], str(position), is_certain=True)
        for path, value in state.items():
            begin = position
            while begin and versions[begin - 1].get(path) == value:
                begin -= 1
            assert since[path].version == str(begin)
        assert since.keys() == state.keys()
