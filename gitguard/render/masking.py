"""Rendered objects without their secrets: what is a secret's value stays out of outputs and caches."""

import re
from collections.abc import Mapping
from typing import Any

_CREDENTIAL = re.compile(r"(?i)passw|secret|token|api_?-?key|credential|private_?-?key|passphrase")
_SAID = re.compile(r"(?i)((?:passw\w*|secret\w*|token|api_?key)[\"']?\s*[:=]\s*)\S+")
# Kustomize prints the whole configuration of what it can't configure, and the literals of what it can't generate.
_CONFIGURATION = re.compile(r"(?s) with config: `.*`")
_LITERALS = re.compile(r"(?s)(literal sources?:? )(?:\[.*?\](?=:|$)|.*?(?=, expected|$))")
_TEXT = "***"
# "***" in base64: the masked Secret is still one that the API server would take.
_ENCODED = "Kioq"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MOST_LEVELS = 60


def masked(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object with every value of a Secret, and of environment variables that are named like credentials, replaced."""
    if manifest.get("kind") == "Secret" and manifest.get("apiVersion") == "v1":
        return _secret(manifest)
    made: Mapping[str, Any] = _environment(manifest, 0)
    return made


def quiet(message: str) -> str:
    """A tool's message without what could be a credential in it."""
    return _SAID.sub(rf"\1{_TEXT}", _LITERALS.sub(rf"\1{_TEXT}", _CONFIGURATION.sub("", message)))


def _secret(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    made = dict(manifest)
    for field, mask in (("data", _ENCODED), ("stringData", _TEXT)):
        if isinstance(manifest.get(field), dict):
            made[field] = {key: _mask(value, mask) for key, value in manifest[field].items()}
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict) and _LAST_APPLIED in metadata["annotations"]:
        made["metadata"] = {**metadata, "annotations": {**metadata["annotations"], _LAST_APPLIED: _TEXT}}
    return made


def _mask(value: Any, mask: str) -> Any:
    """A value of the same type: a Secret that the API server would refuse stays one."""
    if isinstance(value, str):
        return mask if value else value
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return 0
    return {} if isinstance(value, dict) else []


def _environment(value: Any, level: int) -> Any:
    if level > _MOST_LEVELS:
        return value
    if isinstance(value, dict):
        named = {key: part for key, part in value.items() if key == "env" and isinstance(part, list)}
        return {key: _variables(part, level) if key in named else _environment(part, level + 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_environment(part, level + 1) if isinstance(part, dict | list) else part for part in value]
    return value


def _variables(entries: list[Any], level: int) -> list[Any]:
    return [
        {**entry, "value": _TEXT}
        if isinstance(entry, dict) and isinstance(entry.get("value"), str) and entry["value"] and _CREDENTIAL.search(str(entry.get("name", "")))
        else _environment(entry, level + 1)
        for entry in entries
    ]
