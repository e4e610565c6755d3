"""What `deploy/` holds: judged by gitguard itself, confined as Kubernetes' restricted standard wants, and in step with what the watch reads."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitguard.edges.ledger import new_key, read_key, redaction_key
from gitguard.ledger.errors import LedgerError
from tests.conftest import ROOT
from tests.lab.levels import DEPLOY, built, rules, with_component

LEVELS = ("observe-readonly", "observe", "enforce")
COMPONENTS = ("clusters", "delete")
READING = {"get", "list", "watch"}
# What git's word may be put back in, and nowhere else.
PUT_BACK = {
    "applications.argoproj.io", "applicationsets.argoproj.io", "appprojects.argoproj.io", "configmaps.", "services.", "daemonsets.apps",
    "deployments.apps", "statefulsets.apps", "horizontalpodautoscalers.autoscaling", "cronjobs.batch", "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io", "poddisruptionbudgets.policy",
}  # fmt: skip


def everything(tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every level, and every level with every component, as kustomize builds it."""
    made = {name: built(DEPLOY / name) for name in ("base", *LEVELS)}
    for name in LEVELS:
        made |= {f"{name}-{component}": built(with_component(name, component, tmp_path / f"{name}-{component}")) for component in COMPONENTS}
    return made


def one(manifests: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def test_gitguard_finds_nothing_in_the_files_nor_in_what_they_become(new_repository, tmp_path: Path) -> None:
    sources = new_repository("sources").write({str(file.relative_to(ROOT)): file.read_bytes() for file in files(DEPLOY)})
    result = sources.check("--strict")
    assert (result.code, result.report["findings"], result.report["undetermined"]) == (0, [], [])
    # Neither is an object of a cluster: the API server reads them when it starts.
    unjudged = {one["path"] for one in result.report["skipped"] if one["reason"] != "kustomization"}
    assert unjudged == {"deploy/audit-policy.yaml", "deploy/audit-webhook.yaml"}
    for name, manifests in everything(tmp_path).items():
        result = new_repository(f"built-{name}").write({"all.yaml": yaml.safe_dump_all(manifests)}).check("--strict")
        assert (result.code, result.report["findings"]) == (0, []), name
        assert (result.report["summary"]["judged"], result.report["skipped"]) == (len(manifests), []), name


def test_the_pod_is_confined() -> None:
    pod = one(built(DEPLOY / "base"), "Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532, "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
        assert container["resources"]["limits"]["memory"]
    assert [name for name in pod if name.startswith("host")] == []
    assert {volume.get("hostPath") for volume in pod["volumes"]} == {None}
    # What comes from Secrets is read only.
    secret = {volume["name"] for volume in pod["volumes"] if "secret" in volume}
    mounts = [mount for container in (*pod["initContainers"], *pod["containers"]) for mount in container["volumeMounts"] if mount["name"] in secret]
    assert {mount.get("readOnly") for mount in mounts} == {True}
    assert one(built(DEPLOY / "base"), "Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_one_at_a_time_writes_to_the_ledger_and_is_looked_after() -> None:
    manifests = built(DEPLOY / "base")
    spec = one(manifests, "Deployment")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    (container,) = spec["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert (container["livenessProbe"]["httpGet"], container["readinessProbe"]["httpGet"]) == (
        {"path": "/healthz", "port": "metrics"},
        {"path": "/readyz", "port": "metrics"},
    )
    arguments = dict(argument.removeprefix("--").split("=", 1) for argument in container["args"][1:])
    assert (arguments["metrics"], arguments["audit-webhook"]) == (f"0.0.0.0:{ports['metrics']}", f"0.0.0.0:{ports['audit']}")
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    # The key is looked for beside the ledger's folder, and is on no disk.
    assert (mounts["ledger"], mounts["keys"]) == (arguments["ledger"], str(Path(arguments["ledger"]).parent))
    claimed = next(volume["persistentVolumeClaim"]["claimName"] for volume in spec["template"]["spec"]["volumes"] if volume["name"] == "ledger")
    assert claimed == one(manifests, "PersistentVolumeClaim")["metadata"]["name"]
    served = {port["name"]: port["targetPort"] for manifest in manifests if manifest["kind"] == "Service" for port in manifest["spec"]["ports"]}
    assert served == {"metrics": "metrics", "audit": "audit"}


@pytest.mark.parametrize(("level", "mode"), [("base", "observe"), ("observe-readonly", "observe"), ("observe", "observe"), ("enforce", "enforce")])
def test_the_mode_is_that_of_the_level(level: str, mode: str) -> None:
    manifests = built(DEPLOY / level)
    assert one(manifests, "ConfigMap")["data"] == {"repo": "https://git.example/config.git", "ref": "main", "mode": mode}
    (container,) = one(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    named = {variable["name"]: variable["valueFrom"]["configMapKeyRef"] for variable in container["env"] if "valueFrom" in variable}
    assert {reference["name"] for reference in named.values()} == {one(manifests, "ConfigMap")["metadata"]["name"]}
    assert {f"$({name})" for name in named} == {word for argument in container["args"] for word in re.findall(r"\$\(\w+\)", argument)}


def test_a_users_overlay_says_what_the_repository_is(tmp_path: Path) -> None:
    folder = with_component("observe", "clusters", tmp_path / "mine")
    file = folder / "kustomization.yaml"
    generator = {"name": "gitguard", "namespace": "gitguard", "behavior": "merge", "literals": ["repo=https://git.example/mine.git"]}
    images = [{"name": "gitguard", "newName": "registry.example/gitguard", "newTag": "1.0"}]
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text()), "configMapGenerator": [generator], "images": images}))
    manifests = built(folder)
    assert one(manifests, "ConfigMap")["data"] == {"repo": "https://git.example/mine.git", "ref": "main", "mode": "observe"}
    pod = one(manifests, "Deployment")["spec"]["template"]["spec"]
    assert {container["image"] for container in (*pod["initContainers"], *pod["containers"])} == {"registry.example/gitguard:1.0"}


def test_no_level_opens_what_none_should(tmp_path: Path) -> None:
    for name, manifests in everything(tmp_path).items():
        may = READING | {"observe": {"update"}, "enforce": {"update", "create"}}.get(name.removesuffix("-clusters").removesuffix("-delete"), set())
        for resource, group, verbs in rules(manifests):
            assert set(verbs) <= may | ({"delete"} if name.endswith("-delete") else set()), name
            assert not set(resource + group) & set("*/"), name
            assert resource not in ("pods", "nodes", "users", "groups", "certificatesigningrequests"), name
            assert resource != "secrets" or (set(verbs) == {"get", "list"} and name.endswith("-clusters"))
            assert set(verbs) <= READING or not name.startswith("enforce") or f"{resource}.{group}" in PUT_BACK
        for role in (manifest for manifest in manifests if manifest["kind"] == "ClusterRole"):
            assert "secrets" not in {resource for resource, _, _ in rules([role])}


@pytest.mark.parametrize("level", [*LEVELS, *(f"{level}-{component}" for level in LEVELS for component in COMPONENTS)])
def test_every_role_is_bound_to_gitguards_account_and_to_nobody_else(level: str, tmp_path: Path) -> None:
    manifests = everything(tmp_path)[level]
    account = {"kind": "ServiceAccount", "name": one(manifests, "ServiceAccount")["metadata"]["name"], "namespace": "gitguard"}
    bindings = [manifest for manifest in manifests if manifest["kind"] in ("RoleBinding", "ClusterRoleBinding")]
    assert [subject for binding in bindings for subject in binding["subjects"] if subject != account] == []
    roles = {
        (role["kind"], role["metadata"].get("namespace"), role["metadata"]["name"]) for role in manifests if role["kind"] in ("Role", "ClusterRole")
    }
    assert {(binding["roleRef"]["kind"], binding["metadata"].get("namespace"), binding["roleRef"]["name"]) for binding in bindings} == roles


def test_the_guard_is_about_the_account_that_runs() -> None:
    manifests = built(DEPLOY / "observe")
    spec = one(manifests, "Deployment")["spec"]["template"]["spec"]
    guard = one(manifests, "ValidatingAdmissionPolicy")
    (condition,) = guard["spec"]["matchConditions"]
    account = f"system:serviceaccount:{one(manifests, 'Namespace')['metadata']['name']}:{spec['serviceAccountName']}"
    assert condition["expression"] == f'request.userInfo.username == "{account}"'
    binding = one(manifests, "ValidatingAdmissionPolicyBinding")["spec"]
    assert (guard["spec"]["failurePolicy"], binding) == ("Fail", {"policyName": guard["metadata"]["name"], "validationActions": ["Deny"]})
    assert {manifest["kind"] for manifest in built(DEPLOY / "enforce")} & {"ValidatingAdmissionPolicy"} == set()


def test_what_is_tried_or_put_back_is_read_and_what_is_read_is_audited() -> None:
    observe = built(DEPLOY / "observe")
    read = {(resource, group) for resource, group, _ in rules(observe, "gitguard-read")}
    assert {(resource, group) for resource, group, _ in rules(observe, "gitguard-try")} < read
    assert {(resource, group) for resource, group, _ in rules(built(DEPLOY / "enforce"), "gitguard-argocd", "gitguard-workloads")} < read
    policy = yaml.safe_load((DEPLOY / "audit-policy.yaml").read_text())
    whole = [rule for rule in policy["rules"] if rule["level"] == "RequestResponse" and "namespaces" not in rule]
    audited = {(resource, listed["group"]) for rule in whole for listed in rule["resources"] for resource in listed["resources"]}
    assert {(resource, group) for resource, group in audited if "/" not in resource} == read


def test_the_ledgers_keys_are_readable_by_the_pod_and_by_nobody_else(tmp_path: Path) -> None:
    (init,) = one(built(DEPLOY / "base"), "Deployment")["spec"]["template"]["spec"]["initContainers"]
    # As the kubelet mounts a Secret: links to files that the group may read.
    data, secret, ledger = tmp_path / "data", tmp_path / "secret", tmp_path / "ledger"
    for folder in (data, secret, ledger):
        folder.mkdir()
    key = new_key("example.com/gitguard/test")
    for name, text in (("log.key", key.encoded()), ("log.key.redaction", "ab" * 32)):
        (data / name).write_text(f"{text}\n")
        (data / name).chmod(0o440)
        (secret / name).symlink_to(data / name)
    with pytest.raises(LedgerError, match="others may read it"):
        read_key(secret / "log.key")
    command = [part.replace("/secret/", f"{secret}/").replace("/ledger/", f"{ledger}/") for part in init["command"]]
    # A pod's init containers may run again.
    for _ in range(2):
        subprocess.run(command, check=True, timeout=60)
    assert read_key(ledger / "log.key") == key
    assert redaction_key(ledger / "log.key") == bytes.fromhex("ab" * 32)


def test_the_overlay_that_is_shown_builds(tmp_path: Path) -> None:
    shown = next(
        block for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(), re.DOTALL) if "Kustomization" in block
    )
    shutil.copytree(DEPLOY, tmp_path / "gitguard" / "deploy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(shown)
    assert one(built(tmp_path / "mine"), "ValidatingAdmissionPolicy")["metadata"]["name"] == "gitguard-observes"


def test_the_image_is_what_the_manifests_name() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("FROM")] == ["python:3.13-slim"]
    pod = one(built(DEPLOY / "base"), "Deployment")["spec"]["template"]["spec"]
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" in lines
    assert 'ENTRYPOINT ["gitguard"]' in lines
    assert {container["image"] for container in (*pod["initContainers"], *pod["containers"])} == {"gitguard:latest"}
