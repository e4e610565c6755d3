"""What the embedded API server answers: who asks, for what, may they, and what comes of it. Everything but HTTP itself."""

import base64
import json
import secrets
import string
import uuid
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from gitguard.edges import clock
from gitguard.edges.embedded_audit import Asked, AuditLog, Route, User, audited
from gitguard.edges.embedded_kinds import Kind, discovery
from gitguard.edges.embedded_objects import Author, created, deleted, merged, stepped, updated
from gitguard.edges.embedded_refusals import (
    Refused,
    bad_request,
    failed,
    forbidden,
    invalid,
    no_dry_run,
    not_allowed,
    not_found,
    not_served,
    unauthorized,
    unsupported,
)
from gitguard.edges.embedded_store import Outcome, Store, Version, lines

# (user, verb, group, resource, namespace): may they? A user by their full name, a namespace of "" for all of the cluster.
May = Callable[[str, str, str, str, str], bool]

_PAUSE = 1.0
_WATCHED_SECONDS = 1_800
_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_MERGES = ("application/merge-patch+json", "application/strategic-merge-patch+json")
_STEPS = "application/json-patch+json"
_SUFFIX = 5
# The plural, the name and the subresource.
_DEEPEST = 3


class Answer(NamedTuple):
    """What is answered, as JSON; `lines` are what a watch goes on to say for `seconds`, with b"" now and then."""

    code: int
    body: bytes
    audit_id: str
    lines: Iterator[bytes] | None = None
    seconds: float = 0.0


class Api:
    """The API over a store; users by their tokens."""

    def __init__(self, kinds: tuple[Kind, ...], users: Mapping[str, User], may: May, store: Store, audit: AuditLog) -> None:
        self._users = users
        self._may = may
        self._store = store
        self._audit = audit
        self._documents = {path: json.dumps(document).encode() for path, document in discovery(kinds).items()}
        self._kinds = {(kind.api_version, kind.plural): kind for kind in kinds}

    def answer(self, asked: Asked) -> Answer:
        """Carry out a request, or refuse it; a write is in the audit log then."""
        received, audit_id = clock.now(), asked.headers.get("audit-id") or str(uuid.uuid4())
        address = urlsplit(asked.target)
        user = self._users.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        route = self._route(address.path)
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        try:
            if user is None:
                raise unauthorized()
            if asked.method == "GET" and (document := self._documents.get(address.path.rstrip("/"))) is not None:
                return Answer(HTTPStatus.OK, document, audit_id)
            if route is None:
                raise not_served()
            if asked.method == "GET":
                return self._read(route, user, query, audit_id)
        except Refused as no:
            if route is None or asked.method not in _WRITES:
                return Answer(no.code, json.dumps(no.status).encode(), audit_id)
            return self._refused(no, asked, route, user, audit_id, received, None)
        return self._write(asked, route, user, query, audit_id, received)

    def _refused(self, no: Refused, asked: Asked, route: Route, user: User | None, audit_id: str, received: str, request: Any) -> Answer:
        who, verb = user or User("", ()), _WRITES[asked.method]
        self._audit.add(audited(asked, route, verb, who, audit_id, received, request, no.code, no.status))
        return Answer(no.code, json.dumps(no.status).encode(), audit_id)

    def _write(self, asked: Asked, route: Route, user: User, query: Mapping[str, str], audit_id: str, received: str) -> Answer:
        request: Any = None
        try:
            verb = self._permitted(route, user, asked.method)
            request = _body(asked)
            author = Author(_manager(asked, query), f"{received[:19]}Z")
            if verb == "delete":
                value, body = self._deleted(route, request, query, author)
            else:
                dry_run = _is_dry(verb, query.get("dryRun"))
                version = self._changed(verb, asked, route, request, author, dry_run=dry_run)
                value, body = version.value, route.kind.head + version.rest
        except Refused as no:
            return self._refused(no, asked, route, user, audit_id, received, request)
        code = HTTPStatus.CREATED if verb == "create" else HTTPStatus.OK
        self._audit.add(audited(asked, route, verb, user, audit_id, received, request, code, value))
        return Answer(code, body, audit_id)

    def _changed(self, verb: str, asked: Asked, route: Route, request: Any, author: Author, *, dry_run: bool) -> Version:
        body = _checked(request, route) if verb != "patch" else {}
        key = route.key if verb != "create" else route._replace(name=body["metadata"]["name"]).key

        def decide(live: Mapping[str, Any] | None) -> Outcome:
            if verb == "create":
                return created(route.kind, body, live, author, str(uuid.uuid4()))
            if verb == "update":
                return updated(route.kind, route.name, body, live, author, route.subresource)
            if live is None:
                raise not_found(route.kind, route.name)
            patched = _patched(live, request, asked.headers.get("content-type", ""))
            return updated(route.kind, route.name, _checked(patched, route), live, author, route.subresource)

        return self._store.change(route.kind, key, decide, dry_run=dry_run)

    def _deleted(self, route: Route, request: Any, query: Mapping[str, str], author: Author) -> tuple[Mapping[str, Any], bytes]:
        # Options in the body are all that counts, as with the real one.
        options = request if isinstance(request, Mapping) else {"dryRun": [query["dryRun"]]} if "dryRun" in query else {}
        dry_run = _is_dry("delete", *(options.get("dryRun") or ()))
        gone: list[Mapping[str, Any]] = []

        def decide(live: Mapping[str, Any] | None) -> Outcome:
            outcome = deleted(route.kind, route.name, options, live, author)
            gone.extend([outcome.value] if outcome.is_gone else [])
            return outcome

        version = self._store.change(route.kind, route.key, decide, dry_run=dry_run)
        if not gone:
            return version.value, route.kind.head + version.rest
        group = {"group": route.kind.group} if route.kind.group else {}
        details = {"name": route.name, **group, "kind": route.kind.plural, "uid": gone[0]["metadata"]["uid"]}
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return status, json.dumps(status).encode()

    def _permitted(self, route: Route, user: User, method: str) -> str:
        verb = _WRITES.get(method)
        on_one = bool(route.name)
        if verb is None or (verb == "create") == on_one or (route.subresource and verb == "delete"):
            raise not_allowed()
        if route.kind.namespaced and not route.namespace:
            raise not_allowed()
        self._authorize(route, user, verb)
        return verb

    def _authorize(self, route: Route, user: User, verb: str) -> None:
        resource = f"{route.kind.plural}/{route.subresource}" if route.subresource else route.kind.plural
        if not self._may(user.name, verb, route.kind.group, resource, route.namespace):
            raise forbidden(user.name, verb, route.kind, route.subresource, route.namespace, route.name)

    def _read(self, route: Route, user: User, query: Mapping[str, str], audit_id: str) -> Answer:
        watches = query.get("watch") in ("true", "1")
        self._authorize(route, user, "get" if route.name else "watch" if watches else "list")
        if route.name:
            version = self._store.get(route.kind, route.key)
            if version is None:
                raise not_found(route.kind, route.name)
            return Answer(HTTPStatus.OK, route.kind.head + version.rest, audit_id)
        prefix = f"{route.namespace}/" if route.namespace else ""
        selected = _selector(query.get("labelSelector", ""))
        if query.get("fieldSelector"):
            raise bad_request("the embedded API server knows no field selectors")
        if watches:
            said = query.get("resourceVersion") or "0"
            if not said.isdecimal():
                raise failed(f'resourceVersion: Invalid value: "{said}": strconv.ParseUint: parsing "{said}": invalid syntax')
            bookmarks = query.get("allowWatchBookmarks") in ("true", "1")
            events = lines(self._store, route.kind, prefix, selected, int(said), pause=_PAUSE, bookmarks=bookmarks)
            seconds = _number(query, "timeoutSeconds") or _WATCHED_SECONDS
            return Answer(HTTPStatus.OK, b"", audit_id, _watched(events), seconds)
        return Answer(HTTPStatus.OK, self._listed(route.kind, prefix, selected, query), audit_id)

    def _listed(self, kind: Kind, prefix: str, selected: Callable[[Version], bool], query: Mapping[str, str]) -> bytes:
        revision, after = _continued(query["continue"]) if query.get("continue") else (0, "")
        page = self._store.page(kind, prefix, selected, _number(query, "limit"), after, revision)
        metadata: dict[str, Any] = {"resourceVersion": str(page.revision)}
        if page.last:
            metadata["continue"] = base64.urlsafe_b64encode(json.dumps([page.revision, page.last]).encode()).decode()
            metadata |= {} if query.get("labelSelector") else {"remainingItemCount": page.remaining}
        # As with the real one, only objects of custom kinds say in a list what they are.
        start = kind.head if kind.custom else b"{"
        said = json.dumps({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata}).encode()
        return b'%s,"items":[%s]}' % (said[:-1], b",".join(start + version.rest for version in page.versions))

    def _route(self, path: str) -> Route | None:
        """`/api/v1/namespaces/shop/configmaps/x/status` and the like; None where nothing is served."""
        parts = [unquote(part) for part in path.strip("/").split("/")]
        api_version, rest = ("/".join(parts[1:3]), parts[3:]) if parts[0] == "apis" else (parts[1] if len(parts) > 1 else "", parts[2:])
        if parts[0] not in ("api", "apis"):
            return None
        namespace = ""
        if rest[:1] == ["namespaces"] and (api_version, "".join(rest[2:3])) in self._kinds:
            namespace, rest = rest[1], rest[2:]
        kind = self._kinds.get((api_version, "".join(rest[:1])))
        if kind is None or len(rest) > _DEEPEST or (namespace and not kind.namespaced):
            return None
        name, subresource = (*rest[1:], "", "")[:2]
        return Route(kind, namespace, name, subresource) if not subresource or (subresource == "status" and kind.has_status) else None


def _body(asked: Asked) -> Any:
    """The JSON of a request, None where it has no body."""
    if not asked.body:
        return None
    content = asked.headers.get("content-type", "").partition(";")[0].strip()
    known = (*_MERGES, _STEPS) if asked.method == "PATCH" else ("application/json", "")
    if content not in known:
        raise unsupported()
    try:
        return json.loads(asked.body)
    except (ValueError, RecursionError) as error:
        raise bad_request(f"the object provided is unrecognized: json parse error: {error}") from error


def _checked(body: Any, route: Route) -> dict[str, Any]:
    """The body of a create or an update, with name and namespace."""
    if not isinstance(body, Mapping) or not isinstance(body.get("metadata"), Mapping):
        raise bad_request("the object provided is unrecognized: it is no object with metadata")
    kind, metadata = route.kind, dict(body["metadata"])
    if (body.get("apiVersion", kind.api_version), body.get("kind", kind.kind)) != (kind.api_version, kind.kind):
        raise bad_request(f"{body.get('kind')} in version {json.dumps(body.get('apiVersion'))} cannot be handled as a {kind.kind}")
    if route.namespace and metadata.get("namespace", route.namespace) != route.namespace:
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if route.name and metadata.get("name") != route.name:
        raise bad_request(f"the name of the object ({metadata.get('name', '')}) does not match the name on the URL ({route.name})")
    for field in ("labels", "annotations"):
        said = metadata.get(field) or {}
        if not isinstance(said, Mapping) or not all(isinstance(value, str | None) for value in said.values()):
            raise bad_request(
                f"{kind.kind} in version {json.dumps(kind.version)} cannot be handled as a {kind.kind}: metadata.{field} is no map of text"
            )
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + "".join(secrets.choice(string.ascii_lowercase) for _ in range(_SUFFIX))
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise invalid(kind, "", "metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
    if kind.namespaced:
        metadata["namespace"] = route.namespace
    return {**body, "metadata": metadata}


def _patched(live: Mapping[str, Any], patch: Any, content: str) -> Any:
    if content.partition(";")[0].strip() == _STEPS:
        return stepped(live, patch)
    if not isinstance(patch, Mapping):
        raise bad_request("a merge patch is an object")
    return merged(live, patch)


def _is_dry(verb: str, *said: str | None) -> bool:
    given = [one for one in said if one is not None]
    if any(one != "All" for one in given):
        raise no_dry_run(f"{verb.capitalize()}Options", given)
    return bool(given)


def _manager(asked: Asked, query: Mapping[str, str]) -> str:
    return query.get("fieldManager") or asked.headers.get("user-agent", "").partition("/")[0] or "unknown"


def _number(query: Mapping[str, str], name: str) -> int:
    said = query.get(name) or "0"
    if not said.isdecimal():
        raise bad_request(f'strconv.ParseInt: parsing "{said}": invalid syntax')
    return int(said)


def _continued(token: str) -> tuple[int, str]:
    try:
        revision, key = json.loads(base64.urlsafe_b64decode(token))
        return int(revision), str(key)
    except (ValueError, TypeError) as error:
        raise bad_request("invalid continue token: continue key is not valid") from error


def _selector(text: str) -> Callable[[Version], bool]:
    """Conditions of equality, joined by commas: `a=b`, `a==b`, `a!=b`."""
    conditions = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        key, sign, value = part.partition("=")
        differs = key.endswith("!")
        value = value.removeprefix("=") if not differs else value
        if not sign or "=" in value or not key.rstrip("!") or any(mark in part for mark in "() "):
            raise bad_request(f"unable to parse requirement: {part}: the embedded API server knows a=b, a==b and a!=b")
        conditions.append((key.removesuffix("!"), value, differs))
    return lambda version: all((version.labels.get(key) == value) != differs for key, value, differs in conditions)


def _watched(events: Iterator[bytes]) -> Iterator[bytes]:
    """A watch that can't go on says so as its last event."""
    try:
        yield from events
    except Refused as no:
        yield b'{"type":"ERROR","object":%s}\n' % json.dumps(no.status).encode()
