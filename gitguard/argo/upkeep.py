"""What becomes of an Application's objects when they, or it, are gone from git: by its finalizers, its sync policy, its ApplicationSet's, and the
objects' own annotations.

Source: Argo CD 3.6 controller/appcontroller.go (autoSync, finalizeApplicationDeletion, shouldBeDeleted), gitops-engine pkg/sync/sync_context.go
(isPruningDisabled, objRequiresPruneConfirmation), applicationset/controllers/applicationset_controller.go.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

from gitguard.model.argo import Upkeep

# Foreground, which it is without a suffix, and background.
_CASCADING = (
    "resources-finalizer.argocd.argoproj.io",
    "resources-finalizer.argocd.argoproj.io/background",
    "resources-finalizer.argocd.argoproj.io/foreground",
)
_KEEPING = ("create-only", "create-update")


class Removal(Enum):
    """What becomes of something that is gone from git."""

    GOES = "is deleted without anybody's doing"
    ASKED = "is deleted when somebody does it: syncs and prunes, or deletes what made it"
    CONFIRMED = "is deleted when somebody confirms it"
    STAYS = "stays"


def upkeep(manifest: Mapping[str, Any]) -> Upkeep:
    """Of an Application, as Argo CD's controllers see it: with the finalizer that an ApplicationSet gives it."""
    policy = _mapping(_mapping(manifest.get("spec")).get("syncPolicy"))
    automated = policy.get("automated")
    is_on = isinstance(automated, Mapping) and automated.get("enabled") is not False
    finalizers = _mapping(manifest.get("metadata")).get("finalizers")
    options = policy.get("syncOptions")
    options = [one for one in options if isinstance(one, str)] if isinstance(options, list) else []
    return Upkeep(
        cascades=isinstance(finalizers, list) and any(one in _CASCADING for one in finalizers),
        prunes=is_on and _mapping(automated).get("prune") is True,
        empties=_mapping(automated).get("allowEmpty") is True,
        pruning=_value(options, "Prune"),
        deletion=_value(options, "Delete"),
    )


def of_set(application: Upkeep, manifest: Mapping[str, Any]) -> Upkeep:
    """Of an ApplicationSet, or of an Application that it makes: what it does with those that it makes no more, and what its own deletion does.

    Deleting it takes them along, whatever `applicationsSync` says, unless it has a finalizer: then its controller sees it go, and lets go of them.
    """
    policy = _mapping(_mapping(manifest.get("spec")).get("syncPolicy"))
    stays = policy.get("applicationsSync") in _KEEPING
    return application._replace(stays=stays, outlives=stays and bool(_mapping(manifest.get("metadata")).get("finalizers")))


def when_pruned(manifest: Mapping[str, Any], by: Upkeep) -> Removal:
    """What the next syncs of its Application do with an object that it deploys no more; `manifest` is the object as it was last synced.

    Its own option comes before its Application's. `helm.sh/resource-policy: keep` keeps it from a cascade only (docs/user-guide/helm.md).
    """
    own = _value(_listed(manifest, "argocd.argoproj.io/sync-options"), "Prune")
    option = by.pruning if own is None else own
    if option == "false":
        return Removal.STAYS
    if not by.prunes:
        return Removal.ASKED
    return Removal.CONFIRMED if option == "confirm" else Removal.GOES


def when_cascaded(manifest: Mapping[str, Any], by: Upkeep) -> Removal:
    """What becomes of an object when its Application, which has the finalizer, is deleted. CustomResourceDefinitions always stay."""
    own = _value(_listed(manifest, "argocd.argoproj.io/sync-options"), "Delete")
    option = by.deletion if own is None else own
    is_definition = manifest.get("kind") == "CustomResourceDefinition" and str(manifest.get("apiVersion")).startswith("apiextensions.k8s.io/")
    if is_definition or option == "false" or "keep" in _listed(manifest, "helm.sh/resource-policy"):
        return Removal.STAYS
    return Removal.CONFIRMED if option == "confirm" else Removal.GOES


def _listed(manifest: Mapping[str, Any], annotation: str) -> list[str]:
    """The entries of an annotation that is a list with commas."""
    said = _mapping(_mapping(manifest.get("metadata")).get("annotations")).get(annotation)
    return [part.strip() for part in said.split(",")] if isinstance(said, str) else []


def _value(options: Iterable[str], name: str) -> str | None:
    """The first value of an option, None where it is not given."""
    return next((one.removeprefix(f"{name}=") for one in options if one.startswith(f"{name}=")), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
