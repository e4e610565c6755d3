"""The cluster generator (applicationset/generators/cluster.go)."""

from collections.abc import Mapping
from typing import Any

from gitguard.applicationsets.model import Cluster, Context, Refused, Unknowable
from gitguard.applicationsets.rendering import Language
from gitguard.applicationsets.repository import with_values
from gitguard.applicationsets.selectors import requirements
from gitguard.applicationsets.shapes import flag, texts
from gitguard.argo.labels import SelectorError, selector, selects
from gitguard.gotemplate import Hidden, StringMap
from gitguard.gotemplate.texts import normalize
from gitguard.gotemplate.values import AnyOrderMaps

IN_CLUSTER = "in-cluster"
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"
_TYPE_LABEL = "argocd.argoproj.io/secret-type"
# Argo CD's and kubectl's own, which are no parameters.
_HIDDEN = frozenset(
    {
        "argocd.argoproj.io/refresh",
        "argocd.argoproj.io/refresh-timestamp",
        "argocd.argoproj.io/hydrate",
        "argocd.argoproj.io/hydrate-timestamp",
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/installation-id",
        "kubectl.kubernetes.io/last-applied-configuration",
    }
)

Parameters = dict[str, Any]


def from_clusters(body: dict[str, Any], pointer: str, context: Context, language: Language) -> list[Parameters]:
    """One set of parameters a cluster, or one for all with `flatList`. The local cluster is there where nothing is selected by labels."""
    labels, expressions = requirements(body.get("selector"), f"{pointer}/selector")
    values = texts(body.get("values"), f"{pointer}/values")
    try:
        # A condition on the label that all cluster secrets have is added, over one that the author wrote.
        conditions = selector({**labels, _TYPE_LABEL: "cluster"}, expressions)
    except SelectorError as error:
        raise Refused(f"invalid selector: {error}", f"{pointer}/selector") from error
    if context.clusters is None:
        raise Unknowable("the clusters of the control plane are not known", "the clusters, with their labels", pointer)
    chosen = bool(labels or expressions)
    if chosen and any(cluster.labels is None for cluster in context.clusters):
        raise Unknowable("clusters are selected by labels that are not known", "the labels of the clusters", f"{pointer}/selector")
    # One secret a name: of two, one wins.
    matching = {cluster.name: cluster for cluster in context.clusters if selects(conditions, _labels(cluster))}
    made = [with_values(_parameters(cluster, language), values, language, pointer) for cluster in matching.values()]
    if not chosen and not any(cluster.server == IN_CLUSTER_SERVER for cluster in matching.values()):
        local: Parameters = {"name": IN_CLUSTER, "nameNormalized": IN_CLUSTER, "server": IN_CLUSTER_SERVER, "project": ""}
        made.append(with_values(local, values, language, pointer))
    return [{"clusters": AnyOrderMaps(made)}] if flag(body, "flatList", pointer) else made


def _labels(cluster: Cluster) -> dict[str, str]:
    return {_TYPE_LABEL: "cluster", **(cluster.labels or {})}


def _parameters(cluster: Cluster, language: Language) -> Parameters:
    made: Parameters = {"name": cluster.name, "nameNormalized": normalize(cluster.name), "server": cluster.server, "project": cluster.project}
    if cluster.labels is None or cluster.annotations is None:
        return made | {"metadata": Hidden(f"the labels and annotations of the cluster `{cluster.name}`")}
    labels, annotations = _labels(cluster), cluster.annotations or {}
    visible = {key: value for key, value in annotations.items() if key not in _HIDDEN}
    if not language.go:
        return made | _prefixed("metadata.annotations.", visible) | _prefixed("metadata.labels.", labels)
    metadata: Parameters = {"annotations": StringMap(visible)} if annotations else {}
    return made | {"metadata": metadata | {"labels": StringMap(labels)}}


def _prefixed(prefix: str, of: Mapping[str, str]) -> Parameters:
    return {prefix + key: value for key, value in of.items()}
