"""May an AppProject's Applications use a repository? Argo CD's IsSourcePermitted (app_project_types.go), with its reasons."""

from collections.abc import Callable
from functools import lru_cache

from gitguard.argo.glob import compiles, match, matcher
from gitguard.argo.repository import normalize_git_url
from gitguard.model.argo import Project, Verdict

_SHOWN = 5


def permits_source(project: Project, repo_url: str, version: str = "3.6") -> Verdict:
    """Permitted when some entry matches and no deny entry is hit; a deny entry that is not hit counts as a match."""
    wanted = normalize_git_url(repo_url, version)
    allowed = ""
    for number, (pattern, permits) in enumerate(_compiled(project.source_repos, version)):
        if permits(wanted):
            allowed = allowed or f"/spec/sourceRepos/{number}"
        elif pattern.startswith("!"):
            return Verdict(False, f"`{pattern}` denies it", f"/spec/sourceRepos/{number}")
    if allowed:
        pattern = project.source_repos[int(allowed.rpartition("/")[2])]
        how = f"`{pattern}` permits it" if not pattern.startswith("!") else f"`{pattern}` does not deny it, and a deny entry that misses permits"
        return Verdict(True, how, allowed)
    return _nearest_miss(project, wanted, version)


def could_permit_source(project: Project) -> bool | None:
    """The verdict when nothing is known of the URL: True or False where every URL gives that one, else None."""
    if not project.source_repos:
        return False
    anything = any(pattern in ("*", "**") for pattern in project.source_repos)
    return True if anything and not any(pattern.startswith("!") for pattern in project.source_repos) else None


@lru_cache(maxsize=16384)
def _normalized(pattern: str, version: str) -> str:
    return "!" + normalize_git_url(pattern[1:], version) if pattern.startswith("!") else normalize_git_url(pattern, version)


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...], version: str) -> tuple[tuple[str, Callable[[str], bool]], ...]:
    return tuple((pattern, matcher(_normalized(pattern, version), "/", version)) for pattern in patterns)


def _nearest_miss(project: Project, wanted: str, version: str) -> Verdict:
    if not project.source_repos:
        return Verdict(False, "it permits no repository: sourceRepos is empty", "")
    for number, pattern in enumerate(project.source_repos):
        why = _why_missed(pattern, _normalized(pattern, version), wanted, version)
        if why:
            return Verdict(False, f"`{pattern}` does not match: {why}", f"/spec/sourceRepos/{number}")
    shown = ", ".join(f"`{pattern}`" for pattern in project.source_repos[:_SHOWN])
    more = f" and {len(project.source_repos) - _SHOWN} more" if len(project.source_repos) > _SHOWN else ""
    return Verdict(False, f"it permits only {shown}{more}", "")


def _why_missed(pattern: str, normalized: str, wanted: str, version: str) -> str:
    """Why an entry that means this repository does not match it; "" where it means another."""
    if not normalized:
        return "it can't be parsed as a URL" if pattern else ""
    if compiles(normalized, version):
        return compiles(normalized, version)
    if normalized.rstrip("/") != normalized and match(normalized.rstrip("/"), wanted, "/", version):
        return "it ends in `/` and the repository does not"
    if wanted.endswith("/") and match(normalized, wanted.rstrip("/"), "/", version):
        return "the repository ends in `/` and the entry does not"
    if "*" in normalized and match(normalized, wanted, version=version):
        return "`*` stops at `/`; `**` would match"
    bare = _bare(normalized)
    if (bare != normalized or _bare(wanted) != wanted) and match(bare, _bare(wanted), "/", version):
        return "scheme, port or user differ, and Argo CD compares them literally"
    return ""


@lru_cache(maxsize=16384)
def _bare(url: str) -> str:
    """Host and path of a URL, without scheme, user, port; `host:path` of scp-like forms was already turned into `host/path`."""
    _, _, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return host.rpartition("@")[2].partition(":")[0] + slash + path
