"""sync-window-invalid."""

from typing import Any

import pytest

from tests.rules.projects import said

RULE = "sync-window-invalid"
DENY = {"kind": "deny", "schedule": "0 22 * * *", "duration": "1h", "applications": ["*"]}
ALLOW = DENY | {"kind": "allow"}


@pytest.mark.parametrize(
    ("window", "field", "words"),
    [
        (DENY | {"schedule": "0 22 * *"}, "/schedule", "it has 4 fields, and needs 5"),
        (DENY | {"schedule": "@daily"}, "/schedule", "descriptors"),
        (DENY | {"schedule": "0 22 * * 7"}, "/schedule", "outside of 0 to 6"),
        (DENY | {"schedule": "0 24 * * *"}, "/schedule", "blocks every sync that the window applies to, manual ones too"),
        (DENY | {"schedule": "5-1 * * * *"}, "/schedule", "ends before it begins"),
        (DENY | {"duration": "1d"}, "/duration", "no days"),
        (DENY | {"duration": ""}, "/duration", "it is empty"),
        (DENY | {"kind": "Deny"}, "/kind", "Argo CD looks over the window"),
        (DENY | {"applications": []}, "", "applies to nothing"),
        (DENY | {"timeZone": "Berlin"}, "/timeZone", "Argo CD takes UTC"),
        (DENY | {"duration": "0"}, "/duration", "never opens, it blocks nothing"),
        (ALLOW | {"duration": "-1h"}, "/duration", "are never synced"),
        (DENY | {"schedule": "0 0 31 2,4 *"}, "/schedule", "blocks every sync of the AppProject"),
        (DENY | {"schedule": "0 0 31 2 *", "applications": ["web"]}, "/schedule", "blocks every sync that it applies to"),
        (ALLOW | {"schedule": "0 0 30 2 *"}, "/schedule", "restricts nothing"),
        (DENY | {"duration": "24h"}, "/duration", "blocks every sync of the AppProject, always"),
        (DENY | {"schedule": "0 0 * * 1-5", "duration": "72h", "manualSync": True}, "/duration", "every automatic sync"),
    ],
)
def test_a_window_that_does_not_do_what_it_says(repository, window: dict[str, Any], field: str, words: str) -> None:
    ((level, pointer, message),) = said(repository, RULE, syncWindows=[window])
    assert (level, pointer) == ("error", f"/spec/syncWindows/0{field}")
    assert words in message


@pytest.mark.parametrize(
    "window",
    [
        DENY,
        DENY | {"duration": "23h59m"},
        DENY | {"schedule": "0 0 * * 1-5", "duration": "71h"},
        DENY | {"schedule": "0 0 29 2 *"},
        DENY | {"schedule": "TZ=Europe/Berlin 0 0 * * *"},
        ALLOW | {"timeZone": "Europe/Berlin", "duration": "24h"},
    ],
)
def test_a_window_that_opens_and_closes_is_fine(repository, window: dict[str, Any]) -> None:
    assert said(repository, RULE, syncWindows=[window]) == []


def test_an_allow_window_inside_deny_windows_never_allows(repository) -> None:
    night = DENY | {"schedule": "0 20 * * *", "duration": "3h"}
    late = DENY | {"schedule": "0 23 * * *", "duration": "3h"}
    ((_, pointer, message),) = said(repository, RULE, syncWindows=[ALLOW | {"duration": "2h"}, night, late])
    assert pointer == "/spec/syncWindows/0"
    assert "never allows a sync" in message
    assert said(repository, RULE, syncWindows=[ALLOW | {"duration": "5h"}, night, late]) == []
    assert said(repository, RULE, syncWindows=[ALLOW, night | {"applications": ["other"]}]) == []


def test_the_same_window_twice_is_a_warning(repository) -> None:
    ((level, pointer, _),) = said(repository, RULE, syncWindows=[DENY, DENY | {"description": "again", "manualSync": True}])
    assert (level, pointer) == ("warning", "/spec/syncWindows/1")
