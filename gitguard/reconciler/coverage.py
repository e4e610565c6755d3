"""From heartbeats to what was watched and when, so that silence can be told from blindness."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitguard.reconciler.audit_events import seconds


class Gap(NamedTuple):
    """A time of which nothing, or not all, is known of a cluster. Gaps of one cluster do not overlap."""

    start: str
    end: str
    why: str
    cluster: str


class Coverage(NamedTuple):
    """What was watched: from the first heartbeat's beginning to the last one's end, both "" where there is none, but for the gaps."""

    start: str = ""
    end: str = ""
    clusters: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


def moment(time: str) -> str:
    """What times in RFC 3339 and UTC are compared by: with its Z, a second would come after its own fractions."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def coverage(heartbeats: Iterable[Mapping[str, Any]], since: str = "", until: str = "") -> Coverage:
    """What the heartbeats, in any order, tell of the time between `since` and `until`, each "" for no limit.

    Gaps are those that they tell themselves, those between two heartbeats of a cluster, and, where there are several clusters, the time before the
    first and after the last of one that is longer than its heartbeats are.
    """
    watches: dict[str, _Watch] = {}
    for beat in heartbeats:
        whole = _clipped(beat["from"], beat["to"], since, until)
        cluster = beat.get("cluster", "")
        if whole is not None:
            watches.setdefault(cluster, _Watch(cluster)).beats(*whole, beat)
        for told in beat.get("gaps", ()):
            part = _clipped(told["from"], told["to"], since, until)
            if part is not None and part[0] != part[1]:
                watches.setdefault(cluster, _Watch(cluster)).misses(*part, told["why"])
    watched = [watch for watch in watches.values() if watch.spans]
    if not watched:
        return Coverage()
    start = min((span[0] for watch in watched for span in watch.spans), key=moment)
    end = max((span[1] for watch in watched for span in watch.spans), key=moment)
    gaps = sorted((gap for watch in watches.values() for gap in watch.gaps(start, end)), key=lambda gap: (moment(gap.start), moment(gap.end), gap))
    return Coverage(start, end, tuple(sorted(watches)), tuple(gaps))


class _Watch:
    """What was watched of one cluster, as (from, to), and what was not, as (from, to, why)."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster
        self.spans: list[tuple[str, str]] = []
        self._missed: list[tuple[str, str, str]] = []
        self._longest = 0.0

    def beats(self, start: str, end: str, beat: Mapping[str, Any]) -> None:
        self._longest = max(self._longest, (seconds(beat["to"]) or 0.0) - (seconds(beat["from"]) or 0.0))
        if self.spans and moment(self.spans[-1][0]) <= moment(start) <= moment(self.spans[-1][1]):
            start, last = self.spans.pop()
            end = max(last, end, key=moment)
        self.spans.append((start, end))

    def misses(self, start: str, end: str, why: str) -> None:
        if self._missed and self._missed[-1][1:] == (start, why):
            start = self._missed.pop()[0]
        self._missed.append((start, end, why))

    def gaps(self, first: str, last: str) -> Iterator[Gap]:
        """All of them; `first` and `last` are when the watch of any cluster began and ended."""
        missed = sorted([*self._missed, *self._silent(first, last)], key=lambda gap: (moment(gap[0]), moment(gap[1])))
        merged: list[tuple[str, str, dict[str, None]]] = []
        for start, end, why in missed:
            if merged and _joins(*merged[-1], start, why):
                began, ended, whys = merged.pop()
                whys[why] = None
                merged.append((began, max(ended, end, key=moment), whys))
            else:
                merged.append((start, end, {why: None}))
        yield from (Gap(start, end, "; ".join(whys), self.cluster) for start, end, whys in merged)

    def _silent(self, first: str, last: str) -> Iterator[tuple[str, str, str]]:
        """Where no heartbeat covers it."""
        spans = sorted(self.spans, key=lambda span: moment(span[0]))
        until = first
        for number, (start, end) in enumerate(spans):
            if moment(start) > moment(until) and (number or self._is_overdue(until, start)):
                yield until, start, "no heartbeat"
            until = max(until, end, key=moment) if number else end
        if spans and moment(until) < moment(last) and self._is_overdue(until, last):
            yield until, last, "no heartbeat"

    def _is_overdue(self, start: str, end: str) -> bool:
        """Is it longer than from one heartbeat to the next? Those of several clusters come at different times."""
        return (seconds(end) or 0.0) - (seconds(start) or 0.0) > self._longest


def _joins(_: str, end: str, whys: Mapping[str, None], start: str, why: str) -> bool:
    """Does one more gap belong to what was missed before? It overlaps that, or goes on for the same reason."""
    return moment(start) < moment(end) or (moment(start) == moment(end) and [*whys] == [why])


def _clipped(start: str, end: str, since: str, until: str) -> tuple[str, str] | None:
    """The part of a time that was asked for, None where there is none."""
    if since:
        start = max(start, since, key=moment)
    if until:
        end = min(end, until, key=moment)
    return (start, end) if moment(start) <= moment(end) else None
