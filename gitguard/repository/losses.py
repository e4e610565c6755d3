"""What git can't bring back: objects whose deletion takes more with them than their manifests."""

from collections.abc import Mapping
from typing import Any

from gitguard.model.rendering import RenderedObject

# By API group and kind; what goes with the object.
_ALWAYS = {
    ("", "PersistentVolumeClaim"): "its data, unless its volume is retained",
    ("", "Namespace"): "everything in it",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "every object of its kind, also those that git doesn't have",
    ("snapshot.storage.k8s.io", "VolumeSnapshot"): "the snapshot, unless its class retains it",
}


def loss(item: RenderedObject) -> str:
    """What is lost with the object for good, "" for nothing: once it is in git again, Argo CD makes it anew as it was.

    A PersistentVolume takes its storage along only where it says so: one that is made by hand is retained. The claims of a StatefulSet stay, unless
    it says otherwise. A Secret without values has them from somebody else.
    """
    group = item.api_version.rpartition("/")[0]
    known = _ALWAYS.get((group, item.kind), "")
    spec = _mapping(item.manifest.get("spec"))
    if (group, item.kind) == ("", "PersistentVolume") and spec.get("persistentVolumeReclaimPolicy") == "Delete":
        return "its storage (persistentVolumeReclaimPolicy: Delete)"
    if (group, item.kind) == ("apps", "StatefulSet") and _mapping(spec.get("persistentVolumeClaimRetentionPolicy")).get("whenDeleted") == "Delete":
        return "its claims with their data (persistentVolumeClaimRetentionPolicy)"
    if (group, item.kind) == ("", "Secret") and not item.manifest.get("data") and not item.manifest.get("stringData"):
        return "its values, which git doesn't have"
    return known


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
