"""May an Application outside of the control plane's namespace use an AppProject? Argo CD's IsAppNamespacePermitted."""

from gitguard.argo.expressions import search
from gitguard.argo.glob import match
from gitguard.argo.version import at_least
from gitguard.model.argo import Project, Verdict


def permits_application_namespace(project: Project, namespace: str, control_plane: str = "argocd", version: str = "3.6") -> Verdict | None:
    """None where an entry is a regular expression that can't be judged here: not Python's syntax, or too costly to try."""
    if namespace in ("", control_plane):
        return Verdict(True, "Applications in Argo CD's own namespace may use every AppProject", "")
    unknown = False
    for number, entry in enumerate(project.source_namespaces):
        answer = _matches(entry, namespace, at_least(version, (3, 6)))
        if answer:
            return Verdict(True, f"`{entry}` admits it", f"/spec/sourceNamespaces/{number}")
        unknown |= answer is None
    if unknown:
        return None
    if not project.source_namespaces:
        return Verdict(False, "it has no sourceNamespaces, so it admits Applications from Argo CD's own namespace only", "")
    return Verdict(False, f"it admits only {', '.join(f'`{entry}`' for entry in project.source_namespaces[:5])}", "")


def _matches(entry: str, namespace: str, literal_slashes: bool) -> bool | None:
    """An entry between slashes is first an unanchored regular expression, then, like every other, a glob."""
    longest_literal = 2 if literal_slashes else 1
    found: bool | None = False
    if len(entry.encode("utf-8", "surrogatepass")) > longest_literal and entry.startswith("/") and entry.endswith("/"):
        found = search(entry[1:-1], namespace)
    return match(entry, namespace) or found
