"""Text of others on a terminal. Apart from the reports, so that what prints little loads little."""


def printable(text: str) -> str:
    """Text from a repository, made safe for a terminal: control characters and escapes are shown, not obeyed."""
    return "".join(character if character.isprintable() else character.encode("unicode_escape").decode() for character in text)
