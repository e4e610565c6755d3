"""application-deleted and resources-pruned against a small model of what Argo CD does, for random pairs of repositories.

The model is written from Argo CD's documentation (user-guide/app_deletion.md, auto_sync.md, sync-options.md, helm.md; operator-manual/applicationset/
Application-Deletion.md, Controlling-Resource-Modification.md) and its code (shouldBeDeleted, isPruningDisabled, autoSync), not from gitguard's.
"""

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gitguard.commands import ci
from gitguard.commands.options import Options
from tests.conftest import Repository
from tests.rules.changes import CONFIGURATION, HERE

FINALIZER = "resources-finalizer.argocd.argoproj.io"
NAMES, OBJECTS = ("a", "b", "c"), ("one", "two", "three")
# Each example makes a repository and judges it: to shrink one would take minutes.
RUNS: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "phases": (Phase.explicit, Phase.generate)}
DELETED, ASKED, STAYS = "deleted", "asked", "stays"


class App(NamedTuple):
    """An Application: written by hand ("file"), deployed by the Application `all` ("child"), or made by the ApplicationSet ("set").

    `objects` are ConfigMaps by name, with their sync options; `common` are the Application's. `own` are options on the Application itself.
    """

    maker: str
    objects: Mapping[str, str]
    finalizer: bool
    prune: bool | None
    empties: bool
    common: str
    own: str


class World(NamedTuple):
    """A repository: its Applications by name, the parent of the children, and the ApplicationSet, where there are such."""

    apps: Mapping[str, App]
    parent: App | None
    generator: str
    preserve: bool
    policy: str
    set_finalizer: bool

    @property
    def has_set(self) -> bool:
        return bool(self.generator)

    def of(self, maker: str) -> Mapping[str, App]:
        return {name: one for name, one in self.apps.items() if one.maker == maker}

    def effective(self) -> Mapping[str, App]:
        """The Applications that there are, with what each has by what makes it."""
        there = {name: one for name, one in self.apps.items() if one.maker == "file" or (self.parent if one.maker == "child" else self.has_set)}
        # All of a set are made of one template, which has no finalizer of its own and no sync policy.
        made = {name: one._replace(finalizer=not self.preserve, prune=None, empties=False, common="", own="") for name, one in there.items()}
        found = {name: made[name] if one.maker == "set" else one for name, one in there.items()}
        if self.parent:
            children = {f"Application argocd/{name}": one.own for name, one in found.items() if one.maker == "child"}
            found["all"] = self.parent._replace(objects=children)
        return found


_options = st.sampled_from(("", "", "", "Prune=false", "Delete=false", "Prune=false,Delete=false", "Prune=true"))
_apps = st.builds(
    App,
    maker=st.sampled_from(("file", "child", "set")),
    objects=st.one_of(st.just({}), *[st.dictionaries(st.sampled_from(OBJECTS), _options, min_size=1, max_size=3)] * 4),
    finalizer=st.booleans(),
    prune=st.sampled_from((None, False, True, True)),
    empties=st.booleans(),
    common=st.sampled_from(("", "", "Prune=false", "Delete=false")),
    own=_options,
)
worlds = st.builds(
    World,
    apps=st.dictionaries(st.sampled_from(NAMES), _apps, min_size=2),
    parent=st.one_of(_apps.map(lambda one: one._replace(maker="file", own="")), _apps.map(lambda one: one._replace(maker="file", own="")), st.none()),
    generator=st.sampled_from(("list", "git", "")),
    preserve=st.booleans(),
    policy=st.sampled_from(("", "", "sync", "create-only", "create-update", "create-delete")),
    set_finalizer=st.booleans(),
)


# What a repository of that kind looks like


def application(name: str, one: App, path: str, namespace: str = "web") -> dict[str, Any]:
    policy: dict[str, Any] = {} if one.prune is None else {"automated": {"prune": one.prune, "allowEmpty": one.empties}}
    policy |= {"syncOptions": [one.common]} if one.common else {}
    metadata: dict[str, Any] = {"name": name, "namespace": "argocd"}
    metadata |= {"finalizers": [FINALIZER]} if one.finalizer else {}
    metadata |= {"annotations": {"argocd.argoproj.io/sync-options": one.own}} if one.own else {}
    source = {"repoURL": HERE, "path": path, "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": namespace}
    spec = {"project": "default", "source": source, "destination": destination, **({"syncPolicy": policy} if policy else {})}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}


def application_set(world: World) -> dict[str, Any]:
    name, path = ("{{name}}", "objects/set/{{name}}") if world.generator == "list" else ("{{path.basename}}", "{{path}}")
    template = application(name, App("set", {}, False, None, False, "", ""), path)
    listed = {"list": {"elements": [{"name": one} for one in world.of("set")]}}
    folders = {"git": {"repoURL": HERE, "revision": "main", "directories": [{"path": "objects/set/*"}]}}
    metadata: dict[str, Any] = {"name": "webs", "namespace": "argocd", **({"finalizers": [FINALIZER]} if world.set_finalizer else {})}
    policy: dict[str, Any] = {"preserveResourcesOnDeletion": world.preserve, **({"applicationsSync": world.policy} if world.policy else {})}
    inner = {"metadata": {"name": name}, "spec": template["spec"]}
    spec = {"generators": [listed if world.generator == "list" else folders], "syncPolicy": policy, "template": inner}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadata, "spec": spec}


def config_map(name: str, options: str) -> dict[str, Any]:
    annotations = {"annotations": {"argocd.argoproj.io/sync-options": options}} if options else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "web", **annotations}}


def documents(world: World) -> Iterator[tuple[str, dict[str, Any]]]:
    """The folder that each object lies in."""
    for name, one in world.apps.items():
        there = one.maker == "file" or (world.parent if one.maker == "child" else world.has_set)
        if there:
            yield from ((f"objects/{one.maker}/{name}", config_map(item, options)) for item, options in one.objects.items())
        if there and one.maker != "set":
            yield "apps" if one.maker == "file" else "children", application(name, one, f"objects/{one.maker}/{name}")
    if world.parent:
        yield "apps", application("all", world.parent, "children", "argocd")
    if world.has_set:
        yield "apps", application_set(world)


def files(world: World, chance: random.Random | None = None) -> dict[str, str]:
    """One file for each object; or, with `chance`, any number of any names, in any order and form."""
    found = {f"{folder}/{number}.yaml": yaml.safe_dump(one) for number, (folder, one) in enumerate(documents(world))}
    if chance is not None:
        listed = list(documents(world))
        chance.shuffle(listed)
        found = {}
        for folder, one in listed:
            place = f"{folder if folder != 'apps' else chance.choice(('apps', 'more/apps', '.'))}/{chance.choice('pqr')}.yaml"
            items = list(one.items())
            chance.shuffle(items)
            text = yaml.safe_dump(dict(items), sort_keys=False, default_flow_style=chance.choice((True, False)), indent=chance.choice((2, 6)))
            found[place] = f"{found.get(place, '')}---\n# {chance.random()}\n{text}"
    # A folder is there without objects, too.
    for name, one in world.apps.items():
        if one.maker != "set" or world.has_set:
            found[f"objects/{one.maker}/{name}/readme.txt"] = "here"
    found["children/readme.txt"] = "here"
    return {".gitguard.yaml": CONFIGURATION, "base.yaml": yaml.safe_dump(config_map("base", "")), **found}


# What Argo CD does


def value(options: str, name: str) -> str | None:
    return next((one.removeprefix(f"{name}=") for one in options.split(",") if one.startswith(f"{name}=")), None)


def is_kept(own: str, common: str, name: str) -> bool:
    """Its own option counts, or else the Application's."""
    said = value(own, name)
    return (value(common, name) if said is None else said) == "false"


def pruning(own: str, now: App) -> str:
    """What becomes of an object that an Application, as it is now, deploys no more."""
    if is_kept(own, now.common, "Prune"):
        return STAYS
    return DELETED if now.prune and (now.objects or now.empties) else ASKED


def ending(name: str, before: World, after: World) -> str:
    """What becomes of an Application that is gone."""
    one, was, now = before.effective()[name], before.effective(), after.effective()
    if one.maker == "set":
        if after.has_set:
            return STAYS if after.policy in ("create-only", "create-update") else DELETED
        return STAYS if before.set_finalizer and before.policy in ("create-only", "create-update") else ASKED
    if one.maker == "child" and "all" in now:
        return pruning(one.own, now["all"])
    if one.maker == "child":
        return ASKED if was["all"].finalizer and not is_kept(one.own, was["all"].common, "Delete") else STAYS
    return ASKED


def expected(before: World, after: World) -> tuple[Mapping[str, tuple[str, frozenset[str]]], Counter[tuple[str, str, str]]]:
    """Of each Application that is gone, what becomes of it and which objects go with it; and (Application, what becomes of it, object) for the others."""
    was, now = before.effective(), after.effective()
    gone = {}
    for name in was.keys() - now.keys():
        end = ending(name, before, after)
        falls = was[name].finalizer and end != STAYS
        gone[name] = end, frozenset(title(item) for item, own in was[name].objects.items() if falls and not is_kept(own, was[name].common, "Delete"))
    pruned: Counter[tuple[str, str, str]] = Counter()
    for name in was.keys() & now.keys():
        for item, own in was[name].objects.items():
            told_as_gone = item.removeprefix("Application argocd/") in gone and item.startswith("Application ")
            if item not in now[name].objects and value(own, "Prune") != "false" and not told_as_gone:
                pruned[name, pruning(own, now[name]), title(item)] += 1
    return gone, pruned


def title(item: str) -> str:
    return item if " " in item else f"ConfigMap web/{item}"


# What gitguard says

_ENDS = {
    "Argo CD deletes": DELETED,
    "Application argocd/all prunes": DELETED,
    "until a sync of argocd/all prunes": ASKED,
    "until somebody deletes": ASKED,
    "when that is deleted": ASKED,
    "when somebody deletes that": ASKED,
    "nobody looks after": STAYS,
    "the next automated sync deletes them": DELETED,
    "a sync that prunes deletes them": ASKED,
    "its syncOptions keep them": STAYS,
}


def end_of(message: str) -> str:
    (found,) = {end for words, end in _ENDS.items() if words in message}
    return found


def objects_of(message: str) -> tuple[int, tuple[str, ...]]:
    """How many objects a message tells, and which, up to three."""
    found = re.search(r"(\d+) objects?: (.+?)(?= and \d+ more|[.;]|$)", message)
    return (int(found.group(1)), tuple(found.group(2).split(", "))) if found else (0, ())


def findings(repository: Repository, first: dict[str, str], second: dict[str, str]) -> list[dict[str, Any]]:
    """Of both rules, about the change from one tree to the other; the command is called as the command line calls it."""
    for number, tree in enumerate((first, second)):
        for file in repository.path.rglob("*"):
            if file.is_file() and ".git/" not in str(file):
                file.unlink()
        repository.write(tree)
        repository.git("commit", "-q", "--allow-empty", "-m", str(number))
    with chdir(repository.path):
        told = json.loads(ci.run("HEAD~1", "HEAD", Options(repository.environment, format="json")).text)
    assert not told["failures"]
    assert not [one for one in told["undetermined"] if one["rule"] in ("application-deleted", "resources-pruned")]
    return [one for one in told["findings"] if one["rule"] in ("application-deleted", "resources-pruned")]


def repository_in(folder: str) -> Repository:
    found = Repository(Path(folder) / "config", Path(folder) / "home")
    found.environment |= {"PATH": os.environ["PATH"]}
    return found


@given(before=worlds, after=worlds)
@settings(max_examples=100, **RUNS)
def test_what_vanishes_is_told_and_nothing_else(before: World, after: World) -> None:
    """What is told, and what stays without a word, is all that was there: the model has each object once."""
    with TemporaryDirectory() as folder:
        told = findings(repository_in(folder), files(before), files(after))
    gone, pruned = expected(before, after)
    assert {one["level"] for one in told} <= {"warning"}
    names = {}
    for one in (found for found in told if found["rule"] == "application-deleted"):
        head = one["message"].partition(" gone. ")[0]
        listed = [name.removeprefix("argocd/") for name in re.findall(r"`([^`]+)`", head)]
        assert end_of(one["message"].partition(" is renamed to ")[0]) == gone[listed[0]][0]
        names |= dict.fromkeys(listed, end_of(one["message"]))
        every = Counter(item for name in listed for item in gone[name][1])
        number, shown = objects_of(one["message"])
        assert number == every.total(), one["message"]
        assert Counter(shown) <= every
    assert names == {name: end for name, (end, _) in gone.items()}
    seen: Counter[tuple[str, str]] = Counter()
    for one in (found for found in told if found["rule"] == "resources-pruned"):
        name, end = one["application"].removeprefix("argocd/"), end_of(one["message"])
        number, shown = objects_of(one["message"])
        seen[name, end] += number
        assert Counter((name, end, item) for item in shown) <= pruned, one["message"]
    assert seen == Counter((name, end) for name, end, _ in pruned.elements())


@given(world=worlds, chance=st.randoms(use_true_random=False))
@settings(max_examples=25, **RUNS)
def test_order_form_files_and_places_do_not_matter(world: World, chance: random.Random) -> None:
    with TemporaryDirectory() as folder:
        assert findings(repository_in(folder), files(world), files(world, chance)) == []
