"""Is a kind namespaced? From Kubernetes' own data, for Argo CD's kinds, and for those of common CustomResourceDefinitions.

Three can know, and the first that does is believed: the repository's own CustomResourceDefinitions, then `built_in`, then `common`. The last
says what projects published at one version: of a kind that it lacks it says nothing, not even that its group has no such kind.
"""

import json
from collections.abc import Callable, Mapping

_ARGO = {"Application": True, "ApplicationSet": True, "AppProject": True}
Scopes = Mapping[tuple[str, str], bool]


def built_in(load: Callable[[str], bytes | None]) -> Scopes:
    """(group, kind) to whether it is namespaced. `load` gives the files that ship with gitguard."""
    table = json.loads(load("kubernetes-scopes.json") or b"{}") | {"argoproj.io": _ARGO}
    return _flat(table)


def common(load: Callable[[str], bytes | None]) -> Scopes:
    """As `built_in`, for the kinds of common CustomResourceDefinitions. Whatever else is known wins: {**common(load), **built_in(load)}."""
    return _flat(json.loads(load("common-scopes.json") or b"{}").get("scopes", {}))


def _flat(table: Mapping[str, Mapping[str, bool]]) -> Scopes:
    return {(group, kind): namespaced for group, kinds in table.items() for kind, namespaced in kinds.items()}
