"""From a source to what has to be done: the entrance of this room."""

import re
from posixpath import join, normpath

from gitguard.model.rendering import Lacking, Remote
from gitguard.render import directory, helm, kustomize
from gitguard.render.mounts import CHART, REPOSITORY, shown
from gitguard.render.outcomes import Needed, Refused
from gitguard.render.plans import Cluster, Part, Plan
from gitguard.render.source import effective, text, tool, variables
from gitguard.render.tree import Tree, within

_COMMIT = re.compile(r"[0-9a-f]{40}")


def plan(part: Part, tree: Tree, cluster: Cluster) -> Plan | Lacking | str:
    """The plan, or what is lacking, or (text) why Argo CD would refuse."""
    try:
        return _plan(part, tree, cluster)
    except Refused as error:
        return str(error)
    except Needed as error:
        return Lacking(error.reason, error.needs, error.elsewhere, error.remotes)


def _plan(part: Part, tree: Tree, cluster: Cluster) -> Plan:
    folder = _folder(part, tree)
    source = effective(part, folder, tree, cluster.argo_namespace)
    chosen = tool(source, folder, tree)
    if chosen == "plugin":
        name = text((source.get("plugin") or {}).get("name"))
        raise Needed(f"the config management plugin {name}".rstrip() + " makes the objects", "the plugin: gitguard runs none")
    if chosen == "helm":
        return helm.plan(part, source, folder, tree, cluster, variables(part, cluster.argo_namespace))
    if chosen == "kustomize":
        return kustomize.plan(source, folder, tree, cluster, variables(part, cluster.argo_namespace))
    return directory.plan(source, folder, tree)


def _folder(part: Part, tree: Tree) -> str:
    """The folder of the source, from the tree's root."""
    source = part.source
    root = _root(part, tree)
    if source.get("chart"):
        return root
    if tree.leading_out(root):
        raise Refused(f"repository contains out-of-bounds symlinks. file: {tree.leading_out(root)}")
    written = text(source.get("path"))
    if written.startswith("/"):
        raise Refused(f"{written}: app path is absolute")
    clean = normpath(join(".", written))
    if clean == ".." or clean.startswith("../"):
        raise Refused(f"{written}: app path outside root")
    folder = tree.resolve(within(root, clean))
    if tree.is_file(folder):
        raise Refused(f"{written}: app path is not a directory")
    if not tree.is_folder(folder):
        raise Refused(f"{written}: app path does not exist")
    return folder


def _root(part: Part, tree: Tree) -> str:
    """Where the repository of the source, or its chart, lies in the tree."""
    source = part.source
    url, revision = text(source.get("repoURL")), text(source.get("targetRevision"))
    if source.get("chart"):
        name = text(source.get("chart"))
        chart = f"{name} {revision}".strip()
        return tree.mounted(Remote("chart", url, revision, name), f"the chart {chart} comes from {shown(url)}", CHART, elsewhere=True)
    if "" not in part.here:
        return tree.mounted(Remote("git", url, revision), f"the source is another repository, {shown(url)}", REPOSITORY, elsewhere=True)
    if _COMMIT.fullmatch(revision):
        return tree.mounted(Remote("commit", "", revision), f"the source is pinned to commit {revision[:12]}", "that commit's files")
    return ""
