"""Does every action beside a watch, and tells what became of each."""

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tests.lab.actions import Action
from tests.lab.ground import Ground, Place
from tests.lab.watch import Watch

_AT_ONCE = 4
# How long is waited for what has to happen, and for what must not.
_WITHIN, _QUIET = 30.0, 3.0


class Outcome(NamedTuple):
    """What came of an action: its incidents in the order of the report, whether what it changed is as it was, and why it could not be done.

    `seconds`: from its end to when the cluster was as before, None where it was not.
    """

    error: str
    incidents: tuple[dict[str, Any], ...] = ()
    is_back: bool = False
    seconds: float | None = None


class _Done(NamedTuple):
    action: Action
    started: str
    ended: str
    error: str
    before: dict[Place, Any]
    seconds: float | None


def acted(on: Ground, running: Watch, actions: Sequence[Action]) -> dict[str, Outcome]:
    """Every action, several at once, and what the report and the cluster say thereafter."""
    done = [one for lane in _in_lanes(actions, lambda action: _enforced(on, running, action)) for one in lane]
    time.sleep(_QUIET)
    told = running.report()["incidents"]
    return {one.action.name: _outcome(on, one, told) for one in done}


def healed(on: Ground, actions: Sequence[Action], within: float) -> dict[str, Outcome]:
    """Every action where only Argo CD answers it; it has so many seconds for each."""

    def answered(action: Action) -> _Done:
        def settled(before: dict[Place, Any]) -> bool:
            if action.action in ("sync", "rollback"):
                # Before it begins everything is as it was.
                time.sleep(_QUIET)
            return _wait(lambda: _is_as(on, before), within)

        return _one(on, action, settled)

    done = [one for lane in _in_lanes(actions, answered) for one in lane]
    return {one.action.name: Outcome(one.error, (), one.seconds is not None, one.seconds) for one in done}


def _in_lanes(actions: Sequence[Action], do: Callable[[Action], _Done]) -> Iterable[list[_Done]]:
    lanes: dict[str, list[Action]] = {}
    for action in actions:
        lanes.setdefault(action.lane or action.name, []).append(action)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(lambda lane: [do(action) for action in lane], lanes.values())


def places(action: Action) -> tuple[Place, ...]:
    """What has to be as it was in the end."""
    if action.decision != "reverted":
        return ()
    return action.back or (action.place,)


def _one(on: Ground, action: Action, settled: Callable[[dict[Place, Any]], bool]) -> _Done:
    before = {place: on.content(place) for place in places(action)}
    started, error, seconds = _now(), "", None
    for _ in range(action.times):
        try:
            action.do(on, action.name)
        except AssertionError as failed:
            error = str(failed)[-3000:] or "it failed"
            break
        began = time.monotonic()
        seconds = time.monotonic() - began if settled(before) else None
    return _Done(action, started, _now(), error, before, seconds)


def _enforced(on: Ground, running: Watch, action: Action) -> _Done:
    seen = _told(running, action)

    def settled(before: dict[Place, Any]) -> bool:
        nonlocal seen
        if not action.decision:
            time.sleep(_QUIET)
            return True
        found = _wait(lambda: _told(running, action) > seen and _is_as(on, before), _WITHIN)
        seen = _told(running, action)
        return found

    return _one(on, action, settled)


def _told(running: Watch, action: Action) -> int:
    """How often was there what has to be told of it?"""
    event, result = ("act", "reverted") if action.decision == "reverted" else ("drift", None)
    lines = [line for line in running.events(event) if line.get("result") == result]
    return sum(fnmatchcase(str(line["object"]), action.place.shown) for line in lines)


def _is_as(on: Ground, before: dict[Place, Any]) -> bool:
    return all(on.content(place) == content for place, content in before.items())


def _wait(happened: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _outcome(on: Ground, one: _Done, told: Iterable[dict[str, Any]]) -> Outcome:
    place = one.action.place
    about = [incident for incident in told if _is_about(incident["object"], place)]
    since = [incident for incident in about if one.started <= (incident["changed_at"] or incident["detected_at"])]
    # Of objects that several actions meet in turn, only what came before the next one.
    mine = [incident for incident in since if not one.action.lane or incident["detected_at"] <= one.ended]
    return Outcome(one.error, tuple(mine), _is_as(on, one.before), one.seconds)


def _is_about(found: dict[str, str], place: Place) -> bool:
    return (found["kind"], found["namespace"]) == (place.kind, place.namespace) and fnmatchcase(found["name"], place.name)
