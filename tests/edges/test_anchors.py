"""Checkpoints that are remembered elsewhere: git branches that are only added to, and witnesses that sign only what continues."""

import base64
import json
import subprocess
import sys
import time
from http import HTTPStatus

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gitguard.ledger.notes import Verifier, checkpoint, note
from gitguard.ledger.proofs import is_consistent
from tests.ledgers import STORY, Written, heartbeat, new
from tests.serving import Answer, Request, served

BRANCH = "gitguard-checkpoints"


@pytest.fixture
def ledger(tmp_path) -> Written:
    return new(tmp_path / "ledger", STORY)


@pytest.fixture
def remembering(tmp_path, repository):
    """A bare repository that takes no forced push."""
    bare = tmp_path / "anchors.git"
    repository.git("init", "-q", "--bare", str(bare))
    repository.git("-C", str(bare), "config", "receive.denyNonFastForwards", "true")
    return bare


def log(repository, bare) -> list[str]:
    return repository.git("-C", str(bare), "log", "--format=%s", BRANCH).splitlines()


def test_each_checkpoint_is_a_commit_on_top_of_the_last(repository, ledger, remembering, tmp_path) -> None:
    anchor = ("audit", "anchor", "--ledger", str(ledger.folder), "--git", str(remembering))
    result = repository.gitguard(*anchor)
    assert result.code == 0, result.err
    told = json.loads(result.out)
    assert (told["size"], told["checkpoint"]) == (len(STORY), ledger.checkpoint.decode())
    assert repository.gitguard(*anchor).code == 0
    assert len(log(repository, remembering)) == 1
    ledger.append([heartbeat(2)])
    assert repository.gitguard(*anchor).code == 0
    assert len(log(repository, remembering)) == 2
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "-b", BRANCH, str(remembering), str(clone))
    assert sorted(file.name for file in (clone / "checkpoints").iterdir()) == [f"{size:012d}" for size in (len(STORY), len(STORY) + 1)]
    verified = repository.gitguard("audit", "verify", "--ledger", str(ledger.folder), "--anchor", str(clone))
    assert verified.code == 0, verified.out


def test_a_ledger_that_was_cut_or_rewritten_is_not_remembered(repository, ledger, remembering, tmp_path) -> None:
    def anchored(written: Written):
        return repository.gitguard("audit", "anchor", "--ledger", str(written.folder), "--git", str(remembering))

    assert anchored(ledger).code == 0
    cut = Written(tmp_path / "cut", ledger.key).append(STORY[:3])
    result = anchored(cut)
    assert (result.code, "it was truncated" in result.err) == (3, True)
    result = anchored(cut.append([heartbeat(number) for number in range(20)]))
    assert (result.code, "the ledger was rewritten" in result.err) == (3, True)
    other = new(tmp_path / "other", STORY, origin="example.com/other")
    result = anchored(other)
    assert (result.code, "another log" in result.err) == (3, True)
    assert len(log(repository, remembering)) == 1


def test_two_who_publish_at_once_lose_nothing(repository, ledger, remembering, tmp_path) -> None:
    sizes = []
    copies = []
    for number in range(4):
        copy = tmp_path / f"copy-{number}"
        subprocess.run(["cp", "-r", str(ledger.folder), str(copy)], check=True)
        copies.append(copy)
        sizes.append(checkpoint(note(ledger.checkpoint).text).size)
        ledger.append([heartbeat(number)])
    command = [repository, "audit", "anchor", "--git", str(remembering), "--ledger"]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "gitguard", *command[1:], str(copy)],
            cwd=repository.path, env=repository.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )
        for copy in copies
    ]  # fmt: skip
    ended = [(process.communicate()[1], process.returncode) for process in running]
    # Whoever comes late with an older head is told that more is remembered; nobody else fails.
    assert all(code == 0 or "truncated" in said for said, code in ended), ended
    assert log(repository, remembering)[0].startswith(f"Checkpoint of {max(sizes)} entries")


def test_a_repository_that_can_not_be_reached_is_told(repository, ledger, tmp_path) -> None:
    result = repository.gitguard("audit", "anchor", "--ledger", str(ledger.folder), "--git", str(tmp_path / "nowhere"))
    assert result.code == 3
    assert "the checkpoint was not remembered there" in result.err


class Witness:
    """A witness by the letter of C2SP tlog-witness: it signs a checkpoint of a log that it knows, if that continues what it saw last."""

    def __init__(self, log: Verifier) -> None:
        self.log = log
        self.seen: tuple[int, bytes] = (0, b"")
        self.key = Ed25519PrivateKey.generate()
        self.verifier = Verifier("witness.example/w1", self.key.public_key().public_bytes_raw(), b"\x04")

    def respond(self, request: Request) -> Answer:
        if (request.method, request.path) != ("POST", "/add-checkpoint"):
            return Answer(status=HTTPStatus.NOT_FOUND)
        head, _, signed = request.body.partition(b"\n\n")
        old, *proof = head.decode().split("\n")
        opened = note(signed)
        claimed = checkpoint(opened.text)
        size = int(old.removeprefix("old "))
        if claimed.origin != self.log.name:
            return Answer(status=HTTPStatus.NOT_FOUND)
        if not opened.signed_by(self.log):
            return Answer(status=HTTPStatus.FORBIDDEN)
        if size > claimed.size:
            return Answer(status=HTTPStatus.BAD_REQUEST)
        if size != self.seen[0]:
            return Answer(f"{self.seen[0]}\n".encode(), HTTPStatus.CONFLICT, {"Content-Type": "text/x.tlog.size"})
        if size and not is_consistent(*self.seen, claimed.size, claimed.root, [base64.b64decode(line) for line in proof]):
            return Answer(status=HTTPStatus.UNPROCESSABLE_ENTITY)
        self.seen = claimed.size, claimed.root
        stamp = int(time.time())
        signature = self.key.sign(f"cosignature/v1\ntime {stamp}\n{opened.text}".encode())
        value = base64.b64encode(self.verifier.hash + stamp.to_bytes(8, "big") + signature).decode()
        return Answer(f"— {self.verifier.name} {value}\n".encode())


def test_a_witness_countersigns_what_continues(repository, ledger, serve) -> None:
    witness = Witness(ledger.verifier)
    server = serve(served(witness.respond))

    def asked(written: Written = ledger):
        return repository.gitguard("audit", "anchor", "--ledger", str(written.folder), "--witness", server.url, str(witness.verifier))

    for _ in range(3):
        result = asked()
        assert result.code == 0, result.err
        signed = json.loads(result.out)["checkpoint"].encode()
        assert note(signed).signed_by(witness.verifier)
        assert note(signed).signed_by(ledger.verifier)
        ledger.append([heartbeat(1)])
    assert witness.seen[0] == len(STORY) + 2


def test_a_witness_signs_neither_a_fork_nor_a_log_that_was_cut(repository, ledger, serve, tmp_path) -> None:
    witness = Witness(ledger.verifier)
    server = serve(served(witness.respond))

    def asked(written: Written):
        return repository.gitguard("audit", "anchor", "--ledger", str(written.folder), "--witness", server.url, str(witness.verifier))

    assert asked(ledger).code == 0
    cut = Written(tmp_path / "cut", ledger.key).append(STORY[:3])
    assert "it was truncated" in asked(cut).err
    fork = cut.append([heartbeat(number) for number in range(20)])
    result = asked(fork)
    assert (result.code, "the witness refuses the checkpoint: 422" in result.err) == (3, True)
    witness.log = new(tmp_path / "other", STORY).verifier
    assert "403" in asked(ledger).err


@pytest.mark.parametrize("answer", [Answer(b"nonsense"), Answer(b""), Answer(status=HTTPStatus.CONFLICT), Answer(b"x" * 100, HTTPStatus.CONFLICT)])
def test_nonsense_of_a_witness_is_refused(repository, ledger, serve, answer) -> None:
    server = serve(served(lambda request: answer))
    key = Witness(ledger.verifier).verifier
    result = repository.gitguard("audit", "anchor", "--ledger", str(ledger.folder), "--witness", server.url, str(key))
    assert (result.code, result.out) == (3, "")
