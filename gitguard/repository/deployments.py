"""Which folders of this repository an Application or an ApplicationSet deploys, as far as its file tells."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from math import prod
from posixpath import normpath
from typing import Any

from gitguard.manifests.content import TEMPLATE_TOKEN
from gitguard.model.files import ObjectFacts
from gitguard.repository.reach import Deployment

_WHOLE_PATH = re.compile(r"\{\{-?\s*\.?path(\.path)?\s*-?\}\}")
_MOST_EXPANSIONS = 1000


def deployments(path: str, facts: ObjectFacts, is_here: Callable[[str], bool]) -> Iterator[Deployment]:
    """The folders that the object in the file `path` deploys; `is_here` tells whether a repoURL names this repository."""
    content = facts.content or {}
    spec = content.get("spec", {})
    if facts.kind == "ApplicationSet":
        generators = list(_flattened(spec.get("generators", ())))
        for source in _sources(spec.get("template", {}).get("spec", {})):
            if _local(source, is_here):
                for folder in _expanded(source["path"], generators, is_here):
                    yield _deployment(path, folder, source)
    elif facts.kind == "Application":
        for source in _sources(spec):
            if _local(source, is_here):
                yield _deployment(path, source["path"], source)


def _sources(spec: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    sources = spec.get("sources") or [spec.get("source")]
    hydrator = spec.get("sourceHydrator")
    if isinstance(hydrator, dict):
        sources = [hydrator.get("drySource")]
    return [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []


def _local(source: Mapping[str, Any], is_here: Callable[[str], bool]) -> bool:
    url, path = source.get("repoURL"), source.get("path")
    return isinstance(url, str) and isinstance(path, str) and not source.get("chart") and is_here(url)


def _deployment(by: str, folder: str, source: Mapping[str, Any]) -> Deployment:
    cleaned = normpath(folder.strip("/") or ".")
    directory = source.get("directory")
    options = directory if isinstance(directory, dict) else {}
    return Deployment(
        by,
        "" if cleaned == "." else cleaned,
        options.get("recurse") is True,
        options["include"] if isinstance(options.get("include"), str) else "",
        options["exclude"] if isinstance(options.get("exclude"), str) else "",
    )


def _flattened(generators: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for generator in generators:
        for name, body in generator.items():
            yield name, body
            yield from _flattened(body.get("generators", ()))


def _expanded(template: str, generators: list[tuple[str, Mapping[str, Any]]], is_here: Callable[[str], bool]) -> Iterable[str]:
    """The folders that a templated path can become: generator values where they are known, else one path segment of any name."""
    if "{{" not in template:
        return (template,)
    whole = [
        directory["path"]
        for name, body in generators
        if name == "git" and is_here(body.get("repoURL", ""))
        for directory in body.get("directories") or ()
        if isinstance(directory, dict) and isinstance(directory.get("path"), str) and not directory.get("exclude")
    ]
    texts = [_WHOLE_PATH.sub(folder.replace("\\", r"\\"), template) for folder in whole] if _WHOLE_PATH.search(template) else [template]
    values: dict[str, list[str]] = {}
    for _, body in generators:
        for element in body.get("elements", ()):
            for key, value in element.items():
                values.setdefault(key, []).append(value)
    expanded = {folder for text in texts for folder in _filled(text, values)}
    # A path of which nothing is known could be any folder: then it says nothing.
    return sorted(folder for folder in expanded if folder.replace("*", "").strip("/"))


def _filled(text: str, values: Mapping[str, list[str]]) -> Iterable[str]:
    tokens = sorted(set(TEMPLATE_TOKEN.findall(text)))
    choices = [sorted(set(values.get(token, ()))) or ["*"] for token in tokens]
    if prod(map(len, choices)) > _MOST_EXPANSIONS:
        choices = [["*"]] * len(tokens)
    for combination in product(*choices):
        chosen = dict(zip(tokens, combination, strict=True))
        filled = TEMPLATE_TOKEN.sub(partial(_chosen, chosen), text)
        yield re.sub(r"\{\{.*?\}\}", "*", filled)


def _chosen(chosen: Mapping[str, str], match: re.Match[str]) -> str:
    return chosen[match.group(1)]
