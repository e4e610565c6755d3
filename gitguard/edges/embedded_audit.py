"""The audit log of the embedded API server: audit.k8s.io/v1 events of every write, as a policy of the level RequestResponse has them."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from gitguard.edges import clock
from gitguard.edges.embedded_kinds import Kind

_FAILED = 400


class Asked(NamedTuple):
    """A request: the raw path with its query, the headers by lower-case names, and where it came from."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    address: str


class User(NamedTuple):
    """Whom a token belongs to."""

    name: str
    groups: tuple[str, ...]


class Route(NamedTuple):
    """What a request is about; `name` is "" for a collection."""

    kind: Kind
    namespace: str
    name: str
    subresource: str

    @property
    def key(self) -> str:
        """By what the store knows the object."""
        return f"{self.namespace}/{self.name}" if self.kind.namespaced else self.name


class AuditLog:
    """A file that has an event before its request is answered."""

    def __init__(self, path: Path) -> None:
        self._lock = Lock()
        self._file = path.open("ab", buffering=0)

    def add(self, event: Mapping[str, Any]) -> None:
        """Write an event."""
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            self._file.write(line)

    def close(self) -> None:
        """Write no more."""
        self._file.close()


def audited(
    asked: Asked, route: Route, verb: str, user: User, audit_id: str, received: str, request: Any, code: int, response: Mapping[str, Any]
) -> dict[str, Any]:
    """The event of a request that has been carried out, or refused."""
    is_status = response.get("kind") == "Status"
    said = {key: response[key] for key in ("status", "message", "reason", "details") if is_status and key in response}
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "RequestResponse",
        "auditID": audit_id,
        "stage": "ResponseComplete",
        "requestURI": asked.target,
        "verb": verb,
        "user": {"username": user.name, "groups": [*user.groups, "system:authenticated"]} if user.name else {},
        "sourceIPs": [asked.address],
        "userAgent": asked.headers.get("user-agent", ""),
        "objectRef": _target(route, verb, request),
        "responseStatus": {"metadata": {}, **said, "code": code},
        **({"requestObject": request} if request is not None else {}),
        "responseObject": response,
        "requestReceivedTimestamp": received,
        "stageTimestamp": clock.now(),
        "annotations": {"authorization.k8s.io/decision": "forbid" if response.get("reason") == "Forbidden" and code >= _FAILED else "allow"},
    }


def _target(route: Route, verb: str, request: Any) -> dict[str, Any]:
    """As the real one fills it: what the path says, then what the body of a create or an update says of itself."""
    metadata = request.get("metadata") if isinstance(request, Mapping) and verb in ("create", "update") else None
    said = metadata if isinstance(metadata, Mapping) else {}
    # A namespace lies in itself where its path names it.
    namespace = route.namespace or (route.name if (route.kind.group, route.kind.plural) == ("", "namespaces") else "") or said.get("namespace")
    made = {
        "resource": route.kind.plural,
        "namespace": namespace,
        "name": route.name or said.get("name"),
        "uid": said.get("uid"),
        "apiGroup": route.kind.group,
        "apiVersion": route.kind.version,
        "resourceVersion": said.get("resourceVersion"),
        "subresource": route.subresource,
    }
    return {key: part for key, part in made.items() if part}
