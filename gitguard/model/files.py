"""What is read: an entry of a git tree, and the facts that one file holds, free of where and when it was read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gitguard.model.suppression import Suppression

REGULAR = ("100644", "100755", "100664")
SYMLINK = "120000"
SUBMODULE = "160000"


class Entry(NamedTuple):
    """One file of a work tree, an index or a commit.

    `mode` is git's octal mode; `blob` git's object id of the content, or "" where the work tree differs from the index and the id is
    not known before the file is read. `stored` says that the content is to be read from git's objects, not from the work tree.
    """

    path: str
    mode: str
    blob: str
    stored: bool = False


class Violation(NamedTuple):
    """A rule that one document breaks on its own account, with its place: line and column are 1-based."""

    rule: str
    pointer: str
    message: str
    fix: str
    line: int
    column: int
    document: int


class ObjectFacts(NamedTuple):
    """One Kubernetes object of a file.

    `document` counts the file's documents from 0, `prefix` is the JSON pointer of the object within its document ("" or "/items/3" in a
    List, or its place in the values of an argocd-apps chart). `schema` says which schemas judged it: "builtin", "custom" (a CRD of the
    repository) or "" (none). `content` is the part of it that rules read, free of secret values, or None where no rule reads any.
    `in_values` marks an object that a chart will make of values: there the fields of its spec lie directly below `prefix`.
    """

    document: int
    prefix: str
    api_version: str
    kind: str
    namespace: str
    name: str
    schema: str
    content: Mapping[str, Any] | None = None
    in_values: bool = False

    def at(self, pointer: str) -> str:
        """The JSON pointer within the document of a field of the object."""
        return self.prefix + (pointer.removeprefix("/spec").removeprefix("/metadata") if self.in_values else pointer)


class FileFacts(NamedTuple):
    """All that gitguard knows of one blob: what its objects are, which rules they break, what was not judged and why.

    `skipped` are the reasons for documents that are no manifests, `declares` the Argo CD kinds that a Helm template mentions,
    `custom_resources` the kinds that its CRDs define, each as "group/version/Kind", `suppressions` what its comments accept; of what they cover
    nothing is kept here, since it may be a secret.
    """

    objects: tuple[ObjectFacts, ...] = ()
    violations: tuple[Violation, ...] = ()
    skipped: tuple[str, ...] = ()
    kustomization: Mapping[str, Any] | None = None
    declares: tuple[str, ...] = ()
    custom_resources: tuple[str, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    cacheable: bool = True


class Unreadable(NamedTuple):
    """A file that should have been judged and was not; the run is incomplete (exit code 3)."""

    path: str
    message: str
