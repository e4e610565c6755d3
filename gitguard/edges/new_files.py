"""Files that are made in a work tree where none were: never over anything, never through a symbolic link."""

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


def obstacle(root: Path, path: str, tracked: Collection[str]) -> str:
    """Why nothing can be made at `path` below `root`; "" where it can. `tracked` are the paths that git knows: they may be missing on the disk."""
    for place in (path, *_twins(path, tracked)):
        if place in tracked:
            return "it is there" if place == path else f"{place} is there, the same name where upper and lower case are one"
    folder, *rest = root, *path.split("/")
    for number, name in enumerate(rest):
        last = number == len(rest) - 1
        try:
            there = [one.name for one in folder.iterdir()]
        except FileNotFoundError:
            return ""
        except OSError as error:
            return f"{folder.relative_to(root)}: {error.strerror}"
        twins = [one for one in there if one != name and one.casefold() == name.casefold()]
        if twins:
            return f"{twins[0]} is there, the same name where upper and lower case are one"
        folder /= name
        if folder.is_symlink():
            return "it is a symbolic link" if last else f"{folder.relative_to(root)} is a symbolic link"
        if name in there and not last and not folder.is_dir():
            return f"{folder.relative_to(root)} is no folder"
        if name in there and last:
            return "a folder is in its place" if folder.is_dir() else "it is there"
    return ""


def _twins(path: str, tracked: Collection[str]) -> Iterator[str]:
    folded = path.casefold()
    return (one for one in tracked if one != path and one.casefold() == folded)


def content(root: Path, path: str) -> bytes:
    """What a regular file at `path` holds, reached through no symbolic link; b"" where there is none that can be read."""
    try:
        with _opened(root, path, make=False) as (folder, name):
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()
    except OSError:
        return b""


def create(root: Path, path: str, text: bytes) -> None:
    """Make the file, whole or not at all, with the folders that it needs. OSError where it can't be: FileExistsError where anything is there."""
    with _opened(root, path, make=True) as (folder, name):
        passing = f".{name}.{secrets.token_hex(8)}"
        try:
            _fill(os.open(passing, _NEW, 0o644, dir_fd=folder), text)
            try:
                os.link(passing, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
            except FileExistsError:
                raise
            except OSError:
                # A file system without hard links.
                _directly(folder, name, text)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(passing, dir_fd=folder)


def _directly(folder: int, name: str, text: bytes) -> None:
    descriptor = os.open(name, _NEW, 0o644, dir_fd=folder)
    try:
        _fill(descriptor, text)
    except OSError:
        os.unlink(name, dir_fd=folder)
        raise


def _fill(descriptor: int, text: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _opened(root: Path, path: str, *, make: bool) -> Iterator[tuple[int, str]]:
    """The folder of a path, opened step by step so that no link on the way is followed, and the name in it."""
    *folders, name = path.split("/")
    current = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for folder in folders:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, dir_fd=current)
            inner = os.open(folder, _FOLDER, dir_fd=current)
            os.close(current)
            current = inner
        yield current, name
    finally:
        os.close(current)
