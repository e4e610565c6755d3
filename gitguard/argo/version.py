"""Versions of Argo CD, compared as numbers."""

from functools import lru_cache


@lru_cache(maxsize=256)
def at_least(version: str, wanted: tuple[int, int]) -> bool:
    """Is "3.10" (or "3.10.2", "v3.10") at least (3, 9)? A version that is no version counts as the newest."""
    parts = version.removeprefix("v").split(".")
    try:
        return (int(parts[0]), int(parts[1]) if len(parts) > 1 else 0) >= wanted
    except ValueError:
        return True
