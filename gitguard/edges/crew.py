"""Jobs of very different length on all cores: forked workers take the next one when they are free, and none is lost when one dies."""

import os
import selectors
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar

Job = TypeVar("Job")
_INDEX = 4


_Answers = Generator[tuple[int, str | None], None, None]
# What `_rounds` says before it has anything to say: that its workers are at work.
_STARTED = (-1, None)


def crew(work: Callable[[Job], str], jobs: Sequence[Job], prepare: Callable[[], None], workers: int = 0) -> _Answers:
    """(index, answer) of each job, as they come; None where its worker died on it. Answers hold no newline.

    The workers are at work already, however long nobody asks for answers; they end with the last answer, or with `close`. `prepare` runs once
    in each of them. Without `fork`, all jobs are done here, one after the other.
    """
    answers = _rounds(work, jobs, prepare, workers)
    next(answers)
    return answers


def _rounds(work: Callable[[Job], str], jobs: Sequence[Job], prepare: Callable[[], None], workers: int) -> _Answers:
    # One more than cores: while one worker turns output into objects, the tools of the others keep the cores busy.
    count = min(workers or (os.cpu_count() or 1) + 1, len(jobs))
    if not jobs or not hasattr(os, "fork"):
        yield _STARTED
        for index, job in enumerate(jobs):
            yield index, work(job)
        return
    pending = list(range(len(jobs)))
    started = False
    while pending:
        # A pipe is the queue: a read of four bytes takes one job, whoever reads. Its capacity is the size of one round.
        now, pending = pending[:8192], pending[8192:]
        lost: list[int] = []
        with _at_work(work, jobs, now, prepare, count) as children:
            if not started:
                yield _STARTED
                started = True
            yield from _answers(children, now, lost)
        pending = [*lost, *pending]


@contextmanager
def _at_work(
    work: Callable[[Job], str], jobs: Sequence[Job], indices: Sequence[int], prepare: Callable[[], None], count: int
) -> Iterator[dict[int, int]]:
    """The workers by their pipes, of which those that have ended are taken out; whoever is left at the end is stopped."""
    queue, feed = os.pipe()
    os.write(feed, b"".join(index.to_bytes(_INDEX, "big") for index in indices))
    os.close(feed)
    children = dict(_fork(work, jobs, prepare, queue) for _ in range(count))
    os.close(queue)
    try:
        yield children
    finally:
        for pipe, pid in children.items():
            with suppress(OSError):
                os.kill(pid, 15)
            os.close(pipe)
            os.waitpid(pid, 0)


def _answers(children: dict[int, int], indices: Sequence[int], lost: list[int]) -> _Answers:
    """What the workers say until all have ended; `lost` gets the jobs that nobody has answered."""
    left = set(indices)
    buffers = dict.fromkeys(children, b"")
    under_way: dict[int, int | None] = dict.fromkeys(children)
    with selectors.DefaultSelector() as selector:
        for pipe in children:
            selector.register(pipe, selectors.EVENT_READ)
        while children:
            for key, _ in selector.select():
                pipe = key.fd
                data = os.read(pipe, 1 << 20)
                if not data:
                    selector.unregister(pipe)
                    os.close(pipe)
                    os.waitpid(children.pop(pipe), 0)
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
