"""How every command ends: its text to stdout or into a file, and its exit code."""

import sys
from pathlib import Path
from typing import NoReturn

from gitguard.commands.options import Outcome
from gitguard.model.errors import UsageError

# As many as a kernel follows.
_MOST_LINKS = 40


def finish(outcome: Outcome, output: Path | None) -> NoReturn:
    """Write the text and exit; UsageError where a file can't be written."""
    for further in outcome.further:
        _write(further.file, further.text, further.option, outcome.judged)
    if output is None:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    else:
        _write(output, outcome.text, "--output", outcome.judged)
    raise SystemExit(int(outcome.exit_code))


def refuse_links(file: Path, option: str, judged: Path | None = None) -> None:
    """UsageError where the way to the file leads over a symbolic link that lies in the work tree `judged`, or without one at or below the current
    directory: whoever wrote the repository would choose what is overwritten. Links elsewhere are the user's own."""
    guarded = (judged or Path.cwd()).resolve()
    here = Path(file.absolute().anchor)
    left = list(reversed(file.absolute().parts[1:]))
    followed = 0
    while left:
        part = left.pop()
        if part == "..":
            here = here.parent
            continue
        here /= part
        if not here.is_symlink():
            continue
        if here.is_relative_to(guarded):
            raise UsageError(
                f"{file}: a symbolic link, {here}, leads away from there",
                f"{option} names a file by where it lies: no link of the repository leads to it",
            )
        followed += 1
        if followed > _MOST_LINKS:
            return
        target = here.readlink()
        here = Path(target.anchor) if target.is_absolute() else here.parent
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _write(file: Path, text: str, option: str, judged: Path | None) -> None:
    try:
        refuse_links(file, option, judged)
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", f"{option} names a file that can be written") from error
