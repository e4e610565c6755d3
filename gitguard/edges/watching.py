"""What a cluster holds and how it changes: one thread a kind, which lists once, watches from there, and goes on where a watch broke off."""

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitguard.edges import clock
from gitguard.edges.audit_stream import Gap
from gitguard.edges.cluster import Cluster, ClusterError, Expired, Resource

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
_STOPPED_WITHIN = 5.0


class Seen(NamedTuple):
    """An object as a watch told of it: `change` is ADDED, MODIFIED or DELETED."""

    resource: Resource
    change: str
    object: Mapping[str, Any]


class Holdings(NamedTuple):
    """All objects of a kind at one moment. `missed`: versions before it may not have been seen."""

    resource: Resource
    objects: tuple[Mapping[str, Any], ...]
    resource_version: str
    missed: bool = True


class Progress(NamedTuple):
    """Everything of a kind up to this version has been told."""

    resource: Resource
    resource_version: str


class Trouble(NamedTuple):
    """A kind can't be listed or watched at present; "" as the reason: it can again."""

    resource: Resource
    why: str


Message = Seen | Holdings | Progress | Trouble | Gap


class Watcher:
    """Watches one kind (in one namespace) from its start until `stop`; everything is told to `deliver`, in its order."""

    def __init__(self, cluster: Cluster, resource: Resource, deliver: Callable[[Message], None], namespace: str = "") -> None:
        self.resource = resource
        self._namespace = namespace
        self._cluster = cluster
        self._deliver = deliver
        self._stop = threading.Event()
        self._version = ""
        self._troubled_since = ""
        self._thread = threading.Thread(target=self._run, name=f"watch {resource.plural}", daemon=True)
        self._thread.start()

    def resync(self) -> None:
        """List once more beside the watch, to be sure."""
        threading.Thread(target=self._list_beside, name=f"list {self.resource.plural}", daemon=True).start()

    def stop(self) -> None:
        """End it, without waiting."""
        self._stop.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join(_STOPPED_WITHIN)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                if not self._version:
                    listed = self._cluster.list(self.resource, self._namespace)
                    self._version = listed.resource_version
                    self._deliver(Holdings(self.resource, listed.items, listed.resource_version))
                self._well()
                failures = 0 if self._watched() else failures + 1
            except Expired:
                self._deliver(
                    Gap(clock.now(), clock.now(), f"the API server no longer has the versions of {self.resource.plural} that were to come next")
                )
                self._version = ""
            except ClusterError as error:
                failures += 1
                self._ill(str(error))
            if failures:
                # Many watchers that lost one API server do not come back all at once.
                self._stop.wait(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _watched(self) -> bool:
        """Tell of changes until the watch ends; was it any good?"""
        began = clock.monotonic()
        for change, value in self._cluster.watch(self.resource, self._version, self._stop, self._namespace):
            metadata = value.get("metadata") or {}
            self._version = str(metadata.get("resourceVersion") or self._version)
            if change == "BOOKMARK":
                self._deliver(Progress(self.resource, self._version))
            else:
                self._deliver(Seen(self.resource, change, value))
        return self._stop.is_set() or clock.monotonic() - began > _FIRST_PAUSE

    def _list_beside(self) -> None:
        try:
            listed = self._cluster.list(self.resource, self._namespace)
        except (ClusterError, Expired):
            # The watch itself will tell of it.
            return
        self._deliver(Holdings(self.resource, listed.items, listed.resource_version, missed=False))

    def _ill(self, why: str) -> None:
        if not self._troubled_since:
            self._troubled_since = clock.now()
            self._deliver(Trouble(self.resource, why))

    def _well(self) -> None:
        if self._troubled_since:
            self._deliver(Gap(self._troubled_since, clock.now(), f"{self.resource.plural} could not be watched"))
            self._deliver(Trouble(self.resource, ""))
            self._troubled_since = ""
