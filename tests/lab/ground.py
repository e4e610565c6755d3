"""The ground on which people act: what git has, what Argo CD made of it, and the hands with which somebody reaches past git."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.conftest import Repository
from tests.lab.argocd import CONFIG_MAPS, LABELS, PASSWORD, ArgoCD, application
from tests.lab.controlplane import ControlPlane
from tests.lab.objects import deployment, settings

PROJECTS = ("https://git.example/web.git",)
# Nobody serves there; what goes to a kubelet is permitted, told of in the audit, and fails behind that.
KUBELET = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
_MOVING = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    "values.yaml": "mode: prod\n",
    "templates/settings.yaml": 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "{{ .Release.Name }}"}\ndata: {mode: "{{ .Values.mode }}"}\n',
}


class Place(NamedTuple):
    """An object. The name may be a glob where nobody chooses it."""

    kind: str
    name: str
    namespace: str = "shop"

    @property
    def shown(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Ground(NamedTuple):
    """A cluster that is as git has it; `old` is the commit before the newest. `folder` is for whatever somebody needs."""

    plane: ControlPlane
    argo: ArgoCD
    config: Repository
    folder: Path
    old: str

    def kubectl(self, *arguments: str, **how: Any) -> str:
        """As alice, in the namespace shop."""
        where = () if "-n" in arguments else ("-n", "shop")
        return self.plane.kubectl(*where, *arguments, **{"user": "alice", **how})

    def merge(self, kind: str, name: str, namespace: str, **patch: Any) -> str:
        """`kubectl patch --type=merge` as alice."""
        return self.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(patch))

    def cli(self, *arguments: str, **how: Any) -> str:
        """`argocd …` as alice."""
        return self.argo.cli(*arguments, **{"user": "alice", **how})

    def collect(self, place: Place) -> None:
        """Finish a deletion in the foreground, as the controller that collects garbage does, which is not in the lab."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            content = self.content(place)
            if content is None:
                return
            if content["metadata"].get("deletionTimestamp"):
                patch = json.dumps({"metadata": {"finalizers": None}})
                self.plane.kubectl("patch", place.kind, place.name, "-n", place.namespace, "--type=merge", "-p", patch)
                return
            time.sleep(0.1)

    def editor(self, name: str, change: str) -> Path:
        """A program that edits a file as a `sed` expression says."""
        file = self.folder / f"editor-{name}"
        file.write_text(f"#!/bin/sh\nexec sed -i '{change}' \"$1\"\n")
        file.chmod(0o755)
        return file

    def rest(self, method: str, path: str, body: Any = None) -> Any:
        """What Argo CD's web UI sends for alice, and the answer."""
        token = self._asked("POST", "/api/v1/session", {"username": "alice", "password": PASSWORD}, "")["token"]
        return self._asked(method, path, body, token)

    def _asked(self, method: str, path: str, body: Any, token: str) -> Any:
        connection = http.client.HTTPConnection(self.argo.server, timeout=30)
        try:
            headers = {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Bearer {token}"}
            connection.request(method, path, json.dumps(body), headers)
            answer = connection.getresponse()
            said = answer.read()
            assert answer.status == 200, said.decode()
            return json.loads(said)
        finally:
            connection.close()

    def put(self, path: str, body: Any, agent: str) -> None:
        """What another program than kubectl sends to the API server with alice's credentials."""
        trust = ssl.create_default_context(cafile=str(self.plane.ca))
        connection = http.client.HTTPSConnection(self.plane.url.removeprefix("https://"), timeout=30, context=trust)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.plane.tokens['alice']}", "User-Agent": agent}
            connection.request("PUT", path, json.dumps(body), headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read().decode()
        finally:
            connection.close()

    def live(self, place: Place) -> Any:
        return self.plane.get(RESOURCES.get(place.kind, place.kind), place.name, place.namespace)

    def synced_to(self, name: str) -> str:
        """The revision that Argo CD has brought an Application to last, "" while it works on it."""
        state = (self.live(Place("Application", name, "argocd")).get("status") or {}).get("operationState") or {}
        return str(state["syncResult"]["revision"]) if state.get("phase") == "Succeeded" else ""

    def running(self, name: str) -> None:
        """Wait until Argo CD works on an Application."""
        place = Place("Application", name, "argocd")
        _until(lambda: self.live(place)["status"].get("operationState", {}).get("phase") == "Running", f"{name} is not being synced")

    def content(self, place: Place) -> Any:
        """What an object says, but for what moves by itself; None where it is not there."""
        try:
            live = self.live(place)
        except AssertionError:
            return None
        if place.kind == "ApplicationSet":
            # Argo CD's API writes an empty template into each generator, which is nobody's edit.
            del live["spec"]["generators"]
        metadata = {name: part for name, part in live["metadata"].items() if name not in _MOVING}
        # What kubectl and Argo CD note there for their own next time.
        metadata["annotations"] = {name: part for name, part in metadata.get("annotations", {}).items() if name != _APPLIED}
        return {**{name: part for name, part in live.items() if name not in ("status", "operation")}, "metadata": metadata}


RESOURCES = {"Application": "applications.argoproj.io", "AppProject": "appprojects.argoproj.io", "ApplicationSet": "applicationsets.argoproj.io"}


def project(name: str) -> dict[str, Any]:
    spec = {
        "description": "a team",
        "sourceRepos": list(PROJECTS),
        "destinations": [{"server": "https://a.example", "namespace": "web"}],
        "roles": [{"name": "reader", "description": "may look", "policies": [f"p, proj:{name}:reader, applications, get, {name}/*, allow"]}],
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"}, "spec": spec}


def application_set(name: str) -> dict[str, Any]:
    """One that makes nothing: its controller is not in the lab."""
    source = {"repoURL": PROJECTS[0], "path": "web", "targetRevision": "main"}
    spec = {"project": "default", "source": source, "destination": {"name": "lab", "namespace": "shop"}}
    template = {"metadata": {"name": "{{name}}"}, "spec": spec}
    made = {"generators": [{"list": {"elements": []}}], "template": template}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": name, "namespace": "argocd"}, "spec": made}


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def laid(plane: ControlPlane, argo: ArgoCD, config: Repository, folder: Path, needs: Mapping[str, str], *, heals: bool = False) -> Ground:
    """A ground with what each name needs, as `_FILES` has it. `heals`: every Application has selfHeal, also the one that deploys the others."""
    config.environment["PATH"] = f"{argo.folder / 'bin'}:{config.environment['PATH']}"
    policy = {"automated": {"prune": True, "selfHeal": True}} if heals else {"automated": {}}
    grounds = {name: _FILES[need](_Named(name, config.path, plane, policy, heals)) for name, need in needs.items() if need}
    root = application("root", config.path, "argocd", plane)
    root["spec"] |= {"destination": {"server": plane.url, "namespace": "argocd"}, "syncPolicy": policy}
    shop = application("shop", config.path, "shop", plane)
    shop["spec"]["syncPolicy"] = policy
    files = {
        ".gitguard.yaml": "roots: [bootstrap]\nreconcile: {cap: null}\n",
        "bootstrap/root.yaml": yaml.safe_dump(root),
        "argocd/shop.yaml": yaml.safe_dump(shop),
        "shop/shop.yaml": yaml.safe_dump(settings("shop", mode="prod")),
        **{f"argocd/{name}.yaml": yaml.safe_dump(_setting(name, data)) for name, data in _SETTINGS.items()},
    }
    for made in grounds.values():
        files |= made
    old = config.commit({name: text.replace("mode: prod", "mode: old") for name, text in files.items()})
    config.commit(files)
    plane.apply(*(_setting(name, data) for name, data in _SETTINGS.items()))
    argo.let_in("carol")
    plane.apply(_node(), *(_pod(name) for name, need in needs.items() if need == "pod"), root)
    made = Ground(plane, argo, config, folder, old)
    _until(lambda: argo.synced("root"), "the Application of Applications is not synced")
    manual = [name for name, need in needs.items() if need in ("manual", "hooked")]
    if not heals:
        for name in (name for name in manual if needs[name] == "manual"):
            for revision in (old, config.git("rev-parse", "HEAD").strip()):
                # The command's own way to wait for the end misses it now and then.
                argo.cli("app", "sync", name, "--async", "--revision", revision)
                _until(lambda name=name, revision=revision: made.synced_to(name) == revision, f"{name} is not synced to {revision}")  # type: ignore[misc]
    apps = [name for name, need in needs.items() if need in ("application", "chart", "workload")]
    _until(lambda: all(map(argo.synced, ["shop", *apps])), "the Applications are not synced")
    made.cli("version")
    return made


def _until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 90
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


class _Named(NamedTuple):
    name: str
    repository: Path
    plane: ControlPlane
    policy: Mapping[str, Any]
    heals: bool

    def application(self, *manifests: Mapping[str, Any], manual: bool = False, **source: Any) -> dict[str, str]:
        made = application(self.name, self.repository, f"apps/{self.name}", self.plane)
        made["spec"]["source"] |= source
        made["spec"]["syncPolicy"] = self.policy
        if manual and not self.heals:
            del made["spec"]["syncPolicy"]
        return {f"argocd/{self.name}.yaml": yaml.safe_dump(made), f"apps/{self.name}/all.yaml": yaml.safe_dump_all(manifests)}


def _setting(name: str, data: Mapping[str, str]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "argocd", "labels": LABELS}, "data": dict(data)}


_SETTINGS = {"argocd-cm": {**CONFIG_MAPS["argocd-cm"], "accounts.carol": "login"}, "argocd-rbac-cm": CONFIG_MAPS["argocd-rbac-cm"]}


def _node() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "nowhere"}, "status": KUBELET}


def _pod(name: str) -> dict[str, Any]:
    spec = {"nodeName": "nowhere", "containers": [{"name": "web", "image": "web"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


def _hooked(on: _Named) -> dict[str, str]:
    """An Application whose sync never ends: nothing runs its hook."""
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": on.name, "namespace": "shop", "annotations": {"argocd.argoproj.io/hook": "PreSync"}},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "web", "image": "web"}]}}},
    }  # fmt: skip
    return on.application(job, settings(on.name, mode="prod"), manual=True)


def _chart(on: _Named) -> dict[str, str]:
    files = on.application(helm={"parameters": [{"name": "tier", "value": "web"}]})
    return {**{name: text for name, text in files.items() if name.startswith("argocd/")}, **{f"apps/{on.name}/{n}": t for n, t in _CHART.items()}}


def _shop(make: Callable[[str], Mapping[str, Any]]) -> Callable[[_Named], dict[str, str]]:
    return lambda on: {f"shop/{on.name}.yaml": yaml.safe_dump(make(on.name))}


def _argocd(make: Callable[[str], Mapping[str, Any]]) -> Callable[[_Named], dict[str, str]]:
    return lambda on: {f"argocd/{on.name}.yaml": yaml.safe_dump(make(on.name))}


_FILES: Mapping[str, Callable[[_Named], dict[str, str]]] = {
    "settings": _shop(lambda name: settings(name, mode="prod")),
    "deployment": _shop(deployment),
    "service": _shop(service),
    "project": _argocd(project),
    "set": _argocd(application_set),
    "application": lambda on: on.application(settings(on.name, mode="prod")),
    "workload": lambda on: on.application(settings(on.name, mode="prod"), deployment(on.name)),
    "manual": lambda on: on.application(settings(on.name, mode="prod"), manual=True),
    "hooked": _hooked,
    "chart": _chart,
    "pod": lambda on: {},
}
