"""Values that must not be in the log: of Secrets, and of fields that are named like credentials. A keyed hash of each stands for it.

The same value gives the same hash under one key, so that a change shows; without the key nobody can try values out.
"""

import hmac
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_CREDENTIAL = re.compile(
    r"(?i)pass(?:word|wd|phrase)?$|passw|secret|token|credential|api[-_.]?key|private[-_.]?key|access[-_.]?key|bearer|cookie|authorization"
    r"|connection[-_.]?string|dsn$|kubeconfig|htpasswd"
)
# Names of things that hold credentials, not credentials themselves.
_REFERENCE = re.compile(r"(?i)(?:secret(?:name|ref|keyref)?|ref|name|namespace|kind)$")
_SECRET_FIELDS = ("data", "stringData")
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def redacted(manifest: Mapping[str, Any], key: bytes) -> dict[str, Any]:
    """The object without values that must not be known; `key` is a secret of the ledger."""
    secret = manifest.get("kind") == "Secret"
    made = {name: _hashed_all(part, key) if secret and name in _SECRET_FIELDS else _walked(part, key) for name, part in manifest.items()}
    metadata = made.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if isinstance(annotations, dict) and _APPLIED in annotations:
        # It repeats the object as it was applied, values and all.
        made["metadata"] = {**metadata, "annotations": {**annotations, _APPLIED: keyed(annotations[_APPLIED], key)}}  # type: ignore[dict-item]
    return made


def redacted_value(value: Any, path: str, kind: str, key: bytes) -> Any:
    """One value at a JSON pointer of an object of that kind, as `redacted` would leave it."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in path.split("/")[1:]]
    whole = (kind == "Secret" and names[:1] and names[0] in _SECRET_FIELDS) or any(map(is_credential, names)) or _APPLIED in names
    return _hashed_all(value, key) if whole else _walked(value, key)


def keyed(value: Any, key: bytes) -> dict[str, str]:
    """The keyed hash that stands for a value."""
    data = value.encode() if isinstance(value, str) else json.dumps(value, sort_keys=True).encode()
    return {"hmac-sha256": hmac.new(key, data, sha256).hexdigest()}


def is_credential(name: str) -> bool:
    """Does the name of a field say that its value is a credential?"""
    return _CREDENTIAL.search(name) is not None and _REFERENCE.search(name) is None


def _walked(value: Any, key: bytes) -> Any:
    if isinstance(value, Mapping):
        named = value.get("name")
        if isinstance(named, str) and is_credential(named) and "value" in value:
            # An environment variable, a Helm parameter.
            value = {**value, "value": keyed(value["value"], key)}
            return {name: part if name == "value" else _walked(part, key) for name, part in value.items()}
        return {name: _hashed_all(part, key) if is_credential(name) else _walked(part, key) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_walked(part, key) for part in value]
    return value


def _hashed_all(value: Any, key: bytes) -> Any:
    """Every value hashed; the names of keys stay, for a change of one must show."""
    if isinstance(value, Mapping):
        return {name: _hashed_all(part, key) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hashed_all(part, key) for part in value]
    return value if value is None or isinstance(value, bool) else keyed(value, key)
