"""Which environments a repository shows: by folders, by files of values, by branches, or by its own name."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from posixpath import commonprefix, dirname
from typing import NamedTuple

from gitguard.model.configuration import Environment
from gitguard.model.layout import SeenEnvironment, Surroundings
from gitguard.model.repository import Application, Repository
from gitguard.repository.environments import belongs

_CERTAIN = {
    "prod": "prod", "production": "prod", "prd": "prod",
    "staging": "staging", "stage": "staging", "stg": "staging",
    "dev": "dev", "development": "dev",
    "preprod": "preprod", "pre-prod": "preprod", "preproduction": "preprod",
    "uat": "uat", "qa": "qa",
}  # fmt: skip
# Words that mean other things as often: they count only beside one of the above.
_POSSIBLE = {name: name for name in ("test", "testing", "int", "integration", "sandbox", "demo", "canary", "live", "perf", "ci")}
_WORDS = {**_CERTAIN, **_POSSIBLE}
_ORDER = ("dev", "development", "ci", "test", "testing", "int", "integration", "sandbox", "demo", "qa", "uat", "perf", "staging", "preprod", "canary")
_ENVIRONMENT_FOLDERS = frozenset({"env", "envs", "environment", "environments"})
_VARIANT_FOLDERS = frozenset({"overlays", "overlay", "clusters", "cluster"})
_SHARED = frozenset({"base", "bases", "common", "default", "defaults", "global", "shared", "all", "components", "templates", "charts", "example"})
# What lies there is deployed nowhere.
_NOT_DEPLOYED = frozenset({"docs", "doc", "examples", "example", "tests", "testdata", "fixtures", "hack", ".github", ".gitlab"})
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SAFE_PATH = re.compile(r"[\w./@+=,-]*")
_VALUES = re.compile(r"(?:values[-_.](?P<after>.+)|(?P<before>.+)[-_.]values)\.ya?ml")
_BRANCH = re.compile(r"(?:(?:env|envs|environment|environments|deploy)[/-])?(?P<word>.+)")
_FEW = 2


class _Place(NamedTuple):
    """A folder or a file of values that belongs to an environment: `word` is how it is called there, `plain` whether that is all of the name."""

    environment: str
    word: str
    path: str
    plain: bool
    kind: str


def environments(repository: Repository, around: Surroundings) -> tuple[SeenEnvironment, ...]:
    """The environments, from the one that changes come to first, as far as names tell; folders say more than branches, these more than a name."""
    found = _by_place(repository)
    if not found:
        found = _by_branch(around) or _by_name(around)
    counted = [_counted(one, repository) for one in found]
    return tuple(sorted(counted, key=lambda one: (_rank(one.name), one.name)))


def _rank(name: str) -> int:
    word = _WORDS.get(name.lower(), name.lower())
    # Production last, and what has a name of its own where the others are between.
    return len(_ORDER) + 1 if word in ("prod", "live") else _ORDER.index(word) if word in _ORDER else len(_ORDER)


# By folders and files of values


def _by_place(repository: Repository) -> list[SeenEnvironment]:
    paths = [path for path in _deployed_files(repository) if _SAFE_PATH.fullmatch(path)]
    children: dict[str, set[str]] = {}
    for path in paths:
        for parent, name in _folders(path):
            children.setdefault(parent, set()).add(name.lower())
    places = {place for path in paths for place in (_folder_place(path, children), _values_place(path)) if place is not None}
    own = {place.environment for place in places if place.kind == "own"}
    # Any name may be that of a file of values: it counts where a folder of environments has it, too, or where it is the word for one.
    places = {place for place in places if place.kind != "values" or place.environment in own or place.word.lower() in _CERTAIN}
    grouped: dict[str, list[_Place]] = {}
    for place in sorted(places):
        grouped.setdefault(place.environment, []).append(place)
    if len(grouped) < _FEW and not own:
        return []
    names = {key: Counter(place.word for place in group if place.plain).most_common(1) for key, group in grouped.items()}
    return [
        SeenEnvironment(
            names[key][0][0] if names[key] else key,
            "values" if all(place.path.endswith((".yaml", ".yml")) for place in group) else "folder",
            tuple(sorted(_without_covered(list(_patterns([place.path for place in group]))))),
        )
        for key, group in grouped.items()
    ]


def _deployed_files(repository: Repository) -> Iterator[str]:
    """The files that hold objects, kustomizations or values."""
    for path, facts in repository.files.items():
        top = path.partition("/")[0]
        if top not in _NOT_DEPLOYED and (facts.objects or facts.kustomization is not None or _VALUES.fullmatch(path.rpartition("/")[2])):
            yield path


def _folders(path: str) -> Iterator[tuple[str, str]]:
    """Each folder of a path, as its parent and its name, from the top."""
    parent = ""
    for name in path.split("/")[:-1]:
        yield parent, name
        parent = f"{parent}/{name}" if parent else name


def _folder_place(path: str, children: Mapping[str, Collection[str]]) -> _Place | None:
    """The outermost folder of the path that is an environment's."""
    for parent, name in _folders(path):
        at = f"{parent}/{name}" if parent else name
        holder = parent.rpartition("/")[2].lower()
        if name.lower() in _SHARED or not _SAFE.fullmatch(name):
            continue
        if holder in _ENVIRONMENT_FOLDERS:
            return _Place(_WORDS.get(name.lower(), name), name, at, True, "own")
        if _is_word(name, children[parent]):
            return _Place(_WORDS[name.lower()], name, at, True, "folder")
        part = _part(name)
        if part and (holder in _VARIANT_FOLDERS or len(_CERTAIN.keys() & children[parent]) >= _FEW):
            return _Place(part, name, at, False, "folder")
    return None


def _is_word(name: str, siblings: Collection[str]) -> bool:
    return name.lower() in _CERTAIN or (name.lower() in _POSSIBLE and any(one in _CERTAIN for one in siblings))


def _part(name: str) -> str:
    """The environment that a part of a name means, "" for none or several."""
    meant = {_CERTAIN[part] for part in re.split(r"[-_.]", name.lower()) if part in _CERTAIN}
    return meant.pop() if len(meant) == 1 else ""


def _values_place(path: str) -> _Place | None:
    folder, _, file = path.rpartition("/")
    match = _VALUES.fullmatch(file)
    name = (match.group("after") or match.group("before")) if match else ""
    if not _SAFE.fullmatch(name) or name.lower() in _SHARED:
        return None
    if folder.rpartition("/")[2].lower() in _ENVIRONMENT_FOLDERS:
        return _Place(_WORDS.get(name.lower(), name), name, path, True, "own")
    return _Place(_WORDS.get(name.lower(), name), name, path, True, "values")


def _patterns(paths: Sequence[str]) -> Iterator[str]:
    """Few paths as they are; of many with the same end one pattern for each part of the repository. (`*` matches `/`, too.)"""
    parts: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        parts.setdefault((path.partition("/")[0], _end(path)), []).append(path)
    for (_, end), group in parts.items():
        if len(group) <= _FEW:
            yield from group
            continue
        shared = commonprefix([f"{dirname(path)}/".split("/") for path in group])
        above = "/".join(part for part in shared if part)
        at_once = f"{above}/{end}"
        yield from (path for path in group if path == at_once)
        yield f"{above}/*/{end}"


def _without_covered(patterns: Sequence[str]) -> Iterator[str]:
    return (one for one in patterns if not any(Environment("", (other,)).has(one) for other in patterns if other != one))


def _end(path: str) -> str:
    """The last name, with the folder of overlays that it lies in."""
    parent = dirname(path).rpartition("/")[2]
    name = path.rpartition("/")[2]
    return f"{parent}/{name}" if parent.lower() in _VARIANT_FOLDERS | _ENVIRONMENT_FOLDERS else name


# By branches, by the repository's name


def _by_branch(around: Surroundings) -> list[SeenEnvironment]:
    """Branches named as environments, where there are several: a branch `dev` alone is where people work."""
    found: dict[str, list[tuple[str, str]]] = {}
    for branch in around.branches:
        match = _BRANCH.fullmatch(branch)
        word = match.group("word") if match else ""
        if word.lower() in _WORDS and _SAFE.fullmatch(word):
            found.setdefault(_WORDS[word.lower()], []).append((word, branch))
    certain = set(found).intersection(_CERTAIN.values())
    if len(found) < _FEW or not certain.difference({"dev"}):
        return []
    return [SeenEnvironment(listed[0][0], "branch", branches=tuple(sorted(branch for _, branch in listed))) for listed in found.values()]


def _by_name(around: Surroundings) -> list[SeenEnvironment]:
    """A repository for an environment has its name: `gitops-prod`."""
    for name in repository_names(around):
        last = re.split(r"[-_.]", name.lower())[-1]
        if last in _CERTAIN and last != name.lower():
            return [SeenEnvironment(last, "repository")]
    return []


def repository_names(around: Surroundings) -> tuple[str, ...]:
    """How the repository is called: by its remotes, or else by its folder."""
    named = tuple(dict.fromkeys(re.split(r"[/:]", url.rstrip("/"))[-1].removesuffix(".git") for url in around.remotes))
    return named or (around.folder,)


# What belongs to them


def _counted(seen: SeenEnvironment, repository: Repository) -> SeenEnvironment:
    environment = Environment(seen.name, seen.paths)
    if not seen.paths:
        return seen
    live = [one for one in repository.applications if one.reach.roots and (not one.is_set or one.generated)]
    own = [one for one in live if belongs(one, environment, repository)]
    destinations = {text for one in own for text in _destination(one)}
    return seen._replace(
        files=sum(environment.has(path) for path in repository.files), applications=len(own), destinations=tuple(sorted(destinations))
    )


def _destination(application: Application) -> Iterator[str]:
    destination = application.spec.destination
    for part, text in (("name", destination.name), ("server", destination.server)):
        if text and part not in application.unknown:
            yield text
