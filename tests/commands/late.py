"""A way to the embedded API server on which watches can be held back, or some requests cut off, while everything else gets through at once."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from gitguard.edges.embedded import Embedded
from tests.lab.faults import Wire


class LateWire(Wire):
    """A wire for plain HTTP: what watches of one kind are told waits, as long as it is held."""

    def __init__(self, port: int, plural: str) -> None:
        self._asks = f"/{plural}?".encode()
        self._watching: set[int] = set()
        self._free = threading.Event()
        self._free.set()
        self.cuts_off = b""
        """Requests with this in their first line never arrive."""
        super().__init__(port)

    def hold(self) -> None:
        """Nothing new is told."""
        self._free.clear()

    def release(self) -> None:
        """All of it is told, in its order."""
        self._free.set()

    def close(self) -> None:
        """End it."""
        self._free.set()
        super().close()

    def _passes(self, number: int, data: bytes, *, is_answer: bool) -> None:
        if is_answer:
            if number in self._watching:
                self._free.wait()
            return
        line = data.partition(b"\r\n")[0]
        if self.cuts_off and self.cuts_off in line:
            raise ConnectionAbortedError
        if line.startswith(b"GET "):
            (self._watching.add if self._asks in line and b"watch=" in line else self._watching.discard)(number)


class Late:
    """The API server as it is reached over such a wire."""

    def __init__(self, api: Embedded, wire: LateWire, folder: Path) -> None:
        self.wire, self.audit_log = wire, api.audit_log
        self._api, self._folder = api, folder

    def kubeconfig(self, user: str) -> Path:
        value = yaml.safe_load(self._api.kubeconfig(user).read_text())
        value["clusters"][0]["cluster"]["server"] = f"http://127.0.0.1:{self.wire.port}"
        file = self._folder / f"late-{user}"
        file.touch(mode=0o600)
        file.write_text(json.dumps(value))
        return file


@contextmanager
def late(api: Embedded, folder: Path, plural: str) -> Iterator[Late]:
    """What watches of that kind are told can be held back here."""
    wire = LateWire(int(api.url.rpartition(":")[2]), plural)
    try:
        yield Late(api, wire, folder)
    finally:
        wire.close()
