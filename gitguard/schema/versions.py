"""Minor versions such as "1.37", compared as numbers."""

from collections.abc import Iterable


def number(version: str) -> tuple[int, int]:
    """(major, minor) of "1.37", "v1.37" or "1.37.2". Raises ValueError for anything else."""
    major, _, rest = version.removeprefix("v").partition(".")
    return int(major), int(rest.partition(".")[0])


def nearest(version: str, available: Iterable[str]) -> str:
    """The newest of the available versions that is not newer than `version`; the oldest where all are newer. "" means the newest there is."""
    ordered = sorted(available, key=number)
    if not version:
        return ordered[-1]
    older = [candidate for candidate in ordered if number(candidate) <= number(version)]
    return older[-1] if older else ordered[0]
