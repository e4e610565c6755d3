"""gitguard's side of the questions about ApplicationSets and templates, in the words of the test bed."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from gitguard.applicationsets import Cluster, Context, Expansion, expand
from gitguard.applicationsets.paths import BadPath, UnknownPath, by_doublestar, by_pathspec
from gitguard.edges import data
from gitguard.gotemplate import TemplateError, Undecided, from_json, render
from tests.oracle.dialogue import ask

UNDECIDED = "undecided"
SCHEMA = json.loads(data.load("argocd/Application-3.6.json") or b"{}")


class Outcome(NamedTuple):
    """Both answers to many questions."""

    asked: int
    succeeded: int
    undecided: int
    disagreements: list[tuple[Any, Any, Any]]


def compare(program: Path, lines: Iterable[dict[str, Any]], own: Callable[[Mapping[str, Any]], Any], agree: Callable[[Any, Any], bool]) -> Outcome:
    """Ask the test bed and gitguard; `agree` compares its answer with the bed's."""
    asked = list(lines)
    outcome = Outcome(len(asked), 0, 0, [])
    for line, said in zip(asked, ask(program, asked), strict=True):
        mine = own(line)
        outcome = outcome._replace(succeeded=outcome.succeeded + ("error" not in said), undecided=outcome.undecided + (mine == UNDECIDED))
        if mine != UNDECIDED and not agree(mine, said):
            outcome.disagreements.append((line, said, mine))
    return outcome


def rendered(line: Mapping[str, Any]) -> Any:
    """The text of a template, None for an error."""
    try:
        return re.sub("[\ud800-\udfff]", "\ufffd", render(line["template"], from_json(line["params"]), line["options"]))
    except TemplateError:
        return None
    except Undecided:
        return UNDECIDED


def same_text(mine: Any, said: Any) -> bool:
    return bool(mine == (None if "error" in said else said.get("text", "")))


def folders(files: Iterable[str]) -> list[str]:
    return sorted({"/".join(parts[:number]) for parts in (file.split("/") for file in files) for number in range(1, len(parts))})


def listed(line: Mapping[str, Any]) -> Any:
    """The paths of a pattern, None for an error."""
    files = list(line["files"])
    try:
        return sorted(by_doublestar(line["pattern"], [*files, *folders(files)]) if line["doublestar"] else by_pathspec(line["pattern"], files))
    except BadPath:
        return None
    except UnknownPath:
        return UNDECIDED


def same_paths(mine: Any, said: Any) -> bool:
    if "error" in said:
        return mine is None
    # git's own folder is no part of the tree, but the glob library sees it.
    return bool(mine == sorted(path for path in set(said.get("paths") or []) if path != "." and not re.match(r"\.git(?:/|$)|\.\.", path)))


def context(line: Mapping[str, Any]) -> Context:
    files = line["files"]
    clusters = tuple(Cluster(one["name"], one["server"], one.get("project", ""), one["labels"], one["annotations"]) for one in line["clusters"])
    return Context(
        is_here=lambda url, revision: True,
        directories=lambda: folders(files),
        files=lambda: sorted(files),
        read=lambda path: files[path].encode(),
        clusters=clusters,
        has_project=lambda name: name in line["projects"],
        doublestar=line["doublestar"],
        schema=SCHEMA,
    )


def expanded(line: Mapping[str, Any]) -> Any:
    """(is the set refused, its Applications as text); where Argo CD's controller panics there are none."""
    made: Expansion = expand(line["applicationSet"], context(line))
    if made.unknown:
        return UNDECIDED
    return any(complaint.stops for complaint in made.complaints), sorted(plain(one.manifest) for one in made.applications)


def same_applications(mine: Any, said: Any) -> bool:
    refused, applications = mine
    if said.get("reason") in ("panic", "unreadable"):
        # Nothing is said of the Applications that came before.
        return bool(refused)
    return bool(refused == ("error" in said) and applications == sorted(plain(one) for one in said.get("applications") or []))


def plain(manifest: Mapping[str, Any]) -> str:
    """Without what is empty: Go leaves it out, or writes it down, as the field's tag says."""
    kept = {key: manifest[key] for key in ("metadata", "spec", "operation") if key in manifest}
    return json.dumps(_without_empty(kept), sort_keys=True)


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        made = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in made.items() if item is not False and item not in (None, "", {}, [])}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
