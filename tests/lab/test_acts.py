"""What leaves no difference, as a real API server and a real Argo CD tell of it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.model.drift import ObjectKey
from gitguard.reconciler.acts import Act, acts_of
from gitguard.reconciler.attribution import Identities
from tests.conftest import Repository
from tests.lab.argocd import ArgoCD, application
from tests.lab.controlplane import KUBECTL, ControlPlane, controlplane
from tests.lab.test_lab import CONFIG_MAP, eventually

ON_A_PLANE = [pytest.mark.testbed, pytest.mark.xdist_group("lab")]
ON_ARGO_CD = [pytest.mark.testbed, pytest.mark.install, pytest.mark.xdist_group("argocd")]
SERVER = "system:serviceaccount:argocd:argocd-server"
# A policy has to keep reads of these, too: a shell over a websocket is one.
POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [
        # That an eviction is a dry run is said in its body only.
        {"level": "Request", "resources": [{"group": "", "resources": ["pods/eviction"]}]},
        {"level": "Metadata", "resources": [{"group": "", "resources": ["pods", "pods/*", "serviceaccounts/token"]}]},
        {"level": "None"},
    ],
}  # fmt: skip


def acts(plane: ControlPlane, by: str, *managed: ObjectKey) -> list[Act]:
    return [act for event in plane.audit() for act in of(event, *managed) if act.actor.name == by]


def reasons(plane: ControlPlane, by: str, name: str) -> list[str]:
    """What somebody did to an object, each act once."""
    return list({act.id: act.reason for act in acts(plane, by) if act.key.name == name}.values())


@pytest.fixture(scope="module")
def pods(testbed: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane with a pod that seems to run, on a node where nobody answers."""
    folder = tmp_path_factory.mktemp("pods")
    (folder / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    with controlplane(testbed("controlplane"), folder, audit_policy_file=folder / "policy.yaml") as made:
        made.apply(*({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}} for kind, name in (("Namespace", "shop"), ("Node", "worker"))))
        made.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}})
        made.kubectl("create", "clusterrolebinding", "humans", "--clusterrole=cluster-admin", "--group=humans")
        answering = {"addresses": [{"type": "InternalIP", "address": "127.0.0.1"}], "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
        made.kubectl("patch", "node", "worker", "--subresource=status", "--type=merge", "-p", json.dumps({"status": answering}))
        assert eventually(lambda: "yes" in made.kubectl("auth", "can-i", "delete", "pods", "--as=alice", "--as-group=humans"))
        yield made


def running(plane: ControlPlane, name: str) -> None:
    spec = {"nodeName": "worker", "containers": [{"name": "web", "image": "web"}]}
    plane.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}}, "spec": spec})
    state = {"name": "web", "ready": True, "image": "web", "imageID": "x", "restartCount": 0, "state": {"running": {}}}
    status = {"status": {"phase": "Running", "containerStatuses": [state]}}
    plane.kubectl("patch", "pod", name, "-n", "shop", "--subresource=status", "--type=merge", "-p", json.dumps(status))


def attempted(plane: ControlPlane, *arguments: str, user: str = "alice", **environment: str) -> None:
    """Let kubectl try what no kubelet answers to."""
    variables = {"PATH": os.environ["PATH"], "HOME": str(plane.folder), "KUBECONFIG": str(plane.kubeconfig(user)), **environment}
    subprocess.run([str(KUBECTL), *arguments], env=variables, capture_output=True, timeout=30)


class TestPods:
    pytestmark = ON_A_PLANE

    def test_a_shell_is_told_without_its_arguments(self, pods: ControlPlane) -> None:
        running(pods, "web-1")
        attempted(pods, "exec", "-n", "shop", "web-1", "-c", "web", "--", "sh", "-c", "PASSWORD=hunter2 psql")
        attempted(pods, "attach", "-n", "shop", "web-1", "-c", "web")
        expected = ["a shell was opened in container web of a pod", "somebody attached to container web of a pod"]
        assert eventually(lambda: reasons(pods, "alice", "web-1") == expected)
        told = [act for act in acts(pods, "alice") if act.key.name == "web-1"]
        assert {act.key for act in told} == {ObjectKey("", "Pod", "shop", "web-1")}
        assert {(act.action, act.severity, act.actor.via) for act in told} == {("exec", "high", "kubectl")}
        # Each when it began, and when it ended.
        assert len(told) == 4
        assert "hunter2" not in repr(told)
        assert "hunter2" in pods.audit_log.read_text()

    def test_a_shell_that_could_not_be_opened_is_none(self, pods: ControlPlane) -> None:
        running(pods, "web-2")
        attempted(pods, "exec", "-n", "shop", "web-2", "--", "sh", KUBECTL_REMOTE_COMMAND_WEBSOCKETS="false")
        assert eventually(
            lambda: any(event["objectRef"].get("subresource") == "exec" and event["objectRef"]["name"] == "web-2" for event in pods.audit())
        )
        assert reasons(pods, "alice", "web-2") == []

    def test_debugging_an_eviction_and_a_deletion(self, pods: ControlPlane) -> None:
        running(pods, "web-3")
        pods.kubectl("debug", "-n", "shop", "web-3", "--image=busybox", "--target=web", "--", "sh", user="alice")
        drain = ("drain", "worker", "--force", "--pod-selector=app=web-3", "--timeout=2s")
        attempted(pods, *drain, "--dry-run=server")
        attempted(pods, *drain)
        pods.kubectl("delete", "pod", "web-3", "-n", "shop", "--grace-period=0", "--force", "--wait=false", user="alice")
        expected = ["a container for debugging was put into a running pod", "a pod was evicted", "a pod was deleted"]
        assert eventually(lambda: reasons(pods, "alice", "web-3") == expected)

    def test_a_token(self, pods: ControlPlane) -> None:
        token = pods.kubectl("create", "token", "web", "-n", "shop", user="alice").strip()
        assert eventually(lambda: reasons(pods, "alice", "web") == ["a token of a service account was issued"])
        assert token not in repr(acts(pods, "alice"))


class TestArgoCD:
    pytestmark = ON_ARGO_CD

    def test_operations_by_name(self, plane: ControlPlane, argo: ArgoCD, config: Repository) -> None:
        config.commit({"web/settings.yaml": CONFIG_MAP})
        made = application("acted", config.path, "web", plane)
        made["spec"].pop("syncPolicy")
        plane.apply(made)
        for _ in range(2):
            argo.cli("app", "sync", "acted", user="alice")
        argo.cli("app", "sync", "acted", "--resource", ":ConfigMap:settings", user="alice")
        argo.cli("app", "sync", "acted", "--local", str(config.path / "web"), "--local-repo-root", str(config.path), user="alice")
        argo.cli("app", "rollback", "acted", "0", user="alice")
        expected = [
            "a sync to main was started", "a sync to main was started", "a partial sync to main was started",
            "a sync of manifests that are not in git was started", "a rollback to 0 was started",
        ]  # fmt: skip
        assert eventually(lambda: reasons(plane, "alice", "acted") == expected)
        told = [act for act in acts(plane, "alice") if act.key.name == "acted"]
        assert {(act.actor.via, act.actor.confidence, act.key, act.api_version) for act in told} == {
            ("argocd-api", "corroborated", ObjectKey("argoproj.io", "Application", "argocd", "acted"), "argoproj.io/v1alpha1")
        }

    def test_what_git_does_not_have_and_tokens(self, plane: ControlPlane, argo: ArgoCD) -> None:
        argo.cli("proj", "create", "team", user="alice")
        argo.cli("proj", "role", "create", "team", "ci", user="alice")
        argo.cli("proj", "role", "create-token", "team", "ci", user="alice")
        argo.cli("proj", "delete", "team", user="alice")
        expected = [
            "an AppProject that git does not have was created", "an AppProject that git does not have was updated",
            "a token of a project's role was issued", "an AppProject that git does not have was deleted",
        ]  # fmt: skip
        assert eventually(lambda: reasons(plane, "alice", "team") == expected)
        team = ObjectKey("argoproj.io", "AppProject", "argocd", "team")
        assert [act.reason for act in acts(plane, "alice", team) if act.key == team] == [expected[2]]

    def test_credentials_are_told_though_argo_cd_says_not_for_whom(self, plane: ControlPlane, argo: ArgoCD, config: Repository) -> None:
        config.commit({"web/settings.yaml": CONFIG_MAP})
        argo.cli("repo", "add", f"file://{config.path}", "--name", "acted", "--username", "x", "--password", "hunter2", user="alice")
        argo.cli("repocreds", "add", "https://127.0.0.1:1/", "--username", "x", "--password", "hunter2", user="alice")
        argo.cli("account", "generate-token", "--account", "alice", user="alice")
        argo.cli("repo", "rm", f"file://{config.path}", user="alice")
        argo.cli("cert", "add-ssh", "--batch", "--from", str(hosts(argo.folder)), user="alice")

        def told() -> set[tuple[str, str, str]]:
            return {(act.action, act.severity, act.reason) for act in acts(plane, SERVER)}

        expected = {
            ("create", "high", "credentials of a repository were added"), ("delete", "high", "credentials of a repository were removed"),
            ("create", "high", "credentials of a group of repositories were added"), ("update", "high", "passwords, tokens and keys of Argo CD itself were changed"),
            ("update", "medium", "SSH hosts that Argo CD trusts were changed"),
        }  # fmt: skip
        assert eventually(lambda: expected <= told())
        assert "hunter2" not in repr(acts(plane, SERVER))

    def test_a_pod_that_somebody_deletes_by_argo_cd(self, plane: ControlPlane, argo: ArgoCD, config: Repository) -> None:
        pod: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "alone"},
            "spec": {"containers": [{"name": "a", "image": "a"}]},
        }
        config.commit({"web/pod.yaml": yaml.safe_dump(pod)})
        made = application("alone", config.path, "web", plane)
        made["spec"].pop("syncPolicy")
        plane.apply(made)
        argo.cli("app", "sync", "alone", "--async", user="alice")
        assert eventually(lambda: "alone" in plane.kubectl("get", "pods", "-n", "shop", "-o", "name"))
        assert eventually(lambda: "alone" in argo.cli("app", "resources", "alone"))
        argo.cli("app", "delete-resource", "alone", "--kind", "Pod", "--resource-name", "alone", user="alice")
        # By the account that the controller has, too: the name it gives itself tells them apart.
        assert eventually(lambda: any(act.reason == "a pod was deleted" and act.key.name == "alone" for event in plane.audit() for act in of(event)))
        assert not any(act for event in plane.audit() for act in of(event, ObjectKey("", "Pod", "shop", "alone")) if act.key.kind == "Pod")


def of(event: Any, *managed: ObjectKey) -> tuple[Act, ...]:
    return acts_of(event, argo=Identities(), namespace="argocd", managed=lambda key: key in managed)


def hosts(folder: Path) -> Path:
    file = folder / "hosts"
    file.write_text("git.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n")
    return file
