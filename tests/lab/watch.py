"""`gitguard reconcile` as its users run it, beside a control plane of the lab: a process with its own ledger, and what it said and wrote."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import Repository
from tests.lab.controlplane import ControlPlane

READY_WITHIN = 60.0


class Watch:
    """A running watch. `folder` has its ledger and what it printed."""

    def __init__(self, plane: ControlPlane, config: Repository, folder: Path, *arguments: str, audit: bool = True, mode: str = "enforce") -> None:
        self.plane, self.config, self.folder = plane, config, folder
        self.ledger = folder / "ledger"
        self.log = folder / "watch.log"
        sources = ["--audit-log", str(plane.audit_log)] if audit else []
        self.command = [
            sys.executable, "-m", "gitguard", "reconcile", "--repo", str(config.path), "--kubeconfig", str(plane.kubeconfig("gitguard")),
            "--ledger", str(self.ledger), "--mode", mode, *sources, *arguments,
        ]  # fmt: skip
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            self._said_before = len(self.events())
            return subprocess.Popen(self.command, env=self.config.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def events(self, event: str = "") -> list[dict[str, Any]]:
        """What it has logged; with a name only such events."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if event in ("", line["event"])]

    def ready(self) -> "Watch":
        """Wait until it has read git and listed everything, since it was started last."""
        self.wait(lambda: any(line["event"] == "ready" for line in self.events()[self._said_before :]), "the watch was not ready")
        return self

    def wait(self, happened: Callable[[], Any], what: str, within: float = READY_WITHIN) -> Any:
        """Wait until something is so; what that gives."""
        deadline = time.monotonic() + within
        while not (found := happened()):
            assert self.process.poll() is None, f"the watch ended with {self.process.returncode}: {self.log.read_text()[-3000:]}"
            assert time.monotonic() < deadline, f"{what} within {within:g} s: {self.log.read_text()[-3000:]}"
            time.sleep(0.02)
        return found

    def stop(self) -> int:
        """End it as systems do; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """End it without a chance to do anything."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def start(self) -> "Watch":
        """Start it anew, with the same command."""
        self.process = self._start()
        return self

    def gitguard(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Another command of gitguard's, on its ledger."""
        return subprocess.run(
            [sys.executable, "-m", "gitguard", *arguments, "--ledger", str(self.ledger)], env=self.config.environment, capture_output=True, text=True,
            timeout=120,
        )  # fmt: skip

    def report(self) -> dict[str, Any]:
        """`gitguard report --format json`."""
        done = self.gitguard("report", "--format", "json")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def incidents(self, name: str = "") -> list[dict[str, Any]]:
        """The incidents of objects of a name."""
        return [one for one in self.report()["incidents"] if name in ("", one["object"]["name"])]

    def entries(self) -> list[dict[str, Any]]:
        """Every entry of the ledger."""
        done = self.gitguard("audit", "export")
        assert done.returncode == 0, done.stderr
        return [json.loads(line)["entry"] for line in done.stdout.splitlines()]

    def verified(self) -> None:
        """The ledger is intact."""
        done = self.gitguard("audit", "verify")
        assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def watch(plane: ControlPlane, config: Repository, folder: Path, *arguments: str, audit: bool = True, mode: str = "enforce") -> Iterator[Watch]:
    """A watch that is ready, and gone when the `with` ends."""
    let_in(plane)
    made = Watch(plane, config, folder, *arguments, audit=audit, mode=mode)
    try:
        yield made.ready()
    finally:
        if made.process.poll() is None:
            made.process.terminate()
            try:
                made.process.wait(20)
            except subprocess.TimeoutExpired:
                made.process.kill()
                made.process.wait()


def let_in(plane: ControlPlane) -> None:
    """Let gitguard's account do what the watch does; `tests/lab/test_rbac.py` has the roles that ship."""
    api = "rbac.authorization.k8s.io/v1"
    role: Mapping[str, str] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    subject = {"kind": "ServiceAccount", "name": "gitguard", "namespace": "gitguard"}
    plane.apply({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": {"name": "gitguard"}, "roleRef": role, "subjects": [subject]})
