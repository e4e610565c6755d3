"""`gitguard rules`: the catalogue."""

from gitguard.commands.options import Outcome
from gitguard.model.errors import ExitCode
from gitguard.output import catalogue
from gitguard.rules import CATALOGUE


def run(format_: str) -> Outcome:
    """The catalogue as text, JSON or the page of the documentation."""
    render = {"text": catalogue.listing, "json": catalogue.as_json, "markdown": catalogue.page}[format_]
    return Outcome(render(CATALOGUE), ExitCode.CLEAN)
