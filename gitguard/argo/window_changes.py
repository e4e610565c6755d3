"""Times at which an Application may sync by one AppProject's windows, and might not by another's."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import chain, product

from gitguard.argo.cron import CronError, location, offset_at, parse_cron
from gitguard.argo.durations import DurationError, parse_duration
from gitguard.argo.glob_classes import cases, texts
from gitguard.argo.windows import SECOND, applying, permits_sync
from gitguard.model.argo import Destination, Project, SyncWindow

# A leap year, from its first day: every date and weekday is in it, and both changes of the clock.
_FIRST, _DAYS = date(2024, 1, 1), 366
_DAY = 86_400
_MOST_TIMES, _MOST_CASES = 4_000, 2_000
_HALF_A_YEAR = 183 * _DAY


def new_times(
    before: Project, after: Project, applications: Sequence[tuple[str, Destination]], version: str = "3.6"
) -> Iterator[tuple[str, str, bool]]:
    """(in words, JSON pointer, is it an Application that is there) of syncs that were denied and are permitted: the first time of each case."""
    windows = [window for project in (before, after) for window in project.sync_windows if window is not None]
    asked = [(name, place, True) for name, place in applications] + [(*case, False) for case in _cases(windows)]
    told = set()
    for name, place, is_real in asked:
        was, now = (applying(project, name, place, version) for project in (before, after))
        seen = ([one.window for one in was], [one.window for one in now])
        key = repr(seen)
        if key in told or seen[0] == seen[1]:
            continue
        told.add(key)
        for one in now:
            if one.window.sync_overrun and one.window._replace(sync_overrun=False) in seen[0]:
                yield "a sync that has begun to go on when a window forbids new ones", one.pointer, is_real
        for manual, at in product((False, True), _times([*seen[0], *seen[1]])):
            verdict = permits_sync(now, at, manual=manual, version=version)
            if verdict.permitted and not permits_sync(was, at, manual=manual, version=version).permitted:
                shown = datetime.fromtimestamp(at // SECOND, UTC).strftime("%A %d %B %H:%M UTC")
                who = f"Application `{name}`" if is_real else "an Application that the windows are for"
                yield f"{'a sync by hand' if manual else 'a sync'} of {who}, as on {shown}", verdict.entry or "/spec/syncWindows", is_real
                break


def _cases(windows: Sequence[SyncWindow]) -> Iterator[tuple[str, Destination]]:
    lists = ([window.applications for window in windows], [window.clusters for window in windows], [window.namespaces for window in windows])
    names, clusters, namespaces = (texts(chain.from_iterable(some)) for some in lists)
    for name, cluster, namespace in cases(names, clusters, namespaces, most=_MOST_CASES):
        yield name, Destination(server=cluster, namespace=namespace)


def _times(windows: Sequence[SyncWindow]) -> list[int]:
    """Just after each opening and closing of a year, in whatever zone, and the year's beginning; those of bad windows are no times."""
    start = int(datetime(_FIRST.year, _FIRST.month, _FIRST.day, tzinfo=UTC).timestamp())
    found = {start * SECOND}
    for window in windows:
        try:
            schedule, duration = parse_cron(window.schedule), parse_duration(window.duration) // SECOND
        except (CronError, DurationError):
            continue
        zones = _offsets(window.time_zone, start)
        at, openings = start - _DAY, 0
        while (following := schedule.next(at)) is not None and following < start + _DAYS * _DAY and openings < _MOST_TIMES // (2 * len(zones)):
            at, openings = following, openings + 1
            found |= {(moment - zone + 1) * SECOND for moment in (following, following + duration) for zone in zones}
    return sorted(at for at in found if at >= start * SECOND)


def _offsets(time_zone: str, now: int) -> list[int]:
    """The zone's offsets in winter and summer; none is UTC's, as for Argo CD."""
    try:
        place = location(time_zone)
    except ValueError:
        return [0]
    return sorted({offset_at(place, now), offset_at(place, now + _HALF_A_YEAR)})
