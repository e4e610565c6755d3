"""Argo CD's own objects as a commit declares them, from wherever they come, and which of them count for a cluster."""

from collections.abc import Iterator, Mapping, Sequence
from posixpath import join
from typing import Any, NamedTuple

from gitguard.argo.clusters import IN_CLUSTER_SERVER, Unresolved
from gitguard.argo.syncing import Rule, care, is_hook, pointer
from gitguard.commands.deploying import Deployments, Node
from gitguard.commands.reading import Reader
from gitguard.manifests.classify import Charts
from gitguard.model.desired import Care, Desired, LeftOut, Wanted, Watched
from gitguard.model.drift import ObjectKey
from gitguard.model.files import ObjectFacts
from gitguard.model.rendering import Rendered, RenderedObject
from gitguard.model.repository import Application, Repository
from gitguard.parse import read
from gitguard.reconciler.desired import joined, shown
from gitguard.render.helm import ASSUMED_VERSIONS
from gitguard.repository.assemble import walked
from gitguard.repository.choices import cluster_of
from gitguard.repository.kustomize import kustomizations
from gitguard.repository.reach import Walk

_ARGO = "argoproj.io"
_KINDS = ("Application", "ApplicationSet", "AppProject")
_Object = Mapping[str, Any]


class Declared(NamedTuple):
    """An Application by git's word: its whole manifest, and why it is not enforced here, "" where it is."""

    key: str
    application: Application
    manifest: _Object
    commit: str
    reason: str = ""


class _Found(NamedTuple):
    """One of Argo CD's objects: the places that tell its environment, what makes it, and by which manifest, if an Application or a set does."""

    manifest: _Object
    origin: str
    places: tuple[str, ...]
    made_by: str = ""
    parent: _Object | None = None


def is_control_plane(key: ObjectKey) -> bool:
    """Is it one of the objects that tell Argo CD what to do?"""
    return (key.group == _ARGO and key.kind in _KINDS) or (key.group == "" and key.kind == "ConfigMap" and key.name.startswith("argocd-"))


def _is_one(facts: ObjectFacts) -> bool:
    return is_control_plane(ObjectKey(facts.api_version.rpartition("/")[0], facts.kind, "", facts.name))


def control_paths(repository: Repository) -> frozenset[str]:
    """The files that hold Argo CD's objects, patches of them included, and templates that may make some."""
    held = {path for path, facts in repository.files.items() if any(map(_is_one, facts.objects))}
    return frozenset(held | {path for path, _ in repository.templates})


class Collected:
    """Argo CD's objects of one commit, from wherever they come, and which of them count for the cluster."""

    def __init__(
        self, deployments: Deployments, repository: Repository, watched: Watched, nodes: Sequence[Node], reader: Reader, paths: frozenset[str]
    ) -> None:
        self._deployments = deployments
        self._repository = repository
        self._watched = watched
        self._nodes = nodes
        self._reader = reader
        self._paths = paths
        self._settings = repository.configuration
        self._namespace = repository.configuration.argocd.namespace
        self._parents: dict[ObjectKey, tuple[_Object, bool]] = {}
        joints = kustomizations(repository.files)
        self._walk = walked(self._settings, repository.files, repository.not_objects, joints, Charts(repository.tree))

    def desired(self, commit: str) -> Desired:
        """What counts, with no care yet: that depends on what is found here."""
        left_out: list[LeftOut] = []
        wanted: list[Wanted] = []
        covered: set[str] = set()
        applied = [*self._of_applications(left_out, covered), *self._by_hand(left_out, covered), *self._lying(covered)]
        for found in (*applied, *self._generated(applied, left_out)):
            key = self._key(found.manifest)
            reason = self._not_here(found, key)
            if reason:
                left_out.append(LeftOut(shown(key), reason))
                continue
            manifest = {**found.manifest, "metadata": {**(found.manifest.get("metadata") or {}), "namespace": key.namespace}}
            wanted.append(Wanted(key, manifest, found.origin, commit, control_plane=True, made_by=found.made_by))
            if found.parent is not None:
                self._parents[key] = found.parent, found.made_by.startswith("ApplicationSet ")
        # What can't be read may declare anything.
        left_out += [LeftOut(one.path, one.message) for one in self._repository.unreadable]
        left_out += [LeftOut(path, f"it can't be read: {broken}") for path, broken in self._broken()]
        left_out += [LeftOut(path, f"templates that make {', '.join(kinds)}, which nothing here renders") for path, kinds in self._deployments.unread]
        left_out += [LeftOut(f"ApplicationSet {one.application.key}", reason) for one in self._deployments.sets for _, reason, _ in one.unknown]
        return joined(commit, wanted, dict.fromkeys(left_out))

    def care_of(self, one: Wanted, rules: Sequence[Rule], label: str) -> Care:
        """How Argo CD treats one of its own objects, where something deploys it."""
        parent, by_set = self._parents.get(one.key, ({}, False))
        version = self._settings.argocd.version
        if not by_set:
            found = care(one.manifest, parent, rules if parent else (), version)
            return tracked(found, label) if parent else found
        listed = (parent.get("spec") or {}).get("ignoreApplicationDifferences")
        entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
        said = {"spec": {"ignoreDifferences": [{**entry, "group": _ARGO, "kind": "Application"} for entry in entries]}}
        return care(one.manifest, said, (), version)._replace(automated=True, self_heal=True)

    def applications(self, commit: str, objects: Mapping[ObjectKey, Wanted]) -> Mapping[str, Declared]:
        """The Applications, by key. As Argo CD's objects say, where those are known: kustomizations add to what lies in files."""
        listed: dict[str, list[Declared]] = {}
        for node in self._nodes:
            key = f"{node.application.namespace or self._namespace}/{_name(node)}"
            known = objects.get(ObjectKey(_ARGO, "Application", *key.split("/", 1)))
            manifest = known.manifest if known else node.manifest
            listed.setdefault(key, []).append(Declared(key, node.application, manifest, commit, self._not_deployed_here(node.application)))
        made = {}
        for key, found in listed.items():
            # One for another cluster does not make the one for this cluster unclear.
            here = [one for one in found if not one.reason] or found[:1]
            alike = all(one.manifest.get("spec") == here[0].manifest.get("spec") for one in here)
            made[key] = here[0] if alike else here[0]._replace(reason=f"it is declared {len(here)} times, and not alike")
        return made

    def _of_applications(self, left_out: list[LeftOut], covered: set[str]) -> Iterator[_Found]:
        """What Applications of this cluster deploy of Argo CD's objects."""
        for node, deployed in self._deployments.made:
            application = node.application
            reason = self._not_deployed_here(application)
            for result in deployed.sources:
                covered |= {item.origin.path for item in result.objects}
                failed = "" if reason else unusable(result, self._watched)
                held = [item for item in result.objects if is_control_plane(key_of(item)) and not is_hook(item.manifest)]
                if failed or (reason and held):
                    left_out.append(LeftOut(f"Argo CD's objects of Application {application.key}", failed or reason))
                elif not reason:
                    yield from (_Found(item.manifest, item.origin.path, (), f"Application {application.key}", node.manifest) for item in held)

    def _by_hand(self, left_out: list[LeftOut], covered: set[str]) -> Iterator[_Found]:
        """What kustomizations make that nothing here deploys: somebody applies them."""
        tops = {top for path in self._paths if self._walk.reach(path).roots for top in _tops(path, self._walk)}
        folders = sorted(top for top in tops if not self._walk.deployments.at(top))
        self._deployments.built(folders)
        for folder, result in self._deployments.by_hand.items():
            place = folder.partition("#")[0]
            reason = unusable(result, self._watched)
            if reason:
                left_out.append(LeftOut(place or "the kustomization at the root", reason))
            covered |= {item.origin.path for item in result.objects}
            for item in result.objects:
                if is_control_plane(key_of(item)) and not reason:
                    yield _Found(item.manifest, item.origin.path, (join(place, folder.partition("#")[2] or "kustomization.yaml"),), place)

    def _generated(self, applied: Sequence[_Found], left_out: list[LeftOut]) -> Iterator[_Found]:
        """The Applications that ApplicationSets make and keep as they are."""
        sets = {self._key(found.manifest): found.manifest for found in applied}
        for node in self._nodes:
            if not node.application.generated:
                continue
            application = node.application
            name = f"{application.namespace or self._namespace}/{application.facts.name}"
            by = sets.get(ObjectKey(_ARGO, "ApplicationSet", *name.split("/", 1)))
            policy = ((by or {}).get("spec") or {}).get("syncPolicy") or {}
            if by is None or policy.get("applicationsSync") in ("create-only", "create-delete"):
                reason = "its ApplicationSet only creates it" if by else f"its ApplicationSet {name} is not known as it is applied"
                left_out.append(LeftOut(f"Application {application.key}", reason))
            else:
                yield _Found(node.manifest, application.path, (application.path,), f"ApplicationSet {name}", by)

    def _lying(self, covered: set[str]) -> Iterator[_Found]:
        """What is applied as it lies in its file."""
        repository = self._repository
        lying = [
            path
            for path in sorted(self._paths - covered)
            if path in repository.files and path not in repository.not_objects and not self._walk.kustomizations.takers.get(path)
        ]
        applied = [path for path in lying if self._walk.reach(path).roots]
        entries = [entry for entry in self._deployments.entries if entry.path in set(applied)]
        for entry, content in self._reader.git.read(entries):
            values = {document.number: document.value for document in read(content).documents} if isinstance(content, bytes) else {}
            for facts in repository.files[entry.path].objects:
                if _is_one(facts) and not facts.in_values:
                    yield _Found(_inside(values[facts.document], facts.prefix), entry.path, (entry.path,))

    def _broken(self) -> Iterator[tuple[str, str]]:
        """The files that are no YAML, and what is wrong with them."""
        for path, facts in self._repository.files.items():
            yield from ((path, broken.message) for broken in facts.violations if broken.rule == "yaml-invalid")

    def _key(self, manifest: _Object) -> ObjectKey:
        key = ObjectKey.of(manifest)
        return key._replace(namespace=key.namespace or self._namespace)

    def _not_here(self, found: _Found, key: ObjectKey) -> str:
        """Why one of Argo CD's objects is none of the Argo CD of this cluster, "" where it is."""
        elsewhere = next((reason for place in (*found.places, found.origin) if (reason := self._elsewhere(place))), "")
        if elsewhere:
            return elsewhere
        if not key.name:
            return "it has no name"
        allowed = (self._namespace, *(self._settings.argocd.application_namespaces if key.kind in ("Application", "ApplicationSet") else ()))
        return "" if key.namespace in allowed else f"the Argo CD of this cluster does not look into the namespace {key.namespace}"

    def _not_deployed_here(self, application: Application) -> str:
        """Why an Application does not deploy to the cluster, as far as is known, "" where it does."""
        if application.unknown:
            return f"its {', '.join(sorted(application.unknown))} can't be told from its template"
        elsewhere = self._elsewhere(application.path)
        if elsewhere:
            return elsewhere
        found = cluster_of(self._repository, application)
        if isinstance(found, Unresolved):
            # A server need not be known to Argo CD's secrets to be the one that is watched.
            server = application.spec.destination.server.rstrip("/")
            return "" if not found.denied and server in self._watched.servers else found.reason
        if found.server == IN_CLUSTER_SERVER:
            return "" if self._watched.control_plane else "it deploys to the cluster that Argo CD runs in, which is another one"
        ours = found.server in self._watched.servers or (found.name and found.name in self._watched.names)
        return "" if ours else f"it deploys to another cluster, {found.name or found.server}"

    def _elsewhere(self, path: str) -> str:
        """Why what lies at the path is another environment's, "" where it is not."""
        name = self._settings.environment_of(path)
        if not name:
            return ""
        clusters = next(one.clusters for one in self._settings.environments if one.name == name)
        if not clusters:
            return f"it belongs to the environment {name}, of which the configuration names no clusters"
        known = {*self._watched.names, *self._watched.servers, *(part for one in self._watched.clusters for part in (one.name, one.server))}
        return "" if known & {one.rstrip("/") for one in clusters} else f"it belongs to the environment {name}, which is not this cluster's"


def _tops(path: str, walk: Walk) -> Iterator[str]:
    """The kustomizations that nothing takes, and that reach the file."""
    seen: set[str] = set()
    pending = list(walk.kustomizations.takers.get(path, ()))
    while pending:
        folder = pending.pop()
        if folder in seen:
            continue
        seen.add(folder)
        takers = walk.kustomizations.takers.get(folder, ())
        pending += takers
        if not takers:
            yield folder


def _inside(value: Any, prefix: str) -> _Object:
    for step in prefix.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step.replace("~1", "/").replace("~0", "~")]
    made: _Object = value
    return made


def _name(node: Node) -> str:
    return node.application.name or node.application.facts.name


def key_of(item: RenderedObject) -> ObjectKey:
    """Which object of a cluster a rendered one is."""
    return ObjectKey(item.api_version.rpartition("/")[0], item.kind, item.namespace, item.name)


def unusable(result: Rendered, watched: Watched) -> str:
    """Why nothing follows from a rendering, "" where something does."""
    if result.failure:
        return f"it can't be rendered: {result.failure}"
    if result.undetermined:
        return f"it can't be rendered here: {result.undetermined.reason}"
    if ASSUMED_VERSIONS in result.assumed and not watched.api_versions:
        return ASSUMED_VERSIONS
    return ""


def tracked(found: Care, label: str) -> Care:
    """With the label that Argo CD itself adds."""
    if not label:
        return found
    step = label.replace("~", "~0").replace("/", "~1")
    return found._replace(fields=(*found.fields, pointer(f"/metadata/labels/{step}")))
