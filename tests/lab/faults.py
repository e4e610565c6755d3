"""What the fault tests of the watch share: people who change things by hand, a network that can be cut, and what has to hold whatever happens."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import urllib3
import yaml

from tests.conftest import Repository
from tests.lab.argocd import application
from tests.lab.controlplane import ControlPlane
from tests.lab.objects import settings
from tests.lab.watch import Watch

GITGUARD = "system:serviceaccount:gitguard:gitguard"
CONTROLLER = "argocd-application-controller"
_WRITES = ("create", "update", "patch", "delete")
_PLURALS = {"AppProject": "appprojects", "Application": "applications", "ConfigMap": "configmaps", "Secret": "secrets", "Deployment": "deployments"}
_GROUPS = {"argoproj.io/v1alpha1": "apis/argoproj.io/v1alpha1", "v1": "api/v1", "apps/v1": "apis/apps/v1"}
POLICY = "roots: [argocd]\nreconcile: {grace: 1}\n"


def project(name: str, **spec: Any) -> dict[str, Any]:
    """An AppProject, which git itself has in the cluster without any Application."""
    spec = {"description": "git", "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], **spec}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"}, "spec": spec}


class Edit(NamedTuple):
    """A change that somebody made by hand: what its incident has to tell."""

    user: str
    name: str
    path: str
    value: Any


class Person:
    """Somebody who changes objects by the API server's own API."""

    def __init__(self, plane: ControlPlane, user: str) -> None:
        self.user = user
        self._url = plane.url
        self._context = ssl.create_default_context(cafile=str(plane.ca))
        self._headers = {"Authorization": f"Bearer {plane.tokens[user]}", "User-Agent": "curl/8"}

    def get(self, manifest: Mapping[str, Any]) -> Any:
        """The object as it is, None where there is none."""
        answer = self._send("GET", manifest)
        assert answer.status in (200, 404), answer.data
        return json.loads(answer.data) if answer.status == 200 else None

    def patch(self, manifest: Mapping[str, Any], change: Mapping[str, Any]) -> tuple[int, bytes]:
        """A merge patch; the status of the answer, and what it says."""
        answer = self._send("PATCH", manifest, json.dumps(change).encode())
        return answer.status, answer.data

    def edit(self, manifest: Mapping[str, Any], **fields: Any) -> Edit:
        """Change one field of `spec`, or of `data` where the object has that."""
        ((field, value),) = fields.items()
        within = "data" if "data" in manifest else "spec"
        status, answer = self.patch(manifest, {within: {field: value}})
        assert status == 200, answer
        return Edit(self.user, manifest["metadata"]["name"], f"/{within}/{field}", value)

    def delete(self, manifest: Mapping[str, Any]) -> None:
        """Delete it."""
        assert self._send("DELETE", manifest).status == 200

    def _send(self, method: str, manifest: Mapping[str, Any], body: bytes | None = None) -> urllib3.BaseHTTPResponse:
        headers = {**self._headers, "Content-Type": "application/merge-patch+json"}
        with urllib3.PoolManager(ssl_context=self._context, retries=False, timeout=urllib3.Timeout(total=60)) as pool:
            return pool.request(method, self._place(manifest), body=body, headers=headers)

    def _place(self, manifest: Mapping[str, Any]) -> str:
        metadata = manifest["metadata"]
        plural = _PLURALS[manifest["kind"]]
        query = urlencode({"fieldManager": f"hand-of-{self.user}"})
        return f"{self._url}/{_GROUPS[manifest['apiVersion']]}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}?{query}"


class Scene(NamedTuple):
    """Objects of git in a cluster: `projects` by the newest commit, and `maps` by an Application that is said to be synced."""

    plane: ControlPlane
    config: Repository
    projects: tuple[dict[str, Any], ...]
    maps: tuple[dict[str, Any], ...]
    app: dict[str, Any]

    @property
    def objects(self) -> tuple[dict[str, Any], ...]:
        """All that is put back."""
        return (*self.projects, *self.maps)

    def commit(self, policy: str = POLICY, **more: str) -> str:
        """Commit it, and tell what Argo CD would tell: that it is synced there."""
        files = {f"argocd/{one['metadata']['name']}.yaml": yaml.safe_dump(one) for one in (*self.projects, self.app)}
        files |= {f"maps/{one['metadata']['name']}.yaml": yaml.safe_dump(one) for one in self.maps}
        # By whatever address it is reached: this is how Applications call it.
        known = f"clusters: [{{name: lab, server: '{self.app['spec']['destination']['server']}'}}]\n"
        commit = self.config.commit({**files, ".gitguard.yaml": policy + known, **more})
        self.synced(commit)
        return commit

    def synced(self, commit: str) -> None:
        """Say that Argo CD has synced that commit."""
        said = {"sync": {"status": "Synced", "revision": commit, "comparedTo": {key: self.app["spec"][key] for key in ("source", "destination")}}}
        status, answer = Person(self.plane, CONTROLLER).patch(self.app, {"status": said})
        assert status == 200, answer

    def is_back(self) -> bool:
        """Is everything as git has it?"""
        admin = Person(self.plane, "admin")
        return all(_is_as(one, admin.get(one)) for one in self.objects)


def scene(plane: ControlPlane, config: Repository, label: str, *, projects: int = 3, maps: int = 3, policy: str = POLICY) -> Scene:
    """Git's objects, in the cluster as git's own pipeline puts them there; `label` is a part of their names, so that tests can share a cluster."""
    made = Scene(
        plane,
        config,
        tuple(project(f"{label}-{number}") for number in range(projects)),
        tuple(settings(f"{label}-map-{number}", mode="git") for number in range(maps)),
        application(label, config.path, "maps", plane),
    )
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": CONTROLLER, "namespace": "argocd"}
    binding = {"kind": "ClusterRoleBinding", "metadata": {"name": CONTROLLER}, "roleRef": role, "subjects": [subject]}
    plane.apply({"apiVersion": "rbac.authorization.k8s.io/v1", **binding}, *made.objects, made.app)
    made.commit(policy)
    return made


def _is_as(git: Mapping[str, Any], live: Mapping[str, Any] | None) -> bool:
    return live is not None and all(live.get(part) == git[part] for part in ("spec", "data") if part in git)


# What has to hold


def holds(running: Watch, made: Scene, edits: Sequence[Edit] = ()) -> None:
    """Whatever happened: the ledger is intact, it knew of every act before the cluster did, nothing is lost, and nothing was put back twice."""
    running.verified()
    entries = running.entries()
    intents = {entry["id"]: entry for entry in entries if entry["kind"] == "intent"}
    ended = [entry["intent"] for entry in entries if entry["kind"] == "outcome"]
    assert sorted(ended) == sorted(intents), "every act has one end"
    told_before: set[str] = set()
    for entry in entries:
        if entry["kind"] == "drift":
            told_before.add(entry["id"])
        assert entry["kind"] != "intent" or entry["incident"] in told_before, "no act without its drift before it"
    for event in acts(made):
        act = event["auditID"].removeprefix("gitguard-")
        assert act in intents, f"an act that the ledger does not know: {event['verb']} {event['objectRef']}"
        assert intents[act]["time"] <= event["requestReceivedTimestamp"], "it was done before it was announced"
    _put_back_once(made)
    told = [
        (entry["object"]["name"], change["path"], change.get("live")) for entry in entries if entry["kind"] == "drift" for change in entry["changes"]
    ]
    for edit in edits:
        assert (edit.name, edit.path, edit.value) in told, f"lost: {edit}"
    assert made.is_back()


def writes(made: Scene) -> list[dict[str, Any]]:
    """The writes of anybody to the scene's objects that came to something, in the order of the audit."""
    names = {(_PLURALS[one["kind"]], one["metadata"]["name"]) for one in (*made.objects, made.app)}
    listed = []
    for file in sorted(made.plane.audit_log.parent.glob("audit*.log*"), key=lambda file: file.stat().st_mtime):
        for line in file.read_text().splitlines():
            with suppress(ValueError):
                listed.append(json.loads(line))
    return [
        event
        for event in listed
        if event.get("stage") == "ResponseComplete"
        and event["verb"] in _WRITES
        and event["responseStatus"]["code"] < 300
        and "dryRun=All" not in event["requestURI"]
        and (event.get("objectRef", {}).get("resource"), event.get("objectRef", {}).get("name")) in names
    ]


def acts(made: Scene) -> list[dict[str, Any]]:
    """What gitguard has written to the scene's objects."""
    return [event for event in writes(made) if event["user"]["username"] == GITGUARD]


def _put_back_once(made: Scene) -> None:
    """No two writes of gitguard to one object without somebody else's between them."""
    last: dict[tuple[str, str], str] = {}
    seen: set[str] = set()
    for event in sorted(writes(made), key=_version):
        key = (event["objectRef"]["resource"], event["objectRef"]["name"])
        user = event["user"]["username"]
        assert (user, last.get(key)) != (GITGUARD, GITGUARD), f"put back twice: {key}"
        last[key] = user
        assert user != GITGUARD or event["auditID"] not in seen, "one act, done twice"
        seen.add(event["auditID"])


def _version(event: Mapping[str, Any]) -> int:
    metadata = (event.get("responseObject") or {}).get("metadata") or {}
    return int(metadata.get("resourceVersion") or 0)


# A network that can be cut


class Wire:
    """A port of 127.0.0.1 that leads to another, and can be cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self.port = int(self._listener.getsockname()[1])
        self.delay = 0.0
        """Seconds that each piece waits on its way."""
        self.is_cut = False
        """New connections are ended at once."""
        self._lost: set[int] = set()
        self._open: dict[int, tuple[socket.socket, socket.socket]] = {}
        self._is_hole = False
        self._threads[0].start()

    def cut(self) -> None:
        """End all connections, and let no new ones come about."""
        self.is_cut = True
        for pair in list(self._open.values()):
            for one in pair:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def swallow(self) -> None:
        """Nothing gets through any more, and nobody is told: what is open now never lives again."""
        self._lost |= self._open.keys()
        self._is_hole = True

    def mend(self) -> None:
        """New connections live."""
        self.is_cut = self._is_hole = False

    def close(self) -> None:
        """End it."""
        self.cut()
        # Closing it alone would not wake who waits for the next.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        for pair in self._open.values():
            for one in pair:
                one.close()

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self.is_cut:
                near.close()
                continue
            number += 1
            try:
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._open[number] = near, far
            if self._is_hole:
                self._lost.add(number)
            for source, target in ((near, far), (far, near)):
                thread = threading.Thread(target=self._carry, args=(number, source, target, source is far))
                self._threads.append(thread)
                thread.start()

    def _passes(self, number: int, data: bytes, *, is_answer: bool) -> None:
        """A piece of a connection may go on when this returns."""

    def _carry(self, number: int, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                self._passes(number, data, is_answer=is_answer)
                if self.delay:
                    time.sleep(self.delay)
                if number not in self._lost:
                    target.sendall(data)
        if number not in self._lost:
            for one in (source, target):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


@contextmanager
def wired(plane: ControlPlane, folder: Path) -> Iterator[tuple[Wire, ControlPlane]]:
    """The control plane as it is reached over a wire."""
    wire = Wire(int(plane.url.rpartition(":")[2]))
    folder.mkdir()
    try:
        yield wire, plane._replace(url=f"https://127.0.0.1:{wire.port}", folder=folder)
    finally:
        wire.close()
