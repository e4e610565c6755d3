"""A ledger in an S3-compatible object store, by conditional writes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager


class ObjectStore:
    """The files of a ledger below `s3://BUCKET/PREFIX`."""

    def __init__(self, place: str, environment: Mapping[str, str]) -> None:
        raise NotImplementedError

    def read(self, path: str) -> bytes | None:
        """See Store."""
        raise NotImplementedError

    def put(self, path: str, data: bytes) -> None:
        """See Store."""
        raise NotImplementedError

    def commit(self, files: Sequence[tuple[str, bytes]], checkpoint: bytes, previous: bytes | None) -> None:
        """See Store."""
        raise NotImplementedError

    def remove(self, paths: Sequence[str]) -> None:
        """See Store."""
        raise NotImplementedError

    @contextmanager
    def writing(self) -> Iterator[None]:
        """See Store."""
        raise NotImplementedError
        yield
