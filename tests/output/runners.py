"""What CI systems obey in the log of a step, by the code of their runners."""

import re


def lines(text: str) -> list[str]:
    """A step's output is read line by line."""
    return re.split(r"\r\n|\r|\n", text)


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """As GitHub's runner reads it (ActionCommand.TryParseV2): one command a line, (name, properties, message)."""
    made = []
    for line in lines(text):
        found = re.match(r"\s*::([^: ]+)(?: (.*?))?::(.*)$", line)
        if found:
            pairs = [part.split("=", 1) for part in (found[2] or "").split(",") if "=" in part]
            made.append((found[1], {key: _unescaped(value, properties=True) for key, value in pairs}, _unescaped(found[3], properties=False)))
    return made


def obeyed_anywhere(text: str) -> list[str]:
    """What is obeyed wherever it stands in a line: GitHub's old commands (ActionCommand.TryParse), and those of Azure's agent (Command.TryParse),
    which also formats lines that begin with `##[`."""
    made = []
    for line in lines(text):
        for prefix in ("##[", "##vso["):
            at = line.find(prefix)
            if at >= 0 and "]" in line[at:]:
                made.append(line)
    return made


def _unescaped(text: str, *, properties: bool) -> str:
    signs = [("%0D", "\r"), ("%0A", "\n"), *([("%3A", ":"), ("%2C", ",")] if properties else []), ("%25", "%")]
    for escaped, plain in signs:
        text = text.replace(escaped, plain)
    return text
