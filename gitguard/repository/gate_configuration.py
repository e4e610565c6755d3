"""What a change of gitguard's configuration weakens: by what the settings mean, not by how they are written."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitguard.repository.gate import Weakening, differences, dotted, escaped, mapping

_DEFAULTS: Mapping[str, Any] = {"render": "auto"}
_ARGOCD: Mapping[str, Any] = {"version": "3.6", "namespace": "argocd"}
# Lists whose order means nothing.
_SETS = frozenset(
    {"applicationNamespaces", "urls", "roots", "projects", "branches", "clusters", "approvers", "authors", "signers", "ignore", "paths", "unmanaged"}
)
_PEOPLE = {"approvers": "approve a change of", "authors": "change", "signers": "sign commits of"}
_READ_APART = ("ignore", "environments", "external", "render", "baseline")


def weakened(before: Any, after: Any) -> Iterator[Weakening]:
    """What the configuration `after` asks less than `before`; both as they are read from YAML, None for no file. What is no clear gain in strictness
    counts, too."""
    was, now = normal(before), normal(after)
    yield from _ignores(was.get("ignore", []), now.get("ignore", []))
    yield from _environments(mapping(was.get("environments")), mapping(now.get("environments")))
    for name in _added(mapping(was.get("external")).get("projects"), mapping(now.get("external")).get("projects")):
        yield Weakening("/external/projects", f"AppProject `{name}` counts as declared elsewhere, so that its Applications are not judged by it")
    if was["render"] != now["render"] and now["render"] != "always":
        yield Weakening("/render", f"render becomes `{now['render']}`, from `{was['render']}`: less of what Applications deploy is judged")
    if now.get("baseline") and now.get("baseline") != was.get("baseline"):
        yield Weakening("/baseline", f"what {_shown(now['baseline'])} lists is accepted")
    rest_was, rest_now = ({key: value for key, value in one.items() if key not in _READ_APART} for one in (was, now))
    for pointer, old, new in differences(rest_was, rest_now):
        yield Weakening(pointer, f"`{dotted(pointer)}` becomes {_shown(new)}, from {_shown(old)}")


def normal(value: Any) -> dict[str, Any]:
    """The settings with their defaults, and without what means nothing: the order of sets, absent values, the `v` of versions."""
    settings = mapping(_normal("", value)) if value is not None else {}
    found = {**_DEFAULTS, **settings, "argocd": {**_ARGOCD, **mapping(settings.get("argocd"))}}
    argocd = found["argocd"]
    argocd["version"] = str(argocd["version"]).removeprefix("v")
    if "kubernetes" in found:
        found["kubernetes"] = str(found["kubernetes"]).removeprefix("v")
    return found


def _normal(key: str, value: Any) -> Any:
    """Without empty values; but an environment may say nothing, and a list of URLs be empty on purpose."""
    if isinstance(value, dict):
        inner = {name: _normal(name, item) for name, item in value.items()}
        kept = ("urls", "cap") if key != "environments" else tuple(inner)
        return {name: item for name, item in inner.items() if name in kept or item not in (None, [], {}, "")}
    if isinstance(value, list):
        items = [_normal("", item) for item in value]
        plain = [item.strip("/").removeprefix("./") if key in ("roots", "paths") and isinstance(item, str) else item for item in items]
        return _unique(plain) if key in _SETS else plain
    return value


def _unique(items: list[Any]) -> list[Any]:
    return [json.loads(text) for text in sorted({json.dumps(item, sort_keys=True) for item in items})]


def _ignores(before: Any, after: Any) -> Iterator[Weakening]:
    """An ignore that is new, or holds for longer. Its reason is nobody's concern but its reader's."""
    old: dict[tuple[str, str, str], str] = {}
    for item in before if isinstance(before, list) else ():
        old[_target(item)] = max(old.get(_target(item), ""), _until(item))
    for item in after if isinstance(after, list) else ():
        target, until = _target(item), _until(item)
        what = ", ".join(f"{name} `{value}`" for name, value in zip(("rule", "path", "object"), target, strict=True) if value)
        if target not in old:
            yield Weakening("/ignore", f"an ignore is added: {what or _shown(item)}", "mend the finding, or let those who answer for the gate add it")
        elif until > old[target]:
            how = "for ever" if until == _EVER else f"until {until}"
            yield Weakening("/ignore", f"an ignore holds for longer: {what}, {how}")


_EVER = "9999"


def _until(item: Any) -> str:
    return str(mapping(item).get("until") or _EVER)


def _target(item: Any) -> tuple[str, str, str]:
    one = mapping(item)
    return str(one.get("rule") or ""), str(one.get("path") or ""), str(one.get("object") or "")


def _environments(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Weakening]:
    for name, value in before.items():
        at = f"/environments/{escaped(name)}"
        if name not in after:
            yield Weakening("/environments", f"environment `{name}` is removed: anybody may change it")
            continue
        was, now = mapping(value), mapping(after[name])
        yield from _places(name, at, was, now)
        for key, may in _PEOPLE.items():
            if was.get(key) and not now.get(key):
                yield Weakening(at, f"`{key}` of environment `{name}` is removed: anybody may {may} it")
            elif was.get(key):
                for person in _added(was[key], now[key]):
                    yield Weakening(f"{at}/{key}", f"`{person}` may now {may} environment `{name}`")
        if was.get("after") and was.get("after") != now.get("after"):
            how = f"has to have been in {_shown(now['after'])}" if now.get("after") else "need not have been anywhere"
            yield Weakening(at, f"what reaches environment `{name}` {how} before, no more in `{was['after']}`")


def _places(name: str, at: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Weakening]:
    for key in ("paths", "branches", "clusters"):
        if not was.get(key) and now.get(key) and key != "clusters":
            yield Weakening(f"{at}/{key}", f"environment `{name}` was everywhere, and is now only at the {key} {_shown(now[key])}")
        for gone in _added(now.get(key), was.get(key)) if now.get(key) or key == "clusters" else ():
            yield Weakening(at, f"`{gone}` belongs no more to environment `{name}` ({key})")


def _added(before: Any, after: Any) -> Iterator[Any]:
    known = before if isinstance(before, list) else []
    return (item for item in (after if isinstance(after, list) else []) if item not in known)


def _shown(value: Any) -> str:
    return "its default" if value is None else f"`{json.dumps(value, ensure_ascii=False, sort_keys=True)}`"
