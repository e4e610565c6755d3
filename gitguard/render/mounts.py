"""Where things from outside lie in the tree that renderings see: below a folder that no git tree can have, each in a room of its own.

Nothing leaves its room: neither `..` nor a link leads from one into another, or into the repository, and no path of the repository into one.
"""

import re
from hashlib import sha256
from posixpath import join

from gitguard.model.rendering import Remote

# Git refuses to track anything below `.git`, so no file of a repository can be there.
_OWN_COMMITS = ".git/commit"
_FETCHED = ".git/remote"
_ROOT = re.compile(rf"(?:{re.escape(_OWN_COMMITS)}|{re.escape(_FETCHED)})/[0-9a-f]+")
FILE = "file"
# What it takes, for people.
CHART = "`--render always`, which fetches it and keeps it for later runs, or the chart vendored into the repository"
DEPENDENCY = "`--render always`, which fetches it and keeps it for later runs, or `helm dependency build` and charts/ committed"
REPOSITORY = "`--render always`, which fetches that repository and keeps it for later runs"
BASE = "`--render always`, which fetches it and keeps it for later runs, or a copy of it in the repository"


def place(remote: Remote) -> str:
    """The folder for it."""
    return join(_OWN_COMMITS if remote.kind == "commit" else _FETCHED, key(remote))


def key(remote: Remote) -> str:
    """A short name of it, for folders and references."""
    return sha256(repr(tuple(remote)).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def root_of(path: str) -> str:
    """The room that a path lies in, "" for the repository itself."""
    found = _ROOT.match(path) if path.startswith(".git/") else None
    return found.group() if found and (len(path) == found.end() or path[found.end()] == "/") else ""


def is_fetched(path: str) -> bool:
    """Does it come from outside, and not from this repository's own history?"""
    return path.startswith(f"{_FETCHED}/")


def shown(url: str) -> str:
    """A URL without the credentials that may be in it, and without what a terminal would take for a command."""
    return re.sub(r"[\x00-\x1f\x7f]", "", re.sub(r"://[^/@]*@", "://", url))[:200]


def described(remote: Remote) -> str:
    """What it is, for people."""
    if remote.kind == "chart":
        return f"chart {remote.name} {remote.revision} of {shown(remote.url)}".replace("  ", " ")
    if remote.kind == "commit":
        return f"commit {remote.revision[:12]}"
    return f"{shown(remote.url)}{f' at {remote.revision}' if remote.revision else ''}"
