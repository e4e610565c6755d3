"""The time, for whoever has to know it; everything below the commands is told."""

import time
from datetime import UTC, datetime


def monotonic() -> float:
    """Seconds from some fixed moment, for measuring how long something took."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def today() -> str:
    """Today's date in UTC, YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()


def nanoseconds() -> int:
    """Nanoseconds since 1970."""
    return time.time_ns()


def now() -> str:
    """Now, RFC 3339 in UTC with microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
