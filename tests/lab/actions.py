"""What people do past git, each on an object of its own, and what gitguard has to make of it."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from tests.lab.ground import Ground, Place


class Who(NamedTuple):
    """The actor that has to be named."""

    name: str
    confidence: str
    via: str


class Action(NamedTuple):
    """Something that alice does to what `needs` says is there under `name`; `shown` is how people write it.

    `place` is the object whose incident it is, and `decision` how that ends: reverted, logged, or "" where there is none to be. What has to be again
    as it was where it is reverted is `back`, or else the place. What is in one `lane` happens one after the other; what is done several `times` is
    done again each time that it was answered. `forged`: beside it, it says something that only somebody else could say.
    """

    name: str
    shown: str
    needs: str
    do: Callable[[Ground, str], object]
    place: Place
    action: str = "update"
    severity: str = "medium"
    who: Who = Who("alice", "authenticated", "kubectl")
    decision: str = "reverted"
    back: tuple[Place, ...] = ()
    lane: str = ""
    forged: bool = False
    times: int = 1


KUBECTL = Who("alice", "authenticated", "kubectl")
API = Who("alice", "corroborated", "argocd-api")
HINT = Who("alice", "unknown", "argocd-api")
SERVER = Who("system:serviceaccount:argocd:argocd-server", "authenticated", "argocd-api")
OTHER = Who("alice", "authenticated", "unknown")
Do = Callable[[Ground, str], object]


def _settings(name: str, shown: str, do: Do, **more: Any) -> Action:
    return Action(name, shown, "settings", do, Place("ConfigMap", name), **more)


def _deployment(name: str, shown: str, do: Do, **more: Any) -> Action:
    return Action(name, shown, "deployment", do, Place("Deployment", name), **more)


def on_application(name: str, shown: str, do: Do, *, needs: str = "application", **more: Any) -> Action:
    return Action(name, shown, needs, do, Place("Application", name, "argocd"), **{"who": API, **more})


def on_project(name: str, shown: str, do: Do, **more: Any) -> Action:
    return Action(name, shown, "project", do, Place("AppProject", name, "argocd"), **{"who": API, "severity": "high", **more})


def on_secret(name: str, shown: str, pattern: str, do: Do, **more: Any) -> Action:
    how = {"who": SERVER, "severity": "high", "decision": "logged", **more}
    return Action(name, shown, "", do, Place("Secret", pattern, "argocd"), **how)


# kubectl, on what Argo CD deployed


def _changed(on: Ground, name: str, value: str = "evil") -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop"}, "data": {"mode": value}})


def _forged_manager(on: Ground, name: str) -> str:
    how = ("apply", "--server-side", "--force-conflicts", "--field-manager=argocd-controller", "-f", "-")
    return on.kubectl(*how, stdin=_changed(on, name))


def _sidecar(on: Ground, name: str) -> str:
    containers = [{"name": "evil", "image": "evil"}, {"name": "web", "env": [{"name": "LD_PRELOAD", "value": "/evil.so"}]}]
    patch = {"spec": {"template": {"spec": {"hostNetwork": True, "containers": containers}}}}
    return on.kubectl("patch", "deployment", name, "-p", json.dumps(patch))


def _wiped(on: Ground, name: str) -> str:
    return on.merge("configmap", name, "shop", metadata={"managedFields": [{}]}, data={"mode": "evil"})


def _replaced(on: Ground, name: str) -> str:
    return on.kubectl("replace", "-f", "-", stdin=_changed(on, name))


def _unmanaged(on: Ground, name: str) -> str:
    return on.kubectl("create", "configmap", name, "--from-literal=x=1")


def _port(on: Ground, name: str) -> str:
    return on.kubectl("patch", "service", name, "--type=json", "-p", '[{"op": "replace", "path": "/spec/ports/0/port", "value": 8443}]')


WORKLOADS = (
    _settings("edit", "kubectl edit", lambda on, it: on.kubectl("edit", "configmap", it, editor=on.editor(it, "s/mode: prod/mode: evil/"))),
    _settings("patch", "kubectl patch", lambda on, it: on.merge("configmap", it, "shop", data={"mode": "evil"})),
    _settings("apply", "kubectl apply", lambda on, it: on.kubectl("apply", "-f", "-", stdin=_changed(on, it))),
    _deployment("set-image", "kubectl set image", lambda on, it: on.kubectl("set", "image", f"deployment/{it}", "web=evil:1"), severity="high"),
    _deployment("scale", "kubectl scale", lambda on, it: on.kubectl("scale", "deployment", it, "--replicas=5"), severity="low"),
    _settings("label", "kubectl label", lambda on, it: on.kubectl("label", "configmap", it, "a=b"), severity="low"),
    _settings("annotate", "kubectl annotate", lambda on, it: on.kubectl("annotate", "configmap", it, "a=b"), severity="low"),
    _settings("replace", "kubectl replace", _replaced),
    _settings("manager", "kubectl apply --server-side in the name of Argo CD's field manager", _forged_manager, forged=True),
    _settings("wiped", "kubectl patch that wipes managedFields", _wiped, forged=True),
    _settings("repeat", "kubectl patch, six times", lambda on, it: on.merge("configmap", it, "shop", data={"mode": "evil"}), times=6),
    _deployment("sidecar", "kubectl patch: a sidecar, LD_PRELOAD and hostNetwork added", _sidecar, severity="high"),
    _deployment("restart", "kubectl rollout restart", lambda on, it: on.kubectl("rollout", "restart", f"deployment/{it}"), severity="low", decision="logged"),
    Action("port", "kubectl patch of a Service's port", "service", _port, Place("Service", "port")),
    _deployment("delete", "kubectl delete deployment", lambda on, it: on.kubectl("delete", "deployment", it), action="delete"),
    _settings("delete-settings", "kubectl delete configmap", lambda on, it: on.kubectl("delete", "configmap", it), action="delete"),
    Action("unmanaged", "kubectl create of an object that git does not have", "", _unmanaged, Place("ConfigMap", "unmanaged"), decision=""),
    Action(
        "pod", "kubectl delete pod", "pod", lambda on, it: on.kubectl("delete", "pod", it, "--force", "--grace-period=0"), Place("Pod", "pod"),
        action="delete", severity="low", decision="logged",
    ),
)  # fmt: skip


# Into pods. Nobody serves behind the API server, so that these fail there; they went through all the same.


def _into(how: Callable[[Ground, str], object]) -> Do:
    """A way into a pod, which ends at the kubelet that is not there."""

    def do(on: Ground, name: str) -> None:
        with suppress(AssertionError):
            how(on, name)

    return do


def _pod(name: str, shown: str, do: Do, **more: Any) -> Action:
    return Action(name, shown, "pod", do, Place("Pod", name), **{"action": "exec", "severity": "high", "decision": "logged", **more})


PODS = (
    _pod("exec", "kubectl exec", _into(lambda on, it: on.kubectl("exec", it, "--", "sh"))),
    _pod("attach", "kubectl attach", _into(lambda on, it: on.kubectl("attach", it))),
    _pod("debug", "kubectl debug", lambda on, it: on.kubectl("debug", it, "--image=evil", "--attach=false")),
)


# kubectl, on Argo CD's own objects


def _operation(on: Ground, name: str) -> str:
    return on.merge("applications.argoproj.io", name, "argocd", operation={"initiatedBy": {"username": "bob"}, "sync": {"revision": on.old}})


def _status(on: Ground, name: str) -> str:
    state = on.live(Place("Application", name, "argocd"))["status"]["operationState"]
    state["operation"]["initiatedBy"] = {"username": "bob"}
    return on.merge("applications.argoproj.io", name, "argocd", status={"operationState": state})


def _widened(on: Ground, name: str) -> str:
    role = {"name": "evil", "policies": [f"p, proj:{name}:evil, applications, *, {name}/*, allow"]}
    return on.merge("appprojects.argoproj.io", name, "argocd", spec={"roles": [role], "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]})


def _ignoring(on: Ground, name: str) -> str:
    ignore = [{"group": "", "kind": "ConfigMap", "jsonPointers": ["/data"]}]
    return on.merge("applications.argoproj.io", name, "argocd", spec={"ignoreDifferences": ignore})


def _setting(name: str, **data: str) -> Action:
    place = Place("ConfigMap", name, "argocd")
    return Action(
        name, f"kubectl patch of {name}", "", lambda on, it: on.merge("configmap", it, "argocd", data=data), place, severity="high", lane="settings"
    )


_SKIP = "argocd.argoproj.io/skip-reconcile=true"
CONTROL = (
    on_application(
        "operation", "kubectl patch of `.operation`: an old revision, in bob's name", _operation, needs="manual", action="sync", severity="high",
        who=KUBECTL, back=(Place("ConfigMap", "operation"),), forged=True,
    ),
    on_application("status", "kubectl patch of `.status`, in bob's name", _status, action="other", severity="high", who=KUBECTL, decision="logged"),
    on_application(
        "skip", "kubectl annotate: skip-reconcile", lambda on, it: on.kubectl("annotate", "applications.argoproj.io", it, _SKIP, "-n", "argocd"),
        severity="high", who=KUBECTL,
    ),
    on_application("ignoring", "kubectl patch: ignoreDifferences added", _ignoring, severity="high", who=KUBECTL),
    on_project("widened", "kubectl patch of an AppProject: roles and clusterResourceWhitelist", _widened, who=KUBECTL),
    _setting("argocd-cm", **{"users.anonymous.enabled": "true"}),
    _setting("argocd-rbac-cm", **{"policy.csv": "g, alice, role:admin\n"}),
)  # fmt: skip
