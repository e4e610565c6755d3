"""Every drift is in exactly one incident, whatever else happens at the same time; every moment is covered or in a gap."""

from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitguard.reconciler.coverage import Coverage, Gap, coverage, moment
from gitguard.reconciler.incidents import incidents
from tests.ledgers import drift, heartbeat, intent, outcome

Entry = Mapping[str, Any]
DECISIONS = st.sampled_from(["revert", "hold", "log", "alert", "excepted", "observed"])
RESULTS = st.sampled_from(["reverted", "failed", "superseded", "unknown"])
CONFIDENCES = st.sampled_from(["authenticated", "corroborated", "reported", "claimed", "unknown"])


def at(second: int) -> str:
    return f"2026-11-01T00:{second // 60:02d}:{second % 60:02d}Z"


def step(number: int) -> st.SearchStrategy[list[Entry]]:
    """Something that happens to one incident."""
    actors = CONFIDENCES.map(lambda confidence: {"name": f"by {confidence}", "confidence": confidence})
    again = st.builds(lambda decision, actor: [drift(number, decision=decision, actor=actor)], DECISIONS, actors)
    act = RESULTS.map(lambda result: [intent(number), outcome(number, result)])
    said = st.sampled_from(["open", "expected", "violation"]).map(
        lambda state: [{"kind": "ack", "incident": f"incident-{number}", "state": state, "by": "bob"}]
    )
    return st.one_of(again, act, said, st.just([intent(number)]))


def story(number: int) -> st.SearchStrategy[list[Entry]]:
    """All that happens to one incident, in its order; some of it before anything drifts."""
    return st.lists(step(number), max_size=5).map(lambda steps: [entry for one in steps for entry in one])


STORIES = st.integers(1, 5).flatmap(lambda count: st.tuples(*map(story, range(count))))


def interleaved(stories: Sequence[Sequence[Any]], order: Sequence[int]) -> list[Any]:
    """All of them in one row: `order` says whose turn it is."""
    left = [iter(one) for one in stories]
    return [next(left[turn]) for turn in order]


@given(STORIES, st.data())
def test_every_drift_is_in_one_incident_and_the_order_of_others_does_not_matter(stories: tuple[list[Entry], ...], data: st.DataObject) -> None:
    turns = [number for number, one in enumerate(stories) for _ in one]
    log = list(enumerate({"time": at(0), **entry} for entry in interleaved(stories, data.draw(st.permutations(turns)))))
    found = incidents(log)
    drifted = [entry["id"] for _, entry in log if entry["kind"] == "drift"]
    assert [incident.id for incident in found] == list(dict.fromkeys(drifted))
    assert [incident.number for incident in found] == [
        next(number for number, entry in log if entry.get("id") == incident.id and entry["kind"] == "drift") for incident in found
    ]
    apart = [[one for one in log if f"-{number}" in str(one[1].get("incident", one[1].get("id")))] for number in range(len(stories))]
    assert incidents(interleaved(apart, data.draw(st.permutations(turns)))) == found
    assert {incident for one in apart for incident in map(repr, incidents(one))} == set(map(repr, found))


@given(STORIES, st.data())
def test_nothing_is_called_reverted_that_has_drifted_or_failed_since(stories: tuple[list[Entry], ...], data: st.DataObject) -> None:
    turns = [number for number, one in enumerate(stories) for _ in one]
    log = list(enumerate({"time": at(0), **entry} for entry in interleaved(stories, data.draw(st.permutations(turns)))))
    for incident in incidents(log):
        own = [entry for _, entry in log if incident.id in (entry.get("id"), entry.get("incident")) and entry["kind"] in ("drift", "outcome")]
        newest = [entry for entry in own if entry["kind"] == "drift"][-1]
        if incident.decision == "reverted":
            assert (own[-1].get("result"), newest["decision"]) == ("reverted", "revert")
        elif newest["decision"] == "revert":
            assert own[-1].get("result") != "reverted"


SECONDS = st.integers(0, 120)
SPANS = st.lists(st.tuples(SECONDS, SECONDS).map(lambda pair: (min(pair), max(pair))), max_size=6)


@given(SPANS, SPANS, st.tuples(SECONDS, SECONDS).map(sorted), st.randoms(use_true_random=False))
def test_every_second_is_watched_or_in_a_gap(beats: list[tuple[int, int]], told: list[tuple[int, int]], window: list[int], random: Any) -> None:
    since, until = window
    gaps = [{"from": at(start), "to": at(end), "why": "told"} for start, end in told]
    entries = [heartbeat(0, **{"from": at(start), "to": at(end)}) for start, end in beats]
    if entries:
        entries[0]["gaps"] = gaps
    found = coverage(entries, at(since), at(until))
    inside = [(max(start, since), min(end, until)) for start, end in beats if max(start, since) <= min(end, until)]
    if not inside:
        assert found.start == found.end == ""
        return
    first, last = min(start for start, _ in inside), max(end for _, end in inside)
    assert (found.start, found.end) == (at(first), at(last))
    for second in range(since, until):
        watched = any(start <= second < end for start, end in beats)
        missed = any(start <= second < end for start, end in told)
        in_gap = any(gap.start <= at(second) < gap.end for gap in found.gaps)
        assert in_gap == (missed or (first <= second < last and not watched)), second
    assert all(one.end <= two.start for one, two in zip(found.gaps, found.gaps[1:], strict=False))
    random.shuffle(entries)
    assert coverage(entries, at(since), at(until)) == found


def test_heartbeats_of_several_clusters_need_not_come_at_once() -> None:
    beats = [
        heartbeat(0, cluster=cluster, **{"from": at(60 * n + shift), "to": at(60 * n + shift + 60)})
        for n in range(3)
        for cluster, shift in (("a", 0), ("b", 30))
    ]
    assert coverage(beats) == Coverage(at(0), at(210), ("a", "b"))
    late = [heartbeat(0, cluster="c", **{"from": at(120), "to": at(150)})]
    assert coverage([*beats, *late]).gaps == (Gap(at(0), at(120), "no heartbeat", "c"), Gap(at(150), at(210), "no heartbeat", "c"))


def test_gaps_for_one_reason_are_one_and_others_stay_apart_unless_they_overlap() -> None:
    told = [(0, 20, "audit"), (20, 40, "audit"), (40, 50, "closed"), (45, 55, "audit"), (56, 57, "audit")]
    beat = heartbeat(0, gaps=[{"from": at(start), "to": at(end), "why": why} for start, end, why in told])
    expected = [(0, 40, "audit"), (40, 55, "closed; audit"), (56, 57, "audit")]
    assert coverage([beat]).gaps == tuple(Gap(at(start), at(end), why, "prod") for start, end, why in expected)


def test_a_second_comes_before_its_own_fractions_however_they_are_written() -> None:
    assert moment("2026-11-01T00:00:05Z") < moment("2026-11-01T00:00:05.1Z") < moment("2026-11-01T00:00:06Z")
    assert moment("2026-11-01T00:00:05.50Z") == moment("2026-11-01T00:00:05.5Z")
    assert moment("2026-11-01T00:00:05.000000Z") == moment("2026-11-01T00:00:05Z")
