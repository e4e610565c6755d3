"""The watch when its ledger fails it, and when it is itself ended at any moment: nothing is done that is not written down first."""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from gitguard.edges.ledger import new_key, write_key
from tests.conftest import Repository
from tests.lab.controlplane import ControlPlane
from tests.lab.faults import Edit, Person, acts, holds, scene
from tests.lab.test_lab import eventually
from tests.lab.watch import Watch, let_in, watch
from tests.ports import free_port

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("faults-ledger")]
# What makes a ledger durable, and what asks the API server and hears its answers.
CALLS = ("read", "write", "fsync", "rename", "unlink")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own; skips where nobody lets us have one."""
    folder.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "full")
    alice, port = Person(kinds, "alice"), free_port()
    disk = tmp_path / "disk"
    # What is not put back, and leaves nothing to find: only the audit tells of it, once.
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "repo-full", "namespace": "argocd"}, "stringData": {"password": "x"}}
    kinds.apply(secret)
    with small_disk(disk / "ledger", "2m"), watch(kinds, config, disk, "--metrics", f"127.0.0.1:{port}") as running:
        edits = [alice.edit(made.projects[0], description="there is room")]
        running.wait(made.is_back, "it was not put back")
        before = len(acts(made))
        ballast = disk / "ledger" / "ballast"
        filled = subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4k"], capture_output=True, text=True)
        assert "No space left" in filled.stderr
        edits += [alice.edit(made.projects[1], description="no room"), alice.edit(made.maps[0], mode="no room")]
        assert alice.patch(secret, {"stringData": {"password": "y"}})[0] == 200
        running.wait(lambda: running.events("ledger"), "nobody was told that the ledger can't be written")
        # As long as the watch waits between two attempts, and longer.
        time.sleep(7)
        assert len(acts(made)) == before
        with urlopen(f"http://127.0.0.1:{port}/metrics") as told:
            (failed,) = [line for line in told.read().decode().splitlines() if line.startswith("gitguard_ledger_errors_total{")]
        assert float(failed.rpartition(" ")[2]) >= 1
        ballast.unlink()
        running.wait(made.is_back, "it does not go on where there is room again")
        assert running.stop() == 0
        holds(running, made, edits)
        told = {one["object"]["name"]: (one["actor"]["name"], one["decision"]) for one in running.incidents()}
        assert told == {**{edit.name: ("alice", "reverted") for edit in edits}, "repo-full": ("alice", "logged")}


def test_a_ledger_that_somebody_else_writes_to(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "busy")
    with watch(kinds, config, tmp_path) as running:
        second = subprocess.run(running.command, env=config.environment, capture_output=True, text=True, timeout=60)
        assert second.returncode == 3
        assert "another process writes to this ledger" in second.stderr
        assert "one watch a ledger" in second.stderr
        edits = [Person(kinds, "alice").edit(made.projects[0], description="by hand")]
        running.wait(made.is_back, "the first does not go on")
        assert running.stop() == 0
        holds(running, made, edits)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("another", "not signed by the key"),
        ("garbage", "key"),
        ("missing", "its private key is not there"),
        ("open", "chmod 600"),
        ("renamed", "it is the ledger"),
    ],
)
def test_a_key_that_is_not_the_ledgers(kinds: ControlPlane, config: Repository, tmp_path: Path, what: str, message: str) -> None:
    made = scene(kinds, config, f"key-{what}", projects=1, maps=0)
    key = tmp_path / "ledger.key"
    with watch(kinds, config, tmp_path) as running:
        assert running.stop() == 0
        kept = tmp_path / "kept"
        key.rename(kept)
        if what in ("another", "renamed"):
            write_key(key, new_key("gitguard/lab" if what == "another" else "gitguard/elsewhere"))
        elif what == "garbage":
            key.write_text("no key\n")
            key.chmod(0o600)
        elif what == "open":
            shutil.copy(kept, key)
            key.chmod(0o644)
        Person(kinds, "alice").edit(made.projects[0], description="by hand")
        running.start()
        assert running.process.wait(60) == 3
        said = running.log.read_text()
        assert message in said
        assert "Traceback" not in said
        assert not acts(made)
        key.unlink(missing_ok=True)
        kept.rename(key)
        running.start()
        running.wait(made.is_back, "with its own key it does not go on")
        assert running.stop() == 0
        holds(running, made)


def test_it_finishes_what_is_in_hand_when_it_is_told_to_end(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "term", projects=8, maps=8)
    edits: dict[tuple[str, str], Edit] = {}
    with watch(kinds, config, tmp_path) as running:
        for moment in random.Random(7).sample(range(100), 8):
            alice = Person(kinds, "alice")
            for one in made.objects:
                edit = alice.edit(one, **{"description" if "spec" in one else "mode": f"at {moment}"})
                edits[edit.name, str(edit.value)] = edit
            time.sleep(moment / 1000)
            assert running.stop() == 0
            intents = [one for one in running.entries() if one["kind"] in ("intent", "outcome")]
            assert [one["kind"] for one in intents] == ["intent", "outcome"] * (len(intents) // 2)
            running.verified()
            running.start().ready()
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, [edit for edit in edits.values() if edit.value == f"at {moment}"])


@pytest.mark.parametrize("call", CALLS)
def test_it_may_be_killed_at_any_moment(kinds: ControlPlane, config: Repository, tmp_path: Path, call: str) -> None:
    """At the first, the second, the third… of such a call after the change was made; strace kills it there, as a kernel would."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not here")
    made = scene(kinds, config, f"kill-{call}", projects=2, maps=2)
    alice = Person(kinds, "alice")
    edits, killed = [], 0
    let_in(kinds)
    running = Watch(kinds, config, tmp_path).ready()
    try:
        for number in (1, 2, 3, 4, 5, 6, 8, 12, 20, 40):
            inject = f"inject={_names(call)}:signal=KILL:when={number}"
            with strace(running, inject):
                edits += [
                    alice.edit(one, **{"description" if "spec" in one else "mode": f"{call} {number}"}) for one in (made.projects[0], made.maps[0])
                ]
                eventually(lambda: running.process.poll() is not None or made.is_back(), 20)
            killed += running.process.poll() is not None
            edits.append(alice.edit(made.projects[1], description=f"{call} {number} meanwhile"))
            if running.process.poll() is not None:
                running.start()
            assert eventually(made.is_back, 60), running.log.read_text()[-3000:]
        assert killed >= 5
        assert running.stop() == 0
        holds(running, made, edits)
        assert {one["decision"] for one in running.incidents()} <= {"reverted", "failed"}
    finally:
        if running.process.poll() is None:
            running.kill()


@contextmanager
def strace(running: Watch, inject: str) -> Iterator[None]:
    """Let the kernel do that to the watch, from now on."""
    quiet = [
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        inject.replace("inject=", "trace=").partition(":")[0],
        "-e",
        inject,
        "-p",
        str(running.process.pid),
    ]
    log = running.folder / "strace.log"
    with log.open("wb") as said, subprocess.Popen(["strace", *quiet], stdout=said, stderr=said) as tracer:
        try:
            assert eventually(lambda: _is_traced(running) or tracer.poll() is not None)
            if tracer.poll() is not None and running.process.poll() is None:
                pytest.skip(f"strace may not look into processes here: {log.read_text()[-200:]}")
            yield
        finally:
            tracer.terminate()
            try:
                tracer.wait(10)
            except subprocess.TimeoutExpired:
                # Told to end while a thread of what it looks into ends, it may wait for that thread for ever.
                tracer.kill()


def _is_traced(running: Watch) -> bool:
    status = Path(f"/proc/{running.process.pid}/status")
    return running.process.poll() is not None or "TracerPid:\t0\n" not in status.read_text()


def _names(call: str) -> str:
    return {"rename": "rename,renameat,renameat2", "unlink": "unlink,unlinkat"}.get(call, call)
