"""AppProjects that are large, broken or hostile: an answer or a clear error, in bounded time, and never a crash."""

import json
from typing import Any

import pytest
import yaml

from tests.commands.test_can import batch
from tests.rules.applications import application, project

HUGE = 1_000_000
CATASTROPHIC = ["/(a+)+$/", "/(a|aa)+$/", "/(.*a){25}$/", "/^(([a-z])+.)+[A-Z]([a-z])+$/", "/(?=(a+))a*b\\1/"]
UNICODE = ["é", "\u0130\u212a", "\U0001f600", "a\u0301", "\u202e", "\ufeff", "日本*", "\ud7ff", "\ufffd", "\u0085", "ß" * 1000]


def answered(repository: Any, *lines: dict[str, Any]) -> list[dict[str, Any]]:
    code, said = batch(repository, [json.dumps(line) for line in lines])
    assert len(said) == len(lines)
    assert code == (3 if any("error" in one for one in said) else 0)
    return said


def asks(spec: dict[str, Any], namespace: str = "web") -> list[dict[str, Any]]:
    """Every kind of question to an AppProject."""
    manifest = {"metadata": {"name": "p"}, "spec": spec}
    at = {"at": "2027-01-31T10:00:00Z", "application": {"metadata": {"name": namespace}, "spec": {"destination": {"namespace": namespace}}}}
    return [
        {"project": manifest, **question}
        for question in (
            {"source": {"repoURL": f"https://github.com/{namespace}/x"}},
            {"destination": {"server": "https://a", "name": "a", "namespace": namespace}},
            {"resource": {"group": "apps", "kind": "Deployment", "name": namespace, "namespaced": True}},
            {"resource": {"group": "", "kind": "Namespace", "name": namespace, "namespaced": False}},
            {"appNamespace": namespace},
            {"validate": True},
            {"sync": at},
        )
    ]


# The fields that a kind of question asks; a few of a megabyte are enough at a time.
ASKED = {
    "source": {"sourceRepos"}, "destination": {"destinations"}, "appNamespace": {"sourceNamespaces"}, "sync": {"syncWindows"},
    "resource": {"clusterResourceWhitelist", "clusterResourceBlacklist", "namespaceResourceWhitelist", "namespaceResourceBlacklist"},
    "validate": {"roles", "syncWindows", "destinationServiceAccounts"},
}  # fmt: skip


def of_what_is_asked(line: dict[str, Any]) -> dict[str, Any]:
    (kind,) = line.keys() & ASKED.keys()
    spec = {field: value for field, value in line["project"]["spec"].items() if field in ASKED[kind]}
    return {**line, "project": {"metadata": {"name": "p"}, "spec": spec}}


def everywhere(pattern: str) -> dict[str, Any]:
    """A spec with the pattern in every field that takes one."""
    return {
        "sourceRepos": [pattern, f"!{pattern}"],
        "destinations": [{"server": pattern, "name": pattern, "namespace": pattern}, {"server": f"!{pattern}", "namespace": "*"}],
        "sourceNamespaces": [pattern],
        "clusterResourceWhitelist": [{"group": pattern, "kind": pattern, "name": pattern}],
        "clusterResourceBlacklist": [{"group": pattern, "kind": pattern}],
        "namespaceResourceWhitelist": [{"group": pattern, "kind": pattern}],
        "namespaceResourceBlacklist": [{"group": pattern, "kind": pattern}],
        "syncWindows": [{"kind": pattern, "schedule": pattern, "duration": pattern, "timeZone": pattern, "applications": [pattern]}],
        "destinationServiceAccounts": [{"server": pattern, "namespace": pattern, "defaultServiceAccount": pattern}],
        "roles": [{"name": pattern, "policies": [pattern, f"p, proj:p:{pattern}, applications, get, p/{pattern}, allow"], "groups": [pattern]}],
        "signatureKeys": [{"keyID": pattern}],
        "sourceIntegrity": {"git": {"policies": [{"repos": [{"url": pattern}], "gpg": {"mode": pattern, "keys": [pattern]}}]}},
    }


@pytest.mark.parametrize("pattern", ["[", "[a-", "{", "{a", "a\\", "!", "!!", "![", "[z-a]", "[]", "***", "", " ", "\t", "\x01", "/[/", "/(/", "/*/"])
def test_broken_patterns_are_answered_and_reported(repository, pattern: str) -> None:
    assert all("permitted" in said for said in answered(repository, *asks(everywhere(pattern))))
    repository.write({"p.yaml": project(**everywhere(pattern)), "a.yaml": application()})
    result = repository.check()
    assert result.code == 1
    assert not result.report["failures"]
    assert {"project-invalid", "sync-window-invalid", "role-policy-invalid", "entry-never-matches"} & set(result.rules())


@pytest.mark.parametrize("text", UNICODE, ids=ascii)
def test_any_unicode_is_answered(repository, text: str) -> None:
    assert all("permitted" in said for said in answered(repository, *asks(everywhere(text), text)))
    repository.write({"p.yaml": project(**everywhere(text)), "a.yaml": application(namespace=text)})
    assert not repository.check().report["failures"]


def test_half_of_a_surrogate_pair_is_answered(repository) -> None:
    code, said = batch(
        repository, ['{"project": {"metadata": {"name": "p"}, "spec": {"sourceRepos": ["\\ud800*"]}}, "source": {"repoURL": "\\udfff"}}']
    )
    assert (code, said[0]["permitted"]) == (0, False)


def test_ten_thousand_entries_are_answered(repository) -> None:
    many = [f"https://github.com/org-{number}/*" for number in range(10_000)]
    spec = {
        "sourceRepos": [*many, "https://github.com/web/*"],
        "destinations": [{"server": "https://a", "namespace": f"team-{number}-*"} for number in range(10_000)],
        "sourceNamespaces": [f"/^team-{number}-.*$/" for number in range(10_000)],
        "clusterResourceWhitelist": [{"group": f"g{number}.example.com", "kind": "*"} for number in range(10_000)],
        "namespaceResourceBlacklist": [{"group": f"g{number}.example.com", "kind": "*"} for number in range(10_000)],
        "syncWindows": [{"kind": "deny", "schedule": f"{n % 60} 3 * * *", "duration": "1m", "applications": [f"a{n}"]} for n in range(10_000)],
    }
    said = answered(repository, *asks(spec))
    assert [one["permitted"] for one in said] == [True, False, True, False, False, True, True]
    assert said[0]["entry"] == "/spec/sourceRepos/10000"
    repository.write({"p.yaml": yaml.dump({**yaml.safe_load(project()), "spec": spec}, Dumper=yaml.CSafeDumper), "a.yaml": application()})
    result = repository.check()
    assert not result.report["failures"]
    assert "source-not-permitted" in result.rules()


@pytest.mark.parametrize(
    "pattern", ["a" * HUGE, "*a" * (HUGE // 2), "[ab]" * (HUGE // 4), "?" * HUGE, "{" * HUGE, "/" + "a+" * (HUGE // 2) + "/", "1" * HUGE]
)
def test_patterns_of_a_megabyte_are_answered_or_refused(repository, pattern: str) -> None:
    said = answered(repository, *map(of_what_is_asked, asks(everywhere(pattern))))
    assert all(len(json.dumps(one)) < 2_000 for one in said)
    assert all("permitted" in one or "not matched" in one["error"] or "too long" in one["error"] for one in said)


def test_a_megabyte_is_answered_from_a_repository_too(repository) -> None:
    spec = everywhere("{a*" * (HUGE // 3))
    repository.write({"p.yaml": project(sourceRepos=spec["sourceRepos"], destinations=spec["destinations"]), "a.yaml": application()})
    result = repository.check()
    assert not result.report["failures"]
    assert {item["rule"] for item in result.report["undetermined"]} >= {"destination-not-permitted", "deny-without-effect"}
    assert len(result.out) < 20_000


@pytest.mark.parametrize("expression", CATASTROPHIC)
def test_expressions_that_backtrack_without_end_are_given_up(repository, expression: str) -> None:
    (said,) = answered(
        repository, {"project": {"metadata": {"name": "p"}, "spec": {"sourceNamespaces": [expression]}}, "appNamespace": "a" * 60 + "!"}
    )
    assert said.get("permitted") is False or "takes too long" in said["error"]


def test_an_expression_that_can_t_be_judged_is_undetermined_and_said_so(repository) -> None:
    repository.write({"p.yaml": project(sourceNamespaces=["/(a|aa)+$/"]), "a.yaml": application(namespace="a" * 60 + "b")})
    report = repository.check().report
    assert not report["failures"]
    (said,) = [item for item in report["undetermined"] if item["rule"] == "application-namespace-not-permitted"]
    assert "takes too long" in said["reason"]


def test_a_glob_on_which_this_argocd_crashes_is_undetermined_and_said_so(repository) -> None:
    repository.write({
        "p.yaml": project(destinations=[{"server": "*", "namespace": "web{}"}]),
        "a.yaml": application(destination={"server": "https://kubernetes.default.svc", "namespace": "web"}),
        ".gitguard.yaml": "argocd: {version: '3.5'}\n",
    })  # fmt: skip
    report = repository.check().report
    assert not report["failures"]
    (said,) = [item for item in report["undetermined"] if item["rule"] == "destination-not-permitted"]
    assert "crashes" in said["reason"]
    assert repository.gitguard("can", "web", "destination", "in-cluster/web").code == 3


def test_global_projects_that_inherit_from_each_other(repository) -> None:
    setting = yaml.safe_dump([{"projectName": name, "labelSelector": {}} for name in ("a", "b", "web")])
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
        "data": {"globalProjects": setting},
    }
    repository.write({
        "a.yaml": project("a", sourceRepos=["https://github.com/b/*"]), "b.yaml": project("b", sourceRepos=["https://github.com/c/*"]),
        "web.yaml": project(), "cm.yaml": yaml.safe_dump(settings), "app.yaml": application(source={"repoURL": "https://github.com/c/x", "path": "."}),
    })  # fmt: skip
    result = repository.check()
    assert not result.report["failures"]
    assert "source-not-permitted" not in result.rules()
