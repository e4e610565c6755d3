"""What is remembered of live objects between two looks: whether one has changed in what is judged, and at which version a difference came up."""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from gitguard.model.drift import Change

# What is nobody's word, and moves without anybody's doing.
_MOVING = ("managedFields", "resourceVersion", "generation")


class Known(NamedTuple):
    """An object as it was judged last: its uid, the number of its resource version, and a digest of what was judged."""

    uid: str
    version: int
    digest: bytes


class Since(NamedTuple):
    """When a field came to differ: the version at which it had this value first.

    `is_certain`: the version before it was seen, too, so that whoever wrote this one wrote the field. Else the last that was seen is `after`, "" for
    none.
    """

    version: str
    is_certain: bool
    after: str
    value: Any


def known(live: Mapping[str, Any]) -> Known:
    """An object as it is, to be compared with what it was. Its status says nothing of what anybody wants."""
    metadata = live.get("metadata") or {}
    kept = {name: part for name, part in metadata.items() if name not in _MOVING}
    judged = {**{name: part for name, part in live.items() if name not in ("status", "operation")}, "metadata": kept}
    data = json.dumps(judged, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Known(str(metadata.get("uid") or ""), number(metadata.get("resourceVersion")), blake2b(data, digest_size=16).digest())


def number(version: Any) -> int:
    """Versions of one API server are numbers that grow; 0 for what is none."""
    return int(version) if isinstance(version, str) and version.isascii() and version.isdecimal() else 0


def tracked(before: Mapping[str, Since], changes: Iterable[Change], version: str, *, is_certain: bool, after: str = "") -> dict[str, Since]:
    """Since when each of these differences is there; what has another value now came up now."""
    made = {}
    for change in changes:
        old = before.get(change.path)
        same = old is not None and old.value == change.live and type(old.value) is type(change.live)
        made[change.path] = old if old is not None and same else Since(version, is_certain, after, change.live)
    return made
