"""Servers for tests: plain files, chart repositories, git over HTTP, an OCI registry and object storage, each on a free port of 127.0.0.1 while its `with` lasts.

Every server counts what it is asked (`requests`), can ask for a login (`login`), be slow (`delay`), and be told what to answer to a path (`answers`):

    with chart_repository(chart("web"), chart("web", "1.1.0")) as server:
        server.login = ("user", "secret")
        server.answers["/index.yaml"] = Answer(body=b"x" * 1024, repeat=1 << 20)
"""

import base64
import gzip
import hashlib
import http.client
import http.server
import io
import os
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.message import Message
from email.parser import BytesParser
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest
import yaml

Files = Mapping[str, str | bytes]


class Request(NamedTuple):
    """What a server was asked; `path` is decoded and has no query."""

    method: str
    path: str
    query: str
    headers: Message
    body: bytes


class Answer(NamedTuple):
    """What it answers: `body`, `repeat` times with a `pause` between, so that it can be huge or never end without being held in memory."""

    body: bytes = b""
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = {}
    repeat: int = 1
    pause: float = 0.0


NOT_FOUND = Answer(b"404 page not found\n", HTTPStatus.NOT_FOUND)
LOGIN = Answer(b"who are you?\n", HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="test"'})


class Server:
    """A server that runs, and what can be told to it while it does."""

    def __init__(self, respond: Callable[[Request], Answer]) -> None:
        self.answers: dict[str, Answer] = {}
        self.login: tuple[str, str] | None = None
        self.delay = 0.0
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self.respond = respond
        self.listener = _Listener(("127.0.0.1", 0), _handler(self))
        self.host = f"127.0.0.1:{self.listener.server_address[1]}"
        self.url = f"http://{self.host}"

    def count(self, part: str = "") -> int:
        """How many requests had `part` in their path."""
        return sum(part in request.path for request in self.requests)

    def answer(self, request: Request) -> Answer:
        """What to answer: who asks first, then what the test has told for the path, then what the server is for."""
        self.requests.append(request)
        self.closing.wait(self.delay)
        if self.login and request.headers.get("Authorization") != basic(*self.login):
            return LOGIN
        return self.answers.get(request.path) or self.respond(request)


class _Listener(http.server.ThreadingHTTPServer):
    # Clients that hang up in the middle are what some tests are about.
    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


def basic(user: str, password: str) -> str:
    """The header of a login."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _handler(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if self.headers.get("Expect") == "100-continue":
                self.send_response_only(HTTPStatus.CONTINUE)
                self.end_headers()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = server.answer(Request(self.command, unquote(address.path), address.query, self.headers, body))
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body) * answer.repeat), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            for number in range(answer.repeat):
                if number and server.closing.wait(answer.pause):
                    return
                self.wfile.write(answer.body)

        do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@contextmanager
def served(respond: Callable[[Request], Answer]) -> Iterator[Server]:
    """A server of answers that a function makes."""
    server = Server(respond)
    thread = threading.Thread(target=server.listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.listener.shutdown()
        server.listener.server_close()
        thread.join()


@contextmanager
def files(contents: Files) -> Iterator[Server]:
    """Plain files by path; more can be put into `answers`."""
    with served(lambda request: NOT_FOUND) as server:
        server.answers |= {f"/{path}": Answer(_bytes(content)) for path, content in contents.items()}
        yield server


def chart(name: str, version: str = "1.0.0", files: Files | None = None, metadata: str = "") -> dict[str, str | bytes]:
    """The files of a chart, by path in it: by default its only object is a ConfigMap named after the release, which tells name and version."""
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata: {chart: '{{ .Chart.Name }}-{{ .Chart.Version }}'}\n"
    return {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n{metadata}", "templates/cm.yaml": template, **(files or {})}


def archive(chart: Files) -> bytes:
    """A chart as `helm package` packs it; the same bytes each time."""
    folder = _metadata(chart)["name"]
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path, content in chart.items():
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(_bytes(content))
            tar.addfile(entry, io.BytesIO(_bytes(content)))
    return packed.getvalue()


def archive_name(chart: Files) -> str:
    """`NAME-VERSION.tgz`."""
    metadata = _metadata(chart)
    return f"{metadata['name']}-{metadata['version']}.tgz"


@contextmanager
def chart_repository(*charts: Files, base: str = "") -> Iterator[Server]:
    """A chart repository as `helm repo index` makes it; `base` goes before the names of the archives, say another server's URL."""
    entries: dict[str, list[dict[str, Any]]] = {}
    contents: dict[str, bytes] = {}
    for chart in charts:
        packed = contents[archive_name(chart)] = archive(chart)
        entry = {"created": "2026-01-01T00:00:00Z", "digest": hashlib.sha256(packed).hexdigest(), "urls": [base + archive_name(chart)]}
        entries.setdefault(_metadata(chart)["name"], []).append({**_metadata(chart), **entry})
    index = {"apiVersion": "v1", "entries": entries, "generated": "2026-01-01T00:00:00Z"}
    with files({"index.yaml": yaml.safe_dump(index), **contents}) as server:
        yield server


@contextmanager
def git(repositories: Mapping[str, Path]) -> Iterator[Server]:
    """Repositories, bare ones or work trees, at `URL/NAME`, served by git's own program: what GitHub serves is served, any commit by its id too."""
    program = _git_program()
    if not program.exists():
        pytest.skip(f"git has no {program.name} here")
    with TemporaryDirectory() as root:
        for name, path in repositories.items():
            link = Path(root) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
        with served(lambda request: _asked_git(program, root, request)) as server:
            yield server


def _git_program() -> Path:
    return Path(subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()) / "git-http-backend"


def _asked_git(program: Path, root: str, request: Request) -> Answer:
    """One request by CGI, the way that git's program is made to be asked."""
    settings = {"uploadpack.allowAnySHA1InWant": "true", "uploadpack.allowFilter": "true", "safe.directory": "*"}
    pairs = [
        (f"GIT_CONFIG_{what}_{number}", text)
        for number, pair in enumerate(settings.items())
        for what, text in zip(("KEY", "VALUE"), pair, strict=True)
    ]
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": root,
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **dict(pairs),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    done = subprocess.run([program], input=request.body, env=environment, capture_output=True)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(BytesParser().parsebytes(head).items())
    status = int(headers.pop("Status", "200").split()[0])
    return Answer(body, status, headers)


@contextmanager
def registry(program: Path) -> Iterator[Server]:
    """An empty OCI registry, go-containerregistry's (the test bed `registry`), behind a server that counts, asks for logins and can be slow."""
    process = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout
    try:
        port = int(process.stdout.readline())
        with served(lambda request: _forwarded(port, request)) as server:
            yield server
    finally:
        process.kill()
        process.communicate()


OBJECT_STORAGE = {
    "AWS_ACCESS_KEY_ID": "tester",
    "AWS_SECRET_ACCESS_KEY": "the-secret-of-the-tester",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def object_storage(program: Path, *buckets: str) -> Iterator[Server]:
    """S3 over a folder, Versity's gateway (the test bed `versitygw`), with empty buckets; its keys are those of OBJECT_STORAGE.

    It is behind a server that counts, and whose `respond` a test may wrap to do something before a request arrives, or instead of it.
    """
    with TemporaryDirectory() as folder:
        for bucket in buckets:
            (Path(folder) / bucket).mkdir()
        process = subprocess.Popen([program, folder], env=OBJECT_STORAGE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout
        try:
            port = int(process.stdout.readline())
            _await(port, process)
            with served(lambda request: _forwarded(port, request)) as server:
                yield server
        finally:
            process.kill()
            process.communicate()


def _await(port: int, process: "subprocess.Popen[str]") -> None:
    """Wait until a server that was just started takes connections."""
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert process.poll() is None, "the server has ended"
        time.sleep(0.05)
    raise AssertionError("the server is not ready after half a minute")


def _forwarded(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request(request.method, f"{request.path}?{request.query}", request.body, dict(request.headers.items()))
        answer = connection.getresponse()
        headers = {name: value for name, value in answer.headers.items() if name.lower() not in ("transfer-encoding", "connection")}
        return Answer(answer.read(), answer.status, headers)
    finally:
        connection.close()


def push(server: Server, chart: Files, under: str = "charts") -> str:
    """Put a chart into a registry by Helm's own client, and return the `oci://` reference to it."""
    import helm_python

    with TemporaryDirectory() as folder, helm_python.RegistryClient(plain_http=True, credentials_file=Path(folder) / "logins.json") as client:
        if server.login:
            client.login(server.host, *server.login, plain_http=True)
        packed = Path(folder) / archive_name(chart)
        packed.write_bytes(archive(chart))
        client.push(packed, f"oci://{server.host}/{under}", plain_http=True)
    return f"oci://{server.host}/{under}/{_metadata(chart)['name']}"


def _metadata(chart: Files) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(chart["Chart.yaml"])
    return loaded


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
