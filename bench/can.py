"""`gitguard can --batch`: answers a second of the whole process on one core, beside Argo CD's own functions on the same questions.

Run: make bench (or: python bench/can.py).
"""

import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.oracle import beds  # noqa: E402

QUESTIONS = 40_000
RUNS = 5
GOAL = 20_000


def project(number: int) -> dict[str, Any]:
    """An AppProject such as teams have: some repositories, destinations and kinds, a window, a role."""
    team = f"team-{number}"
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": team, "namespace": "argocd"},
        "spec": {
            "sourceRepos": [
                f"https://github.com/{team}/*",
                f"git@github.com:{team}/*.git",
                "https://charts.example.com/**",
                f"!https://github.com/{team}/old",
            ],
            "destinations": [
                {"server": "https://kubernetes.default.svc", "namespace": f"{team}-*"},
                {"name": "prod-{eu,us}", "namespace": team},
                {"server": "*", "namespace": "!kube-system"},
            ],
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace"}, {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole*"}],
            "namespaceResourceBlacklist": [{"group": "", "kind": "ResourceQuota"}, {"group": "networking.k8s.io", "kind": "*"}],
            "sourceNamespaces": [f"{team}-*", f"/^{team}-[a-z]+$/"],
            "syncWindows": [{"kind": "deny", "schedule": "0 22 * * fri", "duration": "60h", "timeZone": "Europe/Berlin", "applications": ["*"]}],
            "roles": [{"name": "dev", "policies": [f"p, proj:{team}:dev, applications, sync, {team}/*, allow"], "groups": ["devs"]}],
        },
    }


def questions(projects: int, seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    made = [project(number) for number in range(projects)]
    for _ in range(QUESTIONS):
        one = chance.choice(made)
        team = one["metadata"]["name"]
        place = {"server": "https://kubernetes.default.svc", "name": "in-cluster", "namespace": f"{team}-{chance.randrange(50)}"}
        application = {"metadata": {"name": "a"}, "spec": {"destination": place}}
        yield {"project": one} | chance.choice([
            {"source": {"repoURL": f"https://github.com/{chance.choice([team, 'other'])}/repo-{chance.randrange(200)}"}},
            {"destination": place},
            {"resource": {"group": chance.choice(["apps", "", "networking.k8s.io"]), "kind": "Ingress", "name": "x", "namespaced": True}},
            {"resource": {"group": "", "kind": "Namespace", "name": f"n{chance.randrange(200)}", "namespaced": False}},
            {"appNamespace": f"{team}-{chance.choice('abc')}"},
            {"sync": {"at": f"2027-01-{chance.randrange(10, 29)}T{chance.randrange(10, 24)}:00:00Z", "application": application}},
        ])  # fmt: skip


def seconds(command: list[str], text: bytes) -> float:
    started = time.perf_counter()
    # One core for both: Argo CD's functions run in Go, whose collector would take a second one.
    pinned = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    done = subprocess.run([*pinned, *command], input=text, stdout=subprocess.PIPE, check=False)
    taken = time.perf_counter() - started
    assert done.stdout.count(b"\n") == QUESTIONS, done.stdout[-500:]
    return taken


def theirs(line: dict[str, Any]) -> dict[str, Any]:
    """The question in the words of the test bed."""
    asked = dict(line)
    if "sync" in asked:
        asked["sync"] = {"manual": False, **asked["sync"]}
    return {"project": asked.pop("project"), "asks": [asked]}


def main() -> None:
    bed = str(beds.build("argocd"))
    print(f"{'can --batch, 40,000 questions, one core':44}{'median':>9}{'min':>9}{'max':>9}{'goal':>9}")
    for title, projects in (("20 AppProjects", 20), ("an AppProject of its own for each", QUESTIONS)):
        lines = list(questions(projects, 0))
        ours = "".join(json.dumps(line) + "\n" for line in lines).encode()
        peers = "".join(json.dumps(theirs(line)) + "\n" for line in lines).encode()
        pairs = [(seconds([sys.executable, "-m", "gitguard", "can", "--batch", "-"], ours), seconds([bed], peers)) for _ in range(RUNS)]
        rates = [QUESTIONS / own for own, _ in pairs]
        print(row(f"{title}: answers a second", rates, ",.0f", GOAL if projects == 20 else ""))
        print(row("  seconds / Argo CD's own functions", [own / other for own, other in pairs], ".2f"))


def row(title: str, values: list[float], form: str, goal: object = "") -> str:
    return f"{title:44}" + "".join(f"{value:>9{form}}" for value in (statistics.median(values), min(values), max(values))) + f"{goal:>9}"


if __name__ == "__main__":
    main()
