"""Where the watch gets what it knows from: further repositories, signed commits, the audit on stdin and by webhook; and what it tells of itself."""

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.edges.cluster import Cluster
from tests.commands.world import CONTROLLER, World
from tests.conftest import Repository
from tests.lab.objects import settings
from tests.lab.watch import Watch
from tests.ports import free_port


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_applications_of_another_repository_that_git_names(world: World, new_repository: Callable[[str], Repository]) -> None:
    other = new_repository("team-a")
    commit = other.commit({"shop/shop.yaml": yaml.safe_dump(settings("shop", mode="a"))})
    world.deploy(repositories=[{"url": f"file://{other.path}"}])
    app = next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text()))
    app = {**app, "metadata": {"name": "shop", "namespace": "argocd"}}
    app["spec"] = {**app["spec"], "source": {"repoURL": f"file://{other.path}", "path": "shop", "targetRevision": "main"}}
    world.repository.commit({"argocd/shop.yaml": yaml.safe_dump(app)})
    world.api.apply(settings("shop", mode="evil"), "alice")
    world.api.apply({**app, "status": {"sync": {"status": "Synced", "revision": commit}}}, CONTROLLER)
    (drift,) = world.drift("--mode", "enforce")
    assert (drift["object"]["name"], drift["result"], drift["git"]["commit"]) == ("shop", "reverted", commit)


def test_only_signed_commits_are_gits_word_where_that_is_asked_for(world: World) -> None:
    world.deploy().edit(mode="evil")
    done = world.reconcile("--once", "--mode", "enforce", "--verify-signatures")
    assert done.code == 2
    assert "has no signature that can be trusted" in done.err
    assert world.live("ConfigMap", "mode")["data"] == {"mode": "evil"}


def test_the_audit_on_stdin(world: World) -> None:
    world.deploy(unmanaged=["ConfigMap/shop/*"])
    command = [
        sys.executable, "-m", "gitguard", "reconcile", "--repo", str(world.repository.path), "--kubeconfig", str(world.api.kubeconfig("gitguard")),
        "--ledger", str(world.folder / "ledger"), "--once", "--format", "json", "--audit-log", "-",
    ]  # fmt: skip
    world.api.apply(settings("extra", mode="x"), "alice")
    done = subprocess.run(command, env=world.repository.environment, input=world.api.audit_log.read_bytes(), capture_output=True, timeout=60)
    (drift,) = json.loads(done.stdout)["drift"]
    assert (drift["object"]["name"], drift["actor"]["name"], drift["actor"]["confidence"]) == ("extra", "alice", "authenticated")


class Posting(threading.Thread):
    """Posts the audit log as the API server would, event by event."""

    def __init__(self, log: Path, port: int, token: str) -> None:
        super().__init__(daemon=True)
        self.stopped = threading.Event()
        self.statuses: list[int] = []
        self._log, self._port, self._token = log, port, token

    def run(self) -> None:
        sent = 0
        while not self.stopped.wait(0.02):
            lines = self._log.read_text().splitlines() if self._log.exists() else []
            if len(lines) > sent:
                body = json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [json.loads(line) for line in lines[sent:]]})
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
                connection.request("POST", "/", body, {"Authorization": f"Bearer {self._token}"})
                self.statuses.append(connection.getresponse().status)
                connection.close()
                sent = len(lines)


def test_the_audit_by_webhook(world: World) -> None:
    world.deploy(grace=0)
    port = free_port()
    world.repository.environment["GITGUARD_AUDIT_TOKEN"] = "a token"
    running = Watch(world.api, world.repository, world.folder, "--audit-webhook", f"127.0.0.1:{port}", audit=False)  # type: ignore[arg-type]
    posting = Posting(world.api.audit_log, port, "a token")
    try:
        running.ready()
        posting.start()
        world.edit(mode="evil")
        running.wait(lambda: running.events("act"), "it was not put back")
        assert running.stop() == 0
        (incident,) = running.incidents("mode")
        assert (incident["actor"]["name"], incident["actor"]["confidence"]) == ("alice", "authenticated")
        assert set(posting.statuses) == {200}
    finally:
        posting.stopped.set()
        if running.process.poll() is None:
            running.kill()


@pytest.fixture
def measured(world: World) -> Any:
    port = free_port()
    world.deploy(grace=0)
    running = Watch(world.api, world.repository, world.folder, "--metrics", f"127.0.0.1:{port}")  # type: ignore[arg-type]
    try:
        yield running.ready(), port
    finally:
        if running.process.poll() is None:
            running.kill()


def test_what_it_tells_of_itself(world: World, measured: tuple[Watch, int]) -> None:
    running, port = measured
    assert get(port, "/healthz")[0] == 200
    running.wait(lambda: get(port, "/readyz")[0] == 200, "it was not ready")
    world.edit(mode="evil")
    running.wait(lambda: running.events("act"), "it was not put back")
    running.wait(lambda: 'gitguard_ledger_entries{cluster="embedded"} 3.0' in get(port, "/metrics")[1], "the entries were not counted")
    watched = 'gitguard_watched_objects{cluster="embedded",kind="ConfigMap"} 1.0'
    running.wait(lambda: watched in get(port, "/metrics")[1], "what is watched was not counted")
    metrics = get(port, "/metrics")[1]
    assert 'gitguard_drift_total{action="update",cluster="embedded",decision="revert",kind="ConfigMap",severity="medium"} 1.0' in metrics
    assert 'gitguard_acts_total{act="update",cluster="embedded",result="reverted"} 1.0' in metrics
    assert 'gitguard_revert_seconds_count{cluster="embedded"} 1.0' in metrics
    assert f'commit="{world.commit}"' in metrics
    # Nothing that names people or objects.
    assert "alice" not in metrics
    assert "mode" not in metrics.replace("mode=", "")
    (drift,) = running.events("drift")
    assert (drift["actor"], drift["object"], drift["level"]) == ("alice", "ConfigMap shop/mode", "warning")
    assert "evil" not in running.log.read_text()


def test_while_the_cluster_is_away_it_waits_and_goes_on(world: World, measured: tuple[Watch, int]) -> None:
    running, _ = measured
    world.api.stop()
    running.wait(lambda: running.events("watch"), "nobody noticed")
    world.api.start()
    alice = Cluster.connect(world.api.kubeconfig("alice"), "")
    resource = alice.resource("", "ConfigMap")
    assert resource is not None
    alice.update(resource, {**world.live("ConfigMap", "mode"), "data": {"mode": "evil"}})
    running.wait(lambda: running.events("act"), "it was not put back")
    assert world.live("ConfigMap", "mode")["data"] == {"mode": "a"}
    assert running.stop() == 0
    gaps = running.report()["coverage"]["gaps"]
    assert any("configmaps could not be watched" in gap["why"] for gap in gaps)


def logged(log: Path, method: str, user: str, content: dict[str, Any]) -> None:
    """Argo CD's API server was called, by somebody who came by single sign-on."""
    claims = json.dumps({"iss": "https://dex.example", "sub": "opaque", "email": user})
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"msg": f"received unary call /{method}", "time": at, "grpc.request.claims": claims, "grpc.request.content": content}
    with log.open("a") as file:
        file.write(f"{json.dumps(fields)}\nproto: tag has too few fields\n")


def test_argo_cds_log_names_people_and_does_not_make_anybody_wait(world: World) -> None:
    world.deploy(grace=86400)
    log = world.folder / "argocd-server.log"
    running = Watch(world.api, world.repository, world.folder, "--argocd-log", str(log)).ready()  # type: ignore[arg-type]
    try:
        logged(log, "project.ProjectService/Update", "alice@corp", {"project": {"metadata": {"name": "team", "namespace": "argocd"}}})
        world.change("AppProject", "team", lambda value: value["spec"].update(sourceRepos=["https://evil"]), "argocd-server", "argocd")
        # Whoever applies git's word has a day for it; it was not them.
        running.wait(lambda: running.events("act"), "nothing was done")
        (incident,) = running.incidents("team")
        actor = incident["actor"]
        assert (actor["name"], actor["kind"], actor["via"], actor["confidence"]) == ("alice@corp", "human", "argocd-api", "reported")
        log.rename(log.with_name("argocd-server.log.1"))
        logged(log, "repository.RepositoryService/DeleteRepository", "bob@corp", {"repo": "https://bob:hunter2@git.example"})
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "repo-1", "namespace": "argocd"}}
        world.api.apply(secret, "alice")
        world.change("Secret", "repo-1", lambda value: value["metadata"].update(labels={"was": "repository"}), "argocd-server", "argocd")
        running.wait(lambda: len(running.events("drift")) >= 3, "the credentials were not told of")
        assert [one["actor"]["name"] for one in running.incidents("repo-1")] == ["alice", "bob@corp"]
        log.write_text("")
        running.wait(lambda: running.events("gap"), "the truncation was not told of")
        assert running.stop() == 0
        assert "hunter2" not in json.dumps(running.entries())
    finally:
        running.stop()


def test_argo_cds_log_takes_an_audit(world: World) -> None:
    done = world.reconcile("--once", "--argocd-log", "server.log", audit=False)
    assert done.code == 2
    assert "--audit-log" in done.err
