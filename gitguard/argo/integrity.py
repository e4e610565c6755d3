"""Which signatures a source needs: signatureKeys and sourceIntegrity (v1alpha1/types.go, util/sourceintegrity)."""

import re

from gitguard.argo.glob import match
from gitguard.argo.version import at_least
from gitguard.model.argo import IntegrityPolicy, Project, Source

_KEY = re.compile(r"(?:[0-9A-Fa-f]{24})?[0-9A-Fa-f]{16}")
_MODES = ("none", "head", "strict")


def effective_policies(project: Project, version: str = "3.6") -> tuple[IntegrityPolicy, ...]:
    """The policies that count: `signatureKeys` becomes one for every repository, unless `sourceIntegrity.git` is there and replaces it."""
    if at_least(version, (3, 5)) and project.source_integrity is not None:
        return project.source_integrity
    return (IntegrityPolicy(("*",), "head", project.signature_keys),) if project.signature_keys else ()


def selected(policies: tuple[IntegrityPolicy, ...], repo_url: str, version: str = "3.6") -> tuple[int, ...]:
    """The policies that apply to a repository, as numbers: the URL as written, `*` crosses `/`, a deny hit excludes the policy."""
    return tuple(number for number, policy in enumerate(policies) if _applies(policy, repo_url, version))


def _applies(policy: IntegrityPolicy, repo_url: str, version: str) -> bool:
    if any(pattern.startswith("!") and match(pattern[1:], repo_url, version=version) for pattern in policy.repos):
        return False
    return any(not pattern.startswith("!") and match(pattern, repo_url, version=version) for pattern in policy.repos)


def is_verified(project: Project, source: Source, version: str = "3.6") -> bool:
    """Must a commit of this source be signed, or is the verification bound to fail? Charts and OCI artifacts are never verified."""
    if source.chart or source.repo_url.startswith("oci://") or not (source.repo_url or source.path or source.target_revision or source.ref):
        return False
    policies = effective_policies(project, version)
    applying = selected(policies, source.repo_url, version)
    if len(applying) != 1:
        return bool(applying)
    return policies[applying[0]].mode not in (None, "none")


def mode_problem(mode: str) -> str:
    """Why verification fails whatever is signed; "" where the mode is known."""
    return "" if mode in _MODES else f"the mode `{mode}` is unknown, so every verification fails: `head`, `strict` or `none`"


def key_problem(key: str) -> str:
    """Why a key can't allow any signature; "" where it can."""
    if not _KEY.fullmatch(key):
        return "it is neither a key ID of 16 hexadecimal digits nor a fingerprint of 40"
    return "" if key == key.upper() else "git writes key IDs in upper case, and they are compared as they are"
