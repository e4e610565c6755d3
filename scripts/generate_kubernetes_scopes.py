"""Write schemas/kubernetes-scopes.json: which kinds of Kubernetes are namespaced, and which belong to the whole cluster.

Read from the markers of the client generator in the Go modules in which Kubernetes keeps its API types, over all minor versions that are
served, so that kinds that are gone are known too. Facts only, no code is kept. Run: python scripts/generate_kubernetes_scopes.py
"""

import json
import re
from pathlib import Path

from generate_kubernetes_lifecycle import GROUP, MINORS, MODULES, ROOT
from go_modules import module

# The comment lines right above a type, and its name.
TYPE = re.compile(r"((?:^//.*\n|^\n(?=//))+)type (\w+) struct \{", re.MULTILINE)
SERVED = "+k8s:deepcopy-gen:interfaces=k8s.io/apimachinery/pkg/runtime.Object"


def main() -> None:
    scopes: dict[str, dict[str, bool]] = {}
    for minor in MINORS:
        for path, patterns in MODULES.items():
            folder = module(path, f"v0.{minor}.0")
            if folder is None:
                print(f"{path}@v0.{minor}.0 is not served: left out")
                continue
            for pattern in patterns:
                for register in sorted(folder.glob(pattern)):
                    read(register, scopes)
    target = ROOT / "schemas" / "kubernetes-scopes.json"
    lines = ",\n".join(f"{json.dumps(group)}: {json.dumps(dict(sorted(kinds.items())))}" for group, kinds in sorted(scopes.items()))
    target.write_text("{\n" + lines + "\n}\n")
    print(f"{sum(map(len, scopes.values()))} kinds in {len(scopes)} groups, {target.stat().st_size:,} bytes")


def read(register: Path, scopes: dict[str, dict[str, bool]]) -> None:
    group = GROUP.search(register.read_text()) or next((GROUP.search(file.read_text()) for file in register.parent.parent.glob("register.go")), None)
    types = register.parent / "types.go"
    if group is None or not types.exists():
        return
    for comment, kind in TYPE.findall(types.read_text()):
        if "+genclient" in comment and SERVED in comment:
            scopes.setdefault(group.group(1), {})[kind] = "+genclient:nonNamespaced" not in comment


if __name__ == "__main__":
    main()
