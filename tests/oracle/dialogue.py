"""Questions put to the oracle and to gitguard, and what they disagree about."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.argo.gobwas_1 import GlobUndecided
from tests.oracle import engine

BATCH = 2_000


class Disagreement(NamedTuple):
    """One question with two answers."""

    project: Any
    ask: Any
    argocd: Any
    gitguard: Any


class Tally:
    """What was asked, and how it was answered."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.permitted: Counter[str] = Counter()
        self.undetermined: Counter[str] = Counter()
        self.disagreements: list[Disagreement] = []

    def add(self, line: Mapping[str, Any], said: list[Any], ours: list[Any]) -> None:
        for ask, theirs, own in zip(line["asks"], said, ours, strict=True):
            (kind,) = ask.keys() - {"scoped"}
            expected = engine.comparable(ask, theirs)
            self.asked[kind] += 1
            self.permitted[kind] += expected is True or expected in ("", []) or (isinstance(expected, dict) and "server" in expected)
            if own == engine.UNKNOWN:
                self.undetermined[kind] += 1
            elif not same(ask, expected, own):
                self.disagreements.append(Disagreement(line.get("project") or line.get("world"), ask, theirs, own))

    def include(self, other: "Tally") -> None:
        self.asked += other.asked
        self.permitted += other.permitted
        self.undetermined += other.undetermined
        self.disagreements += other.disagreements

    def table(self) -> str:
        rows = [f"{'question':14}{'asked':>10}{'permitted':>11}{'undetermined':>14}"]
        for kind, number in sorted(self.asked.items()):
            rows.append(f"{kind:14}{number:>10,}{self.permitted[kind] / number:>11.0%}{self.undetermined[kind]:>14,}")
        rows.append(
            f"{'all':14}{self.asked.total():>10,}{self.permitted.total() / max(1, self.asked.total()):>11.0%}{self.undetermined.total():>14,}"
        )
        return "\n".join(rows) + f"\ndisagreements: {len(self.disagreements)}\n"


def same(ask: Mapping[str, Any], expected: Any, own: Any) -> bool:
    if "effective" not in ask:
        return bool(expected == own)
    # What secrets add comes in no particular order; an absent list differs from an empty one.
    return all(unordered(mine) == unordered(theirs) for mine, theirs in zip(own, expected, strict=True))


def unordered(value: Any) -> Any:
    return sorted(map(repr, value)) if isinstance(value, tuple) else value


def batches(lines: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    held: list[dict[str, Any]] = []
    for line in lines:
        held.append(line)
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held


def compare(program: Path, lines: Iterable[dict[str, Any]], answers: Callable[[Mapping[str, Any]], list[Any]] = engine.answers) -> Tally:
    """Both answer every line."""
    tally = Tally()
    for batch in batches(lines):
        for line, said in zip(batch, ask(program, batch), strict=True):
            try:
                tally.add(line, said, answers(line))
            except (GlobUndecided, RecursionError) as error:
                raise AssertionError(f"{error!r} on {json.dumps(line)}") from error
    return tally


def ask(program: Path, lines: list[dict[str, Any]]) -> list[list[Any]]:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([str(program)], input=text, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.split("\n") if line]
