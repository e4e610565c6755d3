"""Audit events as a Kubernetes API server posts them (`--audit-webhook-config-file`): EventLists over HTTPS, or over HTTP on this machine.

The API server is answered as soon as events are in the queue, and never waits for what is done with them. What does not fit is dropped, and a gap.
"""

import hmac
import ssl
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Lock, Thread
from typing import NamedTuple

from gitguard.edges import clock
from gitguard.edges.audit_stream import PAUSE, AuditEvent, Deliver, Gap, Tell, Unreadable, events
from gitguard.edges.listening import LOCAL, host_and_port, listening
from gitguard.model.errors import ConfigurationError

LARGEST_BODY = 32 << 20
_QUEUED = 10_000
_EXAMPLE = 8443


class Certificate(NamedTuple):
    """Files with a server's certificate chain and its private key, both PEM."""

    chain: Path
    key: Path


class WebhookSource:
    """A receiver at `address` (host:port; port 0 takes a free one), which takes events from whoever knows the bearer token.

    Raises ConfigurationError without a token, for HTTP elsewhere than on 127.0.0.1, and where the address or the certificate can't be used.
    Close it, or run it until it is stopped, which closes it.
    """

    def __init__(self, address: str, token: str, certificate: Certificate | None = None, largest: int = LARGEST_BODY, queued: int = _QUEUED) -> None:
        host, port = host_and_port(address, _EXAMPLE)
        if not token:
            raise ConfigurationError("the audit webhook has no token", "whoever can reach it could make up events")
        if certificate is None and host != LOCAL:
            raise ConfigurationError(f"the audit webhook at {address} has no certificate", f"HTTP is for {LOCAL} only")
        self._inbox = _Inbox(queued)
        context = _context(certificate) if certificate else None
        self._server = listening("the audit webhook", address, (host, port), _handler(self._inbox, token, largest), context)
        self.port: int = self._server.server_address[1]

    def run(self, deliver: Deliver, tell: Tell, stop: Event) -> None:
        """Take what is posted until `stop` is set."""
        listening = Thread(target=self._server.serve_forever, kwargs={"poll_interval": PAUSE}, name="audit webhook", daemon=True)
        listening.start()
        try:
            while not stop.is_set():
                self._inbox.pass_on(deliver, tell)
            # What was answered with 200 is not lost.
            while self._inbox.pass_on(deliver, tell, wait=False):
                pass
        finally:
            self._server.shutdown()
            listening.join()
            self.close()

    def close(self) -> None:
        """Listen no more, and hang up."""
        self._server.server_close()
        self._server.hang_up()


class _Inbox:
    """Events between the API server and whoever takes them; what did not fit, and what could not be read, is told as gaps in its turn."""

    def __init__(self, size: int) -> None:
        self._queue: Queue[AuditEvent] = Queue(size)
        self._lock = Lock()
        self._missed: dict[str, tuple[str, int]] = {}

    def put(self, listed: tuple[AuditEvent, ...]) -> None:
        for number, event in enumerate(listed):
            try:
                self._queue.put_nowait(event)
            except Full:
                self.miss("events did not fit into the queue", len(listed) - number)
                return

    def miss(self, why: str, count: int = 1) -> None:
        with self._lock:
            since, before = self._missed.get(why, (clock.now(), 0))
            self._missed[why] = since, before + count

    def pass_on(self, deliver: Deliver, tell: Tell, *, wait: bool = True) -> bool:
        """Hand over one event and tell of gaps; was there one?"""
        with self._lock:
            missed, self._missed = self._missed, {}
        for why, (since, count) in missed.items():
            tell(Gap(since, clock.now(), f"{count} {why}"))
        try:
            deliver(self._queue.get(timeout=PAUSE) if wait else self._queue.get_nowait())
        except Empty:
            return False
        return True


def _handler(inbox: _Inbox, token: str, largest: int) -> type[BaseHTTPRequestHandler]:
    expected = f"Bearer {token}".encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "gitguard"
        sys_version = ""

        def do_POST(self) -> None:
            given = (self.headers.get("Authorization") or "").encode("utf-8", "replace")
            if not hmac.compare_digest(given, expected):
                self._answer(HTTPStatus.UNAUTHORIZED)
                return
            size = self.headers.get("Content-Length", "")
            if not size.isdecimal():
                self._answer(HTTPStatus.LENGTH_REQUIRED)
            elif int(size) > largest:
                inbox.miss(f"requests had more than {largest} bytes")
                self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            else:
                self._take(self.rfile.read(int(size)), int(size))

        def _take(self, body: bytes, size: int) -> None:
            if len(body) < size:
                self.close_connection = True
                return
            try:
                listed = events(body)
            except Unreadable:
                inbox.miss("requests held no audit events")
                self._answer(HTTPStatus.BAD_REQUEST)
                return
            inbox.put(listed)
            self._answer(HTTPStatus.OK)

        def _answer(self, status: HTTPStatus) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            if status != HTTPStatus.OK:
                # Its body was not read: nothing more can be on this connection.
                self.send_header("Connection", "close")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Who posts what is in the events."""

    return Handler


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate.chain, certificate.key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"the audit webhook's certificate {certificate.chain} can't be used: {error}") from error
    return context
