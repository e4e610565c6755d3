"""Git's object beside the live one, with the API server's own answer to what git's word comes to there."""

from collections.abc import Mapping
from typing import Any

from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.model.desired import Wanted
from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.comparison import compared, proposed
from gitguard.reconciler.desired import ignored
from gitguard.reconciler.given import is_given

_Object = Mapping[str, Any]
# Not refused, but not answered either: to be asked again.
_BUSY = (0, 429, 502, 503, 504)
_MARK = "argocd.argoproj.io/tracking-id"
_BY_APPLICATION = "Application "


class Stale(Exception):
    """The live object is not that one any more."""


class Comparer:
    """Compares with one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.asked = 0
        """How often the API server was asked."""

    def predicted(self, resource: Resource, git: _Object, live: _Object) -> _Object | None:
        """What the API server would make of git's object there; None where it will not say.

        Raises Stale where the live object has changed, ClusterError where the API server can't be reached.
        """
        body = proposed(git, live)
        try:
            self.asked += 1
            return self._cluster.update(resource, body, dry_run=True)
        except ClusterError as error:
            if error.is_conflict or error.is_missing:
                raise Stale from error
            if error.status in _BUSY:
                raise
        return _unasked(resource, body)

    def foreseen(self, resource: Resource, git: _Object, was: _Object) -> _Object | None:
        """What the API server would have made of git's object where `was`, which is gone or is another by now; None where it will not say.

        Raises Stale where that comes and goes meanwhile, ClusterError where the API server can't be reached.
        """
        body = proposed(git, was)
        fresh = {name: part for name, part in body["metadata"].items() if name not in ("resourceVersion", "uid")}
        try:
            self.asked += 1
            return self._cluster.create(resource, {**body, "metadata": fresh}, dry_run=True)
        except ClusterError as error:
            if error.is_conflict:
                return self._predicted_now(resource, git, ObjectKey.of(was))
            if error.status in _BUSY:
                raise
        return _unasked(resource, body)

    def _predicted_now(self, resource: Resource, git: _Object, key: ObjectKey) -> _Object | None:
        try:
            return self.predicted(resource, git, self._cluster.get(resource, key.namespace, key.name))
        except ClusterError as error:
            if error.is_missing:
                raise Stale from error
            raise

    def differences(self, wanted: Wanted, live: _Object | None, answer: _Object | None, *, scaled: bool) -> tuple[Change, ...]:
        """What is not as git has it, without what git leaves to others. `answer` is what `predicted` gave."""
        if live is None:
            return (Change("", wanted.manifest, ABSENT, True),)
        is_left, is_theirs = ignored(wanted.care, live), is_given(wanted.manifest, wanted.key, scaled)
        return tuple(change for change in compared(wanted.manifest, live, answer) if not is_left(change) and not is_theirs(change))


def is_going(live: _Object) -> bool:
    """Is it being deleted, which nothing stops?"""
    return bool((live.get("metadata") or {}).get("deletionTimestamp"))


def reborn(wanted: Wanted, control_plane: str) -> dict[str, Any]:
    """What is created where git's object is gone: with Argo CD's mark on it, where Argo CD deployed it, so that it knows it again. `control_plane` is
    Argo CD's namespace."""
    metadata = dict(wanted.manifest.get("metadata") or {})
    for name in ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation"):
        metadata.pop(name, None)
    body = {**{name: part for name, part in wanted.manifest.items() if name not in ("status", "operation")}, "metadata": metadata}
    return marked(body, wanted, control_plane)


def marked(body: _Object, wanted: Wanted, control_plane: str) -> dict[str, Any]:
    """What is about to be written, with the mark of Argo CD where that deployed it; whoever replaces an object takes it away."""
    application = wanted.application or (wanted.made_by.removeprefix(_BY_APPLICATION) if wanted.made_by.startswith(_BY_APPLICATION) else "")
    metadata = body.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not application or _MARK in annotations:
        return dict(body)
    return {**body, "metadata": {**metadata, "annotations": {**annotations, _MARK: _tracking_id(application, wanted.key, control_plane)}}}


def _tracking_id(of: str, key: ObjectKey, control_plane: str) -> str:
    """As Argo CD writes it (util/argo/resource_tracking.go): the Application, then the object's group, kind, namespace and name."""
    namespace, _, name = of.partition("/")
    application = name if namespace == control_plane else f"{namespace}_{name}"
    return f"{application}:{key.group}/{key.kind}:{key.namespace}/{key.name}"


def _unasked(resource: Resource, body: _Object) -> _Object | None:
    """Where it may not be asked, or a webhook knows no dry runs: kinds without defaults are what they are written as."""
    return body if _is_plain(resource) else None


def _is_plain(resource: Resource) -> bool:
    return resource.group == "argoproj.io" or (resource.group, resource.kind) == ("", "ConfigMap")
