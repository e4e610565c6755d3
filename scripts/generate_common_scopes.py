"""Write schemas/common-scopes.json: which kinds of common CustomResourceDefinitions are namespaced, and which belong to the whole cluster.

Read from the Go modules in which the projects publish their APIs, at the versions below: from the CustomResourceDefinitions in a module, and
where it ships none, from the markers of the generators of clients and CustomResourceDefinitions. Facts only, no code is kept. A kind of which
two sources say different things is left out. Run: python scripts/generate_common_scopes.py
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from generate_kubernetes_lifecycle import GROUP, ROOT
from generate_kubernetes_scopes import TYPE
from go_modules import module

# Where a module has its CustomResourceDefinitions; MARKERS where it has none. Only a project's own: many ship those of others for their tests.
MARKERS = ()
SOURCES: dict[tuple[str, str], tuple[str, ...]] = {
    ("github.com/argoproj/argo-cd/v3", "v3.6.1"): ("manifests/crds/*.yaml",),
    ("github.com/argoproj/argo-rollouts", "v1.10.2"): ("manifests/crds/*.yaml",),
    ("github.com/argoproj/argo-workflows/v4", "v4.0.5"): ("manifests/base/crds/minimal/*.yaml",),
    ("github.com/bitnami-labs/sealed-secrets", "v0.40.0"): ("helm/sealed-secrets/crds/*.yaml",),
    ("github.com/cert-manager/cert-manager", "v1.21.2"): ("deploy/crds/*.yaml",),
    ("github.com/cilium/cilium", "v1.20.2"): ("pkg/k8s/apis/cilium.io/client/crds/*/*.yaml",),
    ("github.com/external-secrets/external-secrets", "v0.16.2"): ("config/crds/bases/*.yaml",),
    ("github.com/fluxcd/helm-controller/api", "v1.7.1"): MARKERS,
    ("github.com/fluxcd/image-automation-controller/api", "v1.3.0"): MARKERS,
    ("github.com/fluxcd/image-reflector-controller/api", "v1.3.0"): MARKERS,
    ("github.com/fluxcd/kustomize-controller/api", "v1.10.1"): MARKERS,
    ("github.com/fluxcd/notification-controller/api", "v1.10.0"): MARKERS,
    ("github.com/fluxcd/source-controller/api", "v1.10.1"): MARKERS,
    ("github.com/kedacore/keda/v2", "v2.21.0"): ("config/crd/bases/*.yaml",),
    ("github.com/kubernetes-csi/external-snapshotter/client/v8", "v8.7.0"): ("config/crd/*.yaml",),
    ("github.com/kyverno/kyverno", "v1.19.1"): ("config/crds/*/*.yaml",),
    ("github.com/open-policy-agent/gatekeeper/v3", "v3.23.1"): ("charts/gatekeeper/crds/*.yaml",),
    ("github.com/projectcontour/contour", "v1.33.8"): ("examples/contour/*.yaml",),
    ("github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring", "v0.95.1"): MARKERS,
    ("github.com/traefik/traefik/v3", "v3.7.13"): ("docs/content/reference/dynamic-configuration/*.yml",),
    ("github.com/vmware-tanzu/velero", "v1.18.3"): ("config/crd/*/bases/*.yaml",),
    ("go.universe.tf/metallb", "v0.16.2"): ("config/manifests/*.yaml",),
    ("istio.io/client-go", "v1.31.4"): MARKERS,
    ("k8s.io/autoscaler/vertical-pod-autoscaler", "v1.8.1"): ("deploy/vpa-v1-crd-gen.yaml",),
    ("knative.dev/serving", "v0.51.0"): ("config/core/300-resources/*.yaml",),
    ("sigs.k8s.io/cluster-api", "v1.14.2"): (
        "core/config/crd/bases/*.yaml",
        "*/kubeadm/config/crd/bases/*.yaml",
        "cmd/clusterctl/config/manifest/*.yaml",
    ),
    ("sigs.k8s.io/external-dns", "v0.23.0"): ("config/crd/standard/*.yaml",),
    ("sigs.k8s.io/gateway-api", "v1.6.3"): ("config/crd/standard/*.yaml", "config/crd/experimental/*.yaml"),
    ("sigs.k8s.io/karpenter", "v1.15.0"): ("pkg/apis/crds/*.yaml",),
    ("sigs.k8s.io/kueue", "v0.17.0"): ("config/components/crd/bases/*.yaml",),
    ("sigs.k8s.io/network-policy-api", "v0.1.1"): ("config/crd/*.yaml", "config/crd/*/*.yaml"),
}
LICENCES = {"Apache-2.0": re.compile(r"\s*Apache License\s+Version 2\.0,"), "MIT": re.compile(r"\s*The MIT License \(MIT\)\s")}
GROUP_MARKER = re.compile(r"^//\s*\+groupName=(\S+)", re.MULTILINE)
ROOT_MARKER = re.compile(r"^//\s*\+(?:genclient|kubebuilder:object:root=true|kubebuilder:resource:.*)$", re.MULTILINE)
CLUSTER_MARKER = re.compile(
    r"^//\s*\+(?:genclient:nonNamespaced|kubebuilder:resource:.*\bscope=\"?Cluster\b.*|cue-gen:\w+:scope:Cluster)", re.MULTILINE
)


class Told(NamedTuple):
    group: str
    kind: str
    namespaced: bool


def main() -> None:
    sources: list[dict[str, str]] = []
    told: dict[tuple[str, str], set[bool]] = {}
    for (path, version), patterns in SOURCES.items():
        folder = module(path, version)
        if folder is None:
            print(f"{path}@{version} is not served: left out")
            continue
        found = set(defined(folder, patterns) if patterns else marked(folder))
        if not found:
            sys.exit(f"{path}@{version} has no kinds where they are looked for")
        sources.append({"module": path, "version": version, "license": licence(folder)})
        for group, kind, namespaced in found:
            told.setdefault((group, kind), set()).add(namespaced)
    scopes: dict[str, dict[str, bool]] = {}
    for (group, kind), answers in sorted(told.items()):
        if len(answers) == 1:
            scopes.setdefault(group, {})[kind] = answers.pop()
        else:
            print(f"{group} {kind}: the sources disagree, left out")
    write(ROOT / "schemas" / "common-scopes.json", sources, scopes)


def defined(folder: Path, patterns: tuple[str, ...]) -> Iterator[Told]:
    """What the CustomResourceDefinitions say."""
    for pattern in patterns:
        for file in sorted(folder.glob(pattern)):
            for document in yaml.load_all(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                    spec = document["spec"]
                    yield Told(spec["group"], spec["names"]["kind"], {"Namespaced": True, "Cluster": False}[spec["scope"]])


def marked(folder: Path) -> Iterator[Told]:
    """What the markers on the Go types say; namespaced is what both generators take where nothing is said."""
    for package in sorted({file.parent for file in folder.rglob("*.go")}):
        files = [file.read_text() for file in sorted(package.glob("*.go"))]
        group = next((found for text in files if (found := GROUP_MARKER.search(text) or GROUP.search(text))), None)
        for comment, kind in (found for text in files for found in TYPE.findall(text)):
            if group and ROOT_MARKER.search(comment) and not kind.endswith("List"):
                yield Told(group.group(1), kind, not CLUSTER_MARKER.search(comment))


def licence(folder: Path) -> str:
    """The SPDX name of the module's licence; only those known here are taken."""
    text = next(folder.glob("LICENSE*")).read_text()
    return next((name for name, words in LICENCES.items() if words.match(text)), "") or sys.exit(f"{folder} has another licence")


def write(target: Path, sources: list[dict[str, str]], scopes: dict[str, dict[str, bool]]) -> None:
    said = ",\n".join(json.dumps(source) for source in sources)
    lines = ",\n".join(f"{json.dumps(group)}: {json.dumps(kinds)}" for group, kinds in scopes.items())
    target.write_text('{\n"sources": [\n' + said + '\n],\n"scopes": {\n' + lines + "\n}\n}\n")
    print(f"{sum(map(len, scopes.values()))} kinds in {len(scopes)} groups from {len(sources)} modules, {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
