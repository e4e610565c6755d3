"""A ledger in an S3-compatible object store, by conditional writes.

Why a committed checkpoint never tells of somebody else's tiles, however two writers and their delayed requests interleave. It takes a store
that answers every read with the last write (as S3 does), and checkpoints that are never the same twice (they grow).

1. Checkpoints form a chain: each replaces the one that its writer began with (If-Match), or is the first (If-None-Match). There is no fork.
2. What a checkpoint tells of is never written differently by a writer that goes on from it: the same entries have the same bytes. So what
   can be damaged is what lies under a path that no checkpoint tells of yet, and `_overwrite` alone replaces anything there.
3. A writer, A, may be stopped after it has looked at its lease, with its checkpoint still to be sent; meanwhile B takes the lease over and
   finds A's tiles, orphans for all that it can see. Before B overwrites the first of them it fences: it replaces the checkpoint by the same
   one with a signature line of nobody (a signed note may have such), so that its ETag is another. A read the ETag that it relies on before
   it looked at its lease, hence before B took that over. Either A's checkpoint arrives before the fence: then the fence fails, and B has
   overwritten nothing. Or it arrives after the fence: then it is refused.
4. A writer that B has succeeded does not overwrite what B wrote: it reads the object, then the lease, and replaces that very object only
   (If-Match). If it read what B wrote, the lease that it reads afterwards is not its own any more. If it read what was there before, B has
   replaced that.

One case is left to time: A's request to overwrite an orphan X is held up, and what B has to write there is X, byte for byte. It takes an
earlier writer that left X, and B to write its entries again with the very times that they had, since entries tell microseconds; and a request
that arrives more than 30 seconds after A's lease ran out, for after that none is sent.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from gitguard.edges.ledger_store import Conflict
from gitguard.edges.object_lease import Lease
from gitguard.edges.object_storage import Bucket, Mismatch, Stored
from gitguard.ledger.tiles import CHECKPOINT
from gitguard.model.errors import UsageError

_LOCK = ".lock"
_FENCE = "gitguard-fence"
_FENCES = re.compile(f"(?:\u2014 {_FENCE} [A-Za-z0-9+/=]+\n)+\\Z".encode())


class ObjectStore:
    """The files of a ledger below `s3://BUCKET/PREFIX`; `str` of it is for messages.

    Endpoint, region and credentials are those of `environment` (AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_*), or what boto3 finds elsewhere.
    UsageError where the place names no bucket.
    """

    def __init__(self, place: str, environment: Mapping[str, str]) -> None:
        self._name, _, prefix = place.removeprefix("s3://").partition("/")
        if not self._name:
            raise UsageError(f"{place} names no bucket", "s3://BUCKET/PREFIX")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._bucket = Bucket(self._name, environment, self._check)
        # A client of its own: the lease is renewed beside what is written, and its writes are not subject to itself.
        self._leases = Bucket(self._name, environment)
        self._lease: Lease | None = None

    def __str__(self) -> str:
        return f"s3://{self._name}/{self._prefix}".rstrip("/")

    def read(self, path: str) -> bytes | None:
        """The content of a file of the ledger, None where there is none; OSError where that can't be told."""
        found = self._bucket.get(self._key(path))
        if found is None or path != CHECKPOINT:
            return found and found.data
        return _without_fence(found)

    def put(self, path: str, data: bytes) -> None:
        """Write a file that no checkpoint tells of, in place of what was there: evidence, which is named by its content, or the public key."""
        self._bucket.put(self._key(path), data)

    def commit(self, files: Sequence[tuple[str, bytes]], checkpoint: bytes, previous: bytes | None) -> None:
        """Write files, and then the checkpoint that tells of them, while `writing`.

        Conflict where it is not `previous` that would be replaced, or where the lease is lost. OSError where the store fails; where that was the
        checkpoint's own request it may have been carried out all the same: whoever reads the checkpoint finds out.
        """
        if self._lease is None:
            raise Conflict(f"{self}: the ledger is not open for writing")
        head = self._bucket.get(self._key(CHECKPOINT))
        if _without_fence(head) != previous:
            raise Conflict(f"{self}: somebody else has written to the ledger")
        if checkpoint == previous:
            # A writer makes sure of what it has written. What the store answers with is durable, and no checkpoint is written twice.
            return
        try:
            orphans = [(key, data, found) for key, data, found in self._created(files) if found.data != data]
            if orphans:
                head = self._overwrite(orphans, head, self._lease)
            self._lease.confirm()
            self._set_head(checkpoint, head)
        except Mismatch as error:
            raise Conflict(f"{self}: somebody else writes to the ledger") from error

    def remove(self, paths: Sequence[str]) -> None:
        """Take away files that a later one stands for; what can't be removed stays."""
        try:
            for path in paths:
                self._bucket.delete(self._key(path))
        except OSError:
            # The next one would take its time to fail, too.
            return

    @contextmanager
    def writing(self) -> Iterator[None]:
        """While it lasts, no other writer is let in, as far as a lease can do that; LedgerBusy where there is one."""
        lease = Lease(self._leases, self._key(_LOCK), str(self))
        lease.acquire()
        self._lease = lease
        try:
            yield
        finally:
            self._lease = None
            lease.release()

    def _created(self, files: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, Stored]]:
        """Write what is not there yet; the answer are the keys where something is, what belongs there, and what was found."""
        for path, data in files:
            key = self._key(path)
            try:
                self._bucket.create(key, data)
            except Mismatch:
                found = self._bucket.get(key)
                if found is None:
                    raise
                yield key, data, found

    def _overwrite(self, orphans: Sequence[tuple[str, bytes, Stored]], head: Stored | None, lease: Lease) -> Stored:
        """Replace what writers left who never came to their checkpoint; the answer is the checkpoint as it lies there then.

        The order is what the reasoning above rests on: the orphans were read, then the fence, then the lease, then each is replaced.
        """
        fenced = self._fenced(head)
        lease.confirm()
        for key, data, orphan in orphans:
            self._bucket.replace(key, data, orphan.etag)
        return fenced

    def _fenced(self, head: Stored | None) -> Stored:
        """The checkpoint with another ETag, so that what was to replace the one that lies there can't any more."""
        line = f"\u2014 {_FENCE} {b64encode(secrets.token_bytes(20)).decode()}\n"
        data = (_without_fence(head) or b"") + line.encode()
        return Stored(data, self._set_head(data, head))

    def _set_head(self, data: bytes, head: Stored | None) -> str:
        key = self._key(CHECKPOINT)
        return self._bucket.replace(key, data, head.etag) if head else self._bucket.create(key, data)

    def _check(self) -> None:
        if self._lease is not None:
            self._lease.check()

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"


def _without_fence(head: Stored | None) -> bytes | None:
    """The checkpoint as its writer signed it; None where there is none, or a fence for the first one only."""
    return (_FENCES.sub(b"", head.data) or None) if head else None
