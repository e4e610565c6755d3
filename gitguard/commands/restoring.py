"""The writes that put git's word back, and how each of them ended, as the ledger has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from gitguard.commands.comparing import marked, reborn
from gitguard.commands.open_drift import Open
from gitguard.edges import clock
from gitguard.edges.cluster import Cluster, ClusterError, Resource
from gitguard.model.drift import ABSENT, Change, ObjectKey
from gitguard.reconciler.comparison import compared, restored
from gitguard.reconciler.tracking import number

_Object = Mapping[str, Any]
# From this status on it is the API server's fault, and not known whether it was done.
_BROKEN = 500
_READ_WITHIN, _MOMENT = 2.0, 0.05


class Restorer:
    """Writes to one cluster. `identity` is the act's id in the ledger, which the API server's audit has, too."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.returned: dict[ObjectKey, _Object] = {}
        """Objects as they were read after they were put back, for whoever remembers what was judged."""

    def put_back(self, one: Open, changes: Sequence[Change], control_plane: str, identity: str) -> _Object:
        """Git's word in these fields, or the object where it is gone. `control_plane` is Argo CD's namespace."""
        try:
            if one.live is None:
                self._cluster.create(one.resource, reborn(one.wanted, control_plane), audit_id=_audit_id(identity))
            else:
                body = marked(restored(one.live, changes), one.wanted, control_plane)
                self._cluster.update(one.resource, body, audit_id=_audit_id(identity))
        except ClusterError as error:
            if one.live is None and error.is_conflict:
                return {"result": "superseded", "reason": "it is there again"}
            if one.live is not None and (error.is_conflict or error.is_missing):
                return {"result": "superseded", "reason": "somebody has written to it meanwhile"}
            return self._refused(one, error)
        return self._checked(one, changes if one.live is not None else [Change("", one.wanted.manifest, ABSENT, True)])

    def delete(self, resource: Resource, key: ObjectKey, live: _Object, identity: str) -> _Object:
        """Take this very object away."""
        uid, version = str(live["metadata"]["uid"]), str(live["metadata"]["resourceVersion"])
        try:
            self._cluster.delete(resource, key.namespace, key.name, uid=uid, resource_version=version, audit_id=_audit_id(identity))
        except ClusterError as error:
            return {"result": "superseded", "reason": "it is another by now"} if error.is_conflict or error.is_missing else _failed(error)
        return {"result": "reverted", "reverted_at": clock.now()}

    def order(self, resource: Resource, application: _Object, operation: _Object, identity: str) -> _Object:
        """Tell Argo CD to do something with an Application."""
        try:
            self._cluster.update(resource, {**application, "operation": operation}, audit_id=_audit_id(identity))
        except ClusterError as error:
            return {"result": "superseded", "reason": "it was written meanwhile"} if error.is_conflict else _failed(error)
        return {"result": "reverted", "reverted_at": clock.now(), "reason": "Argo CD was told to sync to git's revision"}

    def _refused(self, one: Open, error: ClusterError) -> _Object:
        """How it ended where the API server says that it failed, or says nothing: then it may have been done all the same."""
        if error.status and error.status < _BROKEN:
            return _failed(error)
        try:
            live = self._found(one)
        except ClusterError as lost:
            return {"result": "unknown", "reason": f"{_status(error)}, and its object could not be read: {_status(lost)}"}
        if _version(live) == _version(one.live):
            return _failed(error)
        if live is not None and not compared(one.wanted.manifest, live, one.answer):
            return {"result": "reverted", "reverted_at": clock.now(), "reason": f"{_status(error)}, and its object is as git has it"}
        return {"result": "unknown", "reason": f"{_status(error)}, and its object was written meanwhile"}

    def _found(self, one: Open) -> _Object | None:
        """The object as it is, None where it is gone. What broke one connection may break the next, and be over soon."""
        until = clock.monotonic() + _READ_WITHIN
        while True:
            try:
                return self._cluster.get(one.resource, one.key.namespace, one.key.name)
            except ClusterError as error:
                if error.is_missing:
                    return None
                if (error.status and error.status < _BROKEN) or clock.monotonic() > until:
                    raise
            clock.pause(_MOMENT)

    def _checked(self, one: Open, changes: Sequence[Change]) -> _Object:
        """How it is now, read again."""
        at = clock.now()
        try:
            live = self._found(one)
        except ClusterError as error:
            return {"result": "unknown", "reason": f"it could not be read again: {_status(error)}"}
        if live is None:
            return {"result": "superseded", "reason": "it was deleted at once"}
        others = {change.path for change in compared(one.wanted.manifest, live, one.answer)}
        left = others & {change.path for change in changes}
        if left and one.live is not None and _version(live) == number(one.version):
            return {"result": "failed", "reason": f"the API server made something else of {', '.join(sorted(left)[:5])}"}
        if not others:
            # Else somebody was here again, and it has to be judged as it is now.
            self.returned[one.key] = live
        return {"result": "reverted", "reverted_at": at}


def _audit_id(identity: str) -> str:
    return f"gitguard-{identity}"


def _version(live: _Object | None) -> int:
    return number(live["metadata"]["resourceVersion"]) if live is not None else -1


def _failed(error: ClusterError) -> _Object:
    return {"result": "failed", "reason": _status(error)}


def _status(error: ClusterError) -> str:
    """What may be told of a refusal: what the API server says may repeat values."""
    return f"the API server answered {error.status}" if error.status else "the API server can't be reached"
