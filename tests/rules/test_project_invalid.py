"""project-invalid."""

from typing import Any

import pytest

from tests.rules.projects import said

RULE = "project-invalid"
ACCOUNT = {"server": "https://kubernetes.default.svc", "namespace": "web", "defaultServiceAccount": "deployer"}


@pytest.mark.parametrize(
    ("spec", "level", "pointer", "words"),
    [
        ({"sourceRepos": ["!*"]}, "error", "/spec/sourceRepos/0", "can't be `!*`"),
        ({"sourceRepos": ["*", "*"]}, "warning", "/spec/sourceRepos/1", "already there"),
        ({"sourceNamespaces": ["a", "a"]}, "warning", "/spec/sourceNamespaces/1", "already there"),
        ({"destinations": [{"server": "*", "namespace": "!*"}]}, "error", "/spec/destinations/0/namespace", "can't be `!*`"),
        ({"destinations": [{"server": "a", "namespace": "*"}, {"name": "a", "namespace": "*"}]}, "warning", "/spec/destinations/1", "`a/*` is already there"),
        ({"destinationServiceAccounts": [ACCOUNT | {"namespace": "!web"}]}, "error", "/spec/destinationServiceAccounts/0/namespace", "nothing is denied here"),
        ({"destinationServiceAccounts": [ACCOUNT | {"server": "{"}]}, "error", "/spec/destinationServiceAccounts/0/server", "is no glob"),
        ({"destinationServiceAccounts": [ACCOUNT | {"defaultServiceAccount": " "}]}, "error", "/spec/destinationServiceAccounts/0/defaultServiceAccount", "is empty"),
        ({"destinationServiceAccounts": [ACCOUNT, ACCOUNT]}, "warning", "/spec/destinationServiceAccounts/1", "already has a service account"),
        ({"sourceIntegrity": {"git": {"policies": [{"repos": [{"url": "*"}], "gpg": {"mode": "Head", "keys": []}}]}}}, "error", "/spec/sourceIntegrity/git/policies/0/gpg/mode", "every verification fails"),
        ({"sourceIntegrity": {"git": {"policies": [{"repos": [{"url": "!x"}], "gpg": {"mode": "head", "keys": []}}]}}}, "error", "/spec/sourceIntegrity/git/policies/0/repos", "nothing is verified"),
        ({"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}], "sourceIntegrity": {"git": {"policies": []}}}, "error", "/spec/signatureKeys", "are ignored"),
    ],
)  # fmt: skip
def test_what_the_api_refuses_is_reported_at_its_entry(repository, spec: dict[str, Any], level: str, pointer: str, words: str) -> None:
    ((found_level, found_pointer, message),) = said(repository, RULE, **spec)
    assert (found_level, found_pointer) == (level, pointer)
    assert words in message


def test_everything_that_is_wrong_is_reported_not_only_the_first(repository) -> None:
    assert len(said(repository, RULE, sourceRepos=["!*", "a", "a"], destinations=[{"name": "!*", "namespace": "!*"}])) == 4


def test_a_project_that_nothing_applies_is_not_judged(repository) -> None:
    repository.write({"apps/kustomization.yaml": "resources: []\n"})
    from tests.rules.applications import project

    repository.write({"apps/project.yaml": project(sourceRepos=["!*"])})
    assert RULE not in repository.check().rules()
