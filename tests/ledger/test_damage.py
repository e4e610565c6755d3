"""Whatever is done to a ledger, `verified` says so, names the file or the entry, and never ends in an exception."""

import json
import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gitguard.edges.ledger import new_key
from gitguard.ledger.entries import canonical
from gitguard.ledger.growth import Edge, grown
from gitguard.ledger.notes import Checkpoint, Signer, checkpoint, note, signed
from gitguard.ledger.tiles import CHECKPOINT, bundle_path, packed, unpacked
from gitguard.ledger.verification import Anchor, Verdict, handover, verified
from tests.conftest import Repository, Result
from tests.ledger import logs
from tests.ledger.logs import KEY, OTHER_KEY, Files

BUNDLE = "tile/entries/000.p/10"
TILE = "tile/0/000.p/10"
PATTERNS = (0x01, 0x20, 0x80, 0xFF)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A log of ten entries."""
    return logs.files(logs.written(tmp_path_factory.mktemp("small") / "log", logs.short_story(10)))


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """A log of 258 entries: two bundles, two levels of tiles."""
    return logs.files(logs.written(tmp_path_factory.mktemp("larger") / "log", logs.short_story(258)))


def entries_of(held: Files) -> list[bytes]:
    bundles = sorted(path for path in held if path.startswith("tile/entries/"))
    return [entry for path in bundles for entry in unpacked(held[path], path)]


def made(entries: Sequence[bytes], key: Signer = KEY) -> Files:
    """A log that is right in all but what its entries say: what one makes who has the key."""
    log = grown(Edge(), entries)
    return {CHECKPOINT: logs.head(log.edge.size, log.edge.root, key), **dict(log.files)}


def told(verdict: Verdict) -> set[tuple[str, str]]:
    return {(one.what, one.where) for one in verdict.problems}


def flipped(data: bytes, position: int, pattern: int) -> bytes:
    return data[:position] + bytes([data[position] ^ pattern]) + data[position + 1 :]


def assert_named(held: Files, path: str, position: int, pattern: int) -> None:
    verdict = logs.looked_at({**held, path: flipped(held[path], position, pattern)})
    assert not verdict.is_intact, (path, position, pattern)
    assert any(path in one.where for one in verdict.problems), (path, position, pattern, verdict.problems)


def test_both_are_intact_before_anything_is_done(small: Files, larger: Files):
    assert sorted(small) == [CHECKPOINT, TILE, BUNDLE]
    assert logs.looked_at(small).is_intact
    assert logs.looked_at(larger, small[CHECKPOINT]).is_intact


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_byte_of_a_small_log_counts(pattern: int, small: Files):
    for path, data in small.items():
        for position in range(len(data)):
            assert_named(small, path, position, pattern)


def test_bytes_of_a_larger_log_count(larger: Files):
    chance = random.Random(0)
    for path, data in larger.items():
        for position in {0, len(data) - 1, *chance.choices(range(len(data)), k=40)}:
            assert_named(larger, path, position, chance.choice(PATTERNS))


def test_every_byte_of_a_checkpoint_that_two_keys_signed_counts_by_either_key(tmp_path: Path):
    with logs.opened(tmp_path / "log") as writer:
        writer.append([*logs.short_story(4)])
        writer.hand_over(OTHER_KEY)
    held = logs.files(tmp_path / "log")
    for key in (KEY, OTHER_KEY):
        assert logs.looked_at(held, key=key).is_intact
        # The name and the hash before a signature say whose it is: one that is nobody's is passed over, as C2SP asks.
        for position in range(held[CHECKPOINT].index("\u2014".encode())):
            changed = flipped(held[CHECKPOINT], position, 0x01)
            assert not logs.looked_at({**held, CHECKPOINT: changed}, key=key).is_intact


# What was changed is told apart where that can be known.


def test_an_entry_that_was_changed_is_named_and_the_tile_is_not_blamed(small: Files, larger: Files):
    for held, number, path in ((small, 3, BUNDLE), (larger, 3, "tile/entries/000"), (larger, 257, "tile/entries/001.p/2")):
        index = held[path].index(f'"time":"{logs.time(number)}"'.encode())
        verdict = logs.looked_at({**held, path: flipped(held[path], index + 9, 0x01)})
        assert {problem.where for problem in verdict.problems} == {f"entry {number} in {path}"}
        assert any(problem.what == "modified" and "the entry was changed" in problem.message for problem in verdict.problems)


def test_a_tile_that_was_changed_is_named_and_the_entries_are_not_blamed(larger: Files):
    for path, position in (("tile/0/000", 7 * 32), ("tile/0/001.p/2", 0), ("tile/1/000.p/1", 31)):
        (problem,) = logs.looked_at({**larger, path: flipped(larger[path], position, 0x10)}).problems
        assert (problem.what, problem.where) == ("modified", path)
        assert "the tile was changed: its hash " in problem.message
        assert "the entries are those that the checkpoint tells of" in problem.message


def test_a_changed_entry_and_a_changed_upper_tile_are_both_named(larger: Files):
    bundle, tile = "tile/entries/000", "tile/1/000.p/1"
    changed = {bundle: flipped(larger[bundle], 40, 0x01), tile: flipped(larger[tile], 0, 0x01)}
    assert {one.where for one in logs.looked_at({**larger, **changed}).problems} == {f"entry 0 in {bundle}", tile}


def test_where_an_entry_and_its_tile_were_changed_alike_the_root_tells(small: Files):
    rewritten = made([data.replace(b'"i1"', b'"i9"') for data in entries_of(small)])
    verdict = logs.looked_at({**rewritten, CHECKPOINT: small[CHECKPOINT]})
    assert told(verdict) == {("modified", CHECKPOINT)}


def test_where_neither_leads_to_the_root_both_are_named(small: Files):
    changed = {BUNDLE: flipped(small[BUNDLE], 40, 0x01), TILE: flipped(small[TILE], 9 * 32, 0x01)}
    verdict = logs.looked_at({**small, **changed})
    assert {f"entry 0 in {BUNDLE}", f"entry 9 in {BUNDLE}", CHECKPOINT} == {one.where for one in verdict.problems}
    assert any("the entry was changed, or the tile was" in one.message for one in verdict.problems)


# Entries taken away, doubled, put elsewhere.


def _deleted(entries: list[bytes]) -> list[bytes]:
    return entries[:4] + entries[5:]


def _swapped(entries: list[bytes]) -> list[bytes]:
    return [*entries[:2], entries[4], entries[3], entries[2], *entries[5:]]


def _doubled(entries: list[bytes]) -> list[bytes]:
    return [*entries[:5], entries[2], *entries[5:]]


def _inserted(entries: list[bytes]) -> list[bytes]:
    return [*entries[:5], canonical({"kind": "alert", "reason": "nothing", "time": logs.time(5), "version": 1}), *entries[5:]]


EDITS = (_deleted, _swapped, _doubled, _inserted)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_the_entries_alone_is_told(edit: Callable[[list[bytes]], list[bytes]], small: Files):
    verdict = logs.looked_at({**small, BUNDLE: packed(edit(entries_of(small)))})
    assert not verdict.is_intact
    assert all(BUNDLE in one.where for one in verdict.problems)


def test_entries_that_changed_places_are_told_as_such(small: Files):
    verdict = logs.looked_at({**small, BUNDLE: packed(_swapped(entries_of(small)))})
    moved = [one for one in verdict.problems if one.what == "reordered"]
    assert [one.where for one in moved] == [f"entry 2 in {BUNDLE}", f"entry 4 in {BUNDLE}"]
    assert "it was entry 4 when it was written" in moved[0].message


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_of_entries_and_tiles_is_told_by_the_checkpoint(edit: Callable[[list[bytes]], list[bytes]], small: Files):
    rewritten = made(edit(entries_of(small)))
    size = checkpoint(note(rewritten[CHECKPOINT]).text).size
    verdict = logs.looked_at({**rewritten, CHECKPOINT: small[CHECKPOINT]})
    assert not verdict.is_intact
    assert any(one.where in (CHECKPOINT, BUNDLE, TILE) for one in verdict.problems), size


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_another_key_signed_is_told(edit: Callable[[list[bytes]], list[bytes]], small: Files):
    for key in (OTHER_KEY, new_key("example.com/mallory")):
        verdict = logs.looked_at(made(edit(entries_of(small)), key))
        (problem,) = (one for one in verdict.problems if one.where == CHECKPOINT)
        assert (problem.what, "is not signed by" in problem.message) == ("modified", True)


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_the_right_key_signed_is_told_by_what_was_remembered(edit: Callable[[list[bytes]], list[bytes]], small: Files):
    rewritten = made(edit(entries_of(small)))
    said = {what for what, where in told(logs.looked_at(rewritten, small[CHECKPOINT])) if where in (CHECKPOINT, "anchor 0")}
    assert said == {"truncated" if edit is _deleted else "forked"}


# What was remembered.


def test_an_old_state_is_intact_by_itself_and_truncated_by_what_was_remembered_later(tmp_path: Path):
    states: list[Files] = []
    with logs.opened(tmp_path / "log") as writer:
        for entry in logs.short_story(20):
            writer.append([entry])
            states.append(logs.files(tmp_path / "log"))
    newest = states[-1]
    assert logs.looked_at(newest, *(one[CHECKPOINT] for one in states)).is_intact
    for size, state in enumerate(states[:-1], 1):
        verdict = logs.looked_at(state)
        assert verdict.is_intact, size
        assert told(logs.looked_at(state, newest[CHECKPOINT])) == {("truncated", CHECKPOINT)}
        # The checkpoint alone was put back: the partial files of that size are gone.
        verdict = logs.looked_at({**newest, CHECKPOINT: state[CHECKPOINT]}, newest[CHECKPOINT])
        assert {("truncated", CHECKPOINT), ("truncated", f"tile/entries/000.p/{size}")} <= told(verdict)


def test_a_log_that_was_cut_at_every_size_by_who_has_the_key_is_truncated(small: Files, larger: Files):
    entries = entries_of(larger)
    for size in (*range(12), 254, 255, 256, 257):
        cut = made(entries[:size])
        assert logs.looked_at(cut).is_intact
        assert told(logs.looked_at(cut, larger[CHECKPOINT])) == {("truncated", CHECKPOINT)}
        assert logs.looked_at(cut, small[CHECKPOINT]).is_intact is (size >= 10)


def test_two_heads_of_a_fork_are_intact_each_and_forked_beside_each_other(tmp_path: Path):
    prefix = [*logs.short_story(300)]
    one = logs.files(logs.written(tmp_path / "one", [*prefix, *logs.short_story(4, first=300)]))
    other = logs.files(logs.written(tmp_path / "other", [*prefix, *logs.short_story(6, first=400)]))
    before = made(entries_of(one)[:300])[CHECKPOINT]
    assert logs.looked_at(one, before).is_intact
    assert logs.looked_at(other, before).is_intact
    assert told(logs.looked_at(other, one[CHECKPOINT])) == {("forked", "anchor 0")}
    assert told(logs.looked_at(one, other[CHECKPOINT])) == {("truncated", CHECKPOINT)}
    longer = made([*entries_of(one), *entries_of(other)])
    assert told(logs.looked_at(longer, other[CHECKPOINT], one[CHECKPOINT])) == {("forked", "anchor 0")}


def test_what_was_remembered_proves_nothing_where_it_is_no_checkpoint_of_this_log(small: Files):
    strange = logs.head(10, checkpoint(note(small[CHECKPOINT]).text).root, OTHER_KEY)
    elsewhere = logs.head(10, bytes(32), new_key("example.com/elsewhere"))
    for anchor in (b"", b"\xff\xfe", strange, elsewhere, small[BUNDLE]):
        assert told(logs.looked_at(small, anchor)) == {("unknown", "anchor 0")}


def test_many_remembered_checkpoints_cost_one_walk(larger: Files):
    read: list[str] = []

    def reading(path: str) -> bytes | None:
        read.append(path)
        return larger.get(path)

    entries = entries_of(larger)
    anchors = [Anchor(made(entries[:size])[CHECKPOINT], str(size)) for size in range(259)]
    assert verified(reading, KEY.verifier, anchors, logs.JUDGE).is_intact
    assert sorted(read) == sorted(larger)


# Files and keys.


def test_missing_files_are_named(larger: Files):
    for path in larger:
        verdict = logs.looked_at({name: data for name, data in larger.items() if name != path})
        assert not verdict.is_intact
        assert ("unknown" if path == CHECKPOINT else "truncated", path) in told(verdict)


def test_files_that_are_cut_or_grown_are_named(larger: Files):
    for path, data in larger.items():
        for changed in (b"", data[:-1], data[:1], data + b"\0", data + data):
            verdict = logs.looked_at({**larger, path: changed})
            assert any(path in one.where for one in verdict.problems), (path, len(changed))


def test_files_that_cannot_be_read_leave_it_unknown(larger: Files):
    for path in larger:

        def reading(name: str, broken: str = path) -> bytes | None:
            if name == broken:
                raise OSError(5, "Input/output error")
            return larger.get(name)

        verdict = verified(reading, KEY.verifier, [Anchor(larger[CHECKPOINT], "anchor")], logs.JUDGE)
        assert {one.what for one in verdict.problems} == {"unknown"}
        assert path in {one.where for one in verdict.problems}


def test_another_key_is_told(small: Files):
    for key in (OTHER_KEY, new_key("example.com/elsewhere")):
        assert told(logs.looked_at(small, key=key)) == {("modified", CHECKPOINT)}


def test_the_checkpoint_of_another_log_is_told_even_where_the_same_key_signed_it(small: Files):
    head = checkpoint(note(small[CHECKPOINT]).text)
    for key in (KEY, new_key("example.com/elsewhere")):
        other = signed(Checkpoint("example.com/elsewhere", head.size, head.root).text(), [key])
        (problem,) = logs.looked_at({**small, CHECKPOINT: other}).problems
        assert (problem.what, problem.where, "another log" in problem.message) == ("modified", CHECKPOINT, True)


def test_after_the_key_was_handed_over_the_old_one_signs_nothing_any_more(tmp_path: Path):
    with logs.opened(tmp_path / "log") as writer:
        writer.append([*logs.short_story(4)])
        before = writer.head
        writer.hand_over(OTHER_KEY)
        writer.append([*logs.short_story(2, first=4)])
    held = logs.files(tmp_path / "log")
    for key in (KEY, OTHER_KEY):
        assert logs.looked_at(held, before, held[CHECKPOINT], key=key).is_intact
    (problem,) = logs.looked_at(made(entries_of(held), KEY)).problems
    assert "a key that had handed over to" in problem.message
    entry = json.loads(entries_of(held)[4])
    mallory = new_key(logs.NAME)
    for statement in (signed(handover(KEY.verifier, mallory.verifier), [mallory]), b"nonsense"):
        forged = canonical({**entry, "new": str(mallory.verifier), "note": statement.decode()})
        verdict = logs.looked_at(made([*entries_of(held)[:4], forged], mallory))
        assert {(CHECKPOINT, "modified"), (f"entry 4 in {bundle_path(0, 5)}", "invalid" if statement == b"nonsense" else "modified")} == {
            (one.where, one.what) for one in verdict.problems
        }


# What entries say.


def written_by_itself(*entries: Any) -> Verdict:
    return logs.looked_at(made([one if isinstance(one, bytes) else canonical({"version": 1, **one}) for one in entries]))


def test_an_outcome_without_its_announcement_is_told(small: Files):
    alone = [json.loads(data) for data in entries_of(small)]
    verdict = written_by_itself(*alone[:2], alone[3], alone[2], alone[3], alone[3])
    assert told(verdict) == {("unannounced", f"entry {number} in tile/entries/000.p/6") for number in (2, 5)}


def test_an_announcement_without_outcome_is_a_remark(small: Files):
    verdict = written_by_itself(*(json.loads(data) for data in entries_of(small)[:3]))
    assert verdict.is_intact
    assert [(one.what, one.where) for one in verdict.remarks] == [("unfinished", "entry 2")]


def test_a_clock_that_jumps_back_is_a_remark():
    beat = {"kind": "heartbeat", "from": logs.time(0), "to": logs.time(0)}
    verdict = written_by_itself({**beat, "time": logs.time(9)}, {**beat, "time": logs.time(5)}, {**beat, "time": logs.time(10)})
    assert verdict.is_intact
    assert [(one.what, one.where) for one in verdict.remarks] == [("clock", "entry 1")]


def test_times_are_compared_as_times_whatever_their_precision():
    seconds = ("05Z", "05.2Z", "05.25Z", "06Z", "06.000001Z")
    times = [f"2026-03-01T00:00:{one}" for one in seconds]
    beats = [{"kind": "heartbeat", "time": end, "from": start, "to": end} for start, end in pairwise(times)]
    assert written_by_itself(*beats).remarks == ()
    (jump,) = written_by_itself(beats[1], {**beats[3], "from": times[2], "time": times[0]}).remarks
    assert (jump.what, jump.message) == ("clock", f"the clock went back from {times[2]} to {times[0]}")
    (gap,) = written_by_itself(beats[0], beats[3]).remarks
    assert (gap.what, gap.where) == ("gap", "entry 1")


def test_remarks_are_bounded():
    intents = [entry for entry in logs.short_story(3_000) if entry["kind"] == "intent"]
    assert len(written_by_itself(*intents).remarks) == 1_000


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b"no json",
        b"\xff\xfe",
        b'{"a":1}',
        b"[" * 10_000,
        b'{"a":' * 900 + b"1" + b"}" * 900,
        b"1" * 5_000,
        b'{"kind":"heartbeat","time":5,"version":1}',
        b'{"from":[],"gaps":5,"kind":"heartbeat","time":"","to":{},"version":1}',
        b'{"id":[],"kind":"intent"}',
        b'{"intent":{},"kind":"outcome"}',
        b'{"kind":["key"]}',
        '{"kind":"key","new":"\u00fc+\u00fc+\u00fc","note":"\u2014","old":"a+b+c"}'.encode(),
        b'{"kind":"key","new":5,"note":null,"old":{}}',
        b'{"kind":"alert","reason":"\\ud800","time":"2026-03-01T00:00:00Z","version":1}',
        b'{"kind":"alert", "reason":"a space","time":"2026-03-01T00:00:00Z","version":1}',
        b'{"reason":"wrong order","kind":"alert","time":"2026-03-01T00:00:00Z","version":1}',
        b'{"kind":"alert","kind":"alert","reason":"twice","time":"2026-03-01T00:00:00Z","version":1}',
        b'{"kind":"alert","reason":"\\u0041","time":"2026-03-01T00:00:00Z","version":1}',
        b'{"kind":"alert","reason":"version","time":"2026-03-01T00:00:00Z","version":1.0}',
        b'{"kind":"alert","reason":"unknown","time":"2026-03-01T00:00:00Z","version":1,"what":1}',
    ],
)
def test_entries_that_are_none_are_invalid(data: bytes):
    (problem, *_) = written_by_itself(data).problems
    assert (problem.what, problem.where) == ("invalid", "entry 0 in tile/entries/000.p/1")


def test_entries_are_followed_without_a_schema_whatever_they_hold():
    heartbeat = {"kind": "heartbeat", "gaps": 5, "from": [], "to": {}, "time": 7, "cluster": []}
    odd = [heartbeat, {"kind": "intent", "id": []}, {"kind": "outcome", "intent": {}}, {"kind": 5, "time": None}]
    assert verified(made([canonical(one) for one in odd]).get, KEY.verifier).problems[0].what == "unannounced"


def test_many_problems_are_counted(larger: Files):
    verdict = logs.looked_at(made([b"no json"] * 300))
    assert len(verdict.problems) == 101
    assert verdict.problems[-1].message == "and 200 more problems"
    remembered = logs.looked_at(made([b"no json"] * 300), larger[CHECKPOINT])
    assert ("forked", "anchor 0") in told(remembered)


# A log that grows while it is looked at, by a reader who takes files as they lie: partial ones are gone when there are wider ones.


def as_it_lies(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def test_a_log_that_grows_meanwhile_is_intact(tmp_path: Path):
    with logs.opened(tmp_path / "log") as writer:
        writer.append([*logs.short_story(300)])
        grown_by = iter(range(300, 306, 2))

        def reading(path: str) -> bytes | None:
            first = next(grown_by, None) if path.startswith("tile/entries") else None
            if first is not None:
                writer.append([*logs.short_story(2, first=first)])
            return as_it_lies(tmp_path / "log" / path)

        verdict = verified(reading, KEY.verifier, [], logs.JUDGE)
    assert verdict.is_intact
    assert verdict.checkpoint is not None
    assert verdict.checkpoint.size == 306


def test_a_log_that_always_grows_is_not_looked_at_for_ever(tmp_path: Path):
    with logs.opened(tmp_path / "log") as writer:
        writer.append([*logs.short_story(2)])

        def reading(path: str) -> bytes | None:
            if path != CHECKPOINT:
                writer.append([*logs.short_story(2, first=writer.size)])
            return as_it_lies(tmp_path / "log" / path)

        verdict = verified(reading, KEY.verifier, [], logs.JUDGE)
    assert told(verdict) == {("unknown", CHECKPOINT)}


# The command.


class Command:
    """`gitguard audit verify` on a ledger in a folder."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self._repository = repository
        self.folder = folder

    def verify(self, *options: str, key: str = str(KEY.verifier)) -> Result:
        return self._repository.gitguard("audit", "verify", "--ledger", str(self.folder), *(("--key", key) if key else ()), *options)


@pytest.fixture
def command(repository: Repository, tmp_path: Path, larger: Files) -> Command:
    return Command(repository, logs.put(tmp_path / "log", larger))


def test_the_command_says_intact(command: Command):
    done = command.verify()
    assert (done.code, done.out.splitlines()[0].startswith(f"intact: {command.folder}: 258 entries, root ")) == (0, True)


def test_the_command_names_a_changed_entry(command: Command, larger: Files):
    logs.put(command.folder, {"tile/entries/000": larger["tile/entries/000"].replace(b'"a1"', b'"a9"', 1)})
    done = command.verify()
    assert done.code == 1
    assert "modified: entry 2 in tile/entries/000: the entry was changed: its hash is not the one in tile/0/000\n" in done.out
    assert f"not intact: {command.folder}\n" in done.out


def test_the_command_names_a_changed_tile(command: Command, larger: Files):
    logs.put(command.folder, {"tile/0/000": flipped(larger["tile/0/000"], 64, 1)})
    done = command.verify()
    assert done.code == 1
    assert done.out.startswith("modified: tile/0/000: the tile was changed: its hash 2 is not that of what is below; the entries are those that")


def test_the_command_names_what_was_remembered(command: Command, larger: Files, tmp_path: Path):
    remembered = logs.put(tmp_path / "remembered", {CHECKPOINT: larger[CHECKPOINT], "garbage": b"?"})
    logs.put(command.folder, made(entries_of(larger)[:256]))
    done = command.verify("--anchor", str(remembered / CHECKPOINT))
    assert done.code == 1
    assert f"truncated: checkpoint: the log has 256 entries, and had 258 when {remembered / CHECKPOINT} was remembered\n" in done.out
    done = command.verify("--anchor", str(remembered / "garbage"))
    assert done.code == 3
    assert done.out.startswith(f"unknown: {remembered / 'garbage'}: no checkpoint to compare with: ")


def test_the_command_can_not_tell_what_it_can_not_read(command: Command):
    file = command.folder / "tile/entries/001.p/2"
    file.unlink()
    file.mkdir()
    done = command.verify()
    assert done.code == 3
    assert "unknown: tile/entries/001.p/2: it can't be read: Is a directory\n" in done.out
    assert "can't tell: " in done.out


def test_the_command_knows_what_is_no_ledger(repository: Repository, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        done = Command(repository, folder).verify()
        assert (done.code, done.out.splitlines()[0]) == (3, "unknown: checkpoint: there is none: this is no ledger, or its head was taken away")
        done = Command(repository, folder).verify(key="")
        assert done.code == 3
        assert f"{folder}/key.pub: there is no key: it is no ledger" in done.err


def test_the_command_says_that_it_is_another_key(command: Command):
    done = command.verify(key=str(OTHER_KEY.verifier))
    assert done.code == 1
    assert done.out.startswith(f"modified: checkpoint: it is not signed by {OTHER_KEY.verifier}, but by {logs.NAME}: another key, or ")


def test_the_command_verifies_what_it_proves_and_nothing_else(command: Command, repository: Repository, tmp_path: Path):
    file = tmp_path / "257.tlog-proof"
    assert repository.gitguard("audit", "prove", "257", "--ledger", str(command.folder), "--output", str(file)).code == 0
    whole = file.read_text()
    for text, code, said in (
        (whole, 0, f"proven: entry 257 of 258 of {logs.NAME}\n"),
        (whole.replace("index 257", "index 256"), 1, "not proven: the entry is not entry 256 of the log"),
        (whole.replace("index 257", "index 0257"), 3, f"not proven: {file}: no proof: the index of the entry is expected"),
        ("", 3, f"not proven: {file}: no proof: c2sp.org/tlog-proof@v1 and a checkpoint are expected"),
    ):
        file.write_text(text)
        done = repository.gitguard("audit", "verify", "--proof", str(file), "--key", str(KEY.verifier))
        assert (done.code, done.out[: len(said)]) == (code, said)


def test_the_command_says_the_same_to_machines(command: Command, larger: Files):
    logs.put(command.folder, {CHECKPOINT: flipped(larger[CHECKPOINT], 30, 1)})
    done = command.verify("--format", "json")
    assert done.code == 1
    assert done.report["verdict"] == "damaged"
    assert {one["where"] for one in done.report["problems"]} == {CHECKPOINT}


# Evidence beside the log.


def test_evidence_that_was_changed_is_modified_and_evidence_that_is_gone_is_remarked(tmp_path: Path):
    with logs.opened(tmp_path / "log") as writer:
        digests = [writer.keep(b'{"verb": "patch"}'), writer.keep(b'{"verb": "delete"}')]
        about = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
        actor = {"name": "alice", "confidence": "authenticated", "evidence": [digests[1]]}
        drift = {"kind": "drift", "id": "i", "object": about, "action": "update", "decision": "log", "evidence": [digests[0]], "actor": actor}
        writer.append([drift])
    store = logs.store(tmp_path / "log")
    assert verified(store.read, KEY.verifier, [], logs.JUDGE) == Verdict(verified(store.read, KEY.verifier).checkpoint, (), ())
    first, second = (tmp_path / "log" / "blobs" / "sha256" / digest.removeprefix("sha256:") for digest in digests)
    first.write_bytes(b"other")
    second.unlink()
    verdict = verified(store.read, KEY.verifier, [], logs.JUDGE)
    assert told(verdict) == {("modified", first.relative_to(tmp_path / "log").as_posix())}
    assert [(remark.what, remark.where) for remark in verdict.remarks] == [("evidence", "entry 0")]
