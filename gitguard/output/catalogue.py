"""The rules as text: the list, one rule in full, and the page `docs/rules.md`."""

import json
from collections.abc import Sequence

from gitguard.rules import ChangeRule, Rule


def listing(rules: Sequence[Rule | ChangeRule]) -> str:
    """One line a rule."""
    width = max(len(rule.id) for rule in rules)
    return "".join(f"{rule.id:<{width}}  {rule.level:<7}  {rule.summary}\n" for rule in rules)


def as_json(rules: Sequence[Rule | ChangeRule]) -> str:
    """The catalogue for machines."""
    listed = [{"id": rule.id, "level": rule.level, "summary": rule.summary, "why": rule.why, "fix": rule.fix} for rule in rules]
    return json.dumps({"version": 1, "rules": listed}, indent=2) + "\n"


def explanation(rule: Rule | ChangeRule) -> str:
    """One rule with why, fails, passes, fix, for a terminal."""
    parts = [
        f"{rule.id} ({rule.level}): {rule.summary}",
        "",
        rule.why,
        "",
        *(("Before:", _files(rule.before, "  ")) if isinstance(rule, ChangeRule) else ()),
        "Fails:",
        _files(rule.fails, "  "),
        "Passes:",
        _files(rule.passes, "  "),
        f"Fix: {rule.fix}",
    ]
    return "\n".join(parts) + "\n"


def page(rules: Sequence[Rule | ChangeRule]) -> str:
    """`docs/rules.md`, whole."""
    parts = [
        "# Rules",
        "",
        "Generated from the code by `make docs`; a test keeps it true, and runs every example.",
        "",
        "| rule | level | |",
        "|---|---|---|",
        *(f"| [{rule.id}](#{rule.id}) | {rule.level} | {rule.summary} |" for rule in rules),
    ]
    for rule in rules:
        parts += ["", f"## {rule.id}", "", f"{rule.summary}. Level: {rule.level}.", "", rule.why, ""]
        parts += ["Before:", "", _fenced(rule.before), ""] if isinstance(rule, ChangeRule) else []
        parts += ["Fails:", "", _fenced(rule.fails)]
        parts += ["", "Passes:", "", _fenced(rule.passes), "", f"**Fix:** {rule.fix}"]
    return "\n".join(parts) + "\n"


def _files(files: tuple[tuple[str, str], ...], indent: str) -> str:
    shown = []
    for path, text in files:
        shown.append(f"{indent}# {path}")
        shown += [f"{indent}{line}".rstrip() for line in text.rstrip("\n").split("\n")]
    return "\n".join(shown) + "\n"


def _fenced(files: tuple[tuple[str, str], ...]) -> str:
    return "```yaml\n" + _files(files, "").rstrip("\n") + "\n```"
