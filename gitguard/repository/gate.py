"""The files of a repository that decide whether, and how, its changes are judged, and what a change to them does."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gitguard.manifests.classify import CONFIGURATION
from gitguard.parse import read

_PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml")
_CI = (".gitlab-ci.yml", ".gitlab-ci.yaml", "Jenkinsfile", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".woodpecker.yml", ".drone.yml")
_CI_FOLDERS = (".github/workflows/", ".github/actions/", ".gitlab/", ".circleci/", ".tekton/", ".woodpecker/")
_OWNERS = ("CODEOWNERS", ".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS")
_NAME = "gitguard"
# What else in pre-commit's configuration decides which hooks run, on what.
_AROUND = ("files", "exclude", "default_stages", "fail_fast", "ci", "minimum_pre_commit_version")
# Lists of which a shorter one judges more.
_EXEMPTING = (("ignore",), ("external", "projects"))
_MISSING: Any = object()


class Weakened(NamedTuple):
    """What is no more as it was: in words, and the JSON pointer of the place, "" for the whole file."""

    message: str
    pointer: str = ""


def is_gate(path: str) -> bool:
    """May a file decide whether changes are judged?"""
    return path in (CONFIGURATION, *_PRE_COMMIT, *_CI, *_OWNERS) or path.startswith(_CI_FOLDERS)


def weakened(path: str, before: bytes | None, after: bytes | None) -> Iterator[Weakened]:
    """What the change of such a file takes away, or may; None is a file that is not there. Other words for the same are nothing."""
    if path == CONFIGURATION:
        yield from _configuration(before, after)
    elif path in _OWNERS:
        if before is not None and _lines(before) != _lines(after):
            yield Weakened("who has to approve changes (CODEOWNERS) is changed" if after is not None else "CODEOWNERS is taken away")
    elif path in _PRE_COMMIT:
        yield from _hooks(before, after)
    elif _mentions(before) or _mentions(after):
        yield from _pipeline(before, after)


def _configuration(before: bytes | None, after: bytes | None) -> Iterator[Weakened]:
    if after is None:
        yield Weakened("gitguard's configuration is taken away: the defaults would count")
        return
    was, now = _value(before), _value(after)
    if now is _MISSING:
        yield Weakened("gitguard's configuration can't be read any more")
        return
    old = was if isinstance(was, Mapping) else {}
    new = now if isinstance(now, Mapping) else {}
    for key in sorted(old.keys() | new.keys()):
        yield from _setting((str(key),), old.get(key), new.get(key))


def _setting(steps: tuple[str, ...], before: Any, after: Any) -> Iterator[Weakened]:
    pointer, name = "".join(f"/{step}" for step in steps), ".".join(steps)
    if before == after:
        return
    if steps in _EXEMPTING:
        known = before if isinstance(before, list) else []
        for number, entry in enumerate(after if isinstance(after, list) else []):
            if entry not in known:
                yield Weakened(f"`{name}` has one more entry: {_shown(entry)}", f"{pointer}/{number}")
    elif len(steps) == 1 and isinstance(before or {}, Mapping) and isinstance(after or {}, Mapping) and (before or after):
        old, new = before or {}, after or {}
        for key in sorted(old.keys() | new.keys()):
            yield from _setting((*steps, str(key)), old.get(key), new.get(key))
    elif after is None:
        yield Weakened(f"`{name}` is taken away, and was {_shown(before)}")
    else:
        yield Weakened(f"`{name}` is {_shown(after)}, and was {_shown(before) if before is not None else 'not set'}", pointer)


def _hooks(before: bytes | None, after: bytes | None) -> Iterator[Weakened]:
    was, now = _value(before), _value(after)
    old = _hooks_of(was)
    if not old:
        return
    if now is _MISSING:
        yield Weakened("the pre-commit configuration is taken away, or can't be read, and with it gitguard's hook")
        return
    new = _hooks_of(now)
    for name, hook in old.items():
        if name not in new:
            yield Weakened(f"the pre-commit hook `{name}` is taken away")
        elif new[name] != hook:
            changed = sorted(key for key in hook.keys() | new[name].keys() if hook.get(key) != new[name].get(key))
            yield Weakened(f"the pre-commit hook `{name}` is run otherwise: {', '.join(changed)}")
    for key in _AROUND:
        if _at(was, key) != _at(now, key):
            yield Weakened(f"`{key}` of the pre-commit configuration is changed, which decides what hooks run on", f"/{key}")


def _hooks_of(value: Any) -> dict[str, dict[str, Any]]:
    """gitguard's hooks by their ids, each with where it comes from."""
    found = {}
    repositories = _at(value, "repos")
    for repository in repositories if isinstance(repositories, list) else []:
        hooks = _at(repository, "hooks")
        for hook in hooks if isinstance(hooks, list) else []:
            if _NAME in str(_at(hook, "id")) or _NAME in str(_at(hook, "entry")) or _NAME in str(_at(repository, "repo")):
                found[str(_at(hook, "id"))] = {
                    **(hook if isinstance(hook, Mapping) else {}),
                    "repo": _at(repository, "repo"),
                    "rev": _at(repository, "rev"),
                }
    return found


def _pipeline(before: bytes | None, after: bytes | None) -> Iterator[Weakened]:
    if before is None:
        yield Weakened("a pipeline that speaks of gitguard is added: a check of its name may be another's")
    elif after is None:
        yield Weakened("the pipeline that runs gitguard is taken away")
    elif _mentions(before) and not _mentions(after):
        yield Weakened("the pipeline runs gitguard no more")
    else:
        was, now = _value(before), _value(after)
        same = was == now if was is not _MISSING and now is not _MISSING and isinstance(was, Mapping) else _lines(before) == _lines(after)
        if not same:
            both = isinstance(was, Mapping) and isinstance(now, Mapping)
            keys = sorted(str(key) for key in {*was, *now} if was.get(key) != now.get(key)) if both else []
            yield Weakened(f"the pipeline that runs gitguard is changed{': ' if keys else ''}{', '.join(keys)}")


def _value(content: bytes | None) -> Any:
    """The one document of a file, _MISSING where there is none that can be read."""
    if content is None:
        return _MISSING
    reading = read(content)
    if reading.problems or len(reading.documents) > 1:
        return _MISSING
    return reading.documents[0].value if reading.documents else None


def _mentions(content: bytes | None) -> bool:
    return content is not None and _NAME.encode() in content.lower()


def _lines(content: bytes | None) -> list[bytes]:
    stripped = (line.strip() for line in (content or b"").splitlines())
    return [line for line in stripped if line and not line.startswith(b"#")]


def _at(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _shown(value: Any) -> str:
    text = ", ".join(f"{key} {part}" for key, part in value.items()) if isinstance(value, Mapping) else str(value)
    return f"`{text}`"
