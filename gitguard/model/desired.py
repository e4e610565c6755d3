"""What git wants to be in a cluster, object by object, with what git asks Argo CD to leave alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from gitguard.model.argo import Cluster
from gitguard.model.drift import ObjectKey


class Every(NamedTuple):
    """Every entry of a list, or every value of a mapping; with `field`, those whose field at these keys is `value`."""

    field: tuple[str, ...] = ()
    value: Any = None


Step = str | int | Every


class Fields(NamedTuple):
    """Fields of an object, named step by step: a key, an index, or what is to be true of a list's entries. `text` is how git names them."""

    text: str
    steps: tuple[Step, ...]


class Care(NamedTuple):
    """How git has Argo CD treat one object: by its Application, by annotations of the object as git renders it, and by argocd-cm.

    `automated` and `self_heal`: its Application syncs by itself, and takes changes back. `prune` and `delete` are False where it must not be
    deleted when git no longer has it, or when its Application goes. `replace` and `server_side_apply` are how Argo CD writes it. `wave` is its
    sync wave. `extraneous`: nobody minds that it is there. `fields` are not compared, nor are those that one of `managers` owns
    by the live object's managedFields. `undecided` names the expressions that can't be evaluated here: nothing can be said of the object then.
    """

    automated: bool = True
    self_heal: bool = True
    prune: bool = True
    delete: bool = True
    replace: bool = False
    server_side_apply: bool = False
    wave: int = 0
    extraneous: bool = False
    fields: tuple[Fields, ...] = ()
    managers: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """One object by git's word.

    `manifest` is whole: unlike rendered objects elsewhere it has the values of Secrets, and must not be logged or kept on disk. `origin` is the
    file that it comes from, "" where that is not known. `application` is the `namespace/name` of the Application that deploys it, "" for
    Argo CD's own objects (`control_plane`), and `made_by` what makes it of them, "" where it is applied as it is.
    """

    key: ObjectKey
    manifest: Mapping[str, Any]
    origin: str
    commit: str
    application: str = ""
    control_plane: bool = False
    care: Care = Care()
    made_by: str = ""

    def __repr__(self) -> str:
        return f"Wanted({self.key}, {self.origin!r}, {self.commit!r}, {self.application!r})"

    def says_the_same(self, other: "Wanted") -> bool:
        """Is the other the same word on the object, whichever commit it is of?"""
        return (self.manifest, self.care) == (other.manifest, other.care)


class LeftOut(NamedTuple):
    """Something that git has and that is not enforced: what it is, and why."""

    what: str
    reason: str


class Desired(NamedTuple):
    """Everything that git wants, at one commit, of Argo CD's own objects or of one Application.

    `hooks` are objects that syncs make and that are nobody's state. `complete` is False where something was left out: an object that is
    not in `objects` may then be wanted all the same.
    """

    commit: str
    objects: Mapping[ObjectKey, Wanted] = MappingProxyType({})
    left_out: tuple[LeftOut, ...] = ()
    hooks: frozenset[ObjectKey] = frozenset()

    @property
    def complete(self) -> bool:
        """Is what is not here not wanted?"""
        return not self.left_out


class Watched(NamedTuple):
    """The cluster that is watched, as far as it tells what git means.

    A destination means it by one of `names` or `servers`. `clusters` are those that Argo CD's live cluster secrets name, for destinations that
    git alone does not resolve. `control_plane`: Argo CD itself runs there. `kinds` are the (group, kind) that it serves, with whether they are
    namespaced; `version` is its Kubernetes version ("1.37.2") and `api_versions` are its `group/version` and `group/version/Kind`, for charts.
    """

    names: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    clusters: tuple[Cluster, ...] = ()
    control_plane: bool = True
    kinds: Mapping[tuple[str, str], bool] = MappingProxyType({})
    version: str = ""
    api_versions: tuple[str, ...] = ()


class Synced(NamedTuple):
    """Which revisions Argo CD says that it brought an Application to, one a source: the last ones, and those before where they are known."""

    revisions: tuple[str, ...] = ()
    previous: tuple[str, ...] = ()
