"""Which kinds a version of Kubernetes no longer serves, or serves for the last time: from data over its releases, not from a list."""

from collections.abc import Container, Iterator

from gitguard.schema.schemas import Schemas
from gitguard.schema.versions import number

_BETAS_OFF = (1, 24)


def aging(schemas: Schemas, api_version: str, kind: str) -> Iterator[tuple[str, str, str]]:
    """(rule, message, fix), at most one: "api-removed" or "api-deprecated" for the version that `schemas` judge by."""
    known = schemas.lifecycle.get(api_version, {}).get(kind)
    if known is None:
        return
    introduced, deprecated, removed, replacement = known
    now = schemas.kubernetes
    name = f"{api_version} {kind}"
    instead = f"use {replacement}" if replacement else ""
    if removed and number(removed) <= number(now) and not schemas.serves(api_version, kind):
        yield "api-removed", f"Kubernetes {now} does not serve {name}: removed in {removed}{_after(replacement)}", instead
    elif introduced and number(introduced) > number(now) and not schemas.serves(api_version, kind):
        yield "api-removed", f"Kubernetes {now} does not serve {name} yet: introduced in {introduced}", "set `kubernetes:` to your version"
    elif deprecated and number(deprecated) <= number(now):
        until = f", removed in {removed}" if removed else ""
        yield "api-deprecated", f"{name} is deprecated since Kubernetes {deprecated}{until}{_after(replacement)}", instead


def _after(replacement: str) -> str:
    return f", replaced by {replacement}" if replacement else ""


def served(schemas: Schemas, kinds: Container[tuple[str, str]]) -> tuple[str, ...]:
    """What a cluster of the version serves unless told otherwise, as Helm asks for it: `group/version` and `group/version/Kind`, sorted.

    `kinds` are the (group, kind) that objects have, which lists and requests are not. Alpha versions are off, and so is every beta version
    that came with Kubernetes 1.24 or later.
    """
    now = number(schemas.kubernetes)
    found: set[str] = set()
    for api_version, table in schemas.lifecycle.items():
        for kind, (introduced, _, removed, _) in table.items():
            since, until = number(introduced) if introduced else (0, 0), number(removed) if removed else (1 << 30, 0)
            off = "alpha" in api_version or ("beta" in api_version and since >= _BETAS_OFF)
            if since <= now < until and not off and (api_version.rpartition("/")[0], kind) in kinds:
                found |= {api_version, f"{api_version}/{kind}"}
    return tuple(sorted(found))
