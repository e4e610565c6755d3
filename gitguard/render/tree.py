"""A git tree as the tools that render see it: files, folders and symbolic links, without anything on disk."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple

from gitguard.model.files import SUBMODULE, SYMLINK, Entry
from gitguard.render.outcomes import Needed, Refused

_MOST_LINKS = 40


class Named(NamedTuple):
    """What the kustomization of one folder names: files that are there and that are not, and folders with kustomizations of their own.

    `whole`: it may read every file of its folder.
    """

    files: frozenset[str]
    absent: frozenset[str]
    folders: tuple[str, ...]
    whole: bool


class Tree:
    """The entries of one tree. `read` gives the content of a file by path, `links` where each symbolic link leads, as written.

    `parsed` remembers the kustomizations of folders, and `named` what they name, which are asked for again and again.
    """

    def __init__(self, entries: Sequence[Entry], links: Mapping[str, str], read: Callable[[str], bytes]) -> None:
        self.entries = {entry.path: entry for entry in entries}
        self.links = links
        self.read = read
        self._paths = sorted(self.entries)
        self._folders = folders_of(self._paths)
        self._submodules = frozenset(entry.path for entry in entries if entry.mode == SUBMODULE)
        self.parsed: dict[str, list[Mapping[str, Any]]] = {}
        self.named: dict[str, Named] = {}
        self.leading_out = next((path for path in sorted(links) if _leads_out(path, links[path])), "")

    def resolve(self, path: str) -> str:
        """The path without symbolic links on the way; Refused where it leaves the repository, Needed where a submodule is on the way."""
        if not self.links and not self._submodules:
            return _inside(path)
        for _ in range(_MOST_LINKS):
            path = _inside(path)
            link = next((part for part in (*reversed(list(_parents(path))), path) if part in self.links), None)
            if link is None:
                self._refuse_submodule(path)
                return path
            path = join(dirname(link), self.links[link], path[len(link) + 1 :])
        raise Refused(f"{path}: symbolic links that lead in a circle")

    def is_file(self, path: str) -> bool:
        """Is there a file at this path, already resolved?"""
        entry = self.entries.get(path)
        return entry is not None and entry.mode not in (SYMLINK, SUBMODULE)

    def is_folder(self, path: str) -> bool:
        """Is there a folder at this path, already resolved? "" is the root."""
        return not path or path in self._folders

    def below(self, folder: str) -> Iterator[str]:
        """All paths below the folder, links included, in order."""
        prefix = f"{folder}/" if folder else ""
        for index in range(bisect_left(self._paths, prefix), len(self._paths)):
            if not self._paths[index].startswith(prefix):
                return
            yield self._paths[index]

    def inside(self, folder: str) -> Iterator[str]:
        """The paths of the files that lie directly in the folder."""
        skip = len(folder) + 1 if folder else 0
        for path in self.below(folder):
            if "/" not in path[skip:]:
                yield path

    def folders_below(self, folder: str) -> Iterable[str]:
        """All folders below the folder, itself excluded."""
        return sorted(one for one in self._folders if one and (not folder or one.startswith(f"{folder}/")))

    def _refuse_submodule(self, path: str) -> None:
        for submodule in self._submodules:
            if path == submodule or path.startswith(f"{submodule}/"):
                raise Needed(f"{path} lies in the git submodule {submodule}", "the submodule's repository")


def folders_of(paths: Iterable[str]) -> frozenset[str]:
    """Every folder that one of the paths lies in, "" for the root. Parents are known once one of their files was seen."""
    folders = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(folders)


def within(folder: str, path: str) -> str:
    """`path` as written in a file of `folder`, from the repository's root; Refused where it is absolute or leads out of the repository."""
    if path.startswith("/"):
        raise Refused(f"`{path}` is an absolute path: only the repository may be read")
    return _inside(join(folder, path), path)


def _inside(path: str, written: str = "") -> str:
    clean = normpath(path) if path else "."
    if clean == ".." or clean.startswith(("../", "/")):
        raise Refused(f"`{written or path}` leads out of the repository")
    return "" if clean == "." else clean


def _parents(path: str) -> Iterator[str]:
    while path := dirname(path):
        yield path
    yield ""


def _leads_out(path: str, target: str) -> bool:
    """Is the link absolute, or does it leave the repository at any step? Argo CD then refuses the whole repository."""
    if target.startswith("/"):
        return True
    folder = dirname(path)
    for part in target.split("/"):
        folder = normpath(join(folder, part))
        if folder == ".." or folder.startswith("../"):
            return True
    return False
