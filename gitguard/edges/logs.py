"""The watch's log: one JSON object a line, for people with `jq` and for what collects logs.

What is logged are words and numbers. No manifest and no value of one ever is: the ledger holds what changed, with what is secret hashed.
"""

import json
import logging
import math
from datetime import UTC, datetime
from typing import TextIO

Value = str | int | float | bool | None

_ROOT = "gitguard"
_LONGEST = 300
_OWN = ("time", "level", "event", "cluster")


def configure(stream: TextIO, verbose: bool, *, errors_only: bool = False) -> None:
    """Log to a stream from now on, what is for debugging only where `verbose`; a line is written at once and whole."""
    logger = logging.getLogger(_ROOT)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines())
    logger.handlers[:] = [handler]
    logger.setLevel(logging.ERROR if errors_only else logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False


class Log:
    """What happens in one cluster, or with no name in none. An event is a short name of what happened; fields are texts, numbers, truths or None.

    TypeError for any other field, and for one named time, level, event or cluster. Texts are cut at 300 characters. Threads may share it.
    """

    def __init__(self, cluster: str = "") -> None:
        self._cluster = cluster
        self._logger = logging.getLogger(_ROOT)

    def debug(self, event: str, /, **fields: Value) -> None:
        """For whoever looks for a mistake."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: Value) -> None:
        """Something happened that is as it should be."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: Value) -> None:
        """Something happened that somebody may want to look at."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: Value) -> None:
        """Something does not work."""
        self._log(logging.ERROR, event, fields)

    def _log(self, level: int, event: str, fields: dict[str, Value]) -> None:
        for name, value in fields.items():
            if name in _OWN:
                raise TypeError(f"a field can't be named `{name}`: every line has one")
            if value is not None and not isinstance(value, str | int | float):
                raise TypeError(f"the field `{name}` is a {type(value).__name__}: log words and numbers, never an object")
        if self._logger.isEnabledFor(level):
            shown = {name: _shown(value) for name, value in {"event": event, "cluster": self._cluster, **fields}.items()}
            self._logger.log(level, "%s", event, extra={"shown": shown})


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        said = {"time": time, "level": record.levelname.lower(), **getattr(record, "shown", {"event": _shown(record.getMessage()), "cluster": ""})}
        # What Azure Pipelines and GitHub's runner obey in a line is escaped, as JSON escapes it.
        return json.dumps(said).replace("##", r"#\u0023")


def _shown(value: Value) -> Value:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
