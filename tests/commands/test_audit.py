"""`gitguard audit`: the ledger as an auditor sees it."""

import json
import stat

import pytest

from gitguard.edges import ledger as writing
from tests.conftest import Result
from tests.ledgers import ORIGIN, STORY, WEB, Written, drift, heartbeat, intent, new


@pytest.fixture
def ledger(tmp_path) -> Written:
    return new(tmp_path / "ledger", *[[entry] for entry in STORY])


@pytest.fixture
def audit(repository):
    def run(*arguments: object) -> Result:
        return repository.gitguard("audit", *map(str, arguments))

    return run


def test_an_intact_ledger_is_told_with_its_head_and_the_key_that_it_was_checked_with(audit, ledger) -> None:
    result = audit("verify", "--ledger", ledger.folder, "--key", ledger.verifier)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"intact: {ledger.folder}: {len(STORY)} entries, root ")
    assert str(ledger.verifier) in result.out
    assert "lies in the ledger itself" not in result.out
    own = audit("verify", "--ledger", ledger.folder)
    assert own.code == 0
    assert "which lies in the ledger itself" in own.out
    report = json.loads(audit("verify", "--ledger", ledger.folder, "--format", "json").out)
    assert (report["version"], report["verdict"], report["checkpoint"]["size"], report["problems"]) == (1, "intact", len(STORY), [])


def test_a_changed_entry_is_named(audit, ledger) -> None:
    bundle = ledger.folder / "tile/entries/000.p" / str(len(STORY))
    bundle.write_bytes(bundle.read_bytes().replace(b"alice", b"carol"))
    result = audit("verify", "--ledger", ledger.folder)
    assert result.code == 1
    assert "modified: entry 1" in result.out
    assert "not intact" in result.out
    assert audit("prove", 1, "--ledger", ledger.folder).code == 3


def test_another_key_and_a_checkpoint_of_another_log_are_told(audit, ledger, tmp_path) -> None:
    other = new(tmp_path / "other", [heartbeat(0)], origin="example.com/other")
    result = audit("verify", "--ledger", ledger.folder, "--key", other.verifier)
    assert result.code == 1
    assert f"it is not signed by {other.verifier}" in result.out
    result = audit("verify", "--ledger", ledger.folder, "--anchor", other.folder / "checkpoint")
    assert result.code == 3
    assert "it is of another log, example.com/other" in result.out


def test_a_remembered_checkpoint_shows_what_was_cut_off_or_written_anew(audit, ledger, tmp_path) -> None:
    anchor = tmp_path / "anchor"
    anchor.write_bytes(ledger.checkpoint)
    ledger.append([heartbeat(2)])
    assert audit("verify", "--ledger", ledger.folder, "--anchor", anchor).code == 0
    rewritten = Written(tmp_path / "rewritten", ledger.key).append([heartbeat(0), heartbeat(1)])
    result = audit("verify", "--ledger", rewritten.folder, "--key", ledger.verifier, "--anchor", anchor)
    assert result.code == 1
    assert f"truncated: checkpoint: the log has 2 entries, and had {len(STORY)}" in result.out
    rewritten.append([drift(number) for number in range(8)])
    folder = tmp_path / "anchors"
    folder.mkdir()
    anchor.rename(folder / "first")
    result = audit("verify", "--ledger", rewritten.folder, "--key", ledger.verifier, "--anchor", folder)
    assert result.code == 1
    assert "forked" in result.out


def test_acts_without_end_and_times_that_nobody_watched_are_told_and_change_no_exit_code(audit, ledger) -> None:
    gap = {"from": "2026-11-01T00:06:00Z", "to": "2026-11-01T00:06:30Z", "why": "the watch was closed (410)"}
    ledger.append([intent(3), heartbeat(5), heartbeat(6, gaps=[gap])])
    result = audit("verify", "--ledger", ledger.folder)
    assert result.code == 0
    assert f"note unfinished: entry {len(STORY)}: the act act-3 was announced" in result.out
    assert "nothing is known of cluster prod between 2026-11-01T00:02:00Z and 2026-11-01T00:05:00Z" in result.out
    assert "the watch was closed (410)" in result.out


def test_what_could_not_be_looked_at_is_never_called_intact(audit, tmp_path) -> None:
    for folder, message in ((tmp_path / "missing", "key.pub"), (tmp_path, "key.pub")):
        result = audit("verify", "--ledger", folder)
        assert result.code == 3
        assert message in result.err
    key = writing.new_key(ORIGIN).verifier
    result = audit("verify", "--ledger", tmp_path, "--key", key)
    assert result.code == 3
    assert "checkpoint: there is none: this is no ledger" in result.out
    assert "can't tell" in result.out


@pytest.mark.parametrize("key", ["nonsense", "a+b+c", "example.com/x+00000000+AQZ1Eib8Z+q0x9MelAVVqTLI1iNlBeRrACduWa1A0imW"])
def test_a_key_that_is_none_is_a_usage_error(audit, ledger, key) -> None:
    result = audit("verify", "--ledger", ledger.folder, "--key", key)
    assert result.code == 2
    assert "--key" in result.err


def test_one_entry_is_proven_by_one_file(audit, ledger, tmp_path) -> None:
    file = tmp_path / "one.tlog-proof"
    assert audit("prove", 1, "--ledger", ledger.folder, "--output", file).code == 0
    result = audit("verify", "--proof", file, "--key", ledger.verifier)
    assert (result.code, result.out.splitlines()[0]) == (0, f"proven: entry 1 of {len(STORY)} of {ORIGIN}")
    assert '"alice"' in result.out
    lines = file.read_text().split("\n")
    assert (lines[0], lines[2]) == ("c2sp.org/tlog-proof@v1", "index 1")
    for number, line in enumerate(lines):
        if number != 0 and line and "—" not in line:
            changed = line[:-2] + ("B" if line[-2] != "B" else "C") + line[-1] if len(line) > 2 else line + "1"
            file.write_text("\n".join([*lines[:number], changed, *lines[number + 1 :]]))
            broken = audit("verify", "--proof", file, "--key", ledger.verifier)
            assert broken.code in (1, 3), line
            assert "not proven" in broken.out
    assert audit("prove", 99, "--ledger", ledger.folder).code == 2
    assert audit("verify", "--proof", file).code == 2


def test_entries_are_found_by_object_actor_kind_incident_and_time(audit, ledger) -> None:
    def found(*arguments: str) -> list[int]:
        result = audit("show", "--ledger", ledger.folder, "--format", "json", *arguments)
        assert result.code == 0, result.err
        return [json.loads(line)["index"] for line in result.out.splitlines()]

    assert found() == list(range(len(STORY)))
    assert found("--limit", "2") == [6, 7]
    assert found("--object", "web") == found("--object", "Deployment/web") == found("--object", "Deployment/shop/web") == [1, 2, 3, 5, 6, 7]
    assert found("--object", "Deployment/other/web") == found("--object", "Secret/web") == []
    assert found("--actor", "bob") == [5]
    assert found("--kind", "heartbeat") == [0, 4]
    assert found("--incident", "incident-2") == [5, 6, 7]
    assert found("--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z") == []
    assert found("5") == [5]
    # The index grows with the log, and is made anew where the log is another one.
    ledger.append([drift(9, actor="bob")])
    assert found("--actor", "bob") == [5, 8]
    for file in ledger.folder.rglob("*"):
        if file.is_file() and file.name != "key.pub":
            file.unlink()
    ledger.append([drift(9, actor="bob")])
    assert found("--actor", "bob") == [0]


def test_entries_are_shown_without_control_characters(audit, ledger) -> None:
    ledger.append([drift(3, actor="mallory\x1b[31m", about={**WEB, "name": "a\nb"})])
    result = audit("show", "--ledger", ledger.folder, "--limit", "1")
    assert "mallory" in result.out
    assert "\x1b" not in result.out


def test_exports_are_json_lines_or_ocsf(audit, ledger) -> None:
    lines = [json.loads(line) for line in audit("export", "--ledger", ledger.folder).out.splitlines()]
    assert [line["entry"]["kind"] for line in lines] == [entry["kind"] for entry in STORY]
    events = [json.loads(line) for line in audit("export", "--ledger", ledger.folder, "--format", "ocsf").out.splitlines()]
    assert [event["type_uid"] for event in events] == [600303, 700103, 700103, 600303, 700103, 700103]
    call, announced, ended = events[:3]
    assert announced["unmapped"]["resources"][0]["name"] == "web"
    assert (call["actor"]["user"]["name"], call["src_endpoint"]["ip"], call["severity"]) == ("alice", "192.0.2.7", "High")
    assert {event["metadata"]["correlation_uid"] for event in (call, announced, ended)} == {"incident-1"}
    assert announced["command_uid"] == ended["command_uid"] == "act-1"
    assert (ended["status"], events[-1]["status"]) == ("Success", "Failure")


def test_keys_are_made_shown_and_handed_over(audit, tmp_path) -> None:
    folder, private = tmp_path / "fresh", tmp_path / "fresh.key"
    made = audit("key", "create", "--ledger", folder, "--name", ORIGIN)
    assert made.code == 0
    first = made.out.strip()
    assert audit("key", "show", "--ledger", folder).out.strip() == first
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert audit("key", "create", "--ledger", folder, "--name", ORIGIN).code == 3
    assert audit("key", "create", "--ledger", tmp_path / "x", "--name", "has space").code == 2
    written = Written(folder, writing.read_key(private)).append([heartbeat(0)])
    old_head = tmp_path / "old"
    old_head.write_bytes(written.checkpoint)
    second = audit("key", "rotate", "--ledger", folder).out.strip()
    assert second != first
    assert audit("key", "show", "--ledger", folder).out.strip() == second
    Written(folder, writing.read_key(private)).append([heartbeat(1)])
    # Whoever trusts the first key follows it to the second; and the anchor that the first one signed still counts.
    for key in (first, second):
        assert audit("verify", "--ledger", folder, "--key", key).code == 0
    assert audit("verify", "--ledger", folder, "--key", first, "--anchor", old_head).code == 0
    private.chmod(0o644)
    refused = audit("key", "rotate", "--ledger", folder)
    assert refused.code == 3
    assert "others may read it" in refused.err


def test_the_private_key_is_in_no_output_and_not_in_the_ledger(audit, ledger) -> None:
    secret = ledger.private.read_text().strip()
    printed = [
        audit(*words, "--ledger", ledger.folder) for words in (("verify",), ("show",), ("export",), ("anchor",), ("key", "show"), ("prove", 0))
    ]
    seed = secret.split("+", 4)[4]
    assert not any(seed in result.out + result.err for result in printed)
    assert not any(seed.encode() in file.read_bytes() for file in ledger.folder.rglob("*") if file.is_file())


def test_what_can_not_be_read_is_said_without_a_traceback(audit, ledger) -> None:
    bundle = ledger.folder / "tile/entries/000.p" / str(len(STORY))
    bundle.unlink()
    for words in (("show",), ("show", "--actor", "bob"), ("export",), ("prove", 0)):
        result = audit(*words, "--ledger", ledger.folder)
        assert (result.code, "gitguard audit verify" in result.err) == (3, True), (words, result)
    (ledger.folder / "checkpoint").write_bytes(b"\xff\x00")
    for words in (("show",), ("anchor",), ("export",)):
        assert audit(*words, "--ledger", ledger.folder).code == 3
    result = audit("verify", "--ledger", ledger.folder)
    assert (result.code, "checkpoint" in result.out) == (1, True)


def test_a_private_key_does_not_show_where_values_are_printed(ledger) -> None:
    assert ledger.key.seed.hex() not in repr(ledger)
    assert repr(ledger.key.seed) not in repr(ledger)
