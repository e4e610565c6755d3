"""Audit events as they come, line by line; `audit_file` has them from a log that is rotated, `audit_webhook` from the API server itself.

A source delivers each event, and tells of gaps: times of which it can't say that it has seen every event. It runs until it is stopped, in a
thread of its own (`Running`); what can't be read is counted, told, and never the end of it.
"""

import io
import json
import os
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, Protocol

from gitguard.edges import clock

# Both bodies of the largest object that etcd takes, escaped.
LONGEST_LINE = 16 << 20
CHUNK = 1 << 20
PAUSE = 0.1
_STOPPED_WITHIN = 5.0

AuditEvent = Mapping[str, Any]
Deliver = Callable[[Any], None]
# What a line tells, which may be nothing; Unreadable where it should tell something.
Parse = Callable[[bytes], Sequence[Any]]


class Gap(NamedTuple):
    """From when to when, RFC 3339 in UTC, events may have been missed, and why; `until` is "" where it has not ended."""

    since: str
    until: str
    why: str


Tell = Callable[[Gap], None]


class Source(Protocol):
    """Where audit events come from."""

    def run(self, deliver: Deliver, tell: Tell, stop: Event) -> None:
        """Deliver events and tell of gaps until `stop` is set, or there can be no more."""


class Running:
    """A source at work in a thread, until `stop` or the end of a `with`; `failure` is what ended it against its will."""

    def __init__(self, source: Source, deliver: Deliver, tell: Tell) -> None:
        self.failure: BaseException | None = None
        self._stop = Event()
        self._thread = Thread(target=self._run, args=(source, deliver, tell), name=f"audit {type(source).__name__}", daemon=True)
        self._thread.start()

    def _run(self, source: Source, deliver: Deliver, tell: Tell) -> None:
        try:
            source.run(deliver, tell, self._stop)
        except BaseException as error:
            self.failure = error
            tell(Gap(clock.now(), "", f"the audit events are not read any more: {error}"))

    @property
    def is_alive(self) -> bool:
        """Does it still read?"""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End it, well within a second, and wait for that."""
        self._stop.set()
        self._thread.join(_STOPPED_WITHIN)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class Unreadable(ValueError):
    """What holds no audit events."""


def events(data: bytes) -> tuple[AuditEvent, ...]:
    """The audit.k8s.io events in a JSON text, one or an EventList of them; Unreadable where it is anything else."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    listed = value.get("items") if isinstance(value, dict) and value.get("kind") == "EventList" else [value]
    if not isinstance(listed, list) or not all(isinstance(event, dict) and event.get("kind", "Event") == "Event" for event in listed):
        raise Unreadable("no audit event")
    if not str(value.get("apiVersion", "")).startswith("audit.k8s.io/"):
        raise Unreadable("no audit.k8s.io event")
    # Events of a list do not repeat what they are; alone they do.
    return tuple({"kind": "Event", "apiVersion": value["apiVersion"], **event} for event in listed)


class Lines:
    """Bytes that come in pieces, cut at newlines. A line of more than `longest` bytes is left out, and counted."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self.pending = 0
        """How many bytes have come since the last newline."""
        self.too_long = 0
        self._longest = longest
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that end in this piece, without their newlines."""
        *ends, rest = data.split(b"\n")
        for end in ends:
            line = self._with(end)
            self.pending = 0
            self._parts = []
            if line is not None:
                yield line
        self._hold(rest)

    def end(self) -> Iterator[bytes]:
        """What is left when nothing more comes: a last line without a newline."""
        yield from self.feed(b"\n") if self.pending else ()

    def _with(self, end: bytes) -> bytes | None:
        if self.pending + len(end) > self._longest:
            self.too_long += 1
            return None
        return b"".join((*self._parts, end))

    def _hold(self, rest: bytes) -> None:
        self.pending += len(rest)
        if self.pending > self._longest:
            self._parts = []
        elif rest:
            self._parts.append(rest)


class Intake:
    """Lines to events, or to whatever `parse` makes of them, for one source: `delivered` and `unreadable` count them, and what is unreadable is
    told as a gap."""

    def __init__(self, deliver: Deliver, tell: Tell, longest: int, parse: Parse = events) -> None:
        self.lines = Lines(longest)
        self.delivered = 0
        self.unreadable = 0
        self.complete_at = clock.now()
        """When everything had been read last."""
        self._deliver = deliver
        self._tell = tell
        self._longest = longest
        self._parse = parse

    def take(self, data: bytes) -> None:
        """A piece of what comes."""
        self._take(self.lines.feed(data))

    def finish(self) -> None:
        """Nothing more comes of this file or stream."""
        self._take(self.lines.end())
        self.lines = Lines(self._longest)

    def open_gap(self, why: str) -> None:
        """Tell of one that goes on."""
        self._tell(Gap(self.complete_at, "", why))

    def gap(self, why: str) -> None:
        """Tell of one, since everything was read last."""
        self._tell(Gap(self.complete_at, clock.now(), why))

    def _take(self, lines: Iterator[bytes]) -> None:
        bad, long = 0, self.lines.too_long
        for line in lines:
            if not line.strip():
                continue
            try:
                found = self._parse(line)
            except Unreadable:
                bad += 1
                continue
            for event in found:
                self._deliver(event)
            self.delivered += len(found)
        long = self.lines.too_long - long
        self.unreadable += bad + long
        if bad or long:
            self.gap(f"{bad} lines hold no audit event, {long} are longer than {self._longest} bytes")


class StreamSource:
    """Audit events, one a line, from a stream such as standard input, until it ends; what was left out is in the gaps."""

    def __init__(self, stream: BinaryIO, longest: int = LONGEST_LINE) -> None:
        self._stream = stream
        self._longest = longest

    def run(self, deliver: Deliver, tell: Tell, stop: Event) -> None:
        """Read until the stream ends, which is a gap without end, or `stop` is set."""
        intake = Intake(deliver, tell, self._longest)
        while not stop.is_set():
            data = self._read()
            if data:
                intake.take(data)
            elif data is not None:
                intake.finish()
                tell(Gap(clock.now(), "", "the stream of audit events has ended"))
                return

    def _read(self) -> bytes | None:
        """What is there, b"" at the end, None where nothing came for a while."""
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:
            return self._stream.read(CHUNK)
        ready, _, _ = select.select([descriptor], [], [], PAUSE)
        return os.read(descriptor, CHUNK) if ready else None
