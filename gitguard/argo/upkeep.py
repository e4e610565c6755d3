"""What becomes of an Application's objects when they, or it, are gone from git: by its finalizers, its sync policy and its ApplicationSet's."""

from collections.abc import Mapping
from typing import Any

from gitguard.model.argo import Upkeep

# Foreground, which it is without a suffix, and background.
_CASCADING = (
    "resources-finalizer.argocd.argoproj.io",
    "resources-finalizer.argocd.argoproj.io/background",
    "resources-finalizer.argocd.argoproj.io/foreground",
)
_KEEPING = ("create-only", "create-update")


def upkeep(manifest: Mapping[str, Any]) -> Upkeep:
    """Of an Application (controller/appcontroller.go)."""
    policy = _mapping(_mapping(manifest.get("spec")).get("syncPolicy"))
    automated = policy.get("automated")
    is_on = isinstance(automated, Mapping) and automated.get("enabled") is not False
    finalizers = _mapping(manifest.get("metadata")).get("finalizers")
    options = policy.get("syncOptions")
    return Upkeep(
        cascades=isinstance(finalizers, list) and any(one in _CASCADING for one in finalizers),
        prunes=is_on and _mapping(automated).get("prune") is True,
        keeps=isinstance(options, list) and any(one in ("Prune=false", "Prune=confirm") for one in options),
    )


def of_set(application: Upkeep, manifest: Mapping[str, Any]) -> Upkeep:
    """Of an Application that an ApplicationSet makes: it has the finalizer, unless the set preserves resources (applicationset_controller.go)."""
    policy = _mapping(_mapping(manifest.get("spec")).get("syncPolicy"))
    preserves = policy.get("preserveResourcesOnDeletion") is True
    return application._replace(cascades=application.cascades or not preserves, stays=policy.get("applicationsSync") in _KEEPING)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
