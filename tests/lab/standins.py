"""Stand-ins for controllers: what they write, as whom they write it, and an admission webhook that is a real one."""

import base64
import datetime
import http.client
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.lab.controlplane import ControlPlane

MERGE = "application/merge-patch+json"
_SIDECAR = {"name": "proxy", "image": "proxy:1"}
DEPLOYMENTS, HOOK = "/apis/apps/v1/namespaces/shop/deployments", "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LEASES, MAPS = "/apis/coordination.k8s.io/v1/namespaces/shop/leases", "/api/v1/namespaces/shop/configmaps"


class Hand:
    """One user's requests to the API server."""

    def __init__(self, plane: ControlPlane, user: str) -> None:
        self._host = plane.url.removeprefix("https://")
        self._trust = ssl.create_default_context(cafile=str(plane.ca))
        self._headers = {"Authorization": f"Bearer {plane.tokens[user]}", "User-Agent": user, "Accept": "application/json"}

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> dict[str, Any]:
        """What the API server answers; AssertionError where it refuses."""
        connection = http.client.HTTPSConnection(self._host, timeout=20, context=self._trust)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {**self._headers, "Content-Type": kind})
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        assert answer.status < HTTPStatus.BAD_REQUEST, said.decode()
        return json.loads(said)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """A merge patch."""
        return self.ask("PATCH", path, body, MERGE)


def autoscaler(hand: Hand, turn: int) -> None:
    """Scales what a HorizontalPodAutoscaler of git's scales, and what git names no replicas of."""
    for name in ("scaled", "open"):
        hand.patch(f"{DEPLOYMENTS}/{name}/scale", {"spec": {"replicas": 2 + turn % 4}})


def deployment_controller(hand: Hand, turn: int) -> None:
    """Writes how a rollout goes, and which one it is."""
    for name in ("web", "scaled", "open", "quiet"):
        live = hand.ask("GET", f"{DEPLOYMENTS}/{name}")
        hand.patch(f"{DEPLOYMENTS}/{name}", {"metadata": {"annotations": {"deployment.kubernetes.io/revision": str(live["metadata"]["generation"])}}})
        replicas = live["spec"]["replicas"]
        hand.patch(
            f"{DEPLOYMENTS}/{name}/status",
            {"status": {"observedGeneration": live["metadata"]["generation"], "replicas": replicas, "updatedReplicas": turn % (replicas + 1)}},
        )


def cainjector(hand: Hand, turn: int, bundle: str) -> None:
    """Puts a CA where an annotation asks for it; every few turns another one."""
    ca = base64.b64encode((bundle * (1 + turn % 2)).encode()).decode()
    live = hand.ask("GET", f"{HOOK}/guarded")
    hooks = [{**one, "clientConfig": {**one["clientConfig"], "caBundle": ca}} for one in live["webhooks"]]
    hand.patch(f"{HOOK}/guarded", {"webhooks": hooks})
    hand.patch(f"{CRD}/widgets.example.com", {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": ca}}}}})


def elected(hand: Hand, turn: int) -> None:
    """Stays the leader, by a Lease and as it was done before there were any."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if turn == 0:
        spec = {"holderIdentity": "elected-0", "leaseDurationSeconds": 15}
        hand.ask("POST", LEASES, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "elected"}, "spec": spec})
    hand.patch(f"{LEASES}/elected", {"spec": {"renewTime": now}})
    leader = json.dumps({"holderIdentity": "elected-0", "renewTime": now})
    hand.patch(f"{MAPS}/leader", {"metadata": {"annotations": {"control-plane.alpha.kubernetes.io/leader": leader}}})


class Busy:
    """Something that is done every so many seconds in a thread of its own, until the `with` ends; what went wrong is raised there."""

    def __init__(self, period: float, act: Callable[[int], None]) -> None:
        self.turns = 0
        self._period, self._act = period, act
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._act(self.turns)
                self.turns += 1
                self._stop.wait(self._period)
        except BaseException as error:
            self._failure = error

    def __enter__(self) -> "Busy":
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._failure is not None and raised[0] is None:
            raise self._failure


@contextmanager
def injecting(folder: Path) -> Iterator[dict[str, Any]]:
    """A webhook that adds a sidecar and a label to Deployments, until the `with` ends; the configuration that registers it."""
    key, certificate = _certificate()
    file = folder / "webhook.pem"
    file.write_bytes(key + certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Injector)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    rule = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["deployments"]}
    hook = {
        "name": "inject.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", "timeoutSeconds": 5,
        "clientConfig": {"url": f"https://127.0.0.1:{server.server_address[1]}/", "caBundle": base64.b64encode(certificate).decode()}, "rules": [rule],
    }  # fmt: skip
    try:
        yield {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": "injector"}, "webhooks": [hook],
        }  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()


class _Injector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        steps = []
        pod = asked["object"]["spec"]["template"]["spec"]
        if not any(one["name"] == _SIDECAR["name"] for one in pod["containers"]):
            steps.append({"op": "add", "path": "/spec/template/spec/containers/-", "value": _SIDECAR})
        if "injected" not in (asked["object"]["metadata"].get("labels") or {}):
            labels = {**(asked["object"]["metadata"].get("labels") or {}), "injected": "yes"}
            steps.append({"op": "add", "path": "/metadata/labels", "value": labels})
        response: dict[str, Any] = {"uid": asked["uid"], "allowed": True}
        if steps:
            response |= {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(steps).encode()).decode()}
        answer = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: object) -> None:
        """Nobody asks."""


def _certificate() -> tuple[bytes, bytes]:
    """A key, and a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    plain = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return plain, made.public_bytes(serialization.Encoding.PEM)
