"""The command line of what reads the ledger: `gitguard audit` and `gitguard report`."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from gitguard.cli_finish import finish, refuse_links
from gitguard.model.errors import ExitCode, UsageError


@click.group()
def audit() -> None:
    """Check, read and hand on the ledger: what bypassed git, and what was done about it.

    Exit codes: 0 intact, 1 evidence of tampering, 2 wrong command line, 3 it can't be told.
    """


def _ledger(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--ledger", required=True, metavar="DIR", help="The ledger: a folder, or s3://BUCKET/PREFIX.")(command)


def _kind(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--kind", default="", help="Only entries of this kind: drift, intent, outcome, alert, exception, ack, heartbeat, key.")(
        command
    )


def _queries(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
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
        finish(command.verify_proof(proof, key, format_), None)
    finish(command.verify(command.Ledger(ledger, dict(os.environ)), key, anchors, format_), None)


@audit.command("show")
@click.argument("index", type=int, required=False)
@_ledger
@_kind
@_queries
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="At most so many, the newest.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to show them.")
def audit_show(index: int | None, ledger: str, limit: int, format_: str, **query: str) -> None:
    """Show entries, the newest last, or the one with this INDEX."""
    command = _audit_command()
    finish(command.show(command.Ledger(ledger, dict(os.environ)), index, _query(query), limit, format_), None)


@audit.command("prove")
@click.argument("index", type=int)
@_ledger
@click.option("--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def audit_prove(index: int, ledger: str, output: Path | None) -> None:
    """One entry with its proof and the checkpoint, in one file that verifies on its own."""
    command = _audit_command()
    finish(command.prove(command.Ledger(ledger, dict(os.environ)), index), output)


@audit.command("export")
@_ledger
@_kind
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
        if output is not None:
            refuse_links(output, "--output")
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
    finish(command.anchor(command.Ledger(ledger, dict(os.environ)), repository, branch, witness), None)


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
    finish(command.key_create(command.Ledger(ledger, dict(os.environ)), name, private), None)


@audit_key.command("show")
@_ledger
def audit_key_show(ledger: str) -> None:
    """Print the verifier key, in the form of signed notes."""
    command = _audit_command()
    finish(command.key_show(command.Ledger(ledger, dict(os.environ))), None)


@audit_key.command("rotate")
@_ledger
@click.option("--private", type=click.Path(path_type=Path), help="The file of the private key (default: DIR.key).")
def audit_key_rotate(ledger: str, private: Path | None) -> None:
    """Hand over to a fresh key, by an entry that both keys sign."""
    command = _audit_command()
    finish(command.key_rotate(command.Ledger(ledger, dict(os.environ)), private), None)


@click.command()
@_ledger
@_queries
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to report.")
@click.option("--output", type=click.Path(path_type=Path), help="Write the report to this file instead of stdout.")
def report(ledger: str, format_: str, output: Path | None, **query: str) -> None:
    """What bypassed git, by the ledger: who it was, what became of it, and whether anybody was watching.

    Exit codes: 0 no incident in the time asked for, 1 incidents, 2 wrong command line, 3 the ledger can't be read.
    """
    _need_packages()
    from gitguard.commands import report as command
    from gitguard.commands.opened import Ledger

    finish(command.run(Ledger(ledger, dict(os.environ)), _query(query), format_), output)


def _audit_command() -> Any:
    _need_packages()
    from gitguard.commands import audit as command

    return command


def _need_packages() -> None:
    from importlib.util import find_spec

    missing = [package for package in ("cryptography", "rfc8785") if find_spec(package) is None]
    if missing:
        raise UsageError(f"the ledger takes {' and '.join(missing)}, not installed here", "pip install 'gitguard-gitops[watch]'")


def _query(given: Mapping[str, str]) -> Any:
    from gitguard.edges.ledger_index import Query

    return Query(given.get("kind", ""), given["object_"], given["actor"], given["incident"], given["since"], given["until"])
