"""What a file is, judged by its path alone."""

from collections.abc import Iterable

_SUFFIXES = (".yaml", ".yml", ".json")
# Folders and files of forges, CI systems and test tools (whose expectations are no whole objects); compared as text, since every
# path of a repository is asked.
_TOOL_FOLDERS = (".github/", ".gitlab/", ".circleci/", ".buildkite/", ".woodpecker/", ".chainsaw-test/", ".kyverno-test/")
_TOOL_PREFIXES = (".gitlab-ci", "azure-pipelines", ".pre-commit-", ".woodpecker")
_TOOL_FILES = frozenset(
    f"{name}{suffix}"
    for name in (".travis", ".drone", "bitbucket-pipelines", "cloudbuild", "codecov", ".codecov", "renovate", "dependabot")
    for suffix in _SUFFIXES
)
_KUSTOMIZATION = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_CHART_METADATA = ("Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock", "values.schema.json")
CONFIGURATION = ".gitguard.yaml"


def is_candidate(path: str) -> bool:
    """Could this file hold manifests: YAML, JSON, or a kustomization?"""
    return path.endswith(_SUFFIXES) or path.lower().endswith(_SUFFIXES) or path.rpartition("/")[2] == "Kustomization"


def _is_tool(path: str, name: str) -> bool:
    folder = path.startswith(_TOOL_FOLDERS) or ("/." in path and any(f"/{folder}" in path for folder in _TOOL_FOLDERS))
    return folder or name in _TOOL_FILES or name.startswith(_TOOL_PREFIXES)


class Charts:
    """The folders of a repository that are Helm charts ("" is the root), and which of them a file belongs to."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.folders = frozenset(path.rpartition("/")[0] for path in paths if path.endswith("Chart.yaml") and path.rpartition("/")[2] == "Chart.yaml")
        self._around: dict[str, str | None] = {}

    def around(self, path: str) -> str | None:
        """The chart that a file belongs to, the innermost one; None outside of charts."""
        return self._at(path.rpartition("/")[0]) if self.folders else None

    def _at(self, folder: str) -> str | None:
        if folder not in self._around:
            inside = folder in self.folders
            self._around[folder] = folder if inside else self._at(folder.rpartition("/")[0]) if folder else None
        return self._around[folder]


def flavour(path: str, charts: Charts) -> tuple[str, str]:
    """How to read a file and, where it holds no manifest, why it is skipped.

    The first is "yaml", "json", "kustomization", "template" (text of a Helm template: only searched) or "" (not read
    at all); the second the reason, "" for
    none known from the path.
    """
    name = path.rpartition("/")[2]
    if _is_tool(path, name):
        return "", "CI or tool configuration"
    if path == CONFIGURATION:
        return "", "gitguard's configuration"
    if name in _KUSTOMIZATION:
        return "kustomization", ""
    chart = charts.around(path)
    if chart is not None:
        inside = path[len(chart) + 1 :] if chart else path
        if inside.startswith("templates/"):
            return "template", "Helm template"
        if inside in _CHART_METADATA:
            return "", "Helm chart metadata"
        if not inside.startswith("crds/"):
            return _syntax(name), "Helm values" if name.startswith("values") or inside.startswith("ci/") else ""
    return _syntax(name), ""


def _syntax(name: str) -> str:
    return "json" if name.lower().endswith(".json") else "yaml"
