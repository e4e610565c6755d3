"""application-deleted: a change takes Applications away, and with them what they deploy."""

from collections.abc import Iterable

from gitguard.model.change import Change
from gitguard.model.finding import Finding, Undetermined
from gitguard.model.repository import Application
from gitguard.repository.vanishing import Lost, lost, named, precious, unknown
from gitguard.rules.change_rule import ChangeRule
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest

_ID = "application-deleted"
_SHOWN = 5


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """What is there before and not after, one finding for all of an ApplicationSet, of a parent or of a file."""
    uppers = {one.key: one for one in change.before.applications if not one.is_set or one.generated}
    for group in lost(change):
        first = group.applications[0]
        message = f"{_names(group)} {'is' if len({one.key for one in group.applications}) == 1 else 'are'} gone. {_what_happens(group, uppers)}"
        yield Finding(_ID, "warning", message, first.reference, first.site(""), application=first.key, fix=_FIX)
    for one in unknown(change):
        reason = f"whether Application {one.key} is gone: what makes it can't be expanded or rendered any more"
        yield Undetermined(_ID, one.reference, reason, "what the generator or the rendering lacks", one.site(""))


_FIX = "keep its name and place; or take it away in the cluster first, where nothing else may be lost"


def _names(group: Lost) -> str:
    # Several roots may apply one of a name.
    keys = list(dict.fromkeys(one.key for one in group.applications))
    shown = ", ".join(f"`{key}`" for key in keys[:_SHOWN]) + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
    head = "Application" if len(keys) == 1 else f"{len(keys)} Applications"
    return f"{head} {shown}{f' of {group.maker}' if group.maker else ''}"


def _what_happens(group: Lost, uppers: dict[str, Application]) -> str:
    first = group.applications[0]
    if first.upkeep.stays and not group.with_its_set:
        return "The ApplicationSet deletes no Applications (applicationsSync): what it made stays, and nobody looks after it"
    parent = uppers.get(first.by) if first.by else None
    if group.with_its_set:
        who = "Its ApplicationSet is gone: when that is deleted, so are they"
    elif first.is_set:
        who = "Argo CD deletes it at once" if len(group.applications) == 1 else "Argo CD deletes them at once"
    elif parent is not None:
        who = f"Application {parent.key} prunes it" if parent.upkeep.prunes else f"It stays until a sync of {parent.key} prunes it"
    else:
        who = "It stays in the cluster until somebody deletes it"
    return f"{who}{_takes_along(group)}"


def _takes_along(group: Lost) -> str:
    falling = [one for one in group.applications if one.upkeep.cascades]
    if not falling:
        return "; its objects stay, since it has no finalizer that deletes them" if len(group.applications) == 1 else "; their objects stay"
    known = [objects for one in falling if (objects := group.objects[one.key]) is not None]
    every = [item for objects in known for item in objects]
    if known and not every and len(known) == len(falling):
        return "; it deploys nothing that goes with it"
    they, them = ("it deploys", "it") if len(group.applications) == 1 else ("they deploy", "them")
    if not known:
        return f", and everything that {they} is deleted with {them}"
    data = precious(every)
    more = " and what can't be rendered here" if len(known) < len(falling) else ""
    return f", and with {them} {named(every)}{more}{f'. Data may be lost: {data}' if data else ''}"


RULE = ChangeRule(
    id=_ID,
    level="warning",
    summary="A change takes an Application away, and what it deploys",
    why=(
        "An Application is gone for Argo CD when its name is: a removed file, a new name, an element that a generator has no more, a moved folder. "
        "What an ApplicationSet made is deleted at once, what an app of apps made is pruned, and with the finalizer all its objects go, too."
    ),
    before=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fails=(CONFIGURATION, example_project(), manifest("v1", "ConfigMap")),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fix="Keep the Application's name; or say in the pull request what goes, and have it approved.",
    check=check,
)
