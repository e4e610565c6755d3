"""What is to be done to render one source: the inputs of one tool, complete, so that equal plans on equal files give equal objects."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.model.rendering import Reads


class Cluster(NamedTuple):
    """What a rendering is told of the cluster. `kube_version` is "1.37.0"; `api_versions` are `group/version` and `group/version/Kind`.

    `argo_namespace` is the control plane's; `build_options` are those of `kustomize.buildOptions` in argocd-cm, None where it is not known.
    """

    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    argo_namespace: str = "argocd"
    build_options: str | None = ""


class Part(NamedTuple):
    """One source of an Application. `namespace` is the Application's, `target` its destination's namespace; `refs` are the sources that
    `$name/…` refers to, `here` the names of those that are this repository (its own included, as ""). `revision` is the commit that tools are
    told of, "" where there is none yet."""

    name: str
    namespace: str
    project: str
    target: str
    pointer: str
    source: Mapping[str, Any]
    multi: bool = False
    refs: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
    here: frozenset[str] = frozenset({""})
    revision: str = ""

    @property
    def key(self) -> str:
        """`namespace/name` of the Application."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class DirectoryPlan(NamedTuple):
    """Read these files, in this order."""

    folder: str
    files: tuple[str, ...]
    reads: Reads


class Inflation(NamedTuple):
    """What a build is told where a kustomization inflates Helm charts; `known`: argocd-cm is known, and enables that."""

    known: bool
    kube_version: str
    api_versions: tuple[str, ...]


class KustomizePlan(NamedTuple):
    """Build the kustomization in `folder`.

    `file` is the kustomization's own file and `content` what the Application's options make of it, "" for what stands there. `annotating` is
    the same with the switch that makes the build tell by an annotation where each object comes from, "" where it can't be told that way.
    `unrestricted` lifts kustomize's restriction to files below each kustomization, None where it is not known whether Argo CD is told to.
    `files` are the files that the build may read. Where it takes something from the network, `rewritten` are (path, content) of the
    kustomizations that name it, as they are to be, and `copies` (place, path) are files and folders that are to be in a second place, too.
    """

    folder: str
    file: str
    content: str
    annotating: str
    unrestricted: bool | None
    files: tuple[str, ...]
    reads: Reads
    rewritten: tuple[tuple[str, str], ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    inflation: Inflation | None = None

    @property
    def is_own(self) -> bool:
        """Does the build need files that no other one has?"""
        return bool(self.content or self.rewritten or self.copies or self.inflation)


class HelmPlan(NamedTuple):
    """`helm template` of the chart in `folder`; `values` are values files in order, `extra` is YAML that comes after them.

    `sets`, `strings` and `set_files` are (name, value) in the order of --set, --set-string and --set-file.
    """

    folder: str
    release: str
    namespace: str
    kube_version: str
    api_versions: tuple[str, ...]
    values: tuple[str, ...]
    extra: str
    sets: tuple[tuple[str, str], ...]
    strings: tuple[tuple[str, str], ...]
    set_files: tuple[tuple[str, str], ...]
    skip_crds: bool
    skip_schema_validation: bool
    skip_tests: bool
    files: tuple[str, ...]
    reads: Reads
    assumed: tuple[str, ...] = ()


Plan = DirectoryPlan | KustomizePlan | HelmPlan
