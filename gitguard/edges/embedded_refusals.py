"""How the embedded API server says no: metav1.Status, with the codes, reasons and words of the real one."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from gitguard.edges.embedded_kinds import Kind

_MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


class Refused(Exception):
    """A request that is not carried out; `status` is what is answered, and `code` its HTTP status."""

    def __init__(self, code: int, reason: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = int(code)
        said = {"reason": reason} if reason else {}
        more = {"details": dict(details)} if details is not None else {}
        self.status = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, **said, **more, "code": self.code,
        }  # fmt: skip


def unauthorized() -> Refused:
    """Nobody has that token."""
    return Refused(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, kind: Kind, subresource: str, namespace: str, name: str) -> Refused:
    """The user may not do it."""
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
    subject = f'{kind.qualified(kind.plural)} "{name}"' if name else kind.qualified(kind.plural)
    message = f'{subject} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{kind.group}" {where}'
    return Refused(HTTPStatus.FORBIDDEN, "Forbidden", message, _details(kind, kind.plural, name))


def not_found(kind: Kind, name: str) -> Refused:
    """There is no such object."""
    return Refused(HTTPStatus.NOT_FOUND, "NotFound", f'{kind.qualified(kind.plural)} "{name}" not found', _details(kind, kind.plural, name))


def not_served() -> Refused:
    """There is no such path."""
    return Refused(HTTPStatus.NOT_FOUND, "NotFound", "the server could not find the requested resource", {})


def not_allowed() -> Refused:
    """The path knows no such method."""
    return Refused(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def exists(kind: Kind, name: str) -> Refused:
    """An object of that name is there."""
    message = f'{kind.qualified(kind.plural)} "{name}" already exists'
    return Refused(HTTPStatus.CONFLICT, "AlreadyExists", message, _details(kind, kind.plural, name))


def conflict(kind: Kind, name: str, why: str = _MODIFIED) -> Refused:
    """The object is another by now."""
    message = f'Operation cannot be fulfilled on {kind.qualified(kind.plural)} "{name}": {why}'
    return Refused(HTTPStatus.CONFLICT, "Conflict", message, _details(kind, kind.plural, name))


def invalid(kind: Kind, name: str, field: str, cause: str, why: str) -> Refused:
    """A field that can't be so; `cause` is its reason, say FieldValueForbidden."""
    details = {**_details(kind, kind.kind, name), "causes": [{"reason": cause, "message": why, "field": field}]}
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f'{kind.qualified(kind.kind)} "{name}" is invalid: {field}: {why}', details)


def no_dry_run(options: str, said: list[str]) -> Refused:
    """A dry run is of all or of nothing; `options` is the kind of what says so, as `UpdateOptions`."""
    why = f'Unsupported value: {json.dumps(said)}: supported values: "All"'
    details = {"group": "meta.k8s.io", "kind": options, "causes": [{"reason": "FieldValueNotSupported", "message": why, "field": "dryRun"}]}
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f'{options}.meta.k8s.io "" is invalid: dryRun: {why}', details)


def impossible() -> Refused:
    """A JSON patch that does not fit the object."""
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", "the server rejected our request due to an error in our request", {})


def bad_request(why: str) -> Refused:
    """The request makes no sense."""
    return Refused(HTTPStatus.BAD_REQUEST, "BadRequest", why)


def unsupported() -> Refused:
    """A body of a type that is not read."""
    message = "415: Unsupported Media Type"
    return Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message, {})


def failed(why: str) -> Refused:
    """What the real API server takes for a fault of its own."""
    return Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "", why)


def expired(revision: int, oldest: int) -> Refused:
    """The version asked for is forgotten."""
    return Refused(HTTPStatus.GONE, "Expired", f"too old resource version: {revision} ({oldest})")


def _details(kind: Kind, named: str, name: str) -> dict[str, Any]:
    return {**({"name": name} if name else {}), **({"group": kind.group} if kind.group else {}), "kind": named}
