"""How every command ends: its text to stdout or into a file, and its exit code."""

import sys
from pathlib import Path
from typing import NoReturn

from gitguard.commands.options import Outcome
from gitguard.model.errors import UsageError


def finish(outcome: Outcome, output: Path | None) -> NoReturn:
    """Write the text and exit; UsageError where the file can't be written."""
    if outcome.baseline is not None:
        _write(*outcome.baseline, "--write-baseline")
    for file, text in outcome.further:
        _write(file, text, "--report")
    if output is None:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    else:
        _write(output, outcome.text, "--output")
    raise SystemExit(int(outcome.exit_code))


def _write(file: Path, text: str, option: str) -> None:
    # The repository that is judged may have a link in this place, and it would lead what is written to anywhere. /dev/stdout is one, too.
    parts = (file,) if file.is_absolute() else (file, *file.parents)
    if any(part.is_symlink() for part in parts) and not file.is_relative_to("/dev"):
        raise UsageError(f"{file}: a symbolic link leads away from here", f"{option} names a file by where it lies")
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", f"{option} names a file that can be written") from error
