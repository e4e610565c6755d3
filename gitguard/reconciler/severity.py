"""How bad a difference is: by the object, by the fields, and by what was done to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitguard.model.drift import ABSENT, Change, ObjectKey

_RANKS = ("low", "medium", "high")
_ARGO_KINDS = ("Application", "ApplicationSet", "AppProject")
# Who may do what, what is let in, and what is trusted: every word of these counts.
_WEIGHTY_GROUPS = ("rbac.authorization.k8s.io", "admissionregistration.k8s.io")
_WEIGHTY_KINDS = (("", "Secret"), ("apiextensions.k8s.io", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService"))
_WEIGHTY_SETTINGS = ("argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_IN_CONTAINERS = ("image", "command", "args", "securityContext")
_ANYWHERE = ("hostNetwork", "hostPID", "hostIPC", "hostPath", "serviceAccountName", "serviceAccount", "securityContext")
_SOURCES = ("source", "sources", "sourceHydrator")
_IN_SOURCES = ("repoURL", "targetRevision", "targetBranch", "path", "chart")
_IN_APPLICATIONS = ("project", "destination", "ignoreDifferences")
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
# Labels and annotations that decide what is permitted, or whether Argo CD looks at all.
_WEIGHTY_NAMES = ("argocd.argoproj.io/", "pod-security.kubernetes.io/")


def severity(key: ObjectKey, changes: Sequence[Change], action: str) -> str:
    """high, medium or low, for what an action (update, create, delete, sync, rollback, exec, other) changed of an object.

    It is that of the worst change. Where no changes are given it is medium, unless the object or the action alone makes it high.
    """
    if _is_weighty(key) or action == "exec" or (action == "delete" and _is_missed(key)):
        return "high"
    if action != "update" or not changes:
        return "medium"
    return max((_of_field(key, steps, value) for change in changes for steps, value in _fields(change)), key=_RANKS.index, default="low")


def _is_weighty(key: ObjectKey) -> bool:
    if key.group in _WEIGHTY_GROUPS or (key.group, key.kind) in _WEIGHTY_KINDS or key.kind.endswith("NetworkPolicy"):
        return True
    return (key.group, key.kind) == ("", "ConfigMap") and key.name in _WEIGHTY_SETTINGS


def _is_missed(key: ObjectKey) -> bool:
    return (key.group == "argoproj.io" and key.kind in _ARGO_KINDS) or (key.group, key.kind) == ("", "Namespace")


def _of_field(key: ObjectKey, steps: tuple[str, ...], value: Any) -> str:
    if len(steps) > 1 and steps[-2] in ("labels", "annotations") and "metadata" in steps[-3:-2]:
        return "high" if steps[-1].startswith(_WEIGHTY_NAMES) else "low"
    if steps == ("spec", "replicas"):
        return "low"
    if key.group == "argoproj.io" and key.kind in _ARGO_KINDS:
        return "high" if _is_weighty_in_argo(key.kind, steps) else "medium"
    return "high" if _is_weighty_in_pods(steps, value) else "medium"


def _is_weighty_in_argo(kind: str, steps: tuple[str, ...]) -> bool:
    if kind == "AppProject":
        return steps[:1] == ("spec",)
    if steps[:2] == ("metadata", "finalizers"):
        return True
    is_template = kind == "ApplicationSet" and steps[:3] == ("spec", "template", "spec")
    within = steps[3:] if is_template else steps[1:]
    if not within:
        return steps == ("spec",)
    if kind == "ApplicationSet" and steps[0] == "spec" and steps[1] != "template":
        # Generators, say: they decide which Applications there are, and where.
        return True
    if within[0] in _SOURCES:
        return any(step in _IN_SOURCES for step in within[1:4])
    return within[:2] in (("syncPolicy",), ("syncPolicy", "automated")) or within[0] in _IN_APPLICATIONS


def _is_weighty_in_pods(steps: tuple[str, ...], value: Any) -> bool:
    if any(step in _ANYWHERE for step in steps):
        return True
    place = next((number for number, step in enumerate(steps) if step in _CONTAINERS), None)
    if place is None:
        return False
    # The place of the list and of the entry: what is behind them is of the container.
    within = steps[place + 2 :]
    if not within or any(step in _IN_CONTAINERS for step in within):
        return True
    return within[0] == "env" and within[-1] == "name" and str(value).startswith("LD_")


def _fields(change: Change) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field in which both sides of a change differ, however large what was changed at once is; with its value, the live one if there is one."""
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in change.path.split("/")[1:])
    git, live = (dict(_leaves(steps, value)) if value is not ABSENT else {} for value in (change.git, change.live))
    for place in sorted(git.keys() | live.keys()):
        if place not in git or place not in live or git[place] != live[place] or type(git[place]) is not type(live[place]):
            yield place, live.get(place, git.get(place))


def _leaves(steps: tuple[str, ...], value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping | list) and value:
        for step, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _leaves((*steps, str(step)), part)
    else:
        yield steps, value
