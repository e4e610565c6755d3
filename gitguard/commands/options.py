"""What a command is told: the command line and the environment as one frozen value."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from gitguard.model.errors import ExitCode
from gitguard.model.finding import LEVELS, Report


class Options(NamedTuple):
    """The options that `check` and `hook` share. `fail_on` is the lowest level that makes exit code 1.

    `render` is auto, always or never, "" for what the configuration says; `progress` is told what ("rendered", "fetched") is
    done with how many of how many.
    """

    environment: Mapping[str, str]
    config: Path | None = None
    format: str = "text"
    fail_on: str = "error"
    strict: bool = False
    quiet: bool = False
    verbose: bool = False
    colour: bool = False
    cache: bool = True
    render: str = ""
    progress: Callable[[str, int, int], None] | None = None
    every: bool = False
    """Findings count that are no news, too."""


class Outcome(NamedTuple):
    """What a command hands back to the command line: text for stdout, and the exit code."""

    text: str
    exit_code: ExitCode


def exit_code(report: Report, options: Options) -> ExitCode:
    """The code of a report: findings count more than what could not be judged. Of a change only what is new counts, unless all is to."""
    counted = LEVELS[LEVELS.index(options.fail_on) :]
    if any(finding.level in counted and (options.every or finding.status != "old") for finding in report.findings):
        return ExitCode.FINDINGS
    if report.failures or (options.strict and report.undetermined):
        return ExitCode.INCOMPLETE
    return ExitCode.CLEAN


def rendered(report: Report, options: Options) -> str:
    """The report in the format that was asked for."""
    if options.format == "json":
        from gitguard.output import json

        return json.render(report)
    from gitguard.output import text

    return text.render(report, text.Style(options.colour, options.verbose, options.quiet))
