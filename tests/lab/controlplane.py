"""A real kube-apiserver with its etcd on free ports of 127.0.0.1: started, used as several users, ended with everything that it started."""

import base64
import http.client
import json
import os
import secrets
import ssl
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.ports import free_port

KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"
# Who there is: (name, groups). The administrators' group is bound to everything by the API server itself.
USERS = {
    "admin": ("admin", "system:masters"),
    "alice": ("alice", "humans"),
    "bob": ("bob", "humans"),
    "gitguard": ("system:serviceaccount:gitguard:gitguard", "system:serviceaccounts"),
    "argocd-server": ("system:serviceaccount:argocd:argocd-server", "system:serviceaccounts"),
    "argocd-application-controller": ("system:serviceaccount:argocd:argocd-application-controller", "system:serviceaccounts"),
    "autoscaler": ("system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:serviceaccounts"),
    "deployment-controller": ("system:serviceaccount:kube-system:deployment-controller", "system:serviceaccounts"),
    "cainjector": ("system:serviceaccount:cert-manager:cert-manager-cainjector", "system:serviceaccounts"),
    "elected": ("system:serviceaccount:shop:elected", "system:serviceaccounts"),
    "pipeline": ("system:serviceaccount:ci:pipeline", "system:serviceaccounts"),
}
# Everything that changes something, with both bodies; reads are nobody's business here, but for those by which people get into pods.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "resources": [{"group": "", "resources": ["pods/attach", "pods/exec", "pods/portforward"]}]},
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]},
        {"level": "RequestResponse"},
    ],
}
READY_WITHIN = 60.0


class Failed(Exception):
    """A part of the lab did not come up; the message has the end of what it said."""


class Part:
    """A process of the lab, with its output in a file."""

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        self._command = list(map(str, command))
        self._environment = dict(environment)
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as output:
            return subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

    def stop(self, *, kill: bool = False) -> None:
        """End it, by its id."""
        if self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """End it and start it anew, with the same command."""
        self.stop(kill=True)
        self.process = self._start()

    def signal(self, number: int) -> None:
        """Send it a signal, to pause it or to let it go on."""
        self.process.send_signal(number)

    def tail(self) -> str:
        return self.log.read_bytes()[-2000:].decode("utf-8", "replace")


class ControlPlane(NamedTuple):
    """The API server at `url`, its CA, the tokens of its users, its audit log and its parts; `store` is etcd's host and port."""

    url: str
    ca: Path
    tokens: Mapping[str, str]
    audit_log: Path
    folder: Path
    apiserver: Part
    etcd: Part
    store: str

    def kubeconfig(self, user: str) -> Path:
        """A kubeconfig for one user."""
        file = self.folder / f"kubeconfig-{user}"
        if not file.exists():
            cluster = {"server": self.url, "certificate-authority": str(self.ca)}
            context = {"cluster": "lab", "user": user}
            value = {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "lab", "cluster": cluster}],
                "users": [{"name": user, "user": {"token": self.tokens[user]}}],
                "contexts": [{"name": "lab", "context": context}],
                "current-context": "lab",
            }
            file.write_text(yaml.safe_dump(value))
            file.chmod(0o600)
        return file

    def kubectl(self, *arguments: str, user: str = "admin", stdin: str = "", editor: Path | None = None) -> str:
        """What kubectl prints; AssertionError with what it said where it fails. `editor` is the program for `kubectl edit`."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig(user)), "KUBE_EDITOR": str(editor)}
        done = subprocess.run([str(KUBECTL), *arguments], env=environment, input=stdin, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def apply(self, *manifests: Mapping[str, Any], user: str = "admin") -> None:
        """Apply objects on the server side, as git's own pipeline would."""
        text = yaml.safe_dump_all(manifests)
        self.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=pipeline", "-f", "-", user=user, stdin=text)

    def get(self, kind: str, name: str, namespace: str = "") -> Any:
        """An object as it is."""
        where = ["-n", namespace] if namespace else []
        return json.loads(self.kubectl("get", kind, name, *where, "-o", "json"))

    def audit(self) -> list[Any]:
        """Every event of the audit log so far."""
        return [json.loads(line) for line in self.audit_log.read_text().splitlines() if line.strip()]

    def compact(self) -> None:
        """Make the store forget all versions but the newest."""
        connection = http.client.HTTPConnection(self.store, timeout=10)
        try:
            connection.request("POST", "/v3/kv/range", json.dumps({"key": base64.b64encode(b"/").decode()}))
            revision = json.loads(connection.getresponse().read())["header"]["revision"]
            connection.request("POST", "/v3/kv/compaction", json.dumps({"revision": revision, "physical": True}))
            assert connection.getresponse().status == HTTPStatus.OK
        finally:
            connection.close()

    def ready(self) -> None:
        """Wait until the API server answers."""
        wait_for(lambda: _is_ready(self.url, self.ca), self.apiserver, "kube-apiserver")


def let_people_in(plane: ControlPlane) -> None:
    """The namespaces shop and argocd, and people who can do everything, as many clusters have them."""
    plane.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "argocd")))
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "humans"}]
    api = "rbac.authorization.k8s.io/v1"
    plane.apply({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "humans"}, "roleRef": role, "subjects": subjects})
    wait_for(
        lambda: "yes" in plane.kubectl("auth", "can-i", "delete", "secrets", "--as=alice", "--as-group=humans"),
        plane.apiserver,
        "the people's role",
    )


def _is_ready(url: str, ca: Path) -> bool:
    if not ca.exists():
        return False
    connection = http.client.HTTPSConnection(url.removeprefix("https://"), timeout=2, context=ssl.create_default_context(cafile=str(ca)))
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def wait_for(happened: Any, part: Part, what: str, within: float = READY_WITHIN) -> None:
    """Wait until something holds; Failed where the part that it hangs on ends, or after `within` seconds."""
    deadline = time.monotonic() + within
    while not happened():
        if part.process.poll() is not None:
            raise Failed(f"{what} ended with {part.process.returncode}: {part.tail()}")
        if time.monotonic() > deadline:
            raise Failed(f"{what} was not ready within {within:g} s: {part.tail()}")
        time.sleep(0.05)


@contextmanager
def controlplane(program: Path, folder: Path, **more: object) -> Iterator[ControlPlane]:
    """A control plane of its own in a folder, gone when the `with` ends; `more` are further flags of the API server, with underscores."""
    ports = {name: free_port() for name in ("etcd", "peer", "api")}
    tokens = {user: secrets.token_hex(16) for user in USERS}
    rows = [f'{tokens[user]},{name},{number},"{groups}"' for number, (user, (name, groups)) in enumerate(USERS.items(), 1)]
    (folder / "tokens.csv").write_text("\n".join(rows) + "\n")
    (folder / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    (folder / "sa.key").write_bytes(key.private_bytes(*form))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    store = f"http://127.0.0.1:{ports['etcd']}"
    peer = f"http://127.0.0.1:{ports['peer']}"
    etcd_flags = {
        "data-dir": folder / "etcd", "listen-client-urls": store, "advertise-client-urls": store, "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer, "initial-cluster": f"default={peer}", "log-level": "error",
    }  # fmt: skip
    api_flags = {
        "etcd-servers": store, "secure-port": ports["api"], "bind-address": "127.0.0.1", "cert-dir": folder / "certificates",
        "service-account-key-file": folder / "sa.key", "service-account-signing-key-file": folder / "sa.key",
        "service-account-issuer": "https://kubernetes.default.svc", "token-auth-file": folder / "tokens.csv", "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.0.0.0/24", "disable-admission-plugins": "ServiceAccount", "audit-policy-file": folder / "audit-policy.yaml",
        "audit-log-path": folder / "audit.log", "audit-log-mode": "blocking", **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    with ExitStack() as stack:
        etcd = Part([program, "etcd", *_flags(etcd_flags), "--unsafe-no-fsync"], folder / "etcd.log", environment)
        stack.callback(etcd.stop)
        api = Part([program, "kube-apiserver", *_flags(api_flags)], folder / "apiserver.log", environment)
        stack.callback(api.stop)
        # Its certificate signs itself, so that it is its own CA.
        url, ca = f"https://127.0.0.1:{ports['api']}", folder / "certificates" / "apiserver.crt"
        made = ControlPlane(url, ca, tokens, folder / "audit.log", folder, api, etcd, store.removeprefix("http://"))
        made.ready()
        yield made


def _flags(flags: Mapping[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in flags.items()]
