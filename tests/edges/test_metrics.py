"""What the watch tells of itself: asked over HTTP, as Prometheus and the kubelet ask."""

import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gitguard.edges.metrics import Health, Metrics, Serving
from gitguard.model.errors import ConfigurationError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watch:
    """Metrics and health of two clusters, served, and a clock that stands still."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics(self.clock)
        self.health = Health(("prod", "stage"), self.clock)
        self.serving = Serving("127.0.0.1:0", self.metrics, self.health)

    def get(self, path: str, method: str = "GET") -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.port, timeout=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def samples(self) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        status, text = self.get("/metrics")
        assert status == 200
        found = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in found}

    def value(self, name: str, **labels: str) -> float | None:
        return self.samples().get((name, tuple(sorted({"cluster": "prod", **labels}.items()))))


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    with made.serving:
        yield made


def test_everything_has_the_name_and_the_labels_that_dashboards_use(watch) -> None:
    metrics = watch.metrics
    metrics.drifted("prod", "Deployment", "update", "reverted", "high")
    metrics.drifted("prod", "Deployment", "update", "reverted", "high")
    metrics.acted("prod", "revert", "done")
    metrics.drifting("prod", 3)
    metrics.watching("prod", "Deployment", 12)
    metrics.restarted("prod", "Deployment", "expired")
    metrics.audited("prod", 5)
    metrics.audited("prod")
    metrics.missed("prod", "audit")
    metrics.recorded("prod", 7)
    metrics.unrecorded("prod")
    metrics.alerted("prod", "forgery")
    metrics.refreshed("prod", "a" * 40)
    assert watch.value("gitguard_drift_total", kind="Deployment", action="update", decision="reverted", severity="high") == 2
    assert watch.value("gitguard_acts_total", act="revert", result="done") == 1
    assert watch.value("gitguard_open_drift") == 3
    assert watch.value("gitguard_watched_objects", kind="Deployment") == 12
    assert watch.value("gitguard_watch_restarts_total", kind="Deployment", why="expired") == 1
    assert watch.value("gitguard_audit_events_total") == 6
    assert watch.value("gitguard_gaps_total", source="audit") == 1
    assert watch.value("gitguard_ledger_entries") == 7
    assert watch.value("gitguard_ledger_errors_total") == 1
    assert watch.value("gitguard_alerts_total", reason_class="forgery") == 1
    assert watch.value("gitguard_git_commit_info", commit="a" * 40) == 1


def test_the_time_to_revert_is_counted_from_milliseconds_to_minutes(watch) -> None:
    for seconds in (0.004, 0.02, 299, 900):
        watch.metrics.reverted("prod", seconds)
    buckets = {le: watch.value("gitguard_revert_seconds_bucket", le=le) for le in ("0.005", "0.025", "300.0", "+Inf")}
    assert buckets == {"0.005": 1, "0.025": 2, "300.0": 3, "+Inf": 4}


def test_only_the_newest_commit_is_told_and_its_age_grows_until_git_answers_again(watch) -> None:
    assert watch.value("gitguard_git_age_seconds") is None
    watch.metrics.refreshed("prod", "a" * 40)
    watch.clock.now += 12
    assert watch.value("gitguard_git_age_seconds") == 12
    watch.metrics.refreshed("prod", "a" * 40)
    assert watch.value("gitguard_git_age_seconds") == 0
    watch.metrics.refreshed("prod", "b" * 40)
    watch.metrics.refreshed("stage", "a" * 40)
    told = sorted(labels for name, labels in watch.samples() if name == "gitguard_git_commit_info")
    assert told == [(("cluster", "prod"), ("commit", "b" * 40)), (("cluster", "stage"), ("commit", "a" * 40))]


def test_whoever_makes_kinds_makes_no_series_without_end(watch) -> None:
    for number in range(3000):
        watch.metrics.watching("prod", f"Kind{number}", 1)
    watch.metrics.watching("prod", "Kind1", 2)
    assert len([1 for name, _ in watch.samples() if name == "gitguard_watched_objects"]) <= 501
    assert watch.value("gitguard_watched_objects", kind="Kind1") == 2
    assert watch.value("gitguard_watched_objects", kind="other") == 1


def test_labels_of_others_break_nothing(watch) -> None:
    hostile = 'a"} 1\ngitguard_open_drift{cluster="prod"} 99\n\\'
    watch.metrics.watching("prod", hostile, 1)
    assert watch.value("gitguard_watched_objects", kind=hostile) == 1
    assert watch.value("gitguard_open_drift") is None


def test_two_watches_in_one_process_share_nothing(watch) -> None:
    other = Metrics()
    other.audited("prod")
    assert watch.value("gitguard_audit_events_total") is None
    assert b"gitguard_audit_events_total" in other.text()


def test_it_lives_while_every_loop_turns(watch) -> None:
    assert watch.get("/healthz") == (200, "ok\n")
    watch.clock.now += 29
    watch.health.beat("prod")
    watch.clock.now += 2
    assert watch.get("/healthz") == (503, "stage: has not turned for 31 s\n")
    watch.health.beat("stage")
    assert watch.get("/healthz") == (200, "ok\n")
    watch.clock.now += 30.5
    assert watch.get("/healthz")[1].splitlines() == ["prod: has not turned for 32 s", "stage: has not turned for 30 s"]


def test_it_is_ready_when_every_cluster_is(watch) -> None:
    assert watch.get("/readyz") == (503, "prod: has not begun\nstage: has not begun\n")
    watch.health.ready("prod", True)
    watch.health.ready("stage", False, "git's word is not known: \x1b[31mauthentication\nfailed")
    assert watch.get("/readyz") == (503, "stage: git's word is not known:  [31mauthentication failed\n")
    watch.health.ready("stage", True)
    assert watch.get("/readyz?verbose") == (200, "ok\n")
    watch.health.ready("prod", False, "listing Deployment")
    assert watch.get("/readyz") == (503, "prod: listing Deployment\n")


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/", "GET", 404), ("/<script>", "GET", 404), ("/metrics/../healthz", "GET", 404), ("/metrics", "POST", 501), ("/metrics", "<b>", 501)],
)
def test_nothing_else_is_there_and_nothing_is_repeated(watch, path, method, status) -> None:
    assert watch.get(path, method) == (status, "")


def test_what_is_no_http_is_answered_without_repeating_it(watch) -> None:
    with socket.create_connection(("127.0.0.1", watch.serving.port), timeout=10) as client:
        client.sendall(b"<script>alert(1)</script> nonsense here HTTP/9\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer == b""
    assert watch.get("/healthz")[0] == 200


def test_who_says_nothing_keeps_nobody_waiting_and_all_ends_with_it() -> None:
    watch = Watch()
    with watch.serving, socket.create_connection(("127.0.0.1", watch.serving.port)):
        assert watch.get("/healthz")[0] == 200
    with pytest.raises(OSError, match="refused"):
        watch.get("/healthz")


def test_numbers_are_right_when_many_threads_count(watch) -> None:
    def count() -> None:
        for number in range(500):
            watch.metrics.audited("prod")
            watch.metrics.refreshed("prod", f"{number % 3}" * 40)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        watch.samples()
    assert watch.value("gitguard_audit_events_total") == 2000
    assert len([1 for name, _ in watch.samples() if name == "gitguard_git_commit_info"]) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "no address"), ("9090", "no address"), ("127.0.0.1:", "no address"), ("127.0.0.1:70000", "no address"), ("127.0.0.1:x", "no address"),
        ("127.0.0.1:²", "no address"), ("192.0.2.1:0", "can't listen"), (f"{'a' * 64}.example:0", "can't listen"),
    ],
)  # fmt: skip
def test_an_address_that_makes_no_sense_is_told(address: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        Serving(address, Metrics(), Health(()))
    assert caught.value.advice == ("say 127.0.0.1:9090" if said == "no address" else "")


def test_a_port_that_is_taken_is_told(watch) -> None:
    with pytest.raises(ConfigurationError, match="what serves the metrics can't listen at"):
        Serving(f"127.0.0.1:{watch.serving.port}", Metrics(), Health(()))


def test_ipv6(watch: Any) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        serving = Serving("[::1]:0", watch.metrics, watch.health)
    except ConfigurationError:
        pytest.skip("no IPv6 here")
    with serving, socket.create_connection(("::1", serving.port), timeout=10) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.0 200")
