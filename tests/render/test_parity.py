"""Helm as a library against the `helm` that Argo CD runs: the same objects, of the same templates, and the same refusals."""

from pathlib import Path

import pytest

from gitguard.edges import tools
from tests.render.conftest import config_map
from tests.render.test_helm import DEPENDS, PARTS, SUB


@pytest.fixture(scope="session")
def helm(helm_binary: Path) -> tools.Tool:
    return tools.Tool("helm", (str(helm_binary),), "binary")


METADATA = "apiVersion: v2\nname: web-chart\nversion: 1.0.0\n"
TEMPLATE = config_map("{{ .Release.Name }}") + "data: {it: '{{ .Values.it }}', n: '{{ .Release.Namespace }} {{ .Capabilities.KubeVersion }}'}\n"
CASES: dict[str, tuple[dict[str, str], dict[str, object]]] = {
    "parts": (PARTS, {}),
    "without crds": (PARTS, {"skipCrds": True}),
    "without tests": (PARTS, {"skipTests": True}),
    "values": ({"charts/web/a.yaml": "it: {a: 1, b: [1, 2]}\n"}, {"valueFiles": ["a.yaml"], "parameters": [{"name": "it.a", "value": "x,y"}]}),
    "null": ({"charts/web/values.yaml": "it: {a: 1, b: 2}\n"}, {"parameters": [{"name": "it.a", "value": "null"}], "values": "it: {b: null}"}),
    "text": ({}, {"parameters": [{"name": "it", "value": "true", "forceString": True}]}),
    "subchart": ({f"charts/web/charts/sub/{path}": content for path, content in SUB.items()}, {}),
    "broken": ({"charts/web/templates/x.yaml": "{{ fail .Release.Name }}"}, {}),
    "no yaml": ({"charts/web/templates/x.yaml": "a: [\n"}, {}),
    "schema": ({"charts/web/values.schema.json": '{"required": ["x"]}'}, {}),
    "no schema": ({"charts/web/values.schema.json": '{"required": ["x"]}'}, {"skipSchemaValidation": True}),
    "library": ({"charts/web/Chart.yaml": METADATA + "type: library\n"}, {}),
    "kubernetes": ({"charts/web/Chart.yaml": METADATA + "kubeVersion: '<1.20'\n"}, {"kubeVersion": "1.21"}),
    "several": ({"charts/web/templates/m.yaml": f"{config_map('m1')}---\n# only a comment\n---\n{config_map('m2')}"}, {}),
    "dependency": ({"charts/web/Chart.yaml": METADATA + DEPENDS.format("file://../sub")} | {f"charts/sub/{p}": c for p, c in SUB.items()}, {}),
}
VALUES = ("true", "01", "1e3", "1.50", "{a,b}", "{}", "a\\,b", "a=b", "null", "", " x ", "~", "0x10", "a: b", "{a: b}", "[1]")
CASES |= {f"parameter {value!r}": ({}, {"parameters": [{"name": "it", "value": value}]}) for value in VALUES}
CASES |= {f"parameter {name}": ({}, {"parameters": [{"name": name, "value": "v"}]}) for name in ("it.a\\.b", "it.a.b", "it..a", "it.", "a,it")}


@pytest.mark.install
@pytest.mark.parametrize("case", CASES)
def test_the_library_does_what_helm_does(bench, helm, case) -> None:
    files, options = CASES[case]
    bench.repository.write({"charts/web/Chart.yaml": METADATA, "charts/web/templates/cm.yaml": TEMPLATE, **files})
    found = tools.find({"PATH": "/nonexistent"})
    assert found.helm
    assert found.helm.name == "helm-python-sdk"
    ours, theirs = (bench.one({"path": "charts/web", "helm": options}, found=tools.Tools(None, tool)) for tool in (found.helm, helm))
    assert sorted(map(repr, ours.objects)) == sorted(map(repr, theirs.objects))
    assert bool(ours.failure) == bool(theirs.failure)
    if case in ("broken", "no yaml", "schema"):
        assert ours.failure == theirs.failure
