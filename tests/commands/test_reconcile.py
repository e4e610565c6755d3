"""`gitguard reconcile`, the real command, on the embedded API server: what it finds, what it does about it, and what it says of bad input."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.edges.embedded import embedded
from tests.commands.world import CONTROLLER, PROJECT, World
from tests.conftest import Repository
from tests.lab.objects import settings
from tests.lab.watch import Watch


def decisions(drift: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((one["object"]["name"], one["decision"], one["result"]) for one in drift)


class TestOnce:
    def test_where_all_is_as_git_has_it_there_is_nothing_to_say(self, world: World) -> None:
        done = world.deploy().reconcile("--once")
        assert (done.code, done.err) == (0, "")
        assert done.out.endswith(f"4 objects of 4 kinds beside commit {world.commit[:12]}: all as git has it\n")

    def test_observe_tells_and_writes_nothing(self, world: World) -> None:
        world.deploy().edit(mode="evil")
        before = world.live("ConfigMap", "mode")
        (drift,) = world.drift()
        assert (drift["decision"], drift["result"], drift["action"]) == ("observed", "observed", "update")
        assert drift["changes"] == [{"path": "/data/mode", "class": "changed", "git": "a", "live": "evil"}]
        assert drift["git"] == {"commit": world.commit, "path": "web/all.yaml"}
        assert world.live("ConfigMap", "mode") == before

    def test_enforce_puts_back_what_drifted_and_nothing_else(self, world: World) -> None:
        world.deploy().change("Deployment", "web", lambda value: value["spec"]["template"]["spec"].update(hostNetwork=True))
        revision = {"deployment.kubernetes.io/revision": "7"}
        world.change("Deployment", "web", lambda value: value["metadata"].update(annotations=revision), CONTROLLER)
        (drift,) = world.drift("--mode", "enforce")
        assert decisions([drift]) == [("web", "revert", "reverted")]
        live = world.live("Deployment", "web")
        assert "hostNetwork" not in live["spec"]["template"]["spec"]
        # With the mark by which Argo CD knows its own, which somebody had taken away.
        assert live["metadata"]["annotations"] == {**revision, "argocd.argoproj.io/tracking-id": "web:apps/Deployment:shop/web"}
        assert world.drift("--mode", "enforce") == []

    def test_a_dry_run_is_a_plan(self, world: World) -> None:
        world.deploy().edit(mode="evil")
        done = world.reconcile("--dry-run", ledger=False)
        assert done.code == 1
        assert '  changed /data/mode: "evil" in the cluster, "a" in git\n  would be put back: git has it otherwise\n' in done.out
        assert world.live("ConfigMap", "mode")["data"] == {"mode": "evil"}
        assert not (world.folder / "ledger").exists()

    def test_what_is_gone_is_made_again_with_argo_cds_mark(self, world: World) -> None:
        world.deploy()
        cluster = world.api
        from gitguard.edges.cluster import Cluster

        alice = Cluster.connect(cluster.kubeconfig("alice"), "")
        resource = alice.resource("", "ConfigMap")
        assert resource is not None
        alice.delete(resource, "shop", "mode", uid=world.live("ConfigMap", "mode")["metadata"]["uid"])
        (drift,) = world.drift("--mode", "enforce")
        assert (drift["action"], drift["result"], drift["changes"]) == ("delete", "reverted", [{"path": "", "class": "removed"}])
        again = world.live("ConfigMap", "mode")
        assert again["data"] == {"mode": "a"}
        assert again["metadata"]["annotations"] == {"argocd.argoproj.io/tracking-id": "web:/ConfigMap:shop/mode"}

    def test_argo_cds_own_objects(self, world: World) -> None:
        world.deploy().change("AppProject", "team", lambda value: value["spec"].update(roles=[{"name": "mine"}]), "bob", "argocd")
        world.change(
            "Application", "web", lambda value: value["metadata"].update(annotations={"argocd.argoproj.io/skip-reconcile": "true"}), "bob", "argocd"
        )
        drift = world.drift("--mode", "enforce")
        assert decisions(drift) == [("team", "revert", "reverted"), ("web", "revert", "reverted")]
        assert {one["severity"] for one in drift} == {"high"}
        assert "roles" not in world.live("AppProject", "team", "argocd")["spec"]
        assert "annotations" not in world.live("Application", "web", "argocd")["metadata"]

    def test_switching_automated_syncs_off_is_seen_though_what_is_taken_away_is_empty(self, world: World) -> None:
        world.deploy().change("Application", "web", lambda value: value["spec"].pop("syncPolicy"), "bob", "argocd")
        (drift,) = world.drift("--mode", "enforce")
        assert (drift["changes"], drift["result"]) == ([{"path": "/spec/syncPolicy", "class": "removed", "git": {"automated": {}}}], "reverted")
        assert world.live("Application", "web", "argocd")["spec"]["syncPolicy"] == {"automated": {}}

    def test_a_finalizer_that_makes_deletions_cascade_is_seen(self, world: World) -> None:
        finalizer = "resources-finalizer.argocd.argoproj.io"
        world.deploy().change("Application", "web", lambda value: value["metadata"].update(finalizers=[finalizer]), "bob", "argocd")
        (drift,) = world.drift("--mode", "enforce")
        assert (drift["changes"][0]["path"], drift["result"], drift["severity"]) == ("/metadata/finalizers", "reverted", "high")
        assert "finalizers" not in world.live("Application", "web", "argocd")["metadata"]

    def test_what_git_does_not_declare_is_left_alone_unless_git_says_otherwise(self, world: World) -> None:
        world.deploy()
        world.api.apply(settings("extra", mode="x"), "alice")
        assert world.drift("--mode", "enforce") == []
        world.deploy(unmanaged=["ConfigMap/shop/*"])
        (drift,) = world.drift("--mode", "enforce")
        assert (drift["object"]["name"], drift["action"], drift["result"]) == ("extra", "create", "reverted")
        assert world.live("ConfigMap", "extra") is None
        assert world.live("ConfigMap", "mode") is not None

    def test_an_older_state_of_git_is_behind_and_no_drift(self, world: World) -> None:
        """Argo CD has not brought the cluster forward yet, and has said already that it did."""
        world.deploy()
        text = (world.repository.path / "web/all.yaml").read_text()
        world.repository.commit({"web/all.yaml": text.replace("mode: a", "mode: b")})
        assert world.drift("--mode", "enforce") == []
        assert world.live("ConfigMap", "mode")["data"] == {"mode": "a"}

    def test_secrets_are_nowhere(self, world: World) -> None:
        world.deploy()
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login", "namespace": "shop"}, "data": {"password": "aHVudGVyMg=="}}
        world.repository.commit({"web/secret.yaml": yaml.safe_dump(secret)})
        world.commit = world.repository.git("rev-parse", "HEAD").strip()
        app = next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text()))
        world.synced(app)
        world.api.apply({**secret, "data": {"password": "c3Vyc3VtY29yZGE="}}, "alice")
        (drift,) = world.drift("--mode", "enforce")
        assert drift["changes"][0]["live"].keys() == {"hmac-sha256"}
        assert world.live("Secret", "login")["data"] == {"password": "aHVudGVyMg=="}
        held = b"".join(file.read_bytes() for file in (world.folder / "ledger").rglob("*") if file.is_file())
        held += b"".join(file.read_bytes() for file in (world.folder / "home").rglob("*") if file.is_file() and ".git" not in str(file))
        assert b"c3Vyc3VtY29yZGE" not in held
        assert b"sursumcorda" not in held


class TestPolicy:
    def test_who_is_allowed_is_let_be(self, world: World) -> None:
        world.deploy(allow=[{"kind": "ConfigMap", "path": "/data/mode", "writer": "alice"}]).edit(mode="b")
        with_audit = world.drift("--mode", "enforce")
        # One look can't prove who made one of several versions: nothing is done about it, and it is told.
        assert decisions(with_audit) == [("mode", "hold", "hold")]
        assert world.live("ConfigMap", "mode")["data"] == {"mode": "b"}

    def test_an_exception_lets_it_be_and_tells(self, world: World) -> None:
        exception = {"object": "ConfigMap/shop/mode", "reason": "load test", "ticket": "OPS-1", "until": "2099-01-01"}
        world.deploy(exceptions=[exception]).edit(mode="b")
        (drift,) = world.drift("--mode", "enforce")
        assert (drift["decision"], drift["reason"]) == ("excepted", "load test (OPS-1, until 2099-01-01)")

    def test_an_exception_needs_an_end(self, world: World) -> None:
        world.deploy(exceptions=[{"object": "ConfigMap/shop/mode", "reason": "load test", "ticket": "OPS-1"}])
        done = world.reconcile("--once")
        assert done.code == 2
        assert "until" in done.err


class TestRunning:
    @pytest.fixture
    def running(self, world: World) -> Iterator[Watch]:
        world.deploy(allow=[{"path": "/data/theirs", "writer": "bob"}], grace=0)
        made = Watch(world.api, world.repository, world.folder)  # type: ignore[arg-type]
        try:
            yield made.ready()
        finally:
            if made.process.poll() is None:
                made.kill()

    def test_a_change_is_put_back_and_laid_at_the_right_door(self, world: World, running: Watch) -> None:
        world.edit(mode="evil")
        running.wait(lambda: running.events("act"), "it was not put back")
        assert world.live("ConfigMap", "mode")["data"] == {"mode": "a"}
        world.edit("bob", theirs="x")
        world.edit("alice", theirs="y")
        running.wait(lambda: len(running.events("act")) == 2, "it was not put back")
        assert running.stop() == 0
        first, second = running.incidents("mode")
        assert [(one["actor"]["name"], one["actor"]["confidence"]) for one in (first, second)] == [("alice", "authenticated")] * 2
        assert second["changes"][0]["live"] == "y"
        running.verified()
        # bob may, and what he may is nobody's incident.
        assert len(running.incidents()) == 2

    def test_six_repeats_of_one_edit_are_six_incidents(self, world: World, running: Watch) -> None:
        for count in range(1, 7):
            world.edit(mode="evil")
            running.wait(lambda count=count: len(running.events("act")) == count, "it was not put back")
        assert running.stop() == 0
        assert [one["decision"] for one in running.incidents("mode")] == ["reverted"] * 6

    def test_a_new_commit_is_waited_for(self, world: World, running: Watch) -> None:
        text = (world.repository.path / "argocd/app.yaml").read_text()
        world.repository.commit({"argocd/app.yaml": text.replace("sourceRepos:", "description: newest\n  sourceRepos:")})
        running.wait(lambda: world.live("AppProject", "team", "argocd")["spec"].get("description"), "git's newest word did not come")
        assert running.stop() == 0

    def test_nothing_is_asked_for_changes_of_a_status(self, world: World, running: Watch) -> None:
        before = len(world.api.audit_log.read_text().splitlines())
        for count in range(20):
            world.change("Application", "web", lambda value, count=count: value["status"].update(count=count), CONTROLLER, "argocd")
        world.edit(mode="evil")
        running.wait(lambda: running.events("act"), "it was not put back")
        assert running.stop() == 0
        events = [json.loads(line) for line in world.api.audit_log.read_text().splitlines()[before:]]
        asked = [one for one in events if one["user"]["username"].endswith("gitguard") and one["objectRef"]["name"] == "web"]
        assert asked == []


class TestBadInput:
    def test_without_a_ledger(self, world: World) -> None:
        done = world.deploy().reconcile("--once", ledger=False)
        assert done.code == 2
        assert "--ledger DIR names the ledger" in done.err

    def test_no_such_repository(self, world: World) -> None:
        done = world.deploy().reconcile("--once", "--repo", "/nowhere")
        assert (done.code, done.out) == (2, "")
        assert "/nowhere: there is no such folder" in done.err

    def test_no_such_branch(self, world: World) -> None:
        done = world.deploy().reconcile("--once", "--ref", "release")
        assert done.code == 2
        assert "can't be read at release" in done.err

    def test_no_such_context(self, world: World) -> None:
        done = world.deploy().reconcile("--once", "--context", "prod")
        assert done.code == 3
        assert "--kubeconfig and --context name one" in done.err

    def test_an_api_server_that_is_down(self, world: World) -> None:
        world.deploy().api.stop()
        done = world.reconcile("--once")
        assert done.code == 3
        assert "can't be reached" in done.err

    def test_a_certificate_without_its_key(self, world: World) -> None:
        done = world.deploy().reconcile("--once", "--audit-cert", "cert.pem")
        assert done.code == 2
        assert "--audit-cert and --audit-key belong together" in done.err

    def test_a_webhook_without_a_token(self, world: World) -> None:
        done = world.deploy().reconcile("--once", "--audit-webhook", "127.0.0.1:0")
        assert done.code == 2
        assert "token" in done.err

    def test_a_policy_that_says_nothing(self, world: World) -> None:
        world.deploy(allow=[{"kind": "ConfigMap"}])
        done = world.reconcile("--once")
        assert done.code == 2
        assert ".gitguard.yaml:" in done.err


def test_a_status_that_somebody_made_up_moves_no_revision(world: World) -> None:
    """Else git's older word could be brought back by pretending that Argo CD synced it."""
    first = world.deploy(grace=0).commit
    text = (world.repository.path / "web/all.yaml").read_text()
    world.commit = world.repository.commit({"web/all.yaml": text.replace("mode: a", "mode: b")})
    app = next(yaml.safe_load_all((world.repository.path / "argocd/app.yaml").read_text()))
    world.synced(app)
    world.api.apply(settings("mode", mode="b"), CONTROLLER)
    running = Watch(world.api, world.repository, world.folder).ready()  # type: ignore[arg-type]
    try:
        world.api.apply({**app, "status": {"sync": {"status": "Synced", "revision": first}}}, "bob")
        running.wait(lambda: running.events("drift"), "nobody said anything")
        world.edit(mode="a")
        running.wait(lambda: running.events("act"), "the older word was taken for git's")
        assert world.live("ConfigMap", "mode")["data"] == {"mode": "b"}
        running.stop()
        (forged,) = running.incidents("web")
        assert (forged["actor"]["name"], forged["severity"], forged["decision"]) == ("bob", "high", "logged")
        assert forged["object"]["kind"] == "Application"
    finally:
        if running.process.poll() is None:
            running.kill()


def test_each_cluster_of_the_configuration_has_a_watch_and_a_ledger(tmp_path: Path, repository: Repository) -> None:
    folders = [tmp_path / name for name in ("east", "west")]
    for folder in folders:
        folder.mkdir()
    with embedded(folders[0]) as east, embedded(folders[1]) as west:
        clusters = []
        kubeconfig: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", "clusters": [], "users": [], "contexts": []}
        for name, api in (("east", east), ("west", west)):
            one = yaml.safe_load(api.kubeconfig("gitguard").read_text())
            kubeconfig["clusters"].append({**one["clusters"][0], "name": name})
            kubeconfig["users"].append({**one["users"][0], "name": name})
            kubeconfig["contexts"].append({"name": f"to-{name}", "context": {"cluster": name, "user": name}})
            clusters.append({"name": name, "server": api.url, "context": f"to-{name}"})
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        environments = {name: {"paths": [name], "clusters": [name]} for name in ("east", "west")}
        configuration = {"clusters": clusters, "environments": environments, "roots": ["east", "west"]}
        files = {f"{name}/project.yaml": yaml.safe_dump({**PROJECT, "spec": {**PROJECT["spec"], "description": name}}) for name in ("east", "west")}
        repository.commit({".gitguard.yaml": yaml.safe_dump(configuration), **files})
        for name, api in (("east", east), ("west", west)):
            api.apply({**PROJECT, "spec": {**PROJECT["spec"], "description": name}}, "admin")
        west.apply({**PROJECT, "spec": {**PROJECT["spec"], "description": "east"}}, "alice")
        ledger = tmp_path / "ledgers"
        command = ("reconcile", "--repo", str(repository.path), "--kubeconfig", str(tmp_path / "kubeconfig"), "--ledger", str(ledger))
        done = repository.gitguard(*command, "--once", "--mode", "enforce", "--format", "json")
        assert done.code == 1, done.err
        found = {json.loads(line)["cluster"]: json.loads(line)["drift"] for line in done.out.splitlines()}
        assert {name: decisions(drift) for name, drift in found.items()} == {"east": [], "west": [("team", "revert", "reverted")]}
        assert west.get("argoproj.io", "AppProject", "argocd", "team")["spec"]["description"] == "west"
        assert repository.gitguard("report", "--ledger", str(ledger / "west")).code == 1
        assert repository.gitguard("report", "--ledger", str(ledger / "east")).code == 0


def test_what_was_told_before_is_not_told_again_by_the_next_watch(world: World) -> None:
    world.deploy().edit(mode="evil")
    first, second = world.drift()[0], world.drift()[0]
    assert first["id"] == second["id"]
    report = world.repository.gitguard("report", "--ledger", str(world.folder / "ledger"), "--format", "json")
    assert len(json.loads(report.out)["incidents"]) == 1
    # Another value is another incident.
    world.edit(mode="worse")
    assert world.drift()[0]["id"] != first["id"]
