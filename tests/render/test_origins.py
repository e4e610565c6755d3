"""The file that each object of a kustomization comes from: what is told without kustomize is what kustomize tells."""

import subprocess
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from posixpath import join, normpath
from shutil import copytree
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitguard.edges import tools

ORIGIN = "config.kubernetes.io/origin"
CASES = count()


def thing(name: str, kind: str = "ConfigMap", **metadata: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, **metadata}})


def asked(repository: Path, folder: str) -> list[tuple[str, str, str]]:
    """(kind, name, file) of what is built, as kustomize tells it when it is asked, by a copy of the folder beside it."""
    tool = tools.find({"PATH": ""}).kustomize
    assert tool is not None
    beside = repository / f"{folder}-asked"
    copytree(repository / folder, beside)
    content = yaml.safe_load((repository / folder / "kustomization.yaml").read_text())
    (beside / "kustomization.yaml").write_text(yaml.safe_dump({**content, "buildMetadata": ["originAnnotations"]}))
    done = subprocess.run([*tool.command, str(beside)], capture_output=True, text=True, check=False)
    made = []
    for item in yaml.safe_load_all(done.stdout):
        said = yaml.safe_load(item["metadata"]["annotations"][ORIGIN])
        path = normpath(join(f"{folder}-asked", said.get("path") or said["configuredIn"]))
        made.append((item["kind"], item["metadata"]["name"], path.replace("-asked/", "/")))
    return made


def told(bench, folder: str, **options: Any) -> list[tuple[str, str, str]]:
    return [(item.kind, item.name, item.origin.path) for item in bench.one({"path": folder}, **options).objects]


def noting(tmp_path: Path) -> tuple[tools.Tools, Path]:
    """The tools, with a kustomize that notes how it is called."""
    found = tools.find({"PATH": ""})
    assert found.kustomize is not None
    log, script = tmp_path / "builds", tmp_path / "kustomize"
    script.write_text(f'#!/bin/sh\necho x >> {log}\nexec {found.kustomize.command[0]} "$@"\n')
    script.chmod(0o755)
    kustomize = found.kustomize._replace(command=(str(script), *found.kustomize.command[1:]))
    return found._replace(kustomize=kustomize), log


BASE = {"base/kustomization.yaml": "resources: [a.yaml, b.yaml]\n", "base/a.yaml": thing("a"), "base/b.yaml": thing("b") + "---\n" + thing("c")}
RENAMING = '[{"op": "replace", "path": "/metadata/name", "value": "a"}]'
SAME = "resources: [../base, d.yaml]\npatches: [{patch: '{\"apiVersion\": v1, kind: ConfigMap, metadata: {name: a}, $patch: delete}'}"
CASES_OF_FILES: dict[str, tuple[Mapping[str, str], int]] = {
    "bases and files": ({**BASE, "web/kustomization.yaml": "resources: [../base, d.yaml]\n", "web/d.yaml": thing("d")}, 1),
    "a component": (
        {
            **BASE,
            "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [e.yaml]\n",
            "part/e.yaml": thing("e"),
            "web/kustomization.yaml": "resources: [../base]\ncomponents: [../part]\n",
        },
        1,
    ),
    "a namespace, which its object is named after": (
        {**BASE, "web/kustomization.yaml": "namespace: there\nresources: [../base, n.yaml]\n", "web/n.yaml": thing("here", "Namespace")},
        1,
    ),
    "generators": (
        {**BASE, "web/kustomization.yaml": "resources: [../base]\nconfigMapGenerator: [{name: g, literals: [x=1]}]\nsecretGenerator: [{name: g}]\n"},
        1,
    ),
    "names with a prefix": ({**BASE, "web/kustomization.yaml": "namePrefix: x-\nresources: [../base]\n"}, 1),
    "two of one name, of which one is deleted": (
        {**BASE, "web/kustomization.yaml": f"{SAME}]\n", "web/d.yaml": thing("a", namespace="other")},
        2,
    ),
    "a patch that renames": (
        {
            **BASE,
            "web/kustomization.yaml": f"{SAME}, {{patch: '{RENAMING}', target: {{name: d}}}}]\n",
            "web/d.yaml": thing("d"),
        },
        1,
    ),
    "a patch in a file that renames": (
        {
            **BASE,
            "web/kustomization.yaml": f"{SAME}, {{path: p.yaml, target: {{name: d}}}}]\n",
            "web/p.yaml": yaml.safe_dump(yaml.safe_load(RENAMING)),
            "web/d.yaml": thing("d"),
        },
        1,
    ),
    "a patch that may rename": (
        {
            **BASE,
            "web/kustomization.yaml": f"{SAME}, {{path: p.yaml, target: {{name: d}}, options: {{allowNameChange: true}}}}]\n",
            "web/p.yaml": thing("a"),
            "web/d.yaml": thing("d"),
        },
        1,
    ),
    "a list": (
        {
            "web/kustomization.yaml": "resources: [l.yaml]\n",
            "web/l.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(thing("a"))]}),
        },
        2,
    ),
}


@pytest.mark.parametrize(("files", "builds"), CASES_OF_FILES.values(), ids=CASES_OF_FILES)
def test_origins_are_those_that_kustomize_tells(bench, tmp_path, files, builds) -> None:
    found, log = noting(tmp_path)
    bench.repository.write(files)
    made = told(bench, "web", found=found)
    assert sorted(made) == sorted(asked(bench.repository.path, "web"))
    assert all(path for *_, path in made)
    # What can't be told from the files takes kustomize a build that tells it.
    assert len(log.read_text().split()) == builds


def test_what_replaces_all_annotations_does_not_hide_the_file(bench) -> None:
    patch = '[{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}]'
    bench.repository.write({**BASE, "web/kustomization.yaml": f"resources: [../base]\npatches: [{{patch: '{patch}', target: {{name: a}}}}]\n"})
    assert ("ConfigMap", "a", "base/a.yaml") in told(bench, "web")


NAMES = st.sampled_from("abc")
OBJECTS = st.lists(st.tuples(st.sampled_from(("ConfigMap", "Namespace", "ServiceAccount")), NAMES), min_size=1, max_size=3, unique=True)
PATCHES = st.sampled_from(
    [
        {"patch": '[{"op": "replace", "path": "/metadata/name", "value": "b"}]', "target": {"kind": "ConfigMap", "name": "a"}},
        {"patch": '[{"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}]', "target": {"kind": "ServiceAccount"}},
        {"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: y}\n"},
        {"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n$patch: delete\n"},
    ]
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "namespace": NAMES,
        "namePrefix": st.just("a"),
        "nameSuffix": st.just("b"),
        "patches": st.lists(PATCHES, min_size=1, max_size=2),
        "configMapGenerator": st.just([{"name": "a", "literals": ["x=1"]}]),
        "commonAnnotations": st.just({"x": "y"}),
    },
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(OBJECTS, SAID), min_size=2, max_size=3))
def test_origins_of_any_kustomizations_are_those_that_kustomize_tells(bench, folders: Sequence[tuple[list[tuple[str, str]], dict[str, Any]]]) -> None:
    """A chain of kustomizations, each on top of the one before."""
    root = f"case{next(CASES)}"
    files = {}
    for number, (objects, said) in enumerate(folders):
        names = [f"{kind}-{name}.yaml" for kind, name in objects]
        files |= {f"{root}/{number}/{file}": thing(name, kind) for file, (kind, name) in zip(names, objects, strict=True)}
        below = [f"../{number - 1}"] if number else []
        files[f"{root}/{number}/kustomization.yaml"] = yaml.safe_dump({**said, "resources": [*below, *names]})
    bench.repository.write(files)
    top = f"{root}/{len(folders) - 1}"
    assert sorted(told(bench, top)) == sorted(asked(bench.repository.path, top))
