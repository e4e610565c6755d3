"""Charts of the repository: the ones that somebody installs by hand, and what a chart takes from elsewhere."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from posixpath import dirname, normpath

from gitguard.edges.git import GitRepository
from gitguard.manifests.classify import Charts
from gitguard.model.files import Entry
from gitguard.model.repository import Dependency, Repository
from gitguard.parse import read
from gitguard.render.helm import is_archive_of
from gitguard.render.plans import Part

_VALUES = re.compile(r"values[-_.](.+)\.ya?ml")


def installed_by_hand(repository: Repository, entries: Mapping[str, Entry]) -> Iterator[tuple[str, Part]]:
    """Charts that make Applications or AppProjects and that nothing deploys, once for each of their environments' values; `entries` by path.

    With the default values alone a chart says nothing: whoever installs it has others.
    """
    charts = Charts(entries)
    folders = {charts.around(path) for path, _ in repository.templates} - {None}
    deployed = {source.path.strip("/") for item in repository.applications for source in item.spec.sources}
    roots = repository.configuration.roots
    for folder in sorted(folder for folder in folders if folder is not None):
        below_root = not roots or any(folder == root or folder.startswith(f"{root}/") for root in roots)
        if folder in deployed or "/charts/" in f"/{folder}" or not below_root:
            continue
        values = sorted(path for path in entries if dirname(path) == folder and _VALUES.fullmatch(path.rpartition("/")[2]))
        for path in values:
            name = path.rpartition("/")[2]
            source = {"path": folder, "helm": {"valueFiles": [name]}}
            yield f"{folder}#{name}", Part(folder.rpartition("/")[2], "", "", "", "", source)


class Dependencies:
    """What the charts of one tree, `entries` by path, take from elsewhere."""

    def __init__(self, git: GitRepository, entries: Mapping[str, Entry]) -> None:
        self._git = git
        self._entries = entries

    def of(self, folder: str) -> Iterator[Dependency]:
        """The dependencies of the chart in a folder that are not vendored and come from a repository."""
        folder = normpath(folder.strip("/") or ".")
        below = "" if folder == "." else f"{folder}/"
        for name in ("Chart.yaml", "requirements.yaml"):
            path = f"{below}{name}"
            documents = read(self._said[path]).documents if path in self._said else ()
            listed = documents[0].value.get("dependencies") if documents and isinstance(documents[0].value, dict) else None
            for number, entry in enumerate(listed if isinstance(listed, list) else ()):
                url, wanted = (entry.get("repository"), entry.get("name")) if isinstance(entry, dict) else (None, None)
                if not isinstance(url, str) or "://" not in url or url.startswith("file://") or not isinstance(wanted, str):
                    continue
                packed = any(dirname(one) == f"{below}charts" and is_archive_of(wanted, one) for one in self._vendored)
                if not packed and f"{below}charts/{wanted}/Chart.yaml" not in self._entries:
                    yield Dependency(wanted, url, path, f"/dependencies/{number}/repository")

    @cached_property
    def _said(self) -> Mapping[str, bytes]:
        """What charts say of themselves, read at once."""
        named = [entry for path, entry in self._entries.items() if path.endswith(("Chart.yaml", "requirements.yaml"))]
        return {entry.path: content for entry, content in self._git.read(named) if isinstance(content, bytes)}

    @cached_property
    def _vendored(self) -> Sequence[str]:
        return [path for path in self._entries if "charts/" in path]
