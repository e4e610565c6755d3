"""Rendered objects, as YAML with a comment that says where each comes from, and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.model.rendering import Origin, Rendered
from gitguard.output.printing import json_text, printable
from gitguard.parse.write import written

Lines = Mapping[tuple[str, int], int]


class Shown(NamedTuple):
    """An Application that was rendered: the file that it comes from, its `namespace/name`, and one result a source."""

    path: str
    application: str
    parts: tuple[Rendered, ...]


def render(shown: Sequence[Shown], as_json: bool, lines: Lines) -> str:
    """`lines` gives the line at which a (path, document) starts. JSON is one object a line, one for each Application of the name."""
    if as_json:
        return "".join(json_text(_object(one, lines)) + "\n" for one in shown)
    return "".join(line for one in shown for line in _text(one, lines, several=len(shown) > 1))


def _text(shown: Shown, lines: Lines, *, several: bool) -> Iterator[str]:
    if several:
        yield f"# Application {printable(shown.application)} of {printable(shown.path)}\n"
    for part in shown.parts:
        if part.failure:
            yield f"# {part.pointer}: Argo CD would refuse this source: {printable(part.failure)}\n"
        if part.undetermined:
            yield f"# {part.pointer}: undetermined: {printable(part.undetermined.reason)}; needs {printable(part.undetermined.needs)}\n"
        for assumed in part.assumed:
            yield f"# {part.pointer}: {printable(assumed)}\n"
        for item in part.objects:
            place = _place(item.origin, lines)
            yield f"---\n{f'# from {printable(place)}' if place else '# origin unknown'}\n{written(item.manifest)}"


def _object(shown: Shown, lines: Lines) -> dict[str, Any]:
    return {
        "version": 1,
        "application": shown.application,
        "path": shown.path,
        "sources": [_source(part) for part in shown.parts],
        "objects": [
            {
                "apiVersion": item.api_version,
                "kind": item.kind,
                "namespace": item.namespace,
                "name": item.name,
                "path": item.origin.path,
                "line": _line(item.origin, lines),
                "remote": item.origin.remote,
                "source": part.pointer,
                "manifest": item.manifest,
            }
            for part in shown.parts
            for item in part.objects
        ],
    }


def _source(part: Rendered) -> dict[str, Any]:
    undetermined = {"reason": part.undetermined.reason, "needs": part.undetermined.needs} if part.undetermined else None
    reads = {"files": list(part.reads.files), "folders": list(part.reads.folders)}
    return {
        "pointer": part.pointer,
        "tool": part.tool,
        "failure": part.failure,
        "undetermined": undetermined,
        "assumed": list(part.assumed),
        "reads": reads,
    }


def _place(origin: Origin, lines: Lines) -> str:
    line = _line(origin, lines)
    return f"{origin.path}:{line}" if line else origin.path or origin.remote


def _line(origin: Origin, lines: Lines) -> int:
    return lines.get((origin.path, origin.document), origin.line)
