"""How every command ends: its text to stdout or into a file, and its exit code."""

import sys
from pathlib import Path
from typing import NoReturn

from gitguard.commands.options import Outcome
from gitguard.model.errors import UsageError


def finish(outcome: Outcome, output: Path | None) -> NoReturn:
    """Write the text and exit; UsageError where the file can't be written."""
    for file, text in outcome.further:
        _write(file, text, "--report")
    if output is None:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    else:
        _write(output, outcome.text, "--output")
    raise SystemExit(int(outcome.exit_code))


def _write(file: Path, text: str, option: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", f"{option} names a file that can be written") from error
