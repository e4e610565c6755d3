"""Which line of a template made an object: known where the text tells, and never guessed."""

import time

import pytest

from gitguard.model.rendering import Origin, RenderedObject
from gitguard.render.template_lines import placed

PATH = "charts/web/templates/cm.yaml"


def part(kind: str, name: str, more: str = "") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{more}"


FULL = '{{ include "full" . }}'
HELPERS = '{{- define "full" }}{{ .Release.Name }}-x{{ end }}\n{{- define "made" }}\n' + part("ConfigMap", "c") + "{{- end }}\n"
# The template, and the line of each object by its name.
TOLD = {
    "one part": (part("ConfigMap", FULL), {"web-x": 2}),
    "one part of the kind": (f"{part('ConfigMap', FULL)}---\n{part('Secret', FULL)}", {"ConfigMap web-x": 2, "Secret web-x": 7}),
    "names in so many words": (f"{part('ConfigMap', 'a')}---\n{part('ConfigMap', 'b')}", {"a": 2, "b": 7}),
    "one name in so many words, and one that could be anything": (f"{part('ConfigMap', 'a')}---\n{part('ConfigMap', FULL)}", {"a": 2, "web-x": 7}),
    "names that a template fills in": (f"{part('ConfigMap', FULL + '-a')}---\n{part('ConfigMap', FULL + '-b')}", {"web-x-a": 2, "web-x-b": 7}),
    "names in quotes, with comments": (f"{part('ConfigMap', chr(34) + FULL + '-a' + chr(34))}---\n{part('ConfigMap', 'b  # no')}", {"web-x-a": 2, "b": 7}),
    "names that can't be told apart": (f"{part('ConfigMap', FULL + '-a')}---\n{part('ConfigMap', '{{ .Release.Name }}-b')}", {"web-x-a": 2, "web-b": 7}),
    "names of which either fits": (f"{part('ConfigMap', FULL)}---\n{part('ConfigMap', '{{ .Release.Name }}-b')}", {"web-x": 2, "web-b": 0}),
    "a part that could make anything": (f"{part('ConfigMap', 'a')}---\n{{{{ include \"made\" . }}}}\n", {"a": 2, "c": 0}),
    "a kind that a template fills in": (f"{part('ConfigMap', 'a')}---\n{part('{{ .Values.kind }}', 'b')}", {"a": 2, "b": 7}),
    "a kind and a name that templates fill in": (f"{part('ConfigMap', FULL)}---\n{part('{{ .Values.kind }}', 'b')}", {"web-x": 2, "b": 0}),
    "conditions, variables and comments before": (
        f"{{{{/*\n---\nkind: ConfigMap\n*/}}}}\n{{{{- $x := 1 }}}}\n{{{{- if $x }}}}\n---\n{part('ConfigMap', 'a')}{{{{- end }}}}\n",
        {"a": 9},
    ),
    "either of two": (f"{{{{- if .Values.kind }}}}\n{part('ConfigMap', 'a')}{{{{- else }}}}\n{part('ConfigMap', 'b')}{{{{- end }}}}\n", {"a": 0}),
    "a loop": (f"{{{{- range list 1 2 }}}}\n---\n{part('ConfigMap', 'a{{ . }}')}{{{{- end }}}}\n", {"a1": 4, "a2": 4}),
    "a name that is there sometimes": (
        f"{part('ConfigMap', 'a{{ if .Values.none }}-b{{ end }}')}---\n{part('ConfigMap', FULL)}",
        {"a": 0, "web-x": 0},
    ),
    "kinds further in": (
        part("RoleBinding", "a", "roleRef: {apiGroup: x, kind: Role, name: b}\nsubjects:\n- kind: Role\n  name: b\n") + "---\n" + part("Role", "b"),
        {"a": 2, "b": 11},
    ),
    "metadata in one line": ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {name: c}}\n---\n" + part("ConfigMap", "c"), {"a": 2, "c": 6}),
    "labels with a name": (
        "kind: ConfigMap\napiVersion: v1\nmetadata:\n  labels:\n    name: b\n  {{- if true }}\n  name: a\n  {{- end }}\n--- # second\n" + part("ConfigMap", "b"),
        {"a": 1, "b": 11},
    ),
    "spaces that a template takes away": (f"{part('ConfigMap', 'a- {{- .Release.Name -}} -b')}---\n{part('ConfigMap', FULL)}", {"a-web-b": 0, "web-x": 7}),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_the_line_of_the_kind_is_told_where_the_template_tells_it(chart, case: str) -> None:
    text, expected = TOLD[case]
    bench = chart({PATH: text, "charts/web/templates/_all.tpl": HELPERS, "charts/web/values.yaml": "kind: ConfigMap\n"})
    result = bench.one({"path": "charts/web"})
    assert result.failure == ""
    for item in result.objects:
        line = expected.get(item.name, expected.get(f"{item.kind} {item.name}"))
        assert item.origin == Origin(PATH, -1, line), item.name
    assert {one.rpartition(" ")[2] for one in expected} == {item.name for item in result.objects}


def test_what_is_remembered_has_its_line(chart) -> None:
    bench = chart({PATH: part("ConfigMap", "a")})
    assert [[item.origin.line for item in bench.one({"path": "charts/web"}).objects] for _ in range(2)] == [[2], [2]]


@pytest.mark.parametrize("unit", ['{{ "{{/*" }}', "{{", "{{- ", "metadata: {", "{{a}}", "  name: {{\n", "---\n", " ", "kind: {{a}}", "'"])
def test_templates_made_to_be_slow_are_not(unit: str) -> None:
    item = RenderedObject("v1", "ConfigMap", "", "a" * 200, Origin(PATH), {})
    started = time.monotonic()
    for text in (unit * 50_000, f"kind: ConfigMap\nmetadata:\n  name: {unit * 50_000}", f"kind: ConfigMap\nmetadata: {unit * 50_000}"):
        placed([item], {PATH: text})
    assert time.monotonic() - started < 5
