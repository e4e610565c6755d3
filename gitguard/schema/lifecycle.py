"""Which kinds a version of Kubernetes no longer serves, or serves for the last time: from data over its releases, not from a list."""

from collections.abc import Iterator

from gitguard.schema.schemas import Schemas
from gitguard.schema.versions import number


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
