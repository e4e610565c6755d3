"""deny-without-effect."""

from typing import Any

import pytest

from tests.rules.projects import said

RULE = "deny-without-effect"


def on(*entries: dict[str, str]) -> dict[str, Any]:
    return {"destinations": [*entries, {"server": "*", "namespace": "*"}]}


@pytest.mark.parametrize(
    ("spec", "pointer", "words"),
    [
        ({"sourceRepos": ["!ssh://git@github.com:example/secrets"]}, "/spec/sourceRepos/0", "can't be parsed as a URL"),
        ({"sourceRepos": ["*", "!"]}, "/spec/sourceRepos/0", ""),
        ({"sourceRepos": ["!*", "https://github.com/example/*"]}, "/spec/sourceRepos/0", "`!**` would deny all"),
        ({"sourceRepos": ["!https://github.com/[a-/x", "*"]}, "/spec/sourceRepos/0", "is no glob"),
        ({"sourceRepos": ["!https://github.com/example/secrets/", "*"]}, "/spec/sourceRepos/0", "ends in `/`"),
        ({"sourceRepos": ["!https://github.com/{a,b}/*", "*"]}, "/spec/sourceRepos/0", "nothing in it is a wildcard"),
        (on({"server": "!https://prod.example/", "namespace": "*"}), "/spec/destinations/0/server", "never do"),
        (on({"name": "!prod", "server": "*", "namespace": "*"}), "/spec/destinations/0/name", "matches every cluster first"),
        (on({"name": "!prod", "server": "https://dev", "namespace": "*"}), "/spec/destinations/0/name", "whatever its server"),
        (on({"name": "prod", "namespace": "!kube-system"}), "/spec/destinations/0/namespace", "by the entry's server only"),
        (on({"name": "!prod", "namespace": "payments"}), "/spec/destinations/0/name", "in the namespace `payments` only"),
        (on({"server": "https://prod", "namespace": "!["}), "/spec/destinations/0/namespace", "is no glob"),
        ({"clusterResourceBlacklist": [{"group": "", "kind": "namespace"}]}, "/spec/clusterResourceBlacklist/0", "did you mean Namespace?"),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "[S"}]}, "/spec/namespaceResourceBlacklist/0", "is not closed"),
        ({"namespaceResourceBlacklist": [{"group": "*", "kind": "[!S]*"}]}, "/spec/namespaceResourceBlacklist/0", "`[^…]` is"),
        ({"sourceNamespaces": ["*", "!kube-*"]}, "/spec/sourceNamespaces/1", "ordinary character"),
    ],
)
def test_a_deny_entry_that_denies_nothing(repository, spec: dict[str, Any], pointer: str, words: str) -> None:
    found = said(repository, RULE, **spec)
    if not words:
        assert [message for _, _, message in found] == ["`!` denies nothing but unparsable URLs, and permits every other repository"]
        return
    ((level, found_pointer, message),) = found
    assert (level, found_pointer) == ("error", pointer)
    assert words in message


@pytest.mark.parametrize(
    "spec",
    [
        {"sourceRepos": ["*", "!https://github.com/example/secrets", "!git@github.com:example/*"]},
        {"sourceRepos": ["!**"]},
        on({"server": "!https://prod.example", "namespace": "*"}),
        on({"name": "!prod", "namespace": "*"}),
        on({"server": "https://prod.example", "namespace": "!kube-system"}),
        on({"server": "*", "namespace": "!{kube-system,argocd}"}),
        {"clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}, {"group": "example.com", "kind": "Thing"}]},
    ],
)
def test_a_deny_entry_that_denies_is_fine(repository, spec: dict[str, Any]) -> None:
    assert said(repository, RULE, **spec) == []


def test_a_list_of_denials_only_is_a_warning(repository) -> None:
    ((level, pointer, message),) = said(repository, RULE, sourceRepos=["!https://github.com/example/secrets"])
    assert (level, pointer) == ("warning", "/spec/sourceRepos")
    assert "permits every other repository" in message
    ((level, pointer, _),) = said(repository, RULE, destinations=[{"server": "!https://prod", "namespace": "*"}])
    assert (level, pointer) == ("warning", "/spec/destinations")
