"""Charts that a kustomization inflates (`helmCharts`, and the older `helmChartInflationGenerator`).

Source: sigs.k8s.io/kustomize/api, internal/builtins/HelmChartInflationGenerator.go.
"""

from collections.abc import Iterator, Mapping
from posixpath import join
from typing import Any, NamedTuple

from gitguard.model.rendering import Remote
from gitguard.parse import read
from gitguard.render.mounts import CHART, shown
from gitguard.render.outcomes import Refused
from gitguard.render.remote_bases import is_remote
from gitguard.render.source import mapping, mappings, text, texts
from gitguard.render.tree import Tree, within

FIELDS = ("helmCharts", "helmChartInflationGenerator")


class Inflated(NamedTuple):
    """One chart: the folder that kustomize looks for it in, where it lies in the tree, and the values files of the kustomization."""

    wanted: str
    found: str
    values: tuple[str, ...]


def inflated(folder: str, value: Mapping[str, Any], tree: Tree) -> Iterator[Inflated]:
    """The charts of the kustomization in `folder`, and of its generators; Needed where one has to be fetched."""
    for generator in _generators(folder, value, tree):
        yield _listed_one(folder, text(generator.get("chartHome")), generator, tree)
    older = mappings(value.get("helmChartInflationGenerator"))
    home = text(mapping(value.get("helmGlobals")).get("chartHome")) or next((text(one.get("chartHome")) for one in older if one.get("chartHome")), "")
    for entry in mappings(value.get("helmCharts")):
        yield _listed_one(folder, home, entry, tree)
    for entry in older:
        named = tuple(text(entry.get(key)) for key in ("chartName", "chartVersion", "chartRepoUrl"))
        yield _chart(folder, home, named, (text(entry.get("values")),), tree)


def _generators(folder: str, value: Mapping[str, Any], tree: Tree) -> Iterator[Mapping[str, Any]]:
    """The generators that inflate charts, written in the kustomization or in files that it names."""
    for entry in texts(value.get("generators")):
        path = "" if "\n" in entry or is_remote(entry) else tree.resolve(within(folder, entry))
        content = entry.encode() if "\n" in entry else tree.read(path) if tree.is_file(path) else b""
        for document in read(content).documents:
            found = mapping(document.value)
            if found.get("kind") == "HelmChartInflationGenerator":
                yield found


def _listed_one(folder: str, home: str, entry: Mapping[str, Any], tree: Tree) -> Inflated:
    files = (text(entry.get("valuesFile")), *texts(entry.get("additionalValuesFiles")))
    return _chart(folder, home, tuple(text(entry.get(key)) for key in ("name", "version", "repo")), files, tree)


def _chart(folder: str, home: str, named: tuple[str, ...], values: tuple[str, ...], tree: Tree) -> Inflated:
    name, version, repository = named
    if not name or name.startswith("-") or "/" in name:
        raise Refused(f"{folder or '.'}: `{name}` is no name of a chart")
    charts = within(folder, home or "charts")
    if version and repository:
        charts = within(charts, f"{name}-{version}")
    wanted = tree.resolve(join(charts, name))
    found = wanted
    if not tree.is_folder(wanted) and repository:
        reason = f"the kustomization in {folder or '.'} inflates the chart {name} {version}".rstrip() + f" of {shown(repository)}"
        found = tree.mounted(Remote("chart", repository, version, name), reason, CHART)
    return Inflated(wanted, found, tuple(within(folder, path) for path in values if path))
