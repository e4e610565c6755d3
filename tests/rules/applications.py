"""Manifests that the tests of the Application rules are made of."""

from typing import Any

import yaml


def application(name: str = "web", *, namespace: str | None = "argocd", project: str = "web", **spec: Any) -> str:
    source = {"repoURL": "https://github.com/example/web", "path": "deploy", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": "web-prod"}
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    manifest = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": {"project": project, "source": source, "destination": destination, **spec},
    }
    return yaml.safe_dump(manifest, sort_keys=False)


def application_set(name: str = "webs", *, generators: list[Any] | None = None, patch: str = "", **spec: Any) -> str:
    inner = yaml.safe_load(application(**spec))["spec"]
    made: dict[str, Any] = {"generators": generators or [{"clusters": {}}], "template": {"metadata": {"name": "{{name}}-web"}, "spec": inner}}
    if patch:
        made["templatePatch"] = patch
    manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": name, "namespace": "argocd"}, "spec": made}
    return yaml.safe_dump(manifest, sort_keys=False)


def project(name: str = "web", *, namespace: str | None = "argocd", **spec: Any) -> str:
    made = {
        "sourceRepos": ["https://github.com/example/*"],
        "destinations": [{"server": "https://kubernetes.default.svc", "namespace": "web-*"}],
        **spec,
    }
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return yaml.safe_dump({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": made}, sort_keys=False)
