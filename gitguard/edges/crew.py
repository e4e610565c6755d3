"""Jobs of very different length on all cores: forked workers take the next one when they are free, and none is lost when one dies."""

import os
import selectors
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

Job = TypeVar("Job")
_INDEX = 4


def crew(work: Callable[[Job], str], jobs: Sequence[Job], prepare: Callable[[], None], workers: int = 0) -> Iterator[tuple[int, str | None]]:
    """(index, answer) of each job, as they come; None where its worker died on it. Answers hold no newline.

    `prepare` runs once in each worker. Without `fork`, all jobs are done here, one after the other.
    """
    # One more than cores: while one worker turns output into objects, the tools of the others keep the cores busy.
    count = min(workers or (os.cpu_count() or 1) + 1, len(jobs))
    if not hasattr(os, "fork"):
        for index, job in enumerate(jobs):
            yield index, work(job)
        return
    pending = list(range(len(jobs)))
    while pending:
        # A pipe is the queue: a read of four bytes takes one job, whoever reads. Its capacity is the size of one round.
        now, pending = pending[:8192], pending[8192:]
        lost: list[int] = []
        yield from _round(work, jobs, now, prepare, count, lost)
        pending = [*lost, *pending]


def _round(
    work: Callable[[Job], str], jobs: Sequence[Job], indices: Sequence[int], prepare: Callable[[], None], count: int, lost: list[int]
) -> Iterator[tuple[int, str | None]]:
    queue, feed = os.pipe()
    os.write(feed, b"".join(index.to_bytes(_INDEX, "big") for index in indices))
    os.close(feed)
    children = dict(_fork(work, jobs, prepare, queue) for _ in range(count))
    os.close(queue)
    left = set(indices)
    selector = selectors.DefaultSelector()
    buffers = dict.fromkeys(children, b"")
    under_way: dict[int, int | None] = dict.fromkeys(children)
    for pipe in children:
        selector.register(pipe, selectors.EVENT_READ)
    try:
        while selector.get_map():
            for key, _ in selector.select():
                pipe = key.fd
                data = os.read(pipe, 1 << 20)
                if not data:
                    selector.unregister(pipe)
                    os.close(pipe)
                    index = under_way[pipe]
                    if index is not None:
                        left.discard(index)
                        yield index, None
                    continue
                *lines, buffers[pipe] = (buffers[pipe] + data).split(b"\n")
                for line in lines:
                    index, said, answer = int(line[:8], 16), line[8:9], line[9:]
                    under_way[pipe] = index if said == b"?" else None
                    if said == b"=":
                        left.discard(index)
                        yield index, answer.decode()
    finally:
        for pid in children.values():
            if selector.get_map():
                with suppress(OSError):
                    os.kill(pid, 15)
            os.waitpid(pid, 0)
        selector.close()
    lost += sorted(left)


def _fork(work: Callable[[Job], str], jobs: Sequence[Job], prepare: Callable[[], None], queue: int) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return reader, pid
    status = 1
    try:
        os.close(reader)
        prepare()
        with os.fdopen(writer, "wb", buffering=0) as pipe:
            while len(taken := os.read(queue, _INDEX)) == _INDEX:
                index = int.from_bytes(taken, "big")
                pipe.write(b"%08x?\n" % index)
                _write_all(pipe.fileno(), b"%08x=" % index + work(jobs[index]).encode() + b"\n")
        status = 0
    finally:
        # Not sys.exit: the parent's buffers and exit handlers are not this child's to run.
        os._exit(status)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
