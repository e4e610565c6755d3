"""resources-pruned: a change takes objects away from what an Application deploys."""

from collections.abc import Iterable

from gitguard.model.change import Change
from gitguard.model.finding import Finding, Undetermined
from gitguard.repository.vanishing import Pruned, named, precious, pruned, unrendered
from gitguard.rules.change_rule import ChangeRule
from gitguard.rules.object_rule_examples import CONFIGURATION, example_application, example_project, manifest

_ID = "resources-pruned"


def check(change: Change) -> Iterable[Finding | Undetermined]:
    """One finding for each Application that deploys less, or elsewhere."""
    for one in pruned(change):
        site = one.application.site("/spec/destination" if one.left_behind else "/spec/source")
        yield Finding(_ID, "warning", _message(one), one.application.reference, site, application=one.application.key, fix=_FIX)
    for application in unrendered(change):
        reason = f"what Application {application.key} deploys no more: it can't be rendered any more"
        yield Undetermined(_ID, application.reference, reason, "its rendering", application.site("/spec/source"))


_FIX = "if they are to stay, keep them, or give them the annotation `argocd.argoproj.io/sync-options: Prune=false` before they go"


def _message(one: Pruned) -> str:
    head = f"Application `{one.application.key}`"
    if one.left_behind:
        return f"{head} goes to another cluster, and leaves behind, with nobody to look after them, {named(one.objects)}"
    upkeep = one.application.upkeep
    when = "the next automated sync deletes them" if upkeep.prunes else "a sync that prunes deletes them"
    when = "its syncOptions keep them, with nobody to look after them" if upkeep.keeps else when
    taken = (
        f"; {len(one.moved)} of them {'is' if len(one.moved) == 1 else 'are'} deployed by {', '.join(sorted({key for _, key in one.moved}))} now"
        if one.moved
        else ""
    )
    data = precious(one.objects)
    return f"{head} deploys no more, and {when}: {named(one.objects)}{taken}{f'. Data may be lost: {data}' if data else ''}"


RULE = ChangeRule(
    id=_ID,
    level="warning",
    summary="A change takes objects away that an Application deployed",
    why=(
        "What an Application no longer renders is deleted by a sync that prunes, with automated pruning without anybody's doing: a file that is gone "
        "from a kustomization, a renamed ConfigMap, a value that switches something off. With a CustomResourceDefinition all its objects go, with a "
        "claim its data."
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
