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


def test_a_template_in_braces_is_a_key_that_is_passed_over() -> None:
    assert locate(b"a: 1\n{{ .x }}: 2\n{{ .y }}\n", [(0, "/a"), (0, "/b")])[0, "/a"] == (1, 1)


def test_a_field_of_a_template_is_looked_for_as_it_is_written() -> None:
    template = (
        b"{{- if .Values.web }}\nkind: Namespace\n---\nkind: Application\nspec:\n  destination:\n    name: x\n  project: {{ .p }}\n{{- end }}\n"
    )
    assert locate(template, [(0, "/spec/project")])[0, "/spec/project"] == (8, 3)
    assert locate(template, [(0, "/spec/sources/0/path")])[0, "/spec/sources/0/path"] == (5, 1)


# Two documents with the same keys; the list is one of a template's own items and a written one.
PARTS = b"""kind: Service
spec:
  ports:
    - port: 1
---
{{- if .x }}
kind: Service
spec:
  ports:
    {{- range .ports }}
    - port: {{ . }}
    {{- end }}
    - port: 2
      {{- if .y }}
      nodePort: x
      {{- end }}
  type: {{ .type }}
{{- end }}
"""


def test_a_field_is_looked_for_in_the_document_of_the_line_that_is_given() -> None:
    places = locate(PARTS, [(-1, "/spec/ports/0/port"), (-7, "/spec/ports/0/nodePort"), (-7, "/spec/type"), (-7, "/kind"), (-1, "/spec/type")])
    assert places[-1, "/spec/ports/0/port"] == (4, 7)
    assert places[-7, "/spec/ports/0/nodePort"] == (15, 7)
    assert places[-7, "/spec/type"] == (17, 3)
    assert places[-7, "/kind"] == (7, 1)


def test_a_field_that_a_template_writes_nowhere_or_more_than_once_is_not_guessed() -> None:
    fields = ["/spec/ports/0/port", "/spec/ports/1/other", "/spec/other", "/metadata/namespace", ""]
    places = locate(PARTS, [(-7, field) for field in fields])
    assert [places[-7, field][0] for field in fields] == [9, 9, 7, 7, 7]
    assert locate(b"", [(-3, "/a")])[-3, "/a"] == (3, 1)
