"""Go templates: what they give, what is refused, what is undecided, and that nothing takes long."""

import contextlib
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.gotemplate import Hidden, StringMap, TemplateError, Undecided, from_json, render
from gitguard.gotemplate.functions import FUNCTIONS, UNKNOWN

PARAMS = from_json({"name": "web", "port": 8080, "big": 1000000, "path": {"segments": ["apps", "web"]}, "none": None, "map": {"b": 1, "a": 2}})
PARAMS["values"] = StringMap({"env": "prod"})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("no action at all }}", "no action at all }}"),
        ("{{ .name }}", "web"),
        ("a  {{- .name -}}  b", "awebb"),
        ("{{/* comment */}}x", "x"),
        ("{{ .port }} {{ .big }}", "8080 1e+06"),
        ("{{ index .path.segments 1 | upper }}", "WEB"),
        ('{{ if eq .name "web" "api" }}yes{{ else }}no{{ end }}', "yes"),
        ("{{ range $i, $e := .path.segments }}{{ $i }}{{ $e }};{{ end }}", "0apps;1web;"),
        ("{{ range .map }}{{ . }}{{ end }}", "21"),
        ("{{ range $x := .none }}{{ $x }}{{ else }}nothing{{ end }}", "nothing"),
        ("{{ with .gone }}x{{ else with .name }}{{ . }}{{ end }}", "web"),
        ("{{ $x := 1 }}{{ range .path.segments }}{{ $x = add $x 1 }}{{ end }}{{ $x }}", "3"),
        ('{{ define "t" }}<{{ . }}>{{ end }}{{ template "t" .name }}', "<web>"),
        ('{{ tpl "{{ .name }}{{ .gone }}" . }}', "web"),
        ("{{ .map | toYaml | nindent 2 }}", "\n  a: 2\n  b: 1"),
        ('{{ default "d" .none }}', "d"),
        ('{{ "Feat/ABC_x" | normalize }} {{ "Feat/ABC_x" | slugify }}', "feat-abc-x feat-abc-x"),
        ('{{ regexReplaceAll "^(.)(.*)$" .name "${2}-$1" }}', "eb-w"),
        ("{{ printf `%s-%03d` .name (int .port) }}", "web-8080"),
        ("{{ dict `a` (list 1 `x`) | toJson }}", '{"a":[1,"x"]}'),
        ("{{ .gone }}|{{ .values.gone }}", "<no value>|<no value>"),
        ("{{ not .gone }}{{ and .name 0 }}{{ or .none .name }}", "true0web"),
    ],
)
def test_text(template: str, text: str) -> None:
    assert render(template, PARAMS) == text


def test_a_missing_key_by_option() -> None:
    assert render("{{ .gone }}", PARAMS, ["missingkey=zero"]) == "<no value>"
    # The values of a generator and the labels of a cluster are texts: there the zero value shows.
    assert render("[{{ .values.gone }}]", PARAMS, ["missingkey=zero"]) == "[]"
    with pytest.raises(TemplateError, match="no entry for key `gone`"):
        render("{{ .gone }}", PARAMS, ["missingkey=error"])
    assert render('{{ index . "gone" }}', PARAMS, ["missingkey=error"]) == "<no value>"


@pytest.mark.parametrize(
    "template",
    [
        "{{",
        "{{ }}",
        "{{ .name",
        "{{ nope }}",
        "{{ $x }}",
        "{{ end }}",
        "{{ if .name }}",
        "{{ .name.x }}",
        "{{ .none.x }}",
        "{{ index .path.segments 7 }}",
        '{{ 1 | "x" }}',
        "{{ .name 1 }}",
        '{{ fail "no" }}',
        '{{ template "gone" }}',
        "{{ break }}",
        "{{ add 1 2 | repeat }}",
        "{{ eq 1 1.0 }}",
        # Removed by Argo CD, or Helm's alone.
        '{{ env "HOME" }}',
        '{{ expandenv "$HOME" }}',
        '{{ getHostByName "x" }}',
        '{{ include "x" . }}',
        '{{ lookup "v1" "Pod" "" "" }}',
    ],
)
def test_what_go_refuses(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, PARAMS)


@pytest.mark.parametrize(
    "template", ["{{ now }}", "{{ uuidv4 }}", "{{ randAlpha 5 }}", '{{ genCA "x" 1 }}', "{{ keys .map | first }}", '{{ camelcase "a-b" }}']
)
def test_what_can_not_be_known(template: str) -> None:
    with pytest.raises(Undecided):
        render(template, PARAMS)


@pytest.mark.parametrize(
    "template",
    [
        "{{ repeat 1000000000 `x` }}",
        "{{ range 1000000000 }}x{{ end }}",
        "{{ until 1000000000 }}",
        "{{ `x` | indent 1000000000 }}",
        "{{ printf `%99999d` 1 | repeat 1000 }}",
        "{{ printf `%1000000000d` 1 }}",
        '{{ define "t" }}{{ template "t" . }}{{ end }}{{ template "t" . }}',
        "{{ $x := list 1 2 }}" + "{{ $x = list $x $x }}" * 60 + "{{ $x }}",
        "{{ $d := dict }}{{ $_ := set $d `d` $d }}{{ $d }}",
        "{{ $s := `xxxxxxxxxx` }}" + "{{ $s = replace `x` $s $s }}" * 8 + "{{ $s }}",
        "{{ regexMatch `(a+)+$` (repeat 5000 `a` | printf `%sb`) }}",
        "{{ " + "(" * 5000 + " }}",
        "{{ if 1 }}" * 5000,
        "{{ range until 50000 }}{{ range until 50000 }}{{ end }}{{ end }}",
    ],
)
def test_hostile_templates_end_soon(template: str) -> None:
    started = time.monotonic()
    with pytest.raises((Undecided, TemplateError)):
        render(template, PARAMS)
    assert time.monotonic() - started < 5


def test_a_hidden_value_is_never_made_up() -> None:
    params = {"name": "web", "metadata": Hidden("the labels")}
    assert render("{{ .name }}", params) == "web"
    for template in (
        "{{ .metadata.labels.env }}",
        "{{ .metadata }}",
        "{{ toJson . }}",
        "{{ with .metadata }}x{{ end }}",
        '{{ hasKey .metadata "x" }}',
        "{{ . }}",
    ):
        with pytest.raises(Undecided):
            render(template, params)


def test_functions_are_known_or_not() -> None:
    assert not UNKNOWN & FUNCTIONS.keys()
    assert not {"env", "expandenv", "getHostByName", "include", "lookup"} & (UNKNOWN | FUNCTIONS.keys())
    assert FUNCTIONS.keys() >= {"normalize", "slugify", "toYaml", "fromYaml", "fromYamlArray"}


_PIECES = [
    "{{",
    "}}",
    "{{-",
    "-}}",
    "(",
    ")",
    "|",
    " ",
    ".",
    "$",
    "$x",
    ":=",
    "=",
    ",",
    '"',
    "`",
    "'a'",
    "1",
    "-1.5e3",
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
]
_PIECES += ["block", "break", "nil", "true", *sorted(FUNCTIONS), ".name", ".map", ".none", ".path.segments", '"x"', "\n", "é", "\ud800", "/*", "*/"]


@given(st.lists(st.sampled_from(_PIECES), max_size=25).map(" ".join), st.sampled_from([[], ["missingkey=error"], ["missingkey=zero"], ["x"]]))
@settings(max_examples=400, deadline=None)
def test_any_text_is_rendered_refused_or_undecided(template: str, options: list[str]) -> None:
    with contextlib.suppress(TemplateError, Undecided):
        assert isinstance(render(template, dict(PARAMS), options), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=200, deadline=None)
def test_json_comes_back(value: Any) -> None:
    written = from_json(value)
    try:
        text = render("{{ toJson .v }}", {"v": written})
        assert render("{{ .v | fromJson | toJson }}", {"v": text}) == text
    except (TemplateError, Undecided):
        pass
