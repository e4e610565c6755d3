"""The command line: argv to options, errors to exit codes. With `cli_*.py` the only place that prints, exits and looks at the environment."""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from gitguard import __version__
from gitguard.cli_audit import audit, report
from gitguard.cli_finish import finish
from gitguard.cli_init import init
from gitguard.cli_watch import reconcile
from gitguard.commands.options import FORMATS, Options
from gitguard.model.errors import ExitCode, GitguardError, UsageError
from gitguard.model.finding import LEVELS

_INTERRUPTED = 130


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """The options that the judging commands have in common."""
    for option in reversed(
        (
            click.option("--config", type=click.Path(path_type=Path), help="Use this file instead of the repository's .gitguard.yaml."),
            click.option(
                "--baseline", type=click.Path(path_type=Path), help="Accept what this file lists, which --write-baseline of `check` has written."
            ),
            click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="How to report."),
            click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file instead of stdout."),
            click.option(
                "--report", "further", multiple=True, metavar="FORMAT=FILE", help="Write the same report to a file as well; may be repeated."
            ),
            click.option("--exit-code", is_flag=True, help="With --format sarif: exit code 1 for findings, too."),
            click.option(
                "--fail-on",
                type=click.Choice(list(reversed(LEVELS))),
                default="error",
                show_default=True,
                help="Lowest level that makes exit code 1.",
            ),
            click.option(
                "--render",
                "render_",
                type=click.Choice(["auto", "always", "never"]),
                help="Run Kustomize and Helm for what Applications deploy; always: fetch what is elsewhere, too (default: as configured, else auto).",
            ),
            click.option("--strict", is_flag=True, help="Undetermined verdicts make exit code 3."),
            click.option("--quiet", "-q", is_flag=True, help="Findings only."),
            click.option("--verbose", "-v", is_flag=True, help="List all that was skipped, suppressed or undetermined."),
            click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same)."),
            click.option("--no-cache", is_flag=True, help="Neither read nor write the cache."),
        )
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gitguard")
def gitguard() -> None:
    """Git stays the only door to a GitOps cluster: judge a config repository before it is merged.

    Exit codes: 0 clean, 1 findings, 2 wrong command line or configuration, 3 something could not be judged.
    """


@gitguard.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--commit", default="", metavar="REF", help="Judge this commit instead of the work tree.")
@click.option(
    "--write-baseline", type=click.Path(path_type=Path), metavar="FILE", help="Write all that is found into FILE, for --baseline to accept."
)
@_shared
def check(path: Path | None, commit: str, write_baseline: Path | None, output: Path | None, **shared: Any) -> None:
    """Judge a config repository: the work tree at PATH (default: the repository around the current directory)."""
    from gitguard.commands import check as command

    finish(command.run(path, commit, _options(**shared), write_baseline), output)


@gitguard.command()
@click.argument("files", nargs=-1, type=click.Path())
@_shared
def hook(files: Sequence[str], output: Path | None, **shared: Any) -> None:
    """What pre-commit runs: judge what the index would make of the repository, report what the staged change causes.

    With FILES, only what is wrong within these files (schemas and syntax), as they are staged.
    """
    from gitguard.commands import hook as command

    finish(command.run(files, _options(**shared)), output)


@gitguard.command()
@click.option("--base", required=True, metavar="REF", help="Where the change goes to: a branch such as origin/main, or a commit.")
@click.option("--head", default="HEAD", show_default=True, metavar="REF", help="The change: its newest commit.")
@click.option("--all", "every", is_flag=True, help="Old findings count as new ones do.")
@click.option("--trust-head", is_flag=True, help="Read configuration and suppressions from the change, not from its base.")
@_shared
def ci(base: str, head: str, every: bool, trust_head: bool, output: Path | None, **shared: Any) -> None:
    """Judge a change, HEAD against where it branched off --base: what is new, what is fixed, and what the change itself does.

    Only new findings count. Configuration and suppressions are those of the base, so that a change can't switch off what judges it.
    """
    from gitguard.commands import ci as command

    finish(command.run(base, head, _options(**shared)._replace(every=every), trust_head=trust_head), output)


@gitguard.command()
@click.argument("project", required=False)
@click.argument("ask", required=False, metavar="[source|destination|kind|namespace|sync]")
@click.argument("subject", required=False, default="")
@click.option("--batch", type=click.Path(path_type=Path, allow_dash=True), help="Answer JSON lines from this file, or from stdin (-).")
@click.option("--at", default="", metavar="TIME", help="With sync: the time, ISO 8601, UTC where no zone is given (default: now).")
@click.option("--manual", is_flag=True, help="With sync: a sync by hand.")
@click.option("--application", default="", metavar="NAME", help="With sync: this Application only.")
@click.option("--name", default="", help="With kind: the object's name, which lists of cluster-scoped kinds may restrict.")
@click.option("--namespaced/--cluster-scoped", default=None, help="With kind: its scope, where gitguard does not know it.")
@click.option("--config", type=click.Path(path_type=Path), help="Use this file instead of the repository's .gitguard.yaml.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to answer.")
@click.option("--argocd", metavar="VERSION", help="With --batch: the version of Argo CD (default: as configured, else the newest).")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
def can(project: str | None, ask: str | None, subject: str, batch: Path | None, argocd: str | None, **options: Any) -> None:
    """Ask an AppProject: may it use this source, destination, kind or namespace, may it sync now?

    \b
    gitguard can team-a source https://github.com/org/repo
    gitguard can team-a destination prod/payments
    gitguard can team-a kind apps/Deployment
    gitguard can team-a sync --at 2027-01-31T10:00Z
    gitguard can --batch - < questions.ndjson

    Exit codes: 0 permitted, 1 denied, 2 wrong question, 3 it can't be told.
    """
    if batch is not None:
        if project:
            raise UsageError("--batch takes its questions from JSON lines", "leave the AppProject and the question out")
        _answer_batch(batch, argocd, options["config"])
    from gitguard.commands import can as command

    if not project or ask not in command.ASKS:
        raise UsageError(f"`{ask}` is no question" if ask else "what shall be asked?", f"gitguard can PROJECT, then one of {', '.join(command.ASKS)}")
    question = command.Question(ask, subject, options["name"], options["namespaced"], options["at"], options["manual"], options["application"])
    plain = options["no_color"] or os.environ.get("NO_COLOR")
    shared = Options(dict(os.environ), options["config"], options["format_"], colour=sys.stdout.isatty() and not plain, cache=not options["no_cache"])
    finish(command.run(project, question, shared), None)


def _answer_batch(source: Path, version: str | None, config: Path | None) -> None:
    """Answer each line as it comes, so that a script can ask, read and ask again."""
    from gitguard.commands.batch import Batch, version_of_argocd

    batch = Batch(version_of_argocd(version, config))
    try:
        questions = os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0) if str(source) == "-" else source.open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}", "--batch takes a file of JSON lines, or - for stdin") from error
    with questions:
        for answers in batch.answers(questions.read):
            sys.stdout.buffer.write(answers)
            sys.stdout.buffer.flush()
    raise SystemExit(int(ExitCode.INCOMPLETE if batch.failed else ExitCode.CLEAN))


@gitguard.command()
@click.argument("application", metavar="APP")
@click.option("--commit", default="", metavar="REF", help="Render from this commit instead of the work tree.")
@click.option("--config", type=click.Path(path_type=Path), help="Use this file instead of the repository's .gitguard.yaml.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="YAML with comments, or JSON.")
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
@click.option("--render", "render_", type=click.Choice(["auto", "always", "never"]), help="always also fetches what is elsewhere.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
def render(application: str, commit: str, output: Path | None, render_: str | None, **shared: Any) -> None:
    """The objects that an Application (NAME or NAMESPACE/NAME) would deploy, each with the file that it comes from.

    Rendered with the tools on PATH or those of gitguard-gitops[render], as Argo CD does, and offline, unless --render always is said.
    The values of Secrets are masked.

    Exit codes: 0 rendered, 1 Argo CD would refuse, 2 no such Application, 3 it can't be told here.
    """
    from gitguard.commands import render as command

    progress = _progress if sys.stderr.isatty() else None
    options = Options(dict(os.environ), shared["config"], shared["format_"], cache=not shared["no_cache"], render=render_ or "", progress=progress)
    finish(command.run(application, commit, options), output)


def _progress(what: str, done: int, total: int) -> None:
    """How far the rendering is, on a terminal's stderr."""
    click.echo(f"\r{what} {done} of {total}" if done < total else f"\r{' ' * 40}\r", nl=False, err=True)


@gitguard.command()
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True, help="How to print them.")
def rules(format_: str) -> None:
    """List the rules."""
    from gitguard.commands import rules as command

    finish(command.run(format_), None)


@gitguard.command()
@click.argument("rule", metavar="ID")
def explain(rule: str) -> None:
    """Explain one rule: why, what fails, what passes, how to fix it."""
    from gitguard.commands import explain as command

    finish(command.run(rule), None)


@gitguard.command()
def demo() -> None:
    """Show the main job on an example repository that is made for it and removed again."""
    from gitguard.commands import demo as command

    finish(command.run(dict(os.environ)), None)


gitguard.add_command(audit)
gitguard.add_command(init)
gitguard.add_command(reconcile)
gitguard.add_command(report)


def _options(*, config: Path | None, format_: str, fail_on: str, strict: bool, quiet: bool, verbose: bool, **flags: Any) -> Options:
    colour = sys.stdout.isatty() and not flags["no_color"] and not os.environ.get("NO_COLOR")
    progress = _progress if sys.stderr.isatty() and not quiet else None
    return Options(
        dict(os.environ), config, format_, fail_on, strict, quiet, verbose, colour, not flags["no_cache"], flags["render_"] or "", progress,
        further=_further(flags["further"]), exit_code=flags["exit_code"], baseline=flags["baseline"],
    )  # fmt: skip


def _further(given: Sequence[str]) -> tuple[tuple[str, Path], ...]:
    parted = [text.partition("=") for text in given]
    for name, sign, file in parted:
        if name not in FORMATS or name == "text" or not sign or not file:
            raise UsageError(
                f"--report {name}{sign}{file}: no format and file", f"--report FORMAT=FILE, where FORMAT is one of {', '.join(FORMATS[1:])}"
            )
    return tuple((name, Path(file)) for name, _, file in parted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error becomes a message, none a traceback."""
    # A run is short, makes few cycles and many values: looking for cycles among them took a fifth of the time.
    gc.disable()
    try:
        gitguard.main(args=arguments, prog_name="gitguard", standalone_mode=False)
    except SystemExit as done:
        return int(done.code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return int(ExitCode.USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), "gitguard --help lists commands and options", ExitCode.USAGE)
    except GitguardError as error:
        return _complain(error.message, error.advice, error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing more to say, and nowhere to say it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.INCOMPLETE)
    except Exception as error:
        return _complain(f"internal error: {type(error).__name__}: {error}", "please report it, with the command you ran", ExitCode.INCOMPLETE)
    return int(ExitCode.CLEAN)


def _complain(message: str, advice: str, code: ExitCode) -> int:
    from gitguard.output.printing import printable

    # Messages quote what is in the repository, and what was given on the command line.
    click.echo("\n  ".join(filter(None, (f"gitguard: {printable(message)}", printable(advice)))), err=True)
    return int(code)


def entry() -> None:
    """The `gitguard` command."""
    code = main()
    # Without it Python looks for cycles when it ends after all, which takes a tenth of a short run.
    gc.freeze()
    raise SystemExit(code)
