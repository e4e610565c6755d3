"""Is a kind namespaced? From Kubernetes' own data, and for Argo CD's kinds."""

import json
from collections.abc import Callable, Mapping

_ARGO = {"Application": True, "ApplicationSet": True, "AppProject": True}
Scopes = Mapping[tuple[str, str], bool]


def built_in(load: Callable[[str], bytes | None]) -> Scopes:
    """(group, kind) to whether it is namespaced. `load` gives the files that ship with gitguard."""
    table = json.loads(load("kubernetes-scopes.json") or b"{}") | {"argoproj.io": _ARGO}
    return {(group, kind): namespaced for group, kinds in table.items() for kind, namespaced in kinds.items()}
