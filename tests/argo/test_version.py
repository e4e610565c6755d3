"""What changed between releases of Argo CD, one vector a change; the oracle asks the releases themselves."""

from collections.abc import Callable

import pytest

from gitguard.argo.applications import application_spec, structure
from gitguard.argo.clusters import Unresolved, resolve
from gitguard.argo.destinations import permits_destination
from gitguard.argo.effective import effective, global_entries
from gitguard.argo.glob import match
from gitguard.argo.integrity import effective_policies
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.policies import policy_problem
from gitguard.argo.projects import project
from gitguard.argo.repository import normalize_git_url
from gitguard.argo.sources import permits_source
from gitguard.argo.validation import refusals
from gitguard.argo.version import at_least
from gitguard.argo.windows import applying, permits_sync
from gitguard.model.argo import Cluster, Destination, Project

HOUR = 3_600_000_000_000
MIDNIGHT = 1_767_225_600 * 1_000_000_000
PLACE = Destination("https://a", "", "web")


def made(**spec: object) -> Project:
    return project({"metadata": {"name": "p"}, "spec": spec})


def window(**fields: object) -> dict[str, object]:
    return {"kind": "deny", "schedule": "0 0 * * *", "duration": "2h", "applications": ["*"]} | fields


def syncs(version: str, started: int | None = None, **fields: object) -> bool | None:
    windows = applying(made(syncWindows=[window(**fields)]), "web", PLACE, version)
    return permits_sync(windows, MIDNIGHT + HOUR, started=started, version=version).permitted


def merged_accounts(version: str) -> bool:
    entry = {"server": "*", "namespace": "*", "defaultServiceAccount": "deployer"}
    inherited = project({"metadata": {"name": "g"}, "spec": {"destinationServiceAccounts": [entry]}})
    found = effective(made(), global_entries=global_entries([{"projectName": "g"}]), find={"g": inherited}.get, version=version)
    return bool(found.project.destination_service_accounts)


def hydrates_to_the_root(version: str) -> bool:
    hydrator = {"drySource": {"repoURL": "https://x/y", "path": "a"}, "syncSource": {"targetBranch": "env", "path": "a/.."}}
    spec = application_spec({"sourceHydrator": hydrator, "destination": {"name": "in-cluster"}})
    return not structure(spec, version)


def refused(version: str, **spec: object) -> bool:
    return bool(refusals(made(**spec), version))


NAMED = {"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "web-*"}]}
TWO_WINDOWS = {"syncWindows": [window(), window(applications=["web"])]}
INTEGRITY = {"signatureKeys": [{"keyID": "4AEE18F83AFDEB23"}], "sourceIntegrity": {"git": {"policies": []}}}

# What it is about: the first release that answers in the new way, the question, the answers before and since.
CHANGES: dict[str, tuple[str, Callable[[str], object], object, object]] = {
    "windows combine their selectors with AND": ("3.0", lambda v: syncs(v, andOperator=True, namespaces=["other"]), False, True),
    "policies about ApplicationSets": ("3.0", lambda v: policy_problem("p", "r", "p, proj:p:r, applicationsets, get, p/*, allow", v) == "", False, True),
    "descriptions of windows have a limit": ("3.1", lambda v: refused(v, syncWindows=[window(description="x" * 256)]), False, True),
    "windows are told apart by all that they say": ("3.2", lambda v: refused(v, **TWO_WINDOWS), True, False),
    "hydrating to the root is refused": ("3.2", hydrates_to_the_root, True, False),
    "cluster-scoped kinds have names": (
        "3.3", lambda v: permits_kind(made(**NAMED), "", "Namespace", "other", namespaced=False, version=v).permitted, True, False,
    ),
    "in-cluster is found though a secret renames it": (
        "3.3",
        lambda v: not isinstance(resolve(Destination(name="in-cluster"), [Cluster("https://kubernetes.default.svc", "mgmt")], v), Unresolved),
        False, True,
    ),
    "two slashes are no expression": (
        "3.3", lambda v: permits_application_namespace(made(sourceNamespaces=["//"]), "team-a", version=v).permitted, True, False,
    ),
    "one slash is no crash": ("3.3", lambda v: permits_application_namespace(made(sourceNamespaces=["/"]), "team-a", version=v).permitted, None, False),
    "the first colon of a host begins the port": ("3.4", lambda v: normalize_git_url("https://host:1:2/x", v), "https://host:1:2/x", ""),
    "text before a bracketed address is refused": ("3.4", lambda v: normalize_git_url("https://a[::1]/x", v), "https://[::1]/x", ""),
    "a running sync may go on": ("3.5", lambda v: syncs(v, MIDNIGHT - HOUR, syncOverrun=True), False, True),
    "sourceIntegrity replaces signatureKeys": ("3.5", lambda v: len(effective_policies(made(**INTEGRITY), v)), 1, 0),
    "global projects add service accounts": ("3.5", merged_accounts, False, True),
    "a cluster denied by name is denied in the entry's namespace only": (
        "3.6",
        lambda v: permits_destination(
            made(destinations=[{"name": "!bad", "namespace": "other"}, {"server": "*", "namespace": "*"}]), Cluster("https://b", "bad"), "x", v
        ).permitted,
        False, True,
    ),
    "the action rollback": ("3.6", lambda v: policy_problem("p", "r", "p, proj:p:r, applications, rollback, p/*, allow", v) == "", False, True),
    "prefix and suffix of a glob may not overlap": (
        "3.6", lambda v: permits_destination(made(destinations=[{"server": "*", "namespace": "a*ant"}]), Cluster("https://b", ""), "ant", v).permitted,
        True, False,
    ),
    "a brace has to be closed": ("3.6", lambda v: permits_source(made(sourceRepos=["oci:{a,b"]), "oci:a", v).permitted, True, False),
    "two slashes after a scheme are escaped": ("3.6", lambda v: normalize_git_url("file:////x", v), "file:////x", "file://%2F/x"),
}  # fmt: skip
RELEASES = ("2.14", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5", "3.6")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_counts_from_its_release_on(change: str) -> None:
    since, question, before, after = CHANGES[change]
    number = RELEASES.index(since)
    assert [question(version) for version in RELEASES] == [before] * number + [after] * (len(RELEASES) - number)


@pytest.mark.parametrize(("version", "permitted"), [("3.5.6", True), ("3.5.7", False), ("3.4.12", True), ("v3.4.13", False), ("3.3.19", False)])
def test_a_change_that_came_to_older_releases_counts_from_their_patch_on(version: str, permitted: bool) -> None:
    assert permits_application_namespace(made(sourceNamespaces=["//"]), "team-a", version=version).permitted is permitted


def test_minor_versions_are_numbers_and_what_is_none_is_the_newest() -> None:
    assert at_least("3.10", (3, 9))
    assert at_least("v3.10.2", (3, 10))
    assert not at_least("3.9", (3, 10))
    assert at_least("main", (3, 99))


def test_a_glob_means_by_version_what_it_means_in_that_release() -> None:
    assert [match("a*ant", "ant", version=version) for version in ("2.14", "3.5", "3.6")] == [True, True, False]
