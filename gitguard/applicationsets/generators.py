"""Generators to sets of parameters (applicationset/generators of Argo CD 3.6.1)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gitguard.applicationsets import combining, repository
from gitguard.applicationsets.clusters import from_clusters
from gitguard.applicationsets.lists import from_list
from gitguard.applicationsets.model import Context, Refused, Unknowable
from gitguard.applicationsets.rendering import Language, escaped
from gitguard.applicationsets.selectors import parameter_filter
from gitguard.applicationsets.shapes import mapping

# In the order in which Argo CD looks at the kinds of one entry.
KINDS = ("list", "clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "matrix", "merge", "plugin", "oci")
_OUTSIDE = {
    "scmProvider": "the repositories of the SCM provider",
    "clusterDecisionResource": "the resource in the control plane's cluster",
    "pullRequest": "the open pull requests of the repository",
    "plugin": "the answer of the plugin",
    "oci": "the OCI artifact",
}
# Kinds whose `values` are filled in with their own parameters after the outer ones.
_WITH_VALUES = frozenset({"clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin", "oci"})
# Generators inside generators: a combination, in a combination, in a combination can hold none.
DEEPEST = 2

Parameters = dict[str, Any]


class Expanding(NamedTuple):
    """What is the same for all generators of one set."""

    context: Context
    language: Language
    project: str


class Found(NamedTuple):
    """What one kind of one entry gave: its template (not merged yet) and its sets of parameters."""

    kind: str
    template: dict[str, Any]
    parameters: list[Parameters]


def transform(entry: Any, pointer: str, depth: int, outer: Mapping[str, Any], expanding: Expanding) -> list[Found]:
    """All kinds of one entry. `depth` is 0 at the top; `outer` are the parameters that a matrix fills in. Raises Refused or Unknowable."""
    generator = mapping(entry, pointer)
    passes = parameter_filter(generator.get("selector"), f"{pointer}/selector") if generator.get("selector") is not None else None
    found: list[Found] = []
    for kind in KINDS:
        if generator.get(kind) is None or (kind in ("matrix", "merge") and depth >= DEEPEST):
            continue
        at = f"{pointer}/{kind}"
        template = mapping(mapping(generator[kind], at).get("template"), f"{at}/template") if depth == 0 else {}
        filled = fill_generator(generator, outer, pointer, expanding.language) if outer else generator
        parameters = _generate(kind, mapping(filled[kind], at), at, depth, expanding)
        found.append(Found(kind, template, [one for one in parameters if passes is None or passes(one)]))
    return found


def _generate(kind: str, body: dict[str, Any], pointer: str, depth: int, expanding: Expanding) -> list[Parameters]:
    if kind in _OUTSIDE:
        raise Unknowable(f"what a `{kind}` generator finds is outside of git", _OUTSIDE[kind], pointer)
    if kind == "list":
        return from_list(body, pointer, expanding.language)
    if kind == "git":
        return repository.from_git(body, pointer, expanding.context, expanding.language, expanding.project)
    if kind == "clusters":
        return from_clusters(body, pointer, expanding.context, expanding.language)
    ask = _child(depth, expanding)
    return combining.matrix(body, pointer, expanding.language, ask) if kind == "matrix" else combining.merge(body, pointer, expanding.language, ask)


def _child(depth: int, expanding: Expanding) -> Callable[[Any, str, Mapping[str, Any]], list[Parameters]]:
    def ask(entry: Any, pointer: str, outer: Mapping[str, Any]) -> list[Parameters]:
        found = transform(entry, pointer, depth + 1, outer, expanding)
        if not found:
            deep = depth + 1 >= DEEPEST and isinstance(entry, Mapping) and ("matrix" in entry or "merge" in entry)
            raise Refused("a combination inside a combination can hold no other one" if deep else "a generator of no known kind", pointer)
        if len(found) > 1:
            raise Refused(f"one generator is `{found[0].kind}` and `{found[1].kind}` at once: inside a combination it can be one only", pointer)
        return found[0].parameters

    return ask


def fill_generator(generator: Mapping[str, Any], outer: Mapping[str, Any], pointer: str, language: Language) -> dict[str, Any]:
    """A generator inside a matrix with the parameters of the one before it filled in, everywhere. A combination in there has no template."""
    made: dict[str, Any] = {}
    for kind, body in generator.items():
        at = f"{pointer}/{escaped(kind)}"
        if body is None:
            continue
        if kind in _WITH_VALUES and isinstance(body, dict) and isinstance(body.get("values"), dict):
            rest = language.fill_all({key: value for key, value in body.items() if key != "values"}, outer, at)
            values = {key: language.keep_missing(value, outer, f"{at}/values/{escaped(key)}") for key, value in body["values"].items()}
            made[kind] = {**rest, "values": values}
        elif kind in ("matrix", "merge") and isinstance(body, dict) and isinstance(body.get("generators"), list):
            rest = language.fill_all({key: value for key, value in body.items() if key not in ("generators", "template")}, outer, at)
            children = [
                fill_generator(child, outer, f"{at}/generators/{number}", language) if isinstance(child, dict) else child
                for number, child in enumerate(body["generators"])
            ]
            made[kind] = {**rest, "generators": children}
        else:
            made[kind] = language.fill_all(body, outer, at)
    return made
