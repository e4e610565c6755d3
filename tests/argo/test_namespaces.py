"""Applications outside of Argo CD's own namespace."""

import pytest

from gitguard.argo.namespaces import permits_application_namespace
from gitguard.model.argo import Project


@pytest.mark.parametrize(
    ("entries", "namespace", "permitted"),
    [
        ([], "argocd", True),
        ([], "", True),
        ([], "team-a", False),
        (["team-*"], "team-a", True),
        (["!team-a"], "team-b", False),
        (["/team-[ab]$/"], "my-team-a", True),
        (["/^team-[ab]$/"], "team-c", False),
        (["/"], "team-a", False),
        (["//"], "team-a", False),
        (["/(a+)+$/"], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", None),
        (["/(?<x>a)/"], "a", None),
    ],
)
def test_source_namespaces_admit_as_argo_cd_does(entries: list[str], namespace: str, permitted: bool | None) -> None:
    verdict = permits_application_namespace(Project("p", source_namespaces=tuple(entries)), namespace)
    assert (None if verdict is None else verdict.permitted) is permitted


def test_two_slashes_admitted_every_namespace_before_3_6() -> None:
    verdict = permits_application_namespace(Project("p", source_namespaces=("//",)), "team-a", version="3.5")
    assert verdict is not None
    assert verdict.permitted
