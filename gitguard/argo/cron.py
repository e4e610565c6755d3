"""Cron schedules as github.com/robfig/cron/v3 reads them for Argo CD's sync windows: five fields, no descriptors, days of the week 0 to 6."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from gitguard.argo.golang import SPACE, atoi, fields, lower

_MONTHS = {name: number for number, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_EPOCH = date(1970, 1, 1).toordinal()
_YEARS_SEARCHED = 5
_DAY = 86_400
_ONE_DAY = timedelta(days=1)


class CronError(ValueError):
    """The schedule is refused."""


class Field(NamedTuple):
    """The values of a field; `star` where a `*` or `?` without a step stands in it."""

    values: frozenset[int]
    star: bool = False


class Schedule(NamedTuple):
    """A parsed schedule. `zone` is that of a leading `TZ=`, else None: then the times that are asked about are taken as they are."""

    minute: Field
    hour: Field
    day: Field
    month: Field
    weekday: Field
    zone: tzinfo | None = None

    def next(self, moment: int) -> int | None:
        """The first second after `moment` (seconds since 1970) at which it strikes; None where it does not within five years."""
        if not (self.minute.values and self.hour.values and self.month.values):
            return None
        return self._next_in_utc(moment + 1) if self.zone is None else _Clock(self.zone).search(self, moment + 1)

    def _next_in_utc(self, moment: int) -> int | None:
        """Without changes of the clock it is the first fitting day, and the first time of that day which is not over."""
        day, second = divmod(moment, _DAY)
        first = date.fromordinal(day + _EPOCH)
        minute = -(-second // 60)
        found = first
        while found.year <= first.year + _YEARS_SEARCHED:
            if found.month not in self.month.values:
                found = date(found.year + found.month // 12, found.month % 12 + 1, 1)
            elif not self.falls_on(found.day, found.toordinal() % 7):
                found += _ONE_DAY
            else:
                time = self._time_of_day(minute if found == first else 0)
                if time is not None:
                    return (found.toordinal() - _EPOCH) * _DAY + time * 60
                found += _ONE_DAY
        return None

    def _time_of_day(self, minute: int) -> int | None:
        """The first fitting minute of a day that is not before `minute`."""
        hour, past = divmod(minute, 60)
        for later in range(hour, 24):
            if later in self.hour.values:
                for candidate in range(past if later == hour else 0, 60):
                    if candidate in self.minute.values:
                        return later * 60 + candidate
        return None

    def falls_on(self, day_of_month: int, weekday: int) -> bool:
        """Is it a day of the schedule, as far as day and weekday (0 is Sunday) tell?"""
        by_day, by_weekday = day_of_month in self.day.values, weekday in self.weekday.values
        # With a `*` in one of the two both must fit; otherwise either is enough.
        return (by_day and by_weekday) if self.day.star or self.weekday.star else (by_day or by_weekday)


@lru_cache(maxsize=4096)
def parse_cron(text: str) -> Schedule:
    """CronError says what is wrong."""
    if not text:
        raise CronError("it is empty")
    zone = None
    if text.startswith(("TZ=", "CRON_TZ=")):
        name, space, rest = text.partition("=")[2].partition(" ")
        if not space:
            raise CronError("nothing follows its time zone")
        try:
            zone = location(name)
        except ValueError:
            raise CronError(f"`{name}` is no time zone") from None
        text = rest.strip(SPACE)
    if text.startswith("@"):
        raise CronError("descriptors such as `@daily` are not accepted: write the five fields")
    parts = fields(text)
    if len(parts) != 5:
        raise CronError(f"it has {len(parts)} fields, and needs 5: minute, hour, day of the month, month, day of the week")
    return Schedule(
        _field(parts[0], "minute", 0, 59),
        _field(parts[1], "hour", 0, 23),
        _field(parts[2], "day of the month", 1, 31),
        _field(parts[3], "month", 1, 12, _MONTHS),
        _field(parts[4], "day of the week", 0, 6, _DAYS),
        zone,
    )


@lru_cache(maxsize=512)
def location(name: str) -> tzinfo | None:
    """Go's time.LoadLocation; None is UTC. ValueError: there is no such zone."""
    if name in ("", "UTC", "Local"):
        # Argo CD's containers run in UTC, so that is what "Local" means there.
        return None
    if ".." in name or name.startswith(("/", "\\")):
        raise ValueError(name)
    # Imported late: few sync windows name a zone.
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, LookupError, UnicodeError) as error:
        raise ValueError(name) from error


def offset_at(zone: tzinfo | None, moment: int) -> int:
    """Seconds east of UTC at a moment."""
    if zone is None:
        return 0
    local = datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
    return int((local or timedelta()).total_seconds())


def _field(text: str, of: str, least: int, most: int, names: dict[str, int] | None = None) -> Field:
    values: set[int] = set()
    star = False
    for part in text.split(","):
        if part:
            span, starred = _range(part, of, least, most, names or {})
            values.update(span)
            star = star or starred
    return Field(frozenset(values), star)


def _range(text: str, of: str, least: int, most: int, names: dict[str, int]) -> tuple[range, bool]:
    bounds, *steps = text.split("/")
    ends = bounds.split("-")
    star = ends[0] in ("*", "?")
    if star:
        start, end = least, most
    elif len(ends) > 2:
        raise CronError(f"`{text}` has too many hyphens")
    else:
        start = _number(ends[0], names)
        end = _number(ends[1], names) if len(ends) == 2 else start
    step = 1
    if len(steps) > 1:
        raise CronError(f"`{text}` has too many slashes")
    if steps:
        step = _number(steps[0], {})
        # `5/10` is `5-59/10`.
        end = most if len(ends) == 1 else end
    if start < least or end > most:
        raise CronError(f"`{text}` is outside of {least} to {most}, the range of a {of}")
    if start > end:
        raise CronError(f"`{text}` ends before it begins")
    if step == 0:
        raise CronError(f"`{text}` has a step of 0")
    return range(start, end + 1, step), star and step == 1


def _number(text: str, names: dict[str, int]) -> int:
    named = names.get(lower(text))
    number = atoi(text) if named is None else named
    if number is None or number < 0:
        raise CronError(f"`{text}` is no number")
    return number


class _Clock:
    """The library's search, with its ways around changes of the clock: it walks months, days, hours, minutes, and starts over at each carry."""

    def __init__(self, zone: tzinfo) -> None:
        self.offset: Callable[[int], int] = lambda moment: offset_at(zone, moment)

    def search(self, schedule: Schedule, moment: int) -> int | None:
        last_year = self._date(moment)[0] + _YEARS_SEARCHED
        added = False
        while True:
            year, month, _ = self._date(moment)
            if year > last_year:
                return None
            if month not in schedule.month.values:
                ahead = next((later for later in range(month + 1, 13) if later in schedule.month.values), 13)
                moment = self._moment(year, ahead, 1, self._time(moment) if added else 0)
                added = True
                if ahead == 13:
                    continue
            found, added = self._day(schedule, moment, added)
            if found is None:
                return None
            moment, carried = found
            if carried:
                continue
            struck, moment, added = self._strike(schedule, moment, added)
            if struck:
                return moment

    def _day(self, schedule: Schedule, moment: int, added: bool) -> tuple[tuple[int, bool] | None, bool]:
        """The next day that fits, or the first of a month, where the search starts over."""
        while True:
            year, month, day = self._date(moment)
            if schedule.falls_on(day, (date(year, month, day).toordinal()) % 7):
                return (moment, False), added
            time = self._time(moment) if added else 0
            added = True
            moment = self._moment(year, month, day + 1, time)
            hour = self._time(moment) // 3600
            # Midnight may not exist on a day when the clock changes.
            moment += (24 - hour if hour > 12 else -hour) * 3600
            if self._date(moment)[2] == 1:
                return (moment, True), added

    def _strike(self, schedule: Schedule, moment: int, added: bool) -> tuple[bool, int, bool]:
        while self._time(moment) // 3600 not in schedule.hour.values:
            if not added:
                added = True
                moment = self._moment(*self._date(moment), self._time(moment) // 3600 * 3600)
            moment += 3600
            if self._time(moment) // 3600 == 0:
                return False, moment, added
        while self._time(moment) // 60 % 60 not in schedule.minute.values:
            if not added:
                added = True
                moment -= moment % 60
            moment += 60
            if self._time(moment) // 60 % 60 == 0:
                return False, moment, added
        while self._time(moment) % 60:
            added = True
            moment += 1
            if self._time(moment) % 60 == 0:
                return False, moment, added
        return True, moment, added

    def _date(self, moment: int) -> tuple[int, int, int]:
        found = date.fromordinal((moment + self.offset(moment)) // _DAY + _EPOCH)
        return found.year, found.month, found.day

    def _time(self, moment: int) -> int:
        """Seconds since local midnight."""
        return (moment + self.offset(moment)) % _DAY

    def _moment(self, year: int, month: int, day: int, time: int) -> int:
        """Go's time.Date: the moment of a local date and time; days and months may lie beyond their ends."""
        year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
        local = (date(year, month, 1).toordinal() + day - 1 - _EPOCH) * _DAY + time
        return local - self.offset(local - self.offset(local))
