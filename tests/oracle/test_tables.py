"""The tables of Argo CD's own tests, and of its glob library's, read from their sources and answered by gitguard."""

import json
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gitguard.argo.accounts import account_problem
from gitguard.argo.destinations import permits_destination
from gitguard.argo.glob import compiles, match, permits
from gitguard.argo.integrity import effective_policies
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.policies import group_problem, policy_problem, role_name_problem
from gitguard.argo.projects import project as read_project
from gitguard.argo.repository import same_url
from gitguard.argo.sources import permits_source
from gitguard.argo.validation import refusals
from gitguard.argo.windows import WindowError, is_active
from gitguard.model.argo import AccountEntry, Cluster, Project, SyncWindow
from tests.oracle import beds

pytestmark = pytest.mark.testbed
ARGOCD = "github.com/argoproj/argo-cd/v3"
GOBWAS = "github.com/gobwas/glob"
FILES = {
    ARGOCD: ("pkg/apis/application/v1alpha1/types_test.go", "util/git/git_test.go", "util/glob/glob_test.go"),
    GOBWAS: ("glob_test.go", "issues_test.go"),
}
Row = Any
# A row's question and the answer that the table wants; both are compared.
Answer = tuple[Any, Any]


@pytest.fixture(scope="module")
def tables(testbed: Callable[[str], Path]) -> dict[str, list[list[Row]]]:
    """The tables of each test function, in order."""
    program, found = testbed("argocd"), dict[str, list[list[Row]]]()
    for module, files in FILES.items():
        folder = beds.module(beds.HERE / "argocd", module)
        done = subprocess.run([str(program), *(str(folder / file) for file in files)], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            table = json.loads(line)
            found.setdefault(table["function"], []).append(table["rows"])
    return found


def lowered(item: dict[str, Any]) -> dict[str, Any]:
    """Go's field names as the manifest's keys."""
    return {key[0].lower() + key[1:]: value for key, value in item.items()}


def project(**spec: Any) -> Project:
    return read_project({"metadata": {"name": "p"}, "spec": spec})


def source(row: Row) -> Answer:
    return permits_source(project(sourceRepos=row["projSources"]), row["appSource"]).permitted, row["isPermitted"]


def destination(row: Row) -> Answer:
    wanted = row["appDest"]
    scoped = [Cluster(item.get("Server", ""), item.get("Name", ""), "p") for item in row.get("clusters", ())]
    made = project(destinations=[lowered(item) for item in row["projDest"]], permitOnlyProjectScopedClusters="clusters" in row)
    cluster = Cluster(wanted.get("Server", ""), wanted.get("Name", ""))
    return permits_destination(made, cluster, wanted.get("Namespace", ""), clusters=scoped).permitted, row["isPermitted"]


def negating_glob(row: Row) -> Answer:
    asked = permits if row["allowNegation"] else match
    return asked(row["pattern"], row["val"]), row["expected"]


def wrapped_glob(row: Row) -> Answer:
    return match(row["pattern"], row["input"]), row["result"]


def listed_glob(row: Row) -> Answer | None:
    if row["patternMatch"]["expression"] != "REGEXP":
        return None
    verdict = permits_application_namespace(project(sourceNamespaces=row["list"]), row["input"])
    return verdict.permitted, row["result"]


def policy_object(row: Row) -> Answer:
    return not policy_problem("some-project", "r", f"p, proj:some-project:r, applications, get, {row['policy']}, allow"), row["isValid"]


def policy_action(row: Row) -> Answer:
    return not policy_problem("p", "r", f"p, proj:p:r, applications, {row['action']}, p/*, allow"), row["want"]


def refused_policy(row: Row) -> Answer:
    return bool(policy_problem("my-proj", "my-role", row[0])), True


def accepted_policy(row: Row) -> Answer:
    return policy_problem("my-proj", "my-role", row), ""


def group(row: Row) -> Answer:
    return not group_problem(row["groupname"]), row["isvalid"]


def account(row: Row) -> Answer:
    entry = AccountEntry(row["server"], row["namespace"], row["defaultServiceAccount"])
    found = refusals(Project("p", destination_service_accounts=(entry,)))
    return bool(found) or bool(account_problem(entry.account)), bool(row["expectedErrMsg"])


def url(row: Row) -> Answer:
    return same_url(*row), True


def pattern(row: Row) -> Answer | None:
    text, separators = row.get("str", ""), row.get("sep") or []
    if not isinstance(row["pat"], str) or (isinstance(text, dict) and "call" not in text):
        return None
    if isinstance(text, dict):
        text = text["arguments"][0] * int(text["arguments"][1])
    return match(row["pat"], text, "".join(separator[1:-1] for separator in separators)), row.get("exp", False)


def broken_pattern(row: Row) -> Answer | None:
    # The row with invalid UTF-8 does not survive JSON, and neither would it YAML.
    return None if "\ufffd" in row["pat"] else (bool(compiles(row["pat"])), True)


def moment(call: dict[str, Any]) -> datetime:
    hour, zone = call["arguments"]
    if isinstance(hour, dict):
        first, _, second = hour["expression"].split()
        hour = int(first) - int(second)
    offset = timedelta(hours=4) if zone["expression"] == "utcM4Zone" else timedelta()
    return datetime(2027, 6, 15, tzinfo=UTC) + timedelta(hours=int(hour)) + offset


def window(call: dict[str, Any]) -> SyncWindow:
    kind, schedule, duration, *zone = call["arguments"]
    return SyncWindow(kind, schedule, duration, time_zone=zone[0] if zone else "")


def is_open(made: SyncWindow, call: dict[str, Any]) -> bool:
    at = int(moment(call).timestamp()) * 1_000_000_000
    return is_active(made, at, at)


def windows(row: Row, *, wanted: bool) -> Answer:
    made = [window(call) for call in row["syncWindow"]]
    try:
        chosen = [item for item in made if is_open(item, row["currentTime"]) == wanted and (wanted or item.kind == "allow")]
    except WindowError:
        return True, row.get("isErr", False)
    expected = int(row.get("expectedLength", 0))
    index = int(row.get("matchingIndex", 0))
    return (len(chosen), chosen[:1]), (expected, [made[index]] if expected else [])


def one_window(row: Row) -> Answer:
    try:
        return is_open(window(row["syncWindow"]), row["currentTime"]), row.get("expectedResult", False)
    except WindowError:
        return True, row.get("isErr", False)


# Rows that are about something else than AppProjects: exact and glob lists, invalid UTF-8, a pattern made by a call.
UNASKED = {"Test_MatchList": 9, "TestCompileErrors": 1, "TestPatternMatch": 1}
# The test function, how many rows its table has (it is the one with the most), and how to answer one.
TABLES: dict[str, tuple[int, Callable[[Row], Answer | None]]] = {
    "TestAppProject_IsSourcePermitted": (16, source),
    "TestAppProject_IsNegatedSourcePermitted": (14, source),
    "TestAppProject_IsDestinationPermitted": (12, destination),
    "TestAppProject_IsNegatedDestinationPermitted": (22, destination),
    "TestAppProject_IsDestinationPermitted_PermitOnlyProjectScopedClusters": (6, destination),
    "TestGlobMatch": (8, negating_glob),
    "Test_Match": (6, wrapped_glob),
    "Test_MatchList": (13, listed_glob),
    "Test_isValidPolicyObject": (10, policy_object),
    "TestIsValidAction": (15, policy_action),
    "TestAppProject_InvalidPolicyRules": (18, refused_policy),
    "TestAppProject_ValidPolicyRules": (19, accepted_policy),
    "Test_validateGroupName": (17, group),
    "TestAppProject_ValidateDestinationServiceAccount": (14, account),
    "TestSameURL": (19, url),
    "TestPatternMatch": (110, pattern),
    "TestOpenIssues": (35, pattern),
    "TestCompileErrors": (6, broken_pattern),
    "TestSyncWindows_Active": (13, lambda row: windows(row, wanted=True)),
    "TestSyncWindows_InactiveAllows": (15, lambda row: windows(row, wanted=False)),
    "TestSyncWindow_Active": (12, one_window),
}


@pytest.mark.parametrize("function", TABLES)
def test_the_rows_of_an_upstream_table(tables: dict[str, list[list[Row]]], function: str) -> None:
    rows = max(tables[function], key=len)
    number, answer = TABLES[function]
    assert len(rows) == number
    answers = [(answer(row), row) for row in rows]
    answered = [(said, row) for said, row in answers if said is not None]
    assert [row for said, row in answered if said[0] != said[1]] == []
    assert len(rows) - len(answered) == UNASKED.get(function, 0)


def test_role_names_that_argocd_refuses_and_accepts(tables: dict[str, list[list[Row]]]) -> None:
    refused, accepted = tables["TestAppProject_ValidateRoleName"]
    assert (len(refused), len(accepted)) == (10, 2)
    assert all(role_name_problem(name) for name in refused)
    assert not any(role_name_problem(name) for name in accepted)


def test_group_names_that_argocd_refuses(tables: dict[str, list[list[Row]]]) -> None:
    refused = max(tables["TestAppProject_ValidateGroupName"], key=len)
    assert len(refused) == 8
    assert all(group_problem(name) for name in refused)


def legacy_keys(items: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [{"keyID": item["KeyID"]} for item in items]


def test_signature_keys_become_a_policy_unless_there_is_one(tables: dict[str, list[list[Row]]]) -> None:
    rows = max(tables["TestAppProject_EffectiveSourceIntegrity"], key=len)
    assert len(rows) == 5
    assert effective_policies(project()) == ()
    ((only,),) = (effective_policies(project(signatureKeys=[{"keyID": "LEGACY"}])),)
    assert (only.repos, only.mode, only.keys) == (("*",), "head", ("LEGACY",))
    assert effective_policies(project(signatureKeys=[{"keyID": "LEGACY"}], sourceIntegrity={})) == (only,)
    assert effective_policies(project(signatureKeys=[{"keyID": "LEGACY"}], sourceIntegrity={"git": {"policies": []}})) == ()
