"""How a file gets to a cluster: from a root, through kustomizations and through the Applications that deploy its folder.

Walked upwards, from the few files that hold Argo CD's objects to what refers to them, since a repository has thousands of others.
Reachability errs on the side of "reached" where a path is templated.
"""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from posixpath import dirname
from typing import NamedTuple

from gitguard.manifests.classify import Charts
from gitguard.model.repository import Reach
from gitguard.repository.kustomize import Kustomizations


class Deployment(NamedTuple):
    """A folder of this repository that the Application in the file `by` deploys. `folder` may hold `*` and `**` where it is templated.

    `recurse`, `include` and `exclude` are the directory source's options; without `recurse` a plain folder's subfolders are not read.
    """

    by: str
    folder: str
    recurse: bool = False
    include: str = ""
    exclude: str = ""

    @property
    def templated(self) -> bool:
        """Is the folder a pattern?"""
        return "*" in self.folder

    def part_covered(self, path: str) -> str | None:
        """The leading part of `path` that is the deployed folder; None where the path does not lie at or below it."""
        if not self.templated:
            below = not self.folder or path == self.folder or path.startswith(f"{self.folder}/")
            return self.folder if below else None
        match = _pattern(self.folder).match(path)
        return match.group(1) if match else None

    def covers(self, path: str) -> bool:
        """Does the file or folder lie at or below the deployed folder?"""
        return self.part_covered(path) is not None

    def is_at(self, folder: str) -> bool:
        """Is it exactly this folder?"""
        return self.part_covered(folder) == folder


@lru_cache(maxsize=4096)
def _pattern(folder: str) -> re.Pattern[str]:
    translated = "".join(_WILD.get(part, re.escape(part)) for part in re.split(r"(\*\*/|\*\*|\*)", folder))
    return re.compile(f"({translated})(?:/|$)")


_WILD = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]+"}


class Deployments:
    """All deployments of a repository, looked up by path without going through each of them."""

    def __init__(self, deployments: Iterable[Deployment]) -> None:
        self._plain: dict[str, list[Deployment]] = {}
        self._templated: dict[str, list[Deployment]] = {}
        for deployment in deployments:
            if deployment.templated:
                self._templated.setdefault(deployment.folder, []).append(deployment)
            else:
                self._plain.setdefault(deployment.folder, []).append(deployment)

    def covering(self, path: str) -> list[Deployment]:
        """Those whose folder lies at or above the path."""
        found = [deployment for folder in _upwards(path) for deployment in self._plain.get(folder, ())]
        return found + [deployment for same in self._templated.values() if same[0].covers(path) for deployment in same]

    def at(self, folder: str) -> list[Deployment]:
        """Those whose folder is exactly this one."""
        templated = [deployment for same in self._templated.values() if same[0].is_at(folder) for deployment in same]
        return self._plain.get(folder, []) + templated


def _upwards(path: str) -> Iterable[str]:
    while path:
        yield path
        path = dirname(path)
    yield ""


class Walk:
    """One walk over a repository; `reach` may be asked for any file, answers are remembered."""

    def __init__(self, kustomizations: Kustomizations, deployments: Deployments, charts: Charts, roots: Sequence[str]) -> None:
        self.kustomizations = kustomizations
        self.deployments = deployments
        self.charts = charts
        self.roots = roots
        self._known: dict[str, Reach] = {}
        self._under_way: set[str] = set()

    def reach(self, path: str) -> Reach:
        """How the file gets to a cluster; a `Reach` without roots where it does not."""
        if path not in self._known:
            self._known[path] = self._reach(path)
        return self._known[path]

    def _reach(self, path: str) -> Reach:
        chart = self.charts.around(path)
        if chart is not None and not path.startswith(f"{chart}/crds/".lstrip("/")):
            return Reach()
        governing = self.kustomizations.governing(path)
        ways = [self._through(folder) for folder in self.kustomizations.takers.get(path, ())]
        ways += [self._of_application(deployment.by) for deployment in self.deployments.covering(path) if self._reads(deployment, path)]
        if governing is None:
            ways.append(self._as_it_lies(path))
        return _joined(ways)

    def _through(self, folder: str) -> Reach:
        """The reach of what the kustomization in `folder` takes."""
        key = f"{folder}/"
        if key in self._known:
            return self._known[key]
        if key in self._under_way:
            return Reach()
        self._under_way.add(key)
        takers = self.kustomizations.takers.get(folder, ())
        deployed = self.deployments.at(folder)
        ways = [self._through(taker) for taker in takers] + [self._of_application(deployment.by) for deployment in deployed]
        if not takers and not deployed:
            ways.append(self._as_it_lies(folder))
        self._under_way.discard(key)
        joined = _joined(ways)
        namespace = self.kustomizations.namespaces.get(folder)
        namespaces = joined.namespaces or (frozenset({namespace}) if namespace else frozenset())
        self._known[key] = Reach(joined.roots, namespaces, joined.patched | self.kustomizations.patched.get(folder, frozenset()))
        return self._known[key]

    def _as_it_lies(self, path: str) -> Reach:
        """What nobody deploys is applied by hand or by a bootstrap; with configured roots only what lies below one of them is."""
        if self.roots:
            return Reach(frozenset(root for root in self.roots if not root or path == root or path.startswith(f"{root}/")))
        covering = self.deployments.covering(path)
        if not covering:
            return Reach(frozenset({path if path in self.kustomizations.folders else ""}))
        # An Application that lies in the folder it deploys manages itself: someone applied it once.
        if all(deployment.covers(deployment.by) for deployment in covering):
            return Reach(frozenset({""}))
        return Reach()

    def _of_application(self, path: str) -> Reach:
        """Children of an Application live in its control plane: they inherit its roots, but not its patches or namespace."""
        key = f"{path}\0"
        if key in self._under_way:
            return Reach(frozenset({""}))
        self._under_way.add(key)
        roots = self.reach(path).roots
        self._under_way.discard(key)
        return Reach(roots)

    def _reads(self, deployment: Deployment, path: str) -> bool:
        """Does a directory source read this file itself? A kustomization or a chart at the deployed folder is no directory source."""
        base = deployment.part_covered(path)
        if base is None or base in self.kustomizations.folders or base in self.charts.folders:
            return False
        inside = path[len(base) + 1 :] if base else path
        if not deployment.recurse and dirname(path) != base:
            return False
        if deployment.exclude and fnmatchcase(inside, deployment.exclude):
            return False
        return not deployment.include or any(fnmatchcase(inside, pattern) for pattern in _alternatives(deployment.include))


def _alternatives(pattern: str) -> Iterable[str]:
    """`{a.yaml,b.yaml}` is one pattern for Argo CD, several for fnmatch."""
    if pattern.startswith("{") and pattern.endswith("}"):
        return pattern[1:-1].split(",")
    return (pattern,)


def _joined(ways: Sequence[Reach]) -> Reach:
    alive = [way for way in ways if way.roots]
    return Reach(
        frozenset().union(*(way.roots for way in alive)),
        frozenset().union(*(way.namespaces for way in alive)),
        frozenset().union(*(way.patched for way in alive)),
    )
