"""The template of an Application: a generator's own over the set's, and its fields filled in (applicationset/utils/utils.go)."""

from collections.abc import Mapping
from typing import Any

from gitguard.applicationsets.rendering import Language
from gitguard.applicationsets.shapes import mapping

FINALIZER = "resources-finalizer.argocd.argoproj.io"
_METADATA = ("name", "labels", "annotations", "finalizers")
# Kept as bytes by Argo CD, so taken whole.
_OPAQUE = "valuesObject"


def over(own: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Any]:
    """A generator's template with what it leaves empty from the set's: fields deeply, lists whole. False and 0 count as empty."""
    made = dict(own)
    for key, theirs in base.items():
        mine = made.get(key)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            made[key] = mine if key == _OPAQUE else over(mine, theirs)
        elif not mine and theirs is not None:
            made[key] = theirs
    return made


def application(template: Mapping[str, Any], parameters: Mapping[str, Any], language: Language, *, preserve: bool) -> dict[str, Any]:
    """The Application of a set of parameters. Without any parameter the template is taken as it stands, and gets no finalizer."""
    metadata = mapping(template.get("metadata"), "/spec/template/metadata")
    taken = {
        "metadata": {key: metadata[key] for key in _METADATA if metadata.get(key)},
        "spec": mapping(template.get("spec"), "/spec/template/spec"),
    }
    if not parameters:
        return taken
    made: dict[str, Any] = language.fill_all(taken, parameters, "/spec/template")
    if not preserve and not made["metadata"].get("finalizers"):
        made["metadata"]["finalizers"] = [FINALIZER]
    return made
