"""What the tests of the rules on objects are made of: Applications of the repository itself, and what they deploy."""

from typing import Any

import yaml

from tests.rules.applications import application, application_set, project

HERE = "https://github.com/example/config"
IN_CLUSTER = "https://kubernetes.default.svc"
CONFIGURATION = f"repository: {{urls: ['{HERE}']}}\n"
BASE = {".gitguard.yaml": CONFIGURATION, "project.yaml": project()}
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"


def source(path: str = "deploy", **more: Any) -> dict[str, Any]:
    return {"repoURL": HERE, "path": path, "targetRevision": "main", **more}


def deploying(path: str = "deploy", *, name: str = "web", into: str = "web-prod", **spec: Any) -> str:
    """An Application that deploys a folder of the repository, or its `sources`, to a namespace."""
    given = {"destination": {"server": IN_CLUSTER, "namespace": into}, "source": source(path), **spec}
    made = yaml.safe_load(application(name, **given))
    if "sources" in spec:
        del made["spec"]["source"]
    return yaml.safe_dump(made, sort_keys=False)


def set_of(generators: list[Any], *, path: str = "deploy", into: str = "web-prod", name: str = "{{name}}", **spec: Any) -> str:
    """An ApplicationSet whose Applications deploy folders of the repository."""
    destination = {"server": IN_CLUSTER, "namespace": into}
    made = yaml.safe_load(application_set(generators=generators, source=source(path), destination=destination))
    made["spec"]["template"]["metadata"]["name"] = name
    made["spec"] |= spec
    return yaml.safe_dump(made, sort_keys=False)


def manifest(kind: str = "ConfigMap", name: str = "web", *, api: str = "v1", namespace: str = "") -> str:
    """An object with nothing in it but its name: five lines, with the kind on the second and the namespace on the fifth."""
    return f"apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: {name}\n" + (f"  namespace: {namespace}\n" if namespace else "")


def crd(kind: str, scope: str, *, group: str = "example.com") -> str:
    plural = f"{kind.lower()}s"
    spec = {
        "group": group,
        "names": {"kind": kind, "plural": plural},
        "scope": scope,
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    }
    metadata = {"name": f"{plural}.{group}"}
    return yaml.safe_dump({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": metadata, "spec": spec})


def place(finding: dict[str, Any]) -> str:
    """Where a finding, or something related to one, points."""
    return f"{finding['path']}:{finding['line']}"


def told(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rule, object and Application of each finding."""
    return [(finding["rule"], f"{finding['object']['kind']} {finding['object']['name']}", finding["application"]) for finding in report["findings"]]


def overlays() -> dict[str, str]:
    """Three Applications: the kustomizations of `a` and `b` share a base, `c` stands alone and is in an AppProject of its own."""
    files = {".gitguard.yaml": CONFIGURATION, "web.yaml": project(), "other.yaml": project("other")}
    for name in "abc":
        files[f"apps/{name}.yaml"] = deploying(f"deploy/{name}", name=name, into=f"web-{name}", project="other" if name == "c" else "web")
        files[f"deploy/{name}/own.yaml"] = manifest(name=f"own-{name}")
        files[f"deploy/{name}/kustomization.yaml"] = f"resources: [own.yaml{'' if name == 'c' else ', ../base'}]\n"
    return {**files, "deploy/base/kustomization.yaml": "resources: [shared.yaml]\n", "deploy/base/shared.yaml": manifest(name="shared")}
