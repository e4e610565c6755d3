"""A ledger's writer is killed, and meets errors, at every call by which it changes the ledger: the log verifies, and no act is unlogged.

The runs are sampled; GITGUARD_FAULTS=all makes every one of them.
"""

import json
import os
import pickle
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gitguard.edges.ledger import Writer, read_key, writing
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_index import entries
from gitguard.edges.ledger_store import LedgerBusy, LedgerUnwritable
from gitguard.ledger.errors import LedgerError
from gitguard.ledger.notes import note
from gitguard.ledger.tiles import CHECKPOINT, bundle_path, bundles_of, tiles_of
from gitguard.ledger.verification import Verdict, verified
from tests.conftest import ENVIRONMENT, ROOT
from tests.edges.ledger_victim import JUDGE, NEW, OBJECT, OLD

EVERY = os.environ.get("GITGUARD_FAULTS") == "all"
SAMPLED = 8
KILLED = -signal.SIGKILL
STRACE = shutil.which("strace")


class Victims:
    """The program of tests/edges/ledger_victim.py, told to run in one folder after the other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.edges.ledger_victim", "--serve"],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def fresh(self) -> Path:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder

    def run(self, folder: Path, name: str, **fault: Any) -> int:
        """How the run ended: 0, 1 for an assertion that failed, or minus the signal."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps({"folder": str(folder), "name": name, **fault}) + "\n")
        self._server.stdin.flush()
        return int(self._server.stdout.readline())

    def calls(self, name: str = "first") -> list[str]:
        """The calls of an unharmed run."""
        folder = self.fresh()
        assert self.run(folder, name) == 0
        return (folder / "calls").read_text().split("\n")

    def close(self) -> None:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(10)
        self._server.stdout.close()


@contextmanager
def in_memory() -> Iterator[Path]:
    """A fresh folder in memory where there is such a place: a kill does not ask what the disk did."""
    with tempfile.TemporaryDirectory(prefix="gitguard-faults-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture
def quick_folder() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with in_memory() as folder:
        made = Victims(folder)
        yield made
        made.close()


def chosen(count: int, seed: str) -> list[int]:
    """Which of so many calls are met: all, or the first, the last and some between."""
    if EVERY or count <= SAMPLED:
        return list(range(count))
    return sorted({0, count - 1, *random.Random(seed).sample(range(count), SAMPLED)})


class Held(NamedTuple):
    """What is in a ledger."""

    verdict: Verdict
    entries: tuple[Mapping[str, Any], ...]


def held(ledger: Path) -> Held:
    """The log, verified with the key that it began with; a ledger that has no checkpoint yet is empty."""
    store = LocalStore(ledger)
    verdict = verified(store.read, OLD.verifier, judge=JUDGE)
    if verdict.checkpoint is None and store.read(CHECKPOINT) is None:
        return Held(verdict, ())
    assert verdict.is_intact, verdict.problems
    assert verdict.checkpoint is not None
    return Held(verdict, tuple(json.loads(data) for _, data in entries(store, verdict.checkpoint.size)))


def check(folder: Path, said: list[str] | None = None) -> Held:
    """The log verifies, all that was said to be in it is, nothing is twice in it, and every act that was done was announced."""
    found = held(folder / "ledger")
    if said is None:
        said = (folder / "said").read_text().splitlines() if (folder / "said").exists() else []
    named = Counter(
        (entry["kind"], entry.get("id") or entry.get("intent", "")) for entry in found.entries if entry["kind"] not in ("heartbeat", "key")
    )
    assert [one for one, times in named.items() if times > 1] == []
    for line in said:
        word, *rest = line.split(" ")
        if word == "entry":
            entry = found.entries[int(rest[0])]
            assert [entry["kind"], entry.get("id") or entry.get("intent", "")] == rest[1:]
        elif word == "act":
            assert ("intent", rest[0]) in named
            assert ("outcome", rest[0]) in named
        elif word == "key":
            assert any(entry["kind"] == "key" for entry in found.entries)
        elif word == "blob":
            assert (folder / "ledger/blobs/sha256" / rest[0].removeprefix("sha256:")).is_file()
    for marker in (folder / "acts").iterdir() if (folder / "acts").is_dir() else ():
        assert ("intent", marker.name) in named
    return found


def check_ended(folder: Path) -> None:
    """After an unharmed run: every act has its outcome, and there is no file that the tree does not need."""
    found = check(folder)
    assert found.verdict.checkpoint is not None
    assert [one.what for one in found.verdict.remarks] == []
    size = found.verdict.checkpoint.size
    wanted = {tile.path for tile in tiles_of(size)} | {bundle_path(index, width) for index, width in bundles_of(size)}
    ledger = folder / "ledger"
    there = {str(file.relative_to(ledger)) for file in ledger.rglob("*") if file.is_file() and file.parent.name != "sha256"}
    assert there - wanted == {".lock", CHECKPOINT}
    assert wanted <= there


@pytest.mark.parametrize("how", ["die before", "die amid", "die after"])
def test_a_writer_that_is_killed_at_any_call_leaves_a_log_that_verifies(victims: Victims, how: str) -> None:
    numbers = [number for number, name in enumerate(victims.calls()) if how != "die amid" or name == "write"]
    for number in (numbers[one] for one in chosen(len(numbers), how)):
        folder = victims.fresh()
        assert victims.run(folder, "first", at=number, how=how) == KILLED
        check(folder)
        assert victims.run(folder, "second") == 0
        check_ended(folder)


def test_a_writer_that_is_killed_twice_leaves_a_log_that_verifies(victims: Victims) -> None:
    count = len(victims.calls())
    numbers = random.Random(1)
    for _ in range(200 if EVERY else 8):
        folder = victims.fresh()
        assert victims.run(folder, "first", at=numbers.randrange(count), how="die after") == KILLED
        victims.run(folder, "second", at=numbers.randrange(count), how="die before")
        check(folder)
        assert victims.run(folder, "third") == 0
        check_ended(folder)


@pytest.mark.parametrize("how", ["die before", "die after"])
def test_a_handing_over_that_is_killed_at_any_call_is_finished_by_the_next(victims: Victims, how: str) -> None:
    private = "ledger.key"
    for number in chosen(len(victims.calls(name="rotate")), how):
        folder = victims.fresh()
        assert victims.run(folder, "rotate", at=number, how=how) == KILLED
        if "private key" in (folder / "said").read_text():
            assert read_key(folder / private) is not None
        check(folder)
        assert victims.run(folder, "rotate") == 0
        check(folder)
        with writing(LocalStore(folder / "ledger"), read_key(folder / private), JUDGE) as writer:
            writer.append([drift("after")])
        check_ended(folder)
        assert verified(LocalStore(folder / "ledger").read, read_key(folder / private).verifier).is_intact
        assert not (folder / f"{private}.new").exists()


# What can fail with what; "fail after" did its work, and says that it failed.
ERRORS = [
    ("write", "ENOSPC", "fail"),
    ("write", "ENOSPC", "fail amid"),
    ("write", "EDQUOT", "fail amid"),
    ("write", "EIO", "fail"),
    ("fsync", "EIO", "fail"),
    ("fsync", "EIO", "fail after"),
    ("fsync", "ENOSPC", "fail"),
    ("open", "EROFS", "fail"),
    ("open", "EACCES", "fail"),
    ("open", "EMFILE", "fail"),
    ("rename", "EIO", "fail"),
    ("rename", "EIO", "fail after"),
    ("rename", "ENOSPC", "fail"),
    ("mkdir", "ENOSPC", "fail"),
    ("mkdir", "EDQUOT", "fail after"),
    ("unlink", "EACCES", "fail"),
]


# How many calls fail; there are few folders to be made, and of files that are not needed any more.
@pytest.mark.parametrize(
    ("call", "error", "how", "lasting"),
    [(*one, lasting) for one in ERRORS for lasting in (1, 30) if lasting == 1 or one[0] not in ("mkdir", "unlink")],
)
def test_after_an_error_the_same_writer_goes_on(victims: Victims, call: str, error: str, how: str, lasting: int) -> None:
    count = len([one for one in victims.calls() if one.split(" ")[0] == call])
    for number in chosen(count, call + error):
        folder = victims.fresh()
        assert victims.run(folder, "first", at=number, how=how, errno=error, only=[call], **{"for": lasting}) == 0
        check_gone_on(folder, call)
        assert victims.run(folder, "second") == 0
        check_ended(folder)


def check_gone_on(folder: Path, call: str) -> None:
    """All of the story is there, once, in spite of the errors."""
    found = check(folder)
    said = (folder / "said").read_text()
    assert call in ("unlink", "mkdir") or "failed" in said or "unwritable" in said
    assert {"first-a", "first-b", "first-c", "first-1", "first-2"} <= {entry.get("id") for entry in found.entries}
    assert len([entry for entry in found.entries if entry["kind"] == "heartbeat"]) == 1
    assert [remark for remark in found.verdict.remarks if remark.what == "unfinished"] == []


class Disk:
    """What a disk holds when the power fails: what was synced for certain, and of the rest what chance kept."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._seen: dict[str, dict[str, Any]] = {root: {}}
        self._kept: dict[str, dict[str, Any]] = {root: {}}
        self._content: list[bytes] = []
        self._durable: list[bytes] = []

    def met(self, call: str, where: str, *rest: Any) -> None:
        folder, _, name = where.rpartition("/")
        if call == "open" and rest[0] & os.O_CREAT and name not in self._seen[folder]:
            self._seen[folder][name] = len(self._content)
            self._content.append(b"")
            self._durable.append(b"")
        elif call == "write":
            self._content[self._seen[folder][name]] += rest[0]
        elif call == "fsync" and where in self._seen:
            self._kept[where] = dict(self._seen[where])
        elif call == "fsync":
            self._durable[self._seen[folder][name]] = self._content[self._seen[folder][name]]
        elif call == "rename":
            target, _, renamed = os.fspath(rest[0]).rpartition("/")
            self._seen[target][renamed] = self._seen[folder].pop(name)
        elif call in ("unlink", "rmdir"):
            self._seen[folder].pop(name)
        elif call == "mkdir":
            self._seen[folder][name] = where
            self._seen[where], self._kept[where] = {}, {}

    def left(self, target: Path, chance: random.Random | None, folder: str = "") -> None:
        """Write what is left into a folder; without chance, that is what was synced and no more."""
        folder = folder or self._root
        target.mkdir(exist_ok=True)
        for name in sorted({*self._seen[folder], *self._kept[folder]}):
            state = self._seen if chance is not None and chance.random() < 0.5 else self._kept
            one = state[folder].get(name)
            if isinstance(one, str):
                self.left(target / name, chance, one)
            elif one is not None:
                (target / name).write_bytes(self._torn(one, chance))

    def _torn(self, file: int, chance: random.Random | None) -> bytes:
        whole, durable = self._content[file], self._durable[file]
        if chance is None or whole == durable:
            return durable
        return chance.choice([durable, whole, whole[: len(whole) // 2], b"\0" * len(whole)])


def recorded(folder: Path, name: str) -> Iterator[tuple[Any, ...]]:
    """What a run did, one thing after the other."""
    with (folder / f"record of {name}").open("rb") as file, suppress(EOFError):
        while True:
            yield pickle.load(file)  # noqa: S301


def test_a_power_failure_after_any_call_leaves_a_log_that_verifies(victims: Victims) -> None:
    folder = victims.fresh()
    assert victims.run(folder, "first") == 0
    record = list(recorded(folder, "first"))
    world = World(folder)
    met = chosen(len(record), "power")
    for number, what in enumerate(record):
        world.met(what)
        for seed in (None, 1, 2) if number in met else ():
            world.fails(victims, None if seed is None else random.Random(seed + number))


@pytest.mark.parametrize("call", ["mkdir", "rename"])
def test_a_power_failure_takes_nothing_that_a_writer_built_on_what_a_killed_one_left(victims: Victims, call: str) -> None:
    numbers = [number for number, name in enumerate(victims.calls()) if name == call]
    for number in (numbers[one] for one in chosen(len(numbers), call)):
        folder = victims.fresh()
        assert victims.run(folder, "first", at=number, how="die after") == KILLED
        assert victims.run(folder, "second") == 0
        world = World(folder)
        for what in (*recorded(folder, "first"), *recorded(folder, "second")):
            world.met(what)
        world.fails(victims, None)


class World:
    """What a record tells: what is on the disk, what was said, and which acts were done."""

    def __init__(self, folder: Path) -> None:
        self._disk = Disk(str(folder))
        self._said: list[str] = []
        self._acts: list[str] = []

    def met(self, what: tuple[Any, ...]) -> None:
        call, *rest = what
        if call == "said":
            self._said += rest
        elif call == "acted":
            self._acts += rest
        else:
            self._disk.met(call, *rest)

    def fails(self, victims: Victims, chance: random.Random | None) -> None:
        """Check what is left, and that a writer goes on from it."""
        left = victims.fresh()
        self._disk.left(left, chance)
        (left / "acts").mkdir()
        for act in self._acts:
            (left / "acts" / act).touch()
        check(left, self._said)
        assert victims.run(left, "later") == 0
        check_ended(left)


def traced(folder: Path, name: str, *options: str) -> int:
    """The program alone, under strace."""
    assert STRACE is not None
    program = [sys.executable, "-m", "tests.edges.ledger_victim", str(folder), name]
    environment = {**ENVIRONMENT, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([STRACE, "-f", "-qq", *options, *program], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 1, done.stderr
    return done.returncode


_SYSTEM_CALLS = "/^(open|openat|write|fsync|rename|renameat|renameat2|unlink|unlinkat|mkdir|mkdirat|rmdir)$"


@pytest.fixture(scope="module")
def system_calls(victims: Victims) -> list[tuple[str, int]]:
    """Each call of the kernel by which an unharmed run changes the ledger, and the how-many-eth of its name it is."""
    if STRACE is None or subprocess.run([STRACE, "-qq", "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.skip("strace is not here, or may not trace: the injector in the program makes the same faults")
    folder = victims.fresh()
    log = folder / "log"
    assert traced(folder, "first", "-y", "-o", str(log), "-e", f"trace={_SYSTEM_CALLS}") == 0
    counts: Counter[str] = Counter()
    found = []
    for line in log.read_text().splitlines():
        matched = re.match(r"\d+ +(\w+)\(", line)
        if matched is None:
            continue
        counts[matched[1]] += 1
        if f"{folder}/ledger" in line and (not matched[1].startswith("open") or "O_CREAT" in line):
            found.append((matched[1], counts[matched[1]]))
    return found


def test_the_kernel_kills_the_writer_at_any_call(victims: Victims, system_calls: list[tuple[str, int]]) -> None:
    for one in chosen(len(system_calls), "strace"):
        name, number = system_calls[one]
        folder = victims.fresh()
        assert traced(folder, "first", "-o", os.devnull, "-e", f"trace={name}", "-e", f"inject={name}:signal=SIGKILL:when={number}") == KILLED
        check(folder)
        assert victims.run(folder, "second") == 0
        check_ended(folder)


@pytest.mark.parametrize(
    ("call", "error"), [("write", "ENOSPC"), ("fsync", "EIO"), ("open", "EROFS"), ("open", "EMFILE"), ("rename", "EDQUOT"), ("mkdir", "ENOSPC")]
)
def test_the_kernel_refuses_a_call_and_the_writer_goes_on(victims: Victims, system_calls: list[tuple[str, int]], call: str, error: str) -> None:
    met = [one for one in system_calls if one[0].startswith(call)]
    for one in chosen(len(met), call + error) if EVERY else random.Random(call).sample(range(len(met)), 3):
        name, number = met[one]
        folder = victims.fresh()
        assert traced(folder, "first", "-o", os.devnull, "-e", f"trace={name}", "-e", f"inject={name}:error={error}:when={number}") == 0
        check_gone_on(folder, call)
        assert victims.run(folder, "second") == 0
        check_ended(folder)


def opened(folder: Path) -> AbstractContextManager[Writer]:
    return writing(LocalStore(folder), OLD, JUDGE)


def drift(name: str, size: int = 1) -> dict[str, Any]:
    return {"kind": "drift", "id": name, "object": OBJECT, "action": "update", "decision": "revert", "reason": "x" * size}


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[None]:
    """Something mounted, where that is allowed."""
    done = subprocess.run(["mount", *arguments, str(at)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True, capture_output=True)


def append_until_it_fails(writer: Writer, returned: list[str]) -> None:
    for number in range(1000):
        writer.append([drift(f"drift-{number}", 3000)])
        returned.append(f"drift-{number}")


def fills_up(ledger: Path, make_room: Callable[[], None]) -> None:
    """Write until nothing fits; all that returned is there; with room again, the same writer goes on."""
    marker = ledger / ".." / "act"
    returned: list[str] = []
    with opened(ledger) as writer:
        with pytest.raises(OSError, match=r"No space|too large"):
            append_until_it_fails(writer, returned)
        intent = {"id": "act", "incident": "drift-0", "act": "update", "object": OBJECT, "git": {"path": "x" * 30000}}
        with pytest.raises(LedgerUnwritable) as caught:
            writer.perform(intent, lambda: marker.touch() or {"result": "reverted"})
        assert not caught.value.acted
        assert not marker.exists()
        assert isinstance(caught.value.__cause__, OSError)
        assert str(ledger) in str(caught.value)
        assert "nothing was done" in str(caught.value)
        assert [entry["id"] for entry in held(ledger).entries] == returned
        make_room()
        writer.append([drift("after")])
        writer.perform(intent, lambda: {"result": "reverted"})
    assert [entry.get("id") for entry in held(ledger).entries] == [*returned, "after", "act", None]


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root mounts a small file system; the limit on the size of files is tried instead")
    with mounted("-t", "tmpfs", "-o", "size=512k", "tmpfs", at=tmp_path):
        ballast = tmp_path / "ballast"
        ballast.write_bytes(b"x" * 200_000)
        fills_up(tmp_path / "ledger", ballast.unlink)


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, before[1]))
    try:
        fills_up(tmp_path / "ledger", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write to a folder: by its mode, which does not bind root, or by a mount."""
    if os.geteuid():
        parts = [folder, *(one for one in folder.rglob("*") if one.is_dir())]
        for part in parts:
            part.chmod(0o500)
        try:
            yield
        finally:
            for part in parts:
                part.chmod(0o700)
    else:
        with mounted("--bind", str(folder), at=folder):
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True, capture_output=True)
            yield


def test_a_folder_that_nobody_may_write_to(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    marker = tmp_path / "act"
    intent = {"id": "act", "incident": "first", "act": "update", "object": OBJECT}
    with opened(ledger) as writer:
        writer.append([drift("first")])
        with read_only(ledger):
            with pytest.raises(OSError, match=r"Read-only|denied"):
                writer.append([drift("second")])
            with pytest.raises(LedgerUnwritable):
                writer.perform(intent, lambda: marker.touch() or {"result": "reverted"})
            assert [entry["id"] for entry in held(ledger).entries] == ["first"]
        assert not marker.exists()
        writer.append([drift("second")])
    with read_only(ledger), pytest.raises(OSError, match=r"Read-only|denied"), opened(ledger):
        pass
    assert [entry["id"] for entry in held(ledger).entries] == ["first", "second"]


def program(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)


_HOLDS = """
import sys, time
from tests.edges.test_ledger_faults import drift, opened, Path
with opened(Path(sys.argv[1])) as writer:
    writer.append([drift("of the first")])
    print("in", flush=True)
    time.sleep(60)
"""

_APPENDS = """
import sys, time
from tests.edges.test_ledger_faults import LedgerBusy, drift, opened, Path
for number in range(10):
    while True:
        try:
            with opened(Path(sys.argv[1])) as writer:
                writer.append([drift(f"{sys.argv[2]}-{number}")])
            break
        except LedgerBusy:
            time.sleep(0.003)
    print(f"{sys.argv[2]}-{number}", flush=True)
"""


def test_a_second_writer_is_let_in_as_soon_as_the_first_is_killed(tmp_path: Path) -> None:
    first = program(_HOLDS, str(tmp_path / "ledger"))
    assert first.stdout is not None
    assert first.stdout.readline() == "in\n"
    with pytest.raises(LedgerBusy, match="another process writes"), opened(tmp_path / "ledger"):
        pass
    first.kill()
    first.wait()
    first.stdout.close()
    with opened(tmp_path / "ledger") as writer:
        writer.append([drift("of the second")])
    assert [entry["id"] for entry in held(tmp_path / "ledger").entries] == ["of the first", "of the second"]


def test_twenty_processes_append_at_once(quick_folder: Path) -> None:
    running = [program(_APPENDS, str(quick_folder / "ledger"), str(number)) for number in range(20)]
    returned = [line for one in running for line in one.communicate(timeout=60)[0].split()]
    assert [one.returncode for one in running] == [0] * 20
    assert len(returned) == 200
    assert sorted(entry["id"] for entry in held(quick_folder / "ledger").entries) == sorted(returned)


def test_threads_share_a_writer(quick_folder: Path) -> None:
    numbers: dict[str, range] = {}

    def work(writer: Writer, thread: int) -> None:
        for number in range(20):
            name = f"{thread}-{number}"
            numbers[name] = writer.append([drift(name)])
            writer.perform({"id": name, "incident": name, "act": "update", "object": OBJECT}, lambda: {"result": "reverted"})

    with opened(quick_folder / "ledger") as writer:
        threads = [threading.Thread(target=work, args=(writer, thread)) for thread in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = held(quick_folder / "ledger").entries
    assert len(found) == 8 * 20 * 3
    assert {name: [found[number]["id"] for number in one] for name, one in numbers.items()} == {name: [name] for name in numbers}


def test_a_fork_does_not_write_with_the_writer_of_its_parent(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as writer:
        writer.append([drift("of the parent")])
        child = os.fork()
        if not child:
            status = 1
            with suppress(BaseException):
                try:
                    writer.append([drift("of the child")])
                except LedgerBusy:
                    status = 0
            os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        writer.append([drift("of the parent again")])
    with pytest.raises(LedgerBusy, match="closed"):
        writer.append([drift("too late")])
    assert [entry["id"] for entry in held(tmp_path / "ledger").entries] == ["of the parent", "of the parent again"]


def test_a_reader_sees_a_whole_log_while_it_grows(quick_folder: Path) -> None:
    ledger = quick_folder / "ledger"
    ended = threading.Event()
    wrong: list[Any] = []

    def read() -> None:
        while not ended.is_set():
            wrong.extend(verified(LocalStore(ledger).read, OLD.verifier).problems)

    with opened(ledger) as writer:
        writer.append([drift(f"filling-{number}") for number in range(200)])
        reader = threading.Thread(target=read)
        reader.start()
        for number in range(150):
            writer.append([drift(f"drift-{number}")])
        ended.set()
        reader.join()
    assert wrong == []


def test_the_key_that_was_handed_over_does_not_go_on(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as writer:
        writer.append([drift("first")])
        writer.hand_over(NEW)
    # The checkpoint has the signatures of both yet, as after a death before the new private key was in its place.
    assert note(LocalStore(tmp_path / "ledger").read(CHECKPOINT) or b"").signed_by(OLD.verifier)
    with pytest.raises(LedgerError, match="handed over"), opened(tmp_path / "ledger"):
        pass
    with writing(LocalStore(tmp_path / "ledger"), NEW, JUDGE) as writer:
        writer.append([drift("second")])
    assert len(held(tmp_path / "ledger").entries) == 3
