"""The baseline in force, and where a new one may be written."""

from collections.abc import Sequence
from pathlib import Path

from gitguard.commands.options import Options
from gitguard.commands.reading import place_in
from gitguard.edges.git import GitRepository
from gitguard.model.configuration import Configuration
from gitguard.model.errors import ConfigurationError, UsageError
from gitguard.model.files import SYMLINK, Entry
from gitguard.model.suppression import Baseline
from gitguard.repository.baseline import LARGEST, parsed

_WRITE = "`gitguard check --write-baseline FILE` writes one"


def baseline(git: GitRepository, settings: Configuration, options: Options, entries: Sequence[Entry]) -> Baseline:
    """The baseline that is named, else the configured one, else an empty one: a file of the repository as these entries have it, whatever lies on the
    disk. Raises ConfigurationError where it can't be read."""
    if options.baseline is not None:
        inside = place_in(git, options.baseline, entries)
        if any(entry.path == inside for entry in entries):
            return _tracked(git, inside, entries)
        return parsed(_on_disk(options.baseline), str(options.baseline))
    return _tracked(git, settings.baseline, entries) if settings.baseline else Baseline()


def _tracked(git: GitRepository, path: str, entries: Sequence[Entry]) -> Baseline:
    found = next((entry for entry in entries if entry.path == path), None)
    if found is None:
        raise ConfigurationError(f"`baseline: {path}` of the configuration: git tracks no such file", f"{_WRITE}; then `git add` it")
    if found.mode == SYMLINK:
        raise ConfigurationError(f"{path}: the baseline is a symbolic link", "keep the file itself in the repository")
    (_, content), *_ = git.read([found])
    if isinstance(content, OSError):
        raise ConfigurationError(f"{path}: the baseline can't be read: {content.strerror or content}", _WRITE)
    return parsed(content, path)


def _on_disk(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{file}: the baseline can't be read: {error.strerror}", _WRITE) from error


def writable(file: Path) -> None:
    """May a baseline be written there? Raises UsageError where something else would be overwritten."""
    if not file.exists():
        return
    try:
        parsed(_on_disk(file), str(file))
    except ConfigurationError as error:
        raise UsageError(f"--write-baseline would overwrite a file that is no baseline: {error.message}", "name another file") from error
