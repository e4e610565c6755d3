"""Schemas for kubeconform from the same data that gitguard judges by: standalone files, since it skips what has references."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gitguard.edges import data


def write(folder: Path, kubernetes: str) -> int:
    """One file for each kind of Kubernetes `kubernetes`, named as kubeconform's template {ResourceKind}{KindSuffix} wants; how many."""
    definitions = json.loads(data.load(f"kubernetes/{kubernetes}/_definitions.json") or b"{}")["$defs"]
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for definition in definitions.values():
        for gvk in definition.get("x-kubernetes-group-version-kind", ()):
            group = gvk["group"].partition(".")[0]
            name = "-".join(part for part in (gvk["kind"].lower(), group, gvk["version"]) if part)
            (folder / f"{name}.json").write_text(json.dumps(_inlined(definition, definitions, ())))
            written += 1
    return written


def _inlined(node: Any, definitions: dict[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions, inside) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        # Kinds that hold themselves (JSONSchemaProps) would never end: below the second level anything goes.
        return {} if inside.count(name) > 0 else _inlined(definitions[name], definitions, (*inside, name))
    return {key: _inlined(value, definitions, inside) for key, value in node.items() if key not in ("$schema", "$id", "description")}
