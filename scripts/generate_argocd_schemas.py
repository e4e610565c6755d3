"""Write schemas/argocd/: the strict JSON Schemas of Argo CD's three kinds, by minor version, from the CRDs in its Go module.

Only structure is kept (no descriptions); what repeats inside a schema is shared through $defs, and a schema that did not change between
minors is stored once. Run: python scripts/generate_argocd_schemas.py
"""

import json
import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from go_modules import module

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gitguard.schema.structural import strict  # noqa: E402

RELEASES = {
    "2.14": ("github.com/argoproj/argo-cd/v2", "v2.14.21"),
    "3.0": ("github.com/argoproj/argo-cd/v3", "v3.0.23"),
    "3.1": ("github.com/argoproj/argo-cd/v3", "v3.1.16"),
    "3.2": ("github.com/argoproj/argo-cd/v3", "v3.2.12"),
    "3.3": ("github.com/argoproj/argo-cd/v3", "v3.3.19"),
    "3.4": ("github.com/argoproj/argo-cd/v3", "v3.4.13"),
    "3.5": ("github.com/argoproj/argo-cd/v3", "v3.5.7"),
    "3.6": ("github.com/argoproj/argo-cd/v3", "v3.6.1"),
}
FILES = {"Application": "application-crd.yaml", "AppProject": "appproject-crd.yaml", "ApplicationSet": "applicationset-crd.yaml"}
SHARED_FROM = 300


def main() -> None:
    target = ROOT / "schemas" / "argocd"
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.json"):
        old.unlink()
    index: dict[str, dict[str, str]] = {}
    for minor, (path, version) in RELEASES.items():
        folder = module(path, version)
        if folder is None:
            sys.exit(f"{path}@{version} is not served")
        index[minor] = {kind: write(target, minor, kind, folder / "manifests" / "crds" / file) for kind, file in FILES.items()}
    (target / "index.json").write_text(json.dumps(index, indent=1) + "\n")
    print(f"{len(list(target.glob('*.json'))) - 1} schemas, {sum(file.stat().st_size for file in target.glob('*.json')):,} bytes")


def write(target: Path, minor: str, kind: str, source: Path) -> str:
    crd = yaml.load(source.read_bytes(), yaml.CSafeLoader)
    version = next(version for version in crd["spec"]["versions"] if version["name"] == "v1alpha1")
    text = json.dumps(shared(strict(version["schema"]["openAPIV3Schema"])), sort_keys=True, separators=(",", ":")) + "\n"
    for known in sorted(target.glob(f"{kind}-*.json")):
        if known.read_text() == text:
            return known.name
    name = f"{kind}-{minor}.json"
    (target / name).write_text(text)
    return name


def shared(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with every larger part that occurs more than once moved to $defs."""
    seen: Counter[str] = Counter()

    def count(node: Any) -> None:
        if isinstance(node, dict):
            text = json.dumps(node, sort_keys=True)
            if len(text) >= SHARED_FROM:
                seen[text] += 1
                if seen[text] > 1:
                    return
            for value in node.values():
                count(value)
        elif isinstance(node, list):
            for value in node:
                count(value)

    count(schema)
    definitions: dict[str, Any] = {}

    def replace(node: Any, *, top: bool = False) -> Any:
        if isinstance(node, list):
            return [replace(value) for value in node]
        if not isinstance(node, dict):
            return node
        text = json.dumps(node, sort_keys=True)
        if not top and seen[text] > 1 and ("properties" in node or "items" in node or "additionalProperties" in node) and is_schema(node):
            name = sha256(text.encode()).hexdigest()[:8]
            if name not in definitions:
                definitions[name] = {}
                definitions[name] = {key: replace(value) for key, value in node.items()}
            return {"$ref": f"#/$defs/{name}"}
        return {key: replace(value) for key, value in node.items()}

    made = replace(schema, top=True)
    return {**made, "$defs": definitions}


def is_schema(node: dict[str, Any]) -> bool:
    """A schema has a type at this level; a map from field names to schemas may have a field named `type`, which is no list."""
    return isinstance(node.get("type"), list)


if __name__ == "__main__":
    main()
