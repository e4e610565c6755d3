"""Source selection and what Argo CD refuses in a spec."""

from typing import Any

import pytest

from gitguard.argo.applications import application_spec, structure

HERE = {"server": "https://kubernetes.default.svc", "namespace": "web"}
GIT = {"repoURL": "https://github.com/a/b", "path": "deploy"}
CHART = {"repoURL": "https://charts.example", "chart": "web", "targetRevision": "1.0.0"}


def complaints(**spec: Any) -> list[str]:
    return [complaint.message for complaint in structure(application_spec({"destination": HERE, **spec}))]


@pytest.mark.parametrize(
    "spec",
    [
        {"source": GIT},
        {"source": CHART},
        {"sources": [GIT, {"repoURL": "https://github.com/a/values", "ref": "values"}]},
        {"sources": [], "source": GIT},
        {"sources": [{**CHART, "helm": {"valueFiles": ["$values/a.yaml"]}}, {"repoURL": "https://github.com/a/values", "ref": "values"}]},
    ],
)
def test_what_argo_cd_accepts_has_no_complaints(spec: dict[str, Any]) -> None:
    assert complaints(**spec) == []


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "no source"),
        ({"source": {"path": "x"}}, "repoURL is required"),
        ({"source": {"repoURL": "https://github.com/a/b"}}, "needs path or chart"),
        ({"source": {"repoURL": "https://charts.example", "chart": "web"}}, "targetRevision is required"),
        ({"source": {**GIT, "helm": {"x": 1}, "kustomize": {"y": 2}}}, "multiple application sources defined: helm, kustomize"),
        ({"sources": [GIT, {**GIT, "ref": "a b"}]}, "special characters"),
        ({"sources": [{**GIT, "ref": "a"}, {**GIT, "ref": "a"}]}, "same `ref` key"),
        ({"sources": [{**CHART, "helm": {"valueFiles": ["$nope/a.yaml"]}}]}, "no source has it"),
        ({"source": GIT, "destination": {"name": "a", "server": "b"}}, "both name and server"),
        ({"source": GIT, "destination": {"namespace": "a"}}, "destination server missing"),
        ({"sourceHydrator": {"drySource": GIT, "syncSource": {"targetBranch": "env", "path": "a/.."}}}, "repository's root"),
        ({"sourceHydrator": {"drySource": GIT, "syncSource": {"path": "web"}}}, "targetBranch is required"),
    ],
)
def test_what_argo_cd_refuses_is_said_in_its_words(spec: dict[str, Any], words: str) -> None:
    (message,) = complaints(**spec)
    assert words.lower() in message.lower()


def test_a_hydrator_wins_over_sources_and_those_over_source() -> None:
    hydrator = {"drySource": {**GIT, "repoURL": "https://dry"}, "syncSource": {"targetBranch": "env", "path": "web", "repoURL": "https://sync"}}
    assert [source.repo_url for source in application_spec({"sourceHydrator": hydrator, "sources": [GIT]}).sources] == ["https://dry", "https://sync"]
    both = application_spec({"sources": [CHART], "source": GIT})
    assert (both.multi, [source.pointer for source in both.sources]) == (True, ["/spec/sources/0"])


def test_wrong_types_count_as_absent() -> None:
    spec = application_spec({"project": 3, "destination": [], "sources": {"a": 1}, "source": "x"})
    assert (spec.project, spec.destination.server, spec.sources) == ("", "", ())


@pytest.mark.parametrize(
    ("path", "refused"),
    [("", True), (".", True), ("/", True), ("//", True), ("a/..", True), ("//a/..", True), ("a", False), ("..", False), ("/a", False)],
)
def test_hydrating_to_the_root_is_refused_however_it_is_written(path: str, refused: bool) -> None:
    hydrator = {"drySource": {"repoURL": "https://x/y", "path": "a"}, "syncSource": {"targetBranch": "env", "path": path}}
    found = structure(application_spec({"sourceHydrator": hydrator, "destination": {"name": "in-cluster"}}))
    assert [complaint.pointer for complaint in found] == ["/spec/sourceHydrator/syncSource/path"] * refused
