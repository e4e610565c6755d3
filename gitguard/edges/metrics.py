"""What the watch tells of itself over HTTP: metrics for Prometheus, and whether it lives and whether it is ready, for Kubernetes.

Names of objects and people are never in it: who can read metrics need not be one who may read the ledger.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from threading import Lock, Thread
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from gitguard.edges import clock
from gitguard.edges.listening import host_and_port, listening

LATE = 30.0
_EXAMPLE = 9090
_POLL = 0.1
_TEXT = "text/plain; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
# So many words a label: kinds come from the cluster, where whoever may write can make more.
_WORDS = 500
_OTHERS = "other"
_LONGEST = 300

# A second series for each counter, which tells when it was begun: nothing here starts late enough for that to matter.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The numbers of one process, for all its clusters; every verb is for what just happened, and threads may use them at once."""

    def __init__(self, seconds: Callable[[], float] = clock.monotonic) -> None:
        self._seconds = seconds
        self._registry = CollectorRegistry()
        self._words: dict[str, set[str]] = {}
        self._commits: dict[str, str] = {}
        self._lock = Lock()
        self._drift = self._counter("drift", "Changes that did not come from git", "kind", "action", "decision", "severity")
        self._acts = self._counter("acts", "What gitguard did, and how it ended", "act", "result")
        self._restarts = self._counter("watch_restarts", "Watches that were begun anew", "kind", "why")
        self._events = self._counter("audit_events", "Audit events that were taken in")
        self._gaps = self._counter("gaps", "Times in which a source told nothing", "source")
        self._errors = self._counter("ledger_errors", "Entries that could not be written to the ledger")
        self._alerts = self._counter("alerts", "What somebody has to look at", "reason_class")
        self._open = self._gauge("open_drift", "Objects that are not as git has them now")
        self._watched = self._gauge("watched_objects", "Objects that are watched", "kind")
        self._commit = self._gauge("git_commit_info", "The commit that is git's word", "commit")
        self._age = self._gauge("git_age_seconds", "Seconds since git was last asked and answered")
        self._entries = self._gauge("ledger_entries", "Entries of the ledger")
        self._seconds_to_revert = Histogram(
            "gitguard_revert_seconds", "From detection until git's word was back", ("cluster",), buckets=_BUCKETS, registry=self._registry
        )

    def drifted(self, cluster: str, kind: str, action: str, decision: str, severity: str) -> None:
        """Something changed beside git."""
        self._count(self._drift, cluster, kind=kind, action=action, decision=decision, severity=severity)

    def acted(self, cluster: str, act: str, result: str) -> None:
        """Something was done about it."""
        self._count(self._acts, cluster, act=act, result=result)

    def reverted(self, cluster: str, seconds: float) -> None:
        """Git's word is back, so many seconds after it was seen to be gone."""
        self._seconds_to_revert.labels(cluster).observe(seconds)

    def drifting(self, cluster: str, objects: int) -> None:
        """So many objects are not as git has them."""
        self._open.labels(cluster).set(objects)

    def watching(self, cluster: str, kind: str, objects: int) -> None:
        """So many objects of a kind are watched."""
        self._watched.labels(cluster, self._word("kind", kind)).set(objects)

    def restarted(self, cluster: str, kind: str, why: str) -> None:
        """A watch broke off, or expired, and was begun anew."""
        self._count(self._restarts, cluster, kind=kind, why=why)

    def audited(self, cluster: str, events: int = 1) -> None:
        """Audit events came."""
        self._events.labels(cluster).inc(events)

    def missed(self, cluster: str, source: str) -> None:
        """A source had a gap."""
        self._count(self._gaps, cluster, source=source)

    def refreshed(self, cluster: str, commit: str) -> None:
        """Git was asked, and this commit is its word."""
        with self._lock:
            before, self._commits[cluster] = self._commits.get(cluster), commit
            if before not in (None, commit):
                self._commit.remove(cluster, before)
            self._commit.labels(cluster, commit).set(1)
        at = self._seconds()
        self._age.labels(cluster).set_function(lambda: self._seconds() - at)

    def recorded(self, cluster: str, entries: int) -> None:
        """The ledger has so many entries."""
        self._entries.labels(cluster).set(entries)

    def unrecorded(self, cluster: str) -> None:
        """An entry could not be written to the ledger."""
        self._errors.labels(cluster).inc()

    def alerted(self, cluster: str, reason_class: str) -> None:
        """Somebody has to look at something, for a reason of this class."""
        self._count(self._alerts, cluster, reason_class=reason_class)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"gitguard_{name}", documentation, ("cluster", *labels), registry=self._registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"gitguard_{name}", documentation, ("cluster", *labels), registry=self._registry)

    def _count(self, counter: Counter, cluster: str, **labels: str) -> None:
        counter.labels(cluster, *(self._word(label, value) for label, value in labels.items())).inc()

    def _word(self, label: str, value: str) -> str:
        with self._lock:
            known = self._words.setdefault(label, set())
            if value not in known and len(known) >= _WORDS:
                return _OTHERS
            known.add(value)
        return value


class Health:
    """What each cluster's loop says of itself; threads may ask while loops tell. `clusters` are those that are expected to."""

    def __init__(self, clusters: Iterable[str], seconds: Callable[[], float] = clock.monotonic) -> None:
        self._seconds = seconds
        self._lock = Lock()
        # Time to begin is given as if the loop had just turned.
        self._turned = dict.fromkeys(clusters, seconds())
        self._unready = dict.fromkeys(self._turned, "has not begun")

    def beat(self, cluster: str) -> None:
        """Its loop has turned."""
        with self._lock:
            self._turned[cluster] = self._seconds()

    def ready(self, cluster: str, is_ready: bool, why: str = "") -> None:
        """Is everything listed, and git's word known? `why` not, for people."""
        with self._lock:
            if is_ready:
                self._unready.pop(cluster, None)
            else:
                self._unready[cluster] = why

    def late(self) -> tuple[tuple[str, str], ...]:
        """The clusters whose loop has not turned for 30 seconds, each with for how long."""
        with self._lock:
            now = self._seconds()
            return tuple((name, f"has not turned for {now - at:.0f} s") for name, at in sorted(self._turned.items()) if now - at > LATE)

    def unready(self) -> tuple[tuple[str, str], ...]:
        """The clusters that are not ready, each with why."""
        with self._lock:
            return tuple(sorted(self._unready.items()))


class Serving:
    """`/metrics`, `/healthz` and `/readyz` at `address` (host:port; port 0 takes a free one), until the `with` ends.

    The last two answer 200 where all is well, else 503 with a line for each cluster that is not. ConfigurationError where nothing can listen there.
    """

    def __init__(self, address: str, metrics: Metrics, health: Health) -> None:
        place = host_and_port(address, _EXAMPLE)
        self._server = listening("what serves the metrics", address, place, _handler(metrics, health))
        self.port: int = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": _POLL}, name="metrics", daemon=True)

    def __enter__(self) -> "Serving":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.hang_up()


def _handler(metrics: Metrics, health: Health) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "gitguard"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._answer(HTTPStatus.OK, metrics.text(), CONTENT_TYPE_LATEST)
            elif path == "/healthz":
                self._judge(health.late())
            elif path == "/readyz":
                self._judge(health.unready())
            else:
                self._answer(HTTPStatus.NOT_FOUND)

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            """The base class repeats what it was sent."""
            self.close_connection = True
            self._answer(HTTPStatus(code))

        def _judge(self, complaints: tuple[tuple[str, str], ...]) -> None:
            lines = [f"{_plain(cluster)}: {_plain(why)}\n" for cluster, why in complaints] or ["ok\n"]
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE if complaints else HTTPStatus.OK, "".join(lines).encode("utf-8", "replace"))

        def _answer(self, status: HTTPStatus, body: bytes = b"", kind: str = _TEXT) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Probes come every few seconds."""

    return Handler


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST])
