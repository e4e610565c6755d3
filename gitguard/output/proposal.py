"""What `gitguard init` has seen, and the files that it proposes, for people to read before anything is written."""

from collections.abc import Iterator

from gitguard.model.layout import Layout, Proposal, SeenCluster, SeenEnvironment
from gitguard.output.printing import printable
from gitguard.output.text import Style

_MOST_ROWS = 30
_MOST_NAMES = 5
_WIDEST = 80
_FOR_OTHERS = "--- for your CI system (not written), after pip install 'gitguard-gitops[render]'"
_FOR_JENKINS = "--- for Jenkins (not written)"
_UNSURE = " (which of them is Argo CD's own is not sure)"
_LAYOUTS = {
    "folder": "a folder for each environment",
    "values": "files of values for each environment",
    "branch": "a branch for each environment",
    "repository": "a repository for each environment",
}
_FORGES = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins", "other": "none that gitguard has a file for"}


def render(proposal: Proposal, root: str, style: Style) -> str:
    """What was seen, then each file whole, then what is left alone; ending in a newline."""
    sections = [] if style.quiet else ["\n".join(_seen(proposal, root, style)), *_environments(proposal.seen, style)]
    sections += [f"{style.paint(f'--- {file.path} (new)', 'bold')}\n{file.text}".rstrip("\n") for file in proposal.files]
    sections += ["\n".join(_left(proposal, style))] if proposal.left else []
    if proposal.script:
        title = _FOR_JENKINS if proposal.ci == "jenkins" else _FOR_OTHERS
        sections.append(f"{style.paint(title, 'bold')}\n{proposal.script}".rstrip("\n"))
    sections += [f"{style.paint('note', 'note')}: {printable(remark)}" for remark in proposal.remarks]
    return "\n\n".join(section for section in sections if section) + "\n"


def _seen(proposal: Proposal, root: str, style: Style) -> Iterator[str]:
    seen = proposal.seen
    yield f"Looked at {style.paint(printable(root), 'bold')}: {_number(seen.files, 'tracked file')}, {_number(seen.manifests, 'manifest')}"
    yield ""
    for label, lines in _facts(proposal):
        for number, line in enumerate(lines):
            yield f"  {label if not number else '':<16} {printable(line)}"


def _facts(proposal: Proposal) -> Iterator[tuple[str, list[str]]]:
    seen, around = proposal.seen, proposal.around
    yield "remotes", list(around.remotes) or ["none"]
    yield "CI", [_FORGES[proposal.ci]]
    yield "branches", [_branches(around.branches, around.default)]
    made = f", with those of {_number(seen.sets, 'ApplicationSet')} as far as they can be told without rendering" if seen.sets else ""
    dead = [f"{seen.dead} more that nothing reaches"] if seen.dead else []
    yield "Applications", [f"{seen.applications}{made}", *dead]
    yield "AppProjects", [str(seen.projects)]
    if seen.templates:
        yield (
            "",
            [f"{_number(len(seen.templates), 'template')} of Argo CD's objects besides, which `gitguard check` renders: {_some(seen.templates)}"],
        )
    if seen.roots:
        yield (
            "applied by hand",
            [f"{folder} ({_number(number, 'object')} of Argo CD)" for folder, number in seen.roots[:_MOST_NAMES]] + _more(seen.roots),
        )
    if seen.clusters:
        yield "clusters", [_cluster(one) for one in seen.clusters[: 2 * _MOST_NAMES]] + _more(seen.clusters, 2 * _MOST_NAMES)
    if seen.namespaces:
        yield "namespace", [f"{', '.join(seen.namespaces[:_MOST_NAMES])}{'' if seen.control_plane else _UNSURE}"]
    for about, label in (("argocd", "Argo CD"), ("kubernetes", "Kubernetes")):
        told = [f"{hint.value} ({hint.path})" for hint in seen.hints if hint.about == about]
        if told:
            yield label, told[:_MOST_NAMES] + _more(told)
    if seen.unread:
        yield "not read", [f"{_some(seen.unread)}: `gitguard check` says why"]
    kinds = dict.fromkeys(one.kind for one in seen.environments)
    yield "layout", [", ".join(_LAYOUTS[kind] for kind in kinds) or "one environment: neither folders, branches nor names tell several apart"]


def _branches(branches: tuple[str, ...], default: str) -> str:
    others = [branch for branch in branches if branch != default]
    named = ", ".join(others[:_MOST_NAMES]) + (f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else "")
    return f"{default or 'which one changes go to is not known'}{' (changes go there)' if default else ''}{f', {named}' if named else ''}"


def _cluster(one: SeenCluster) -> str:
    known = f"{one.name or '(no name known)'} at {one.server}" if one.server else f"{one.name} (its server is not known)"
    where = ", declared here" if one.declared else f", from {one.told}" if one.told else ""
    return f"{known}: {_number(one.applications, 'Application') if one.applications else 'of ApplicationSets only'}{where}"


def _environments(seen: Layout, style: Style) -> list[str]:
    """A table with a row for each environment."""
    if not seen.environments:
        return []
    rows = [("environment", "where", "files", "Applications", "deploys to"), *(_row(one) for one in seen.environments[:_MOST_ROWS])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return ["\n".join([style.paint(lines[0], "bold"), *lines[1:], *(f"  {line}" for line in _more(seen.environments, _MOST_ROWS))])]


def _row(one: SeenEnvironment) -> tuple[str, str, str, str, str]:
    where = [*one.paths, *(f"branch {branch}" for branch in one.branches)] or ["this repository"]
    fitting = [number for number in range(1, len(where) + 1) if len(", ".join(where[:number])) <= _WIDEST] or [1]
    shown = ", ".join(where[: fitting[-1]]) + (f" and {len(where) - fitting[-1]} more" if len(where) > fitting[-1] else "")
    files, applications = str(one.files or ""), str(one.applications or "")
    return one.name, printable(shown), files, applications, printable(_some(one.destinations)) if one.destinations else ""


def _left(proposal: Proposal, style: Style) -> Iterator[str]:
    for file in proposal.left:
        yield f"{style.paint(f'--- {file.path}', 'bold')}: left alone, {printable(file.reason)}"
        if file.lines:
            yield "Add this to it:"
            yield ""
            yield from (f"    {line}".rstrip() for line in file.lines.rstrip("\n").split("\n"))
            yield ""


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _more(listed: tuple[object, ...] | list[str], shown: int = _MOST_NAMES) -> list[str]:
    return [f"and {len(listed) - shown} more"] if len(listed) > shown else []


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
