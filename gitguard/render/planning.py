"""From a source to what has to be done: the entrance of this room."""

import re
from posixpath import join, normpath

from gitguard.model.rendering import Lacking
from gitguard.render import directory, helm, kustomize
from gitguard.render.outcomes import Needed, Refused
from gitguard.render.plans import Cluster, Part, Plan
from gitguard.render.source import effective, text, tool, variables
from gitguard.render.tree import Tree

_COMMIT = re.compile(r"[0-9a-f]{40}")


def plan(part: Part, tree: Tree, cluster: Cluster) -> Plan | Lacking | str:
    """The plan, or what is lacking, or (text) why Argo CD would refuse."""
    try:
        return _plan(part, tree, cluster)
    except Refused as error:
        return str(error)
    except Needed as error:
        return Lacking(error.reason, error.needs, error.elsewhere)


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
    """The folder of the source, from the repository's root."""
    source = part.source
    url = re.sub(r"://[^/@]*@", "://", text(source.get("repoURL")))
    if source.get("chart"):
        chart = f"{text(source.get('chart'))} {text(source.get('targetRevision'))}".strip()
        raise Needed(f"the chart {chart} comes from {url}", "network access: vendor the chart into the repository", elsewhere=True)
    if "" not in part.here:
        raise Needed(f"the source is another repository, {url}", "that repository's files", elsewhere=True)
    if tree.leading_out:
        raise Refused(f"repository contains out-of-bounds symlinks. file: {tree.leading_out}")
    revision = text(source.get("targetRevision"))
    if _COMMIT.fullmatch(revision):
        raise Needed(f"the source is pinned to commit {revision[:12]}", "that commit's files")
    written = text(source.get("path"))
    if written.startswith("/"):
        raise Refused(f"{written}: app path is absolute")
    clean = normpath(join(".", written))
    if clean == ".." or clean.startswith("../"):
        raise Refused(f"{written}: app path outside root")
    folder = tree.resolve("" if clean == "." else clean)
    if tree.is_file(folder):
        raise Refused(f"{written}: app path is not a directory")
    if not tree.is_folder(folder):
        raise Refused(f"{written}: app path does not exist")
    return folder
