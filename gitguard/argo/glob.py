"""Globs as Argo CD matches them: everything but kinds. Which library reads them depends on its version."""

from collections.abc import Callable
from functools import lru_cache, partial

from gitguard.argo import gobwas_1
from gitguard.argo.gobwas_1 import GlobError
from gitguard.argo.version import at_least

_NEW = (3, 6)


@lru_cache(maxsize=16384)
def compiles(pattern: str, version: str = "3.6") -> str:
    """Why the pattern does not compile; "" where it does."""
    if at_least(version, _NEW):
        return gobwas_1.problem(pattern)
    from gitguard.argo import gobwas_0

    return gobwas_0.problem(pattern)


@lru_cache(maxsize=65536)
def match(pattern: str, text: str, separators: str = "", version: str = "3.6") -> bool:
    """Does the whole text match? A pattern that does not compile matches nothing; GlobUndecided where that can't be said."""
    return _compiled(pattern, separators, version)(text)


def permits(pattern: str, text: str, separators: str = "", version: str = "3.6") -> bool:
    """Argo CD's `globMatch` with negation: `!` turns the rest round (so that a `!` glob that does not compile matches), `*` is anything."""
    return matcher(pattern, separators, version)(text)


@lru_cache(maxsize=65536)
def matcher(pattern: str, separators: str = "", version: str = "3.6") -> Callable[[str], bool]:
    """`permits` for one pattern, made once for many texts."""
    if pattern.startswith("!"):
        denied = _compiled(pattern[1:], separators, version)
        return lambda text: not denied(text)
    if pattern == "*":
        return lambda text: True
    return _compiled(pattern, separators, version)


@lru_cache(maxsize=65536)
def _compiled(pattern: str, separators: str, version: str) -> Callable[[str], bool]:
    try:
        if at_least(version, _NEW):
            newer = gobwas_1.plan(pattern, separators)
            return pattern.__eq__ if newer is None else newer.takes
        # Imported late: most runs judge for a version that has the newer library.
        from gitguard.argo import gobwas_0

        older = gobwas_0.plan(pattern, separators)
        return pattern.__eq__ if older is None else partial(gobwas_0.takes, older)
    except GlobError:
        return lambda text: False
