"""What can come of a template besides its text."""


class TemplateError(ValueError):
    """Go refuses the template, when it is read or when it runs. `missing`: it is because a map has no such key, or a value no such field."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


class Undecided(Exception):
    """The text can't be known here; the message says why."""
