"""What a command is told: the command line and the environment as one frozen value."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from gitguard.model.errors import ExitCode
from gitguard.model.finding import LEVELS, Report

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "summary", "html")


class Options(NamedTuple):
    """The options that `check` and `hook` share. `fail_on` is the lowest level that makes exit code 1.

    `render` is auto, always or never, "" for what the configuration says; `progress` is told what ("rendered", "fetched") is
    done with how many of how many. `every`: findings count that are no news, too. `further` are more (format, file) in which the same report is
    written; `exit_code`: SARIF, too, has the exit code of findings. `baseline` is the file with what is accepted, None for the configured one.
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
    further: tuple[tuple[str, Path], ...] = ()
    exit_code: bool = False
    baseline: Path | None = None


class FileOutput(NamedTuple):
    """A text for a file, and the option that named the file."""

    file: Path
    text: str
    option: str


class Outcome(NamedTuple):
    """What a command hands back to the command line: text for stdout, the exit code, and texts for files. `judged` is the work tree that was
    judged, through whose symbolic links nothing is written."""

    text: str
    exit_code: ExitCode
    further: tuple[FileOutput, ...] = ()
    judged: Path | None = None


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
    if options.format == "text":
        from gitguard.output import text

        return text.render(report, text.Style(options.colour, options.verbose, options.quiet, old=options.verbose or options.every))
    return in_format(report, options.format)


def in_format(report: Report, name: str) -> str:
    """The report in a format for machines, or for pages."""
    render: Callable[[Report], str] = import_module(f"gitguard.output.{name}").render
    return render(report)


def outcome(report: Report, options: Options, judged: Path) -> Outcome:
    """The report on the work tree `judged` as it was asked for, its further forms, and the exit code."""
    further = tuple(FileOutput(path, in_format(report, name), "--report") for name, path in options.further)
    code = exit_code(report, options)
    if options.format == "sarif" and code == ExitCode.FINDINGS and not options.exit_code:
        # Who reads SARIF takes another code for a tool that failed.
        code = ExitCode.CLEAN
    return Outcome(rendered(report, options), code, further, judged)
