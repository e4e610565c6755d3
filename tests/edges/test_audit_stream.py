"""Audit events from files that are rotated and cut, from streams, and from whoever posts them: none is lost without a gap being told."""

import http.client
import io
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitguard.edges.audit_file import FileSource, Position
from gitguard.edges.audit_stream import Gap, Lines, Running, Source, StreamSource
from gitguard.edges.audit_webhook import Certificate, WebhookSource
from gitguard.model.errors import ConfigurationError

TOKEN = "a token of the lab"


def event(number: int, padding: str = "") -> dict[str, Any]:
    return {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": str(number), "padding": padding}


def line(number: int, padding: str = "") -> str:
    return json.dumps(event(number, padding)) + "\n"


class Reading:
    """A source that is read, and what came of it."""

    def __init__(self, source: Source) -> None:
        self.numbers: list[int] = []
        self.gaps: list[Gap] = []
        self.running = Running(source, self._deliver, self.gaps.append)

    def _deliver(self, event: Any) -> None:
        self.numbers.append(int(event["auditID"]))

    def has(self, *numbers: int) -> bool:
        return eventually(lambda: self.numbers == list(numbers))

    @property
    def reasons(self) -> list[str]:
        return [gap.why for gap in self.gaps]


def eventually(happened: Callable[[], object], within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def read() -> Iterator[Callable[[Source], Reading]]:
    """Reads a source until the test ends; sources end within a second, and of nothing else than being told."""
    with ExitStack() as stack:

        def begin(source: Source) -> Reading:
            reading = Reading(source)
            stack.callback(ended, reading)
            return reading

        yield begin


def ended(reading: Reading) -> Reading:
    began = time.monotonic()
    reading.running.stop()
    assert not reading.running.is_alive
    assert time.monotonic() - began < 1.0
    assert reading.running.failure is None
    return reading


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


def append(log: Path, text: str) -> None:
    with log.open("a") as file:
        file.write(text)


class TestFile:
    def test_what_is_there_and_what_comes(self, log, read) -> None:
        log.write_text(line(1) + line(2))
        reading = read(FileSource(log))
        assert reading.has(1, 2)
        append(log, line(3))
        assert reading.has(1, 2, 3)
        assert reading.gaps == []

    def test_a_line_that_is_not_whole_yet_is_waited_for(self, log, read) -> None:
        text = line(1, "é")
        with log.open("wb", buffering=0) as file:
            reading = read(FileSource(log, pause=0.01))
            for byte in text.encode():
                file.write(bytes([byte]))
                time.sleep(0.002)
        assert reading.has(1)
        assert reading.gaps == []

    def test_a_file_that_comes_later_is_waited_for_and_that_is_a_gap(self, log, read) -> None:
        reading = read(FileSource(log))
        assert eventually(lambda: reading.gaps)
        assert (reading.gaps[0].until, "can't be read: No such file" in reading.gaps[0].why) == ("", True)
        log.write_text(line(1))
        assert reading.has(1)
        assert [(gap.since, gap.until > gap.since, gap.why) for gap in reading.gaps[1:]] == [(reading.gaps[0].since, True, f"{log} was not there")]

    def test_rotation_by_renaming_loses_nothing(self, log, read) -> None:
        log.write_text(line(1))
        reading = read(FileSource(log))
        assert reading.has(1)
        with log.open("a") as old:
            log.rename(log.with_name("audit-2026-01-01T00-00-00.000.log"))
            log.touch()
            # logrotate: the writer is told to reopen later, and writes to the old file until then.
            old.write(line(2))
            old.flush()
            assert reading.has(1, 2)
            old.write(line(3))
        append(log, line(4))
        assert reading.has(1, 2, 3, 4)
        assert reading.gaps == []

    def test_many_rotations_between_two_looks_lose_nothing(self, log, read) -> None:
        log.write_text(line(0))
        reading = read(FileSource(log, pause=0.3))
        assert reading.has(0)
        for number in range(1, 9):
            log.rename(log.with_name(f"audit-{number}.log"))
            log.write_text(line(number))
            time.sleep(0.02)
        assert reading.has(*range(9))
        assert reading.gaps == []

    def test_rotation_while_it_is_written_to_without_pause(self, log, read) -> None:
        log.write_text(line(0))
        reading = read(FileSource(log, pause=0.001))
        assert reading.has(0)
        for number in range(1, 3000):
            append(log, line(number, "x" * 200))
            if number % 300 == 299:
                log.rename(log.with_name(f"audit-{number}.log"))
        eventually(lambda: len(reading.numbers) == 3000, 20)
        assert (sorted(set(range(3000)) - set(reading.numbers)), reading.gaps) == ([], [])
        assert reading.numbers == list(range(3000))

    @pytest.mark.parametrize("after", [line(2), line(2, "long" * 100)], ids=["shorter", "longer than before"])
    def test_truncation_is_a_gap(self, log, read, after) -> None:
        log.write_text(line(1, "some"))
        reading = read(FileSource(log))
        assert reading.has(1)
        # copytruncate: the file stays, its content goes.
        with log.open("r+") as file:
            file.truncate(0)
            file.write(after)
        assert reading.has(1, 2)
        (gap,) = reading.gaps
        assert "was truncated" in gap.why
        assert gap.since < gap.until

    def test_lines_that_are_no_events_are_told_and_the_rest_is_read(self, log, read) -> None:
        deep = "[" * 100_000 + "\n"
        bad = [
            "nonsense\n",
            "{}\n",
            "[1]\n",
            '"x"\n',
            '{"kind": "Event", "apiVersion": "v1"}\n',
            "\xff\n",
            deep,
            '{"kind": "EventList", "items": 1}\n',
        ]
        log.write_text(line(1) + "".join(bad) + "\n" + line(2), encoding="latin-1")
        reading = read(FileSource(log))
        assert reading.has(1, 2)
        assert reading.reasons == [f"{len(bad)} lines hold no audit event, 0 are longer than {16 << 20} bytes"]

    def test_lines_are_bounded(self, log, read) -> None:
        log.write_text(line(1) + line(2, "x" * 5_000_000) + line(3))
        reading = read(FileSource(log, longest=1000))
        assert reading.has(1, 3)
        assert reading.reasons == ["0 lines hold no audit event, 1 are longer than 1000 bytes"]

    def test_it_goes_on_where_it_was(self, log) -> None:
        log.write_text(line(1) + line(2)[:10])
        first = FileSource(log)
        reading = Reading(first)
        assert reading.has(1)
        ended(reading)
        append(log, line(2)[10:] + line(3))
        second = FileSource(log, first.position)
        reading = Reading(second)
        assert reading.has(2, 3)
        ended(reading)
        assert reading.gaps == []
        # Rotated twice while nobody looked.
        append(log, line(4))
        log.rename(log.with_name("audit-1.log"))
        log.write_text(line(5))
        time.sleep(0.02)
        log.rename(log.with_name("audit-2.log"))
        log.write_text(line(6))
        reading = Reading(FileSource(log, second.position))
        assert reading.has(4, 5, 6)
        assert ended(reading).gaps == []

    @pytest.mark.parametrize("how", ["deleted", "written anew"])
    def test_a_log_that_is_gone_when_it_goes_on_is_a_gap(self, log, how) -> None:
        log.write_text(line(1))
        first = FileSource(log)
        reading = Reading(first)
        assert reading.has(1)
        ended(reading)
        assert isinstance(first.position, Position)
        if how == "deleted":
            log.unlink()
            log.with_name("other").write_text("x")
        log.write_text(line(2, "y" * 100))
        reading = Reading(FileSource(log, first.position))
        assert reading.has(2)
        (gap,) = ended(reading).gaps
        assert (gap.since, gap.why) == (first.position.at, "the log that was being read is not there any more")


@given(st.lists(st.text("ab", max_size=12), max_size=8), st.data())
def test_lines_are_the_same_however_they_come(lines: list[str], data: st.DataObject) -> None:
    whole = "".join(f"{one}\n" for one in lines).encode()
    cut, found, left = Lines(longest=8), [], whole
    while left:
        size = data.draw(st.integers(1, len(left)))
        found += cut.feed(left[:size])
        left = left[size:]
    assert found == [one.encode() for one in lines if len(one) <= 8]
    assert cut.too_long == sum(len(one) > 8 for one in lines)


class TestStream:
    def test_a_pipe_is_read_to_its_end_and_then_there_is_nothing_more(self, read) -> None:
        out, into = os.pipe()
        with os.fdopen(out, "rb") as stream:
            reading = read(StreamSource(stream))
            os.write(into, (line(1) + "nonsense\n").encode())
            assert reading.has(1)
            os.write(into, line(2).strip().encode())
            os.close(into)
            assert reading.has(1, 2)
            assert eventually(lambda: not reading.running.is_alive)
        assert reading.gaps[-1].until == ""
        assert [why.split(",")[0] for why in reading.reasons] == ["1 lines hold no audit event", "the stream of audit events has ended"]

    def test_it_ends_while_nothing_comes(self) -> None:
        out, into = os.pipe()
        with os.fdopen(out, "rb") as stream:
            ended(Reading(StreamSource(stream)))
            os.close(into)

    def test_bytes_in_memory(self, read) -> None:
        assert read(StreamSource(io.BytesIO((line(1) + line(2)).encode()))).has(1, 2)


def event_list(*numbers: int) -> bytes:
    return json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event(number) for number in numbers]}).encode()


class Client:
    """The API server's side."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, token: str = TOKEN) -> None:
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
            if context
            else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        )

    def post(self, body: bytes, method: str = "POST", **headers: str) -> int:
        self.connection.request(method, "/", body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def connect(*arguments: Any, **options: Any) -> Client:
            made = Client(*arguments, **options)
            stack.callback(made.connection.close)
            return made

        yield connect


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    made = Certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-days", "1", "-out", str(made.chain), "-keyout", str(made.key)], check=True, capture_output=True)
    return made


class TestWebhook:
    def test_what_is_posted_is_delivered_over_one_connection(self, read, client) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN)
        reading, server = read(source), client(source.port)
        assert [server.post(event_list(1, 2)), server.post(event_list(3)), server.post(event_list())] == [200, 200, 200]
        assert reading.has(1, 2, 3)
        assert reading.gaps == []

    def test_https(self, read, client, certificate) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN, certificate)
        reading = read(source)
        # Somebody who never says anything keeps nobody waiting.
        with socket.create_connection(("127.0.0.1", source.port)):
            server = client(source.port, ssl.create_default_context(cafile=str(certificate.chain)))
            assert server.post(event_list(1)) == HTTPStatus.OK
            assert reading.has(1)
        with pytest.raises((OSError, http.client.HTTPException)):
            client(source.port).post(event_list(2))
        assert server.post(event_list(3)) == HTTPStatus.OK
        assert reading.has(1, 3)

    @pytest.mark.parametrize("token", ["", "another", TOKEN + "x", TOKEN[:-1], "ä"])
    def test_only_who_knows_the_token_can_post(self, read, client, token) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN)
        reading = read(source)
        assert client(source.port, token=token).post(event_list(1)) == HTTPStatus.UNAUTHORIZED
        assert client(source.port).post(event_list(2), Authorization="Basic x") == HTTPStatus.UNAUTHORIZED
        assert client(source.port).post(event_list(3)) == HTTPStatus.OK
        assert reading.has(3)

    def test_what_is_too_large_or_makes_no_sense_is_refused_and_told(self, read, client) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN, largest=1000)
        reading = read(source)
        assert client(source.port).post(b"", **{"Content-Length": str(1 << 40)}) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        for body in (b"", b"nonsense", b"{}", b'{"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [1]}'):
            assert client(source.port).post(body) == HTTPStatus.BAD_REQUEST
        assert client(source.port).post(b"", method="GET") == HTTPStatus.NOT_IMPLEMENTED
        assert client(source.port).post(event_list(1)) == HTTPStatus.OK
        assert reading.has(1)
        assert eventually(lambda: sum(int(why.split()[0]) for why in reading.reasons) == 5)
        assert any("more than 1000 bytes" in why for why in reading.reasons)

    def test_a_length_must_be_told(self, read, client) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN)
        read(source)
        server = client(source.port)
        server.connection.putrequest("POST", "/")
        for name, value in {**server.headers, "Transfer-Encoding": "chunked"}.items():
            server.connection.putheader(name, value)
        server.connection.endheaders()
        assert server.connection.getresponse().status == HTTPStatus.LENGTH_REQUIRED

    def test_the_api_server_never_waits_and_what_does_not_fit_is_a_gap(self, client) -> None:
        begun, held, numbers, gaps = threading.Event(), threading.Event(), [], []

        def slow(event: Any) -> None:
            begun.set()
            held.wait(10)
            numbers.append(int(event["auditID"]))

        source = WebhookSource("127.0.0.1:0", TOKEN, queued=10)
        with Running(source, slow, gaps.append) as running:
            server = client(source.port)
            assert server.post(event_list(0)) == HTTPStatus.OK
            assert begun.wait(5)
            began = time.monotonic()
            assert server.post(event_list(*range(1, 26))) == HTTPStatus.OK
            assert server.post(event_list(*range(26, 31))) == HTTPStatus.OK
            assert time.monotonic() - began < 2
            held.set()
            assert eventually(lambda: len(numbers) == 11)
        assert running.failure is None
        assert numbers == list(range(11))
        assert [gap.why for gap in gaps] == ["20 events did not fit into the queue"]
        assert gaps[0].since < gaps[0].until

    def test_what_was_answered_is_delivered_before_it_ends(self, client) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN)
        reading = Reading(source)
        assert client(source.port).post(event_list(*range(1000))) == HTTPStatus.OK
        ended(reading)
        assert reading.numbers == list(range(1000))
        with pytest.raises(OSError, match="refused"):
            client(source.port).post(event_list(1))

    def test_http_is_for_this_machine_only_and_nobody_posts_without_a_token(self, tmp_path, certificate) -> None:
        for address, token, files, said in (
            ("0.0.0.0:0", TOKEN, None, "no certificate"),
            ("localhost:0", TOKEN, None, "no certificate"),
            (":0", TOKEN, None, "no certificate"),
            ("127.0.0.1:0", "", None, "no token"),
            ("127.0.0.1", TOKEN, None, "no address"),
            ("127.0.0.1:99999", TOKEN, None, "no address"),
            ("192.0.2.1:0", TOKEN, certificate, "can't listen"),
            ("127.0.0.1:0", TOKEN, Certificate(tmp_path / "none", tmp_path / "none"), "can't be used"),
            ("127.0.0.1:0", TOKEN, Certificate(certificate.key, certificate.chain), "can't be used"),
        ):
            with pytest.raises(ConfigurationError, match=said):
                WebhookSource(address, token, files)

    def test_a_port_that_is_taken_is_told(self) -> None:
        source = WebhookSource("127.0.0.1:0", TOKEN)
        with pytest.raises(ConfigurationError, match="can't listen"):
            WebhookSource(f"127.0.0.1:{source.port}", TOKEN)
        source.close()


def test_a_failure_of_whoever_takes_events_is_a_gap_without_end(log) -> None:
    log.write_text(line(1))
    gaps: list[Gap] = []

    def fail(event: Any) -> None:
        raise RuntimeError("full disk")

    with Running(FileSource(log), fail, gaps.append) as running:
        assert eventually(lambda: not running.is_alive)
    assert isinstance(running.failure, RuntimeError)
    assert [(gap.until, gap.why) for gap in gaps] == [("", "the audit events are not read any more: full disk")]
