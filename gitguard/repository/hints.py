"""Settings that files tell by the way: versions of what is installed, namespaces of Applications, clusters that an operator makes secrets of."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gitguard.manifests.content import LABEL_OF_SECRETS
from gitguard.manifests.facts import TEMPLATE_MARK
from gitguard.model.layout import Hint
from gitguard.repository.gate import mapping

# A file without any of these tells nothing, and need not be parsed.
MARKS = re.compile(rb"argoproj/argo-?cd|kind:\s*ArgoCD\b|application\.namespaces|kubernetesVersion|cluster\.x-k8s\.io|eksctl\.io|secret-type")
_PARTS = ("argocd-server", "argocd-repo-server", "argocd-application-controller")
_IMAGE = re.compile(r"(?:.*/)?argoproj/argocd:v?(\d+\.\d+(?:\.\d+)?)(?:@.*)?")
_TAG = re.compile(r"v?(\d+\.\d+(?:\.\d+)?)")
# github.com/argoproj/argo-cd//manifests?ref=v3.1.0, or raw.githubusercontent.com/argoproj/argo-cd/v3.1.0/manifests/install.yaml
_REMOTE = re.compile(r".*argoproj/argo-cd(?:\.git)?(?:/.*\?(?:.*&)?ref=|/(?:refs/tags/)?|\?ref=)v(\d+\.\d+\.\d+)(?:[/&].*)?")
_KUBERNETES = re.compile(r"v?(1\.\d+)(?:\.\d+)?(?:[-+].*)?")
_DEEPEST = 6


def hints(path: str, documents: Iterable[Any], *, kustomization: bool) -> Iterator[Hint]:
    """What the documents of the file tell. `kustomization` says that it is one; its version of Argo CD is what it installs."""
    for document in documents:
        if isinstance(document, dict):
            if kustomization:
                yield from _of_kustomization(path, document)
            else:
                yield from _of_object(path, document)
            yield from (Hint("namespaces", text, path) for text in _application_namespaces(document, _DEEPEST))


def _of_kustomization(path: str, value: Mapping[str, Any]) -> Iterator[Hint]:
    images = [mapping(image) for image in _listed(value.get("images"))]
    tags = [_TAG.fullmatch(str(image.get("newTag"))) for image in images if str(image.get("name")).endswith("argoproj/argocd")]
    bases = [_REMOTE.fullmatch(entry) for field in ("resources", "bases") for entry in _listed(value.get(field)) if isinstance(entry, str)]
    # The image is what runs, whatever base it is put over.
    found = [match for match in tags if match] or [match for match in bases if match]
    yield from (Hint("argocd", match.group(1), path) for match in found)


def _of_object(path: str, value: Mapping[str, Any]) -> Iterator[Hint]:
    kind, group = value.get("kind"), str(value.get("apiVersion")).partition("/")[0]
    metadata, spec = mapping(value.get("metadata")), mapping(value.get("spec"))
    if kind in ("Deployment", "StatefulSet") and str(metadata.get("name")).endswith(_PARTS):
        containers = _listed(mapping(mapping(spec.get("template")).get("spec")).get("containers"))
        images = [_IMAGE.fullmatch(str(mapping(container).get("image"))) for container in containers]
        yield from (Hint("argocd", match.group(1), path) for match in images if match)
    if kind == "ArgoCD" and group == "argoproj.io":
        version = _TAG.fullmatch(str(spec.get("version")))
        yield from (Hint("argocd", match.group(1), path) for match in (version,) if match)
    told = {
        "kubeadm.k8s.io": value.get("kubernetesVersion"),
        "controlplane.cluster.x-k8s.io": spec.get("version"),
        "cluster.x-k8s.io": mapping(spec.get("topology")).get("version"),
        "eksctl.io": metadata.get("version"),
    }.get(group)
    kubernetes = _KUBERNETES.fullmatch(told) if isinstance(told, str) else None
    if kubernetes:
        yield Hint("kubernetes", kubernetes.group(1), path)
    for template in (mapping(mapping(spec.get("target")).get("template")), mapping(spec.get("template"))):
        yield from _of_secret(path, template)


def _of_secret(path: str, template: Mapping[str, Any]) -> Iterator[Hint]:
    """The cluster of a secret that an operator fills in; only its name and server are looked at, and only where they are written out."""
    labels = mapping(mapping(template.get("metadata")).get("labels"))
    data = {**mapping(template.get("data")), **mapping(template.get("stringData"))}
    name, server = data.get("name"), data.get("server")
    if labels.get(LABEL_OF_SECRETS) != "cluster" or not isinstance(name, str) or not isinstance(server, str):
        return
    if name and server and (name + server).isprintable() and not TEMPLATE_MARK.search(name + server) and "@" not in server:
        yield Hint("cluster", server.rstrip("/"), path, name)


def _application_namespaces(value: Any, depth: int) -> Iterator[str]:
    """`application.namespaces`, of argocd-cmd-params-cm or of a chart's values."""
    if not depth or not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key == "application.namespaces":
            if isinstance(inner, str) and inner.strip() and inner.isprintable() and not TEMPLATE_MARK.search(inner):
                yield inner
        else:
            yield from _application_namespaces(inner, depth - 1)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
