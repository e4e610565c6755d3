"""Sync windows: which apply to an Application, which are open, and may it sync? Argo CD's SyncWindows (v1alpha1/types.go).

Times are nanoseconds since 1970, UTC.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from gitguard.argo.cron import CronError, location, offset_at, parse_cron
from gitguard.argo.durations import DurationError, parse_duration
from gitguard.argo.glob import match
from gitguard.argo.version import at_least
from gitguard.model.argo import Destination, Project, SyncWindow, Verdict

SECOND = 1_000_000_000
_LONGEST_DESCRIPTION = 255


class WindowError(ValueError):
    """A window can't be read; Argo CD then refuses every sync that the window applies to. `field` is schedule or duration."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Placed(NamedTuple):
    """A window and its JSON pointer in the AppProject."""

    pointer: str
    window: SyncWindow


def applying(project: Project, application: str, destination: Destination, version: str = "3.6") -> tuple[Placed, ...]:
    """The windows that apply to an Application: by its name, and by its destination as written, with no cluster looked up."""
    return tuple(
        Placed(f"/spec/syncWindows/{number}", window)
        for number, window in enumerate(project.sync_windows)
        if window is not None and _applies(window, application, destination, version)
    )


def _applies(window: SyncWindow, application: str, destination: Destination, version: str) -> bool:
    by_cluster = tuple(part for part in (destination.name, destination.server) if part)
    asked = ((window.applications, (application,)), (window.clusters, by_cluster), (window.namespaces, (destination.namespace,)))
    answers = (_any(patterns, values, version) for patterns, values in asked if patterns)
    if not at_least(version, (3, 0)):
        # There was no AND, and every selector was asked, which only shows where a glob makes Argo CD crash.
        return any(list(answers))
    first = next(answers, None)
    return first is not None and (first and all(answers) if window.and_operator else first or any(answers))


def _any(patterns: Iterable[str], values: Sequence[str], version: str) -> bool:
    return any(pattern == "*" or match(pattern, value, version=version) for pattern in patterns for value in values)


def is_active(window: SyncWindow, moment: int, now: int) -> bool:
    """Is the window open at `moment`? Its time zone counts with the offset of `now`, whatever the offset was or will be then.

    A window whose schedule never strikes within five years counts as open, always: that is what Argo CD makes of it.
    """
    try:
        schedule = parse_cron(window.schedule)
    except CronError as error:
        raise WindowError("schedule", f"its schedule `{window.schedule}` can't be read: {error}") from None
    try:
        duration = _duration(window.duration)
    except DurationError as error:
        raise WindowError("duration", f"its duration `{window.duration}` can't be read: {error}") from None
    local = moment + _offset(window.time_zone, now // SECOND) * SECOND
    start = schedule.next((local - duration) // SECOND)
    return start is None or start * SECOND < local


_duration = lru_cache(maxsize=1024)(parse_duration)


@lru_cache(maxsize=1024)
def _offset(time_zone: str, now: int) -> int:
    try:
        return offset_at(location(time_zone), now)
    except ValueError:
        # A zone that does not exist is UTC for Argo CD, with a warning in its log.
        return 0


def permits_sync(
    windows: Sequence[Placed], now: int, *, manual: bool = False, started: int | None = None, version: str = "3.6", overrun: bool = True
) -> Verdict:
    """May an Application that these windows apply to sync at `now`? `started`: when a sync that is still running began."""
    if not windows:
        return Verdict(True, "no sync window applies", "")
    known = at_least(version, (3, 5)) and overrun
    try:
        return _permits(windows, now, now, manual, started if known else None)
    except _Unreadable as error:
        return Verdict(False, f"{error}, and Argo CD then blocks every sync that the window applies to, manual ones too", error.pointer)


class _Unreadable(ValueError):
    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


def _permits(windows: Sequence[Placed], moment: int, now: int, manual: bool, started: int | None) -> Verdict:
    active = [placed for placed in windows if _active(placed, moment, now)]
    denying = [placed for placed in active if placed.window.kind == "deny"]
    if denying:
        return _blocked(windows, denying, "an open deny window blocks it", now, manual, started)
    allowing = [placed for placed in active if placed.window.kind == "allow"]
    if allowing:
        return Verdict(True, "an allow window is open", allowing[0].pointer)
    closed = [placed for placed in windows if placed.window.kind == "allow"]
    if closed:
        return _blocked(windows, closed, "its allow windows are closed", now, manual, started)
    return Verdict(True, "no deny window is open, and there is no allow window", "")


def _blocked(windows: Sequence[Placed], blocking: Sequence[Placed], reason: str, now: int, manual: bool, started: int | None) -> Verdict:
    first = blocking[0].pointer
    if manual and all(placed.window.manual_sync for placed in blocking):
        return Verdict(True, f"{reason}, but manualSync lets manual syncs through", first)
    overruns = all(placed.window.sync_overrun for placed in blocking)
    if started is not None and overruns and _permits(windows, started, now, manual, None).permitted:
        return Verdict(True, f"{reason}, but syncOverrun lets a sync that began before go on", first)
    if manual and any(placed.window.manual_sync for placed in blocking):
        reason += "; manualSync is not set on all of them"
    return Verdict(False, reason, next((placed.pointer for placed in blocking if not placed.window.manual_sync), first))


def _active(placed: Placed, moment: int, now: int) -> bool:
    try:
        return is_active(placed.window, moment, now)
    except WindowError as error:
        raise _Unreadable(placed.pointer, str(error)) from None


def window_problem(window: SyncWindow, version: str = "3.6") -> tuple[str, str]:
    """What Argo CD's API refuses in a window by itself: the field and why; ("", "") where it is fine."""
    if window.kind not in ("allow", "deny"):
        return "kind", f"its kind is `{window.kind}`, and can only be `allow` or `deny`"
    try:
        is_active(window, 0, 0)
    except WindowError as error:
        return error.field, str(error)
    if at_least(version, (3, 1)) and len(window.description.encode("utf-8", "surrogatepass")) > _LONGEST_DESCRIPTION:
        return "description", "its description is longer than 255 bytes"
    if not (window.applications or window.namespaces or window.clusters):
        return "", "it applies to nothing: give it applications, namespaces or clusters"
    return "", ""


def identity(window: SyncWindow, version: str = "3.6") -> tuple[object, ...]:
    """What Argo CD's API tells windows apart by; two of one identity are refused. The manualSync, description and syncOverrun don't count."""
    if not at_least(version, (3, 2)):
        return (window.kind, window.schedule, window.duration)
    return window._replace(manual_sync=False, description="", sync_overrun=False)
