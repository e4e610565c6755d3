"""A git tree as the tools that render see it: files, folders and symbolic links, without anything on disk."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.model.files import SUBMODULE, SYMLINK, Entry
from gitguard.model.rendering import Remote
from gitguard.render.mounts import place, root_of
from gitguard.render.outcomes import Needed, Refused

_MOST_LINKS = 40


class Named(NamedTuple):
    """What the kustomization of one folder names: files that are there and that are not, and folders with kustomizations of their own.

    `whole` are folders of which it may read every file. Where it takes something from the network, `rewritten` is the kustomization as it is
    to be, and `copies` says of further places to which file or folder belongs there, too. `inflates`: it inflates Helm charts.
    """

    files: frozenset[str]
    absent: frozenset[str]
    folders: tuple[str, ...]
    whole: frozenset[str]
    rewritten: tuple[tuple[str, Mapping[str, Any]], ...]
    copies: tuple[tuple[str, str], ...]
    inflates: bool


class Tree:
    """The entries of one tree. `read` gives the content of a file by path, `links` where each symbolic link leads, as written.

    `mounts` are the things from outside that are here, `failed` why others are not; the entries of the former lie in their rooms.
    `parsed` remembers the kustomizations of folders, and `named` what they name, which are asked for again and again.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        links: Mapping[str, str],
        read: Callable[[str], bytes],
        mounts: Collection[Remote] = (),
        failed: Mapping[Remote, str] = MappingProxyType({}),
    ) -> None:
        self.entries = {entry.path: entry for entry in entries}
        self.links = links
        self.read = read
        self.mounts = {place(remote): remote for remote in mounts}
        self.failed = failed
        self._rooms: dict[str, list[str]] = {root: [] for root in ("", *self.mounts)}
        for path in sorted(self.entries):
            self._rooms[root_of(path)].append(path)
        self._leading_out: dict[str, str] = {}
        self._folders = {root: folders_of(paths, root) for root, paths in self._rooms.items()}
        self._submodules = frozenset(entry.path for entry in entries if entry.mode == SUBMODULE)
        self.parsed: dict[str, list[Mapping[str, Any]]] = {}
        self.named: dict[tuple[str, bool], Named] = {}

    def leading_out(self, root: str) -> str:
        """A link of the repository in that room, or of this one (""), that leads out of it; "" where there is none."""
        if root not in self._leading_out:
            skip = len(root) + 1 if root else 0
            links = (path for path in sorted(self.links) if root_of(path) == root)
            self._leading_out[root] = next((path for path in links if _leads_out(path[skip:], self.links[path])), "")
        return self._leading_out[root]

    def mounted(self, remote: Remote, reason: str, needs: str, *, elsewhere: bool = False) -> str:
        """The folder in which it lies; Needed, with the reason, where it is not here."""
        root = place(remote)
        if root in self.mounts:
            return root
        if remote in self.failed:
            reason = f"{reason}, and could not be fetched: {self.failed[remote]}"
        raise Needed(reason, needs, elsewhere=elsewhere and remote not in self.failed, remotes=(remote,))

    def resolve(self, path: str) -> str:
        """The path without symbolic links on the way; Refused where it leaves the repository, Needed where a submodule is on the way."""
        root = root_of(path)
        if not self.links and not self._submodules:
            return _inside(path, root)
        for _ in range(_MOST_LINKS):
            path = _inside(path, root)
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
        return path in self._folders.get(root_of(path), ())

    def below(self, folder: str) -> Iterator[str]:
        """All paths below the folder, links included, in order."""
        prefix = f"{folder}/" if folder else ""
        paths = self._rooms.get(root_of(folder), [])
        for index in range(bisect_left(paths, prefix), len(paths)):
            if not paths[index].startswith(prefix):
                return
            yield paths[index]

    def inside(self, folder: str) -> Iterator[str]:
        """The paths of the files that lie directly in the folder."""
        skip = len(folder) + 1 if folder else 0
        for path in self.below(folder):
            if "/" not in path[skip:]:
                yield path

    def _refuse_submodule(self, path: str) -> None:
        for submodule in self._submodules:
            if path == submodule or path.startswith(f"{submodule}/"):
                raise Needed(f"{path} lies in the git submodule {submodule}", "the submodule's repository")


def folders_of(paths: Iterable[str], root: str = "") -> frozenset[str]:
    """Every folder that one of the paths lies in, from `root` on. Parents are known once one of their files was seen."""
    folders = {root}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(folders)


def within(folder: str, path: str) -> str:
    """`path` as written in a file of `folder`, from the tree's root; Refused where it is absolute or leads out of its repository."""
    if path.startswith("/"):
        raise Refused(f"`{path}` is an absolute path: only the repository may be read")
    return _inside(join(folder, path), root_of(folder), path)


def _inside(path: str, root: str, written: str = "") -> str:
    clean = normpath(path) if path else "."
    clean = "" if clean == "." else clean
    if clean == ".." or clean.startswith(("../", "/")) or root_of(clean) != root:
        raise Refused(f"`{written or path}` leads out of the repository")
    return clean


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
