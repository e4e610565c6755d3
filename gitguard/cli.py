"""The command line: argv to options, errors to exit codes. The only place that prints, exits and looks at the environment."""

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from gitguard import __version__
from gitguard.commands.options import Options, Outcome
from gitguard.model.errors import ExitCode, GitguardError, UsageError
from gitguard.model.finding import LEVELS

_INTERRUPTED = 130


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """The options that the judging commands have in common."""
    for option in reversed(
        (
            click.option("--config", type=click.Path(path_type=Path), help="Use this file instead of the repository's .gitguard.yaml."),
            click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to report."),
            click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file instead of stdout."),
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
@_shared
def check(path: Path | None, commit: str, output: Path | None, **shared: Any) -> None:
    """Judge a config repository: the work tree at PATH (default: the repository around the current directory)."""
    from gitguard.commands import check as command

    _finish(command.run(path, commit, _options(**shared)), output)


@gitguard.command()
@click.argument("files", nargs=-1, type=click.Path())
@_shared
def hook(files: Sequence[str], output: Path | None, **shared: Any) -> None:
    """What pre-commit runs: judge what the index would make of the repository, report what the staged change causes.

    With FILES, only what is wrong within these files (schemas and syntax), as they are staged.
    """
    from gitguard.commands import hook as command

    _finish(command.run(files, _options(**shared)), output)


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
    _finish(command.run(project, question, shared), None)


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
    _finish(command.run(application, commit, options), output)


def _progress(what: str, done: int, total: int) -> None:
    """How far the rendering is, on a terminal's stderr."""
    click.echo(f"\r{what} {done} of {total}" if done < total else f"\r{' ' * 40}\r", nl=False, err=True)


@gitguard.command()
@click.option("--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True, help="How to print them.")
def rules(format_: str) -> None:
    """List the rules."""
    from gitguard.commands import rules as command

    _finish(command.run(format_), None)


@gitguard.command()
@click.argument("rule", metavar="ID")
def explain(rule: str) -> None:
    """Explain one rule: why, what fails, what passes, how to fix it."""
    from gitguard.commands import explain as command

    _finish(command.run(rule), None)


@gitguard.command()
def demo() -> None:
    """Show the main job on an example repository that is made for it and removed again."""
    from gitguard.commands import demo as command

    _finish(command.run(dict(os.environ)), None)


@gitguard.group()
def audit() -> None:
    """Check, read and hand on the ledger: what bypassed git, and what was done about it.

    Exit codes: 0 intact, 1 evidence of tampering, 2 wrong command line, 3 it can't be told.
    """


def _ledger(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--ledger", required=True, metavar="DIR", help="The ledger: a folder, or s3://BUCKET/PREFIX.")(command)


def _queries(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option("--kind", default="", help="Only entries of this kind: drift, intent, outcome, alert, exception, ack, heartbeat, key."),
            click.option(
                "--object", "object_", default="", metavar="KIND/NAMESPACE/NAME", help="Only what is about this object; NAME or KIND/NAME will do."
            ),
            click.option("--actor", default="", help="Only what this user did."),
            click.option("--incident", default="", metavar="ID", help="Only what belongs to this incident."),
            click.option("--since", default="", metavar="TIME", help="Only from this time on (RFC 3339, UTC)."),
            click.option("--until", default="", metavar="TIME", help="Only before this time."),
        )
    ):
        command = option(command)
    return command


@audit.command("verify")
@click.option("--ledger", default="", metavar="DIR", help="The ledger: a folder, or s3://BUCKET/PREFIX.")
@click.option("--key", default="", metavar="VKEY", help="The verifier key that you trust, or a file with it (default: the ledger's own).")
@click.option("--anchor", "anchors", multiple=True, type=click.Path(path_type=Path), help="A remembered checkpoint, or a folder of them.")
@click.option("--proof", type=click.Path(path_type=Path), help="Verify this file, which `prove` has written, instead of a ledger.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to report.")
def audit_verify(ledger: str, key: str, anchors: Sequence[Path], proof: Path | None, format_: str) -> None:
    """Verify the whole ledger, offline: every hash, signature and announcement, and against remembered checkpoints."""
    command = _audit_command()
    if bool(ledger) == (proof is not None):
        raise UsageError("what shall be verified?", "--ledger DIR, or --proof FILE with --key")
    if proof is not None:
        if not key:
            raise UsageError("a proof is verified with a key that you trust", "--key takes the verifier key, or a file with it")
        _finish(command.verify_proof(proof, key, format_), None)
    _finish(command.verify(command.Ledger(ledger, dict(os.environ)), key, anchors, format_), None)


@audit.command("show")
@click.argument("index", type=int, required=False)
@_ledger
@_queries
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many, the newest.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to show them.")
def audit_show(index: int | None, ledger: str, limit: int, format_: str, **query: str) -> None:
    """Show entries, the newest last, or the one with this INDEX."""
    command = _audit_command()
    _finish(command.show(command.Ledger(ledger, dict(os.environ)), index, _query(query), limit, format_), None)


@audit.command("prove")
@click.argument("index", type=int)
@_ledger
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def audit_prove(index: int, ledger: str, output: Path | None) -> None:
    """One entry with its proof and the checkpoint, in one file that verifies on its own."""
    command = _audit_command()
    _finish(command.prove(command.Ledger(ledger, dict(os.environ)), index), output)


@audit.command("export")
@_ledger
@_queries
@click.option(
    "--format", "format_", type=click.Choice(["json", "ocsf"]), default="json", show_default=True, help="JSON lines as in the log, or OCSF."
)
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def audit_export(ledger: str, format_: str, output: Path | None, **query: str) -> None:
    """All entries, one JSON object a line."""
    command = _audit_command()
    lines = command.export(command.Ledger(ledger, dict(os.environ)), _query(query), format_)
    try:
        with output.open("w", encoding="utf-8") if output else nullcontext(sys.stdout) as target:
            for line in lines:
                target.write(line)
            target.flush()
    except OSError as error:
        if output is None:
            raise
        raise UsageError(f"{output}: {error.strerror}", "--output names a file that can be written") from error
    raise SystemExit(int(ExitCode.CLEAN))


@audit.command("anchor")
@_ledger
@click.option("--git", "repository", default="", metavar="REPOSITORY", help="Add the checkpoint to a branch of this repository, a path or URL.")
@click.option("--branch", default="gitguard-checkpoints", show_default=True, help="The branch for it.")
@click.option("--witness", nargs=2, metavar="URL VKEY", help="Have this C2SP witness countersign it.")
def audit_anchor(ledger: str, repository: str, branch: str, witness: tuple[str, str] | None) -> None:
    """Have the checkpoint remembered where the ledger's writer can't change it, and print it as one line for a SIEM."""
    command = _audit_command()
    _finish(command.anchor(command.Ledger(ledger, dict(os.environ)), repository, branch, witness), None)


@audit.group("key")
def audit_key() -> None:
    """The key that signs the ledger: its private half lies beside the ledger, never in it."""


@audit_key.command("create")
@_ledger
@click.option("--name", required=True, metavar="NAME", help="The log's name for ever, such as example.com/gitguard/prod.")
@click.option("--private", type=click.Path(path_type=Path), help="The file for the private key (default: DIR.key).")
def audit_key_create(ledger: str, name: str, private: Path | None) -> None:
    """Make the key of a new ledger, and print its verifier key."""
    command = _audit_command()
    _finish(command.key_create(command.Ledger(ledger, dict(os.environ)), name, private), None)


@audit_key.command("show")
@_ledger
def audit_key_show(ledger: str) -> None:
    """Print the verifier key, in the form of signed notes."""
    command = _audit_command()
    _finish(command.key_show(command.Ledger(ledger, dict(os.environ))), None)


@audit_key.command("rotate")
@_ledger
@click.option("--private", type=click.Path(path_type=Path), help="The file of the private key (default: DIR.key).")
def audit_key_rotate(ledger: str, private: Path | None) -> None:
    """Hand over to a fresh key, by an entry that both keys sign."""
    command = _audit_command()
    _finish(command.key_rotate(command.Ledger(ledger, dict(os.environ)), private), None)


def _audit_command() -> Any:
    from importlib.util import find_spec

    missing = [package for package in ("cryptography", "rfc8785") if find_spec(package) is None]
    if missing:
        raise UsageError(f"the ledger takes {' and '.join(missing)}, not installed here", "pip install 'gitguard-gitops[watch]'")
    from gitguard.commands import audit as command

    return command


def _query(given: Mapping[str, str]) -> Any:
    from gitguard.edges.ledger_index import Query

    return Query(given["kind"], given["object_"], given["actor"], given["incident"], given["since"], given["until"])


def _options(*, config: Path | None, format_: str, fail_on: str, strict: bool, quiet: bool, verbose: bool, **flags: Any) -> Options:
    colour = sys.stdout.isatty() and not flags["no_color"] and not os.environ.get("NO_COLOR")
    progress = _progress if sys.stderr.isatty() and not quiet else None
    return Options(
        dict(os.environ), config, format_, fail_on, strict, quiet, verbose, colour, not flags["no_cache"], flags["render_"] or "", progress
    )


def _finish(outcome: Outcome, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(outcome.text.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    else:
        try:
            output.write_text(outcome.text, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"{output}: {error.strerror}", "--output names a file that can be written") from error
    raise SystemExit(int(outcome.exit_code))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error becomes a message, none a traceback."""
    # A run is short, makes few cycles and many values: looking for cycles among them took a fifth of the time.
    gc.disable()
    try:
        gitguard.main(args=arguments, prog_name="gitguard", standalone_mode=False)
    except SystemExit as done:
        return int(done.code or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        return _complain(error.format_message(), "", ExitCode.USAGE)
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
    click.echo(f"gitguard: {message}" + (f"\n  {advice}" if advice else ""), err=True)
    return int(code)


def entry() -> None:
    """The `gitguard` command."""
    code = main()
    # Without it Python looks for cycles when it ends after all, which takes a tenth of a short run.
    gc.freeze()
    raise SystemExit(code)
