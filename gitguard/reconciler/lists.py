"""Lists of an object, paired entry by entry: by what identifies their entries, where something does.

Which field that is the API server's schema says for built-in types; custom resources have it by custom, and a list of which it does not hold
(an entry without it, or two of one) is compared as a whole.
"""

from collections.abc import Sequence
from typing import Any

_BY_FIELD = {
    "ports": (("containerPort", "protocol"), ("port", "protocol"), ("name",)),
    "env": (("name",),),
    "containers": (("name",),),
    "initContainers": (("name",),),
    "ephemeralContainers": (("name",),),
    "volumes": (("name",),),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "imagePullSecrets": (("name",),),
    "hostAliases": (("ip",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "conditions": (("type",),),
    "ownerReferences": (("uid",),),
    "roles": (("name",),),
    "parameters": (("name",),),
}


def identified(field: str, *lists: Sequence[Any]) -> tuple[str, ...] | None:
    """The fields that identify the entries of these lists, which lie at `field`; None where nothing does."""
    entries = [entry for one in lists for entry in one]
    if not all(isinstance(entry, dict) for entry in entries):
        return None
    for keys in _BY_FIELD.get(field, ()):
        if all(keys[0] in entry for entry in entries) and all(_distinct([identity(entry, keys) for entry in one]) for one in lists):
            return keys
    return None


def identity(entry: dict[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    """What identifies an entry, as text; a protocol that is not written is TCP, as everywhere."""
    return tuple(str(entry.get(key, "TCP" if key == "protocol" else "")) for key in keys)


def _distinct(identities: list[tuple[str, ...]]) -> bool:
    return len(set(identities)) == len(identities)
