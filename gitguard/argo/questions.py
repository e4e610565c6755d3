"""Questions to one AppProject in JSON, for scripts: each names what is asked, and gets a verdict with its reason and entry."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gitguard.argo.destinations import permits_destination
from gitguard.argo.kinds import permits_kind
from gitguard.argo.namespaces import permits_application_namespace
from gitguard.argo.sources import permits_source
from gitguard.argo.validation import refusals
from gitguard.argo.windows import SECOND, applying, permits_sync
from gitguard.model.argo import Cluster, Destination, Project, Verdict

_YEARS = range(1000, 9000)


class QuestionError(ValueError):
    """The question can't be read, or not be answered; the message says why."""


def answer(project: Project, question: Mapping[str, Any], version: str = "3.6", control_plane: str = "argocd") -> Verdict:
    """`question` holds one of source, destination, resource, appNamespace, validate, sync; other keys are not looked at."""
    asked = [key for key in _ASKED if key in question]
    if len(asked) != 1:
        wanted = ", ".join(_ASKED)
        raise QuestionError(f"a question has one of {wanted}" + (f"; this one has {' and '.join(asked)}" if asked else ""))
    verdict = _ASKED[asked[0]](project, question[asked[0]], version, control_plane)
    if verdict.permitted is None:
        raise QuestionError(f"it can't be told: {verdict.reason}")
    return verdict


def moment(text: str) -> int:
    """Nanoseconds since 1970 of an ISO 8601 time; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise QuestionError(f"`{text}` is no time: write 2027-01-31T10:00Z") from None
    if found.year not in _YEARS:
        raise QuestionError(f"the year of `{text}` is out of reach")
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return int(found.replace(microsecond=0).timestamp()) * SECOND + found.microsecond * 1000


def _source(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    return permits_source(project, _text(_mapping(asked, "source"), "source", "repoURL"), version)


def _destination(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    body = _mapping(asked, "destination")
    server, name, namespace = (_text(body, "destination", field) for field in ("server", "name", "namespace"))
    # Nothing is known here of clusters that are scoped to the project: Argo CD without any denies, where the project permits only those.
    return permits_destination(project, Cluster(server, name), namespace, version, ())


def _resource(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    body = _mapping(asked, "resource")
    group, kind, name = (_text(body, "resource", field) for field in ("group", "kind", "name"))
    return permits_kind(project, group, kind, name, namespaced=_flag(body, "resource", "namespaced"), version=version)


def _namespace(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    if not isinstance(asked, str):
        raise QuestionError("`appNamespace` must be text")
    return permits_application_namespace(project, asked, control_plane, version)


def _validity(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    if asked is not True:
        raise QuestionError("`validate` must be true")
    found = refusals(project, version)
    return Verdict(False, found[0].message, found[0].pointer) if found else Verdict(True, "Argo CD's API accepts it", "")


def _sync(project: Project, asked: Any, version: str, control_plane: str) -> Verdict:
    body = _mapping(asked, "sync")
    target = _mapping(body.get("application", {}), "sync.application")
    place = _mapping(_mapping(target.get("spec", {}), "sync.application.spec").get("destination", {}), "sync.application.spec.destination")
    server, cluster, namespace = (_text(place, "sync.application.spec.destination", field) for field in ("server", "name", "namespace"))
    name = _text(_mapping(target.get("metadata", {}), "sync.application.metadata"), "sync.application.metadata", "name")
    started = _text(body, "sync", "started")
    windows = applying(project, name, Destination(server, cluster, namespace), version)
    now, manual = moment(_text(body, "sync", "at")), _flag(body, "sync", "manual")
    return permits_sync(windows, now, manual=manual, started=moment(started) if started else None, version=version)


_ASKED: dict[str, Callable[[Project, Any, str, str], Verdict]] = {
    "source": _source,
    "destination": _destination,
    "resource": _resource,
    "appNamespace": _namespace,
    "validate": _validity,
    "sync": _sync,
}


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise QuestionError(f"`{name}` must be an object")
    return value


def _text(holder: Mapping[str, Any], name: str, field: str) -> str:
    value = holder.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise QuestionError(f"`{name}.{field}` must be text")
    return value


def _flag(holder: Mapping[str, Any], name: str, field: str) -> bool:
    value = holder.get(field)
    if value is not None and not isinstance(value, bool):
        raise QuestionError(f"`{name}.{field}` must be true or false")
    return value is True
