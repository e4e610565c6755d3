"""A ledger in a folder and one in object storage, a real one, behave alike; and what only writers on several machines can do to each other."""

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from gitguard.edges import ledger_places, object_lease
from gitguard.edges.ledger import read_key, writing
from gitguard.edges.ledger_index import entries
from gitguard.edges.ledger_store import Conflict, LedgerBusy, LedgerUnwritable, Store
from gitguard.edges.object_storage import Bucket
from gitguard.ledger.entries import decoded, encoded
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.growth import edge_of, grown
from gitguard.ledger.notes import Signer, checkpoint, note
from gitguard.ledger.tiles import CHECKPOINT
from gitguard.ledger.verification import verified
from tests.conftest import Repository
from tests.serving import OBJECT_STORAGE, Answer, Request, Server, object_storage

NAME = "example.com/ledger"
KEY = Signer(NAME, bytes(32))
TIME = "2026-01-01T00:00:00Z"
BUCKET = "ledgers"


class Place(NamedTuple):
    """Where a ledger is; `server` is None for a folder."""

    name: str
    environment: Mapping[str, str]
    server: Server | None = None

    def store(self) -> Store:
        return ledger_places.store(self.name, self.environment)

    def let_the_lock_go(self, ago: timedelta = timedelta(minutes=5)) -> None:
        """Make others believe that whoever writes has died: a lease has run out so long ago, the file of a lock was taken away."""
        if self.server is None:
            (Path(self.name) / ".lock").unlink()
            return
        lock = {"holder": "somebody", "expires": (datetime.now(UTC) - ago).isoformat()}
        Bucket(BUCKET, self.environment).put("team/.lock", json.dumps(lock).encode())

    def entries(self) -> list[str]:
        """The marks of all entries; the log has to be intact."""
        store = self.store()
        verdict = verified(store.read, KEY.verifier, judge=ledger_places.judge())
        assert verdict.is_intact, verdict.problems
        assert verdict.checkpoint
        return [str(decoded(data)["audit"]) for _, data in entries(store, verdict.checkpoint.size)]


@pytest.fixture(params=["folder", pytest.param("objects", marks=pytest.mark.testbed)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place(str(tmp_path / "ledger"), {})
    found: Place = request.getfixturevalue("objects")
    return found


@pytest.fixture
def objects(serve, testbed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A place in object storage; whatever proxy and configuration this machine has is not asked."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    server = serve(object_storage(testbed("versitygw"), BUCKET))
    return Place(f"s3://{BUCKET}/team", {**OBJECT_STORAGE, "AWS_ENDPOINT_URL": server.url}, server)


def marked(*marks: str) -> list[dict[str, Any]]:
    return [{"kind": "heartbeat", "from": TIME, "to": TIME, "audit": mark} for mark in marks]


def opened(place: Place, key: Signer = KEY) -> Any:
    return writing(place.store(), key, ledger_places.judge())


def append(place: Place, *marks: str) -> None:
    with opened(place) as writer:
        writer.append(marked(*marks))


def orphans(place: Place, *marks: str) -> list[str]:
    """Leave the files of entries that no checkpoint tells of, as a writer does that ends before its checkpoint; the answer is their paths."""
    store = place.store()
    head = store.read(CHECKPOINT)
    size = checkpoint(note(head).text).size if head else 0
    files = grown(edge_of(size, lambda path: store.read(path) or b""), [encoded({"version": 1, "time": TIME, **one}) for one in marked(*marks)]).files
    for path, data in files:
        store.put(path, data)
    return [path for path, _ in files]


def test_what_was_put_is_read(place: Place) -> None:
    store = place.store()
    assert store.read("key.pub") is None
    for data in (b"one", b"one", b"\0other"):
        store.put("blobs/sha256/ab", data)
        assert place.store().read("blobs/sha256/ab") == data
    store.remove(["blobs/sha256/ab", "tile/0/000.p/1"])
    assert store.read("blobs/sha256/ab") is None


def test_a_checkpoint_replaces_only_the_one_that_is_known(place: Place) -> None:
    store = place.store()
    with store.writing():
        store.commit([("tile/0/000.p/1", b"a")], b"first", None)
        with pytest.raises(Conflict):
            store.commit([("tile/0/000.p/2", b"b")], b"second", None)
        with pytest.raises(Conflict):
            store.commit([("tile/0/000.p/2", b"b")], b"second", b"zero")
        assert (store.read(CHECKPOINT), store.read("tile/0/000.p/1"), store.read("tile/0/000.p/2")) == (b"first", b"a", None)
        store.commit([("tile/0/000.p/2", b"b")], b"second", b"first")
    assert place.store().read(CHECKPOINT) == b"second"


def test_one_writer_at_a_time(place: Place) -> None:
    one, other = place.store(), place.store()
    with one.writing():
        for store in (other, one):
            with pytest.raises(LedgerBusy, match="writes to this ledger"), store.writing():
                pass
    with other.writing():
        pass
    with one.writing():
        pass


def test_batches_become_one_log(place: Place) -> None:
    expected: list[str] = []
    for sizes in ((1,), (254, 1), (1, 300), (2,)):
        with opened(place) as writer:
            for size in sizes:
                marks = [f"{len(expected) + number}" for number in range(size)]
                assert writer.append(marked(*marks)) == range(len(expected), len(expected) + size)
                expected += marks
            evidence = writer.keep(b"what was seen")
    assert place.entries() == expected
    assert place.store().read(f"blobs/sha256/{evidence.removeprefix('sha256:')}") == b"what was seen"


def append_each(place: Place, name: str) -> list[str]:
    """Append entries one by one, opening again for each few, until so many were appended."""
    done: list[str] = []
    while len(done) < 12:
        try:
            with opened(place) as writer:
                for mark in [f"{name}-{len(done) + number}" for number in range(3)]:
                    writer.append(marked(mark))
                    done.append(mark)
        except LedgerBusy:
            continue
    return done


def test_what_two_processes_append_at_once_is_in_the_log_once(place: Place) -> None:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(append_each, place._replace(server=None), name) for name in ("one", "other")]
        done = [run.result(timeout=100) for run in running]
    found = place.entries()
    assert [[mark for mark in found if mark in each] for each in done] == done
    assert sorted(found) == sorted(done[0] + done[1])


@pytest.mark.parametrize("before", [0, 3, 254])
def test_what_a_crashed_writer_left_is_written_over(place: Place, before: int) -> None:
    kept = [f"{number}" for number in range(before)]
    if kept:
        append(place, *kept)
    left = orphans(place, "lost", "lost too")
    assert all(place.store().read(path) for path in left)
    append(place, "mine", "mine too")
    assert place.entries() == [*kept, "mine", "mine too"]


def test_a_writer_that_was_overtaken_stays_at_its_checkpoint(place: Place) -> None:
    with opened(place) as writer:
        writer.append(marked("first"))
        head = writer.head
        place.let_the_lock_go()
        append(place, "theirs")
        for _ in range(2):
            with pytest.raises(Conflict):
                writer.append(marked("mine"))
            assert (writer.size, writer.head) == (1, head)
    append(place, "mine")
    assert place.entries() == ["first", "theirs", "mine"]


def test_nothing_is_done_that_can_not_be_announced(place: Place) -> None:
    intent = {
        "id": "i-1",
        "incident": "d-1",
        "act": "update",
        "object": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": "team", "name": "web"},
    }
    done: list[str] = []
    with opened(place) as writer:
        writer.append(marked("first"))
        place.let_the_lock_go()
        append(place, "theirs")
        with pytest.raises(LedgerUnwritable, match="nothing was done"):
            writer.perform(intent, lambda: {"result": "failed", "reason": str(done.append("done"))})
    assert not done
    assert place.entries() == ["first", "theirs"]


# What follows are writers on several machines: each request of one can be stopped, and go on after another one has done something.

Act = Callable[[], object]


def at(place: Place, method: str, path: str, *acts: Act | None) -> None:
    """Before the first such request arrives, do the first act, before the second the second; None lets one pass.

    An act that raises OSError loses the request: its sender hears nothing.
    """
    assert place.server
    respond, left = place.server.respond, list(acts)

    def stopped(request: Request) -> Answer:
        if (request.method, request.path) == (method, f"/{BUCKET}/team/{path}") and left:
            act = left.pop(0)
            if act:
                act()
        return respond(request)

    place.server.respond = stopped


def losing(place: Place, path: str, times: int) -> None:
    """So many answers to writing a file are lost after it was written."""
    assert place.server
    respond, left = place.server.respond, [True] * times

    def lost(request: Request) -> Answer:
        answer = respond(request)
        if (request.method, request.path) == ("PUT", f"/{BUCKET}/team/{path}") and left:
            left.pop()
            raise ConnectionError
        return answer

    place.server.respond = lost


def fail() -> None:
    raise ConnectionError


def overtake(place: Place, *marks: str) -> None:
    place.let_the_lock_go()
    append(place, *marks)


def test_a_checkpoint_that_arrives_after_another_writer_has_finished_is_refused(objects: Place) -> None:
    append(objects, "first")
    at(objects, "PUT", CHECKPOINT, lambda: overtake(objects, "theirs"))
    with pytest.raises(Conflict):
        append(objects, "mine")
    assert objects.entries() == ["first", "theirs"]


@pytest.mark.parametrize("kept", [[], ["first"]])
def test_a_checkpoint_that_arrives_after_its_tiles_were_written_over_is_refused(objects: Place, kept: list[str]) -> None:
    """The other writer has replaced the tiles and not written its checkpoint yet, when the one arrives that tells of the old tiles."""
    if kept:
        append(objects, *kept)
    seen: list[list[str]] = []

    path = f"tile/entries/000.p/{len(kept) + 1}"

    def other() -> None:
        objects.let_the_lock_go()
        with opened(objects) as writer:
            # Its fence passes, its checkpoint is lost.
            at(objects, "PUT", CHECKPOINT, None, fail, fail, fail)
            with pytest.raises(OSError, match="can't be reached"):
                writer.append(marked("theirs"))
        assert b"theirs" in (objects.store().read(path) or b"")
        seen.append(objects.entries() if kept else [])

    at(objects, "PUT", CHECKPOINT, other)
    with pytest.raises(Conflict):
        append(objects, "mine")
    assert seen == [kept]
    append(objects, "next")
    assert objects.entries() == [*kept, "next"]


def test_a_checkpoint_that_arrives_before_the_fence_counts_and_its_tiles_are_left_alone(objects: Place) -> None:
    append(objects, "first")
    assert objects.server
    respond = objects.server.respond
    held: list[Request] = []
    answers: list[Answer] = []

    def other() -> None:
        objects.let_the_lock_go()
        at(objects, "PUT", CHECKPOINT, lambda: answers.append(respond(held[0])))
        with pytest.raises(Conflict):
            append(objects, "theirs")

    def stopped(request: Request) -> Answer:
        if (request.method, request.path) != ("PUT", f"/{BUCKET}/team/{CHECKPOINT}"):
            return respond(request)
        held.append(request)
        objects.server.respond = respond
        other()
        return answers[0]

    objects.server.respond = stopped
    append(objects, "mine")
    assert answers[0].status == 200
    assert objects.entries() == ["first", "mine"]


@pytest.mark.parametrize(
    ("method", "path", "number"),
    [
        pytest.param("PUT", "tile/entries/000.p/2", 0, id="writing a bundle, where an orphan is"),
        pytest.param("GET", "tile/entries/000.p/2", 0, id="reading the orphan, which is the other's bundle then"),
        pytest.param("PUT", CHECKPOINT, 0, id="fencing"),
        pytest.param("GET", ".lock", 0, id="looking at the lease before the orphan is replaced"),
        pytest.param("PUT", "tile/entries/000.p/2", 1, id="replacing the orphan"),
        pytest.param("GET", ".lock", 1, id="looking at the lease before the checkpoint"),
        pytest.param("PUT", CHECKPOINT, 1, id="writing the checkpoint"),
    ],
)
def test_a_writer_that_is_overtaken_at_any_of_its_requests_damages_nothing(objects: Place, method: str, path: str, number: int) -> None:
    """There are an orphan's tiles, which both writers find and replace; one is stopped at each of its requests in turn."""
    append(objects, "first")
    orphans(objects, "lost")
    with opened(objects) as writer:
        at(objects, method, path, *[None] * number, lambda: overtake(objects, "theirs"))
        with pytest.raises(Conflict):
            writer.append(marked("mine"))
    assert objects.entries() == ["first", "theirs"]


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [("PUT", "tile/entries/000.p/2", False), ("PUT", "tile/0/000.p/2", False), ("PUT", CHECKPOINT, True), ("DELETE", "tile/0/000.p/1", True)],
)
def test_a_writer_is_killed_and_its_last_request_arrives(objects: Place, method: str, path: str, counts: bool) -> None:
    append(objects, "first")
    killed = multiprocessing.get_context("spawn").Process(target=append, args=(objects._replace(server=None), "mine"))
    at(objects, method, path, killed.kill)
    killed.start()
    killed.join()
    assert killed.exitcode == -9
    with pytest.raises(LedgerBusy, match="writes to this ledger"):
        append(objects, "next")
    overtake(objects, "next")
    assert objects.entries() == ["first", *(["mine"] if counts else []), "next"]


def append_for_a_while(place: Place, name: str) -> tuple[list[str], int]:
    """Append entries, opening again after each failure; the answer are those whose append has returned, and how often one was refused."""
    store, done, refused = place.store(), [], 0
    for number in range(60):
        try:
            with writing(store, KEY, ledger_places.judge()) as writer:
                for part in range(5):
                    writer.append(marked(f"{name}-{number}-{part}"))
                    done.append(f"{name}-{number}-{part}")
        except (LedgerBusy, Conflict):
            refused += 1
    return done, refused


def test_writers_whose_lease_ends_all_the_time_never_damage_the_log(objects: Place) -> None:
    """Two processes that both believe to be the only one, in whatever order their requests come."""
    lock = Bucket(BUCKET, objects.environment)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(append_for_a_while, objects._replace(server=None), name) for name in ("one", "other")]
        while not all(run.done() for run in running):
            lock.put("team/.lock", b'{"holder": "nobody", "expires": "2026-01-01T00:00:00+00:00"}')
            time.sleep(0.2)
        done = [run.result() for run in running]
    assert any(marks for marks, _ in done)
    assert all(refused for _, refused in done)
    found = objects.entries()
    assert [[mark for mark in found if mark in marks] for marks, _ in done] == [marks for marks, _ in done]
    assert sorted(found) == sorted(mark for marks, _ in done for mark in marks)


def test_a_fence_is_not_seen_by_who_reads_the_ledger(objects: Place) -> None:
    append(objects, "first")
    head = objects.store().read(CHECKPOINT)
    orphans(objects, "lost")
    with opened(objects) as writer:
        at(objects, "PUT", CHECKPOINT, None, fail, fail, fail)
        with pytest.raises(OSError, match="can't be reached"):
            writer.append(marked("mine"))
    stored = Bucket(BUCKET, objects.environment).get("team/checkpoint")
    assert stored
    assert stored.data != head
    assert objects.store().read(CHECKPOINT) == head
    # Whoever copies the files sees a signature of nobody more.
    assert note(stored.data).text == note(head or b"").text
    assert note(stored.data).signed_by(KEY.verifier)
    append(objects, "next")
    assert objects.entries() == ["first", "next"]


def test_a_write_whose_answer_is_lost_counts_once(objects: Place) -> None:
    for path in (".lock", "tile/0/000.p/1", CHECKPOINT, "tile/entries/000.p/2"):
        losing(objects, path, 1)
    append(objects, "first")
    append(objects, "second")
    assert objects.entries() == ["first", "second"]


def test_where_it_is_not_known_whether_a_checkpoint_was_written_the_writer_finds_out(objects: Place) -> None:
    with opened(objects) as writer:
        writer.append(marked("first"))
        losing(objects, CHECKPOINT, 3)
        with pytest.raises(OSError, match="can't be reached"):
            writer.append(marked("second"))
        assert writer.size == 1
        writer.append(marked("third"))
        assert writer.size == 3
    assert objects.entries() == ["first", "second", "third"]


def test_after_an_outage_the_same_writer_goes_on(objects: Place) -> None:
    with opened(objects) as writer:
        writer.append(marked("first"))
        at(objects, "PUT", CHECKPOINT, fail, fail, fail)
        with pytest.raises(OSError, match="can't be reached"):
            writer.append(marked("lost"))
        writer.append(marked("second"))
    assert objects.entries() == ["first", "second"]


def test_a_lease_is_taken_over_some_time_after_it_ran_out(objects: Place) -> None:
    with objects.store().writing():
        for ago in (-50, 0, 25):
            objects.let_the_lock_go(timedelta(seconds=ago))
            with (
                pytest.raises(LedgerBusy, match="somebody writes to this ledger; unless it goes on, its lease ends at 20"),
                objects.store().writing(),
            ):
                pass
        objects.let_the_lock_go(timedelta(seconds=31))
        with objects.store().writing():
            pass


@pytest.mark.parametrize("lock", [b"", b"[]", b"{}", b'{"expires": "soon"}', b'{"expires": "2026-01-01T00:00:00", "holder": 1}'])
def test_what_is_no_lease_is_not_taken_over(objects: Place, lock: bytes) -> None:
    Bucket(BUCKET, objects.environment).put("team/.lock", lock)
    with pytest.raises(OSError, match=r"team/\.lock: it is no lease"), objects.store().writing():
        pass


def lease(place: Place) -> Mapping[str, str]:
    stored = Bucket(BUCKET, place.environment).get("team/.lock")
    assert stored
    found: Mapping[str, str] = json.loads(stored.data)
    return found


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for it, at most some ten seconds."""
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it does not become so")


def test_a_lease_is_renewed_while_it_is_held_and_never_taken_back(objects: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_lease, "_RENEWAL", 0.05)
    with opened(objects) as writer:
        first = lease(objects)
        eventually(lambda: lease(objects)["expires"] > first["expires"])
        assert lease(objects)["holder"] == first["holder"]
        objects.let_the_lock_go()
        monkeypatch.setattr(object_lease, "_RENEWAL", 1000)
        with opened(objects) as other:
            theirs = lease(objects)
            with pytest.raises(Conflict):
                writer.append(marked("mine"))
            other.append(marked("theirs"))
            assert lease(objects) == theirs
    assert lease(objects)["expires"].startswith("0001")
    assert objects.entries() == ["theirs"]


def test_a_lease_outlives_a_renewal_whose_answers_are_all_lost(objects: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_lease, "_RENEWAL", 0.05)
    with opened(objects) as writer:
        losing(objects, ".lock", 3)
        for _ in range(2):
            before = lease(objects)
            eventually(lambda before=before: lease(objects)["expires"] > before["expires"])
            assert lease(objects)["holder"] == before["holder"]
        writer.append(marked("first"))
    assert objects.entries() == ["first"]


def test_nothing_is_sent_after_the_lease_ran_out(objects: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that was asleep: nobody has taken the lease over yet."""
    assert objects.server
    with opened(objects) as writer:
        writer.append(marked("first"))
        asked = len(objects.server.requests)
        monkeypatch.setattr(object_lease, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + 61))
        with pytest.raises(Conflict, match="ran out"):
            writer.append(marked("second"))
        assert {request.method for request in objects.server.requests[asked:]} == {"GET"}
    assert objects.entries() == ["first"]


def test_two_that_take_over_at_once(objects: Place) -> None:
    append(objects, "first")
    objects.let_the_lock_go()
    at(objects, "PUT", ".lock", lambda: append(objects, "theirs"))
    with pytest.raises(LedgerBusy, match="has just begun"):
        append(objects, "mine")
    assert objects.entries() == ["first", "theirs"]


def test_a_ledger_that_goes_on_while_it_is_opened_is_not_called_damaged(objects: Place) -> None:
    append(objects, "first")
    at(objects, "GET", "tile/entries/000.p/1", lambda: overtake(objects, "theirs"))
    with pytest.raises(Conflict), opened(objects):
        pass
    objects.store().remove(["tile/entries/000.p/2"])
    with pytest.raises(LedgerError, match=r"000\.p/2: it is missing"), opened(objects):
        pass


# The command, as a user runs it.


@pytest.fixture
def user(objects: Place, repository: Repository) -> Repository:
    repository.environment |= {**objects.environment, "NO_PROXY": "127.0.0.1"}
    return repository


def test_a_ledger_in_object_storage_is_verified_shown_and_proven(objects: Place, user: Repository, tmp_path: Path) -> None:
    private = tmp_path / "private"
    made = user.gitguard("audit", "key", "create", "--ledger", objects.name, "--name", NAME, "--private", str(private))
    assert made.code == 0, made.err
    with opened(objects, read_key(private)) as writer:
        writer.append(marked("first", "second"))
    verified_ = user.gitguard("audit", "verify", "--ledger", objects.name)
    assert (verified_.code, verified_.err) == (0, ""), verified_
    shown = user.gitguard("audit", "show", "--ledger", objects.name, "--kind", "heartbeat", "--format", "json")
    assert [json.loads(line)["entry"]["audit"] for line in shown.out.splitlines()] == ["first", "second"], shown
    proof = tmp_path / "one.tlog-proof"
    assert user.gitguard("audit", "prove", "1", "--ledger", objects.name, "--output", str(proof)).code == 0
    assert user.gitguard("audit", "verify", "--proof", str(proof), "--key", made.out.strip()).code == 0
    rotated = user.gitguard("audit", "key", "rotate", "--ledger", objects.name, "--private", str(private))
    assert rotated.code == 0, rotated.err
    assert user.gitguard("audit", "verify", "--ledger", objects.name, "--key", made.out.strip()).code == 0


def test_a_ledger_that_goes_on_while_it_is_verified_is_not_called_damaged(objects: Place, user: Repository) -> None:
    append(objects, "first")
    at(objects, "GET", "tile/entries/000.p/1", lambda: append(objects, "second"))
    at(objects, "GET", "tile/entries/000.p/2", lambda: append(objects, "third"))
    done = user.gitguard("audit", "verify", "--ledger", objects.name, "--key", str(KEY.verifier))
    assert (done.code, "3 entries" in done.out) == (0, True), done


@pytest.mark.parametrize(
    ("ledger", "environment", "said"),
    [
        ("s3://ledgers/team", {"AWS_SECRET_ACCESS_KEY": "wrong-secret"}, "the credentials are not accepted (SignatureDoesNotMatch)"),
        ("s3://ledgers/team", {"AWS_ACCESS_KEY_ID": "nobody"}, "are the endpoint and the credentials right?"),
        ("s3://ledgers/team", {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "there are no credentials: AWS_ACCESS_KEY_ID"),
        ("s3://ledgers/team", {"AWS_ACCESS_KEY_ID": ""}, "there are no credentials: AWS_ACCESS_KEY_ID"),
        ("s3://ledgers/team", {"AWS_PROFILE": "none", "AWS_ACCESS_KEY_ID": ""}, "there are no credentials: AWS_ACCESS_KEY_ID"),
        ("s3://ledgers/team", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "the server can't be reached (EndpointConnectionError)"),
        ("s3://ledgers/team", {"AWS_ENDPOINT_URL_S3": "nonsense"}, "the endpoint is no URL"),
        ("s3://missing/team", {}, "there is no such bucket (NoSuchBucket)"),
        ("s3://no_bucket at all/team", {}, "that can't be the name of a bucket"),
    ],
)
def test_what_can_not_be_read_is_told_in_one_line(user: Repository, ledger: str, environment: dict[str, str], said: str) -> None:
    user.environment |= environment
    for command in (["verify"], ["verify", "--key", str(KEY.verifier)], ["show"], ["prove", "0"], ["key", "show"]):
        done = user.gitguard("audit", *command, "--ledger", ledger)
        assert (done.code, said in done.out + done.err) == (3, True), done
        assert not any(
            secret in done.out + done.err for secret in (OBJECT_STORAGE["AWS_SECRET_ACCESS_KEY"], "wrong-secret", "Signature=", "AWS4-HMAC")
        )


def test_a_place_without_a_bucket_is_a_wrong_command_line(repository: Repository) -> None:
    done = repository.gitguard("audit", "verify", "--ledger", "s3:///team")
    assert (done.code, "names no bucket" in done.err) == (2, True), done


def test_a_tile_that_can_not_be_read_is_told_by_every_command(objects: Place, user: Repository) -> None:
    append(objects, "first")
    assert objects.server
    objects.store().put("key.pub", str(KEY.verifier).encode())
    objects.server.answers[f"/{BUCKET}/team/tile/entries/000.p/1"] = Answer(status=403)
    for command in (["verify"], ["show"], ["show", "--kind", "heartbeat"], ["prove", "0"], ["export"]):
        done = user.gitguard("audit", *command, "--ledger", objects.name)
        assert (done.code, "HTTP 403" in done.out + done.err) == (3, True), done
