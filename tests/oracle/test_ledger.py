"""Ledgers are what C2SP says: verified by Go's own packages for transparency logs, and by Tessera's fsck, which share nothing with gitguard."""

import json
import random
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitguard.ledger.hashes import EMPTY
from gitguard.ledger.notes import Checkpoint, Signer, checkpoint, note
from gitguard.ledger.tiles import CHECKPOINT
from tests.conftest import Repository
from tests.ledger import logs
from tests.ledger.logs import KEY, OTHER_KEY, Files

pytestmark = pytest.mark.testbed

SIZES = (1, 2, 255, 256, 257, 511, 512)
# The sample of the damaged copies that fsck looks at: one process each.
SAMPLE = 60


class Verifiers:
    """The Go programs."""

    def __init__(self, testbed: Callable[..., Path], folder: Path) -> None:
        self._go = testbed("ledgercheck")
        self._fsck = testbed("tessera", "fsck")
        self._folder = folder

    def ask(self, questions: Iterable[Mapping[str, Any]], key: Signer = KEY) -> list[dict[str, Any]]:
        """What Go's packages say to each; one process for all."""
        text = "".join(json.dumps({"key": str(key.verifier), **one}) + "\n" for one in questions)
        done = subprocess.run([str(self._go)], input=text, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fsck(self, ledger: Path, key: Signer = KEY) -> str:
        """What Tessera finds wrong, "" for nothing. It ends with 0 in any case, and with a panic where a bundle holds too little."""
        public = self._folder / f"{key.verifier.hash.hex()}.pub"
        public.write_text(str(key.verifier))
        # As many workers as tiles: each of them ends at the first error, and nobody takes what is left.
        command = [str(self._fsck), f"--storage_url=file://{ledger}", f"--public_key={public}", "--ui=false", "--N=300"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        return "" if done.returncode == 0 and "Successfully fsck'd" in done.stderr else done.stderr or "it says nothing"

    def accept(self, ledger: Path, older: Iterable[bytes] = (), key: Signer = KEY) -> Checkpoint:
        """Both accept it, with the inclusion of some of its entries and all the older checkpoints; the answer is its head."""
        head = checkpoint(note((ledger / CHECKPOINT).read_bytes()).text)
        chosen = {0, head.size - 1, *random.Random(head.size).sample(range(head.size), min(head.size, 20))}
        (said,) = self.ask([{"ledger": str(ledger), "records": sorted(chosen), "older": [one.decode() for one in older]}], key)
        assert said == {"size": head.size, "root": head.root.hex()}
        assert self.fsck(ledger, key) == ""
        return head


@pytest.fixture
def verifiers(testbed: Callable[..., Path], tmp_path: Path) -> Verifiers:
    return Verifiers(testbed, tmp_path)


@pytest.mark.parametrize("size", SIZES)
def test_a_log_that_is_written_at_once_is_accepted(size: int, verifiers: Verifiers, tmp_path: Path):
    assert verifiers.accept(logs.written(tmp_path / "log", logs.story(size))).size == size


def test_an_empty_log_is_accepted(verifiers: Verifiers, tmp_path: Path):
    empty = {CHECKPOINT: logs.head(0, EMPTY)}
    ledger = logs.put(tmp_path / "log", empty)
    assert verifiers.ask([{"ledger": str(ledger)}]) == [{"size": 0, "root": EMPTY.hex()}]
    assert verifiers.fsck(ledger) == ""
    assert logs.looked_at(empty).is_intact


def test_a_log_of_three_levels_that_grows_by_whole_batches_is_accepted(verifiers: Verifiers, tmp_path: Path):
    ledger = logs.written(tmp_path / "log", logs.short_story(65_536 + 3))
    old = (ledger / CHECKPOINT).read_bytes()
    assert verifiers.accept(ledger).size == 65_539
    logs.written(ledger, logs.short_story(256, first=65_539))
    assert verifiers.accept(ledger, [old]).size == 65_795


@pytest.mark.parametrize("seed", range(6))
def test_a_log_that_grows_by_random_batches_is_accepted_at_every_step(seed: int, verifiers: Verifiers, tmp_path: Path):
    chance = random.Random(seed)
    heads: list[bytes] = []
    size = 0
    with logs.opened(tmp_path / "log") as writer:
        for _ in range(8):
            batch = chance.choice([1, 1, 2, 3, 100, 255, 256, 257, chance.randrange(1, 700)])
            writer.append([*logs.story(batch, first=size)])
            size += batch
            assert verifiers.accept(tmp_path / "log", heads).size == size
            heads.append(writer.head)


def test_a_log_whose_key_was_handed_over_is_accepted_by_both_keys_at_that_time_and_by_the_new_one_later(verifiers: Verifiers, tmp_path: Path):
    ledger = tmp_path / "log"
    with logs.opened(ledger) as writer:
        writer.append([*logs.story(300)])
        writer.hand_over(OTHER_KEY)
        between = writer.head
        verifiers.accept(ledger, key=KEY)
        verifiers.accept(ledger, key=OTHER_KEY)
        writer.append([*logs.story(300, first=300)])
    assert verifiers.accept(ledger, [between], key=OTHER_KEY).size == 601
    assert [bool(one.get("error")) for one in verifiers.ask([{"ledger": str(ledger)}], KEY)] == [True]


def test_an_older_checkpoint_of_a_fork_is_refused(verifiers: Verifiers, tmp_path: Path):
    one = logs.written(tmp_path / "one", logs.story(300))
    other = logs.written(tmp_path / "other", logs.story(290, first=4))
    questions = [{"ledger": str(one), "older": [(other / CHECKPOINT).read_text()]}, {"ledger": str(one), "older": []}]
    assert ["error" in said for said in verifiers.ask(questions)] == [True, False]


def test_what_audit_prove_writes_verifies_in_go_and_nothing_that_was_changed_in_it(verifiers: Verifiers, repository: Repository, tmp_path: Path):
    ledger = logs.written(tmp_path / "log", logs.story(300), batches=(7, 256))
    numbers = (0, 6, 7, 255, 256, 299)
    proofs = []
    for number in numbers:
        done = repository.gitguard("audit", "prove", str(number), "--ledger", str(ledger))
        assert done.code == 0, done.err
        proofs.append(done.out)
    root = checkpoint(note((ledger / CHECKPOINT).read_bytes()).text).root.hex()
    assert verifiers.ask([{"proof": proof} for proof in proofs]) == [{"size": 300, "root": root}] * len(numbers)
    changed = [_flipped(proofs[3], position) for position in range(0, len(proofs[3]), 3)]
    assert all("error" in said for said in verifiers.ask([{"proof": one} for one in changed]))


def _flipped(text: str, position: int) -> str:
    return text[:position] + chr(ord(text[position]) ^ 1) + text[position + 1 :]


def damaged(held: Files) -> list[Files]:
    """A copy for every byte, with one bit of it flipped, each time another one."""
    made = []
    for path, data in held.items():
        for position in range(len(data)):
            changed = data[:position] + bytes([data[position] ^ 1 << position % 8]) + data[position + 1 :]
            made.append({**held, path: changed})
    return made


def test_no_damaged_copy_of_a_log_is_accepted(verifiers: Verifiers, tmp_path: Path):
    copies = damaged(logs.files(logs.written(tmp_path / "log", logs.short_story(10))))
    folders = [logs.put(tmp_path / "damaged" / str(number), copy) for number, copy in enumerate(copies)]
    said = verifiers.ask({"ledger": str(folder)} for folder in folders)
    assert [folder for folder, one in zip(folders, said, strict=True) if "error" not in one] == []
    assert [folder for folder in random.Random(0).sample(folders, SAMPLE) if not verifiers.fsck(folder)] == []


def test_no_damaged_copy_of_a_log_of_two_levels_is_accepted(verifiers: Verifiers, tmp_path: Path):
    held = logs.files(logs.written(tmp_path / "log", logs.short_story(258)))
    missing = [{path: data for path, data in held.items() if path != lost} for lost in held]
    copies = [*missing, *random.Random(0).sample(damaged(held), 200)]
    folders = [logs.put(tmp_path / "damaged" / str(number), copy) for number, copy in enumerate(copies)]
    said = verifiers.ask({"ledger": str(folder)} for folder in folders)
    assert [folder for folder, one in zip(folders, said, strict=True) if "error" not in one] == []
    assert [folder for folder in folders[:SAMPLE] if not verifiers.fsck(folder)] == []
    assert [copy for copy in copies if logs.looked_at(copy).is_intact] == []
