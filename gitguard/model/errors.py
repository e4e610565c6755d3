"""What can go wrong for a reason that the user can mend: one class a kind, each with its exit code and its advice."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command; a closed table that README and docs repeat."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    INCOMPLETE = 3


class GitguardError(Exception):
    """Something the user can mend. `message` says what is wrong and where, `advice` what to do about it."""

    exit_code = ExitCode.INCOMPLETE

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(GitguardError):
    """The command line does not make sense: nothing was judged."""

    exit_code = ExitCode.USAGE


class ConfigurationError(GitguardError):
    """The configuration is wrong: nothing was judged, since the verdicts would not be what its author meant."""

    exit_code = ExitCode.USAGE


class RepositoryError(GitguardError):
    """There is no repository, commit or index to read."""

    exit_code = ExitCode.USAGE
