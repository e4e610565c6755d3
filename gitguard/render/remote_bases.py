"""What kustomize takes for a repository or a file on the network, and how it takes the URL apart.

Source: sigs.k8s.io/kustomize/api, internal/git/repospec.go and internal/loader/fileloader.go.
"""

import re
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import parse_qs

from gitguard.model.rendering import Remote
from gitguard.render.outcomes import Refused

_REMOTE = re.compile(r"(?i)^(?:git::)?(?:[a-z][a-z0-9+.\-]*://|gh:|(?:www\.)?github\.com[:/]|[^/@\s]+@[^/:\s]+[:/])")
_FILE = re.compile(r"(?i)^https?://[^?#]*\.(?:ya?ml|json)$")
_SCHEME = re.compile(r"(?i)^(?:ssh|https?)://")
_USER = re.compile(r"^[a-zA-Z][a-zA-Z0-9-]*@")
_GITHUB = re.compile(r"(?i)^github\.com[/:]")


class Base(NamedTuple):
    """A kustomization's folder in a repository on the network."""

    remote: Remote
    folder: str


def is_remote(entry: str) -> bool:
    """Is it on the network, whatever it is?"""
    return _REMOTE.match(entry) is not None


def is_file(entry: str) -> bool:
    """Is it a file to download? Kustomize asks the server first; the name tells as much without."""
    return _FILE.match(entry) is not None


def base(entry: str) -> Base:
    """The repository, its revision and the folder that an entry names; Refused where kustomize makes nothing of it."""
    written, _, query = entry.partition("?")
    host, rest = _host(entry, re.sub(r"(?i)^git::", "", written))
    repository, folder = _split(rest, entry)
    asked = parse_qs(query)
    revision = next((asked[name][0] for name in ("ref", "version") if asked.get(name)), "")
    return Base(Remote("git", host + repository, revision), folder.strip("/"))


def _host(entry: str, written: str) -> tuple[str, str]:
    scheme = _prefix(_SCHEME, written)
    rest = written[len(scheme) :]
    user = _prefix(_USER, rest)
    rest = rest[len(user) :]
    is_github = _GITHUB.match(rest) is not None
    scp = not scheme and (bool(user) or is_github)
    if not scheme and not scp:
        raise Refused(f"`{entry}` is neither a file nor a folder of the repository, nor a repository")
    ends = [rest.find(mark) for mark in ("/:" if scp else "/") if mark in rest]
    end = min(ends) + 1 if ends else 0
    host, rest = rest[:end], rest[end:]
    if is_github:
        by_ssh = scheme.lower() == "ssh://" or bool(user)
        return (f"{user}github.com:" if by_ssh else "https://github.com/"), rest
    if not host:
        raise Refused(f"`{entry}` names no host")
    return scheme.lower() + user + host, rest


def _split(path: str, entry: str) -> tuple[str, str]:
    """The repository's path and the folder in it, by the marks that kustomize knows: `_git/`, `//`, `.git`; else two parts are the repository."""
    if "_git/" in path:
        before, _, after = path.partition("_git/")
        name, _, folder = after.partition("/")
        repository = f"{before}_git/{name}"
    elif "//" in path:
        repository, _, folder = path.partition("//")
    elif ".git" in path:
        before, _, folder = path.partition(".git")
        repository = f"{before}.git"
    else:
        parts = path.split("/")
        repository, folder = "/".join(parts[:2]), "/".join(parts[2:])
        if len(parts) < 2:
            repository = ""
    if not repository:
        raise Refused(f"`{entry}` names no repository")
    if normpath(folder.lstrip("/")).split("/")[0] == "..":
        raise Refused(f"`{entry}`: url path exits repo")
    return repository, folder


def _prefix(pattern: re.Pattern[str], written: str) -> str:
    found = pattern.match(written)
    return found.group() if found else ""
