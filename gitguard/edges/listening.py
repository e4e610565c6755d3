"""Where something listens, and a server there that one client, or a thousand, can't keep from answering the others."""

import socket
import ssl
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from typing import Any

from gitguard.model.errors import ConfigurationError

LOCAL = "127.0.0.1"
_AT_ONCE = 64
_IDLE = 10.0


def host_and_port(address: str, example: int) -> tuple[str, int]:
    """The two parts of `host:port`, where a host of IPv6 stands in brackets. ConfigurationError where it is none; `example` is a port to advise."""
    host, separator, port = address.rpartition(":")
    if not separator or not (port.isascii() and port.isdecimal()) or int(port) > 0xFFFF:
        raise ConfigurationError(f"{address!r} is no address to listen at", f"say {LOCAL}:{example}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def listening(
    what: str, address: str, place: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> "Server":
    """A server at a place, which `address` is in the user's words. ConfigurationError, about `what`, where nothing can listen there."""
    try:
        return Server(place, handler, context)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its host is no name"
        raise ConfigurationError(f"{what} can't listen at {address}: {why}") from error


class Server(ThreadingHTTPServer):
    """An HTTP server, or with a TLS context an HTTPS server: a thread a connection, but no more than 64, and none that says nothing for 10 s."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._context = context
        self._open: set[Any] = set()
        self._places = BoundedSemaphore(_AT_ONCE)
        super().__init__(address, handler)

    def get_request(self) -> tuple[Any, Any]:
        """A connection and whose it is."""
        connection, address = super().get_request()
        connection.settimeout(_IDLE)
        if self._context is not None:
            # The handshake comes with the first read, in the connection's own thread: nobody keeps others waiting by not saying anything.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection where there is room for one more, and hang up where there is not."""
        if not self._places.acquire(blocking=False):
            super().shutdown_request(request)
            return
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection and make room for another."""
        super().shutdown_request(request)
        if request in self._open:
            self._open.discard(request)
            self._places.release()

    def hang_up(self) -> None:
        """End the connections that are kept open."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up, or that speak no TLS, are no news."""
