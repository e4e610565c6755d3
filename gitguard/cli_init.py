"""The command line of `gitguard init`: shows, asks, writes."""

import os
import sys
from pathlib import Path

import click

from gitguard.commands.options import Options
from gitguard.model.errors import GitguardError


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Write without asking.")
@click.option("--quiet", "-q", is_flag=True, help="The files only, not what was seen.")
@click.option("--no-color", is_flag=True, help="No colours (NO_COLOR does the same).")
def init(path: Path | None, yes: bool, quiet: bool, no_color: bool) -> None:
    """Propose a configuration, a pre-commit hook and a CI workflow for the repository at PATH (default: the one around the current directory).

    Looks at git's remotes and branches and at the tracked files: layout, environments, clusters, what is applied by hand. Shows what it has seen
    and each file in full, and writes them to the repository's root when you say so, or with --yes. Where it can't ask, nothing is written.

    What is there is never overwritten: a file that exists is left alone, and what to add to it is shown.

    Exit codes: 0 shown or written, 2 no repository with a work tree, 3 a file could not be written.
    """
    from gitguard.commands import init as command
    from gitguard.output.proposal import render
    from gitguard.output.text import Style

    found = command.look(path, Options(dict(os.environ)))
    colour = sys.stdout.isatty() and not no_color and not os.environ.get("NO_COLOR")
    _say(render(found.proposal, str(found.root), Style(colour, quiet=quiet)))
    files = found.proposal.files
    if not files:
        _say("Nothing to write.\n")
        return
    which = f"these {len(files)} files" if len(files) > 1 else files[0].path
    if not yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        _say(f"Nothing is written. To write {which}: gitguard init --yes\n")
        return
    if not yes and not click.confirm(f"Write {which}?", default=False):
        _say("Nothing is written.\n")
        return
    made, failed = command.write(found)
    _say("".join(f"wrote {file}\n" for file in made))
    if failed:
        reasons = "; ".join(f"{file}: {reason}" for file, reason in failed)
        raise GitguardError(f"not written: {reasons}", "mend that and run it again: what is there is left alone")
    _say("\nNext:\n" + "".join(f"  {number}. {step}\n" for number, step in enumerate(command.next_steps(found.proposal, made), 1)))


def _say(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
    sys.stdout.flush()
