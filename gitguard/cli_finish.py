"""How every command ends: its text to stdout or into a file, and its exit code."""

import sys
from pathlib import Path
from typing import NoReturn

from gitguard.commands.options import Outcome
from gitguard.model.errors import UsageError


def finish(outcome: Outcome, output: Path | None) -> NoReturn:
    """Write the text and exit; UsageError where the file can't be written."""
    if output is None:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    else:
        try:
            output.write_text(outcome.text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"{output}: {error.strerror}", "--output names a file that can be written") from error
    raise SystemExit(int(outcome.exit_code))
