"""Acts are announced and ended; who opens a ledger again is told which were not; clocks that jump do no harm; secrets lie in files of their own."""

import itertools
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitguard.edges.ledger import Writer, new_key, read_key, redaction_key, rotated, write_key, writing
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_index import Index, Query, entries
from gitguard.edges.ledger_places import judge
from gitguard.edges.ledger_store import LedgerUnwritable
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import Signer, checkpoint, note
from gitguard.ledger.tiles import CHECKPOINT
from gitguard.ledger.verification import Verdict, verified

KEY = Signer("example.com/acts", b"\x01" * 32)
OBJECT = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "web", "name": "web"}
JUDGE = judge()
HEARTBEAT = {"kind": "heartbeat", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:05:00Z"}


class CountedStore(LocalStore):
    """A ledger in a folder that counts what is read of it, and can be told that its disk is full, or fails when all is done."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.reads: list[str] = []
        self.full = False
        self.late = False

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        return super().read(path)

    def commit(self, files: Any, checkpoint: bytes, previous: bytes | None) -> None:
        if self.full:
            raise OSError(28, "No space left on device", str(self.folder / "tile"))
        super().commit(files, checkpoint, previous)
        if self.late:
            raise OSError(5, "Input/output error")


@pytest.fixture
def store(tmp_path: Path) -> CountedStore:
    return CountedStore(tmp_path / "ledger")


def intent(act: str) -> dict[str, Any]:
    return {"kind": "intent", "id": act, "incident": f"incident-{act}", "act": "update", "object": OBJECT}


def outcome(act: str, result: str = "reverted") -> dict[str, Any]:
    return {"kind": "outcome", "intent": act, "result": result}


def drift(name: str) -> dict[str, Any]:
    return {"kind": "drift", "id": name, "object": OBJECT, "action": "update", "decision": "revert"}


def verdict(store: LocalStore) -> Verdict:
    return verified(store.read, KEY.verifier, judge=JUDGE)


def held(store: LocalStore) -> list[Mapping[str, Any]]:
    found = verdict(store)
    assert found.is_intact, found.problems
    assert found.checkpoint is not None
    return [json.loads(data) for _, data in entries(store, found.checkpoint.size)]


def test_acts_without_an_outcome_are_told_to_who_opens_the_ledger_again(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.append([intent("a"), drift("x"), intent("b"), outcome("a"), intent("c")])
    with writing(store, KEY, JUDGE) as writer:
        assert [one["id"] for one in writer.unfinished()] == ["b", "c"]
        assert writer.unfinished()[0]["object"] == OBJECT
        writer.append([outcome("b", "superseded"), outcome("c", "unknown")])
        assert writer.unfinished() == ()
    assert [remark for remark in verdict(store).remarks if remark.what == "unfinished"] == []


def test_the_index_knows_the_same_acts(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.append([intent(f"act-{number}") for number in range(300)])
        writer.append([outcome(f"act-{number}") for number in range(300) if number % 7])
        writer.append([HEARTBEAT, intent("again"), outcome("again"), intent("again")])
        head = checkpoint(note(writer.head).text)
    with writing(store, KEY, JUDGE) as writer:
        told = [one["id"] for one in writer.unfinished()]
    index = Index(store, head, None)
    stored = held(store)
    assert told == [stored[number]["id"] for number in index.unfinished()]
    index.close()


def test_nothing_is_read_before_the_last_heartbeat_but_what_it_lists(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.append([drift("x"), intent("old"), *(drift(f"drift-{number}") for number in range(5000)), intent("older"), outcome("older")])
        writer.append([HEARTBEAT])
        writer.append([drift("y"), intent("new")])
    store.reads.clear()
    with writing(store, KEY, JUDGE) as writer:
        store.reads.clear()
        assert [one["id"] for one in writer.unfinished()] == ["old", "new"]
        assert len(store.reads) <= 3
    assert [entry["unfinished"] for entry in held(store) if entry["kind"] == "heartbeat"] == [[1]]


def test_a_heartbeat_lists_what_is_open_whatever_the_caller_says(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.append([intent("a"), {**HEARTBEAT, "unfinished": [17]}, outcome("a"), HEARTBEAT])
    assert [entry["unfinished"] for entry in held(store) if entry["kind"] == "heartbeat"] == [[0], []]


@pytest.mark.parametrize("entry", [outcome("never"), outcome("ended"), intent("open")])
def test_entries_that_would_make_the_log_wrong_for_ever_are_refused(store: CountedStore, entry: dict[str, Any]) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.append([intent("ended"), outcome("ended"), intent("open")])
        with pytest.raises(LedgerError, match="announced"):
            writer.append([drift("with it"), entry])
        writer.append([outcome("open")])
    assert len(held(store)) == 4


def test_an_act_that_can_not_be_announced_is_not_done(store: CountedStore) -> None:
    done: list[str] = []
    with writing(store, KEY, JUDGE) as writer:
        writer.append([drift("x")])
        store.full = True
        with pytest.raises(LedgerUnwritable) as caught:
            writer.perform(intent("a"), lambda: done.append("a") or {"result": "reverted"})
        assert not caught.value.acted
        assert str(caught.value) == (
            f"{store}/tile: the ledger can't be written (No space left on device): nothing was done; make room or repair the disk, and the writer goes "
            "on from there"
        )
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.errno == 28
        store.full = False
        assert writer.unfinished() == ()
        writer.perform(intent("a"), lambda: done.append("a") or {"result": "reverted"})
    assert done == ["a"]
    assert [entry["kind"] for entry in held(store)] == ["drift", "intent", "outcome"]


def test_an_act_whose_outcome_can_not_be_written_is_unfinished(store: CountedStore) -> None:
    def act() -> dict[str, str]:
        store.full = True
        return {"result": "reverted"}

    with writing(store, KEY, JUDGE) as writer:
        with pytest.raises(LedgerUnwritable, match="the act was done, and its outcome is not in the ledger") as caught:
            writer.perform(intent("a"), act)
        assert caught.value.acted
        store.full = False
        assert [one["id"] for one in writer.unfinished()] == ["a"]
        writer.append([outcome("a")])
    assert [entry["kind"] for entry in held(store)] == ["intent", "outcome"]


def test_an_act_during_which_the_ledger_was_closed_is_told(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer, pytest.raises(LedgerUnwritable, match="closed") as caught:
        writer.perform(intent("a"), lambda: writer.close() or {"result": "reverted"})
    assert caught.value.acted


def test_an_act_that_fails_is_unknown(store: CountedStore) -> None:
    def act() -> dict[str, str]:
        raise TimeoutError("the API server")

    with writing(store, KEY, JUDGE) as writer, pytest.raises(TimeoutError):
        writer.perform(intent("a"), act)
    assert [(entry.get("result"), entry.get("reason")) for entry in held(store)[1:]] == [("unknown", "TimeoutError while it was done")]


@pytest.mark.parametrize("said", [{}, {"result": "splendid"}, {"result": "reverted", "reason": "x" * 70_000}])
def test_an_act_whose_outcome_is_none_is_unknown(store: CountedStore, said: dict[str, str]) -> None:
    with writing(store, KEY, JUDGE) as writer, pytest.raises(LedgerError):
        writer.perform(intent("a"), lambda: said)
    assert [entry.get("result") for entry in held(store)[1:]] == ["unknown"]


def test_an_act_can_not_pass_for_another(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        writer.perform({**intent("a"), "kind": "alert"}, lambda: {"result": "reverted", "intent": "b", "kind": "alert"})
    assert [(entry["kind"], entry.get("id") or entry["intent"]) for entry in held(store)] == [("intent", "a"), ("outcome", "a")]


def test_the_end_of_the_process_goes_before_a_ledger_that_can_not_be_written(store: CountedStore) -> None:
    def act() -> dict[str, str]:
        store.full = True
        raise KeyboardInterrupt

    with writing(store, KEY, JUDGE) as writer, pytest.raises(KeyboardInterrupt) as caught:
        writer.perform(intent("a"), act)
    assert "its outcome is not in the ledger" in caught.value.__notes__[0]


def test_acts_of_threads_run_beside_each_other(store: CountedStore) -> None:
    together = threading.Barrier(2, timeout=10)

    def work(writer: Writer, act: str) -> None:
        writer.perform(intent(act), lambda: {"result": "reverted" if together.wait() >= 0 else "failed"})

    with writing(store, KEY, JUDGE) as writer:
        threads = [threading.Thread(target=work, args=(writer, act)) for act in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [entry.get("result") for entry in held(store)] == [None, None, "reverted", "reverted"]


def test_many_entries_are_in_all_or_none(store: CountedStore) -> None:
    with writing(store, KEY, JUDGE) as writer:
        with pytest.raises(LedgerError):
            writer.append([*(drift(f"drift-{number}") for number in range(300)), {"kind": "drift"}])
        assert writer.size == 0
    assert store.read(CHECKPOINT) is None


def test_entries_whose_fate_was_not_known_are_in_the_log_once(store: CountedStore) -> None:
    alert = {"kind": "alert", "reason": "the same"}
    with writing(store, KEY, JUDGE) as writer:
        store.late = True
        for _ in range(3):
            with pytest.raises(OSError, match="Input"):
                writer.append([alert])
        store.late = False
        assert writer.append([alert]) == range(1)
        # Said again on purpose.
        assert writer.append([alert]) == range(1, 2)
    assert len(held(store)) == 2


def test_acts_whose_announcement_was_not_known_to_be_there_are_done_once(store: CountedStore) -> None:
    done: list[str] = []
    with writing(store, KEY, JUDGE) as writer:
        store.late = True
        with pytest.raises(LedgerUnwritable):
            writer.perform(intent("a"), lambda: done.append("a") or {"result": "reverted"})
        store.late = False
        # It is in the log all the same, and whoever asks is told.
        assert [one["id"] for one in writer.unfinished()] == ["a"]
        writer.perform(intent("a"), lambda: done.append("a") or {"result": "reverted"})
    assert done == ["a"]
    assert [entry["kind"] for entry in held(store)] == ["intent", "outcome"]


def beat(start: str, end: str) -> dict[str, Any]:
    return {"kind": "heartbeat", "from": f"2026-01-01T{start}:00Z", "to": f"2026-01-01T{end}:00Z"}


def test_a_clock_that_jumps_back_is_told_once_and_breaks_nothing(store: CountedStore, tmp_path: Path) -> None:
    hours = itertools.chain([10, 11], itertools.count(3))
    with writing(store, KEY, JUDGE, clock=lambda: f"2026-01-01T{next(hours):02d}:00:00.000000Z") as writer:
        for name in "abcd":
            writer.append([drift(name)])
        writer.append([intent("act")])
    found = verdict(store)
    assert found.is_intact
    assert [(one.what, one.where) for one in found.remarks] == [("clock", "entry 2"), ("unfinished", "entry 4")]
    assert "from 2026-01-01T11:00:00.000000Z to 2026-01-01T03:00:00.000000Z" in found.remarks[0].message
    assert found.checkpoint is not None
    index = Index(store, found.checkpoint, tmp_path / "cache")
    assert index.numbers(Query(kind="drift"), 10) == [0, 1, 2, 3]
    assert index.numbers(Query(since="2026-01-01T03:00:00Z", until="2026-01-01T05:00:00Z"), 10) == [2, 3]
    assert index.numbers(Query(since="2026-01-01T10:00:00Z"), 10) == [0, 1]
    assert index.unfinished() == [4]
    index.close()


def test_gaps_are_told_after_a_clock_that_was_ahead(store: CountedStore) -> None:
    """Times of the clock that was ahead do not hide what was not watched by the right one."""
    times = iter(["09:00", "20:00", "09:10", "09:20"])
    with writing(store, KEY, JUDGE, clock=lambda: f"2026-01-01T{next(times)}:00Z") as writer:
        writer.append([beat("08:55", "09:00")])
        writer.append([beat("09:00", "20:00")])
        writer.append([beat("09:05", "09:10")])
        writer.append([beat("09:15", "09:20")])
    found = verdict(store)
    assert found.is_intact
    assert [(one.what, one.where) for one in found.remarks] == [("clock", "entry 2"), ("gap", "entry 3")]


def test_times_are_compared_whatever_their_fraction(store: CountedStore) -> None:
    times = iter(["09:00:00Z", "09:00:00.5Z", "09:00:01Z"])
    with writing(store, KEY, JUDGE, clock=lambda: f"2026-01-01T{next(times)}") as writer:
        for name in "abc":
            writer.append([drift(name)])
    assert verdict(store).remarks == ()


def test_the_key_of_the_redaction_is_made_once_beside_the_private_key(tmp_path: Path) -> None:
    private = tmp_path / "ledger.key"
    made = redaction_key(private)
    assert len(made) == 32
    assert redaction_key(private) == made
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ledger.key.redaction"]
    assert (tmp_path / "ledger.key.redaction").stat().st_mode & 0o777 == 0o600
    assert redaction_key(tmp_path / "other.key") != made


def test_the_key_of_the_redaction_is_one_for_all_who_ask_at_once(tmp_path: Path) -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(redaction_key(tmp_path / "a.key"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 16
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("content", "mode", "said"), [("00" * 32, 0o644, "chmod 600"), ("00" * 16, 0o600, "16 bytes"), ("none", 0o600, "can't be used")]
)
def test_a_key_of_the_redaction_that_is_none(tmp_path: Path, content: str, mode: int, said: str) -> None:
    file = tmp_path / "a.key.redaction"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(LedgerError, match=said):
        redaction_key(tmp_path / "a.key")


def test_a_key_is_not_overwritten(tmp_path: Path) -> None:
    write_key(tmp_path / "a.key", KEY)
    with pytest.raises(LedgerError, match="not overwritten"):
        write_key(tmp_path / "a.key", new_key(KEY.name))
    assert read_key(tmp_path / "a.key") == KEY
    assert [file.name for file in tmp_path.iterdir()] == ["a.key"]


def test_a_rotation_that_broke_off_before_the_handing_over_is_begun_anew(store: CountedStore, tmp_path: Path) -> None:
    write_key(tmp_path / "a.key", KEY)
    write_key(tmp_path / "a.key.new", new_key(KEY.name))
    new = rotated(tmp_path / "a.key", store, JUDGE)
    assert_handed_over(store, tmp_path, new)


def test_a_rotation_that_broke_off_after_the_handing_over_is_finished(store: CountedStore, tmp_path: Path) -> None:
    fresh = new_key(KEY.name)
    write_key(tmp_path / "a.key", KEY)
    write_key(tmp_path / "a.key.new", fresh)
    with writing(store, KEY, JUDGE) as writer:
        writer.hand_over(fresh)
    assert rotated(tmp_path / "a.key", store, JUDGE) == fresh
    assert_handed_over(store, tmp_path, fresh)


def assert_handed_over(store: CountedStore, folder: Path, new: Signer) -> None:
    assert read_key(folder / "a.key") == new
    assert read_key(folder / f"a.key.{KEY.verifier.hash.hex()}") == KEY
    assert not (folder / "a.key.new").exists()
    with writing(store, new, JUDGE) as writer:
        writer.append([drift("x")])
    assert [entry["kind"] for entry in held(store)] == ["key", "drift"]
    assert verified(store.read, new.verifier).is_intact
