"""`gitguard report`: what bypassed git, as people and machines read it."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitguard.edges import ledger as writing
from gitguard.ledger.notes import Checkpoint, signed
from tests.conftest import ROOT, Result
from tests.ledgers import ORIGIN, WEB, Written, drift, heartbeat, intent, new, outcome

SCHEMA = Draft202012Validator(json.loads((ROOT / "schemas/report.schema.json").read_text()))
ALICE = {"name": "alice", "confidence": "authenticated", "kind": "human", "via": "kubectl"}


@pytest.fixture
def report(repository):
    def run(folder: object, *arguments: object) -> Result:
        return repository.gitguard("report", "--ledger", str(folder), *map(str, arguments))

    return run


@pytest.fixture
def told(report):
    """The JSON, which fits to its schema."""

    def run(folder: object, *arguments: object) -> dict[str, Any]:
        result = report(folder, "--format", "json", *arguments)
        assert result.err == ""
        SCHEMA.validate(result.report)
        assert result.code == (1 if result.report["incidents"] else 0)
        return result.report

    return run


def at(second: str) -> str:
    return f"2026-11-01T00:{second}Z"


def beat(minute: int, **more: Any) -> dict[str, Any]:
    return heartbeat(minute, time=at(f"{minute + 1:02d}:00"), **more)


def found(number: int, second: str, **more: Any) -> dict[str, Any]:
    by = more.pop("by", None)
    entry = drift(number, time=at(second), detected_at=at(second), **more)
    return {**entry, "actor": by} if by else entry


def ended(number: int, second: str, result: str = "reverted", **more: Any) -> dict[str, Any]:
    return {**outcome(number, result), "time": at(second), **({"reverted_at": at(second)} if result == "reverted" else {}), **more}


def answer(number: int, state: str, **more: Any) -> dict[str, Any]:
    return {"kind": "ack", "incident": f"incident-{number}", "state": state, "by": "bob", **more}


def ids(said: dict[str, Any]) -> list[str]:
    return [incident["id"] for incident in said["incidents"]]


def test_an_incident_is_told_from_the_change_to_the_answer(told, report, tmp_path) -> None:
    digest = f"sha256:{'a' * 64}"
    actor = {"name": "alice", "groups": ["team"], "kind": "human", "via": "kubectl", "source_ip": "192.0.2.7", "user_agent": "kubectl/v1.37"}
    first = found(
        1,
        "00:12",
        changed_at=at("00:10.25"),
        by={**actor, "confidence": "authenticated", "evidence": [digest]},
        changes=[
            {"path": "/spec/replicas", "class": "changed", "git": 2, "live": 5},
            {"path": "/data/password", "class": "changed", "git": {"hmac-sha256": "11"}, "live": {"hmac-sha256": "22"}},
            {"path": "/spec/template/spec/hostNetwork", "class": "added", "live": True},
        ],
        git={"commit": "0b1ab2f", "path": "apps/web.yaml", "repository": "https://example.com/config"},
        reason="declared fields are git's",
    )
    entries = [beat(0), first, intent(1), ended(1, "00:14.5"), answer(1, "expected", reason="hotfix"), beat(1)]
    ledger = new(tmp_path / "ledger", *[[entry] for entry in entries])
    said = told(ledger.folder)
    assert said["coverage"] == {"from": at("00:00"), "to": at("02:00"), "gaps": []}
    assert said["incidents"] == [
        {
            "id": "incident-1",
            "object": WEB,
            "cluster": "prod",
            "action": "update",
            "severity": "high",
            "actor": {**actor, "confidence": "authenticated", "evidence": [digest]},
            "changes": first["changes"],
            "git": {"commit": "0b1ab2f", "path": "apps/web.yaml"},
            "changed_at": at("00:10.25"),
            "detected_at": at("00:12"),
            "reverted_at": at("00:14.5"),
            "exposure_seconds": 4.25,
            "decision": "reverted",
            "review": {"state": "expected", "by": "bob"},
            "proof": {"index": 1, "checkpoint": ledger.checkpoint.decode()},
        }
    ]
    result = report(ledger.folder)
    assert result.code == 1
    assert result.out.splitlines() == [
        "high: update apps/v1 Deployment shop/web of prod (incident-1)",
        f"  when      changed {at('00:10.25')}, detected {at('00:12')}, reverted {at('00:14.5')}, exposed for 4.25 s",
        "  who       alice (human, authenticated), by kubectl, from 192.0.2.7",
        "  changed   /spec/replicas: 2 -> 5",
        "  changed   /data/password: (secret) -> (secret)",
        "  added     /spec/template/spec/hostNetwork: (none) -> true",
        "  decision  reverted: declared fields are git's",
        "  git       0b1ab2f:apps/web.yaml",
        "  review    expected by bob: hotfix",
        f"  proof     gitguard audit prove 1 --ledger {ledger.folder}",
        "",
        "1 incident",
        "  severity    1 high",
        "  decision    1 reverted",
        "  confidence  1 authenticated",
        "",
        f"watched from {at('00:00')} to {at('02:00')}, without a gap",
        "",
        f"gitguard audit verify --ledger {ledger.folder} verifies the log; this report does not",
    ]


@pytest.mark.parametrize(
    ("decided", "outcomes", "decision", "text"),
    [
        ("revert", ["reverted"], "reverted", "decision  reverted"),
        ("revert", ["failed", "reverted"], "reverted", "decision  reverted"),
        ("revert", ["failed"], "failed", "decision  failed: because of failed"),
        ("revert", ["reverted", "failed"], "failed", "decision  failed: because of failed"),
        ("revert", ["unknown"], "failed", "decision  failed: how it ended is not known: because of unknown"),
        ("revert", [], "failed", "decision  failed: no outcome was written"),
        ("revert", ["superseded"], "logged", "decision  logged (revert): git's word was back already: because of superseded"),
        ("hold", [], "logged", "decision  logged (hold)"),
        ("alert", [], "logged", "decision  logged (alert)"),
        ("log", [], "logged", "decision  logged\n"),
        ("excepted", [], "excepted", "decision  excepted\n"),
        ("observed", [], "observed", "decision  observed\n"),
    ],
)
def test_what_became_of_a_decision(told, report, tmp_path, decided, outcomes, decision, text) -> None:
    entries = [found(1, "00:10", decision=decided)]
    for number, result in enumerate(outcomes):
        entries += [intent(1), ended(1, f"00:{20 + number}", result, reason=f"because of {result}")]
    ledger = new(tmp_path / "ledger", entries)
    (incident,) = told(ledger.folder)["incidents"]
    assert incident["decision"] == decision
    reverted = at(f"00:{19 + len(outcomes)}") if decision == "reverted" else None
    assert (incident["reverted_at"], incident["exposure_seconds"]) == (reverted, 9.0 + len(outcomes) if reverted else None)
    assert text in report(ledger.folder).out


def test_an_incident_that_is_told_again_is_one_with_its_first_detection_and_its_newest_decision(told, tmp_path) -> None:
    again = found(1, "05:00", decision="revert", by=ALICE)
    entries = [found(1, "00:10", decision="hold", by={"name": "kubectl-edit", "confidence": "claimed"}), found(2, "00:20"), again]
    ledger = new(tmp_path / "ledger", [*entries, intent(1), ended(1, "05:01")])
    first, _ = told(ledger.folder)["incidents"]
    assert (first["id"], first["detected_at"], first["proof"]["index"]) == ("incident-1", at("00:10"), 0)
    assert (first["decision"], first["exposure_seconds"]) == ("reverted", 291.0)
    assert (first["actor"]["name"], first["actor"]["confidence"]) == ("alice", "authenticated")
    # It is there again, so what was done before did not end it.
    ledger.append([found(1, "06:00")])
    first, _ = told(ledger.folder)["incidents"]
    assert (first["decision"], first["reverted_at"], first["proof"]["index"]) == ("failed", None, 0)


def test_an_outcome_need_not_repeat_its_incident_and_an_act_of_that_name_may_come_again(told, tmp_path) -> None:
    short = {"kind": "outcome", "intent": "act-1", "result": "reverted", "reverted_at": at("00:15")}
    other = {**intent(2), "id": "act-1"}
    ledger = new(tmp_path / "ledger", [found(1, "00:10"), intent(1), short, found(2, "00:20"), other, {**short, "result": "failed"}])
    assert [incident["decision"] for incident in told(ledger.folder)["incidents"]] == ["reverted", "failed"]
    assert [incident["decision"] for incident in told(ledger.folder, "--incident", "incident-1")["incidents"]] == ["reverted"]


def test_what_nobody_knows_is_null_and_never_made_up(told, report, tmp_path) -> None:
    bare = {"kind": "drift", "id": "i", "object": {"apiVersion": "v1", "kind": "Namespace", "name": "a"}, "action": "delete", "decision": "revert"}
    announced = {"kind": "intent", "id": "a", "incident": "i", "act": "create", "object": bare["object"]}
    ledger = new(tmp_path / "ledger", [{**bare, "time": at("00:10")}, announced, {"kind": "outcome", "intent": "a", "result": "reverted"}])
    said = told(ledger.folder)
    assert said["coverage"] == {"from": None, "to": None, "gaps": []}
    (incident,) = said["incidents"]
    assert (incident["severity"], incident["changed_at"], incident["reverted_at"], incident["exposure_seconds"]) == (None, None, None, None)
    assert (incident["detected_at"], incident["decision"]) == (at("00:10"), "reverted")
    assert (incident["actor"]["name"], incident["actor"]["confidence"]) == ("unknown", "unknown")
    text = report(ledger.folder).out
    assert "unrated: delete v1 Namespace a (i)" in text
    assert "what is not above is not known: no heartbeat" in text


def test_a_clock_that_is_ahead_makes_no_exposure_of_less_than_nothing(told, tmp_path) -> None:
    ledger = new(tmp_path / "ledger", [found(1, "00:10", changed_at=at("00:30")), intent(1), ended(1, "00:11")])
    assert told(ledger.folder)["incidents"][0]["exposure_seconds"] == 0


def test_incidents_are_found_by_object_actor_id_and_time(told, tmp_path) -> None:
    api = {**WEB, "name": "api"}
    entries = [found(1, "01:00"), found(2, "02:00", actor="bob"), found(3, "03:00", about=api), found(1, "04:00"), intent(3), ended(3, "05:00")]
    ledger = new(tmp_path / "ledger", entries)

    def asked(*arguments: str) -> list[str]:
        return ids(told(ledger.folder, *arguments))

    assert asked() == ["incident-1", "incident-2", "incident-3"]
    assert asked("--object", "api") == asked("--object", "Deployment/shop/api") == ["incident-3"]
    assert asked("--object", "Secret/api") == []
    assert asked("--actor", "bob") == asked("--incident", "incident-2") == ["incident-2"]
    assert asked("--since", at("02:00")) == ["incident-2", "incident-3"]
    assert asked("--until", at("02:00")) == ["incident-1"]
    assert asked("--since", at("02:00"), "--until", at("03:00")) == ["incident-2"]
    # In whatever zone and form, and whatever else is known of an incident counts though it came later.
    assert asked("--since", "2026-11-01T01:02:30+01:00", "--until", "2026-11-02") == ["incident-3"]
    assert told(ledger.folder, "--until", at("04:00"))["incidents"][2]["decision"] == "reverted"


def test_who_is_only_suspected_by_an_entry_is_not_who_did_it(told, tmp_path) -> None:
    suspected = {"name": "mallory", "confidence": "claimed"}
    ledger = new(tmp_path / "ledger", [found(1, "00:10", by=suspected), found(1, "01:00", by=ALICE)])
    assert ids(told(ledger.folder, "--actor", "mallory")) == []
    assert ids(told(ledger.folder, "--actor", "alice")) == ["incident-1"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "--since yesterday"),
        (("--until", "2026-13-01"), "--until 2026-13-01"),
        (("--since", "2026-11-02", "--until", "2026-11-01"), "is not before"),
        (("--format", "csv"), "csv"),
        (("--output", "/nonexistent/report"), "/nonexistent/report"),
    ],
)
def test_a_wrong_command_line_is_said(report, tmp_path, arguments, message) -> None:
    result = report(new(tmp_path / "ledger", [beat(0)]).folder, *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_report_is_written_into_a_file(report, tmp_path) -> None:
    ledger, file = new(tmp_path / "ledger", [beat(0), found(1, "00:10")]), tmp_path / "report.json"
    result = report(ledger.folder, "--format", "json", "--output", file)
    assert (result.code, result.out) == (1, "")
    assert ids(json.loads(file.read_text())) == ["incident-1"]


def test_silence_is_told_from_blindness(told, report, tmp_path) -> None:
    quiet = new(tmp_path / "quiet", [beat(0), beat(1)]).folder
    assert told(quiet)["incidents"] == []
    assert f"no drift, and it was watched from {at('00:00')} to {at('02:00')}\n" in report(quiet).out
    gap = {"from": at("04:10"), "to": at("05:00"), "why": "the audit was not read"}
    blind = new(tmp_path / "blind", [beat(0), beat(3), beat(4, gaps=[gap]), beat(5, gaps=[{**gap, "from": at("05:00"), "to": at("05:30")}])]).folder
    gaps = [{"from": at("01:00"), "to": at("03:00"), "why": "no heartbeat"}, {**gap, "to": at("05:30")}]
    assert told(blind)["coverage"] == {"from": at("00:00"), "to": at("06:00"), "gaps": gaps}
    result = report(blind)
    assert result.code == 0
    assert f"no drift was recorded; watched from {at('00:00')} to {at('06:00')}, but not all is known of\n" in result.out
    assert f"  {at('01:00')} to {at('03:00')}: no heartbeat\n  {at('04:10')} to {at('05:30')}: the audit was not read\n" in result.out


def test_what_was_asked_for_and_not_watched_is_told(told, report, tmp_path) -> None:
    ledger = new(tmp_path / "ledger", [beat(minute) for minute in (5, 6, 7, 8)]).folder
    # The heartbeat that is cut by the end was written after it.
    assert told(ledger, "--since", at("06:30"), "--until", at("08:30"))["coverage"] == {"from": at("06:30"), "to": at("08:30"), "gaps": []}
    text = report(ledger, "--since", at("04:00"), "--until", at("10:00")).out
    assert f"  {at('04:00')} to {at('05:00')}: no heartbeat\n  {at('09:00')} to {at('10:00')}: no heartbeat\n" in text
    before = ("--until", at("04:00"))
    assert told(ledger, *before)["coverage"] == {"from": None, "to": None, "gaps": []}
    assert "no drift was recorded: no heartbeat tells that anybody watched in that time" in report(ledger, *before).out


def test_a_cluster_that_nobody_watches_any_more_is_not_covered_by_another(told, tmp_path) -> None:
    beats = [beat(minute, cluster=cluster) for minute in range(6) for cluster in ("a", "b") if cluster == "a" or minute < 2]
    assert told(new(tmp_path / "ledger", beats).folder)["coverage"] == {
        "from": at("00:00"),
        "to": at("06:00"),
        "gaps": [{"from": at("02:00"), "to": at("06:00"), "why": "b: no heartbeat"}],
    }


def test_names_are_shown_and_not_obeyed(told, report, tmp_path) -> None:
    nasty = "a\x1b[2J\x9b\u202e\r\nhigh: b\u2028"
    about = {"apiVersion": nasty, "kind": nasty, "namespace": nasty, "name": nasty, "uid": nasty}
    actor = {"name": nasty, "confidence": "claimed", "source_ip": nasty, "user_agent": nasty}
    change = {"path": nasty, "class": "changed", "git": {nasty: [nasty]}, "live": nasty}
    git = {"commit": nasty, "path": nasty}
    act = {**intent(1), "incident": nasty}
    entry = found(1, "00:10", id=nasty, object=about, cluster=nasty, by=actor, changes=[change], git=git, reason=nasty)
    said = [act, ended(1, "00:20", "failed", incident=nasty, reason=nasty), {**answer(1, "violation", reason=nasty), "incident": nasty, "by": nasty}]
    gap = {"from": at("00:10"), "to": at("00:20"), "why": nasty}
    ledger = new(tmp_path / "ledger", [beat(0, cluster=nasty, gaps=[gap]), entry, *said])
    result = report(ledger.folder)
    assert result.code == 1
    assert [character for character in result.out if not character.isprintable() and character != "\n"] == []
    assert [line for line in result.out.splitlines() if line.startswith("high")] == result.out.splitlines()[:1]
    assert told(ledger.folder)["incidents"][0]["actor"]["name"] == nasty


def test_long_values_and_many_fields_are_cut_for_people_only(told, report, tmp_path) -> None:
    changes = [{"path": f"/data/{number}", "class": "added", "live": "x" * 1_000} for number in range(30)]
    ledger = new(tmp_path / "ledger", [found(1, "00:10", changes=changes)])
    assert told(ledger.folder)["incidents"][0]["changes"] == changes
    text = report(ledger.folder).out
    assert max(map(len, text.splitlines())) < 300
    assert f"  and 10 more fields: gitguard audit show 0 --ledger {ledger.folder}" in text


def test_a_ledger_that_can_not_be_read_is_said(report, tmp_path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        result = report(folder)
        assert (result.code, result.out) == (3, "")
        assert "there is no checkpoint" in result.err
    ledger = new(tmp_path / "ledger", [beat(0), found(1, "00:10")])
    next((ledger.folder / "tile/entries/000.p").iterdir()).unlink()
    result = report(ledger.folder)
    assert (result.code, "gitguard audit verify" in result.err) == (3, True)


def test_a_ledger_without_entries_has_no_incidents_and_tells_that_nobody_watched(told, tmp_path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    nothing = Checkpoint(ORIGIN, 0, bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"))
    (folder / "checkpoint").write_bytes(signed(nothing.text(), [writing.new_key(ORIGIN)]))
    assert told(folder) == {"version": 1, "coverage": {"from": None, "to": None, "gaps": []}, "incidents": []}


def test_entries_that_gitguard_has_not_written_are_refused(report, tmp_path) -> None:
    folder = tmp_path / "ledger"
    key = writing.new_key(ORIGIN)
    written = Written(folder, key)
    with writing.writing(written.store, key, lambda entry: "") as writer:
        writer.append([{**found(1, "00:10"), "actor": "alice\u202e"}])
    result = report(folder)
    assert (result.code, result.out, "\u202e" in result.err) == (3, "", False)
    assert "entry 0 is none that a ledger has: `actor`" in result.err


def test_a_ledger_of_several_bundles_is_reported_whole(told, tmp_path) -> None:
    entries: list[dict[str, Any]] = []
    for number in range(250):
        minute = f"{number // 60:02d}:{number % 60:02d}"
        entries += [found(number, minute), intent(number), ended(number, minute)]
    ledger = new(tmp_path / "ledger", entries, [beat(9), *[answer(number, "expected") for number in range(0, 250, 2)]])
    said = told(ledger.folder)
    assert ids(said) == [f"incident-{number}" for number in range(250)]
    assert {incident["decision"] for incident in said["incidents"]} == {"reverted"}
    assert [incident["review"]["state"] for incident in said["incidents"]] == ["expected", "open"] * 125
    assert [incident["proof"]["index"] for incident in said["incidents"]] == list(range(0, 750, 3))


def test_the_page_names_every_field(told, tmp_path) -> None:
    page = Path(ROOT / "docs/report.md").read_text()
    (incident,) = told(new(tmp_path / "ledger", [beat(0), found(1, "00:10")]).folder)["incidents"]
    assert [field for field in incident if f"`{field}`" not in page] == []
