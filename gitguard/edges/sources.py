"""What renderings read: the repository itself, its own commits, and what was fetched from elsewhere and kept in one git repository of the cache.

Whatever is kept (another repository, a chart, a file) is a git tree below a reference of its own: read, listed and checked by git.
"""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from posixpath import join
from typing import NamedTuple

from gitguard.edges.cache import Cache
from gitguard.edges.git import GitRepository, unattended
from gitguard.edges.tools import Tool
from gitguard.model.errors import RepositoryError
from gitguard.model.files import Entry
from gitguard.model.rendering import Remote
from gitguard.render.mounts import is_fetched, key, place

_LARGEST = 4 << 30
_NAMESPACE = "refs/gitguard"


class Found(NamedTuple):
    """The entries of what is here, each below its room, and why the rest is not."""

    entries: Mapping[Remote, tuple[Entry, ...]]
    failed: Mapping[Remote, str]


class Store:
    """The git repository in which fetched things are kept; it comes to be with the first of them. `environment` is what git runs in."""

    def __init__(self, folder: Path, environment: Mapping[str, str], cache: Cache) -> None:
        self.folder = folder
        self._cache = cache
        self.environment = unattended(environment)

    def known(self) -> Mapping[str, str]:
        """The references that there are, by the short names of what they keep, with the ids of their trees or commits."""
        if not (self.folder / "HEAD").is_file():
            return {}
        listed = self.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", _NAMESPACE).decode().split("\n")
        return dict(row.split(" ") for row in listed if row)

    def entries(self, commits: Collection[str]) -> Mapping[str, tuple[Entry, ...]]:
        """All that these kept commits hold; listings are remembered, for git has to be started for each."""
        remembered = self._cache.get(f"listing:{commit}" for commit in commits)
        listed = {commit: json.loads(remembered[f"listing:{commit}"]) for commit in commits if f"listing:{commit}" in remembered}
        fresh = {commit: list(self._listed(commit)) for commit in commits if commit not in listed}
        self._cache.put({f"listing:{commit}": json.dumps(rows) for commit, rows in fresh.items()})
        return {commit: tuple(Entry(path, mode, blob, stored=True) for path, mode, blob in rows) for commit, rows in (listed | fresh).items()}

    def _listed(self, commit: str) -> Iterator[tuple[str, str, str]]:
        for row in self.git("ls-tree", "-r", "-z", "--full-tree", commit).decode("utf-8", "surrogateescape").split("\0"):
            if row:
                description, _, path = row.partition("\t")
                mode, _, blob = description.split(" ")
                yield path, mode, blob

    def prepare(self) -> None:
        """Make it, and make it anew where it has grown too large: all that is lost is time."""
        with suppress(OSError):
            if sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file()) > _LARGEST:
                shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.git("init", "--quiet", "--bare", ".")

    def keep(self, name: str, files: Mapping[str, bytes]) -> None:
        """Keep these files, and no others, below the reference `name`."""
        parts = [f"commit {reference(name)}\ncommitter gitguard <gitguard@localhost> 0 +0000\ndata 0\ndeleteall\n".encode()]
        for path, content in sorted(files.items()):
            quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
            parts.append(b"M 100644 inline " + os.fsencode(quoted) + b"\ndata %d\n" % len(content) + content + b"\n")
        self.git("fast-import", "--quiet", "--force", "--done", stdin=b"".join([*parts, b"done\n"]))

    def git(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Run git there; RepositoryError where it fails."""
        done = subprocess.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            cwd=self.folder, env=dict(self.environment), input=stdin, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RepositoryError(f"git can't use {self.folder}: {done.stderr.decode('utf-8', 'replace').strip()[:300]}", "remove that folder")
        return done.stdout


def reference(name: str) -> str:
    """The whole name of a reference."""
    return f"{_NAMESPACE}/{name}"


Fetch = Callable[[Sequence[Remote], Store], Mapping[Remote, str]]


class Sources:
    """Reads the entries of one repository and of what is mounted beside it.

    `fetch` puts what is wanted into the store, and says of each failure why; None where nothing may be fetched.
    """

    def __init__(self, own: GitRepository, store: Store | None = None, fetch: Fetch | None = None) -> None:
        self.own = own
        self._store = store
        self._fetch = fetch
        self._kept = GitRepository(store.folder, store.environment, bare=True) if store else own

    def read(self, entries: Sequence[Entry]) -> Iterator[tuple[Entry, bytes | OSError]]:
        """The content of each entry, in order; an OSError in its place where it can't be read."""
        if not any(is_fetched(entry.path) for entry in entries):
            yield from self.own.read(entries)
            return
        own = self.own.read([entry for entry in entries if not is_fetched(entry.path)])
        kept = self._kept.read([entry for entry in entries if is_fetched(entry.path)])
        for entry in entries:
            yield next(kept if is_fetched(entry.path) else own)

    def find(self, wanted: Collection[Remote]) -> Found:
        """What of it is here, or could be fetched."""
        entries: dict[Remote, tuple[Entry, ...]] = {}
        failed: dict[Remote, str] = {}
        for remote in wanted:
            if remote.kind == "commit":
                with suppress(RepositoryError):
                    entries[remote] = _mounted(remote, self.own.commit(remote.revision))
        outside = [remote for remote in wanted if remote.kind != "commit"]
        if outside and self._store is not None:
            try:
                failed |= self._fetch(outside, self._store) if self._fetch else {}
                known = self._store.known()
                here = [remote for remote in outside if key(remote) in known and remote not in failed]
                kept = self._store.entries({known[key(remote)] for remote in here})
                entries |= {remote: _mounted(remote, kept[known[key(remote)]]) for remote in here}
            except (OSError, RepositoryError) as error:
                failed |= dict.fromkeys(outside, str(error))
        return Found(entries, failed)


def _mounted(remote: Remote, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    root = place(remote)
    return tuple(entry._replace(path=join(root, entry.path)) for entry in entries)


def opened(
    own: GitRepository,
    render: str,
    folder: Path | None,
    cache: Cache,
    environment: Mapping[str, str],
    helm: Tool | None,
    progress: Callable[[str, int, int], None] | None,
) -> Sources:
    """A repository with what is kept of elsewhere below the cache's `folder` (None: nothing is), fetched where `render` is "always"."""
    if render == "never" or (render != "always" and folder is None):
        return Sources(own)
    store = Store((folder or _for_this_run()) / "remotes.git", environment, cache)
    if render != "always":
        return Sources(own, store)
    # Imported late: nobody else waits for what talks to the network.
    from gitguard.edges.fetching import Fetcher

    return Sources(own, store, Fetcher(environment, helm, progress))


def _for_this_run() -> Path:
    """A folder that is gone when this process ends."""
    folder = tempfile.mkdtemp(prefix="gitguard-remotes-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
