"""A lease on a ledger in object storage: an object that says who may write, and until when.

Times. A lease runs for 60 seconds and is renewed every 15, so that three renewals may fail. Its holder sends no more writes once it has run
out by the clock, which may be set, or by the time since, which stands still while a machine sleeps. Others take it over 30 seconds after the
time that is written in it: for clocks that differ, by 10 seconds at most, and for a request that was sent in the last moment, 20 seconds. A
writer that crashed is succeeded after 90 seconds. The lease keeps writers out of each other's way; that a ledger stays whole where one breaks
it is the business of `ledger_objects`.
"""

import json
import os
import re
import secrets
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from gitguard.edges.ledger_store import Conflict, LedgerBusy
from gitguard.edges.object_storage import ANSWERING, CONNECTING, Bucket, Mismatch, Stored

_SECONDS = 60
_RENEWAL = 15
_GRACE = timedelta(seconds=30)


class Lease:
    """The right to write to the ledger `place`, held from `acquire` to `release`. `bucket` and `key` tell where it is written."""

    def __init__(self, bucket: Bucket, key: str, place: str) -> None:
        self._bucket = bucket
        self._key = key
        self._place = place
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(8)}"
        self._etag = ""
        self._deadline = 0.0
        self._expires = datetime.min.replace(tzinfo=UTC)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="ledger lease", daemon=True)

    def acquire(self) -> None:
        """Take the lease; LedgerBusy where somebody else has it, OSError where that can't be told."""
        found = self._bucket.get(self._key)
        if found is not None:
            self._refuse_if_held(found)
        try:
            self._write(found.etag if found else "")
        except Mismatch as error:
            raise LedgerBusy(f"{self._place}: another process has just begun to write to this ledger") from error
        self._thread.start()

    def check(self) -> None:
        """Conflict where the lease has run out as far as we know; asks nobody."""
        if time.monotonic() >= self._deadline or datetime.now(UTC) >= self._expires:
            raise Conflict(f"{self._place}: the lease ran out before it could be renewed")

    def confirm(self) -> None:
        """Look whether the lease is still ours; Conflict where it is not."""
        found = self._bucket.get(self._key)
        if found is None or _holder(found) != self._holder:
            raise Conflict(f"{self._place}: the lease was taken over by another writer")
        self.check()

    def release(self) -> None:
        """Let others write. A lease that was lost, or can't be reached, is left to run out."""
        self._ended.set()
        self._thread.join(CONNECTING + ANSWERING)
        if self._thread.is_alive():
            return
        with suppress(Mismatch, OSError):
            # Not deleted: a DELETE without a condition could hit the lease of a successor, and not every server knows one with.
            self._bucket.replace(self._key, self._text(datetime.min.replace(tzinfo=UTC)), self._etag)

    def _keep(self) -> None:
        """Renews until it ends or is lost; where the server can't be reached, `check` tells when it is too late."""
        while not self._ended.wait(_RENEWAL):
            with suppress(OSError):
                try:
                    self._write(self._etag)
                except Mismatch:
                    found = self._bucket.get(self._key)
                    if found is None or _holder(found) != self._holder:
                        self._deadline = 0.0
                        return
                    # An earlier renewal has arrived after all, of which only the answer was lost.
                    self._etag = found.etag

    def _write(self, etag: str) -> None:
        deadline = time.monotonic() + _SECONDS
        expires = datetime.now(UTC) + timedelta(seconds=_SECONDS)
        text = self._text(expires)
        self._etag = self._bucket.replace(self._key, text, etag) if etag else self._bucket.create(self._key, text)
        self._deadline, self._expires = deadline, expires

    def _text(self, expires: datetime) -> bytes:
        """Never twice the same, so that no two of them have the same ETag."""
        return json.dumps({"holder": self._holder, "expires": expires.isoformat(), "written": secrets.token_hex(8)}).encode() + b"\n"

    def _refuse_if_held(self, found: Stored) -> None:
        try:
            until = datetime.fromisoformat(json.loads(found.data)["expires"])
            free = until.year == 1 or until + _GRACE < datetime.now(UTC)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise OSError(f"{self._bucket}/{self._key}: it is no lease; take it away if nobody writes to this ledger") from error
        if not free:
            who = re.sub(r"[^\w.:-]", "", _holder(found))[:100]
            raise LedgerBusy(f"{self._place}: {who} writes to this ledger; unless it goes on, its lease ends at {until + _GRACE:%Y-%m-%d %H:%M:%SZ}")


def _holder(found: Stored) -> str:
    try:
        return str(json.loads(found.data)["holder"])
    except (ValueError, KeyError, TypeError):
        return ""
