"""What an Application's sources make: objects with where they come from, or why there are none."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Remote(NamedTuple):
    """Something outside of the tree that is judged, which a rendering reads.

    `kind` is "git" (the repository `url` at `revision`), "chart" (the chart `name` of the chart repository `url`, `revision` a version or a
    range of them), "file" (what `url` answers), or "commit" (this repository at the commit `revision`).
    """

    kind: str
    url: str
    revision: str = ""
    name: str = ""


class Origin(NamedTuple):
    """The file of the repository that made an object; `document` counts its documents from 0, -1 where only the file is known.

    `path` is "" where not even that is known; `remote` tells the file where it lies outside of the repository. `line` is the line (1-based) of
    `kind:` in the part of a template that made it, 0 where the template does not tell.
    """

    path: str = ""
    document: int = -1
    line: int = 0
    remote: str = ""


class RenderedObject(NamedTuple):
    """One object as Argo CD would apply it. The values of Secrets, and of variables named like credentials, are replaced by a mask.

    `secret`: it has such values. Only what was rendered plain, for a comparison, still has them, and that is neither kept nor shown.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    origin: Origin
    manifest: Mapping[str, Any]
    secret: bool = False


class Reads(NamedTuple):
    """What a rendering depends on: `files` by name, also those that do not exist (yet), and `folders` with everything below them."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def touches(self, path: str) -> bool:
        """Could a change of the file at `path` change the rendering?"""
        return path in self.files or any(not folder or path.startswith(f"{folder}/") for folder in self.folders)


class Lacking(NamedTuple):
    """Why something could not be rendered here, and what it would take; Argo CD itself may well be able to.

    `elsewhere`: it is no part of the repository at all; `remotes` are what has to be fetched, none where fetching would not help.
    """

    reason: str
    needs: str
    elsewhere: bool = False
    remotes: tuple[Remote, ...] = ()


class Rendered(NamedTuple):
    """One source of an Application, rendered.

    `application` is the Application's `namespace/name`, `pointer` the place of the source in it ("/spec/source", "/spec/sources/1").
    `failure` is what Argo CD or its tool says where it refuses ("" where it does not), `undetermined` is set where it can't be told.
    `assumed` are the things that the objects depend on and that only the cluster knows. `skipped`: nobody asked for this source's objects.
    """

    application: str
    pointer: str
    tool: str = ""
    objects: tuple[RenderedObject, ...] = ()
    reads: Reads = Reads()
    failure: str = ""
    undetermined: Lacking | None = None
    assumed: tuple[str, ...] = ()
    skipped: bool = False
