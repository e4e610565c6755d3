"""The same pure work on every core: forked children take a share each, and what they find comes back as JSON texts."""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
_WORTH_A_CHILD = 64


def spread(work: Callable[[Sequence[Item]], list[str]], items: Sequence[Item]) -> list[str]:
    """`work` over all items, one answer an item, in order.

    Answers hold no newline. A child that dies (out of memory, killed) loses nothing: its share is done again here.
    """
    share = max(1, min(os.cpu_count() or 1, len(items) // _WORTH_A_CHILD, 8))
    if share == 1 or not hasattr(os, "fork"):
        return work(items)
    shares = [items[start::share] for start in range(share)]
    children = [_start(work, part) for part in shares[1:]]
    answers = [work(shares[0])]
    for part, (pid, pipe) in zip(shares[1:], children, strict=True):
        answers.append(_collect(pid, pipe, len(part)) or work(part))
    merged = [""] * len(items)
    for start, answer in enumerate(answers):
        merged[start::share] = answer
    return merged


def _start(work: Callable[[Sequence[Item]], list[str]], items: Sequence[Item]) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    status = 1
    try:
        os.close(reader)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            pipe.write("\n".join(work(items)))
        status = 0
    finally:
        # Not sys.exit: the parent's buffers and exit handlers are not this child's to run.
        os._exit(status)


def _collect(pid: int, pipe: int, expected: int) -> list[str] | None:
    with open(pipe, encoding="utf-8") as reader:
        answers = reader.read().split("\n")
    _, status = os.waitpid(pid, 0)
    return answers if status == 0 and len(answers) == expected else None
