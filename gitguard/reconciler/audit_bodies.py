"""What of the bodies in an audit event is read and kept: as much as says which object it is, and what a request says of who wrote it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

_IDENTIFYING = ("name", "namespace", "uid", "resourceVersion", "deletionTimestamp")
_EVENT_FIELDS = ("apiVersion", "kind", "type", "reason", "message", "involvedObject", "regarding", "note", "source", "reportingComponent")
# `/status/operationState/operation/initiatedBy` is the furthest one; what is nested without end leads nowhere.
_DEEPEST = 6
_MOST_NAMED, _DEEPEST_NAMED = 100, 20


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no space, in UTF-8, the same for everybody; half a character, which UTF-8 can't say, becomes "?"."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "replace")


def evidence(event: Mapping[str, Any], group: str, resource: str) -> bytes:
    """An audit event in canonical JSON, its bodies cut down to what `written` reads of them; of a Secret's there is nothing."""
    kept = {name: part for name, part in event.items() if name not in ("requestObject", "responseObject")}
    if (group, resource) == ("", "secrets"):
        return canonical(kept)
    response = mapping(event.get("responseObject"))
    if response:
        kept["responseObject"] = event_body(response) if response.get("kind") == "Event" and resource == "events" else _identified(response)
    if is_application(group, resource) and (said := _initiations(event.get("requestObject"))):
        kept["requestObject"] = said
    elif wipes(event.get("requestObject")):
        kept["requestObject"] = {"metadata": {"managedFields": [{}]}}
    return canonical(kept)


def event_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a Kubernetes Event says who did what to which version of what."""
    made = {**_identified(body), **{name: body[name] for name in _EVENT_FIELDS if body.get(name)}}
    user = mapping(mapping(body.get("metadata")).get("annotations")).get("user")
    if isinstance(user, str):
        made["metadata"] = {**made["metadata"], "annotations": {"user": user}}
    return made


def initiators(body: Any) -> frozenset[str]:
    """Whom the body of a request, or an Application, names in `initiatedBy`; automation by the name "automated"."""
    return frozenset(_initiators(_initiations(body)))


def wipes(request: Any) -> bool:
    """Does a request take the field managers away? One empty entry is how the API server is told to."""
    if isinstance(request, list):
        return any(isinstance(step, Mapping) and text(step.get("path")).startswith("/metadata/managedFields") for step in request)
    return mapping(mapping(request).get("metadata")).get("managedFields") in ([{}], [])


def named(verb: str, subresource: str, request: Any) -> frozenset[str] | None:
    """The JSON pointers of what a patch of an object names, without which it can change nothing; None of what may change anything.

    Applied configurations, which take away what they don't name, are patches too: they have a kind.
    """
    if verb != "patch" or subresource not in ("", "status"):
        return None
    if isinstance(request, list):
        steps = [mapping(step) for step in request]
        places = [text(step.get(name)) for step in steps for name in ("path", "from") if name in step]
        return frozenset(places) if places and len(places) <= _MOST_NAMED else None
    if not mapping(request) or "kind" in request or "apiVersion" in request:
        return None
    found = frozenset(islice(_leaves(request, ""), _MOST_NAMED + 1))
    return found if len(found) <= _MOST_NAMED else None


def _leaves(value: Mapping[str, Any], path: str, depth: int = 0) -> Iterator[str]:
    for name, part in value.items():
        below = f"{path}/{name.replace('~', '~0').replace('/', '~1')}"
        if name.startswith("$"):
            # A directive of a strategic patch is about what it lies in.
            yield path
        elif isinstance(part, Mapping) and part and depth < _DEEPEST_NAMED:
            yield from _leaves(part, below, depth + 1)
        else:
            yield below


def is_application(group: str, resource: str) -> bool:
    """Are these Argo CD's Applications?"""
    return (group, resource) == ("argoproj.io", "applications")


def mapping(value: Any) -> Mapping[str, Any]:
    """A value that should be an object; an empty one where it is none."""
    return value if isinstance(value, Mapping) else {}


def text(value: Any) -> str:
    """A value that should be a string; "" where it is none."""
    return value if isinstance(value, str) else ""


def texts(values: Any) -> tuple[str, ...]:
    """The strings of a list."""
    found: Iterable[Any] = values if isinstance(values, list) else ()
    return tuple(value for value in found if isinstance(value, str))


def _identified(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body says which object it is."""
    made = {name: body[name] for name in ("apiVersion", "kind", "status", "details") if body.get("kind") == "Status" and name in body}
    made |= {name: body[name] for name in ("apiVersion", "kind") if name in body}
    metadata = mapping(body.get("metadata"))
    made["metadata"] = {name: metadata[name] for name in _IDENTIFYING if name in metadata}
    if isinstance(body.get("items"), list):
        made["items"] = [{"metadata": _identified(mapping(item))["metadata"]} for item in body["items"]]
    return made


def _initiations(request: Any) -> Any:
    """What of a request's body names who began an operation, in the shape it came in: an object, a merge patch or a JSON patch."""
    if isinstance(request, Mapping):
        found = {name: part for name in ("operation", "status") if (part := _pruned(request.get(name)))}
        return found or None
    if isinstance(request, list):
        steps = [_step(step) for step in request if isinstance(step, Mapping) and text(step.get("path")).startswith(("/operation", "/status"))]
        return [step for step in steps if step] or None
    return None


def _step(step: Mapping[str, Any]) -> dict[str, Any] | None:
    if step.get("op") not in ("add", "replace"):
        return None
    path, value = text(step.get("path")), step.get("value")
    kept = value if "/initiatedBy" in path else _pruned(value)
    return {"op": step["op"], "path": path, "value": kept} if kept else None


def _pruned(value: Any, depth: int = _DEEPEST) -> Any:
    """A value with nothing but what leads to an `initiatedBy`."""
    if isinstance(value, Mapping) and depth:
        found = {name: part if name == "initiatedBy" else _pruned(part, depth - 1) for name, part in value.items()}
        return {name: part for name, part in found.items() if part}
    if isinstance(value, list) and depth:
        return [part for part in (_pruned(part, depth - 1) for part in value) if part]
    return None


def _initiators(said: Any) -> Iterator[str]:
    if isinstance(said, list):
        for part in said:
            yield from _initiators(part)
    elif isinstance(said, Mapping):
        path = text(said.get("path"))
        if path.endswith("/initiatedBy/username"):
            yield text(said.get("value"))
        elif path.endswith("/initiatedBy/automated"):
            yield "automated"
        elif path.endswith("/initiatedBy"):
            yield from _named(said.get("value"))
        else:
            yield from _named(said.get("initiatedBy"))
            yield from _initiators([part for name, part in said.items() if name != "initiatedBy"])


def _named(initiator: Any) -> Iterator[str]:
    found = mapping(initiator)
    if text(found.get("username")):
        yield found["username"]
    if found.get("automated") is True:
        yield "automated"
