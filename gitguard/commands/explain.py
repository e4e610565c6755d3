"""`gitguard explain ID`: one rule with why, fails, passes, fix."""

from difflib import get_close_matches

from gitguard.commands.options import Outcome
from gitguard.model.errors import ExitCode, UsageError
from gitguard.output import catalogue
from gitguard.rules import CATALOGUE


def run(rule_id: str) -> Outcome:
    """The rule in full; UsageError where there is none of that name."""
    for rule in CATALOGUE:
        if rule.id == rule_id:
            return Outcome(catalogue.explanation(rule), ExitCode.CLEAN)
    near = get_close_matches(rule_id, [rule.id for rule in CATALOGUE], n=1)
    raise UsageError(f"there is no rule `{rule_id}`", f"did you mean `{near[0]}`?" if near else "`gitguard rules` lists them")
