"""What the user tells gitguard in `.gitguard.yaml`; the defaults make everything work without one."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from gitguard.model.policy import Policy


class ArgoSettings(NamedTuple):
    """The control plane: Argo CD's minor version, its namespace, and where else Applications may live."""

    version: str = "3.6"
    namespace: str = "argocd"
    application_namespaces: tuple[str, ...] = ()


class KnownCluster(NamedTuple):
    """A cluster as Argo CD's cluster secret names it; `context` is that of the kubeconfig."""

    name: str
    server: str
    context: str = ""


class Environment(NamedTuple):
    """One environment: the path prefixes or globs that belong to it, its clusters, by name or server, and its branches (globs).

    `authors` may change it and `approvers` approve that, by login or address; `signers` sign its commits, by address or key: anybody where there
    are none. `after` is the environment that has to have a version before this one.
    """

    name: str
    paths: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    after: str = ""

    def has(self, path: str) -> bool:
        """Does the path belong to it? Every path does where it names none."""
        return not self.paths or any(_below(path, pattern) for pattern in self.paths)

    def receives(self, branch: str) -> bool:
        """Is the branch one of its own? Every branch is where it names none."""
        return not self.branches or any(fnmatchcase(branch, pattern) for pattern in self.branches)


class Ignore(NamedTuple):
    """A suppression: findings of `rule` (or of any, "") at `path` (glob) or of `object` are accepted, for a reason, until a day."""

    rule: str
    path: str
    object: str
    reason: str
    until: str


class Configuration(NamedTuple):
    """All settings. `kubernetes` is "" for the newest version known, `baseline` the path of the baseline, "" for none."""

    kubernetes: str = ""
    argocd: ArgoSettings = ArgoSettings()
    urls: tuple[str, ...] = ()
    clusters: tuple[KnownCluster, ...] = ()
    environments: tuple[Environment, ...] = ()
    render: str = "auto"
    roots: tuple[str, ...] = ()
    external_projects: tuple[str, ...] = ()
    ignore: tuple[Ignore, ...] = ()
    baseline: str = ""
    reconcile: Policy = Policy()
    source: str = ""

    def environment_of(self, path: str) -> str:
        """The environment that a path belongs to, "" for none."""
        for environment in self.environments:
            if any(_below(path, pattern) for pattern in environment.paths):
                return environment.name
        return ""


def _below(path: str, pattern: str) -> bool:
    prefix = pattern.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/") or fnmatchcase(path, pattern) or fnmatchcase(path, f"{prefix}/*")
