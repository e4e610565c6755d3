"""A real Argo CD around a control plane of the lab: API server, application controller and repo server, outside of the cluster, and the CLI."""

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab.controlplane import ControlPlane, Part, wait_for
from tests.ports import free_port

LABELS = {"app.kubernetes.io/part-of": "argocd"}
# Its own password for each user of the lab; bcrypt of it is what Argo CD keeps.
CONFIG_MAPS: Mapping[str, Mapping[str, str]] = {
    "argocd-cm": {"accounts.alice": "login, apiKey", "timeout.reconciliation": "3s", "timeout.reconciliation.jitter": "0s"},
    "argocd-rbac-cm": {"policy.default": "role:admin"},
    "argocd-cmd-params-cm": {},
    "argocd-ssh-known-hosts-cm": {},
    "argocd-tls-certs-cm": {},
    "argocd-gpg-keys-cm": {},
}


class ArgoCD(NamedTuple):
    """Argo CD in the namespace argocd. `server` is host:port of its API; `parts` its processes by name."""

    plane: ControlPlane
    server: str
    program: Path
    folder: Path
    parts: Mapping[str, Part]

    def cli(self, *arguments: str, user: str = "admin", editor: Path | None = None) -> str:
        """What `argocd …` prints for a user that has logged in; AssertionError with what it said where it fails. `editor` is for `app edit`."""
        config = self.folder / f"cli-{user}"
        if not config.exists():
            login = ("login", self.server, "--username", user, "--password", self._password(user), "--plaintext")
            self._cli(config, *login)
        return self._cli(config, "--server", self.server, "--plaintext", *arguments, EDITOR=str(editor))

    def core(self, *arguments: str, user: str, stdin: str = "") -> str:
        """What `argocd …` prints that goes past Argo CD's API server, with a user's own kubeconfig."""
        kubeconfig = self.folder / f"kubeconfig-{user}"
        if not kubeconfig.exists():
            kubeconfig.write_text(self.plane.kubeconfig(user).read_text().replace("cluster: lab", "cluster: lab\n    namespace: argocd"))
        return self._cli(self.folder / "core", *arguments, stdin=stdin, KUBECONFIG=str(kubeconfig))

    def _cli(self, config: Path, *arguments: str, stdin: str = "", **more: str) -> str:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "ARGOCD_OPTS": "", **more}
        command = [str(self.program), "cli", "--config", str(config), *arguments]
        done = subprocess.run(command, env=environment, input=stdin, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def let_in(self, user: str) -> None:
        """Give a local account its password, which it has none of at first."""
        self.cli("account", "update-password", "--account", user, "--current-password", self._password("admin"), "--new-password", PASSWORD)

    def _password(self, user: str) -> str:
        if user != "admin":
            return PASSWORD
        secret = self.plane.get("secret", "argocd-initial-admin-secret", "argocd")
        return base64.b64decode(secret["data"]["password"]).decode()

    def synced(self, name: str) -> bool:
        """Has Argo CD brought this Application to where git says?"""
        status = self.plane.get("applications.argoproj.io", name, "argocd").get("status") or {}
        return bool((status.get("sync") or {}).get("status") == "Synced" and (status.get("operationState") or {}).get("phase") == "Succeeded")


PASSWORD = "correct horse battery"


@contextmanager
def argocd(program: Path, helm: Path, crds: Path, plane: ControlPlane, folder: Path, **more: str) -> Iterator[ArgoCD]:
    """Argo CD, installed into the cluster and started; gone when the `with` ends. `crds` is the folder of its own CRDs.

    `more` are further environment variables of its parts.
    """
    tools = folder / "bin"
    tools.mkdir()
    (tools / "helm").symlink_to(helm)
    (tools / "kustomize").write_text("#!/bin/sh\nexit 1\n")
    (tools / "git-verify-wrapper.sh").write_text("#!/bin/sh\nexit 0\n")
    for tool in ("kustomize", "git-verify-wrapper.sh"):
        (tools / tool).chmod(0o755)
    _install(plane, crds)
    ports = {name: free_port() for name in ("redis", "repo", "repo-metrics", "controller-metrics", "server", "server-metrics")}
    redis, repository = f"127.0.0.1:{ports['redis']}", f"127.0.0.1:{ports['repo']}"
    common = {
        "PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(folder), "TMPDIR": str(folder), "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_FAKE_IN_CLUSTER": "false", "ARGOCD_TLS_DATA_PATH": str(folder), "ARGOCD_SSH_DATA_PATH": str(folder), "ARGOCD_ENABLE_GRPC_TIME_HISTOGRAM": "false",
    }  # fmt: skip
    with ExitStack() as stack:
        parts: dict[str, Part] = {}

        def start(name: str, *flags: str, user: str = "admin") -> Part:
            environment = {**common, **more, "KUBECONFIG": str(plane.kubeconfig(user))}
            part = parts[name] = Part([program, name, *flags], folder / f"{name}.log", environment)
            stack.callback(part.stop)
            return part

        cache = start("redis", redis)
        wait_for(lambda: b"ready" in cache.log.read_bytes(), cache, "redis")
        start(
            "repo-server", "--port", str(ports["repo"]), "--metrics-port", str(ports["repo-metrics"]), "--redis", redis, "--disable-tls",
            "--client-ca-path", "", "--address", "127.0.0.1", "--metrics-address", "127.0.0.1",
        )  # fmt: skip
        start(
            "application-controller", "--namespace", "argocd", "--redis", redis, "--repo-server", repository, "--repo-server-plaintext",
            "--metrics-port", str(ports["controller-metrics"]), user="argocd-application-controller",
        )  # fmt: skip
        server = start(
            "server", "--namespace", "argocd", "--redis", redis, "--repo-server", repository, "--repo-server-plaintext", "--insecure",
            "--port", str(ports["server"]), "--metrics-port", str(ports["server-metrics"]), "--address", "127.0.0.1", "--metrics-address", "127.0.0.1",
            "--disable-auth=false", user="argocd-server",
        )  # fmt: skip
        made = ArgoCD(plane, f"127.0.0.1:{ports['server']}", program, folder, parts)
        wait_for(lambda: re.search(rb"argocd v3\.6\.1.* serving", server.log.read_bytes()), server, "argocd-server")
        made.let_in("alice")
        yield made


def _install(plane: ControlPlane, crds: Path) -> None:
    serve_kinds(plane, crds)
    for name in ("argocd-server", "argocd-application-controller"):
        binding = {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}}
        subject = {"kind": "ServiceAccount", "name": name, "namespace": "argocd"}
        api = "rbac.authorization.k8s.io/v1"
        plane.apply({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": name}, "subjects": [subject], **binding})
    for name, data in CONFIG_MAPS.items():
        plane.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "argocd", "labels": LABELS}, "data": dict(data)}
        )
    plane.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-secret", "namespace": "argocd", "labels": LABELS}})
    # Outside of a pod nobody resolves kubernetes.default.svc: the cluster is declared under its own address.
    config = {
        "bearerToken": plane.tokens["argocd-application-controller"],
        "tlsClientConfig": {"caData": base64.b64encode(plane.ca.read_bytes()).decode()},
    }
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    plane.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "lab-cluster", "namespace": "argocd", "labels": labels},
            "stringData": {"name": "lab", "server": plane.url, "config": json.dumps(config)},
        }
    )
    spec: dict[str, Any] = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    plane.apply({"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": "argocd"}, "spec": spec})


def serve_kinds(plane: ControlPlane, crds: Path) -> None:
    """Let the API server serve Argo CD's kinds; nothing of Argo CD runs."""
    for file in sorted(crds.glob("*-crd.yaml")):
        plane.kubectl("apply", "--server-side", "-f", str(file))
    wait_for(lambda: _are_served(plane), plane.apiserver, "Argo CD's kinds")


def _are_served(plane: ControlPlane) -> bool:
    listed = plane.kubectl("api-resources", "--api-group=argoproj.io", "-o", "name").split()
    return {"applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io"} <= set(listed)


def application(name: str, repository: Path, path: str, plane: ControlPlane, **policy: Any) -> dict[str, Any]:
    """An Application of the lab's cluster, from a local git repository."""
    spec = {
        "project": "default",
        "source": {"repoURL": f"file://{repository}", "path": path, "targetRevision": "main"},
        "destination": {"server": plane.url, "namespace": "shop"},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, **policy},
    }
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": name, "namespace": "argocd"}, "spec": spec}
