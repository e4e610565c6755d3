"""What differs between git's word and a cluster."""

from typing import Any, NamedTuple


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Any = _Absent()


class Change(NamedTuple):
    """One field that is not as git has it.

    `path` is its JSON pointer in the live object; where it is not there, in what it should be. `git` is the value by git's word, and `live` the
    one in the cluster, ABSENT where there is none. `declared`: git itself names the field; else it is what the API server makes of git's word.
    """

    path: str
    git: Any
    live: Any
    declared: bool = False

    @property
    def kind(self) -> str:
        """changed, removed (from the cluster) or added (to it)."""
        return "removed" if self.live is ABSENT else "added" if self.git is ABSENT else "changed"
