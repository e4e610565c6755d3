"""The index finds what a walk over all entries finds, and is made anew where the log is another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gitguard.edges.ledger_index import Index, Query
from gitguard.ledger.notes import checkpoint, note
from tests.ledger import logs

STORY = [*logs.story(600)]


def found(ledger: Path, query: Query, most: int = 1_000, folder: Path | None = None) -> list[int]:
    store = logs.store(ledger)
    index = Index(store, checkpoint(note(store.read("checkpoint") or b"").text), folder)
    try:
        return index.numbers(query, most)
    finally:
        index.close()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return logs.written(tmp_path_factory.mktemp("index") / "log", STORY)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        (Query(), lambda entry: True),
        (Query(kind="drift"), lambda entry: entry["kind"] == "drift"),
        (Query(object="service-3"), lambda entry: entry.get("object", {}).get("name") == "service-3"),
        (Query(object="Deployment/service-3"), lambda entry: entry.get("object", {}).get("name") == "service-3"),
        (Query(object="StatefulSet/service-3"), lambda entry: False),
        (Query(object="Deployment/team-3/service-3"), lambda entry: entry.get("object", {}).get("name") == "service-3"),
        (Query(object="Deployment/team-4/service-3"), lambda entry: False),
        (Query(actor="user-7@example.com"), lambda entry: entry.get("actor", {}).get("name") == "user-7@example.com"),
        (Query(incident="incident-9"), lambda entry: "incident-9" in (entry.get("incident"), entry.get("id"))),
        (Query(since=logs.time(100), until=logs.time(200)), lambda entry: logs.time(100) <= entry["time"] < logs.time(200)),
        (Query(kind="heartbeat", since=logs.time(300)), lambda entry: entry["kind"] == "heartbeat" and entry["time"] >= logs.time(300)),
        (Query(actor="nobody"), lambda entry: False),
    ],
)
def test_queries_find_what_a_walk_finds(query: Query, matches: Callable[[dict[str, Any]], bool], ledger: Path):
    expected = [number for number, entry in enumerate(STORY) if matches(entry)]
    assert found(ledger, query) == expected
    assert found(ledger, query, most=5) == expected[-5:]


def test_times_with_fractions_of_a_second_are_within_it(tmp_path: Path):
    seconds = ("04Z", "04.9Z", "05Z", "05.000001Z", "05.5Z", "05.999999Z", "06Z")
    entries = [{"kind": "alert", "reason": "x", "time": f"2026-03-01T00:00:{one}"} for one in seconds]
    ledger = logs.written(tmp_path / "log", entries)
    assert found(ledger, Query(since="2026-03-01T00:00:05Z", until="2026-03-01T00:00:06Z")) == [2, 3, 4, 5]
    assert found(ledger, Query(since="2026-03-01T00:00:05.5Z")) == [4, 5, 6]
    assert found(ledger, Query(until="2026-03-01T00:00:05.5Z")) == [0, 1, 2, 3]


def test_an_index_goes_on_with_a_log_that_grew_and_forgets_one_that_was_rewritten(tmp_path: Path):
    kept = tmp_path / "kept"
    ledger = logs.written(tmp_path / "log", STORY[:300])
    drifts = Query(kind="drift")
    assert found(ledger, drifts, folder=kept) == [*range(0, 300, 4)]
    logs.written(ledger, STORY[300:])
    assert found(ledger, drifts, folder=kept) == [*range(0, 600, 4)]
    rewritten = logs.files(logs.written(tmp_path / "other", STORY[3:]))
    logs.put(ledger, rewritten)
    assert found(ledger, drifts, folder=kept) == [*range(1, 597, 4)]
    (file,) = kept.glob("*.sqlite3")
    file.write_bytes(b"no database")
    assert found(ledger, drifts, folder=kept) == [*range(1, 597, 4)]
