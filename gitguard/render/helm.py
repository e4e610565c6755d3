"""Helm charts of the repository: which values Argo CD hands to `helm template`, in which order, and what the chart reads.

Source: reposerver/repository/repository.go (helmTemplate, getResolvedValueFiles) and util/helm/cmd.go.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import join
from typing import Any

from gitguard.argo.glob import match
from gitguard.model.rendering import Reads, Remote
from gitguard.parse import read
from gitguard.render.mounts import BASE, DEPENDENCY, FILE, REPOSITORY, root_of, shown
from gitguard.render.outcomes import Needed, Needs, Refused
from gitguard.render.plans import Cluster, HelmPlan, Part
from gitguard.render.source import filled, mapping, mappings, overrides, text, texts
from gitguard.render.tree import Tree, within

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]*):")
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+)")
_COMMAS = re.compile(r"(?<!\\),")
_GLOB = frozenset("*?[")
_CAPABILITIES = (b".Capabilities.APIVersions", b"lookup ")
ASSUMED_VERSIONS = "the chart asks which API versions the cluster has: those of Kubernetes and of the repository's own CRDs are assumed"
_ASSUMED = (
    ASSUMED_VERSIONS,
    "the chart looks up objects of the cluster: none are assumed, as Argo CD does",
)


def plan(part: Part, source: Mapping[str, Any], folder: str, tree: Tree, cluster: Cluster, variables: Mapping[str, str]) -> HelmPlan:
    """How to template the chart in `folder`; raises Refused or Needed."""
    options = mapping(source.get("helm"))
    if text(options.get("version")) not in ("", "v3", "v4"):
        raise Refused(f"helm version '{options['version']}' is not supported")
    files = _chart_files(folder, tree)
    values = tuple(_value_files(part, options, folder, tree, variables))
    parameters = {text(entry.get("name")): entry for entry in mappings(options.get("parameters"))}
    given = {
        forced: tuple(
            (name, _clean(filled(text(entry.get("value")), variables)))
            for name, entry in parameters.items()
            if (entry.get("forceString") is True) == forced
        )
        for forced in (False, True)
    }
    named = {text(entry.get("name")): text(entry.get("path")) for entry in mappings(options.get("fileParameters"))}
    set_files = {name: _resolved(part, path, folder, tree, variables) for name, path in named.items()}
    kustomize = mapping(source.get("kustomize"))
    absent = (*overrides(folder, part.name), *(path for path in _mentioned(part, options, folder, variables) if path not in values))
    return HelmPlan(
        folder,
        text(options.get("releaseName")) or part.name,
        text(options.get("namespace")) or text(kustomize.get("namespace")) or part.target,
        _kube_version(text(options.get("kubeVersion")) or cluster.kube_version),
        tuple(texts(options.get("apiVersions"))) or cluster.api_versions,
        values,
        _extra(options),
        given[False],
        given[True],
        tuple(set_files.items()),
        options.get("skipCrds") is True,
        options.get("skipSchemaValidation") is True,
        options.get("skipTests") is True,
        tuple(sorted({*files, *values, *set_files.values()})),
        Reads(tuple(sorted({*values, *set_files.values(), *files, *absent})), (folder,)),
    )


def assumptions(contents: Iterable[bytes]) -> tuple[str, ...]:
    """What the templates of a chart ask the cluster for."""
    asked = [False, False]
    for content in contents:
        asked = [said or mark in content for said, mark in zip(asked, _CAPABILITIES, strict=True)]
    return tuple(why for why, said in zip(_ASSUMED, asked, strict=True) if said)


def local_dependencies(folder: str, tree: Tree) -> dict[str, str]:
    """Dependencies that lie elsewhere in the repository and are not in charts/: name to folder. `helm dependency build` would put them there.

    Those of chart repositories are where they were fetched; Needed where one was not.
    """
    missing: dict[str, str] = {}
    needs = Needs()
    for name, repository, version in _dependencies(folder, tree):
        place = name if name not in missing else f"{name}-{version}"
        if _vendored(name, folder, tree):
            continue
        if not repository.startswith("file://"):
            with needs.one():
                fetched = _fetched(name, repository, version, folder, tree)
                # One chart under two aliases lies there once.
                missing |= {} if fetched in missing.values() else {place: fetched}
            continue
        found = tree.resolve(within(folder, repository.removeprefix("file://")))
        if not tree.is_file(join(found, "Chart.yaml")):
            raise Refused(f"{folder or '.'}: the dependency {name} is to be in {found or '.'}, and there is no chart")
        missing[place] = found
    needs.raise_all()
    return missing


def _fetched(name: str, repository: str, version: str, folder: str, tree: Tree) -> str:
    where = f" from {shown(repository)}" if repository else ""
    reason = f"the chart in {folder or '.'} depends on {name}{where}, which is not in its charts/"
    if "://" not in repository:
        raise Needed(reason, "`helm dependency build`, and charts/ committed")
    return tree.mounted(Remote("chart", repository, version, name), reason, DEPENDENCY)


def _dependencies(folder: str, tree: Tree) -> Iterator[tuple[str, str, str]]:
    """(name, repository, version) of each; what a lock file says of the version is what `helm dependency build` takes."""
    for name, lock in (("Chart.yaml", "Chart.lock"), ("requirements.yaml", "requirements.lock")):
        locked = {(text(entry.get("name")), text(entry.get("repository"))): text(entry.get("version")) for entry in _listed(lock, folder, tree)}
        for entry in _listed(name, folder, tree):
            identity = text(entry.get("name")), text(entry.get("repository"))
            yield (*identity, locked.get(identity) or text(entry.get("version")))


def _listed(name: str, folder: str, tree: Tree) -> list[Mapping[str, Any]]:
    path = tree.resolve(join(folder, name))
    documents = read(tree.read(path)).documents[:1] if tree.is_file(path) else ()
    return [entry for document in documents for entry in mappings(mapping(document.value).get("dependencies"))]


def is_archive_of(name: str, path: str) -> bool:
    """Is the file the packed chart of that name, in some version? redis-cluster-1.0.0.tgz is none of redis."""
    return re.fullmatch(rf"{re.escape(name)}-v?\d[^/]*\.tgz", path.rpartition("/")[2]) is not None


def _vendored(name: str, folder: str, tree: Tree) -> bool:
    charts = tree.resolve(join(folder, "charts"))
    if any(is_archive_of(name, path) for path in tree.inside(charts)):
        return True
    for path in tree.below(charts):
        inside = path[len(charts) + 1 :]
        if inside.endswith("/Chart.yaml") and inside.count("/") == 1:
            found = read(tree.read(tree.resolve(path))).documents
            if found and mapping(found[0].value).get("name") == name:
                return True
    return tree.is_file(tree.resolve(join(charts, name, "Chart.yaml")))


def _chart_files(folder: str, tree: Tree) -> list[str]:
    files: list[str] = []
    roots = [folder, *local_dependencies(folder, tree).values()]
    seen: set[str] = set()
    while roots:
        root = roots.pop()
        if root in seen:
            continue
        seen.add(root)
        for path in tree.below(root):
            if path in tree.links:
                target = tree.resolve(path)
                files.append(path)
                if tree.is_file(target):
                    files.append(target)
                elif tree.is_folder(target):
                    roots.append(target)
            elif tree.is_file(path):
                files.append(path)
    return files


def _value_files(part: Part, options: Mapping[str, Any], folder: str, tree: Tree, variables: Mapping[str, str]) -> list[str]:
    """Values files in the order in which helm gets them; a file that is named and also matched by a glob comes where it is named."""
    ignore = options.get("ignoreMissingValueFiles") is True
    written = [(entry, _resolved(part, entry, folder, tree, variables)) for entry in texts(options.get("valueFiles"))]
    named = {path for _, path in written if not _GLOB.intersection(path)}
    found: dict[str, None] = {}
    for entry, path in written:
        if _GLOB.intersection(path):
            matching = _matching(path, tree)
            if not matching and not ignore:
                raise Refused(f'values file glob "{entry}" matched no files')
            found |= dict.fromkeys(one for one in matching if one not in named)
        elif tree.is_file(path):
            found[path] = None
        elif not ignore:
            raise Refused(f"the values file {entry} does not exist: there is no {path}")
    return list(found)


def _mentioned(part: Part, options: Mapping[str, Any], folder: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Paths of values files that may come to exist."""
    for entry in texts(options.get("valueFiles")):
        name, _, rest = entry.partition("/")
        base, path = ("", rest) if name[1:] in part.refs and name.startswith("$") else (folder, filled(entry, variables))
        if not _SCHEME.match(path):
            yield within(root_of(base), path.lstrip("/")) if path.startswith("/") else within(base, path)


def _resolved(part: Part, written: str, folder: str, tree: Tree, variables: Mapping[str, str]) -> str:
    """The path of a values file from the repository's root: `$ref/…` from that of another source, `/…` from its own, else from the chart."""
    base = folder
    if written.startswith("$") and part.multi:
        name, _, rest = written[1:].partition("/")
        base, written = _referred(part, name, written, tree), rest
    path = filled(written, variables)
    scheme = _SCHEME.match(path)
    if scheme and scheme.group(1).lower() in ("http", "https"):
        root = tree.mounted(Remote("file", path), f"the values file {shown(path)} is on the network", BASE)
        return join(root, FILE)
    if scheme:
        raise Needed(f"values files by `{scheme.group(1)}:` take a setting of argocd-cm and a plugin", "a values file in the repository")
    path = within(root_of(base), path.lstrip("/")) if path.startswith("/") else within(base, path)
    if not path:
        raise Refused(f"`{written}` is the repository's root, no values file")
    return path if _GLOB.intersection(path) else tree.resolve(path)


def _referred(part: Part, name: str, written: str, tree: Tree) -> str:
    """Where the repository of the source `name` lies in the tree."""
    token = f"${name}"
    if name not in part.refs:
        if not part.refs:
            raise Refused(f"source referenced \"{token}\", but no source has a 'ref' field defined")
        known = ", ".join(f"${ref}" for ref in part.refs)
        raise Refused(f'source referenced "{token}", which is not one of the available sources ({known})')
    if part.refs[name].get("chart"):
        raise Refused("source has a 'chart' field defined, but Helm charts are not yet not supported for 'ref' sources")
    if name not in part.here:
        url, revision = text(part.refs[name].get("repoURL")), text(part.refs[name].get("targetRevision"))
        return tree.mounted(Remote("git", url, revision), f"{written} lies in another repository, {shown(url)}", REPOSITORY)
    own, other = (text(source.get("targetRevision")) or "HEAD" for source in (part.source, part.refs[name]))
    if "" in part.here and own != other:
        raise Needed(
            f"{written} lies in this repository at {other}, and the source at {own}: Argo CD refuses two commits of one", "one revision for both"
        )
    return ""


def _matching(pattern: str, tree: Tree) -> list[str]:
    """Files that a glob with `**` matches; the files of a folder come before those of its subfolders."""
    translated = pattern.replace("[^", "[!").replace("**/", "{,**/}")
    fixed = pattern[: min(pattern.index(mark) for mark in _GLOB if mark in pattern)].rpartition("/")[0]
    found = [path for path in tree.below(fixed) if match(translated, path, "/") and tree.is_file(tree.resolve(path))]
    return sorted(found, key=lambda path: [*((1, folder) for folder in path.split("/")[:-1]), (0, path.rpartition("/")[2])])


def _extra(options: Mapping[str, Any]) -> str:
    """`valuesObject`, else `values`."""
    given = options.get("valuesObject")
    return json.dumps(given) if given is not None else text(options.get("values"))


def _clean(value: str) -> str:
    """Commas would split a value of --set, unless it is a list."""
    return value if value.startswith("{") and value.endswith("}") else _COMMAS.sub(r"\\,", value)


def _kube_version(written: str) -> str:
    if not written:
        return ""
    found = _VERSION.match(written.strip())
    if found is None:
        raise Refused(f"could not parse kubernetes version {written}")
    return found.group(1)
