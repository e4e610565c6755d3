"""What a rule about a change is: as a rule about a repository, with a question to both sides of the change."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from gitguard.model.change import Change
from gitguard.model.finding import Finding, Undetermined
from gitguard.rules.rule import Files


class ChangeRule(NamedTuple):
    """A rule of the catalogue that only `gitguard ci` asks.

    The words are as a Rule has them. `before` is the repository as it was; `fails` and `passes` are what it becomes, whole: (path, content).
    `check` yields findings, at places in what is there after, or, of what is gone, before; and undetermined verdicts.
    """

    id: str
    level: str
    summary: str
    why: str
    before: Files
    fails: Files
    passes: Files
    fix: str
    check: Callable[[Change], Iterable[Finding | Undetermined]]
