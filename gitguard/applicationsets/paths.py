"""Which paths a git generator takes: path.Match for directories, git's pathspecs or doublestar's globs for files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from gitguard.argo.filepath import malformed, match
from gitguard.gotemplate.texts import path_clean
from gitguard.gotemplate.values import as_bytes

_CLASSES: dict[bytes, Callable[[int], bool]] = {
    b"alnum": lambda byte: chr(byte).isalnum() and byte < 128,
    b"alpha": lambda byte: chr(byte).isalpha() and byte < 128,
    b"digit": lambda byte: 48 <= byte < 58,
    b"lower": lambda byte: 97 <= byte < 123,
    b"upper": lambda byte: 65 <= byte < 91,
}
_MOST_ALTERNATIVES = 200


class BadPath(ValueError):
    """git, or the glob library, refuses the pattern."""


class UnknownPath(ValueError):
    """The pattern uses what is not known here."""


class Rule(NamedTuple):
    """One entry of `directories` or `files`."""

    pattern: str
    exclude: bool


def directories(rules: Sequence[Rule], paths: Iterable[str]) -> list[str]:
    """The directories that a rule takes and none excludes; hidden ones, and what is below them, are never there."""
    visible = [path for path in paths if not any(part.startswith(".") for part in path.split("/"))]
    return [
        path
        for path in sorted(visible, key=lambda path: path.split("/"))
        if any(match(rule.pattern, path) for rule in rules if not rule.exclude)
        and not any(match(rule.pattern, path) for rule in rules if rule.exclude)
    ]


def by_pathspec(pattern: str, files: Iterable[str]) -> list[str]:
    """The files that `git ls-files -- PATTERN` lists: a star crosses slashes, and a directory stands for all below it."""
    if pattern.startswith(":"):
        raise UnknownPath(f"the pathspec `{pattern}` with magic")
    if pattern.startswith("/"):
        raise BadPath(f"`{pattern}` is outside of the repository")
    clean = path_clean(pattern or ".")
    if clean == ".." or clean.startswith("../"):
        raise BadPath(f"`{pattern}` is outside of the repository")
    if clean == ".":
        return list(files)
    ends = pattern.endswith(("/", "/.", "/.."))
    wanted = clean + "/" if ends else clean
    steps = _steps(as_bytes(wanted)) if any(mark in wanted for mark in "*?[\\") else None
    return [path for path in files if _literal(wanted, path) or (steps is not None and _fits(steps, as_bytes(path)))]


def _literal(wanted: str, path: str) -> bool:
    return path == wanted or (path.startswith(wanted) and (wanted.endswith("/") or path[len(wanted)] == "/"))


# A set of bytes that one byte must be in, or None for a star.
_Step = frozenset[int] | None
_ALL = frozenset(range(256))


@lru_cache(maxsize=1024)
def _steps(pattern: bytes) -> tuple[_Step, ...] | None:
    """git's wildmatch without slashes being special; None: matches nothing."""
    made: list[_Step] = []
    position = 0
    while position < len(pattern):
        byte = pattern[position : position + 1]
        position += 1
        if byte == b"*":
            if not made or made[-1] is not None:
                made.append(None)
        elif byte == b"?":
            made.append(_ALL)
        elif byte == b"[":
            found = _class(pattern, position)
            if found is None:
                return None
            members, position = found
            made.append(members)
        else:
            if byte == b"\\":
                byte = pattern[position : position + 1]
                position += 1
                if not byte:
                    return None
            made.append(frozenset(byte))
    return tuple(made)


def _class(pattern: bytes, position: int) -> tuple[frozenset[int], int] | None:
    negated = pattern[position : position + 1] in (b"!", b"^")
    position += negated
    members: set[int] = set()
    first, before = True, -1
    while first or pattern[position : position + 1] != b"]":
        byte = pattern[position : position + 1]
        if not byte:
            return None
        after = pattern[position + 1 : position + 2]
        if byte == b"[" and after == b":":
            end = pattern.find(b":]", position)
            name = pattern[position + 2 : end]
            if end < 0 or name not in _CLASSES:
                raise UnknownPath("such a class of characters in a pathspec")
            members.update(number for number in range(256) if _CLASSES[name](number))
            position, before = end + 2, -1
        elif byte == b"-" and before >= 0 and after not in (b"", b"]"):
            position += 2 if after == b"\\" else 1
            end_of = pattern[position : position + 1]
            if not end_of:
                return None
            members.update(range(before, end_of[0] + 1))
            position, before = position + 1, -1
        else:
            if byte == b"\\":
                position += 1
                byte = after
                if not byte:
                    return None
            members.add(byte[0])
            position, before = position + 1, byte[0]
        first = False
    return (_ALL - members if negated else frozenset(members)), position + 1


def _fits(steps: tuple[_Step, ...], name: Sequence[int]) -> bool:
    """Every part between stars takes its first fit, which is enough: a star crosses everything."""
    step = at = 0
    star, mark = -1, 0
    while at < len(name):
        if step < len(steps) and steps[step] is None:
            star, mark = step, at
            step += 1
            continue
        wanted = steps[step] if step < len(steps) else frozenset[int]()
        if wanted is not None and name[at] in wanted:
            step, at = step + 1, at + 1
        elif star >= 0:
            mark += 1
            step, at = star + 1, mark
        else:
            return False
    return all(rest is None for rest in steps[step:])


def by_doublestar(pattern: str, paths: Iterable[str]) -> list[str]:
    """The files and directories that doublestar's FilepathGlob finds: `**` crosses directories, a star does not."""
    clean = path_clean(pattern).lstrip("/")
    _check_glob(clean)
    if clean == ".." or clean.startswith("../"):
        return []
    alternatives = [tuple(choice.split("/")) for choice in _choices(clean)]
    return [path for path in paths if any(_components(choice, tuple(path.split("/"))) for choice in alternatives)]


def _check_glob(pattern: str) -> None:
    """Raises UnknownPath for what the library reads in surprising ways: escapes, odd braces, stars beside others, unfinished classes."""
    inside = False
    for character in pattern:
        inside = character == "[" or (inside and character != "]")
        if inside and character in "{}/":
            raise UnknownPath(f"the glob `{pattern}`")
    odd = "\\" in pattern or "{}" in pattern or pattern.count("{") != pattern.count("}")
    if odd or any(malformed(part.replace("[!", "[^")) or ("**" in part and part != "**") for part in pattern.split("/")):
        raise UnknownPath(f"the glob `{pattern}`")


def _choices(pattern: str) -> Iterator[str]:
    """`{a,b}` written out."""
    pending, count = [pattern], 0
    while pending:
        text = pending.pop()
        start = text.find("{")
        if start < 0:
            yield text
            continue
        depth, parts, begin, end = 0, [], start + 1, -1
        for number in range(start, len(text)):
            character = text[number]
            depth += (character == "{") - (character == "}")
            if (depth == 1 and character == ",") or (depth == 0 and character == "}"):
                parts.append(text[begin:number])
                begin = number + 1
            if depth == 0:
                end = number
                break
        if end < 0:
            raise UnknownPath(f"the glob `{pattern}`")
        count += len(parts)
        if count > _MOST_ALTERNATIVES:
            raise UnknownPath("a glob with so many alternatives")
        pending += [text[:start] + part + text[end + 1 :] for part in reversed(parts)]


def _components(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Component by component; all ends that `**` may have are followed at once."""
    reached = {0}
    for part in pattern:
        if part == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else set()
        else:
            reached = {position + 1 for position in reached if position < len(path) and match(part.replace("[!", "[^"), path[position])}
    return len(path) in reached
