"""A folder in which the files that a rendering may read lie as the repository has them; gone afterwards, however it ends."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from gitguard.edges.sources import Sources
from gitguard.model.files import SYMLINK, Entry

_PREFIX = "render-"
_A_DAY = 24 * 60 * 60


class Scratch:
    """`shared` holds the files of all renderings, as they are; `private` are copies for those that need their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shared = folder / "tree"
        self.home = folder / "home"
        self.shared.mkdir()
        self.home.mkdir(mode=0o500)

    def fill(self, sources: Sources, entries: Iterable[Entry], is_marked: Callable[[bytes], bool]) -> frozenset[str]:
        """Write the entries' contents; the answer is the paths of those that `is_marked` says yes to."""
        made: set[Path] = set()
        marked: set[str] = set()
        for entry, content in sources.read(list(entries)):
            if isinstance(content, OSError):
                continue
            file = self.shared / entry.path
            if file.parent not in made:
                file.parent.mkdir(parents=True, exist_ok=True)
                made.add(file.parent)
            if entry.mode == SYMLINK:
                file.symlink_to(os.fsdecode(content))
            else:
                file.write_bytes(content)
                if is_marked(content):
                    marked.add(entry.path)
        return frozenset(marked)

    @contextmanager
    def private(self, files: Iterable[str], changed: Mapping[str, str], copies: Mapping[str, str]) -> Iterator[Path]:
        """The same files with some `changed`, and some copied: `copies` maps a new place to the file or folder that is to be there, too."""
        with tempfile.TemporaryDirectory(prefix="own-", dir=self.folder) as name:
            root = Path(name)
            for path in files:
                if path not in changed:
                    self._link(path, root / path)
                for place, copied in copies.items():
                    if path == copied or path.startswith(f"{copied}/"):
                        self._link(path, root / f"{place}{path[len(copied) :]}")
            for path, content in changed.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_bytes(content.encode())
            yield root

    def _link(self, path: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):
            os.link(self.shared / path, target, follow_symlinks=False)


def _sweep(within: Path) -> None:
    """Remove what runs that were killed have left; a living one is done long before a day has passed."""
    for left in within.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _A_DAY:
                (left / "home").chmod(0o700)
                shutil.rmtree(left)


@contextmanager
def scratch(within: Path | None) -> Iterator[Scratch]:
    """A scratch folder inside gitguard's own cache folder, or in the system's temporary one where there is none."""
    if within is not None:
        try:
            within.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            within = None
        else:
            _sweep(within)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=within, ignore_cleanup_errors=True) as folder:
        made = Scratch(Path(folder).resolve())
        try:
            yield made
        finally:
            with suppress(OSError):
                made.home.chmod(0o700)
