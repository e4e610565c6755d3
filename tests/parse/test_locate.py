"""Lines and columns of fields."""

from gitguard.parse import locate

TEXT = b"""# comment
kind: List
---
spec:
  destination:
    namespace: web
  items:
  - name: a
  - name: b
    "odd/key": 1
"""


def test_a_field_is_found_at_its_key_and_an_item_at_itself() -> None:
    places = locate(TEXT, [(1, "/spec/destination/namespace"), (1, "/spec/items/1"), (1, "/spec/items/1/odd~1key"), (0, "/kind")])
    assert places[1, "/spec/destination/namespace"] == (6, 5)
    assert places[1, "/spec/items/1"] == (9, 5)
    assert places[1, "/spec/items/1/odd~1key"] == (10, 5)
    assert places[0, "/kind"] == (2, 1)


def test_a_field_that_is_not_there_gives_its_nearest_ancestor() -> None:
    places = locate(TEXT, [(1, "/spec/source/repoURL"), (1, ""), (7, "/x")])
    assert places[1, "/spec/source/repoURL"] == (4, 1)
    assert places[1, ""] == (4, 1)
    assert places[7, "/x"] == (1, 1)


def test_json_with_tabs_has_places_too() -> None:
    assert locate(b'{\n\t"a": {\n\t\t"b": 1\n\t}\n}\n', [(0, "/a/b")])[0, "/a/b"] == (3, 3)
