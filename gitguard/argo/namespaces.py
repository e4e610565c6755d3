"""May an Application outside of the control plane's namespace use an AppProject? Argo CD's IsAppNamespacePermitted."""

from gitguard.argo.expressions import search
from gitguard.argo.glob import match
from gitguard.argo.version import at_least
from gitguard.model.argo import Project, Verdict

_CRASH = "the entry `/` of its sourceNamespaces makes this version of Argo CD crash"
# Since then `/` and `//` are what they look like, and no empty expression.
_LITERAL_SLASHES = ((3, 6), (3, 5, 7), (3, 4, 13), (3, 3, 19))


def permits_application_namespace(project: Project, namespace: str, control_plane: str = "argocd", version: str = "3.6") -> Verdict:
    """It can't be told where an entry is a regular expression that other engines read otherwise, or that is too costly to try."""
    if namespace in ("", control_plane):
        return Verdict(True, "Applications in Argo CD's own namespace may use every AppProject", "")
    unknown = ""
    for number, entry in enumerate(project.source_namespaces):
        pointer = f"/spec/sourceNamespaces/{number}"
        if entry == "/" and not at_least(version, *_LITERAL_SLASHES):
            unknown = unknown or _CRASH
            break
        answer = _matches(entry, namespace, version)
        if answer:
            return Verdict(True, f"`{entry}` admits it", pointer)
        if answer is None:
            unknown = f"the regular expression `{entry}` of its sourceNamespaces takes too long, or is read differently by other engines"
    if unknown:
        return Verdict(None, unknown, "/spec/sourceNamespaces")
    if not project.source_namespaces:
        return Verdict(False, "it has no sourceNamespaces, so it admits Applications from Argo CD's own namespace only", "")
    return Verdict(False, f"it admits only {', '.join(f'`{entry}`' for entry in project.source_namespaces[:5])}", "")


def _matches(entry: str, namespace: str, version: str) -> bool | None:
    """An entry between slashes is first an unanchored regular expression, then, like every other, a glob."""
    longest_literal = 2 if at_least(version, *_LITERAL_SLASHES) else 1
    found: bool | None = False
    if len(entry.encode("utf-8", "surrogatepass")) > longest_literal and entry.startswith("/") and entry.endswith("/"):
        found = search(entry[1:-1], namespace)
    return match(entry, namespace, version=version) or found
