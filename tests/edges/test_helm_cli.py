"""The helm that kustomize gets where there is none: the same objects as with the `helm` that Argo CD ships, and the same refusals."""

import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.edges import confined
from gitguard.edges.helm_shim import write_shim
from tests.render.conftest import config_map
from tests.serving import chart

KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"
VALUES = "it: {a: 1, b: [1, 2], c: chart}\n"
SAYS = (
    config_map("{{ .Release.Name }}")
    + "data:\n  it: {{ .Values.it | toJson | quote }}\n  n: '{{ .Release.Namespace }} {{ .Capabilities.KubeVersion }}'\n"
)
APIS = config_map("apis") + 'data: {it: \'{{ .Capabilities.APIVersions.Has "x.io/v1" }} {{ .Capabilities.APIVersions.Has "y.io/v1/Kind" }}\'}\n'
SOURCE = config_map("source") + 'data: {it: \'{{ .Files.Get "f.txt" }} {{ .Chart.Version }} {{ include "help" . }}\'}\n'
HOOKS = "".join(
    f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, annotations: {{helm.sh/hook: '{events}'}}}}\n"
    for name, events in {
        "before": "pre-install, post-install",
        "tests": "test",
        "both": "test-success,pre-install",
        "unknown": "pre-install,what",
    }.items()
)
WEB = chart(
    "web",
    files={
        "values.yaml": VALUES,
        "templates/cm.yaml": SAYS,
        "templates/apis.yaml": APIS,
        "templates/source.yaml": SOURCE,
        "templates/hooks.yaml": HOOKS,
        "templates/_help.tpl": '{{ define "help" }}helped{{ end }}',
        "templates/NOTES.txt": "notes: {{ .Release.Name }}",
        "templates/several.yaml": f"{config_map('m1')}---\n# only a comment\n---\n{config_map('m2')}",
        "templates/off.yaml": "{{ if .Values.never }}\nkind: X\n{{ end }}",
        "crds/c.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: crd}\n",
        "f.txt": "file",
        "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
        "charts/sub/templates/s.yaml": config_map("sub-{{ .Values.global.x }}"),
    },
    metadata="dependencies: [{name: sub, version: 1.0.0, repository: 'https://example.com', condition: sub.enabled}]\n",
)
HERE = {"name": "web", "releaseName": "r", "kubeVersion": "1.31.0"}
# What lies in `charts` beside the chart, and what the kustomization says of it.
CASES: dict[str, tuple[Mapping[str, str], dict[str, Any]]] = {
    "plain": ({}, HERE),
    "namespace": ({}, {**HERE, "namespace": "team"}),
    "crds": ({}, {**HERE, "includeCRDs": True}),
    "without tests": ({}, {**HERE, "skipTests": True}),
    "without hooks": ({}, {**HERE, "skipHooks": True}),
    "values": ({}, {**HERE, "valuesInline": {"it": {"a": None, "c": "1e3", "d": "x"}, "sub": {"enabled": False}, "global": {"x": "y"}}}),
    "merged values": ({}, {**HERE, "valuesInline": {"it": {"c": "inline", "d": "x"}}, "valuesMerge": "merge"}),
    "replaced values": ({}, {**HERE, "valuesInline": {"it": {"d": "x"}}, "valuesMerge": "replace"}),
    "a file of values": ({"../own.yaml": "it: own\n"}, {**HERE, "valuesFile": "own.yaml"}),
    "more values": ({"../own.yaml": "it: {c: ~, e: 1.50}\n"}, {**HERE, "additionalValuesFiles": ["own.yaml"]}),
    "apis": ({}, {**HERE, "apiVersions": ["x.io/v1", "y.io/v1/Kind"]}),
    "a template for the name": ({}, {"name": "web", "nameTemplate": 'a-{{ "B" | lower }}', "kubeVersion": "1.31.0"}),
    "a name of its own": ({}, {"name": "web", "kubeVersion": "1.31.0"}),
    "devel and debug": ({}, {**HERE, "devel": True, "debug": True}),
    "a bad name": ({}, {**HERE, "releaseName": "Bad_Name"}),
    "a failing template": ({"web/templates/x.yaml": "{{ fail .Release.Name }}"}, HERE),
    "no yaml": ({"web/templates/x.yaml": "a: [\n"}, HERE),
    "a schema": ({"web/values.schema.json": '{"required": ["x"]}'}, HERE),
    "a library": ({"lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n", "lib/values.yaml": ""}, {**HERE, "name": "lib"}),
    "too old": ({"web/Chart.yaml": f"{WEB['Chart.yaml']}kubeVersion: '<1.20'\n"}, HERE),
    "too few dependencies": ({"web/Chart.yaml": f"{WEB['Chart.yaml']}".replace("name: sub", "name: gone")}, HERE),
}

REFUSED = {"a bad name", "a failing template", "no yaml", "a schema", "a library", "too old", "too few dependencies"}


def built(folder: Path, helm: Path) -> "subprocess.CompletedProcess[str]":
    """What the real kustomize makes of a kustomization with charts, run as gitguard runs tools."""
    scratch = folder.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    environment = {**confined.environment(folder.parent / "home"), "TMPDIR": str(scratch)}
    command = [KUBECTL, "kustomize", "--enable-helm", "--helm-command", helm, folder]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def objects(text: str) -> list[str]:
    """What was built, in no order."""
    return sorted(map(repr, yaml.safe_load_all(text)))


def written(folder: Path, files: Mapping[str, str | bytes], said: dict[str, Any]) -> Path:
    for path, content in {
        **{f"charts/web/{path}": text for path, text in WEB.items()},
        **{f"charts/{path}": text for path, text in files.items()},
    }.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(content))
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(said))
    return folder


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    folder = tmp_path / "bin of its own"
    folder.mkdir()
    return write_shim(folder)


@pytest.mark.install
@pytest.mark.parametrize("case", CASES)
def test_kustomize_builds_the_same_with_it_as_with_helm(helm_binary: Path, shim: Path, tmp_path: Path, case: str) -> None:
    files, said = CASES[case]
    folder = written(tmp_path / "web", files, {"helmCharts": [said]})
    ours, theirs = built(folder, shim), built(folder, helm_binary)
    assert (ours.returncode, theirs.returncode) == ((1, 1) if case in REFUSED else (0, 0)), (ours.stderr, theirs.stderr)
    assert objects(ours.stdout) == objects(theirs.stdout)
    if case in REFUSED:
        assert cause(ours.stderr)
        assert cause(theirs.stderr).endswith(cause(ours.stderr))


def cause(errors: str) -> str:
    return next(line for line in errors.splitlines() if "Error:" in line).rpartition("Error:")[2].partition("unable to run")[0].strip()


@pytest.mark.install
def test_several_charts_of_a_folder_by_version_are_built_the_same(helm_binary: Path, shim: Path, tmp_path: Path) -> None:
    files = {"web-2.0.0/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 2.0.0\n", "web-2.0.0/web/values.yaml": ""}
    files["web-2.0.0/web/templates/cm.yaml"] = config_map("{{ .Release.Name }}-second")
    both = [HERE, {**HERE, "releaseName": "s", "version": "2.0.0", "repo": "https://charts.example"}]
    folder = written(tmp_path / "web", files, {"helmGlobals": {"chartHome": "charts"}, "helmCharts": both, "namePrefix": "p-"})
    ours, theirs = built(folder, shim), built(folder, helm_binary)
    assert "p-s-second" in ours.stdout, ours.stderr
    assert objects(ours.stdout) == objects(theirs.stdout)


def test_what_is_not_there_is_not_downloaded(shim: Path, tmp_path: Path) -> None:
    folder = written(tmp_path / "web", {}, {"helmCharts": [{"name": "gone", "repo": "https://charts.example", "version": "1.0.0"}]})
    done = built(folder, shim)
    assert done.returncode == 1
    assert "`helm pull`: there is no helm command here and nothing may be downloaded" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["template", "x", "CHART", "--post-renderer", "evil"], "unrecognized arguments"),
        (["template", "x", "CHART", "-g"], "cannot set --generate-name"),
        (["template", "x", "y", "z"], "takes a name and a chart"),
        (["template"], "takes a name and a chart"),
        (["install", "x", "CHART"], "`helm install`"),
        ([], "`helm `"),
    ],
)
def test_what_it_cannot_do_it_says(shim: Path, tmp_path: Path, arguments: list[str], error: str) -> None:
    folder = written(tmp_path / "web", {}, {})
    done = subprocess.run(
        [shim, *(str(folder / "charts/web") if word == "CHART" else word for word in arguments)], capture_output=True, text=True, env={}
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert error in done.stderr


@pytest.mark.install
@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "it.a=x,it.b={1,y}", "--set-string", "it.c=01", "--set", "it.a=z"],
        ["--set-file", "it.a=FILE"],
        ["--set", "it=null", "--namespace=n", "-f", "FILE"],
        ["-a", "x.io/v1,y.io/v1/Kind", "--include-crds"],
        ["--skip-tests", "--debug", "--devel"],
        ["--no-hooks"],
    ],
)
def test_the_output_is_that_of_helm_template(helm_binary: Path, shim: Path, tmp_path: Path, arguments: list[str]) -> None:
    folder = written(tmp_path / "web", {}, {})
    own = tmp_path / "own.yaml"
    own.write_text("it: {z: 1}\n")
    words = ["template", "r", str(folder / "charts/web"), "--kube-version", "1.31.0", *(word.replace("FILE", str(own)) for word in arguments)]
    home = {"HOME": str(tmp_path / "home"), "PATH": os.environ["PATH"]}
    ours, theirs = (subprocess.run([command, *words], capture_output=True, text=True, env=home) for command in (shim, helm_binary))
    assert ours.returncode == theirs.returncode == 0, (ours.stderr, theirs.stderr)
    assert parts(ours.stdout) == parts(theirs.stdout)


def parts(text: str) -> list[str]:
    """Documents with the comments that tell where they come from."""
    return sorted(part.strip() for part in text.split("\n---\n"))
