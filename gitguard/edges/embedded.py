"""A small API server in this process, for `gitguard demo` and for tests: it speaks as Kubernetes does, and it is no Kubernetes.

There is no admission, there are no schemas and no controllers: nothing is validated but what `embedded_objects` says, nothing runs, nobody collects
garbage, a namespace need not exist and nothing in it goes with it. Objects lie in memory.

What is spoken is plain HTTP on 127.0.0.1, with a bearer token for each user (kubectl, which gives no token away without TLS, is nobody here), and
of the API: discovery (`/version`, `/api`, `/apis`), get, list (limit and continue, label selectors of equality), watch, create, update, patch (merge
and JSON patch; a strategic merge patch is taken for a merge patch, so that its lists replace lists), and delete; `status` where a kind has one; dry
runs; preconditions; finalizers; managedFields that tell manager, operation and time, and no fields. Deletions of collections, other subresources,
server-side apply, impersonation, field selectors and propagation policies are not there. `tests/lab/test_embedded.py` holds it to a real one.

It writes an audit log as the real one does, before it answers: every write, with both bodies.
"""

import json
import secrets
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import MappingProxyType
from typing import Any

from gitguard.edges.cluster import ClusterError
from gitguard.edges.embedded_api import Answer, Api, May
from gitguard.edges.embedded_audit import Asked, AuditLog, User
from gitguard.edges.embedded_kinds import KINDS, VERSION, Kind
from gitguard.edges.embedded_store import Store

_HOST = "127.0.0.1"
_LARGEST_BODY = 3 << 20
_LOOK_SECONDS = 0.02
_FAILED = 400
_USERS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "admin": ("admin", ("system:masters",)),
        "alice": ("alice", ("humans",)),
        "bob": ("bob", ("humans",)),
        "gitguard": ("system:serviceaccount:gitguard:gitguard", ("system:serviceaccounts",)),
        "argocd-server": ("system:serviceaccount:argocd:argocd-server", ("system:serviceaccounts",)),
        "argocd-application-controller": ("system:serviceaccount:argocd:argocd-application-controller", ("system:serviceaccounts",)),
    }
)


def everybody(user: str, verb: str, group: str, resource: str, namespace: str) -> bool:
    """Everybody may do everything."""
    return True


class Embedded:
    """An API server that runs: at `url`, with its audit in the file `audit_log`."""

    def __init__(self, folder: Path, users: Mapping[str, tuple[str, tuple[str, ...]]], kinds: tuple[Kind, ...], may: May) -> None:
        self.audit_log = folder / "audit.log"
        self._folder = folder
        self._tokens = {user: secrets.token_hex(16) for user in users}
        self._kinds = {(kind.group, kind.kind): kind for kind in kinds}
        self._store = Store()
        self._audit = AuditLog(self.audit_log)
        known = {self._tokens[user]: User(name, groups) for user, (name, groups) in users.items()}
        self._api = Api(kinds, known, may, self._store, self._audit)
        self._port = 0
        self._server: _Server | None = None
        self._listening: Thread | None = None
        self.start()
        self.url = f"http://{_HOST}:{self._port}"

    def start(self) -> None:
        """Listen, again at the same port; nothing is forgotten meanwhile."""
        if self._server is None:
            self._server = _Server((_HOST, self._port), _handler(self._api))
            self._port = self._server.server_address[1]
            self._listening = Thread(target=self._server.serve_forever, kwargs={"poll_interval": _LOOK_SECONDS}, name="embedded API server")
            self._listening.start()

    def stop(self) -> None:
        """Answer nobody any more, and hang up."""
        server, self._server = self._server, None
        if server is not None and self._listening is not None:
            server.shutdown()
            self._listening.join()
            server.hang_up(server.open)
            self._store.wake()
            server.server_close()

    def close(self) -> None:
        """Stop, for good."""
        self.stop()
        self._audit.close()

    def break_watches(self) -> None:
        """Hang up on those that watch."""
        if self._server is not None:
            self._server.hang_up(self._server.watching)

    def compact(self) -> None:
        """Forget all versions but the newest: lists and watches that begin before it have expired."""
        self._store.compact()

    def kubeconfig(self, user: str) -> Path:
        """A kubeconfig for one of the users."""
        file = self._folder / f"kubeconfig-{user}"
        value = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "embedded", "cluster": {"server": self.url}}],
            "users": [{"name": user, "user": {"token": self._tokens[user]}}],
            "contexts": [{"name": "embedded", "context": {"cluster": "embedded", "user": user}}],
            "current-context": "embedded",
        }
        file.touch(mode=0o600)
        file.write_text(json.dumps(value), encoding="utf-8")
        return file

    def get(self, group: str, kind: str, namespace: str, name: str) -> Mapping[str, Any] | None:
        """An object as it is, None where there is none."""
        found = self._kinds[group, kind]
        version = self._store.get(found, f"{namespace}/{name}" if found.namespaced else name)
        value: Mapping[str, Any] | None = json.loads(found.head + version.rest) if version else None
        return value

    def apply(self, manifest: Mapping[str, Any], user: str) -> Mapping[str, Any]:
        """Create an object, or replace the one that is there whatever its version; the audit has it. ClusterError where that is refused."""
        metadata = manifest["metadata"]
        group = manifest["apiVersion"].rpartition("/")[0]
        kind, namespace = self._kinds[group, manifest["kind"]], metadata.get("namespace", "")
        root = f"/{'apis' if group else 'api'}/{kind.api_version}{f'/namespaces/{namespace}' if kind.namespaced else ''}/{kind.plural}"
        there = self.get(group, manifest["kind"], namespace, metadata["name"])
        if there is None:
            return self._ask("POST", root, manifest, user)
        here = {**metadata, "resourceVersion": there["metadata"]["resourceVersion"]}
        return self._ask("PUT", f"{root}/{metadata['name']}", {**manifest, "metadata": here}, user)

    def _ask(self, method: str, target: str, body: Mapping[str, Any], user: str) -> Mapping[str, Any]:
        headers = {"authorization": f"Bearer {self._tokens[user]}", "user-agent": f"gitguard-embedded/{VERSION}", "content-type": "application/json"}
        answer = self._api.answer(Asked(method, target, headers, json.dumps(body).encode(), _HOST))
        value: Mapping[str, Any] = json.loads(answer.body)
        if answer.code >= _FAILED:
            raise ClusterError(f"{method} {target}: {answer.code} {value['message']}", answer.code)
        return value


@contextmanager
def embedded(
    folder: Path, users: Mapping[str, tuple[str, tuple[str, ...]]] = _USERS, kinds: tuple[Kind, ...] = KINDS, may: May = everybody
) -> Iterator[Embedded]:
    """An API server on a free port, gone when the `with` ends. `folder` gets its audit log and its kubeconfigs.

    `users` are (name, groups) by the name that `kubeconfig` is asked for; `may` is asked before everything that they do.
    """
    made = Embedded(folder, users, kinds, may)
    try:
        yield made
    finally:
        made.close()


class _Server(ThreadingHTTPServer):
    # Who stops it waits for what is being answered: then nothing comes afterwards.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.open: set[Any] = set()
        self.watching: set[Any] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up(self, connections: set[Any]) -> None:
        """End some of the connections."""
        for connection in list(connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are no news; all else is a fault of this server."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _handler(api: Api) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        # Head and body leave together.
        wbufsize = -1
        server: _Server

        def do_GET(self) -> None:
            size = self.headers.get("Content-Length", "0")
            if not size.isdecimal() or int(size) > _LARGEST_BODY or "Transfer-Encoding" in self.headers:
                self.close_connection = True
                self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = api.answer(Asked(self.command, self.path, headers, self.rfile.read(int(size)), str(self.client_address[0])))
            self.send_response_only(answer.code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Audit-Id", answer.audit_id)
            if answer.lines is not None:
                self._watch(answer)
                return
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def _watch(self, answer: Answer) -> None:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            until = time.monotonic() + answer.seconds
            self.server.watching.add(self.connection)
            try:
                for line in answer.lines or ():
                    if line:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                        self.wfile.flush()
                    if time.monotonic() > until or (not line and self._is_alone()):
                        break
                self.wfile.write(b"0\r\n\r\n")
            finally:
                self.server.watching.discard(self.connection)

        def _is_alone(self) -> bool:
            """Has the client hung up? Nothing else is to be read while it watches."""
            try:
                return not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                return True

        def log_message(self, *arguments: object) -> None:
            """Who asks what is in the audit."""

    return Handler
