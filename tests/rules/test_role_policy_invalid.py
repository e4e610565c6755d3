"""role-policy-invalid."""

from typing import Any

import pytest

from tests.rules.projects import said

RULE = "role-policy-invalid"


def role(*policies: str, name: str = "deployer", groups: list[str] | None = None) -> dict[str, Any]:
    return {"name": name, "policies": list(policies), "groups": groups or []}


@pytest.mark.parametrize(
    ("made", "field", "words"),
    [
        (role("p, proj:web:other, applications, get, web/*, allow"), "policies/0", "gives its rights to `proj:web:other`"),
        (role("p, alice, applications, *, */*, allow"), "policies/0", "gives its rights to `alice`"),
        (role("p, proj:web:deployer, projects, get, web/*, allow"), "policies/0", "its resource must be one of"),
        (role("p, proj:web:deployer, applications, invoke, web/*, allow"), "policies/0", "`invoke` is no action"),
        (role("p, proj:web:deployer, applications, get, *, allow"), "policies/0", "nobody can save the AppProject"),
        (role("p, proj:web:deployer, applications, get, web/*, maybe"), "policies/0", "its effect must be"),
        (role("p, proj:web:deployer, applications, get, web/*"), "policies/0", "all roles of the AppProject are without effect"),
        (role('p, proj:web:deployer, applications, get, "web/*, allow'), "policies/0", "a quote is not closed"),
        (role("p, proj:web:deployer , applications, get, web/*, allow"), "policies/0", "ends in a space"),
        (role(name="-x"), "name", "must consist of letters"),
        (role(groups=["a,b"]), "groups/0", "all roles of the AppProject are without effect"),
        (role(groups=[" x"]), "groups/0", "begins or ends with a space"),
    ],
)
def test_a_role_that_does_not_do_what_it_says(repository, made: dict[str, Any], field: str, words: str) -> None:
    ((level, pointer, message),) = said(repository, RULE, roles=[made])
    assert (level, pointer) == ("error", f"/spec/roles/0/{field}")
    assert words in message


def test_a_role_that_is_fine_or_only_repeated(repository) -> None:
    policy = "p, proj:web:deployer, applications, sync, web/*, allow"
    assert said(repository, RULE, roles=[role(policy, groups=["team", '"a,b"'])]) == []
    assert [level for level, _, _ in said(repository, RULE, roles=[role(policy, policy)])] == ["warning"]


def test_rollback_is_an_action_since_3_6(repository) -> None:
    made = role("p, proj:web:deployer, applications, rollback, web/*, allow")
    assert said(repository, RULE, roles=[made]) == []
    repository.write({".gitguard.yaml": 'argocd: {version: "3.5"}\n'})
    assert len(said(repository, RULE, roles=[made])) == 1
