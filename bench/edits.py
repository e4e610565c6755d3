"""What alice does to live objects, and an independent client that sees when git's word is back."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

from gitguard.edges.cluster import Cluster, ClusterError
from tests.lab.controlplane import ControlPlane

_Object = Mapping[str, Any]


class Eye:
    """An independent client that watches one kind, and remembers when it saw which version of which object."""

    def __init__(self, plane: ControlPlane, group: str, kind: str) -> None:
        self._cluster = Cluster.connect(plane.kubeconfig("admin"), "")
        resource = self._cluster.resource(group, kind)
        assert resource is not None
        self.resource = resource
        self._seen: list[tuple[float, _Object]] = []
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._version = self._cluster.list(resource).resource_version
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        # It ends with its API server; a watch of what nothing happens to ends before that.
        with suppress(ClusterError):
            while not self._stop.is_set():
                for change, value in self._cluster.watch(self.resource, self._version, self._stop):
                    self._version = str(value["metadata"]["resourceVersion"])
                    if change != "BOOKMARK":
                        with self._news:
                            self._seen.append((time.perf_counter(), value))
                            self._news.notify_all()

    @property
    def mark(self) -> int:
        """How much has been seen."""
        return len(self._seen)

    def when(self, holds: Callable[[_Object], bool], after: int, within: float) -> float | None:
        """When an object was seen first of which that is so; None where it was not in time."""
        deadline = time.perf_counter() + within
        with self._news:
            while True:
                for at, value in self._seen[after:]:
                    if holds(value):
                        return at
                after = self.mark
                if not self._news.wait(max(0.0, deadline - time.perf_counter())):
                    return None

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)


class Edit:
    """What alice does to objects of a kind, and how it is seen that git's word is back."""

    def __init__(self, plane: ControlPlane, group: str, kind: str, namespace: str, change: Callable[[dict[str, Any], int], None]) -> None:
        self.eye = Eye(plane, group, kind)
        self.namespace = namespace
        self._alice = Cluster.connect(plane.kubeconfig("alice"), "")
        self._change = change
        self._count = 0

    def do(self, name: str, within: float) -> float | None:
        """Seconds from the answer to alice's request until git's word was seen; None where it was not within that time."""
        live = dict(self._alice.get(self.eye.resource, self.namespace, name))
        good = _judged(deepcopy(live))
        self._count += 1
        self._change(live, self._count)
        mark = self.eye.mark
        written = self._alice.update(self.eye.resource, live)
        began = time.perf_counter()
        alices = int(written["metadata"]["resourceVersion"])

        def is_back(value: _Object) -> bool:
            metadata = value["metadata"]
            return metadata["name"] == name and int(metadata["resourceVersion"]) > alices and _judged(value) == good

        seen = self.eye.when(is_back, mark, within)
        return None if seen is None else seen - began


def _judged(value: _Object) -> Any:
    return {"spec": value.get("spec"), "data": value.get("data")}


def image(live: dict[str, Any], number: int) -> None:
    live["spec"]["template"]["spec"]["containers"][0]["image"] = f"evil:{number}"


def sidecar(live: dict[str, Any], number: int) -> None:
    live["spec"]["template"]["spec"]["containers"].append({"name": "miner", "image": f"miner:{number}"})


def both(live: dict[str, Any], number: int) -> None:
    image(live, number)
    sidecar(live, number)


def data(live: dict[str, Any], number: int) -> None:
    live["data"]["mode"] = f"evil-{number}"


def role(live: dict[str, Any], number: int) -> None:
    live["spec"].setdefault("roles", []).append(
        {"name": f"mine-{number}", "policies": [f"p, proj:{live['metadata']['name']}:mine-{number}, applications, *, *, allow"]}
    )
