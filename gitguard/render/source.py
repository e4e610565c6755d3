"""One source as Argo CD's repo server takes it: overrides of the repository merged in, its tool chosen, variables filled in.

Source: reposerver/repository/repository.go (mergeSourceParameters, GetAppSourceType, newEnv) and util/app/discovery.
"""

import re
from collections.abc import Mapping
from posixpath import join
from typing import Any

from gitguard.parse import read
from gitguard.render.outcomes import Refused
from gitguard.render.plans import Part
from gitguard.render.tree import Tree

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_TOOLS = {"kustomize": "Kustomize", "helm": "Helm", "directory": "Directory", "plugin": "Plugin"}
_PINNED = ("repoURL", "path", "chart", "targetRevision")
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?\-0-9])|([A-Za-z_][A-Za-z0-9_]*)|(\{))")
# The commit is not known before there is one; what is made of it names no object and no kind.
_REVISION = "0" * 40


def overrides(folder: str, name: str) -> tuple[str, ...]:
    """The files that may override an Application's source, later ones on top."""
    return (join(folder, ".argocd-source.yaml"), *([join(folder, f".argocd-source-{name}.yaml")] if name else []))


def effective(part: Part, folder: str, tree: Tree, argo_namespace: str) -> Mapping[str, Any]:
    """The source with the overrides that lie in its folder; Refused where one can't be read."""
    source: Any = {key: value for key, value in part.source.items() if key not in _TOOLS or _says_something(key, value)}
    for path in overrides(folder, instance_name(part, argo_namespace)):
        resolved = tree.resolve(path)
        if tree.is_file(resolved):
            reading = read(tree.read(resolved))
            if any(problem.rule == "yaml-invalid" for problem in reading.problems):
                raise Refused(f"{path}: error while parsing source parameters: {reading.problems[0].message}")
            source = _merged(source, reading.documents[0].value if reading.documents else {})
            if not isinstance(source, dict):
                raise Refused(f"{path}: error while parsing source parameters: not a mapping")
    return {key: value for key, value in source.items() if key not in _PINNED} | {key: part.source[key] for key in _PINNED if key in part.source}


def tool(source: Mapping[str, Any], folder: str, tree: Tree) -> str:
    """ "kustomize", "helm", "directory" or "plugin": the one that the source names, else the one that its folder calls for.

    Where a folder has both a chart and a kustomization, the file that comes last by name decides: kustomize, as a rule.
    """
    named = [key for key in _TOOLS if source.get(key) is not None]
    if len(named) > 1:
        raise Refused(f"multiple application sources defined: {','.join(_TOOLS[key] for key in named)}")
    if named:
        return named[0]
    found = "directory"
    for path in tree.inside(folder):
        name = path.rpartition("/")[2]
        if name.endswith("Chart.yaml"):
            found = "helm"
        if name in KUSTOMIZATIONS:
            found = "kustomize"
    return found


def instance_name(part: Part, argo_namespace: str) -> str:
    """The Application's name as Argo CD uses it in tools: with its namespace where that is not the control plane's."""
    return part.name if part.namespace in ("", argo_namespace) else f"{part.namespace}_{part.name}"


def variables(part: Part, argo_namespace: str) -> Mapping[str, str]:
    """Argo CD's build environment."""
    source = part.source
    revision = part.revision or _REVISION
    return {
        "ARGOCD_APP_NAME": instance_name(part, argo_namespace),
        "ARGOCD_APP_NAMESPACE": part.target,
        "ARGOCD_APP_PROJECT_NAME": part.project,
        "ARGOCD_APP_REVISION": revision,
        "ARGOCD_APP_REVISION_SHORT": revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": revision[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": text(source.get("repoURL")),
        "ARGOCD_APP_SOURCE_PATH": text(source.get("path")),
        "ARGOCD_APP_SOURCE_TARGET_REVISION": text(source.get("targetRevision")),
    }


def filled(written: str, values: Mapping[str, str]) -> str:
    """`$name` and `${name}` replaced as Go's os.Expand does, unknown ones by nothing; `$$` is a dollar."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2) or match.group(3) or ""
        return "$" if name == "$" else values.get(name, "")

    return _VARIABLE.sub(value, written) if "$" in written else written


def text(value: Any) -> str:
    """The value where it is text, else ""."""
    return value if isinstance(value, str) else ""


def texts(value: Any) -> list[str]:
    """The texts of a list."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The mappings of a list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _says_something(key: str, value: Any) -> bool:
    """Argo CD drops the block of a tool in which nothing is set, so that it does not choose the tool."""
    if not isinstance(value, Mapping):
        return False
    jsonnet = mapping(value.get("jsonnet"))
    told = {name: part for name, part in value.items() if name != "jsonnet"} | {name: jsonnet.get(name) for name in ("extVars", "tlas", "libs")}
    return key == "plugin" or value.get("valuesObject") is not None or any(told.values())


def _merged(value: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict):
        return patch
    made = dict(value) if isinstance(value, dict) else {}
    for key, part in patch.items():
        if part is None:
            made.pop(key, None)
        else:
            made[key] = _merged(made.get(key), part)
    return made
