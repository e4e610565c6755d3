"""What CI systems say of a change, by their variables and GitHub's event."""

import json

import pytest

from gitguard.commands.occasion import occasion
from gitguard.model.change import Occasion

PULL_REQUEST = {"pull_request": {"base": {"ref": "main"}, "head": {"ref": "topic"}, "user": {"login": "alice"}}, "sender": {"login": "eve"}}


@pytest.mark.parametrize(
    ("variables", "event", "base", "expected"),
    [
        ({}, {}, "", Occasion()),
        ({}, {}, "refs/heads/prod", Occasion("prod")),
        ({}, {}, "refs/remotes/upstream/prod/eu", Occasion("prod/eu")),
        ({}, {}, "refs/tags/prod", Occasion()),
        ({"GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "topic"}, PULL_REQUEST, "refs/heads/x", Occasion("main", "topic", "alice")),
        ({}, {"merge_group": {"base_ref": "refs/heads/main", "head_ref": "refs/heads/queue/1"}}, "", Occasion("main", "queue/1")),
        ({}, {"ref": "refs/heads/main", "pusher": {"name": "alice"}, "sender": {"login": "alice"}}, "", Occasion("main", "", "alice")),
        (
            {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "topic", "GITLAB_USER_LOGIN": "bob"},
            {},
            "",
            Occasion("main", "topic", "bob"),
        ),
        ({"CI_MERGE_REQUEST_APPROVED": "true"}, {}, "", Occasion()),
        ({"CHANGE_TARGET": "main", "CHANGE_BRANCH": "topic", "CHANGE_AUTHOR": "bob"}, {}, "", Occasion("main", "topic", "bob")),
        ({"BITBUCKET_PR_DESTINATION_BRANCH": "main"}, {}, "", Occasion("main")),
        ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}, {}, "", Occasion("main")),
        ({"GITGUARD_BASE": "origin/prod", "GITGUARD_AUTHOR": "bob"}, PULL_REQUEST, "", Occasion("prod", "topic", "bob")),
        ({"GITGUARD_APPROVERS": ""}, {}, "", Occasion(approvers=frozenset())),
        ({"GITGUARD_APPROVERS": "alice, bob\ncarol"}, {}, "", Occasion(approvers=frozenset({"alice", "bob", "carol"}))),
    ],
)
def test_variables_and_events(variables, event, base, expected) -> None:
    assert occasion(variables, json.dumps(event).encode(), base) == expected


@pytest.mark.parametrize(
    "event", [b"", b"no JSON", b"[]", b"null", b'{"pull_request": {"base": 1, "user": []}}', b'{"merge_group": {"base_ref": {}}}', b"\xff"]
)
def test_an_event_of_another_shape_tells_nothing(event) -> None:
    assert occasion({}, event, "") == Occasion()
