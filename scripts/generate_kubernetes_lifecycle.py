"""Write schemas/kubernetes-lifecycle.json: when Kubernetes introduced, deprecated and removed each kind, and what replaces it.

Read from the Go modules in which Kubernetes keeps its API types, over all minor versions that are served: the generated lifecycle methods
say it for beta APIs, and a kind that is registered in one minor and gone in the next was removed. Facts only, no code is kept.
Run: python scripts/generate_kubernetes_lifecycle.py
"""

import json
import re
from pathlib import Path

from go_modules import module

ROOT = Path(__file__).resolve().parent.parent
MINORS = range(17, 38)
MODULES = {
    "k8s.io/api": ("*/*/register.go",),
    "k8s.io/apiextensions-apiserver": ("pkg/apis/apiextensions/v*/register.go",),
    "k8s.io/kube-aggregator": ("pkg/apis/apiregistration/v*/register.go",),
}
GROUP = re.compile(r'GroupName\s*=\s*"([^"]*)"')
GROUP_CONSTANT = re.compile(r'const\s+GroupName\s*=\s*"([^"]*)"')
VERSION = re.compile(r'GroupVersion\{Group:\s*\w+(?:\.\w+)?,\s*Version:\s*"([^"]+)"\}')
KINDS = re.compile(r"&(\w+)\{\}")
MOMENT = re.compile(r"func \(in \*(\w+)\) APILifecycle(Introduced|Deprecated|Removed)\(\) \(major, minor int\) \{\s*return (\d+), (\d+)")
REPLACEMENT = re.compile(
    r"func \(in \*(\w+)\) APILifecycleReplacement\(\) schema\.GroupVersionKind \{\s*"
    r'return schema\.GroupVersionKind\{Group:\s*"([^"]*)",\s*Version:\s*"([^"]*)",\s*Kind:\s*"([^"]*)"\}'
)
FIELDS = ("Introduced", "Deprecated", "Removed", "Replacement")


def main() -> None:
    seen: dict[str, dict[str, list[int]]] = {}
    told: dict[str, dict[str, dict[str, str]]] = {}
    for minor in MINORS:
        for path, patterns in MODULES.items():
            folder = module(path, f"v0.{minor}.0")
            if folder is None:
                print(f"{path}@v0.{minor}.0 is not served: left out")
                continue
            for pattern in patterns:
                for register in sorted(folder.glob(pattern)):
                    read(register, minor, seen, told)
    table = {api: {kind: row(seen[api][kind], told.get(api, {}).get(kind, {})) for kind in sorted(seen[api])} for api in sorted(seen)}
    target = ROOT / "schemas" / "kubernetes-lifecycle.json"
    lines = ",\n".join(f"{json.dumps(api)}: {json.dumps(kinds)}" for api, kinds in table.items())
    target.write_text("{\n" + lines + "\n}\n")
    print(f"{sum(map(len, table.values()))} kinds in {len(table)} API versions, {target.stat().st_size:,} bytes")


def read(register: Path, minor: int, seen: dict[str, dict[str, list[int]]], told: dict[str, dict[str, dict[str, str]]]) -> None:
    text = register.read_text()
    group = GROUP.search(text) or next((GROUP.search(file.read_text()) for file in sorted(register.parent.parent.glob("register.go"))), None)
    version = VERSION.search(text)
    if group is None or version is None:
        return
    api = f"{group.group(1)}/{version.group(1)}" if group.group(1) else version.group(1)
    kinds = {kind for kind in KINDS.findall(text[text.index("func addKnownTypes") :]) if not kind.endswith(("List", "Options"))}
    for kind in kinds:
        seen.setdefault(api, {}).setdefault(kind, []).append(minor)
    lifecycle = register.parent / "zz_generated.prerelease-lifecycle.go"
    if lifecycle.exists():
        code = lifecycle.read_text()
        for kind, moment, major, number in MOMENT.findall(code):
            told.setdefault(api, {}).setdefault(kind, {})[moment] = f"{major}.{number}"
        for kind, new_group, new_version, new_kind in REPLACEMENT.findall(code):
            told.setdefault(api, {}).setdefault(kind, {})["Replacement"] = f"{new_group}/{new_version} {new_kind}".lstrip("/")


def row(minors: list[int], told: dict[str, str]) -> list[str]:
    """[introduced, deprecated, removed, replacement]; what the lifecycle methods leave open is told by the minors that have the kind."""
    made = [told.get(name, "") for name in FIELDS]
    if not made[0] and minors[0] > MINORS[0]:
        made[0] = f"1.{minors[0]}"
    if not made[2] and minors[-1] < MINORS[-1]:
        made[2] = f"1.{minors[-1] + 1}"
    return made


if __name__ == "__main__":
    main()
