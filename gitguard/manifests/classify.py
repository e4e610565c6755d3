"""What a file is, judged by its path alone."""

import re
from collections.abc import Iterable

_CONTINUOUS_INTEGRATION = re.compile(
    r"(^|/)(\.github/|\.gitlab/|\.circleci/|\.buildkite/|\.gitlab-ci[^/]*$|\.travis\.yml$|azure-pipelines[^/]*$|bitbucket-pipelines\.yml$"
    r"|\.pre-commit-[^/]*$|\.drone\.yml$|\.woodpecker|cloudbuild\.ya?ml$|codecov\.ya?ml$|\.codecov\.ya?ml$|renovate\.json5?$|dependabot\.ya?ml$)"
)
_MANIFEST_FILE = re.compile(r"(\.ya?ml|\.json)$|(^|/)Kustomization$", re.IGNORECASE)
_CHART_METADATA = ("Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock", "values.schema.json")
KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CONFIGURATION = ".gitguard.yaml"


def is_candidate(path: str) -> bool:
    """Could this file hold manifests: YAML, JSON, or a kustomization?"""
    return _MANIFEST_FILE.search(path) is not None


def is_kustomization(path: str) -> bool:
    """Is this the file that makes its folder a kustomization?"""
    return path.rpartition("/")[2] in KUSTOMIZATION_NAMES


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

    The first is "yaml", "json", "template" (text of a Helm template: only searched) or "" (not read at all); the second the reason, "" for
    none known from the path.
    """
    name = path.rpartition("/")[2]
    if _CONTINUOUS_INTEGRATION.search(path):
        return "", "CI or tool configuration"
    if path == CONFIGURATION:
        return "", "gitguard's configuration"
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
