"""How Argo CD is told to treat an object when it syncs and compares: hooks, sync options, and fields that it ignores.

Source: gitops-engine pkg/sync (hook, ignore, resource/annotations.go, sync_context.go), util/argo/normalizers and util/settings.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gitguard.argo import jq_paths
from gitguard.argo.glob import match
from gitguard.argo.version import at_least
from gitguard.model.desired import Care, Fields
from gitguard.parse import read

_HOOK, _HELM_HOOK = "argocd.argoproj.io/hook", "helm.sh/hook"
_SYNC, _COMPARE, _WAVE = "argocd.argoproj.io/sync-options", "argocd.argoproj.io/compare-options", "argocd.argoproj.io/sync-wave"
_IGNORE = "argocd.argoproj.io/ignore-differences"
_CUSTOMIZED = "resource.customizations"
_UNREADABLE = "an entry that can't be read"


class Rule(NamedTuple):
    """Fields of some objects that are not compared. `group` and `kind` are globs; `name` and `namespace` are exact, "" for any."""

    group: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    pointers: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()


def is_hook(manifest: Mapping[str, Any]) -> bool:
    """Is it something that a sync runs or leaves out, and no part of what is to be there? Helm's crd-install is no hook."""
    annotations = _annotations(manifest)
    return _HOOK in annotations or annotations.get(_HELM_HOOK, "crd-install") != "crd-install"


def care(manifest: Mapping[str, Any], application: Mapping[str, Any], settings: Iterable[Rule] = (), version: str = "3.6") -> Care:
    """How an object is treated that the Application deploys ({} where none does); both as git has them. `settings` are argocd-cm's rules."""
    spec = _mapping(application.get("spec"))
    policy = _mapping(spec.get("syncPolicy"))
    automated = policy.get("automated")
    on = isinstance(automated, Mapping) and automated.get("enabled") is not False
    own, common = _options(_annotations(manifest).get(_SYNC)), _texts(policy.get("syncOptions"))
    rules = [rule for rule in (*of_application(application), *settings) if _matches(rule, manifest, version)]
    rules += [_of_object(manifest)] if at_least(version, (3, 6)) else []
    fields, undecided = _fields(rules)
    return Care(
        automated=on or not application,
        self_heal=(on and _mapping(automated).get("selfHeal") is True) or not application,
        prune=not any(option in ("Prune=false", "Prune=confirm") for option in (*own, *common)),
        delete=not any(option in ("Delete=false", "Delete=confirm") for option in (*own, *common)),
        replace="Replace=true" in own or ("Replace=true" in common and "Replace=false" not in own),
        server_side_apply="ServerSideApply=true" in own or ("ServerSideApply=true" in common and "ServerSideApply=false" not in own),
        wave=_number(_annotations(manifest).get(_WAVE)),
        extraneous="IgnoreExtraneous" in _options(_annotations(manifest).get(_COMPARE)),
        fields=fields,
        managers=tuple(dict.fromkeys(manager for rule in rules for manager in rule.managers)),
        undecided=undecided,
    )


def of_application(application: Mapping[str, Any]) -> Iterator[Rule]:
    """The Application's `ignoreDifferences`."""
    listed = _mapping(application.get("spec")).get("ignoreDifferences")
    for entry in listed if isinstance(listed, list) else ():
        said = _mapping(entry)
        yield _rule(said)._replace(
            group=_text(said.get("group")), kind=_text(said.get("kind")), name=_text(said.get("name")), namespace=_text(said.get("namespace"))
        )


def _of_object(manifest: Mapping[str, Any]) -> Rule:
    """What the object's own annotation says: pointers only, and one that can't be read says nothing."""
    said = _mapping(_yaml(_text(_annotations(manifest).get(_IGNORE))))
    return Rule(pointers=tuple(_texts(said.get("jsonPointers"))))


def of_settings(data: Mapping[str, Any]) -> Iterator[Rule]:
    """The rules for every Application in argocd-cm's `data`: `resource.customizations` whole, or a key a kind, or for all kinds.

    One that can't be read gives a rule with an expression that can't be evaluated: nothing can then be said of its objects.
    """
    whole = _yaml(_text(data.get(_CUSTOMIZED)))
    for kind, body in _mapping(whole).items():
        said = _mapping(body).get("ignoreDifferences")
        if said:
            yield _of_kind(str(kind), _yaml(_text(said)) if isinstance(said, str) else said, "/")
    if whole is None:
        yield Rule("*", "*", expressions=(_UNREADABLE,))
    for key, value in data.items():
        if key.startswith(f"{_CUSTOMIZED}.ignoreDifferences."):
            yield _of_kind(key.removeprefix(f"{_CUSTOMIZED}.ignoreDifferences."), _yaml(_text(value)), "_")


def tracking_label(data: Mapping[str, Any], version: str = "3.6") -> str:
    """The label that Argo CD adds to everything that it syncs, by argocd-cm's `data`; "" where it tracks by annotation alone."""
    method = _text(data.get("application.resourceTrackingMethod")) or ("annotation" if at_least(version, (3, 0)) else "label")
    return (_text(data.get("application.instanceLabelKey")) or "app.kubernetes.io/instance") if method != "annotation" else ""


def pointer(text: str) -> Fields:
    """What a JSON pointer names: a step that is a number is an index where it meets a list."""
    return Fields(text, tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]))


def _of_kind(kind: str, said: Any, separator: str) -> Rule:
    if said is None:
        return Rule("*", "*", expressions=(_UNREADABLE,))
    group, _, name = kind.rpartition(separator)
    if kind == "all" or kind == "*/*":
        group, name = "*", "*"
    return _rule(_mapping(said))._replace(group=group, kind=name)


def _rule(said: Mapping[str, Any]) -> Rule:
    return Rule(
        pointers=tuple(_texts(said.get("jsonPointers"))),
        expressions=tuple(_texts(said.get("jqPathExpressions"))),
        managers=tuple(_texts(said.get("managedFieldsManagers"))),
    )


def _fields(rules: Iterable[Rule]) -> tuple[tuple[Fields, ...], tuple[str, ...]]:
    """The fields that rules name, and the expressions of which that can't be told."""
    found: dict[Fields, None] = {}
    undecided: dict[str, None] = {}
    for rule in rules:
        # The pointer to the whole object removes nothing.
        found |= dict.fromkeys(named for named in map(pointer, rule.pointers) if named.steps)
        for expression in rule.expressions:
            named = jq_paths.path(expression)
            if named is None:
                undecided[expression] = None
            else:
                found[named] = None
    return tuple(found), tuple(undecided)


def _matches(rule: Rule, manifest: Mapping[str, Any], version: str) -> bool:
    metadata = _mapping(manifest.get("metadata"))
    group = _text(manifest.get("apiVersion")).rpartition("/")[0]
    places = (rule.name, _text(metadata.get("name"))), (rule.namespace, _text(metadata.get("namespace")))
    if not all(wanted in ("", found) for wanted, found in places):
        return False
    return match(rule.group, group, version=version) and match(rule.kind, _text(manifest.get("kind")), version=version)


def _options(written: Any) -> tuple[str, ...]:
    return tuple(part.strip() for part in _text(written).split(","))


def _number(written: Any) -> int:
    try:
        return int(_text(written) or "0")
    except ValueError:
        return 0


def _yaml(text: str) -> Any:
    """The value, {} of nothing, None where it can't be read."""
    reading = read(text.encode("utf-8", "surrogatepass"))
    if reading.problems:
        return None
    return (reading.documents[0].value or {}) if reading.documents else {}


def _annotations(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(_mapping(manifest.get("metadata")).get("annotations"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
