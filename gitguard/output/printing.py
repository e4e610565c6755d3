"""Text of others, in what is printed. Apart from the reports, so that what prints little loads little."""

import json
from typing import Any


def printable(text: str) -> str:
    """Text from a repository on one line, made safe for a terminal and for the log of a CI system: what would be obeyed is shown.

    Those are control characters and escapes; `##vso[…]` and `##[…]`, which Azure Pipelines and GitHub's runner obey wherever they stand in a
    line; and `::command::`, which GitHub's runner obeys where a line begins with it.
    """
    if not text.isprintable():
        text = "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)
    text = text.replace("##", r"#\x23")
    bare = text.lstrip(" ")
    return f"{' ' * (len(text) - len(bare))}\\x3a{bare[1:]}" if bare.startswith(":") else text


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON with every value as it is, and nothing in it that is obeyed: the same characters are escaped, as JSON escapes them."""
    return "\n".join(map(_escaped, json.dumps(value, ensure_ascii=False, indent=indent).split("\n")))


def _escaped(line: str) -> str:
    if not line.isprintable():
        line = "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in line)
    return line.replace("##", r"#\u0023")
