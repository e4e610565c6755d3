"""What the embedded API server makes of the bodies of requests: new objects, changed ones, and those that are deleted. Pure.

There are no schemas and no admission. What it knows of kinds is in `defaulted`, and that
* the data of a ConfigMap or Secret with `immutable: true`, and the selector of what runs pods, stay as they are;
* a status with a subresource of its own is written there only;
* an object with finalizers is deleted when its last one is taken away.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.edges.embedded_kinds import Kind
from gitguard.edges.embedded_refusals import bad_request, conflict, exists, failed, impossible, invalid, not_found
from gitguard.edges.embedded_store import Outcome

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NO_NAME = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"
# What the API server itself says in an object's metadata.
_OWN = (
    "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "managedFields",
)  # fmt: skip
_SELECTING = ("Deployment", "StatefulSet", "DaemonSet")
_DIGITS = re.compile(r"[0-9]+")


class Author(NamedTuple):
    """Whose change it is by their own word (`manager`), and when: RFC 3339, in seconds."""

    manager: str
    at: str


def created(kind: Kind, body: Mapping[str, Any], live: Mapping[str, Any] | None, author: Author, uid: str) -> Outcome:
    """The object that a body asks for. Raises Refused where there is one of that name, and where it can't be."""
    metadata, name = body["metadata"], body["metadata"]["name"]
    if metadata.get("resourceVersion"):
        raise failed("resourceVersion should not be set on objects to be created")
    if kind.group != "rbac.authorization.k8s.io" and not _NAME.fullmatch(name):
        raise invalid(kind, name, "metadata.name", "FieldValueInvalid", f'Invalid value: "{name}": {_NO_NAME}')
    if live is not None:
        raise exists(kind, name)
    own = {"uid": uid, **({"generation": 1} if kind.counts else {}), "creationTimestamp": author.at}
    made = {**_shaped(kind, body), "metadata": {**_said(metadata), **own, "managedFields": _managed((), kind, author, "")}}
    return Outcome({key: part for key, part in made.items() if key != "status" or not kind.has_status})


def updated(kind: Kind, name: str, body: Mapping[str, Any], live: Mapping[str, Any] | None, author: Author, subresource: str) -> Outcome:
    """The object as a body has it, whole. Raises Refused where there is none, where it is another one by now, and where it can't be."""
    if live is None:
        raise not_found(kind, name)
    metadata, before = body["metadata"], live["metadata"]
    _check_version(kind, name, metadata, before)
    own = {key: before[key] for key in _OWN if key in before}
    if subresource:
        made = {**{key: part for key, part in live.items() if key != "status"}, **({"status": body["status"]} if "status" in body else {})}
    else:
        made = {**_shaped(kind, body), "metadata": {**_said(metadata), **own}}
        if kind.has_status:
            made.pop("status", None)
            made |= {"status": live["status"]} if "status" in live else {}
    _check_fixed(kind, name, made, live)
    wipes = metadata.get("managedFields") == [{}] and "managedFields" in before
    if made == live and not wipes:
        return Outcome(live)
    if kind.counts and _counted(kind, made) != _counted(kind, live):
        own["generation"] = before.get("generation", 0) + 1
    own.pop("managedFields", None)
    managed = {} if wipes else {"managedFields": _managed(before.get("managedFields") or (), kind, author, subresource)}
    result = {**made, "metadata": {**made["metadata"], **own, **managed}}
    if wipes:
        result["metadata"].pop("managedFields", None)
    return Outcome(result, is_gone="deletionTimestamp" in before and not result["metadata"].get("finalizers"))


def deleted(kind: Kind, name: str, options: Mapping[str, Any], live: Mapping[str, Any] | None, author: Author) -> Outcome:
    """The object's end, or what it is until its finalizers are gone. Raises Refused where there is none, and where a precondition does not hold."""
    if live is None:
        raise not_found(kind, name)
    metadata = live["metadata"]
    conditions = options.get("preconditions") or {}
    for field, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if conditions.get(field) and conditions[field] != metadata[field]:
            why = f"the {word} in the precondition ({conditions[field]}) does not match the {word} in record ({metadata[field]})"
            raise conflict(kind, name, f"{why}. The object might have been deleted and then recreated")
    if not metadata.get("finalizers"):
        return Outcome(live, is_gone=True)
    if "deletionTimestamp" in metadata:
        return Outcome(live)
    ending = {"deletionTimestamp": author.at, "deletionGracePeriodSeconds": 0}
    generation = {"generation": metadata["generation"] + 1} if kind.counts else {}
    return Outcome({**live, "metadata": {**metadata, **ending, **generation}})


def merged(value: Any, patch: Any) -> Any:
    """A value with an RFC 7386 merge patch."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(value) if isinstance(value, Mapping) else {}
    for key, part in patch.items():
        if part is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), part)
    return made


def stepped(value: Any, steps: Any) -> Any:
    """A value with an RFC 6902 patch of add, replace and remove. Raises Refused where a step is another one, or leads nowhere."""
    if not isinstance(steps, list):
        raise bad_request("a JSON patch is a list of steps")
    for step in steps:
        pointer = step.get("path") if isinstance(step, Mapping) else None
        if not isinstance(pointer, str) or not pointer.startswith("/") or step.get("op") not in ("add", "replace", "remove"):
            raise impossible()
        path = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        value = _stepped(value, path, step["op"], step.get("value"))
    return value


def defaulted(kind: Kind, value: Mapping[str, Any]) -> dict[str, Any]:
    """An object with what the API server adds where it says nothing.

    That is of a Deployment: replicas 1, revisionHistoryLimit, progressDeadlineSeconds and the strategy RollingUpdate by 25%; of its pods:
    restartPolicy, terminationGracePeriodSeconds, dnsPolicy, securityContext and schedulerName; of their containers: imagePullPolicy (Always for
    `latest`), resources, terminationMessagePath, terminationMessagePolicy and the protocol TCP of ports. And of a Secret: the type Opaque, and its
    stringData goes into its data. Nothing else, and nothing of other kinds.
    """
    if (kind.group, kind.kind) == ("apps", "Deployment") and isinstance(value.get("spec"), Mapping):
        return {**value, "spec": _deployment(value["spec"])}
    if (kind.group, kind.kind) == ("", "Secret"):
        plain = {key: base64.b64encode(str(text).encode()).decode() for key, text in (value.get("stringData") or {}).items()}
        data = {**(value.get("data") or {}), **plain}
        kept = {key: part for key, part in value.items() if key not in ("stringData", "data")}
        return {"type": "Opaque", **kept, **({"data": data} if data else {})}
    return dict(value)


def _deployment(spec: Mapping[str, Any]) -> dict[str, Any]:
    made = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, **spec}
    strategy = {"type": "RollingUpdate", **(spec.get("strategy") or {})}
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": "25%", **(strategy.get("rollingUpdate") or {})}
    made["strategy"] = strategy
    template = spec.get("template")
    if isinstance(template, Mapping) and isinstance(template.get("spec"), Mapping):
        made["template"] = {**template, "spec": _pod(template["spec"])}
    return made


def _pod(spec: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "securityContext": {},
        "schedulerName": "default-scheduler",
    }  # fmt: skip
    containers = {name: [_container(one) for one in spec[name]] for name in ("initContainers", "containers") if isinstance(spec.get(name), list)}
    return {**defaults, **spec, **containers}


def _container(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    image = str(value.get("image") or "")
    tag = image.rpartition("/")[2].partition(":")[2]
    policy = "Always" if tag in ("", "latest") and "@" not in image else "IfNotPresent"
    defaults = {
        "imagePullPolicy": policy, "resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }  # fmt: skip
    ports = [{"protocol": "TCP", **port} for port in value.get("ports") or () if isinstance(port, Mapping)]
    return {**defaults, **value, **({"ports": ports} if ports else {})}


def _shaped(kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body is stored: null says nothing."""
    value = defaulted(kind, _without_null(body))
    return {"apiVersion": kind.api_version, "kind": kind.kind, **{key: part for key, part in value.items() if key not in ("apiVersion", "kind")}}


def _without_null(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_null(part) for key, part in value.items() if part is not None}
    return [_without_null(part) for part in value] if isinstance(value, list) else value


def _said(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What of an object's metadata is its writer's; empty maps and lists say nothing there."""
    return {key: part for key, part in metadata.items() if key not in _OWN and part not in (None, {}, [])}


def _managed(before: Sequence[Mapping[str, Any]], kind: Kind, author: Author, subresource: str) -> list[Mapping[str, Any]]:
    entry = {"manager": author.manager, "operation": "Update", "apiVersion": kind.api_version, "time": author.at}
    entry |= {"subresource": subresource} if subresource else {}
    others = [one for one in before if (one.get("manager"), one.get("subresource", "")) != (author.manager, subresource)]
    return [*others, entry]


def _counted(kind: Kind, value: Mapping[str, Any]) -> dict[str, Any]:
    """What moves the generation; of a Deployment the annotations do, too."""
    counted = {key: part for key, part in value.items() if key != "metadata" and (key != "status" or not kind.has_status)}
    return {**counted, "metadata": value["metadata"].get("annotations")} if kind.kind == "Deployment" else counted


def _check_version(kind: Kind, name: str, metadata: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    version = metadata.get("resourceVersion") or ""
    if kind.custom and not version:
        raise invalid(kind, name, "metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0: must be specified for an update")
    if version and not _DIGITS.fullmatch(str(version)):
        raise failed(f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if metadata.get("uid") and metadata["uid"] != before["uid"]:
        raise conflict(kind, name, f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {before['uid']}")
    if version and version != before["resourceVersion"]:
        raise conflict(kind, name)


def _check_fixed(kind: Kind, name: str, made: Mapping[str, Any], live: Mapping[str, Any]) -> None:
    if not kind.group and kind.kind in ("ConfigMap", "Secret") and live.get("immutable") is True:
        for field in ("data", "binaryData", "immutable"):
            if made.get(field) != live.get(field):
                raise invalid(kind, name, field, "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
    if kind.group == "apps" and kind.kind in _SELECTING:
        before, now = ((one.get("spec") or {}).get("selector") for one in (live, made))
        if before != now:
            raise invalid(kind, name, "spec.selector", "FieldValueInvalid", "field is immutable")


def _stepped(value: Any, path: Sequence[str], step: str, new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, list):
        return _stepped_entry(value, path, step, new)
    if not isinstance(value, Mapping) or (path[0] not in value and (len(path) > 1 or step != "add")):
        raise impossible()
    made = dict(value)
    if len(path) > 1:
        made[path[0]] = _stepped(value[path[0]], path[1:], step, new)
    elif step == "remove":
        del made[path[0]]
    else:
        made[path[0]] = new
    return made


def _stepped_entry(value: Sequence[Any], path: Sequence[str], step: str, new: Any) -> list[Any]:
    made, adds = list(value), len(path) == 1 and step == "add"
    if adds and path[0] == "-":
        return [*made, new]
    if not _DIGITS.fullmatch(path[0]) or int(path[0]) >= len(made) + adds:
        raise impossible()
    number = int(path[0])
    if len(path) > 1:
        made[number] = _stepped(made[number], path[1:], step, new)
    elif step == "add":
        made.insert(number, new)
    elif step == "remove":
        del made[number]
    else:
        made[number] = new
    return made
