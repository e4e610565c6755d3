"""A config repository and the embedded API server with what Argo CD would have deployed from it, for tests of the watch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from gitguard.edges.cluster import Cluster
from gitguard.edges.embedded import Embedded
from tests.conftest import Repository
from tests.lab.objects import deployment, settings

PROJECT = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "AppProject",
    "metadata": {"name": "team", "namespace": "argocd"},
    "spec": {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]},
}
CONTROLLER = "argocd-application-controller"


class World:
    """A config repository that deploys a Deployment and a ConfigMap to the API server, as Argo CD would have."""

    def __init__(self, api: Embedded, repository: Repository, folder: Path) -> None:
        self.api, self.repository, self.folder = api, repository, folder
        self.policy: dict[str, Any] = {}
        self.commit = ""

    def deploy(self, **policy: Any) -> "World":
        source = {"repoURL": f"file://{self.repository.path}", "path": "web", "targetRevision": "main"}
        destination = {"server": "https://kubernetes.default.svc", "namespace": "shop"}
        spec = {"project": "team", "source": source, "destination": destination, "syncPolicy": {"automated": {}}}
        app = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "web", "namespace": "argocd"}, "spec": spec}
        configuration = {"roots": ["argocd"], **({"reconcile": policy} if policy else {})}
        files = {"argocd/app.yaml": yaml.safe_dump_all([app, PROJECT]), ".gitguard.yaml": yaml.safe_dump(configuration)}
        objects = [deployment("web"), settings("mode", mode="a")]
        self.commit = self.repository.commit({**files, "web/all.yaml": yaml.safe_dump_all(objects)})
        for one in (*objects, PROJECT):
            self.api.apply(one, CONTROLLER)
        self.synced(app)
        return self

    def synced(self, app: dict[str, Any]) -> None:
        self.api.apply({**app, "status": {"sync": {"status": "Synced", "revision": self.commit}}}, CONTROLLER)

    def live(self, kind: str, name: str, namespace: str = "shop") -> Any:
        group = {"Deployment": "apps", "ConfigMap": "", "Secret": ""}.get(kind, "argoproj.io")
        return self.api.get(group, kind, namespace, name)

    def change(self, kind: str, name: str, change: Callable[[Any], None], user: str = "alice", namespace: str = "shop") -> None:
        value = json.loads(json.dumps(self.live(kind, name, namespace)))
        change(value)
        self.api.apply(value, user)

    def edit(self, user: str = "alice", **data: str) -> None:
        """Somebody changes the ConfigMap."""
        self.change("ConfigMap", "mode", lambda value: value["data"].update(data), user)

    def delete(self, user: str, name: str = "mode") -> None:
        """Somebody deletes a ConfigMap."""
        cluster = Cluster.connect(self.api.kubeconfig(user), "")
        resource = cluster.resource("", "ConfigMap")
        assert resource is not None
        cluster.delete(resource, "shop", name, uid=self.live("ConfigMap", name)["metadata"]["uid"])

    def reconcile(self, *arguments: str, audit: bool = True, ledger: bool = True) -> Any:
        sources = ["--audit-log", str(self.api.audit_log)] if audit else []
        kept = ["--ledger", str(self.folder / "ledger")] if ledger else []
        command = ("reconcile", "--repo", str(self.repository.path), "--kubeconfig", str(self.api.kubeconfig("gitguard")), *kept, *sources)
        return self.repository.gitguard(*command, *arguments)

    def drift(self, *arguments: str, **more: bool) -> list[Any]:
        """What `--once` finds."""
        done = self.reconcile("--once", "--format", "json", *arguments, **more)
        assert done.code in (0, 1), done.err
        found = json.loads(done.out)["drift"]
        assert done.code == bool(found)
        return found
