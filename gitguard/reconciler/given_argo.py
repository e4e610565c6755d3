"""What Argo CD itself makes of an Application and an AppProject whenever it writes them: util/argo.NormalizeApplicationSpec, and Go's JSON.

Its Go types leave out what is empty: false, 0, "" and lists without entries, where a field is no pointer (json tag `omitempty` in
pkg/apis/application/v1alpha1), so that `recurse: false` in git is gone in the cluster. `prune`, `selfHeal` and `allowEmpty` were such fields until
3.3, and mean false still where they are left out. What is a pointer stays and matters: without `automated.enabled` it is enabled, and
`automated: {}` is not the same as none.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from gitguard.model.drift import ABSENT

RESOURCES_FINALIZER = "resources-finalizer.argocd.argoproj.io"
# By which the application controller runs the hooks of a deletion; it sets them by itself, where there are such hooks.
OWN_FINALIZERS = tuple(f"{when}-delete-finalizer.argocd.argoproj.io{stage}" for when in ("pre", "post") for stage in ("", "/cleanup"))
_OF_SOURCES = """
path targetRevision chart ref name tagPrefix
helm helm/valueFiles helm/parameters helm/releaseName helm/values helm/fileParameters helm/version helm/passCredentials helm/ignoreMissingValueFiles
helm/skipCrds helm/namespace helm/kubeVersion helm/apiVersions helm/skipTests helm/skipSchemaValidation
helm/parameters/*/name helm/parameters/*/value helm/parameters/*/forceString helm/fileParameters/*/name helm/fileParameters/*/path
kustomize kustomize/namePrefix kustomize/nameSuffix kustomize/images kustomize/commonLabels kustomize/version kustomize/commonAnnotations
kustomize/forceCommonLabels kustomize/forceCommonAnnotations kustomize/namespace kustomize/commonAnnotationsEnvsubst kustomize/replicas
kustomize/patches kustomize/components kustomize/ignoreMissingComponents kustomize/labelWithoutSelector kustomize/kubeVersion kustomize/apiVersions
kustomize/labelIncludeTemplates kustomize/patches/*/path kustomize/patches/*/patch kustomize/patches/*/options
kustomize/patches/*/target/group kustomize/patches/*/target/version kustomize/patches/*/target/kind kustomize/patches/*/target/name
kustomize/patches/*/target/namespace kustomize/patches/*/target/annotationSelector kustomize/patches/*/target/labelSelector
directory directory/recurse directory/jsonnet directory/exclude directory/include directory/disableExtensionFilter
directory/jsonnet/extVars directory/jsonnet/tlas directory/jsonnet/libs directory/jsonnet/extVars/*/code directory/jsonnet/tlas/*/code
plugin/name plugin/env plugin/parameters
"""
_OF_APPLICATIONS = """
destination/server destination/namespace destination/name info sources ignoreDifferences
ignoreDifferences/*/group ignoreDifferences/*/name ignoreDifferences/*/namespace
ignoreDifferences/*/jsonPointers ignoreDifferences/*/jqPathExpressions ignoreDifferences/*/managedFieldsManagers
syncPolicy syncPolicy/syncOptions syncPolicy/automated/prune syncPolicy/automated/selfHeal syncPolicy/automated/allowEmpty
syncPolicy/retry/limit syncPolicy/retry/refresh syncPolicy/retry/backoff/duration syncPolicy/retry/backoff/maxDuration
"""
_OF_PROJECTS = """
sourceRepos destinations description roles clusterResourceWhitelist namespaceResourceBlacklist syncWindows namespaceResourceWhitelist
signatureKeys clusterResourceBlacklist sourceNamespaces permitOnlyProjectScopedClusters destinationServiceAccounts
destinations/*/server destinations/*/namespace destinations/*/name destinationServiceAccounts/*/namespace
clusterResourceWhitelist/*/name clusterResourceBlacklist/*/name
roles/*/description roles/*/policies roles/*/groups roles/*/jwtTokens
syncWindows/*/kind syncWindows/*/schedule syncWindows/*/duration syncWindows/*/applications syncWindows/*/namespaces syncWindows/*/clusters
syncWindows/*/manualSync syncWindows/*/andOperator syncWindows/*/description syncWindows/*/syncOverrun
orphanedResources/ignore orphanedResources/ignore/*/group orphanedResources/ignore/*/kind orphanedResources/ignore/*/name
"""
_SOURCES = (("spec", "source"), ("spec", "sources", "*"), ("spec", "sourceHydrator", "drySource"))
# Of a dry source these are no `omitempty`.
_KEPT_IN_DRY_SOURCES = ("path", "targetRevision")


def gone(value: Any) -> Any:
    """Nothing remains of what is filled in, whatever it is."""
    return ABSENT


def unless_empty(value: Any) -> Any:
    """What Go leaves out as empty, and null."""
    return value or ABSENT


class Filled(NamedTuple):
    """A field that is filled in, and what remains of its value.

    `path` are the steps to it, of which "*" is any, and "x*" any that begins with x, as a last one none of `but`.
    """

    path: tuple[str, ...]
    becomes: Callable[[Any], Any] = gone
    but: frozenset[str] = frozenset()

    @property
    def always(self) -> bool:
        """Is it filled in whatever its value is?"""
        return self.becomes is gone

    def meets(self, steps: tuple[str, ...]) -> bool:
        """Do these steps lead to it?"""
        if len(steps) != len(self.path) or steps[-1] in self.but:
            return False
        return all(step.startswith(said[:-1]) if said.endswith("*") else step == said for said, step in zip(self.path, steps, strict=True))


def _normal_project(value: Any) -> Any:
    return ABSENT if value in ("", "default") else value


def _normal_zone(value: Any) -> Any:
    """InlineSyncWindow.Validate, which Argo CD runs before it writes a project."""
    return ABSENT if value in ("", "UTC") else value


def _normal_policy(value: Any) -> Any:
    """AppProject.NormalizePolicies: one space behind each comma."""
    if not isinstance(value, str):
        return value
    first, *more = value.split(",")
    return ", ".join([first, *(part.strip(" ") for part in more)])


def _emptied(names: str, prefixes: Iterable[tuple[str, ...]]) -> Iterator[Filled]:
    for prefix in prefixes:
        for name in names.split():
            if prefix[-1] != "drySource" or name not in _KEPT_IN_DRY_SOURCES:
                yield Filled((*prefix, *name.split("/")), unless_empty)


def _unless_blank(value: Any) -> Any:
    """The template that a generator may have of its own is no pointer: without one it is written as an empty one."""
    return ABSENT if value == {"metadata": {}, "spec": {"destination": {}, "project": ""}} else value


def _of_generators() -> Iterator[Filled]:
    # Matrices and merges have generators in them, two deep at most.
    for depth in (1, 2, 3):
        prefix = ("spec", *("generators", "*", "*") * depth)
        yield Filled((*prefix, "template"), _unless_blank)
        yield Filled((*prefix, "elements"), unless_empty)


APPLICATION_SET = tuple(_of_generators())
APPLICATION = (*_emptied(_OF_SOURCES, _SOURCES), *_emptied(_OF_APPLICATIONS, [("spec",)]), Filled(("spec", "project"), _normal_project))
PROJECT = (
    *_emptied(_OF_PROJECTS, [("spec",)]),
    Filled(("spec", "roles", "*", "policies", "*"), _normal_policy),
    Filled(("spec", "syncWindows", "*", "timeZone"), _normal_zone),
)
