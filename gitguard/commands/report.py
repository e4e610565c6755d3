"""`gitguard report`: what bypassed git, who it was, what became of it, and whether anybody was watching."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain, takewhile
from typing import Any

from gitguard.commands.opened import Ledger, Opened, UnusableLedger
from gitguard.commands.options import Outcome
from gitguard.edges.ledger_index import Query
from gitguard.edges.ledger_places import judge
from gitguard.model.errors import ExitCode, UsageError
from gitguard.output import incidents as output
from gitguard.output.printing import printable
from gitguard.reconciler.coverage import Coverage, coverage, moment
from gitguard.reconciler.incidents import Incident, incidents


def run(ledger: Ledger, query: Query, format_: str) -> Outcome:
    """The incidents that match, as text or json. One is of the time when it was first recorded, so that each is in one of two adjacent times.

    `query.since` and `query.until` are ISO 8601, UTC where no zone is given; `query.kind` counts for nothing. Exit codes: 0 none, 1 some;
    UsageError for times that are none, UnusableLedger where the ledger can't be read. The log is not verified.
    """
    asked = query._replace(since=_time(query.since, "--since"), until=_time(query.until, "--until"))
    if asked.since and asked.until and moment(asked.since) >= moment(asked.until):
        raise UsageError(f"--since {asked.since} is not before --until {asked.until}", "from --since on, and before --until")
    with Opened(ledger) as opened:
        found = [incident for incident in incidents(_valid(opened.at(opened.index.stories(asked)))) if _matches(incident, asked)]
        watched = _coverage(opened, asked)
        if format_ == "json":
            text = output.document(found, watched, opened.signed.decode())
        else:
            text = output.text(found, watched, ledger.place, asked.since, asked.until)
    return Outcome(text, ExitCode.FINDINGS if found else ExitCode.CLEAN)


def _matches(incident: Incident, asked: Query) -> bool:
    """Is it what was asked for as a whole, not only by one of its entries?"""
    time = moment(incident.time)
    within = (not asked.since or moment(asked.since) <= time) and (not asked.until or time < moment(asked.until))
    return within and asked.actor in ("", incident.actor["name"])


def _coverage(opened: Opened, asked: Query) -> Coverage:
    size = opened.head.size
    within = opened.index.numbers(Query(kind="heartbeat", since=asked.since, until=asked.until), size)
    # A heartbeat is written when it ends: one of the next may have begun within the time.
    later = opened.index.numbers(Query(kind="heartbeat", since=asked.until), size) if asked.until else []
    reaching = takewhile(lambda beat: moment(beat["from"]) < moment(asked.until), (beat for _, beat in _valid(opened.at(later))))
    return coverage(chain((beat for _, beat in _valid(opened.at(within))), reaching), asked.since, asked.until)


def _valid(entries: Iterator[tuple[int, Mapping[str, Any]]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The same; UnusableLedger for an entry that no writer of gitguard's has written."""
    judged = judge()
    for number, entry in entries:
        said = judged(entry)
        if said:
            raise UnusableLedger(f"entry {number} is none that a ledger has: {printable(said)}", "gitguard audit verify says what is wrong")
        yield number, entry


def _time(given: str, option: str) -> str:
    """A time of the command line as entries write it."""
    try:
        time = datetime.fromisoformat(given) if given else None
        utc = time and (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {given}: {error}", "an ISO 8601 time, such as 2027-01-31T10:00:00Z; without a zone it is UTC") from error
    return utc.isoformat().replace("+00:00", "Z") if utc else ""
