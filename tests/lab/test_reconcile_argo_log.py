"""Whom Argo CD's API server wrote for, by its own log and by its Events alone: the watch beside a real Argo CD."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, application
from tests.lab.controlplane import ControlPlane
from tests.lab.objects import deployment
from tests.lab.test_lab import eventually
from tests.lab.watch import Watch, watch

pytestmark = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd log")]
SERVER = "system:serviceaccount:argocd:argocd-server"
# What Dex tells of somebody: who they are is in the e-mail address, and nothing of them is to be kept but that.
CLAIMS = {"iss": "https://dex.example", "sub": "CgVhbGljZRIFbG9jYWw", "email": "alice", "jti": "secret-id", "at_hash": "secret-hash"}


class Relay:
    """Argo CD's log as it would be with single sign-on, by which alice came: the real lines, with claims."""

    def __init__(self, source: Path, file: Path) -> None:
        self.file = file
        self._source = source
        self._lock = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Copy until `stop`."""
        rest = b""
        with self._source.open("rb") as source:
            source.seek(0, 2)
            while not stop.wait(0.005):
                *lines, rest = (rest + source.read()).split(b"\n")
                with self._lock, self.file.open("ab") as file:
                    file.writelines(self._with_claims(line) + b"\n" for line in lines)

    def rotate(self) -> None:
        """As logrotate does."""
        with self._lock:
            self.file.rename(self.file.with_name(f"{self.file.name}.1"))

    def _with_claims(self, line: bytes) -> bytes:
        if b'"received unary call ' not in line:
            return line
        return json.dumps({"grpc.request.claims": json.dumps(CLAIMS), **json.loads(line)}).encode()


@contextmanager
def relayed(argo: ArgoCD, file: Path) -> Iterator[Relay]:
    """A relay at work."""
    made, stop = Relay(argo.parts["server"].log, file), threading.Event()
    file.touch()
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join()


def stage(plane: ControlPlane, argo: ArgoCD, config: Repository, name: str) -> None:
    """An Application of git's with a Deployment, as git has them."""
    app = application(name, config.path, name, plane)
    app["spec"].pop("syncPolicy")
    policy = "roots: [argocd]\nreconcile: {grace: 1}\n"
    config.commit({"argocd/app.yaml": yaml.safe_dump(app), f"{name}/web.yaml": yaml.safe_dump(deployment(name)), ".gitguard.yaml": policy})
    plane.apply(app)
    argo.cli("app", "sync", name)
    assert eventually(lambda: argo.synced(name))


def who(incident: Any) -> tuple[str, str, str, str]:
    actor = incident["actor"]
    return actor["name"], actor["kind"], actor["via"], actor["confidence"]


def found(running: Watch, name: str, count: int = 1) -> Any:
    """The incidents of objects of a name, once so many were found."""
    running.wait(lambda: sum(one["object"].endswith(f"/{name}") for one in running.events("drift")) >= count, f"nothing was found of {name}")
    return running.incidents(name)


ALICE = ("alice", "human", "argocd-api", "reported")


def test_the_log_names_whom_single_sign_on_does(plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path) -> None:
    stage(plane, argo, config, "logged")
    log = tmp_path / "server.log"
    with relayed(argo, log) as relay, watch(plane, config, tmp_path, "--argocd-log", str(log)) as running:
        argo.cli("account", "generate-token", "--account", "alice", user="alice")
        assert [who(one) for one in found(running, "argocd-secret")] == [ALICE]
        relay.rotate()
        # Of what was deployed, by the controller's account, and not known by any version.
        argo.cli("app", "delete-resource", "logged", "--kind", "Deployment", "--resource-name", "logged", "--force", user="alice")
        (deleted,) = found(running, "logged")
        assert (deleted["action"], who(deleted)) == ("delete", ALICE)
        # What may have credentials in it is not logged with who it was.
        argo.cli("repocreds", "add", "https://git.example/", "--username", "u", "--password", "hunter2", user="alice")
        names = plane.kubectl("get", "secrets", "-n", "argocd", "-o", "jsonpath={.items[*].metadata.name}").split()
        (name,) = (one for one in names if one.startswith("creds-"))
        assert [who(one) for one in found(running, name)] == [(SERVER, "automation", "argocd-api", "authenticated")]
        argo.cli("repocreds", "rm", "https://git.example/", user="alice")
        assert [who(one) for one in found(running, name, 2) if one["action"] == "delete"] == [ALICE]
        assert running.stop() == 0
        running.verified()
        written = json.dumps(running.entries())
        assert not any(secret in written for secret in ("hunter2", "secret-id", "secret-hash"))


def test_real_lines_of_local_accounts_name_nobody(plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path) -> None:
    stage(plane, argo, config, "local")
    with watch(plane, config, tmp_path, "--argocd-log", str(argo.parts["server"].log)) as running:
        argo.cli("account", "generate-token", "--account", "alice", user="alice")
        assert [who(one) for one in found(running, "argocd-secret")] == [(SERVER, "automation", "argocd-api", "authenticated")]
        assert running.stop() == 0
        # Argo CD prints other things, too; that is no gap.
        assert not any(one.get("gaps") for one in running.entries())


def test_events_name_people_where_there_is_no_audit(plane: ControlPlane, argo: ArgoCD, config: Repository, tmp_path: Path) -> None:
    stage(plane, argo, config, "heard")
    with watch(plane, config, tmp_path, audit=False) as running:
        argo.cli("app", "set", "heard", "--revision", "HEAD", user="alice")
        running.wait(lambda: running.events("act"), "nothing was done")
        assert plane.get("applications.argoproj.io", "heard", "argocd")["spec"]["source"]["targetRevision"] == "main"
        (incident,) = running.incidents("heard")
        assert (incident["decision"], who(incident)) == ("reverted", ALICE)
        # Whoever changes nothing has not changed what somebody else does next.
        argo.cli("app", "set", "heard", "--revision", "main", user="alice")
        patch = json.dumps({"spec": {"source": {"targetRevision": "evil"}}})
        plane.kubectl("patch", "applications.argoproj.io", "heard", "-n", "argocd", "--type=merge", "-p", patch, user="bob")
        running.wait(lambda: len(running.events("act")) == 2, "nothing was done")
        (_, incident) = sorted(running.incidents("heard"), key=lambda one: one["detected_at"])
        assert (incident["actor"]["via"], incident["actor"]["confidence"]) == ("kubectl", "claimed")
        argo.cli("app", "delete", "heard", "--cascade=false", "--yes", user="alice")
        running.wait(lambda: len(running.events("act")) == 3, "it was not made again")
        assert [who(one) for one in running.incidents("heard") if one["action"] == "delete"] == [ALICE]
        assert running.stop() == 0
        running.verified()
