"""What the CI system says of a change: where it goes to, who has opened it, who has approved it."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gitguard.model.change import Occasion

# Target, source and author, as CI systems name them; the pipeline's own words come first, since only it knows of approvals.
_VARIABLES = (
    ("GITGUARD_BASE", "GITGUARD_HEAD", "GITGUARD_AUTHOR"),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "GITLAB_USER_LOGIN"),
    ("CHANGE_TARGET", "CHANGE_BRANCH", "CHANGE_AUTHOR"),
    ("BITBUCKET_PR_DESTINATION_BRANCH", "BITBUCKET_BRANCH", ""),
    ("SYSTEM_PULLREQUEST_TARGETBRANCH", "SYSTEM_PULLREQUEST_SOURCEBRANCH", ""),
    ("GITHUB_BASE_REF", "GITHUB_HEAD_REF", ""),
)
_PREFIX = re.compile(r"(refs/heads/|refs/remotes/[^/]+/|origin/)")


def occasion(environment: Mapping[str, str], event: bytes, base: str) -> Occasion:
    """The occasion in these variables and the content of GitHub's event file (b"" where there is none). `base` is the ref that --base
    names, "" for a commit: a branch counts where nobody else tells one."""
    own, *others = (
        Occasion(environment.get(target, ""), environment.get(source, ""), environment.get(author, "")) for target, source, author in _VARIABLES
    )
    given = (own, _of_event(event), *others)
    approvers = environment.get("GITGUARD_APPROVERS")
    return Occasion(
        _branch(_first(one.base for one in given) or (base if base.startswith(("refs/heads/", "refs/remotes/")) else "")),
        _branch(_first(one.head for one in given)),
        _first(one.author for one in given),
        None if approvers is None else frozenset(approvers.replace(",", " ").split()),
    )


def _of_event(event: bytes) -> Occasion:
    """What GitHub's event says: pull_request, pull_request_target and pull_request_review, merge_group, push."""
    try:
        value = json.loads(event or b"{}")
    except ValueError:
        return Occasion()
    if isinstance(_at(value, "pull_request"), dict):
        request = value["pull_request"]
        return Occasion(_text(_at(request, "base", "ref")), _text(_at(request, "head", "ref")), _text(_at(request, "user", "login")))
    if isinstance(_at(value, "merge_group"), dict):
        return Occasion(_text(_at(value, "merge_group", "base_ref")), _text(_at(value, "merge_group", "head_ref")))
    return Occasion(_text(_at(value, "ref")), "", _text(_at(value, "sender", "login")) if _at(value, "pusher") else "")


def _at(value: Any, *steps: str) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _first(values: Iterable[str]) -> str:
    return next((value for value in values if value), "")


def _branch(name: str) -> str:
    prefix = _PREFIX.match(name)
    return name[prefix.end() :] if prefix else name
