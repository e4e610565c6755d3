"""What a look at a repository tells of how it is laid out, and the files that are proposed for it."""

from typing import NamedTuple


class Surroundings(NamedTuple):
    """What git tells beside the tree: `remotes` are URLs, `branches` short names of the remotes' branches (of one's own where there is no remote),
    `default` the branch that changes go to ("" where nobody tells), `folder` the name of the work tree's folder."""

    remotes: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    default: str = ""
    folder: str = ""


class Hint(NamedTuple):
    """A setting that a file tells: `about` is "argocd" or "kubernetes" (a version), "namespaces" (patterns, with commas between) or "cluster" (the
    server, with its `name`); `path` is the file."""

    about: str
    value: str
    path: str
    name: str = ""


class OwnUrl(NamedTuple):
    """The URL that Applications mean this repository by: of the folders `named` at it so many are `here`; or it is where `remote` is, written
    otherwise. `sure` is False for no more than a guess."""

    url: str
    here: int = 0
    named: int = 0
    remote: str = ""
    sure: bool = True


class SeenEnvironment(NamedTuple):
    """An environment that the layout shows. `kind` is how: "folder", "values", "branch" or "repository".

    `files` and `applications` count what belongs to it, `destinations` are where these Applications deploy, as they name it.
    """

    name: str
    kind: str
    paths: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    files: int = 0
    applications: int = 0
    destinations: tuple[str, ...] = ()


class SeenCluster(NamedTuple):
    """A cluster that Applications deploy to, or that a secret declares; `name` or `server` is "" where nobody tells it.

    `declared` is the file of its cluster secret that gitguard reads itself, `told` one that something else makes the secret of.
    """

    name: str
    server: str
    applications: int = 0
    declared: str = ""
    told: str = ""


class Layout(NamedTuple):
    """A repository, as `gitguard init` sees it.

    `url` is there where Applications mean this repository by none of its remotes, `named` says whether they name one of them; `roots` are the folders
    that nothing here deploys, with how many of Argo CD's objects lie there; `missing` AppProjects that are named and not declared, with how many
    Applications name them; `templates` the files of which only a renderer can tell Argo CD's objects; `unread` the files that could not be read.
    """

    files: int = 0
    manifests: int = 0
    applications: int = 0
    sets: int = 0
    projects: int = 0
    dead: int = 0
    url: OwnUrl | None = None
    named: bool = True
    environments: tuple[SeenEnvironment, ...] = ()
    clusters: tuple[SeenCluster, ...] = ()
    roots: tuple[tuple[str, int], ...] = ()
    namespaces: tuple[str, ...] = ()
    control_plane: str = ""
    missing: tuple[tuple[str, int], ...] = ()
    hints: tuple[Hint, ...] = ()
    templates: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class ProposedFile(NamedTuple):
    """A file that may be written: its path in the repository, and its text."""

    path: str
    text: str


class LeftFile(NamedTuple):
    """A file that is not written, why, and `lines` that would have to be added to it by hand ("": none)."""

    path: str
    reason: str
    lines: str = ""


class Proposal(NamedTuple):
    """All that `gitguard init` proposes. `ci` is the kind of pipeline ("github", "gitlab", "jenkins", "other"); `script` what another CI system has
    to run, "" where a file is proposed for it; `remarks` what a person should know."""

    seen: Layout
    around: Surroundings
    ci: str
    files: tuple[ProposedFile, ...] = ()
    left: tuple[LeftFile, ...] = ()
    script: str = ""
    remarks: tuple[str, ...] = ()
