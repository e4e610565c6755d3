"""The watch when what it listens to fails it: the audit, that tells who did it, and git, that tells what is to be."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import Repository
from tests.lab.argocd import serve_kinds
from tests.lab.conftest import argo_crds
from tests.lab.controlplane import ControlPlane, controlplane
from tests.lab.faults import POLICY, Person, Scene, acts, holds, project, scene
from tests.lab.watch import Watch, watch

pytestmark = [pytest.mark.testbed, pytest.mark.xdist_group("faults-sources")]


@pytest.fixture(scope="module")
def rotating(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane whose API server begins a new audit log after each megabyte."""
    with controlplane(testbed("controlplane"), tmp_path_factory.mktemp("rotating"), audit_log_maxsize=1) as made:
        made.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("shop", "argocd")))
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "humans"}]
        binding = {"kind": "ClusterRoleBinding", "metadata": {"name": "humans"}, "roleRef": role, "subjects": subjects}
        made.apply({"apiVersion": "rbac.authorization.k8s.io/v1", **binding})
        serve_kinds(made, argo_crds())
        yield made


def confidences(running: Watch) -> dict[str, tuple[str, str]]:
    return {one["object"]["name"]: (one["actor"]["name"], one["actor"]["confidence"]) for one in running.incidents()}


# The audit


def test_an_audit_log_that_the_api_server_rotates(rotating: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(rotating, config, "rotated", projects=6)
    alice, bob, edits = Person(rotating, "alice"), Person(rotating, "bob"), []
    noise = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "noise", "namespace": "shop"}, "data": {"a": "b"}}
    rotating.apply(noise)
    with watch(rotating, config, tmp_path) as running:
        for number, one in enumerate(made.projects):
            # Each is told of in two megabytes.
            for part in range(3):
                bob.edit(noise, a=f"{number} {part} {'x' * 300_000}")
            edits.append(alice.edit(one, description=f"edit {number}"))
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        assert len(list(rotating.audit_log.parent.glob("audit-*.log"))) >= 3
        holds(running, made, edits)
        assert set(confidences(running).values()) == {("alice", "authenticated")}
        assert not [one for one in running.events("gap") if "audit" in one["reason"]]


def test_an_audit_log_that_is_emptied(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "emptied")
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        before = [alice.edit(made.projects[0], description="before")]
        running.wait(made.is_back, "it was not put back")
        running.process.send_signal(19)
        before.append(alice.edit(made.projects[1], description="unheard"))
        kept = kinds.audit_log.with_name("audit-kept.log")
        shutil.copy(kinds.audit_log, kept)
        kinds.audit_log.write_bytes(b"")
        running.process.send_signal(18)
        running.wait(made.is_back, "it was not put back where nobody tells who did it")
        before.append(alice.edit(made.projects[2], description="after"))
        running.wait(made.is_back, "it was not put back")
        assert running.stop() == 0
        holds(running, made, before)
        told = confidences(running)
        assert told["emptied-0"] == told["emptied-2"] == ("alice", "authenticated")
        assert told["emptied-1"][1] in ("unknown", "claimed", "reported")
        assert any("truncated" in gap["why"] for gap in running.report()["coverage"]["gaps"])
        kept.unlink()


def test_an_audit_log_that_is_not_there_yet(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "absent", maps=0)
    alice = Person(kinds, "alice")
    elsewhere = kinds._replace(audit_log=tmp_path / "later.log")
    with watch(elsewhere, config, tmp_path) as running:
        edits = [alice.edit(made.projects[0], description="unheard")]
        running.wait(made.is_back, "it was not put back where nobody tells who did it")
        elsewhere.audit_log.symlink_to(kinds.audit_log)
        edits.append(alice.edit(made.projects[1], description="heard"))
        running.wait(made.is_back, "it was not put back")
        assert running.stop() == 0
        holds(running, made, edits)
        told = confidences(running)
        assert told["absent-0"][1] in ("unknown", "claimed", "reported")
        assert told["absent-1"] == ("alice", "authenticated")
        assert any("later.log" in gap["why"] for gap in running.report()["coverage"]["gaps"])


def test_an_audit_log_of_garbage(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "garbage", maps=0)
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        with kinds.audit_log.open("ab") as log:
            for line in (b"\xff\xfe\x00{]\n", b'{"kind": "Event"}\n', b"[1, 2]\n", b'{"objectRef": 7, "user": []}\n', b"9" * 100_000 + b"\n"):
                log.write(line)
        edits = [alice.edit(made.projects[0], description="behind it")]
        running.wait(made.is_back, "it was not put back")
        assert running.stop() == 0
        assert confidences(running) == {"garbage-0": ("alice", "authenticated")}
    lines = [line for line in kinds.audit_log.read_bytes().splitlines(keepends=True) if line.startswith(b'{"kind":"Event","apiVersion"')]
    kinds.audit_log.write_bytes(b"".join(lines))
    holds(running, made, edits)


# Git


def is_held(running: Watch, name: str) -> bool:
    drift = [one for one in running.events("drift") if one["object"].endswith(f"/{name}")]
    return bool(drift) and drift[-1]["decision"] == "hold" and "git's word can't be had" in drift[-1]["reason"]


def silent(running: Watch) -> None:
    running.wait(lambda: [one for one in running.events("git") if one["level"] == "error"], "git was not missed")


def heard(running: Watch, commit: str) -> None:
    running.wait(lambda: [one for one in running.events("git") if one.get("commit") == commit], "the commit was not read")


def test_a_repository_that_is_away(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    policy = yaml.safe_dump({"roots": ["argocd"], "reconcile": {"grace": 1, "unmanaged": ["AppProject/argocd/gone-*"]}})
    made = scene(kinds, config, "gone", policy=policy)
    alice = Person(kinds, "alice")
    away = config.path.with_name("away")
    with watch(kinds, config, tmp_path) as running:
        config.path.rename(away)
        silent(running)
        edits = [alice.edit(made.projects[0], description="meanwhile"), alice.edit(made.maps[0], mode="meanwhile")]
        alice.delete(made.projects[1])
        stranger = project("gone-stranger")
        kinds.apply(stranger, user="bob")
        running.wait(
            lambda: all(is_held(running, name) for name in ("gone-0", "gone-map-0", "gone-1", "gone-stranger")), "it was not told that it is held"
        )
        assert acts(made) == []
        away.rename(config.path)
        running.wait(lambda: made.is_back() and alice.get(stranger) is None, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)
        assert {one["decision"] for one in running.incidents()} == {"reverted"}


@pytest.mark.parametrize("what", ["configuration", "empty", "branch"])
def test_a_word_that_can_not_be_understood(kinds: ControlPlane, config: Repository, tmp_path: Path, what: str) -> None:
    made = scene(kinds, config, f"word-{what}")
    alice = Person(kinds, "alice")
    away = config.path.with_name("away")
    with watch(kinds, config, tmp_path) as running:
        if what == "configuration":
            config.commit({".gitguard.yaml": "reconcile: {cap: many}\n"})
        elif what == "branch":
            config.git("branch", "-m", "main", "trunk")
        else:
            config.path.rename(away)
            Repository(config.path, tmp_path / "home")
        silent(running)
        edits = [alice.edit(made.projects[0], description="meanwhile")]
        running.wait(lambda: is_held(running, f"word-{what}-0"), "it was not told that it is held")
        assert acts(made) == []
        if what == "branch":
            config.git("branch", "-m", "trunk", "main")
        elif what == "empty":
            shutil.rmtree(config.path)
            away.rename(config.path)
        else:
            made.commit()
        running.wait(made.is_back, "it was not put back")
        assert running.stop() == 0
        holds(running, made, edits)


def test_a_history_that_is_rewritten(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "rewritten")
    first = config.git("rev-parse", "HEAD").strip()
    alice = Person(kinds, "alice")
    with watch(kinds, config, tmp_path) as running:
        other = made._replace(projects=tuple({**one, "spec": {**one["spec"], "description": "never"}} for one in made.projects))
        other.commit()
        config.git("reset", "-q", "--hard", first)
        config.git("commit", "-q", "--amend", "-m", "rewritten")
        commit = config.git("rev-parse", "HEAD").strip()
        made.synced(commit)
        heard(running, commit)
        edits = [alice.edit(made.projects[0], description="by hand"), alice.edit(made.maps[0], mode="by hand")]
        running.wait(made.is_back, "not everything was put back")
        assert running.stop() == 0
        holds(running, made, edits)
        assert {one["git"]["commit"] for one in running.incidents() if one["object"]["name"] == "rewritten-0"} == {commit}


def test_what_git_no_longer_declares_is_left_alone(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "left")
    alice, admin = Person(kinds, "alice"), Person(kinds, "admin")
    with watch(kinds, config, tmp_path) as running:
        config.git("rm", "-rq", "argocd", "maps")
        kept = Scene(kinds, config, (), (), made.app)
        commit = config.commit({"argocd/keep.yaml": yaml.safe_dump({**made.projects[0], "metadata": {"name": "kept", "namespace": "argocd"}})})
        heard(running, commit)
        alice.edit(made.projects[0], description="nobody's")
        alice.edit(made.maps[0], mode="nobody's")
        alice.delete(made.maps[1])
        # The one that git has now is made; when that is done, the others have been seen, too.
        running.wait(lambda: admin.get({**made.projects[0], "metadata": {"name": "kept", "namespace": "argocd"}}), "what git declares was not made")
        assert running.stop() == 0
        holds(running, kept)
        assert acts(made) == []
        assert admin.get(made.projects[0])["spec"]["description"] == "nobody's"
        assert admin.get(made.maps[1]) is None
        assert {one["object"]["name"] for one in running.incidents()} == {"kept"}


def test_a_commit_that_deletes_everything(kinds: ControlPlane, config: Repository, tmp_path: Path) -> None:
    made = scene(kinds, config, "nothing")
    alice, admin = Person(kinds, "alice"), Person(kinds, "admin")
    with watch(kinds, config, tmp_path) as running:
        config.git("rm", "-rq", ".")
        commit = config.commit()
        heard(running, commit)
        alice.edit(made.projects[0], description="nobody's")
        assert made.commit(POLICY)
        running.wait(made.is_back, "what git has again was not put back")
        assert running.stop() == 0
        holds(running, made)
        assert [event["verb"] for event in acts(made)] == ["update"]
        assert all(admin.get(one) for one in made.objects)
