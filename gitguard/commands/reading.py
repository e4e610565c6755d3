"""From a tree of git to a repository: list, read, parse (or remember), join."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

import gitguard
from gitguard import configuration as configuring
from gitguard.checker import Locate
from gitguard.edges import cache as caching
from gitguard.edges import data
from gitguard.edges.git import GitRepository
from gitguard.edges.workers import spread
from gitguard.manifests.classify import CONFIGURATION, Charts, flavour, is_candidate
from gitguard.manifests.codec import decode_all, encode
from gitguard.manifests.facts import facts
from gitguard.model.configuration import Configuration
from gitguard.model.errors import ConfigurationError
from gitguard.model.files import SUBMODULE, SYMLINK, Entry, FileFacts, Unreadable, Violation
from gitguard.model.repository import Repository
from gitguard.parse import locate, read
from gitguard.repository.assemble import assemble
from gitguard.schema import Schemas, aging
from gitguard.schema.scopes import built_in, common

_UNREADABLE = "!"
_MOST_LINKS = 40


class Reader:
    """Reads trees of one git repository under one configuration. What it learnt of a blob it keeps, here and in the cache."""

    def __init__(self, git: GitRepository, configuration: Configuration, cache: caching.Cache) -> None:
        self.git = git
        self.configuration = configuration
        self.cache = cache
        self._memory: dict[str, str] = {}
        self._decoded: dict[str, FileFacts] = {}
        self._own: Schemas | None = None
        # The last CRDs that were asked for: the same ones are compiled once.
        self._custom: tuple[Sequence[Mapping[str, Any]], Schemas] | None = None
        self._versions = f"{configuration.kubernetes or 'newest'} {configuration.argocd.version} {data.identity()}"
        self._code = caching.stamp(Path(gitguard.__file__).parent)

    def repository(self, entries: Sequence[Entry]) -> Repository:
        """The whole repository that these entries make."""
        flavours, reasons, wanted, links = _sorted(entries, Charts(entry.path for entry in entries))
        unreadable = self._follow(links, {entry.path: entry for entry in entries}, reasons)
        files, failed = self._facts(wanted, flavours, self._versions, self._schemas)
        files = self._judge_custom(wanted, flavours, files)
        repository = assemble(self.configuration, files, reasons, [*unreadable, *failed], {**common(data.load), **built_in(data.load)})
        doors = frozenset(entry.path for entry in entries if entry.mode in (SUBMODULE, SYMLINK))
        return repository._replace(tree=frozenset(entry.path for entry in entries), doors=doors)

    def facts(self, entries: Sequence[Entry], tree: Sequence[Entry]) -> Mapping[str, FileFacts]:
        """The facts of single files, by themselves: `tree` is where they lie or lay, which tells the charts."""
        flavours, _, wanted, _ = _sorted(entries, Charts(entry.path for entry in tree))
        files, _ = self._facts(wanted, flavours, self._versions, self._schemas)
        return files

    def is_built_in(self, api_version: str, kind: str) -> bool:
        """Is it a kind that no CRD needs to define?"""
        return self._schemas().is_built_in(api_version, kind)

    def schemas(self, files: Sequence[Entry], crds: Sequence[Mapping[str, Any]]) -> Schemas:
        """Kubernetes' and Argo CD's schemas, with those of the CRDs in these files and of the CRDs given."""
        known = [*self._defined_in(files), *crds]
        if not known:
            return self._schemas()
        if self._custom is None or self._custom[0] != known:
            self._custom = known, self._schemas().with_crds(known)
        return self._custom[1]

    def violations(self, manifest: Mapping[str, Any], api_version: str, kind: str, schemas: Schemas) -> Iterator[Violation]:
        """What is wrong with an object that lies in no file."""
        for rule, message, fix in aging(schemas, api_version, kind):
            yield Violation(rule, "/apiVersion", message, fix, 0, 0, 0)
        for one in schemas.violations(manifest) or ():
            yield Violation(one.rule, one.pointer, one.message, one.fix, 0, 0, 0)

    def _defined_in(self, files: Sequence[Entry]) -> list[Mapping[str, Any]]:
        return list(_definitions(content for _, content in self.git.read(files) if isinstance(content, bytes)))

    def _schemas(self) -> Schemas:
        if self._own is None:
            self._own = Schemas(self.configuration.kubernetes, self.configuration.argocd.version, data.load)
        return self._own

    def places(self, entries: Iterable[Entry]) -> Locate:
        """A function from the fields of files to their lines and columns in these entries; of a file that is not there or can't be read, none."""
        by_path = {entry.path: entry for entry in entries}

        def places(wanted: Mapping[str, Sequence[tuple[int, str]]]) -> Mapping[str, Mapping[tuple[int, str], tuple[int, int]]]:
            contents = self.git.read([by_path[path] for path in wanted if path in by_path])
            found = {entry.path: locate(content, wanted[entry.path]) for entry, content in contents if isinstance(content, bytes)}
            return {path: found.get(path, {}) for path in wanted}

        return places

    def _facts(
        self, entries: Sequence[Entry], flavours: Mapping[str, str], judged_by: str, make: Callable[[], Schemas]
    ) -> tuple[dict[str, FileFacts], list[Unreadable]]:
        """Facts of the entries; `judged_by` names the schemas for the cache, `make` makes them where something is to be read."""
        prefix = sha256(f"{gitguard.__version__} {self._code} {judged_by}".encode()).hexdigest()[:16]
        keys = {entry.path: f"{prefix}:{flavours[entry.path]}:{entry.blob}" for entry in entries if entry.blob}
        self._memory |= self.cache.get({key for key in keys.values() if key not in self._memory})
        missing = [entry for entry in entries if keys.get(entry.path, "") not in self._memory]
        answers = spread(self._work(flavours, make()), missing) if missing else []
        texts = dict(zip((entry.path for entry in missing), answers, strict=True))
        fresh = {keys[path]: text for path, text in texts.items() if path in keys and text.endswith(",true]")}
        self.cache.put(fresh)
        self._memory |= fresh
        ordered = [texts[entry.path] if entry.path in texts else self._memory[keys[entry.path]] for entry in entries]
        failed = [Unreadable(entry.path, text[1:]) for entry, text in zip(entries, ordered, strict=True) if text.startswith(_UNREADABLE)]
        good = [(entry.path, text) for entry, text in zip(entries, ordered, strict=True) if not text.startswith(_UNREADABLE)]
        new = list({text for _, text in good if text not in self._decoded})
        self._decoded |= zip(new, decode_all(new), strict=True)
        return {path: self._decoded[text] for path, text in good}, failed

    def _work(self, flavours: Mapping[str, str], schemas: Schemas) -> Callable[[Sequence[Entry]], list[str]]:
        def work(entries: Sequence[Entry]) -> list[str]:
            texts = []
            for entry, content in self.git.read(entries):
                if isinstance(content, OSError):
                    texts.append(f"{_UNREADABLE}can't be read: {content.strerror or content}")
                    continue
                try:
                    texts.append(encode(facts(content, flavours[entry.path], schemas)))
                except Exception as error:
                    # One file that trips us must not lose the findings of all others: it is reported, and makes exit code 3.
                    texts.append(f"{_UNREADABLE}reading it failed: {type(error).__name__}: {str(error)[:200]}".replace("\n", " "))
            return texts

        return work

    def _judge_custom(self, entries: Sequence[Entry], flavours: Mapping[str, str], files: dict[str, FileFacts]) -> dict[str, FileFacts]:
        """Judge objects of the kinds that the repository's own CRDs define."""
        wanted = {f"{item.api_version}/{item.kind}" for made in files.values() for item in made.objects if not item.schema}
        defining = {path for path, made in files.items() if wanted.intersection(made.custom_resources)}
        kinds = wanted.intersection(kind for path in defining for kind in files[path].custom_resources)
        custom = [
            entry
            for entry in entries
            if entry.path in files and any(not item.schema and f"{item.api_version}/{item.kind}" in kinds for item in files[entry.path].objects)
        ]
        if not custom:
            return files
        sources = [entry for entry in entries if entry.path in defining]
        contents = [] if all(entry.blob for entry in sources) else [content for _, content in self.git.read(sources)]
        identity = " ".join(entry.blob for entry in sources) + "".join(
            sha256(content).hexdigest() for content in contents if isinstance(content, bytes)
        )

        def make() -> Schemas:
            return self._schemas().with_crds(self._defined_in(sources))

        judged, _ = self._facts(custom, flavours, f"{self._versions} {identity}", make)
        return files | judged

    def _follow(self, links: Sequence[Entry], entries: Mapping[str, Entry], reasons: dict[str, str]) -> list[Unreadable]:
        """A link to a tracked file is judged where it leads; one that leads nowhere, in a circle or out of the repository is not judged."""
        if not links:
            return []
        folders = {dirname(path) for path in entries}
        targets = {entry.path: content for entry, content in self.git.read(links)}
        failed = []
        for link in links:
            path, steps = link.path, 0
            while path in targets and steps < _MOST_LINKS:
                content = targets[path]
                path = normpath(join(dirname(path), content.decode("utf-8", "replace"))) if isinstance(content, bytes) else ""
                steps += 1
            if steps == _MOST_LINKS:
                failed.append(Unreadable(link.path, "a symbolic link that leads in a circle"))
            elif path.startswith(("../", "/")):
                failed.append(Unreadable(link.path, "a symbolic link out of the repository: Argo CD refuses such repositories"))
            elif path not in entries and path not in folders and not any(folder.startswith(f"{path}/") for folder in folders):
                failed.append(Unreadable(link.path, "a symbolic link to a file that is not tracked here"))
            else:
                reasons[link.path] = "symbolic link; judged where it leads"
                continue
            reasons.pop(link.path, None)
        return failed


def _sorted(entries: Sequence[Entry], charts: Charts) -> tuple[dict[str, str], dict[str, str], list[Entry], list[Entry]]:
    """(how to read each file, why a path holds no manifests, what to read, symbolic links)."""
    flavours: dict[str, str] = {}
    reasons: dict[str, str] = {}
    wanted: list[Entry] = []
    links: list[Entry] = []
    for entry in entries:
        if entry.mode == SUBMODULE:
            reasons[entry.path] = "git submodule"
        elif is_candidate(entry.path):
            kind, reasons[entry.path] = flavour(entry.path, charts)
            if entry.mode == SYMLINK:
                links.append(entry)
            elif kind:
                flavours[entry.path] = kind
                wanted.append(entry)
    return flavours, reasons, wanted, links


def _definitions(contents: Iterable[bytes]) -> Iterable[Mapping[str, Any]]:
    for content in contents:
        for document in read(content).documents:
            if isinstance(document.value, dict) and document.value.get("kind") == "CustomResourceDefinition":
                yield document.value


def open_cache(enabled: bool, environment: Mapping[str, str], name: str = "facts") -> caching.Cache:
    """The cache of this user for facts, or for "renders"; or one that remembers nothing."""
    folder = caching.directory(environment) if enabled else None
    return caching.Cache(folder / f"{name}.sqlite3" if folder else None)


def configuration(git: GitRepository, file: Path | None, entries: Sequence[Entry], cache: caching.Cache) -> Configuration:
    """The configuration in force: the file named, else the repository's own, else the defaults; URLs default to the git remotes."""
    found = _configuration_file(git, file, entries)
    settings = Configuration()
    if found is not None:
        content, source = found
        key = f"configuration:{gitguard.__version__}:{sha256(content).hexdigest()}"
        known = cache.get([key])
        if key in known:
            value = json.loads(known[key])
        else:
            value = configuring.validated(content, source, data.load("config.schema.json") or b"{}")
            cache.put({key: json.dumps(value)})
        settings = configuring.settings(value, source)
    return settings if settings.urls or (found and "repository" in value) else _with_remotes(settings, git)


def _with_remotes(settings: Configuration, git: GitRepository) -> Configuration:
    return settings._replace(urls=git.urls())


def _configuration_file(git: GitRepository, file: Path | None, entries: Sequence[Entry]) -> tuple[bytes, str] | None:
    named = place_in(git, file, entries) if file is not None else CONFIGURATION
    if file is not None and named not in {entry.path for entry in entries}:
        try:
            return file.read_bytes(), str(file)
        except OSError as error:
            raise ConfigurationError(f"{file}: {error.strerror}", "--config names a readable file") from error
    for entry in entries:
        # A file of the repository is read as that tree has it, whatever lies on the disk.
        if entry.path == named:
            for _, content in git.read([entry]):
                if isinstance(content, OSError):
                    raise ConfigurationError(f"{named}: {content.strerror}", "make it readable")
                return content, named
    return None


def untracked_configuration(git: GitRepository, entries: Iterable[Entry]) -> Iterator[str]:
    """A remark on a configuration that lies in the work tree, and that git does not know yet."""
    if (git.root / CONFIGURATION).exists() and not any(entry.path == CONFIGURATION for entry in entries):
        yield f"{CONFIGURATION} is not tracked, and so not read: `git add {CONFIGURATION}`"


def place_in(git: GitRepository, file: Path, entries: Iterable[Entry]) -> str:
    """The path by which a file of the command line is named in the repository; "" where it lies elsewhere. Raises ConfigurationError where it lies
    behind a symbolic link or a submodule: what that leads to is not what the entries hold."""
    if git.bare:
        return ""
    root, named = git.root.resolve(), Path(normpath(file.absolute()))
    roots = [parent for parent in named.parents if parent.resolve() == root]
    path = named.relative_to(roots[-1]) if roots else named.resolve()
    place = path.as_posix() if roots else path.relative_to(root).as_posix() if path.is_relative_to(root) else ""
    if behind(place, (entry for entry in entries if entry.mode in (SYMLINK, SUBMODULE))):
        raise ConfigurationError(
            f"{file}: it lies behind a symbolic link or a submodule of the repository, which are not followed", "name the file itself"
        )
    return place


def behind(path: str, entries: Iterable[Entry]) -> bool:
    """Is a path of the repository one of the entries, or below one that is no folder?"""
    return not {entry.path for entry in entries}.isdisjoint(_with_parents(path))


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = dirname(path)
