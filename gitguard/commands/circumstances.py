"""What a change is judged by beside its two sides: the CI system's word, the files that run the gate, what the environment before has had."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gitguard.commands.occasion import occasion
from gitguard.edges import promotions
from gitguard.edges.git import GitRepository
from gitguard.model.change import Change, ChangedPath, Occasion, Promotion
from gitguard.model.configuration import Configuration, Environment
from gitguard.model.files import REGULAR, Entry
from gitguard.repository.gate import is_gate, is_workflow
from gitguard.repository.promotion import counterpart

_LARGEST_EVENT = 25_000_000


def known(change: Change, git: GitRepository, environment: Mapping[str, str], base: str, ends: tuple[str, str], entries: Sequence[Entry]) -> Change:
    """The change, with all of it. `base` is what --base names, `ends` are the commits that it and the head are, `entries` the tree before."""
    named = git.ask("rev-parse", "--symbolic-full-name", "--verify", "--quiet", "--end-of-options", base, allow=(0, 1, 128))
    occasion_ = occasion(environment, _event(environment.get("GITHUB_EVENT_PATH", "")), named.decode("utf-8", "replace").strip())
    return change._replace(
        occasion=occasion_,
        gate=_gate(change.paths, git, entries),
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


def _gate(paths: Sequence[ChangedPath], git: GitRepository, entries: Sequence[Entry]) -> Mapping[str, tuple[bytes | None, bytes | None]]:
    """The contents of each path by itself: a file that is renamed is gone from where it was read. With a workflow come all workflows."""
    before = {one.before.path: one.before for one in paths if one.before is not None and is_gate(one.before.path)}
    after = {one.after.path: one.after for one in paths if one.after is not None and is_gate(one.after.path)}
    if any(is_workflow(path) for path in (*before, *after)):
        same = {entry.path: entry for entry in entries if is_workflow(entry.path) and entry.path not in before and entry.path not in after}
        before, after = before | same, after | same
    was, now = _contents(before, git), _contents(after, git)
    return {path: (was.get(path), now.get(path)) for path in sorted(before.keys() | after.keys())}


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
    changed = {one.after.path: one for one in paths if one.after is not None and environment.has(one.after.path) and _is_yaml(one.after.path)}
    now = _contents({path: one.after for path, one in changed.items() if one.after is not None}, git)
    was = _contents({path: one.before for path, one in changed.items() if one.before is not None}, git)
    return {
        path: (was.get(path), content, promotions.versions(git, base, other) if (other := counterpart(path, environment, earlier)) else None)
        for path, content in now.items()
    }


def _contents(entries: Mapping[str, Entry], git: GitRepository) -> Mapping[str, bytes]:
    """The contents of the plain files among them, by their keys; empty where git does not have one."""
    plain = {path: entry for path, entry in entries.items() if entry.mode in REGULAR}
    read = git.read(list(plain.values()))
    return {path: content if isinstance(content, bytes) else b"" for path, (_, content) in zip(plain, read, strict=True)}


def _is_yaml(path: str) -> bool:
    return path.lower().endswith((".yaml", ".yml", ".json"))
