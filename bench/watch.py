"""The watch on a real API server: from a change to git's word, beside Argo CD's self-heal; a thousand drifts at once; idle with 10,000 objects.

Run: make bench (or: python bench/watch.py [speed|mass]). Everything runs on this machine; a busy machine is busy for all of it.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import edits  # noqa: E402

from gitguard.edges.cluster import Cluster  # noqa: E402
from tests.conftest import Repository  # noqa: E402
from tests.lab.argocd import application, argocd, serve_kinds  # noqa: E402
from tests.lab.controlplane import ControlPlane, controlplane, let_people_in  # noqa: E402
from tests.lab.objects import deployment, settings  # noqa: E402
from tests.lab.watch import Watch, let_in  # noqa: E402
from tests.oracle import beds  # noqa: E402

EACH, OBJECTS = 40, 10
PAUSE = 0.15
REPEATS = 6
HEALED_WITHIN, NOTICED_WITHIN = 60.0, 10.0
WATCHED, NAMESPACES, DRIFTED = 10_000, 20, 1_000
BACK_WITHIN, IDLE = 180.0, 60.0
HANDS = 4
_ARGO = "argoproj.io"
_Object = Mapping[str, Any]


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPATH"] = str(ROOT)
    asked = sys.argv[1:] or ["speed", "mass"]
    print(f"{'the watch':66}{'median':>12}{'p99':>12}{'max':>12}  goal")
    for name in asked:
        with tempfile.TemporaryDirectory(prefix="gitguard-bench-") as folder, lab(Path(folder)) as plane:
            {"speed": speed, "mass": mass}[name](plane, Path(folder))


def row(title: str, values: Sequence[float], form: str = ",.1f", goal: str = "") -> None:
    shown = (statistics.median(values), percentile(values), max(values))
    print(f"{title:66}" + "".join(f"{value:>12{form}}" for value in shown) + f"  {goal}", flush=True)


def one(title: str, value: float, form: str = ",.1f", goal: str = "") -> None:
    print(f"{title:66}{value:>12{form}}{'':24}  {goal}", flush=True)


def percentile(values: Sequence[float]) -> float:
    """The 99th of a hundred."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.99))]


@contextmanager
def lab(folder: Path) -> Iterator[ControlPlane]:
    (folder / "plane").mkdir()
    # Nobody holds a benchmark back: what is measured are the watch and the API server, not its fairness.
    with controlplane(beds.build("controlplane"), folder / "plane", enable_priority_and_fairness="false") as plane:
        let_people_in(plane)
        let_in(plane)
        yield plane


def crds() -> Path:
    return beds.module(beds.LAB / "controllers", "github.com/argoproj/argo-cd/v3") / "manifests" / "crds"


def project(name: str) -> dict[str, Any]:
    spec = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": name, "namespace": "argocd"}, "spec": spec}


# The speed


def speed(plane: ControlPlane, folder: Path) -> None:
    config = Repository(folder / "config", folder / "home")
    (folder / "argocd").mkdir()
    with argocd(beds.build("controllers"), beds.helm(), crds(), plane, folder / "argocd") as argo:
        projects = [project(f"team-{number}") for number in range(OBJECTS + 2)]
        # The one that is measured alone heals itself; beside gitguard Argo CD is not to be the faster one by chance.
        apps = [application("healing", config.path, "healing", plane), application("web", config.path, "web", plane, automated={"prune": True})]
        objects = [
            manifest for number in range(OBJECTS + 1) for manifest in (deployment(f"web-{number}"), settings(f"settings-{number}", mode="prod"))
        ]
        config.commit(
            {
                ".gitguard.yaml": "roots: [argocd]\nreconcile: {cap: null}\n",
                "argocd/all.yaml": yaml.safe_dump_all([*projects, *apps]),
                "healing/web.yaml": yaml.safe_dump(deployment("healing")),
                "web/web.yaml": yaml.safe_dump_all(objects),
            }
        )
        plane.apply(*projects, *apps)
        while not (argo.synced("healing") and argo.synced("web")):
            time.sleep(0.2)
        by_kind = {
            "Deployment": edits.Edit(plane, "apps", "Deployment", "shop", edits.both),
            "ConfigMap": edits.Edit(plane, "", "ConfigMap", "shop", edits.data),
            "AppProject": edits.Edit(plane, _ARGO, "AppProject", "argocd", edits.role),
        }
        theirs = healed(plane)
        with running(plane, config, folder) as watch:
            ours = put_back(watch, by_kind)
        print(f"{'  its self-heal / gitguard, an image, the first time':66}{theirs[0] / ours[0]:>12.1f}")
        print(f"{f'  the same, the {REPEATS}th time':66}{theirs[-1] / ours[-1]:>12.1f}", flush=True)


def healed(plane: ControlPlane) -> list[float]:
    """Argo CD alone, with automated syncs and self-heal; milliseconds until an image was back."""
    edit = edits.Edit(plane, "apps", "Deployment", "shop", edits.image)
    times = []
    for number in range(REPEATS):
        took = edit.do("healing", HEALED_WITHIN)
        times.append((took or HEALED_WITHIN) * 1e3)
        one(f"Argo CD's self-heal alone: image, edit {number + 1}, ms{'' if took else f' (not within {HEALED_WITHIN:g} s)'}", times[-1], ",.0f")
        if took is None:
            break
    times += [HEALED_WITHIN * 1e3] * (REPEATS - len(times))
    for what, other, name in (
        ("sidecar", edits.Edit(plane, "apps", "Deployment", "shop", edits.sidecar), "healing"),
        ("role in an AppProject", edits.Edit(plane, _ARGO, "AppProject", "argocd", edits.role), f"team-{OBJECTS + 1}"),
    ):
        took = other.do(name, NOTICED_WITHIN)
        print(
            f"Argo CD's self-heal alone: {what} added: {f'back after {took:.1f} s' if took else f'not back within {NOTICED_WITHIN:g} s'}", flush=True
        )
    return times


def put_back(watch: Watch, by_kind: Mapping[str, edits.Edit]) -> list[float]:
    names = {"Deployment": "web", "ConfigMap": "settings", "AppProject": "team"}
    titles = {"Deployment": "image changed and sidecar added", "ConfigMap": "value changed", "AppProject": "role added"}
    times: dict[str, list[float]] = {kind: [] for kind in by_kind}
    for number in range(EACH):
        for kind, edit in by_kind.items():
            times[kind].append(surely(edit, f"{names[kind]}-{number % OBJECTS}", watch) * 1e3)
            time.sleep(PAUSE)
    for kind, values in times.items():
        row(f"gitguard: {kind}, {titles[kind]}, {EACH} times, ms", values, goal="median < 50, p99 < 250")
    repeated = []
    for _ in range(REPEATS):
        repeated.append(surely(by_kind["Deployment"], f"web-{OBJECTS}", watch) * 1e3)
        time.sleep(PAUSE)
    one(f"gitguard: one object again and again: edit {REPEATS} / edit 1", repeated[-1] / repeated[0], ",.2f", "about 1")
    return repeated


def surely(edit: edits.Edit, name: str, watch: Watch) -> float:
    took = edit.do(name, HEALED_WITHIN)
    assert took is not None, watch.log.read_text()[-3000:]
    return took


@contextmanager
def running(plane: ControlPlane, config: Repository, folder: Path, *arguments: str, within: float = 60.0) -> Iterator[Watch]:
    watch = Watch(plane, config, folder, *arguments)
    try:
        watch.wait(lambda: watch.events("ready"), "the watch was not ready", within)
        yield watch
        assert watch.stop() == 0, watch.log.read_text()[-3000:]
        watch.verified()
    finally:
        if watch.process.poll() is None:
            watch.process.kill()
            watch.process.wait()


# Many objects


def many(plane: ControlPlane, folder: Path) -> tuple[Repository, list[dict[str, Any]]]:
    """A repository with many objects, which are all there, and an Application that Argo CD says it has synced."""
    serve_kinds(plane, crds())
    config = Repository(folder / "config", folder / "home")
    app = application("many", config.path, "many", plane)
    app["spec"]["source"]["directory"] = {"recurse": True}
    spaces = [f"team-{number}" for number in range(NAMESPACES)]
    objects = {space: [_object(space, number) for number in range(WATCHED // NAMESPACES)] for space in spaces}
    commit = config.commit(
        {
            ".gitguard.yaml": "roots: [argocd]\nreconcile: {cap: null}\n",
            "argocd/app.yaml": yaml.safe_dump(app),
            **{f"many/{space}.yaml": yaml.dump_all(listed, Dumper=yaml.CSafeDumper) for space, listed in objects.items()},
        }
    )
    plane.apply(*({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}} for space in spaces))
    every = [manifest for listed in objects.values() for manifest in listed]
    by_hands(plane, "admin", every, lambda cluster, resource, manifest: cluster.create(resource, manifest))
    plane.apply(
        {
            **app,
            "status": {
                "sync": {
                    "status": "Synced",
                    "revision": commit,
                    "comparedTo": {"source": app["spec"]["source"], "destination": app["spec"]["destination"]},
                }
            },
        }
    )
    return config, every


def mass(plane: ControlPlane, folder: Path) -> None:
    config, every = many(plane, folder)
    for again in ("", ", again"):
        place = folder / f"watch{again}"
        place.mkdir()
        began = time.perf_counter()
        with running(plane, config, place, "--resync", "30", within=300) as watch:
            one(f"{WATCHED:,} objects: ready{again} after, s", time.perf_counter() - began)
            cost = _cpu(watch)
            one("  CPU of that, s", cost)
            if again:
                idle(watch, plane)
                storm(watch, plane, every)


def _object(space: str, number: int) -> dict[str, Any]:
    if number % 2:
        return deployment(f"web-{number}", space)
    return settings(f"settings-{number}", space, mode="prod", **{f"key-{key}": f"value-{number}-{key}" for key in range(5)})


def by_hands(plane: ControlPlane, user: str, objects: Sequence[_Object], act: Callable[[Cluster, Any, _Object], object]) -> None:
    """The same for each object, by one user with several hands."""

    kubeconfig = plane.kubeconfig(user)

    def some(part: Sequence[_Object]) -> None:
        cluster = Cluster.connect(kubeconfig, "")
        for manifest in part:
            group = manifest["apiVersion"].rpartition("/")[0]
            act(cluster, cluster.resource(group, manifest["kind"]), manifest)

    with ThreadPoolExecutor(HANDS) as pool:
        list(pool.map(some, [objects[hand::HANDS] for hand in range(HANDS)]))


def idle(watch: Watch, plane: ControlPlane) -> None:
    time.sleep(5.0)
    cpu, tried, began = _cpu(watch), _requests(plane), time.perf_counter()
    time.sleep(IDLE)
    share = (_cpu(watch) - cpu) / (time.perf_counter() - began)
    asked = {what: count - tried.get(what, 0) for what, count in _requests(plane).items()}
    one(f"idle with {WATCHED:,} objects, resyncs in it: CPU, % of a core", share * 100, goal="< 5")
    one("  dry runs meanwhile", asked["dry runs"], ",.0f", "0")
    one("  lists meanwhile, of everybody", asked["lists"], ",.0f")
    memory = {
        line.split(":")[0]: int(line.split()[1]) / 1024 for line in Path(f"/proc/{watch.process.pid}/smaps_rollup").read_text().splitlines()[1:]
    }
    one("  resident memory, MiB", memory["Rss"], ",.0f", "< 300")
    one("  proportional share of it, MiB", memory["Pss"], ",.0f", "< 300")


def _cpu(watch: Watch) -> float:
    """Seconds that the process has had, all threads."""
    fields = Path(f"/proc/{watch.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _requests(plane: ControlPlane) -> dict[str, float]:
    counted = {"dry runs": 0.0, "lists": 0.0}
    for line in plane.kubectl("get", "--raw", "/metrics").splitlines():
        if line.startswith("apiserver_request_total{"):
            counted["dry runs"] += float(line.rpartition(" ")[2]) * ('dry_run="All"' in line)
            counted["lists"] += float(line.rpartition(" ")[2]) * ('verb="LIST"' in line)
    return counted


def storm(watch: Watch, plane: ControlPlane, every: Sequence[dict[str, Any]]) -> None:
    """Many objects at once."""
    eyes = {kind: edits.Eye(plane, group, kind) for group, kind in (("apps", "Deployment"), ("", "ConfigMap"))}
    chosen = [manifest for number, manifest in enumerate(every) if number % (2 * len(every) // DRIFTED) < 2]

    def spoil(cluster: Cluster, resource: Any, manifest: _Object) -> None:
        metadata = manifest["metadata"]
        live = dict(cluster.get(resource, metadata["namespace"], metadata["name"]))
        (edits.image if manifest["kind"] == "Deployment" else edits.data)(live, 1)
        cluster.update(resource, live)

    began = time.perf_counter()
    cpu = _cpu(watch)
    by_hands(plane, "alice", chosen, spoil)
    spoilt = time.perf_counter()
    left = {(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"]) for manifest in chosen}
    for kind, eye in eyes.items():
        wanted = {place for place in left if place[0] == kind}
        _all_back(eye, kind, wanted, spoilt + BACK_WITHIN)
    one(f"{len(chosen):,} objects changed at once by alice, which took, s", spoilt - began)
    one("  all back after the first change, s", time.perf_counter() - began, goal="< 60")
    one("  all back after the last change, s", time.perf_counter() - spoilt)
    one("  CPU for it, s", _cpu(watch) - cpu)


def _all_back(eye: edits.Eye, kind: str, left: set[tuple[str, str, str]], deadline: float) -> None:
    seen = 0

    def done(value: _Object) -> bool:
        nonlocal seen
        metadata = value["metadata"]
        data, spec = value.get("data"), value.get("spec")
        evil = data["mode"].startswith("evil") if data else spec["template"]["spec"]["containers"][0]["image"].startswith("evil")
        if not evil:
            left.discard((kind, metadata["namespace"], metadata["name"]))
        return not left

    assert eye.when(done, 0, deadline - time.perf_counter()) is not None, f"{len(left)} are not back"


if __name__ == "__main__":
    main()
