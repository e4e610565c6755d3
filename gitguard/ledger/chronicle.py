"""The story that the entries tell: acts that were announced and ended, times that were watched, clocks that jumped."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

_MOST_REMARKS = 1000


class Remark(NamedTuple):
    """What an auditor should know though nothing is wrong with the log: a gap in what was watched, an act without an end, a clock that
    jumped, evidence that is gone."""

    what: str
    where: str
    message: str


class Chronicle:
    """Follows the entries in their order. Its memory is that of the acts that are open, not that of the log."""

    def __init__(self) -> None:
        self._open: dict[str, int] = {}
        self._last_time = ""
        self._watched_until: dict[str, str] = {}
        self._remarks: list[Remark] = []

    def tell(self, number: int, entry: Mapping[str, Any]) -> str:
        """Add one entry; the answer is what is wrong with it in the story, "" for nothing."""
        kind = entry.get("kind")
        time = entry.get("time")
        if isinstance(time, str):
            if _moment(time) < _moment(self._last_time):
                self.remark("clock", number, f"the clock went back from {self._last_time} to {time}")
                # What was watched until a time of the other clock says nothing of gaps by this one.
                self._watched_until.clear()
            self._last_time = time
        if kind == "intent":
            self._open[str(entry.get("id"))] = number
        elif kind == "outcome" and self._open.pop(str(entry.get("intent")), None) is None:
            return f"the outcome of an act ({entry.get('intent')}) that was not announced, or that had ended already"
        elif kind == "heartbeat":
            self._beat(number, entry)
        return ""

    def remarks(self) -> Iterator[Remark]:
        """What the reader should know."""
        yield from self._remarks
        for act, number in islice(self._open.items(), _MOST_REMARKS):
            yield Remark("unfinished", f"entry {number}", f"the act {act} was announced, and no outcome was written")

    def _beat(self, number: int, entry: Mapping[str, Any]) -> None:
        cluster = str(entry.get("cluster", ""))
        start, end = entry.get("from"), entry.get("to")
        before = self._watched_until.get(cluster)
        if isinstance(start, str) and before is not None and _moment(start) > _moment(before):
            self.remark("gap", number, f"nothing is known of cluster {cluster or '-'} between {before} and {start}")
        if isinstance(end, str):
            self._watched_until[cluster] = max(end, before or "", key=_moment)
        gaps = entry.get("gaps")
        for gap in gaps if isinstance(gaps, list) else ():
            if isinstance(gap, Mapping):
                self.remark("gap", number, f"{gap.get('from')} to {gap.get('to')}: {gap.get('why')}")

    def remark(self, what: str, number: int, message: str) -> None:
        """Remember something about an entry; the first thousand of such things."""
        if len(self._remarks) < _MOST_REMARKS:
            self._remarks.append(Remark(what, f"entry {number}", message))


def _moment(time: str) -> str:
    """What times are compared by: with its Z, a second would come after its own fractions."""
    return time.removesuffix("Z")
