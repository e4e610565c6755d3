"""The watch beside controllers at work, for as long as one likes: nothing that they write may be put back, and all that a person edits must be.

Run: make soak MINUTES=30 (or: python -m tests.lab.soak MINUTES).
"""

import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from gitguard.commands.superseded import REASON
from tests.conftest import Repository
from tests.lab import standins
from tests.lab.argocd import ArgoCD, application, argocd
from tests.lab.controlplane import USERS, ControlPlane, controlplane, let_people_in
from tests.lab.objects import deployment, settings
from tests.lab.standins import CRD, DEPLOYMENTS, HOOK, MAPS, Busy, Hand
from tests.lab.watch import Watch, watch
from tests.oracle import beds

STANDINS = ("autoscaler", "deployment-controller", "cainjector", "elected", "pipeline")
APPLICATIONS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications"
PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
BACK_WITHIN, SYNCED_WITHIN = 60.0, 90.0
_APPLIER, _PIPELINE = "system:serviceaccount:argocd:argocd-application-controller", "system:serviceaccount:ci:pipeline"
_GITGUARD = "system:serviceaccount:gitguard:gitguard"


class Edit(NamedTuple):
    """What alice did: to which object, which version came of it, and what was there before."""

    path: str
    name: str
    version: str


class Soaked(NamedTuple):
    """How it went: what alice did, how many of her edits a sync overwrote, what the watch weighed (MiB), what was wrong."""

    edits: tuple[Edit, ...]
    overwritten: int
    commits: int
    weights: tuple[float, ...]
    wrong: tuple[str, ...]


class Git:
    """The config repository, and what changes in it."""

    def __init__(self, plane: ControlPlane, config: Repository) -> None:
        self._plane, self._config = plane, config
        self.commits = 0

    @property
    def control(self) -> tuple[dict[str, Any], ...]:
        """Argo CD's own objects as git has them now."""
        # Without self-heal: what is put back, gitguard puts back.
        app = application("web", self._config.path, "web", self._plane, automated={"prune": True})
        app["spec"]["info"] = [{"name": "commits", "value": str(self.commits)}]
        spec = {"description": f"commit {self.commits}", "sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
        spec["clusterResourceWhitelist"] = [{"group": "*", "kind": "*"}]
        project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "team", "namespace": "argocd"}, "spec": spec}
        return app, project

    def commit(self) -> None:
        """A new version of some of it."""
        self.commits += 1
        policy = {"cap": None, "grace": 20, "appliers": [_PIPELINE]}
        self._config.commit(
            {
                ".gitguard.yaml": yaml.safe_dump({"roots": ["argocd"], "reconcile": policy}),
                "argocd/all.yaml": yaml.safe_dump_all(self.control),
                "web/all.yaml": yaml.safe_dump_all(_deployed(self.commits)),
            }
        )


def _deployed(number: int) -> list[dict[str, Any]]:
    web, scaled, open_, quiet = (deployment(name) for name in ("web", "scaled", "open", "quiet"))
    web["spec"]["template"]["spec"]["containers"][0]["image"] = f"web:{number}"
    del open_["spec"]["replicas"]
    inject = {"cert-manager.io/inject-ca-from": "shop/serving"}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "scaled"}
    scaler = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "scaled", "namespace": "shop"},
        "spec": {"minReplicas": 2, "maxReplicas": 6, "scaleTargetRef": target},
    }  # fmt: skip
    client = {"service": {"name": "guard", "namespace": "shop", "path": "/"}}
    rule = {"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["widgets"]}
    hook = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "guarded", "annotations": inject},
        "webhooks": [
            {"name": "guard.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"], "failurePolicy": "Ignore", "clientConfig": client, "rules": [rule]}
        ],
    }  # fmt: skip
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    versions = [{"name": name, "served": True, "storage": name == "v1", "schema": schema} for name in ("v1", "v2")]
    conversion = {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client}}
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com", "annotations": inject},
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": versions, "conversion": conversion,
        },
    }  # fmt: skip
    maps = [settings("leader", mode="prod"), settings("news", commit=str(number)), *(settings(f"settings-{at}", mode="prod") for at in range(6))]
    return [web, scaled, open_, quiet, scaler, hook, crd, *maps]


class Alice:
    """A person who edits what is not hers to edit, one thing after another, and waits until it is back."""

    def __init__(self, plane: ControlPlane, seed: int) -> None:
        self._hand = Hand(plane, "alice")
        self._chance = random.Random(seed)
        self.edits: list[Edit] = []
        self.wrong: list[str] = []

    def edit(self, turn: int) -> None:
        """One edit."""
        path, name, change, is_there = self._chance.choice(self._choices(turn))
        written = self._hand.patch(f"{path}/{name}", change)
        self.edits.append(Edit(path, name, written["metadata"]["resourceVersion"]))
        deadline = time.monotonic() + BACK_WITHIN
        while is_there(self._hand.ask("GET", f"{path}/{name}")):
            if time.monotonic() > deadline:
                self.wrong.append(f"what alice did to {name} ({written['metadata']['resourceVersion']}) is still there after {BACK_WITHIN:g} s")
                return
            time.sleep(0.05)

    def _choices(self, turn: int) -> list[tuple[str, str, dict[str, Any], Callable[[Any], bool]]]:
        evil = f"evil-{turn}"
        label = {"metadata": {"labels": {"by": evil}}}
        hooks = {"metadata": {"annotations": {"by": evil}}}
        return [
            *((MAPS, f"settings-{at}", {"data": {"mode": evil}}, lambda live: live["data"]["mode"] == evil) for at in range(6)),
            (DEPLOYMENTS, "quiet", {"spec": {"replicas": 7}}, lambda live: live["spec"]["replicas"] == 7),
            (DEPLOYMENTS, "scaled", label, lambda live: live["metadata"].get("labels", {}).get("by") == evil),
            (DEPLOYMENTS, "open", {"spec": {"minReadySeconds": 3 + turn}}, lambda live: live["spec"].get("minReadySeconds") == 3 + turn),
            (HOOK, "guarded", hooks, lambda live: live["metadata"]["annotations"].get("by") == evil),
            (CRD, "widgets.example.com", label, lambda live: live["metadata"].get("labels", {}).get("by") == evil),
            (PROJECTS, "team", {"spec": {"sourceNamespaces": [evil]}}, lambda live: live["spec"].get("sourceNamespaces") == [evil]),
        ]


def soak(plane: ControlPlane, argo: ArgoCD, folder: Path, minutes: float) -> Soaked:
    """Let everybody work for so long, and see what came of it."""
    config = Repository(folder / "config", folder / "home")
    git, alice = Git(plane, config), Alice(plane, int(minutes * 60))
    _let_in(plane)
    period = 20.0 if minutes <= 2 else 45.0
    with standins.injecting(folder) as hook, ExitStack() as work:
        plane.apply(hook)
        git.commit()
        pipeline = partial(plane.apply, user="pipeline")
        pipeline(*git.control)
        _eventually(lambda: argo.synced("web"), "Argo CD has not synced")
        running = work.enter_context(watch(plane, config, folder, "--resync", "30"))
        hands = {name: Hand(plane, name) for name in STANDINS}
        bundle = plane.ca.read_text()
        work.enter_context(Busy(2.0, partial(standins.autoscaler, hands["autoscaler"])))
        work.enter_context(Busy(1.5, partial(standins.deployment_controller, hands["deployment-controller"])))
        work.enter_context(Busy(3.0, lambda turn: standins.cainjector(hands["cainjector"], turn, bundle)))
        work.enter_context(Busy(2.0, partial(standins.elected, hands["elected"])))
        weights: list[float] = []
        with Busy(3.0, alice.edit), Busy(2.0, lambda _: weights.append(_weight(running))):
            deadline = time.monotonic() + minutes * 60
            while time.monotonic() < deadline:
                time.sleep(min(period, max(0.0, deadline - time.monotonic())))
                git.commit()
                # What a pipeline applies comes some time after the commit; then it tells Argo CD to look.
                time.sleep(2.0)
                pipeline(*git.control)
                hands["pipeline"].patch(f"{APPLICATIONS}/web", {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}})
                _eventually(lambda: _is_at(plane, git.commits), "Argo CD has not synced the newest commit")
            assert running.process.poll() is None, running.log.read_text()[-3000:]
        assert running.stop() == 0
        running.verified()
        wrong, overwritten = judged(plane, running, alice)
    return Soaked(tuple(alice.edits), overwritten, git.commits, tuple(weights), tuple(wrong))


def judged(plane: ControlPlane, running: Watch, alice: Alice) -> tuple[list[str], int]:
    """What is wrong with what was done, and how many of alice's edits others overwrote before the watch could."""
    wrong = list(alice.wrong)
    report = running.report()
    wrong += [f"not watched from {gap['from']} to {gap['to']}: {gap['why']}" for gap in report["coverage"]["gaps"]]
    wrong += [f"{event['event']}: {event['reason']}" for event in running.events() if event["level"] == "error"]
    entries = running.entries()
    found = {one["id"]: one for one in entries if one["kind"] == "drift"}
    ends = [(found[one["incident"]], one["result"]) for one in entries if one["kind"] == "outcome"]
    done = [drift for drift, result in ends if result == "reverted"]
    for drift in done:
        if drift["actor"]["name"] != "alice":
            wrong.append(f"put back what {drift['actor']['name']} wrote to {drift['object']['name']}: {[one['path'] for one in drift['changes']]}")
    wrong += [
        f"{drift['decision']}: {drift['object']['name']} by {drift['actor']['name']}: {drift['reason']}"
        for drift in found.values()
        if drift["decision"] != "revert" and (drift["reason"], drift["actor"]["name"]) != (REASON, "alice")
    ]
    wrong += [f"{result}: an act on {drift['object']['name']}" for drift, result in ends if result not in ("reverted", "superseded")]
    after = _next_writers(plane)
    overwritten = [edit for edit in alice.edits if after.get((edit.name, edit.version)) in (_APPLIER, _PIPELINE)]
    told = Counter(drift["object"]["name"] for drift in found.values() if drift["actor"]["name"] == "alice")
    undone = Counter(drift["object"]["name"] for drift in done)
    for name, edits in sorted(Counter(edit.name for edit in alice.edits).items()):
        lost = sum(edit.name == name for edit in overwritten)
        if told[name] != edits:
            wrong.append(f"alice edited {name} {edits} times, and {told[name]} of them were told")
        if not edits - lost <= undone[name] <= edits:
            wrong.append(f"alice edited {name} {edits} times, {lost} of them were overwritten, and {undone[name]} were put back")
    return wrong, len(overwritten)


def _next_writers(plane: ControlPlane) -> dict[tuple[str, str], str]:
    """Who wrote an object's spec next after a version of it: git's word is put back by gitguard, or applied anew by who applies it."""
    writes: dict[str, list[tuple[int, str]]] = {}
    for event in plane.audit():
        about, made = event.get("objectRef") or {}, (event.get("responseObject") or {}).get("metadata") or {}
        if (
            event["verb"] in ("update", "patch")
            and not about.get("subresource")
            and "dryRun" not in event["requestURI"]
            and made.get("resourceVersion")
        ):
            writes.setdefault(str(about.get("name")), []).append((int(made["resourceVersion"]), event["user"]["username"]))
    found = {}
    for name, listed in writes.items():
        for version, _ in listed:
            later = [one for one in sorted(listed) if one[0] > version and one[1] in (_GITGUARD, _APPLIER, _PIPELINE)]
            found[name, str(version)] = later[0][1] if later else ""
    return found


def steady(weights: tuple[float, ...]) -> float:
    """By how much the last quarter weighs more than the second one: until then everything was there for the first time."""
    quarter = max(1, len(weights) // 4)
    return statistics.median(weights[-quarter:]) / statistics.median(weights[quarter : 2 * quarter] or weights)


def _weight(running: Watch) -> float:
    text = Path(f"/proc/{running.process.pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS:"))


def _is_at(plane: ControlPlane, number: int) -> bool:
    return plane.get("configmap", "news", "shop")["data"]["commit"] == str(number)


def _eventually(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SYNCED_WITHIN
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def _let_in(plane: ControlPlane) -> None:
    api = "rbac.authorization.k8s.io"
    role = {"apiGroup": api, "kind": "ClusterRole", "name": "cluster-admin"}
    subjects = [{"apiGroup": api, "kind": "User", "name": USERS[name][0]} for name in STANDINS]
    plane.apply({"apiVersion": f"{api}/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "stand-ins"}, "roleRef": role, "subjects": subjects})


def main() -> None:
    minutes = float(sys.argv[1])
    crds = beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"
    with tempfile.TemporaryDirectory(prefix="gitguard-soak-") as name, ExitStack() as lab:
        folders = {part: Path(name) / part for part in ("plane", "argocd", "soak")}
        for folder in folders.values():
            folder.mkdir()
        plane = lab.enter_context(controlplane(beds.build("controlplane"), folders["plane"]))
        let_people_in(plane)
        argo = lab.enter_context(argocd(beds.build("controllers"), beds.helm(), crds, plane, folders["argocd"]))
        done = soak(plane, argo, folders["soak"], minutes)
    print(f"{minutes:g} minutes, {done.commits} commits, {len(done.edits)} edits by alice, {done.overwritten} of them overwritten by a sync")
    print(
        f"memory: {done.weights[0]:.0f} MiB at first, {max(done.weights):.0f} at most, {done.weights[-1]:.0f} at last; {steady(done.weights):.2f} times the second quarter"
    )
    print("\n".join(done.wrong) or "nothing else was put back, and everything that alice did was")
    sys.exit(bool(done.wrong))


if __name__ == "__main__":
    main()
