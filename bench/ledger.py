"""The ledger: appending beside Tessera and beside bare durable writes, verifying beside Tessera's fsck, and a log of a million entries.

Run: make bench (or: python bench/ledger.py [ENTRIES]). Whole processes where both are processes; a busy machine is busy for both.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gitguard.commands import audit  # noqa: E402
from gitguard.edges.ledger import write_key  # noqa: E402
from gitguard.edges.ledger_index import Index, Query  # noqa: E402
from gitguard.ledger.entries import decoded, encoded  # noqa: E402
from gitguard.ledger.notes import checkpoint, note  # noqa: E402
from tests.ledger import logs  # noqa: E402
from tests.oracle import beds  # noqa: E402

ENTRIES = 1_000_000
BESIDE_TESSERA = 10_000
BATCH = 1_000
SINGLE = 300
PROOFS = 300
RUNS = 3
KEY = str(logs.KEY.verifier)
COMMAND = [sys.executable, "-m", "gitguard", "audit"]
QUERIES = {
    "an hour": lambda last: Query(since=logs.time(last // 2), until=logs.time(last // 2 + 3600)),
    "since half of the time": lambda last: Query(since=logs.time(last // 2)),
    "an object": lambda last: Query(object="Deployment/team-3/service-3"),
    "an object's name": lambda last: Query(object="service-3"),
    "an actor": lambda last: Query(actor="user-3@example.com"),
    "an actor, a kind, a time": lambda last: Query(actor="user-3@example.com", kind="drift", since=logs.time(last // 2)),
    "an incident": lambda last: Query(incident="incident-777"),
    "nobody": lambda last: Query(actor="nobody"),
}


def main() -> None:
    # An installed package has its modules compiled: measured are not the compiler's milliseconds.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(ROOT)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    print(f"{'ledger':58}{'median':>12}{'min':>12}{'max':>12}  goal")
    with tempfile.TemporaryDirectory(prefix="gitguard-bench-") as name:
        folder = Path(name)
        beside_tessera(folder)
        beside_bare_writes(folder)
        large(folder / "large", count)


def row(title: str, values: list[float], form: str = ",.2f", goal: str = "") -> None:
    print(f"{title:58}" + "".join(f"{value:>12{form}}" for value in (statistics.median(values), min(values), max(values))) + f"  {goal}", flush=True)


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


class Run(NamedTuple):
    """How a process went: seconds by the clock and by the CPU, MiB at most, and what it printed."""

    seconds: float
    cpu: float
    memory: float
    said: str


def run(command: list[str]) -> Run:
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def beside_tessera(folder: Path) -> None:
    """The same entries, a file each, appended by one process to a new log; and both logs verified."""
    given = folder / "entries"
    given.mkdir()
    for number, entry in enumerate(logs.story(BESIDE_TESSERA)):
        # What the writer itself adds to a heartbeat, so that both logs hold the same.
        listed = {"unfinished": []} if entry["kind"] == "heartbeat" else {}
        (given / f"{number:06d}").write_bytes(encoded({"version": 1, **entry, **listed}))
    private, public = folder / "key", folder / "key.pub"
    write_key(private, logs.KEY)
    public.write_text(KEY)
    oneshot, fsck = str(beds.build("tessera", "posix-oneshot")), str(beds.build("tessera", "fsck"))
    ours, theirs, verify, check = [], [], [], []
    for turn in range(RUNS):
        peer, own = folder / f"tessera-{turn}", folder / f"own-{turn}"
        theirs.append(run([oneshot, f"--storage_dir={peer}", f"--entries={given}/*", f"--private_key={private}"]).seconds)
        ours.append(run([sys.executable, __file__, "append", str(given), str(own)]).seconds)
        assert (peer / "checkpoint").read_bytes() == (own / "checkpoint").read_bytes(), "the same entries make the same log"
        verify.append(run([*COMMAND, "verify", "--ledger", str(own), "--key", KEY]).seconds)
        check.append(run([fsck, f"--storage_url=file://{peer}", f"--public_key={public}", "--ui=false"]).seconds)
    row(f"{BESIDE_TESSERA:,} entries appended, whole process, s", ours)
    row("  Tessera's posix-oneshot, s", theirs)
    row("  ratio", [own / peer for own, peer in zip(ours, theirs, strict=True)])
    row(f"{BESIDE_TESSERA:,} entries verified, whole process, s", verify)
    row("  Tessera's fsck, which looks at hashes alone, s", check)


def append(given: Path, ledger: Path) -> None:
    """What posix-oneshot does: every file of a folder is an entry, and all of them are one batch."""
    with logs.opened(ledger) as writer:
        writer.append([decoded(file.read_bytes()) for file in sorted(given.iterdir())])


def bare(folder: Path, number: int, data: bytes) -> None:
    """One durable write: written, made durable, renamed, and the renaming made durable."""
    fresh, target = folder / f"{number}.new", folder / str(number)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, data)
    os.fsync(descriptor)
    os.close(descriptor)
    fresh.rename(target)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def beside_bare_writes(folder: Path) -> None:
    place = folder / "bare"
    place.mkdir()
    batches = list(batched(BATCH * 20))
    with logs.opened(folder / "batches") as writer:
        rates = [BATCH / timed(lambda one=batch: writer.append(one)) for batch in batches]
    row(f"appended in durable batches of {BATCH:,}: entries/s", rates, ",.0f", ">= 5,000")
    entries = list(logs.story(SINGLE))
    with logs.opened(folder / "single") as writer:
        pairs = [
            (timed(lambda one=entry: writer.append([one])), timed(lambda at=number, one=entry: bare(place, at, encoded(one))))
            for number, entry in enumerate(entries)
        ]
    row("appended one by one, each with a durable checkpoint, ms", [own * 1e3 for own, _ in pairs])
    row("  a bare durable write of the same entry, ms", [other * 1e3 for _, other in pairs])
    ratio = statistics.median(own for own, _ in pairs) / statistics.median(other for _, other in pairs)
    print(f"{'  bare durable writes that one append costs':58}{ratio:>12.2f}")


def batched(count: int, first: int = 0) -> Iterator[list[dict]]:
    for start in range(first, first + count, BATCH):
        yield list(logs.story(min(BATCH, first + count - start), first=start))


def large(ledger: Path, count: int) -> None:
    with logs.opened(ledger) as writer:
        seconds = [timed(lambda one=batch: writer.append(one)) for batch in batched(count)]
    size, tenth = count, max(1, len(seconds) // 10)
    stored = sum(file.stat().st_size for file in (ledger / "tile/entries").rglob("*") if file.is_file())
    print(f"{size:,} entries of {stored / size:.0f} bytes, appended in batches of {BATCH:,} within {sum(seconds):.0f} s")
    row("  the first 10%: entries/s", [BATCH / one for one in seconds[:tenth]], ",.0f")
    row("  the last 10%: entries/s", [BATCH / one for one in seconds[-tenth:]], ",.0f", "as the first")
    with logs.opened(ledger) as old, logs.opened(ledger.parent / "fresh") as new:
        batches = list(batched(BATCH * 20, first=size))
        pairs = [(timed(lambda one=batch: old.append(one)), timed(lambda one=batch: new.append(one))) for batch in batches]
    row("  a batch more / the same batch in a fresh log, in turn", [late / early for late, early in pairs], goal="1")
    size += BATCH * 20
    verifying(ledger, size)
    proving(ledger, size)
    asking(ledger, size)


def verifying(ledger: Path, size: int) -> None:
    runs = [run([*COMMAND, "verify", "--ledger", str(ledger), "--key", KEY]) for _ in range(RUNS)]
    assert all(f"{size} entries" in one.said for one in runs), runs
    row("audit verify, whole process: entries/s", [size / one.seconds for one in runs], ",.0f", ">= 50,000")
    row("  by the CPU time that it had: entries/s", [size / one.cpu for one in runs], ",.0f")
    row("  memory, MiB", [one.memory for one in runs], ",.0f", "< 200")


def proving(ledger: Path, size: int) -> None:
    chance = random.Random(0)
    opened = audit.Ledger(str(ledger), dict(os.environ))
    numbers = [chance.randrange(size) for _ in range(PROOFS)]
    row("audit prove, in process, ms", [timed(lambda one=number: audit.prove(opened, one)) * 1e3 for number in numbers], goal="< 50")
    whole = [run([*COMMAND, "prove", str(number), "--ledger", str(ledger)]) for number in numbers[:10]]
    row("  whole process, ms", [one.seconds * 1e3 for one in whole], goal="< 50")
    row("  whole process, ms of CPU", [one.cpu * 1e3 for one in whole])


def asking(ledger: Path, size: int) -> None:
    store = logs.store(ledger)
    head = checkpoint(note(store.read("checkpoint")).text)
    folder = ledger.parent / "index"
    started, cpu = time.perf_counter(), time.process_time()
    Index(store, head, folder).close()
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    kept = sum(file.stat().st_size for file in folder.iterdir())
    print(f"index of all, made once: {took:.1f} s, {cpu:.1f} s of CPU, {size / took:,.0f} entries/s, {kept / 1e6:.0f} MB")
    row("  opened again, ms", [timed(lambda: Index(store, head, folder).close()) * 1e3 for _ in range(RUNS)])
    index = Index(store, head, folder)
    for title, query in QUERIES.items():
        asked = query(size)
        found = len(index.numbers(asked, size))
        row(f"  {title}: the newest 20 of {found:,}, ms", [timed(lambda one=asked: index.numbers(one, 20)) * 1e3 for _ in range(RUNS)], goal="< 100")
    index.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["append"]:
        append(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
