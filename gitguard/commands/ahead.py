"""An object that was fetched, and judged, before its watch told of it: what the watch tells later is past, and news only where it came and went."""

from collections.abc import Mapping
from typing import Any

from gitguard.commands.open_drift import Open
from gitguard.model.desired import Wanted
from gitguard.reconciler.tracking import number


class Ahead:
    """What the watch has yet to tell of one object.

    `past` is the object as far as the watch has told of it; what differs there and at versions that were fetched is told of by whoever judged
    those. `answer` is what the API server makes of git's word there, None where it did not say.
    """

    def __init__(self, one: Open, wanted: Wanted, after: str) -> None:
        self.past = one.aside(wanted)
        self.answer: Mapping[str, Any] | None = None
        self.after = after
        """The version that the watch told of last."""
        self._fetched: set[int] = set()
        self._gone: set[str] = set()

    def fetched(self, version: str, answer: Mapping[str, Any] | None) -> None:
        """It was judged at a version."""
        self._fetched.add(number(version))
        self.answer = answer

    def missed(self, uid: str) -> None:
        """It was judged as gone, of which the watch is to tell: its uid was this."""
        self._gone.add(uid)

    def is_past(self, version: str, uid: str) -> bool:
        """Is what the watch tells of this version from before what was judged?"""
        return uid in self._gone or number(version) <= max(self._fetched, default=-1)

    def passed(self, version: str, uid: str, *, is_gone: bool) -> bool:
        """The watch has told of a version, as `past` has it now; has it caught up?"""
        at = number(version)
        if at in self._fetched or (is_gone and uid in self._gone):
            self.past.settled()
        self.after = version
        self._fetched = {one for one in self._fetched if one > at}
        if is_gone:
            self._gone.discard(uid)
        return self.is_told(at)

    def is_told(self, version: int) -> bool:
        """Is nothing left to tell, once everything up to this version has been told?"""
        return not self._gone and version >= max(self._fetched, default=-1)
