"""resources-pruned: a change takes objects away from what an Application deploys."""

from collections.abc import Iterable

from gitguard.argo.upkeep import Removal
from gitguard.model.change import Change
from gitguard.model.finding import Finding, Undetermined
from gitguard.repository.naming import losses_named, moved_named, named, title
from gitguard.repository.vanishing import Pruned, pruned, unplaced, unrendered
from gitguard.rules.change_rule import ChangeRule
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest

_ID = "resources-pruned"
_SHOWN = 3


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """One finding for each Application that deploys less, or elsewhere, and for each way in which that ends."""
    for one in pruned(change):
        site = one.application.site("/spec/destination" if one.left_behind else "/spec/source")
        is_lost = one.removal is Removal.GOES and bool(one.losses)
        level, fix = ("error", _KEEPING) if is_lost else ("warning", _FIX)
        yield Finding(_ID, level, _message(one), one.application.reference, site, application=one.application.key, fix=fix)
    for application in unrendered(change):
        reason = f"what Application {application.key} deploys no more: it can't be rendered here"
        yield Undetermined(_ID, application.reference, reason, "its rendering", application.site("/spec/source"))
    for application in unplaced(change):
        reason = f"whether Application {application.key} goes to another cluster: its destination had a name and has a server, or the other way round"
        yield Undetermined(
            _ID, application.reference, reason, "the cluster in `clusters:`, with name and server", application.site("/spec/destination")
        )


_ANNOTATION = "the annotation `argocd.argoproj.io/sync-options: Prune=false`"
_FIX = f"if they are to stay, keep them, or give them {_ANNOTATION} before they go"
_KEEPING = f"keep them; or give what is to stay {_ANNOTATION} in a change before this one: it has to be synced before they go"


def _message(one: Pruned) -> str:
    head = f"Application `{one.application.key}`"
    if one.left_behind:
        return f"{head} goes to another cluster, and leaves behind, with nobody to look after them, {named(one.objects)}"
    moved = f"; {moved_named(one.moved, goes=one.removal is Removal.GOES)}" if one.moved else ""
    lost = f". Git can't bring back {losses_named(one.losses)}" if one.losses and one.removal is not Removal.STAYS else ""
    return f"{head} deploys no more, and {_when(one)}: {named(one.objects)}{moved}{lost}{_with_them(one)}{_renamed(one)}"


def _with_them(one: Pruned) -> str:
    """What goes with ApplicationSets that can't be expanded, and with Applications that another one deploys now."""
    kinds = {item.kind for item in one.objects if item.api_version.startswith("argoproj.io/")} if one.removal is not Removal.STAYS else set()
    sets = ". An ApplicationSet takes along what it has made, and that, unless it preserves resources, what it deploys"
    single = ". An Application with the resources-finalizer takes along what it deploys"
    return sets if "ApplicationSet" in kinds else single if "Application" in kinds else ""


def _when(one: Pruned) -> str:
    if one.emptied and one.removal is Removal.ASKED:
        return "a sync that prunes deletes them (an automated one does not delete all that there is: allowEmpty)"
    return {
        Removal.GOES: "the next automated sync deletes them",
        Removal.ASKED: "a sync that prunes deletes them",
        Removal.CONFIRMED: "they are deleted when somebody confirms it (Prune=confirm)",
        Removal.STAYS: "its syncOptions keep them, with nobody to look after them",
    }[one.removal]


def _renamed(one: Pruned) -> str:
    """To Argo CD a new name is another object."""
    pairs = [f"{title(one.objects[number])} is renamed to {new.name}" for number, new in sorted(one.names.items())]
    if not pairs:
        return ""
    shown = ", ".join(pairs[:_SHOWN]) + (f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else "")
    stays = one.removal is Removal.STAYS
    if len(pairs) == 1:
        return f". {shown}: the old one {'stays' if stays else 'is deleted'}, the new one made anew"
    return f". {shown}: the old ones {'stay' if stays else 'are deleted'}, the new ones made anew"


RULE = ChangeRule(
    id=_ID,
    level="warning",
    summary="A change takes objects away that an Application deployed",
    why=(
        "What an Application no longer renders is deleted by a sync that prunes, with automated pruning without anybody's doing: a file that is gone "
        "from a kustomization, a renamed ConfigMap, a value that switches something off. With a CustomResourceDefinition all its objects go, with a "
        "claim its data: it is an error where git can't bring back what an automated sync deletes. `Prune=false` on the object keeps it, where that "
        "was synced before; `helm.sh/resource-policy: keep` does not. An object that another Application deploys now stays if its sync comes first. "
        "Applications that are pruned are told by application-deleted."
    ),
    before=(
        CONFIGURATION,
        example_project(),
        example_application(),
        manifest("v1", "ConfigMap"),
        ("deploy/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"),
    ),
    fails=(CONFIGURATION, example_project(), example_application(), manifest("v1", "ConfigMap")),
    passes=(
        CONFIGURATION,
        example_project(),
        example_application(),
        manifest("v1", "ConfigMap"),
        ("deploy/moved.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"),
    ),
    fix="Keep the objects, or say in the pull request what goes.",
    check=check,
)
