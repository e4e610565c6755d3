"""May an AppProject's Applications have an object of a kind? Argo CD's IsGroupKindNamePermitted (app_project_types.go)."""

from collections.abc import Iterable, Sequence

from gitguard.argo.filepath import malformed, match
from gitguard.argo.version import at_least
from gitguard.model.argo import KindEntry, Project, Verdict

_SHOWN = 5


def permits_kind(project: Project, group: str, kind: str, name: str, *, namespaced: bool, version: str = "3.6") -> Verdict:
    """`group` is "" for the core group; `name` counts for cluster-scoped objects only, since 3.3."""
    if namespaced:
        return _permits_namespaced(project, group, kind)
    named = at_least(version, (3, 3))
    denied = _first(project.cluster_resource_blacklist, group, kind, name if named else None)
    if denied is not None:
        return Verdict(False, f"{_shown(project.cluster_resource_blacklist[denied])} denies it", f"/spec/clusterResourceBlacklist/{denied}")
    allowed = _first(project.cluster_resource_whitelist, group, kind, name if named else None)
    if allowed is not None:
        return Verdict(True, f"{_shown(project.cluster_resource_whitelist[allowed])} permits it", f"/spec/clusterResourceWhitelist/{allowed}")
    if not project.cluster_resource_whitelist:
        return Verdict(False, "it permits no cluster-scoped kind: clusterResourceWhitelist is absent or empty", "")
    return _nearest_miss(project.cluster_resource_whitelist, "/spec/clusterResourceWhitelist", group, kind, name)


def _permits_namespaced(project: Project, group: str, kind: str) -> Verdict:
    denied = _first(project.namespace_resource_blacklist, group, kind, None)
    if denied is not None:
        entry = project.namespace_resource_blacklist[denied]
        return Verdict(False, f"{_shown(entry)} denies it", f"/spec/namespaceResourceBlacklist/{denied}")
    whitelist = project.namespace_resource_whitelist
    if whitelist is None:
        return Verdict(True, "namespaceResourceWhitelist is absent, which permits every namespaced kind", "")
    allowed = _first(whitelist, group, kind, None)
    if allowed is not None:
        return Verdict(True, f"{_shown(whitelist[allowed])} permits it", f"/spec/namespaceResourceWhitelist/{allowed}")
    if not whitelist:
        return Verdict(False, "namespaceResourceWhitelist is empty, which permits no namespaced kind; absent, it would permit every one", "")
    return _nearest_miss(whitelist, "/spec/namespaceResourceWhitelist", group, kind, "")


def _first(entries: Sequence[KindEntry], group: str, kind: str, name: str | None) -> int | None:
    """The first entry that matches; `name` None leaves names out of it."""
    for number, entry in enumerate(entries):
        if match(entry.kind, kind) and match(entry.group, group) and (name is None or not entry.name or match(entry.name, name)):
            return number
    return None


def _nearest_miss(entries: Sequence[KindEntry], field: str, group: str, kind: str, name: str) -> Verdict:
    for number, entry in enumerate(entries):
        why = _why_missed(entry, group, kind, name)
        if why:
            return Verdict(False, f"{_shown(entry)} does not match: {why}", f"{field}/{number}")
    shown = ", ".join(_shown(entry) for entry in entries[:_SHOWN])
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    return Verdict(False, f"it permits only {shown}{more}", "")


def _why_missed(entry: KindEntry, group: str, kind: str, name: str) -> str:
    """Why an entry that means this kind does not match it; "" where it means another."""
    broken = next((f"in `{pattern}`, {malformed(pattern)}" for pattern in entry if malformed(pattern)), "")
    if broken:
        return broken
    same_kind, same_group = match(entry.kind, kind), match(entry.group, group)
    if same_kind and same_group:
        return f"its name `{entry.name}` is another one"
    if same_kind and group == "" and entry.group in ("core", "v1"):
        return 'the core group is written ""'
    if same_kind and entry.group.partition("/")[0] == group:
        return "a group has no version"
    if same_kind and entry.group.lower() == group.lower():
        return "the group differs in upper and lower case"
    if same_group and match(entry.kind.lower(), kind.lower()):
        return "the kind differs in upper and lower case"
    if same_group and entry.kind.lower() in (f"{kind.lower()}s", f"{kind.lower()}es"):
        return "a kind is written in the singular"
    return ""


def _shown(entry: KindEntry) -> str:
    name = f" named `{entry.name}`" if entry.name else ""
    return f"`{entry.group or chr(34) * 2}/{entry.kind}`{name}"


def unusual(patterns: Iterable[str]) -> str:
    """A habit from other pattern languages that filepath.Match reads otherwise; "" where there is none."""
    for pattern in patterns:
        if "[!" in pattern:
            return f"`{pattern}` has `[!`, which is no negation here: `[^…]` is"
        if "{" in pattern:
            return f"`{pattern}` has `{{`, which is an ordinary character here: give every alternative an entry of its own"
    return ""
