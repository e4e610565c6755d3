"""What an expansion needs, and what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Cluster(NamedTuple):
    """A cluster as its secret describes it. `labels` and `annotations` are the secret's; None: they are not known."""

    name: str
    server: str
    project: str = ""
    labels: Mapping[str, str] | None = None
    annotations: Mapping[str, str] | None = None


def _no_project_known(name: str) -> bool | None:
    del name
    return None


class Context(NamedTuple):
    """The world around an ApplicationSet.

    `is_here(repo_url, revision)`: is that the tree under judgement? Its `directories()` and `files()` are paths below its root, `read(path)` a
    file's content. `clusters` are all clusters of the control plane but a local one without a secret; None: they are not known.
    `has_project(name)`: does the control plane have that AppProject? None: not known. `namespace` is where Applications without one land.
    `doublestar`: the controller runs with the new globbing of files. `schema` is the JSON Schema of an Application, by which unknown
    fields are dropped and those of a templatePatch checked; without it they are not.
    """

    is_here: Callable[[str, str], bool]
    directories: Callable[[], Sequence[str]]
    files: Callable[[], Sequence[str]]
    read: Callable[[str], bytes]
    clusters: Sequence[Cluster] | None = None
    has_project: Callable[[str], bool | None] = _no_project_known
    namespace: str = "argocd"
    doublestar: bool = False
    schema: Mapping[str, Any] | None = None


class Generated(NamedTuple):
    """One Application: its manifest, the parameters it was made from, and the JSON pointer of the generator that gave them."""

    manifest: dict[str, Any]
    parameters: Mapping[str, Any]
    pointer: str


class Complaint(NamedTuple):
    """What Argo CD refuses. `stops`: then it creates and updates no Application of the whole set; otherwise those that it concerns."""

    pointer: str
    message: str
    stops: bool = True


class Unknown(NamedTuple):
    """What can't be known here: the JSON pointer of the part it is about, why, and what it would take."""

    pointer: str
    reason: str
    needs: str


class Expansion(NamedTuple):
    """The Applications as far as they are known. With no `unknown` they are all there are."""

    applications: tuple[Generated, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    complaints: tuple[Complaint, ...] = ()


class Refused(Exception):
    """Argo CD gives up here."""

    def __init__(self, message: str, pointer: str) -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


class Unknowable(Exception):
    """What comes now is not known here."""

    def __init__(self, reason: str, needs: str, pointer: str) -> None:
        super().__init__(reason)
        self.unknown = Unknown(pointer, reason, needs)
