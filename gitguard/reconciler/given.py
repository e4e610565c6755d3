"""Differences that are nobody's edit: what Kubernetes, a controller that git asks for, or Argo CD itself fills in. Git alone decides which.

A difference is given where both sides are the same once what is filled in is taken out of them. So it does not matter whether a field is told
by itself, or a list, that has no identity for its entries, as a whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.audit_bodies import canonical, mapping, text, texts
from gitguard.reconciler.given_argo import APPLICATION, APPLICATION_SET, OWN_FINALIZERS, PROJECT, RESOURCES_FINALIZER, Filled, unless_empty

_Kind = tuple[str, ...]
_Path = tuple[str, ...]
_PODS = (("", "Pod"),)
_HOOKS = tuple(("admissionregistration.k8s.io", kind) for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"))
_CRDS = (("apiextensions.k8s.io", "CustomResourceDefinition"),)
_SERVED = (("apiregistration.k8s.io", "APIService"),)
_JOB_LABELS = ("controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name")
_ANNOTATIONS = ("metadata", "annotations")
# Git names them in any case, if only as a place for them.
_INJECTED = (
    (_HOOKS, ("webhooks", "*", "clientConfig", "caBundle")),
    (_CRDS, ("spec", "conversion", "webhook", "clientConfig", "caBundle")),
    (_SERVED, ("spec", "caBundle")),
)
_INJECTING = ("cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret")
_INJECTING_IF_TRUE = ("cert-manager.io/inject-apiserver-ca", "service.beta.openshift.io/inject-cabundle")
# Without entries they are as good as absent; of most other things that is not so.
_HOLDERS = (_ANNOTATIONS, ("metadata", "labels"), ("spec",), ("spec", "template", "metadata"), ("spec", "template", "metadata", "labels"))
# Of these kinds, where git does not name them.
_UNNAMED: tuple[tuple[tuple[_Kind, ...], tuple[_Path, ...]], ...] = (
    ((("", "ServiceAccount"),), (("secrets",), ("imagePullSecrets",))),
    ((("", "PersistentVolumeClaim"),), (("spec", "volumeName"),)),
    ((("", "PersistentVolume"),), (("spec", "claimRef"), *(("spec", "claimRef", name) for name in ("uid", "resourceVersion", "apiVersion", "kind")))),
    (
        (("", "Service"),),
        (("spec", "clusterIP"), ("spec", "clusterIPs"), ("spec", "ports", "*", "nodePort"), ("spec", "healthCheckNodePort")),
    ),
    ((("", "Namespace"),), (("spec", "finalizers"), ("metadata", "labels", "kubernetes.io/metadata.name"))),
    (
        (("batch", "Job"),),
        (
            ("spec", "selector"),
            *(("metadata", "labels", name) for name in _JOB_LABELS),
            *(("spec", "template", "metadata", "labels", name) for name in _JOB_LABELS),
        ),
    ),
    (_PODS, (("spec", "nodeName"),)),
)
_UNNAMED_OF_ALL = (("spec", "replicas"), ("metadata", "ownerReferences"), (*_ANNOTATIONS, "control-plane.alpha.kubernetes.io/leader"))
# Annotations that begin so, but for those that git itself has.
_ANNOTATED = (
    (
        (("", "PersistentVolumeClaim"), ("", "PersistentVolume")),
        ("pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/"),
    ),
)
_CLUSTER_FINALIZERS = (
    "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection", "service.kubernetes.io/load-balancer-cleanup", "foregroundDeletion", "orphan",
)  # fmt: skip
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a folder
_TOKEN_VOLUME = "kube-api-access-"  # noqa: S105 - the beginning of a name
_TOKEN_SOURCES = ("serviceAccountToken", "configMap", "downwardAPI")
_SCALERS = (("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject"))


def is_given(wanted: Mapping[str, Any], key: ObjectKey, scaled: bool) -> Callable[[Change], bool]:
    """A function that says of a difference between git's object and the live one whether nobody made it.

    `scaled`: something that git has scales the object (`scaled_by`). Tokens of an AppProject are not given; `is_token` tells them.
    """
    return partial(_is_given, tuple(_filled(wanted, key[:2], scaled=scaled)))


def scaled_by(objects: Iterable[Mapping[str, Any]]) -> frozenset[ObjectKey]:
    """Which objects the HorizontalPodAutoscalers, and KEDA's ScaledObjects, among these scale; these have to name their namespaces."""
    return frozenset(target for scaler in objects if (target := _target(scaler)) is not None)


def is_token(change: Change) -> bool:
    """Is a difference of an AppProject one of the tokens that were issued for its roles, and of nothing else?

    Argo CD keeps them in the status, too, and puts them back from there.
    """
    return _is_given((Filled(("spec", "roles", "*", "jwtTokens")),), change)


def _is_given(filled: tuple[Filled, ...], change: Change) -> bool:
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in change.path.split("/")[1:])
    if any(one.always and one.meets(steps[: len(one.path)]) for one in filled):
        return True
    git, live = (_without(filled, steps, value) for value in (change.git, change.live))
    if git is ABSENT or live is ABSENT:
        return git is live
    return canonical(git) == canonical(live)


def _without(filled: tuple[Filled, ...], steps: tuple[str, ...], value: Any) -> Any:
    """A value without what is filled in; ABSENT where it is filled in as a whole."""
    if value is ABSENT:
        return ABSENT
    made = value
    if isinstance(value, Mapping) and value:
        made = {name: part for name, held in value.items() if (part := _without(filled, (*steps, str(name)), held)) is not ABSENT}
    elif isinstance(value, list) and value:
        parts = (_without(filled, (*steps, str(number)), held) for number, held in enumerate(value))
        made = [part for part in parts if part is not ABSENT]
    for one in filled:
        if made is not ABSENT and one.meets(steps):
            made = one.becomes(made)
    return made


def _filled(wanted: Mapping[str, Any], kind: _Kind, *, scaled: bool) -> Iterator[Filled]:
    annotated = frozenset(map(str, mapping(mapping(wanted.get("metadata")).get("annotations"))))
    yield from (Filled((*_ANNOTATIONS, f"{prefix}*"), but=annotated) for kinds, prefixes in _ANNOTATED for prefix in prefixes if kind in kinds)
    for path in (*_UNNAMED_OF_ALL, *(path for kinds, paths in _UNNAMED if kind in kinds for path in paths)):
        if not _names(wanted, path):
            yield Filled(path)
    if scaled:
        yield Filled(("spec", "replicas"))
    if _has_its_ca_injected(wanted):
        yield from (Filled(path) for kinds, path in _INJECTED if kind in kinds)
    if kind == ("rbac.authorization.k8s.io", "ClusterRole") and wanted.get("aggregationRule"):
        yield Filled(("rules",))
    yield from (Filled(path, unless_empty) for path in _HOLDERS)
    yield Filled(("metadata", "finalizers"), _finalizers(wanted))
    if kind in _PODS:
        yield from _of_pods()
    if kind == ("argoproj.io", "Application"):
        yield from APPLICATION
    if kind == ("argoproj.io", "ApplicationSet"):
        yield from APPLICATION_SET
    if kind == ("argoproj.io", "AppProject"):
        yield from PROJECT


def _names(value: Any, path: tuple[str, ...]) -> bool:
    """Does git name this field; of a list, in any of its entries?"""
    if not path:
        return value is not None and value != ""
    if isinstance(value, list):
        return any(_names(entry, path[1:]) for entry in value)
    if not isinstance(value, Mapping):
        return False
    return _names(value.get(path[0]), path[1:])


def _has_its_ca_injected(wanted: Mapping[str, Any]) -> bool:
    annotations = mapping(mapping(wanted.get("metadata")).get("annotations"))
    return any(annotations.get(name) for name in _INJECTING) or any(annotations.get(name) == "true" for name in _INJECTING_IF_TRUE)


def _finalizers(wanted: Mapping[str, Any]) -> Callable[[Any], Any]:
    """What remains of finalizers: where git has none, Argo CD's for what an Application deploys; else all that are not the cluster's own."""
    metadata = mapping(wanted.get("metadata"))
    named = texts(metadata.get("finalizers"))
    is_named = metadata.get("finalizers") is not None

    def remaining(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        own = (*_CLUSTER_FINALIZERS, *OWN_FINALIZERS)
        kept = [one for one in value if (one in named or one not in own if is_named else str(one).startswith(RESOURCES_FINALIZER))]
        return kept or ABSENT

    return remaining


def _of_pods() -> Iterator[Filled]:
    """What admission puts into every pod."""
    yield from _entries(("spec", "tolerations"), _is_default_toleration)
    yield from _entries(("spec", "volumes"), _is_token_volume)
    for containers in ("containers", "initContainers", "ephemeralContainers"):
        yield from _entries(("spec", containers, "*", "volumeMounts"), _is_token_mount)


def _entries(path: tuple[str, ...], is_filled: Callable[[Any], bool]) -> Iterator[Filled]:
    yield Filled((*path, "*"), lambda entry: ABSENT if is_filled(entry) else entry)
    yield Filled(path, unless_empty)


def _is_default_toleration(value: Any) -> bool:
    found = mapping(value)
    return found.get("key") in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable") and found.get("effect") == "NoExecute"


def _is_token_volume(value: Any) -> bool:
    """The token that a pod gets, and nothing else under its name."""
    found = mapping(value)
    sources = mapping(found.get("projected")).get("sources")
    if not text(found.get("name")).startswith(_TOKEN_VOLUME) or found.keys() != {"name", "projected"} or not isinstance(sources, list):
        return False
    if not all(isinstance(source, Mapping) and len(source) == 1 and next(iter(source)) in _TOKEN_SOURCES for source in sources):
        return False
    return all(mapping(source["configMap"]).get("name") == "kube-root-ca.crt" for source in sources if "configMap" in source)


def _is_token_mount(value: Any) -> bool:
    found = mapping(value)
    return found.get("mountPath") == _TOKEN_PATH and text(found.get("name")).startswith(_TOKEN_VOLUME)


def _target(scaler: Mapping[str, Any]) -> ObjectKey | None:
    key = ObjectKey.of(scaler)
    target = mapping(mapping(scaler.get("spec")).get("scaleTargetRef"))
    if key[:2] not in _SCALERS or not text(target.get("name")):
        return None
    # KEDA's own defaults; a HorizontalPodAutoscaler has none.
    api, kind = ("apps/v1", "Deployment") if key.group == "keda.sh" else ("", "")
    group = (text(target.get("apiVersion")) or api).rpartition("/")[0]
    return ObjectKey(group, text(target.get("kind")) or kind, key.namespace, target["name"])
