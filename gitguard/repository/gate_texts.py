"""What a change of CODEOWNERS or of git's attributes means for who reviews, and for what is checked out."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase

from gitguard.repository.gate import Weakening

# Attributes by which what git checks out, or shows a reviewer, differs from what it stores.
_CHANGING = ("filter", "working-tree-encoding", "ident", "export-ignore", "export-subst", "eol", "text", "crlf", "merge")
_HIDING = ("diff", "binary", "linguist-generated", "linguist-vendored", "gitlab-generated")


def owners_weakened(before: bytes | None, after: bytes | None, protected: Sequence[str]) -> Iterator[Weakening]:
    """The paths among those `protected` that have other owners now; those that share them are told at once."""
    was, now = _lines(before), _lines(after)
    moved: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for path in protected:
        old, new = tuple(_owners(was, path)), tuple(_owners(now, path))
        if old and set(old) != set(new):
            moved.setdefault((old, new), []).append(path)
    for (old, new), paths in moved.items():
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        who = ", ".join(f"`{owner}`" for owner in new) or "nobody"
        message = f"`{paths[0]}`{more} is owned by {who}, no more by {', '.join(f'`{owner}`' for owner in old)}"
        yield Weakening("", message, "let its owners change who owns it")


def attributes_weakened(before: bytes | None, after: bytes | None) -> Iterator[Weakening]:
    """The attributes that are added by which files look otherwise than git stores them."""
    for line in [line for line in _lines(after) if line not in _lines(before)]:
        pattern, *attributes = line
        for attribute in attributes:
            name = attribute.lstrip("-!").partition("=")[0]
            if name in _CHANGING and attribute not in ("text", "text=auto", "eol=lf"):
                yield Weakening("", f"`{attribute}` of `{pattern}`: what is checked out, or packed, is not what was judged")
            elif name in _HIDING:
                yield Weakening("", f"`{attribute}` of `{pattern}`: reviewers are not shown what changes there")


def _lines(content: bytes | None) -> list[list[str]]:
    text = (content or b"").decode("utf-8", "replace")
    return [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "["))]


def _owners(lines: Iterable[Sequence[str]], path: str) -> Sequence[str]:
    """Those of the last line that matches, as forges read it."""
    found: Sequence[str] = ()
    for pattern, *owners in lines:
        if _matches(pattern, path):
            found = owners
    return found


def _matches(pattern: str, path: str) -> bool:
    anchored = "/" in pattern.rstrip("/")
    plain = pattern.strip("/").replace("**/", "*").removesuffix("/**")
    candidates = [path] if anchored else [path, *path.split("/")]
    return plain in ("*", "**") or any(fnmatchcase(one, plain) or (anchored and one.startswith(f"{plain}/")) for one in candidates)
