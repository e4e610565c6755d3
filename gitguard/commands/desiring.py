"""What git wants of a cluster: Argo CD's own objects by the newest commit, and what Applications deploy by the revision that was synced."""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gitguard.argo.repository import one_of
from gitguard.argo.syncing import Rule, care, is_hook, of_settings, tracking_label
from gitguard.argo.windows import applying, permits_sync
from gitguard.commands.cluster import cluster
from gitguard.commands.declaring import Collected, Declared, control_paths, is_control_plane, key_of, tracked, unusable
from gitguard.commands.deploying import Deployments
from gitguard.commands.options import Options
from gitguard.commands.reading import Reader, configuration, open_cache
from gitguard.commands.remembering import Results, remember
from gitguard.edges import cache as caching
from gitguard.edges import tools
from gitguard.edges.checkout import Checkout
from gitguard.edges.renderer import Renderer, hash_of
from gitguard.edges.sources import opened
from gitguard.model.argo import Verdict
from gitguard.model.configuration import Configuration
from gitguard.model.desired import Desired, LeftOut, Synced, Wanted, Watched
from gitguard.model.drift import ObjectKey
from gitguard.model.files import Entry
from gitguard.model.rendering import Rendered, RenderedObject
from gitguard.model.repository import Repository
from gitguard.reconciler.desired import shown
from gitguard.render.parts import parts
from gitguard.render.plans import Cluster, Part
from gitguard.repository.choices import choose, project_name

_SETTINGS = "argocd-cm"
_MOST_STATES, _MOST_DECLARED, _MOST_TREES = 4, 128, 16
# A version that is no range of them.
_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]*)?")
# What a template may make anew each time; charts in archives are not looked into.
_RANDOM = re.compile(
    rb"\{\{[^}]{0,400}\b(?:rand(?:Alpha|AlphaNum|Numeric|Ascii|Bytes|Int)|gen(?:CA|SelfSignedCert|SignedCert|PrivateKey)\w*|uuidv4|now|htpasswd|bcrypt"
    rb"|encryptAES|shuffle)\b"
)
_Object = Mapping[str, Any]


class _State(NamedTuple):
    """Everything that one commit says."""

    commit: str
    deployments: Deployments
    repository: Repository
    cluster: Cluster
    scopes: Mapping[tuple[str, str], bool]
    desired: Desired
    applications: Mapping[str, Declared]
    rules: tuple[Rule, ...]
    label: str
    inputs: str


class _Asked(NamedTuple):
    """An Application to be rendered at a commit of one of the repositories."""

    declared: Declared
    checkout: Checkout
    revision: str
    parts: tuple[Part, ...]


class Desiring:
    """Answers what git wants. What was read or rendered once is remembered; the values of secrets in memory only.

    `checkout` is the config repository, `others` are further repositories that Applications deploy from; all of them are to be refreshed by
    whoever has them. `watched` is the cluster that is meant.
    """

    def __init__(self, checkout: Checkout, options: Options, watched: Watched, others: Sequence[Checkout] = ()) -> None:
        self.checkout = checkout
        self.options = options
        self.watched = watched
        self._others = [(other, one_of(other.repository.urls())) for other in others]
        self._facts = open_cache(options.cache, options.environment)
        self._folder = caching.directory(options.environment)
        self._renders = open_cache(options.cache, options.environment, "renders")
        self._renderers: dict[tuple[str, str, bool], Renderer] = {}
        self._reader: Reader | None = None
        self._states: OrderedDict[str, _State] = OrderedDict()
        self._declared: OrderedDict[str, Mapping[str, Declared]] = OrderedDict()
        self._trees: OrderedDict[tuple[str, str], tuple[Entry, ...]] = OrderedDict()
        self._results = Results()

    def close(self) -> None:
        """Let the caches go."""
        self._facts.close()
        self._renders.close()

    def desired_at(self, commit: str) -> Desired:
        """Argo CD's own objects as they are to be in this cluster, by this commit; none where Argo CD does not run here.

        Raises RepositoryError where the commit can't be read, ConfigurationError where its configuration is wrong.
        """
        return self._state(commit).desired

    def settings_at(self, commit: str) -> Configuration:
        """The configuration of this commit, or the file that was given instead."""
        return self._state(commit).repository.configuration

    def applications_at(self, commit: str) -> Mapping[str, Declared]:
        """The Applications that this commit declares for the cluster, by `namespace/name`; those of others tell why they don't count."""
        if commit not in self._declared:
            remember(self._declared, commit, self._state(commit).applications, _MOST_DECLARED)
        return self._declared[commit]

    def may_sync(self, application: str, commit: str, now: int, *, manual: bool = False) -> Verdict:
        """Do the sync windows of its AppProject, as this commit has them, let the Application sync at `now` (nanoseconds since 1970, UTC)?"""
        state = self._state(commit)
        declared = state.applications.get(application)
        if declared is None:
            return Verdict(None, f"git declares no Application {application}", "")
        repository = state.repository._replace(projects=state.deployments.merged_projects())
        choice = choose(repository, declared.application)
        if choice.built_in:
            return Verdict(True, "no sync window applies", "")
        if not choice.candidates:
            return Verdict(None, f"AppProject {project_name(declared.application)} is not declared", "")
        version = repository.configuration.argocd.version
        spec, name = declared.application.spec, application.rpartition("/")[2]
        verdicts = [
            permits_sync(applying(one.project, name, spec.destination, version), now, manual=manual, version=version) for one in choice.candidates
        ]
        return next((verdict for verdict in verdicts if not verdict.permitted), verdicts[0])

    def desired_of(self, application: str, revisions: Sequence[str], commit: str) -> Desired:
        """What the Application deploys at these revisions, one a source (or one for all), as `commit` declares the Application."""
        return self.desired_of_all([(application, tuple(revisions))], commit)[0]

    def desired_of_all(self, asked: Sequence[tuple[str, Sequence[str]]], commit: str) -> tuple[Desired, ...]:
        """`desired_of` for many, rendered together."""
        state = self._state(commit)
        return self._wanted(state, [(application, state.applications.get(application), revisions) for application, revisions in asked])

    def versions_of(self, application: str, key: ObjectKey, synced: Synced, commit: str) -> Iterator[_Object | None]:
        """The object in git's versions other than the synced one: the one before, and the later ones, newest first.

        None where a version has no such object. Versions that can't be told are left out. For `is_behind`, which stops at the first that fits.
        """
        followed = (self.checkout, *(other for other, _ in self._others))
        newer = next((one.after(revision) for revision in synced.revisions for one in followed if one.contains(revision)), ())
        for revisions in (synced.previous, *((revision,) for revision in newer)):
            if not revisions:
                continue
            for declared in self._declared_for(application, revisions, commit):
                (made,) = self._wanted(self._state(commit), [(application, declared, revisions)])
                if made.complete:
                    yield made.objects[key].manifest if key in made.objects else None

    def _declared_for(self, application: str, revisions: Sequence[str], commit: str) -> Iterator[Declared]:
        """The Application now, and as it was at the revision where it was another one then."""
        now = self.applications_at(commit).get(application)
        if now is not None:
            yield now
        commits = [revision for revision in revisions if self.checkout.contains(revision)]
        then = self.applications_at(commits[0]).get(application) if commits else None
        if then is not None and (now is None or then.manifest != now.manifest):
            yield then

    # One commit

    def _state(self, commit: str) -> _State:
        if commit not in self._states:
            remember(self._states, commit, self._read(commit), _MOST_STATES)
        self._states.move_to_end(commit)
        return self._states[commit]

    def _read(self, commit: str) -> _State:
        git = self.checkout.repository
        entries = self._tree(self.checkout, commit)
        settings = configuration(git, self.options.config, entries, self._facts)
        if self._reader is None or self._reader.configuration != settings:
            self._reader = Reader(git, settings, self._facts)
        repository = self._reader.repository(entries)
        repository = repository._replace(clusters=tuple(dict.fromkeys((*repository.clusters, *self.watched.clusters))))
        target = cluster(self._reader, repository)
        if self.watched.version:
            target = target._replace(kube_version=self.watched.version.removeprefix("v"))
        if self.watched.api_versions:
            target = target._replace(api_versions=self.watched.api_versions)
        scopes = {**repository.scopes, **self.watched.kinds}
        paths = control_paths(repository)
        deployments = Deployments(
            self._reader, entries, repository._replace(scopes=scopes), self.options.environment, cached=self.options.cache,
            progress=self.options.progress, render=self._render(repository), plain=True, target=target,
            wanted=lambda application, reads: any(reads.touches(path) for path in paths),
        )  # fmt: skip
        nodes = deployments.followed()
        collected = Collected(deployments, repository, self.watched, nodes, self._reader, paths)
        desired = collected.desired(commit)
        where = ObjectKey("", "ConfigMap", settings.argocd.namespace, _SETTINGS)
        data = desired.objects[where].manifest.get("data") if where in desired.objects else None
        said = data if isinstance(data, Mapping) else {}
        rules = tuple(of_settings(said))
        label = tracking_label(said, settings.argocd.version)
        objects = {key: one._replace(care=collected.care_of(one, rules, label)) for key, one in desired.objects.items()}
        desired = desired._replace(objects=objects) if self.watched.control_plane else Desired(commit)
        applications = collected.applications(commit, objects)
        inputs = repr((target, hash_of(scopes), rules, label))
        return _State(commit, deployments, repository, target, scopes, desired, applications, rules, label, inputs)

    def _render(self, repository: Repository) -> str:
        return self.options.render or repository.configuration.render

    def _tree(self, checkout: Checkout, commit: str) -> tuple[Entry, ...]:
        key = (checkout.url, commit)
        if key not in self._trees:
            remember(self._trees, key, checkout.repository.commit(commit), _MOST_TREES)
        return self._trees[key]

    # One Application

    def _wanted(self, state: _State, asked: Sequence[tuple[str, Declared | None, Sequence[str]]]) -> tuple[Desired, ...]:
        """What these Applications deploy at these revisions; the cluster, and how Argo CD is set up, are those of the state."""
        answers: dict[int, Desired] = {}
        waiting: dict[int, _Asked] = {}
        for number, (application, declared, revisions) in enumerate(asked):
            prepared = self._prepared(state, application, declared, revisions)
            if isinstance(prepared, LeftOut):
                answers[number] = Desired(revisions[0] if revisions else "", left_out=(prepared,))
            else:
                waiting[number] = prepared
        keys = {number: _identity(state, one) for number, one in waiting.items()}
        fresh = {key: waiting[number] for number, key in keys.items() if key not in self._results}
        for key, made in zip(fresh, self._rendered(state, list(fresh.values())), strict=True):
            self._results.keep(key, made)
        self._results.forget(set(keys.values()))
        return tuple(answers[number] if number in answers else self._results[keys[number]] for number in range(len(asked)))

    def _prepared(self, state: _State, application: str, declared: Declared | None, revisions: Sequence[str]) -> _Asked | LeftOut:
        """What is to be rendered, or why it can't be."""
        what = f"Application {application}"
        if declared is None:
            return LeftOut(what, "git does not declare it")
        if declared.reason:
            return LeftOut(what, declared.reason)
        spec = declared.manifest.get("spec")
        if isinstance(spec, Mapping) and spec.get("sourceHydrator"):
            return LeftOut(what, "its manifests are hydrated to a branch of their own")
        checkout, listed = self._from(state, declared)
        if checkout is None:
            return LeftOut(what, "not all of its sources are in one repository that is followed here")
        sources = _sources(declared.manifest)
        given = _revisions_of(sources, revisions)
        if isinstance(given, str):
            return LeftOut(what, given)
        followed = {revision for source, revision in zip(sources, given, strict=True) if not source.get("chart")}
        if len(followed) > 1:
            return LeftOut(what, "its sources were not synced at one revision")
        # Charts alone are what git says that they are, wherever they come from.
        revision = next(iter(followed), declared.commit)
        if not checkout.contains(revision):
            return LeftOut(what, f"the revision that is synced, {revision[:40]!r}, is not on the history of {checkout.ref}")
        told = tuple(part._replace(revision=given[_number(part)]) for part in listed)
        return _Asked(declared, checkout, revision, told)

    def _from(self, state: _State, declared: Declared) -> tuple[Checkout | None, tuple[Part, ...]]:
        """The repository that all sources are in, those that only lend files too, and the sources as it has them."""
        namespace = state.repository.configuration.argocd.namespace
        for checkout, is_here in ((self.checkout, one_of(state.repository.configuration.urls)), *self._others):
            listed = parts(declared.manifest, is_here, namespace)
            if listed and all(("" in part.here or part.source.get("chart")) and set(part.refs) <= part.here for part in listed):
                return checkout, listed
        return None, ()

    def _rendered(self, state: _State, asked: Sequence[_Asked]) -> list[Desired]:
        """What each of them makes; those of one tree are rendered together."""
        groups: dict[tuple[str, str], list[int]] = {}
        for number, one in enumerate(asked):
            groups.setdefault((one.checkout.url, one.revision), []).append(number)
        made: dict[int, Desired] = {}
        for numbers in groups.values():
            one = asked[numbers[0]]
            entries = self._tree(one.checkout, one.revision)
            listed = [part for number in numbers for part in asked[number].parts]
            results = self._run(state, one.checkout, entries, listed)
            unsteady = self._unsteady(state, one.checkout, entries, listed, results)
            left = iter(results)
            for number in numbers:
                mine = [next(left) for _ in asked[number].parts]
                made[number] = _deployed(state, self.watched, asked[number], mine, unsteady)
        return [made[number] for number in range(len(asked))]

    def _run(
        self, state: _State, checkout: Checkout, entries: tuple[Entry, ...], listed: Sequence[Part], *, again: bool = False
    ) -> tuple[Rendered, ...]:
        """One result a part; `again`: whatever is remembered."""
        render = self._render(state.repository)
        known = (checkout.url, render, again)
        if known not in self._renderers:
            environment = self.options.environment
            folder = self._folder if self.options.cache else None
            cache = caching.Cache(None) if again else self._renders
            found = tools.Tools(off=True) if render == "never" else tools.find(environment)
            sources = opened(checkout.repository, render, folder, cache, environment, found.helm, self.options.progress)
            self._renderers[known] = Renderer(sources, cache, found, folder, plain=True)
        return self._renderers[known].render(entries, listed, state.cluster, state.scopes, self.options.progress)

    def _unsteady(
        self, state: _State, checkout: Checkout, entries: tuple[Entry, ...], listed: Sequence[Part], results: Sequence[Rendered]
    ) -> frozenset[tuple[str, ObjectKey]]:
        """(Application, object) of what another run makes otherwise: passwords and certificates that charts generate."""
        varying = [(part, result) for part, result in zip(listed, results, strict=True) if result.objects and _may_vary(result, entries, checkout)]
        second = self._run(state, checkout, entries, [part for part, _ in varying], again=True) if varying else ()
        pairs = zip((result for _, result in varying), second, strict=True)
        return frozenset((before.application, key) for before, after in pairs for key in _varying(before.objects, after.objects))


def settings_of(checkout: Checkout, options: Options) -> Configuration:
    """The configuration at the newest commit, which is fetched."""
    facts = open_cache(options.cache, options.environment)
    try:
        commit = checkout.refresh()
        return configuration(checkout.repository, options.config, checkout.repository.commit(commit), facts)
    finally:
        facts.close()


def _sources(manifest: _Object) -> list[_Object]:
    """The sources of an Application, those that only lend files too."""
    spec = manifest.get("spec") or {}
    listed = spec.get("sources")
    return [one if isinstance(one, Mapping) else {} for one in (listed if isinstance(listed, list) and listed else [spec.get("source")])]


def _number(part: Part) -> int:
    """Which source of the Application a part is."""
    last = part.pointer.rpartition("/")[2]
    return int(last) if last.isdecimal() else 0


def _revisions_of(sources: Sequence[_Object], revisions: Sequence[str]) -> tuple[str, ...] | str:
    """The revision that each source was synced at, or why that is nobody's word. One that is given for several is not for their charts."""
    if not revisions:
        return "Argo CD has not synced it yet"
    if len(revisions) not in (1, len(sources)):
        return "it has other sources than the ones that were synced"
    made = []
    for number, source in enumerate(sources):
        named, one = str(source.get("targetRevision") or ""), revisions[number if len(revisions) > 1 else 0]
        if source.get("chart"):
            one = named if len(revisions) < len(sources) else one
            if not _VERSION.fullmatch(named) or one != named:
                return f"the chart {source['chart']} was synced at {one[:40]!r}, and git names no version of it but {named[:40]!r}"
        made.append(one)
    return tuple(made)


def _may_vary(result: Rendered, entries: Sequence[Entry], checkout: Checkout) -> bool:
    if result.tool == "directory":
        return False
    held = [entry for entry in entries if result.reads.touches(entry.path)]
    templates = [entry for entry in held if "templates/" in entry.path]
    in_archives = any(entry.path.endswith(".tgz") for entry in held)
    return in_archives or any(isinstance(said, bytes) and _RANDOM.search(said) is not None for _, said in checkout.repository.read(templates))


def _varying(before: Sequence[RenderedObject], after: Sequence[RenderedObject]) -> Iterator[ObjectKey]:
    known = {key_of(item): item.manifest for item in after}
    yield from (key_of(item) for item in before if known.get(key_of(item)) != item.manifest)


def _deployed(state: _State, watched: Watched, asked: _Asked, results: Sequence[Rendered], unsteady: frozenset[tuple[str, ObjectKey]]) -> Desired:
    """What an Application wants, of what came of its sources."""
    declared, revision = asked.declared, asked.revision
    what = f"Application {declared.key}"
    for result in results:
        reason = unusable(result, watched)
        if reason:
            return Desired(revision, left_out=(LeftOut(what, reason),))
    objects: dict[ObjectKey, Wanted] = {}
    hooks: set[ObjectKey] = set()
    left_out: list[LeftOut] = []
    for item in (item for result in results for item in result.objects):
        key = key_of(item)
        if is_hook(item.manifest):
            hooks.add(key)
        elif watched.control_plane and is_control_plane(key):
            # Argo CD's own objects follow the newest commit.
            continue
        elif reason := _not_comparable(item, key, state, (results[0].application, key) in unsteady):
            left_out.append(LeftOut(f"{shown(key)} of {what}", reason))
        else:
            found = care(item.manifest, declared.manifest, state.rules, state.repository.configuration.argocd.version)
            objects[key] = Wanted(key, item.manifest, item.origin.path, revision, declared.key, care=tracked(found, state.label))
    return Desired(revision, objects, tuple(left_out), frozenset(hooks))


def _not_comparable(item: RenderedObject, key: ObjectKey, state: _State, unsteady: bool) -> str:
    if unsteady:
        return "its chart makes something else of it each time"
    if not (item.manifest.get("metadata") or {}).get("name"):
        return "it gets its name from the API server"
    namespaced = state.scopes.get((key.group, key.kind))
    if item.namespace or namespaced is False:
        return ""
    return "neither it nor its Application's destination names a namespace" if namespaced else "nobody knows whether its kind is namespaced"


def _identity(state: _State, asked: _Asked) -> str:
    """What decides what comes of it: two of one identity are one answer."""
    return repr((asked.checkout.url, asked.revision, asked.declared.key, asked.declared.manifest, state.inputs))
