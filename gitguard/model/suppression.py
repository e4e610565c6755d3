"""What somebody accepts of what gitguard finds: by a comment beside it, by the configuration, or by a baseline."""

from typing import NamedTuple

from gitguard.model.finding import ObjectRef, Site


class Suppression(NamedTuple):
    """A comment `# gitguard: ignore[rule, rule] reason until=YYYY-MM-DD` in a file; `problem` says why it is none, "" where it is one.

    `line` (1-based) is that of the comment, `document` counts the file's documents from 0. `covers` is the line whose findings it suppresses, 0 for
    those of the whole document, -1 for none. `until` is the last day on which it holds, "" for ever.
    """

    line: int
    document: int
    covers: int
    rules: tuple[str, ...]
    reason: str
    until: str = ""
    problem: str = ""


class Accepted(NamedTuple):
    """An entry of a baseline: `number` findings of one fingerprint; the rest is for people."""

    rule: str
    path: str
    object: str
    fingerprint: str
    number: int


class Baseline(NamedTuple):
    """What was found when gitguard was adopted; `source` is the file, by its path in the repository where it lies there."""

    source: str = ""
    entries: tuple[Accepted, ...] = ()


class Standing(NamedTuple):
    """A suppression and what became of it in one run.

    `written` is how people know it ("`ignore[rule]`"), `origin` is comment, ignore or baseline. `suppresses` counts its findings, `idle` those that a
    baseline lists beyond what there is; `is_open` says that not all was judged which it could suppress.
    """

    origin: str
    written: str
    rules: tuple[str, ...]
    site: Site
    object: ObjectRef = ObjectRef()
    until: str = ""
    problem: str = ""
    expired: bool = False
    suppresses: int = 0
    idle: int = 0
    is_open: bool = False
