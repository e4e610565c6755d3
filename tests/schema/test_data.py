"""The data that ships: complete, and described."""

import json
from pathlib import Path

from gitguard.edges import data

ROOT = Path(__file__).resolve().parents[2]


def test_every_version_of_argo_cd_has_its_three_kinds() -> None:
    index = json.loads(data.load("argocd/index.json") or b"{}")
    assert list(index) == ["2.14", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6"]
    for kinds in index.values():
        assert set(kinds) == {"Application", "AppProject", "ApplicationSet"}
        for file in kinds.values():
            assert data.load(f"argocd/{file}")


def test_every_version_of_kubernetes_is_there() -> None:
    versions = json.loads(data.load("index.json") or b"{}")["kubernetes"]
    assert sorted(versions, key=lambda version: int(version.partition(".")[2])) == [f"1.{minor}" for minor in range(25, 38)]


def test_the_source_and_licence_of_vendored_data_are_named() -> None:
    readme = (ROOT / "schemas" / "README.md").read_text()
    for words in ("github.com/argoproj/argo-cd/v3", "v3.6.1", "k8s.io/api", "Apache-2.0", "scripts/generate_argocd_schemas.py"):
        assert words in readme


def test_what_is_not_there_is_none() -> None:
    assert data.load("argocd/none.json") is None
    assert data.load("kubernetes/0.1/_definitions.json") is None
