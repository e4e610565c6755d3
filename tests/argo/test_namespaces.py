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
        (["/(a+)+$/"], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", False),
        (["/(?<x>a)/"], "a", True),
        # One that backtracks without end is given up, and one that only .NET reads so is not guessed at; a glob that admits still does.
        (["/^(a|a)*$/"], "a" * 60 + "b", None),
        (["/\\p{IsGreek}/"], "a", None),
        (["/\\p{IsGreek}/", "a"], "a", True),
        (["/" + "a" * 5000 + "/"], "a", None),
    ],
)
def test_source_namespaces_admit_as_argo_cd_does(entries: list[str], namespace: str, permitted: bool | None) -> None:
    verdict = permits_application_namespace(Project("p", source_namespaces=tuple(entries)), namespace)
    assert verdict.permitted is permitted
