"""Versions of Argo CD, compared as numbers."""

from functools import lru_cache


@lru_cache(maxsize=256)
def at_least(version: str, wanted: tuple[int, int], *backports: tuple[int, int, int]) -> bool:
    """Is "3.10" (or "3.10.2", "v3.10") at least (3, 9)? A version that is no version counts as the newest.

    `backports` are releases of older minor versions that a change came to as well; "3.5" without a patch is the newest 3.5.
    """
    parts = version.removeprefix("v").split(".")
    try:
        minor = (int(parts[0]), int(parts[1]) if len(parts) > 1 else 0)
        patch = int(parts[2]) if len(parts) > 2 else None
    except ValueError:
        return True
    return minor >= wanted or any(minor == release[:2] and (patch is None or patch >= release[2]) for release in backports)
