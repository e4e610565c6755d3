"""application-deleted: a change takes Applications away, and with them what they deploy."""

from collections.abc import Iterable

from gitguard.argo.upkeep import Removal
from gitguard.model.change import Change
from gitguard.model.finding import Finding, Undetermined
from gitguard.repository.endings import How
from gitguard.repository.naming import losses_named, moved_named, named
from gitguard.repository.vanishing import Lost, lost, unknown
from gitguard.rules.change_rule import ChangeRule
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest

_ID = "application-deleted"
_SHOWN = 5


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """What is there before and not after, one finding for all of an ApplicationSet, of a parent or of a file that end the same way."""
    for group in lost(change):
        first = group.applications[0]
        is_lost = group.ending.removal is Removal.GOES and bool(group.losses) and not group.waits
        message = f"{_names(group)} {'is' if _count(group) == 1 else 'are'} gone. {_who(group)}{_takes_along(group)}{_renamed(group)}"
        yield Finding(
            _ID,
            "error" if is_lost else "warning",
            message,
            first.reference,
            first.site(""),
            application=first.key,
            fix=_KEEPING_SET if is_lost and first.is_set else _KEEPING if is_lost else _FIX,
        )
    for one in unknown(change):
        reason = f"whether Application {one.key} is gone: what makes it can't be expanded or rendered any more"
        yield Undetermined(_ID, one.reference, reason, "what the generator or the rendering lacks", one.site(""))


_FIX = "keep its name and place; or take it away in the cluster first, where nothing else may be lost"
_ON_OBJECTS = "have the annotation `argocd.argoproj.io/sync-options: Delete=false` on what is to stay synced"
_KEEPING = f"keep its name and place; or, in a change before this one, take the resources-finalizer off the Application, or {_ON_OBJECTS}"
_KEEPING_SET = (
    f"keep its name and place; or, in a change before this one, set `preserveResourcesOnDeletion: true` on the ApplicationSet, or {_ON_OBJECTS}"
)


def _count(group: Lost) -> int:
    # Several roots may apply one of a name.
    return len({one.key for one in group.applications})


def _names(group: Lost) -> str:
    keys = list(dict.fromkeys(one.key for one in group.applications))
    shown = ", ".join(f"`{key}`" for key in keys[:_SHOWN]) + (f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else "")
    head = "Application" if len(keys) == 1 else f"{len(keys)} Applications"
    return f"{head} {shown}{f' of {group.maker}' if group.maker else ''}"


def _who(group: Lost) -> str:
    """Who deletes it, if anybody does."""
    it, they, stays = ("it", "It", "stays") if _count(group) == 1 else ("them", "They", "stay")
    parent, alone = group.ending.by, f"{stays}, and nobody looks after {it}"
    goes = "goes" if _count(group) == 1 else "go"
    words = {
        How.DROPPED: {Removal.GOES: f"Argo CD deletes {it} at once"},
        How.RELEASED: {Removal.STAYS: "The ApplicationSet deletes no Applications (applicationsSync): what it made stays, and nobody looks after it"},
        How.WITH_SET: {
            Removal.GOES: f"Its ApplicationSet is deleted, and {it} with it",
            Removal.ASKED: f"Its ApplicationSet is gone: when that is deleted, so {'is' if _count(group) == 1 else 'are'} {they.lower()}",
            Removal.CONFIRMED: f"Its ApplicationSet is deleted when somebody confirms that, and {it} with it",
            Removal.STAYS: f"Its ApplicationSet is gone, without {it}: {they.lower()} {alone}",
        },
        How.PRUNED: {
            Removal.GOES: f"Application {parent} prunes {it}",
            Removal.ASKED: f"{they} {stays} until a sync of {parent} prunes {it}",
            Removal.CONFIRMED: f"Application {parent} prunes {it} when somebody confirms that (Prune=confirm)",
            Removal.STAYS: f"{they} {alone} (Prune=false)",
        },
        How.WITH_PARENT: {
            Removal.GOES: f"{they} {goes} with Application {parent}",
            Removal.ASKED: f"{they} {goes} with Application {parent} when somebody deletes that",
            Removal.CONFIRMED: f"{they} {goes} with Application {parent} when somebody confirms that",
            Removal.STAYS: f"Application {parent} is gone, without {it}: {they.lower()} {alone}",
        },
        How.LEFT: {Removal.ASKED: f"{they} {stays} in the cluster until somebody deletes {it}"},
    }
    return words[group.ending.how][group.ending.removal]


def _takes_along(group: Lost) -> str:
    """What is deleted with it, if that is."""
    one = _count(group) == 1
    if group.ending.removal is Removal.STAYS:
        return ""
    if not group.objects:
        return "; its objects stay, since it has no finalizer that deletes them" if one else "; their objects stay"
    known = [objects for objects in group.objects.values() if objects is not None]
    every = [item for objects in known for item in objects]
    if not every and len(known) == len(group.objects):
        return "; it deploys nothing that goes with it" if one else "; they deploy nothing that goes with them"
    they, them = ("it deploys", "it") if one else ("they deploy", "them")
    if not every:
        return f", and everything that {they} is deleted with {them}"
    more = " and what can't be rendered here" if len(known) < len(group.objects) else ""
    moved = f". {moved_named(group.moved, goes=group.ending.removal is Removal.GOES)}" if group.moved else ""
    return f", and with {them} {named(every)}{more}{moved}{_lost_for_good(group)}"


def _lost_for_good(group: Lost) -> str:
    if not group.losses:
        return ""
    if group.waits:
        return f". When somebody confirms it (Delete=confirm), git can't bring back {losses_named(group.losses)}"
    return f". Git can't bring back {losses_named(group.losses)}"


def _renamed(group: Lost) -> str:
    """To Argo CD a new name is another Application."""
    pairs = [f"`{old}` is renamed to `{new}`" for old, new in group.names.items()]
    if not pairs:
        return ""
    shown = ", ".join(pairs[:_SHOWN]) + (f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else "")
    if not any(group.objects.get(old, ()) != () for old in group.names):
        return f". {shown}: to Argo CD that is another Application"
    one = len(pairs) == 1
    return f". {shown}: the objects of the old {'name' if one else 'names'} are deleted, those of the new {'one' if one else 'ones'} made anew"


RULE = ChangeRule(
    id=_ID,
    level="warning",
    summary="A change takes an Application away, and what it deploys",
    why=(
        "An Application is gone for Argo CD when its name is: a removed file, a new name, an element that a generator has no more, a moved folder. "
        "What an ApplicationSet made is deleted at once, what an app of apps made is pruned, and with the finalizer all its objects go, too, "
        "CustomResourceDefinitions aside. It is an error where nobody has to do anything more and git can't bring back what goes: the data of a "
        "PersistentVolumeClaim, all that is in a Namespace. `Delete=false` on the objects, or an Application without the finalizer, keeps them, "
        "where that was synced before. An object that another Application deploys now stays if its sync comes first."
    ),
    before=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fails=(CONFIGURATION, example_project(), manifest("v1", "ConfigMap")),
    passes=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    fix="Keep the Application's name; or say in the pull request what goes, and have it approved.",
    check=check,
)
