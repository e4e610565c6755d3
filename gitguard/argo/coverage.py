"""Sync windows over time: those that are always open, those that never are, and allow windows that deny windows cover."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise

from gitguard.argo.cron import CronError, Field, Schedule, parse_cron
from gitguard.argo.durations import DurationError, parse_duration
from gitguard.argo.windows import SECOND
from gitguard.model.argo import SyncWindow

_FIRST_DAY = date(2024, 1, 1)
# Four years and a day: every date and every weekday of every month occurs.
_DAYS = 4 * 365 + 2
_DAY = 86_400
_MOST_OPENINGS = 400
_ANY = Field(frozenset())


def never_strikes(window: SyncWindow) -> bool:
    """Is there no time at which the schedule strikes (30 February)? Argo CD then takes the window for open, always."""
    schedule = _schedule(window)
    return schedule is not None and schedule.next(_seconds(_FIRST_DAY)) is None


def never_opens(window: SyncWindow) -> bool:
    """Is the duration zero or less?"""
    return _duration(window) is not None and (_duration(window) or 0) <= 0


def always_open(window: SyncWindow) -> bool:
    """Does each opening last until the next one begins?"""
    schedule, duration = _schedule(window), _duration(window)
    if schedule is None or duration is None or duration <= 0:
        return False
    gap = _longest_gap(schedule)
    return gap is not None and duration >= gap * SECOND


def covered(window: SyncWindow, others: Sequence[SyncWindow]) -> bool:
    """Are all of a window's openings of a year inside those of the others? Time zones are taken to have one offset, as Argo CD does."""
    schedule, duration = _schedule(window), _duration(window)
    if schedule is None or duration is None or duration <= 0 or never_strikes(window) or any(other.time_zone != window.time_zone for other in others):
        return False
    start = _seconds(_FIRST_DAY) + 30 * _DAY
    openings = list(_openings(schedule, start, start + 366 * _DAY))
    if not openings:
        return False
    length = duration // SECOND
    return all(_is_covered(opening, opening + length, others) for opening in openings[:_MOST_OPENINGS])


def _is_covered(start: int, end: int, others: Sequence[SyncWindow]) -> bool:
    """Follow the others' openings from `start` on, as far as they join."""
    reached, moved = start, True
    while moved and reached < end:
        moved = False
        for other in others:
            schedule, length = _schedule(other), (_duration(other) or 0) // SECOND
            if schedule is None or length <= 0:
                continue
            # The last opening that is still going on now is among those that began within its length.
            begun = schedule.next(reached - length)
            if begun is not None and begun <= reached < begun + length:
                last = begun
                while (following := schedule.next(last)) is not None and following <= reached:
                    last = following
                reached, moved = last + length, True
    return reached >= end


def _openings(schedule: Schedule, start: int, end: int) -> Iterable[int]:
    found = schedule.next(start)
    while found is not None and found < end:
        yield found
        found = schedule.next(found)


def _longest_gap(schedule: Schedule) -> int | None:
    """The longest time in seconds between two strikes; None where there are not two of them."""
    times = sorted(hour * 60 + minute for hour in schedule.hour.values for minute in schedule.minute.values)
    days = _most_days_between(schedule._replace(minute=_ANY, hour=_ANY))
    if not times or not days:
        return None
    within = max((later - earlier for earlier, later in pairwise(times)), default=0)
    return max(within, days * 1440 + times[0] - times[-1]) * 60


@lru_cache(maxsize=1024)
def _most_days_between(schedule: Schedule) -> int:
    """The most days between two on which it strikes; 0 where there are not two of them. Few AppProjects have windows on many different days."""
    days = [number for number in range(_DAYS) if _falls_on(schedule, _FIRST_DAY + timedelta(days=number))]
    return max((later - earlier for earlier, later in pairwise(days)), default=0)


def _falls_on(schedule: Schedule, day: date) -> bool:
    return day.month in schedule.month.values and schedule.falls_on(day.day, day.toordinal() % 7)


def _schedule(window: SyncWindow) -> Schedule | None:
    try:
        return parse_cron(window.schedule)
    except CronError:
        return None


def _duration(window: SyncWindow) -> int | None:
    try:
        return parse_duration(window.duration)
    except DurationError:
        return None


def _seconds(day: date) -> int:
    return (day.toordinal() - date(1970, 1, 1).toordinal()) * _DAY
