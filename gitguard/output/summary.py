"""Markdown for a job summary of GitHub Actions. GitHub drops one that is too long as a whole: what is left out at the end is said."""

from collections import Counter
from collections.abc import Sequence

from gitguard.model.finding import Report
from gitguard.output.markdown import Block, blocks, heading
from gitguard.output.ranking import counted

# 1 MiB is what GitHub takes of a step; others may write in the same step.
_MOST_BYTES = 1_000_000
_ENDING = 1_000
_NOUNS = {
    "": "finding", "Old findings": "old finding", "Fixed by this change": "fixed finding", "Undetermined": "undetermined verdict",
    "Suppressed": "suppressed finding", "Remarks": "remark",
}  # fmt: skip


def render(report: Report) -> str:
    """One piece of text, what matters most first."""
    every = list(blocks(report))
    parts = [heading(report)]
    room = _MOST_BYTES - _ENDING - _size(parts[0])
    above = None
    for number, block in enumerate(every):
        written = block.below(above)
        room -= _size(written)
        if room < 0:
            return "".join((*parts, _left_out(every[number:])))
        parts.append(written)
        above = block
    return "".join(parts)


def _left_out(left: Sequence[Block]) -> str:
    numbers = Counter(_NOUNS[block.title] for block in left)
    told = ", ".join(counted(number, noun) for noun, number in numbers.items())
    return (
        f"\n**Not shown here: {told}.** GitHub drops a summary of more than 1 MiB as a whole."
        " All that is new is in the log of this step; `--report json=FILE` has everything.\n"
    )


def _size(text: str) -> int:
    return len(text.encode("utf-8", "backslashreplace"))
