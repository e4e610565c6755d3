"""A program that writes a ledger and dies, or meets an error, at a call of its choice. It says each thing in a file once the call returned.

`python -m tests.edges.ledger_victim FOLDER NAME` tells the story once; with `--serve`, each line of its input is one run in a fork of its own, so
that hundreds of runs take seconds.
"""

import errno
import json
import os
import pickle
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitguard.edges.ledger import Writer, read_key, rotated, write_key, writing
from gitguard.edges.ledger_files import LocalStore
from gitguard.edges.ledger_places import judge
from gitguard.edges.ledger_store import LedgerUnwritable
from gitguard.ledger.notes import Signer, note
from gitguard.ledger.tiles import CHECKPOINT

OLD = Signer("example.com/victim", b"\x01" * 32)
NEW = Signer("example.com/victim", b"\x02" * 32)
# Four entries before a bundle and its tile are full, so that the story crosses it.
FILLING = 252
OBJECT = {"apiVersion": "apps/v1", "kind": "Deployment", "namespace": "web", "name": "web"}
CALLS = ("open", "write", "fsync", "rename", "link", "unlink", "mkdir", "rmdir")
_ATTEMPTS = 100
JUDGE = judge()


class Fault:
    """What happens at which calls of `os` that change the ledger: dying before, amid or after one, or errors for a while."""

    def __init__(self, folder: Path, told: Mapping[str, Any]) -> None:
        # The ledger, and the keys beside it, under their names and those that they are written by.
        self._below = str(folder)
        self._prefixes = (str(folder / "ledger"), str(folder / ".ledger"))
        self._at = told.get("at", -1)
        self._how = told.get("how", "")
        self._for = told.get("for", 1)
        self._errno = getattr(errno, told.get("errno", "EIO"))
        self._only = told.get("only", CALLS)
        self._descriptors: dict[int, str] = {}
        self.calls: list[str] = []
        self._record = os.open(folder / f"record of {told['name']}", os.O_WRONLY | os.O_CREAT, 0o600)
        self._write = os.write
        self._seen = 0

    def note(self, *what: Any) -> None:
        """Record what was done, for whoever looks at what is left of it when the power fails."""
        self._write(self._record, pickle.dumps(what))

    def install(self) -> None:
        for name in CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            where = self._descriptors.get(arguments[0], "") if isinstance(arguments[0], int) else os.fspath(arguments[0])
            if not where.startswith(self._prefixes) and where != self._below:
                done = real(*arguments, **options)
                if name == "open":
                    self._descriptors.pop(done, None)
                return done
            self.calls.append(name if name != "open" or arguments[1] & os.O_CREAT else "open a folder")
            met = name in self._only
            number = self._seen
            self._seen += met
            if met and self._at <= number < self._at + self._for:
                self._meet(name, real, arguments)
            try:
                done = real(*arguments, **options)
                self.note(name, where, *(bytes(one) if isinstance(one, memoryview) else one for one in arguments[1:]))
            finally:
                if met and self._at == number and self._how == "die after":
                    os.kill(os.getpid(), signal.SIGKILL)
            if name == "open":
                self._descriptors[done] = where
            if met and self._at <= number < self._at + self._for and self._how == "fail after":
                if name == "open":
                    os.close(done)
                raise OSError(self._errno, os.strerror(self._errno))
            return done

        return call

    def _meet(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if name == "write" and self._how in ("die amid", "fail amid"):
            real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
        if self._how in ("die before", "die amid"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how in ("fail", "fail amid"):
            raise OSError(self._errno, os.strerror(self._errno))


class Story:
    """What is written; after an error, every step is tried again on the same writer, as a caller does whose disk has room again."""

    def __init__(self, folder: Path, name: str, fault: Fault | None = None) -> None:
        self._folder = folder
        self._name = name
        self._fault = fault
        self._said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        (folder / "acts").mkdir(exist_ok=True)

    def rotate(self) -> None:
        """Make a key where there is none, and hand over to another."""
        private = self._folder / "ledger.key"
        store = LocalStore(self._folder / "ledger")
        if not private.exists():
            write_key(private, OLD)
        self._say("private key")
        if store.read(CHECKPOINT) is None:
            with writing(store, read_key(private), JUDGE) as writer:
                self._append(writer, _drift("before"))
        rotated(private, store, JUDGE)
        self._say("key")

    def tell(self) -> None:
        done = False
        while not done:
            done = self._until_it_works(self._open_and_write)

    def _open_and_write(self) -> bool:
        store = LocalStore(self._folder / "ledger")
        head = store.read(CHECKPOINT)
        key = NEW if head is not None and note(head).signed_by(NEW.verifier) else OLD
        with writing(store, key, JUDGE) as writer:
            self._say("opened")
            self._write(writer, rotated=key == NEW)
        return True

    def _write(self, writer: Writer, rotated: bool) -> None:
        name = self._name
        self._end_unfinished(writer)
        if not writer.size:
            self._append(writer, *(_drift(f"filling-{number}") for number in range(FILLING)))
        self._append(writer, _drift(f"{name}-a"))
        self._perform(writer, f"{name}-1")
        self._append(writer, {"kind": "heartbeat", "from": "2026-01-01T00:00:00Z", "to": "2026-01-01T00:05:00Z"})
        digest = self._until_it_works(lambda: writer.keep(f"evidence of {name}".encode()))
        self._say(f"blob {digest}")
        self._append(writer, {**_drift(f"{name}-b"), "evidence": [digest]}, _drift(f"{name}-c"))
        if not rotated:
            self._until_it_works(lambda: writer.hand_over(NEW))
            self._say("key")
        self._perform(writer, f"{name}-2")

    def _append(self, writer: Writer, *entries: Mapping[str, Any]) -> None:
        numbers = self._until_it_works(lambda: writer.append(entries))
        for number, entry in zip(numbers, entries, strict=True):
            self._say(f"entry {number} {entry['kind']} {entry.get('id') or entry.get('intent', '')}")

    def _perform(self, writer: Writer, act: str) -> None:
        marker = self._folder / "acts" / act
        intent = {"id": act, "incident": f"incident-{act}", "act": "update", "object": OBJECT}
        for _ in range(_ATTEMPTS):
            try:
                writer.perform(intent, lambda: self._act(marker))
            except LedgerUnwritable as error:
                self._say(f"unwritable {error}")
                if error.acted:
                    self._end_unfinished(writer)
                    return
                assert not marker.exists(), "an act without its intent"
            else:
                self._say(f"act {act}")
                return
        raise AssertionError("it never worked")

    def _act(self, marker: Path) -> dict[str, str]:
        descriptor = os.open(marker, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, b"done\n")
        os.fsync(descriptor)
        os.close(descriptor)
        if self._fault is not None:
            self._fault.note("acted", marker.name)
        return {"result": "reverted"}

    def _end_unfinished(self, writer: Writer) -> None:
        for intent in self._until_it_works(writer.unfinished):
            seen = (self._folder / "acts" / intent["id"]).exists()
            self._append(writer, {"kind": "outcome", "intent": intent["id"], "result": "reverted" if seen else "unknown"})

    def _until_it_works(self, step: Callable[[], Any]) -> Any:
        for _ in range(_ATTEMPTS):
            try:
                return step()
            except OSError as error:
                self._say(f"failed {error}")
        raise AssertionError("it never worked")

    def _say(self, line: str) -> None:
        os.write(self._said, f"{line}\n".encode())
        if self._fault is not None:
            self._fault.note("said", line)


def _drift(incident: str) -> dict[str, Any]:
    return {"kind": "drift", "id": incident, "object": OBJECT, "action": "update", "decision": "revert"}


def _run(told: Mapping[str, Any]) -> None:
    folder = Path(told["folder"])
    fault = Fault(folder, told)
    story = Story(folder, told["name"], fault)
    fault.install()
    if told["name"] == "rotate":
        story.rotate()
    else:
        story.tell()
    (folder / "calls").write_text("\n".join(fault.calls))


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            status = 1
            with suppress(KeyboardInterrupt):
                try:
                    _run(json.loads(line))
                    status = 0
                except BaseException:
                    import traceback

                    traceback.print_exc()
                finally:
                    os._exit(status)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        _serve()
    else:
        Story(Path(sys.argv[1]), sys.argv[2]).tell()
