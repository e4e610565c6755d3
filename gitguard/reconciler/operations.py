"""What Argo CD was told to do with an Application: syncs to another revision than git's, or of somebody's own manifests.

Such a sync is written to `operation`, and remembered in `status.operationState`; both can be written by whoever may patch Applications.
Source: Argo CD 3.6, server/application/application.go (Sync, Rollback) and controller/appcontroller.go (processRequestedAppOperation).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

_RUNNING = ("Running", "Terminating")


class Operation(NamedTuple):
    """One sync. `revisions` are what was asked for, one a source, () for git's own; `started` is "" for one that waits.

    `local`: of manifests that came with it. `partial`: of some objects only. `back`: it applies the sources of an older sync, as rollbacks do.
    """

    revisions: tuple[str, ...]
    started: str
    automated: bool
    local: bool
    partial: bool
    back: bool
    is_running: bool


def operation(application: Mapping[str, Any]) -> Operation | None:
    """The sync that waits, runs or ran last; None where there is none, or one that only tries."""
    waiting = application.get("operation")
    if isinstance(waiting, Mapping) and isinstance(waiting.get("sync"), Mapping):
        return _read(waiting, "", is_running=True)
    state = _mapping(_mapping(application.get("status")).get("operationState"))
    asked = _mapping(state.get("operation"))
    if not isinstance(asked.get("sync"), Mapping):
        return None
    return _read(asked, str(state.get("startedAt") or ""), is_running=state.get("phase") in _RUNNING)


def answer(application: Mapping[str, Any], revisions: Sequence[str], initiator: str) -> dict[str, Any]:
    """The `operation` that syncs an Application to git's revisions, as git's own spec has it."""
    spec = _mapping(application.get("spec"))
    policy = _mapping(spec.get("syncPolicy"))
    automated = _mapping(policy.get("automated"))
    sync: dict[str, Any] = {"syncStrategy": {"hook": {}}, "prune": automated.get("prune") is True}
    if isinstance(spec.get("sources"), list) and spec["sources"]:
        sync["revisions"] = [revisions[number if len(revisions) > 1 else 0] for number in range(len(spec["sources"]))]
    else:
        sync["revision"] = revisions[0]
    if policy.get("syncOptions"):
        sync["syncOptions"] = policy["syncOptions"]
    who = {"initiatedBy": {"username": initiator}} if initiator else {}
    return {"sync": sync, **who, "info": [{"name": "Reason", "value": "gitguard: a sync to another revision than git's"}]}


def _read(asked: Mapping[str, Any], started: str, *, is_running: bool) -> Operation | None:
    sync = _mapping(asked.get("sync"))
    if sync.get("dryRun") is True:
        return None
    listed = sync.get("revisions")
    several = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    one = sync.get("revision")
    return Operation(
        revisions=tuple(several) or ((one,) if isinstance(one, str) and one else ()),
        started=started,
        automated=_mapping(asked.get("initiatedBy")).get("automated") is True,
        local=bool(sync.get("manifests")),
        partial=bool(sync.get("resources")),
        # Every sync by Argo CD's API has the sources with it; only a rollback knows no hooks.
        back=bool(sync.get("source") or sync.get("sources")) and set(_mapping(sync.get("syncStrategy"))) == {"apply"},
        is_running=is_running,
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
