"""A small world for ApplicationSets."""

from collections.abc import Mapping
from typing import Any

from gitguard.applicationsets import Cluster, Context

HERE = "https://git.example.com/here.git"
PROD = Cluster("prod", "https://prod.example", labels={"env": "prod"}, annotations={"owner": "a", "argocd.argoproj.io/refresh": "hard"})
DEV = Cluster("Dev_2", "https://dev.example", project="team", labels={"env": "dev"}, annotations={})
FILES = {
    "apps/web/app.yaml": "name: web\nport: 8080\nteam: {name: a}\n",
    "apps/api/app.yaml": "name: api\nport: 9090\n",
    "apps/.hidden/app.yaml": "name: hidden\n",
    "list.json": '[{"name": "one"}, {"name": "two"}]',
    "broken.yaml": "a: [",
}


def world(files: Mapping[str, str] = FILES, **changed: Any) -> Context:
    folders = sorted({"/".join(parts[:number]) for parts in (file.split("/") for file in files) for number in range(1, len(parts))})
    context = Context(
        is_here=lambda url, revision: url == HERE and revision in ("HEAD", "main"),
        directories=lambda: folders,
        files=lambda: sorted(files),
        read=lambda path: files[path].encode(),
        clusters=(PROD, DEV),
    )
    return context._replace(**changed)


def manifest(*generators: Any, name: str = "{{name}}", **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"name": name},
        "spec": {"project": "team", "source": {"repoURL": HERE, "path": "x"}, "destination": {"server": "https://kubernetes.default.svc"}},
    }
    metadata = {"name": "set", "namespace": "argocd"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": metadata,
        "spec": {"generators": list(generators), "template": template, **spec},
    }


def listed(*elements: Any) -> dict[str, Any]:
    return {"list": {"elements": list(elements)}}


def git(**body: Any) -> dict[str, Any]:
    return {"git": {"repoURL": HERE, "revision": "HEAD", **body}}
