"""From an AppProject manifest to the value that the other functions judge by."""

from collections.abc import Mapping
from typing import Any

from gitguard.model.argo import DestinationEntry, Project


def project(manifest: Mapping[str, Any]) -> Project:
    """Wrongly typed parts count as absent: the schema rules report them, and the API server would not store them."""
    spec = _mapping(manifest.get("spec"))
    destinations = spec.get("destinations")
    return Project(
        _text(_mapping(manifest.get("metadata")).get("name")),
        _texts(spec.get("sourceRepos")),
        tuple(
            DestinationEntry(_text(entry.get("server")), _text(entry.get("name")), _text(entry.get("namespace")))
            for entry in map(_mapping, destinations if isinstance(destinations, list) else ())
        ),
        _texts(spec.get("sourceNamespaces")),
        spec.get("permitOnlyProjectScopedClusters") is True,
    )


def _texts(value: Any) -> tuple[str, ...]:
    # Positions matter (entries are named by JSON pointer), so what is no text stays as an entry that matches only "".
    return tuple(_text(entry) for entry in value) if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
