"""What a change is judged by beside its two sides: the CI system's word, the files that run the gate, what the environment before has had."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gitguard.commands.occasion import occasion
from gitguard.edges import promotions
from gitguard.edges.git import GitRepository
from gitguard.model.change import Change, ChangedPath, Occasion, Promotion
from gitguard.model.configuration import Configuration, Environment
from gitguard.model.files import REGULAR, Entry
from gitguard.repository.gate import Contents, is_gate, is_workflow
from gitguard.repository.promotion import counterpart

_LARGEST_EVENT = 25_000_000


def known(change: Change, git: GitRepository, environment: Mapping[str, str], base: str, ends: tuple[str, str], entries: Sequence[Entry]) -> Change:
    """The change, with all of it. `base` is what --base names, `ends` are the commits that it and the head are, `entries` the tree before."""
    named = git.ask("rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", base, allow=(0, 1, 128))
    occasion_ = occasion(environment, _event(environment.get("GITHUB_EVENT_PATH", "")), named.decode("utf-8", "replace").strip())
    return change._replace(
        occasion=occasion_,
        gate=_gate(change, git, entries),
        promotions=dict(_promotions(change.after.configuration, change.paths, git, ends, occasion_)),
    )


def _event(path: str) -> bytes:
    if not path:
        return b""
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_EVENT)
    except OSError:
        return b""


def _gate(change: Change, git: GitRepository, entries: Sequence[Entry]) -> Mapping[str, Contents]:
    """The contents of each path by itself: a file that is renamed is gone from where it was read. With a workflow come all workflows."""
    sides = ([one.before for one in change.paths], [one.after for one in change.paths])
    baseline = change.after.configuration.baseline
    before, after = ({entry.path: entry for entry in side if entry is not None and (is_gate(entry.path) or entry.path == baseline)} for side in sides)
    if any(is_workflow(path) for path in (*before, *after)):
        same = {entry.path: entry for entry in entries if is_workflow(entry.path) and entry.path not in before and entry.path not in after}
        before, after = before | same, after | same
    was, now = _contents(before, git), _contents(after, git)
    return {path: (was.get(path), now.get(path)) for path in sorted(before.keys() | after.keys())}


def compared_contents(paths: Iterable[ChangedPath], git: GitRepository) -> Mapping[str, Contents]:
    """The contents of files before and after, by their paths now; where they were renamed, of the same file."""
    changed = {one.path: one for one in paths}
    was = _contents({path: one.before for path, one in changed.items() if one.before is not None}, git)
    now = _contents({path: one.after for path, one in changed.items() if one.after is not None}, git)
    return {path: (was.get(path), now.get(path)) for path in changed}


def _promotions(
    configuration: Configuration, paths: Sequence[ChangedPath], git: GitRepository, ends: tuple[str, str], occasion_: Occasion
) -> Iterator[tuple[str, Promotion]]:
    by_name = {environment.name: environment for environment in configuration.environments}
    for environment in configuration.environments:
        if environment.after:
            earlier = by_name[environment.after]
            commits = promotions.missing(git, *ends, earlier.branches) if earlier.branches and environment.receives(occasion_.base) else ()
            yield environment.name, Promotion(_files(environment, earlier, paths, git, ends[0]), commits)


def _files(
    environment: Environment, earlier: Environment, paths: Sequence[ChangedPath], git: GitRepository, base: str
) -> Mapping[str, tuple[bytes | None, bytes, tuple[bytes, ...] | None]]:
    if not environment.paths or not earlier.paths:
        return {}
    changed = [one for one in paths if one.after is not None and environment.has(one.after.path) and _is_yaml(one.after.path)]
    return {
        path: (was, now, promotions.versions(git, base, other) if (other := counterpart(path, environment, earlier)) else None)
        for path, (was, now) in compared_contents(changed, git).items()
        if now is not None
    }


def _contents(entries: Mapping[str, Entry], git: GitRepository) -> Mapping[str, bytes]:
    """The contents of the plain files among them, by their keys; empty where git does not have one."""
    plain = {path: entry for path, entry in entries.items() if entry.mode in REGULAR}
    read = git.read(list(plain.values()))
    return {path: content if isinstance(content, bytes) else b"" for path, (_, content) in zip(plain, read, strict=True)}


def _is_yaml(path: str) -> bool:
    return path.lower().endswith((".yaml", ".yml", ".json"))
