"""Commits that one AppProject accepts and another did not, and service accounts that its syncs may newly act as."""

from collections.abc import Iterator, Sequence
from itertools import product

from gitguard.argo.accounts import service_account
from gitguard.argo.glob_classes import cases, texts
from gitguard.argo.integrity import effective_policies, selected
from gitguard.model.argo import Cluster, Project

_MOST_SOURCES = 200


def new_commits(before: Project, after: Project, sources: Sequence[str], version: str = "3.6") -> Iterator[tuple[str, bool]]:
    """(which commits, in words; is it a repository that is there) that are accepted now: one for each repository that policies tell apart."""
    policies = [policy for project in (before, after) for policy in effective_policies(project, version)]
    keys = ("", *dict.fromkeys(key for policy in policies for key in policy.keys), "another key")
    patterns = [pattern.removeprefix("!") for policy in policies for pattern in policy.repos]
    made = [(url, True) for url in sources[:_MOST_SOURCES]] + [(url, False) for url in texts(patterns) if url]
    for url, is_real in made:
        for key, throughout in product(keys, (False, True)):
            asked = {"url": url, "key": key, "version": version}
            if accepts(after, **asked, throughout=throughout) and not accepts(before, **asked, throughout=throughout):
                how = f"signed with `{key}`" if key else "that nobody signed"
                yield f"commits of `{url}` {how}{'' if throughout or not key else ', after some that nobody signed'}", is_real
                break


def accepts(project: Project, *, url: str, key: str, throughout: bool, version: str = "3.6") -> bool:
    """Does it accept a commit signed with the key ("": with none), where all before it are too (`throughout`) or are not?"""
    policies = effective_policies(project, version)
    numbers = selected(policies, url, version)
    if len(numbers) != 1:
        return not numbers
    policy = policies[numbers[0]]
    signed = policy.mode in ("head", "strict") and key in policy.keys and (throughout or policy.mode == "head")
    return policy.mode in (None, "none") or signed


def new_accounts(before: Project, after: Project, places: Sequence[tuple[Cluster, str]], version: str = "3.6") -> Iterator[tuple[str, str, bool]]:
    """(account and place, in words; JSON pointer of the entry; is it a place that is there) of syncs that act as another account now."""
    entries = (*before.destination_service_accounts, *after.destination_service_accounts)
    servers, spaces = (texts(some) for some in zip(*((one.server, one.namespace) for one in entries), strict=True))
    real = [(cluster.server, namespace, True) for cluster, namespace in places if cluster.server]
    for server, namespace, is_real in (*real, *((server, space, False) for server, space in cases(servers, spaces) if server)):
        had, has = (service_account(project, server, namespace, "argocd", version) for project in (before, after))
        if has.permitted and has.reason and (not had.permitted or had.reason != has.reason):
            yield f"`{has.reason}` syncs to `{server}/{namespace}`", has.entry, is_real
